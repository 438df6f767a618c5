package sqs

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queueName is the form of a standard queue's name.
var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
}

type queueURL struct{ QueueUrl string }

// createQueue makes a queue, or finds one whose attributes agree with those given.
func (s *Server) createQueue(c *call, in *createQueueInput) (any, error) {
	if !queueName.MatchString(in.QueueName) {
		return nil, invalid("QueueName", in.QueueName, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length. FIFO queues are not part of the local SQS.")
	}
	if err := s.checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	out := queueURL{s.url(c, in.QueueName)}
	if q := s.queues[in.QueueName]; q != nil {
		shown := s.shown(q)
		for name, value := range in.Attributes {
			if shown[name] != value {
				return nil, fault("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s.", name)
			}
		}
		return out, nil
	}
	now := s.opts.Now()
	if now.Sub(s.gone[in.QueueName]) < time.Minute {
		return nil, fault("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	return out, s.commit(c, change{Op: opCreate, Queue: in.QueueName, Attrs: in.Attributes, At: now})
}

type getQueueURLInput struct {
	QueueName              string
	QueueOwnerAWSAccountId string
}

func (s *Server) getQueueURL(c *call, in *getQueueURLInput) (any, error) {
	other := in.QueueOwnerAWSAccountId != "" && in.QueueOwnerAWSAccountId != s.opts.AccountID
	if s.queues[in.QueueName] == nil || other {
		return nil, noSuchQueue()
	}
	return queueURL{s.url(c, in.QueueName)}, nil
}

type listQueuesInput struct {
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
}

type listQueuesOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

func (s *Server) listQueues(c *call, in *listQueuesInput) (any, error) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			names = append(names, name)
		}
	}
	urls, next, err := s.page(c, names, in.MaxResults, in.NextToken)
	return listQueuesOutput{urls, next}, err
}

// page returns the URLs of one page of sorted names, and the token of the next page: the last name
// of this one. Without a maximum "the response includes a maximum of 1,000 results".
func (s *Server) page(c *call, names []string, maximum *int, token string) (urls []string, next string, err error) {
	size := 1000
	if maximum != nil {
		size = *maximum
	}
	if size < 1 || size > 1000 {
		return nil, "", invalid("MaxResults", strconv.Itoa(size), "Must be an integer from 1 to 1000.")
	}
	for _, name := range names {
		if token != "" && name <= token {
			continue
		}
		if len(urls) == size {
			if maximum != nil {
				next = urls[size-1][strings.LastIndexByte(urls[size-1], '/')+1:]
			}
			break
		}
		urls = append(urls, s.url(c, name))
	}
	return urls, next, nil
}

type queueInput struct{ QueueUrl string }

func (s *Server) deleteQueue(c *call, in *queueInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.commit(c, change{Op: opDrop, Queue: q.name, At: s.opts.Now()})
}

func (s *Server) purgeQueue(c *call, in *queueInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := s.opts.Now()
	if now.Sub(q.purged) < time.Minute {
		return nil, fault("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged = now
	return struct{}{}, s.commit(c, change{Op: opPurge, Queue: q.name})
}
