package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are a queue's attributes, parsed.
type settings struct {
	delay      time.Duration
	retention  time.Duration
	visibility time.Duration
	wait       time.Duration
	maxSize    int // bytes of a message
	redrive    *redrivePolicy
}

// redrivePolicy says when a message becomes a dead letter.
type redrivePolicy struct {
	target      string // ARN of the dead-letter queue
	maxReceives int
}

// numbers are the attributes that hold a number: their range and default, and where they go.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (s *settings) numbers() map[string]number {
	seconds := func(d *time.Duration) func(int) {
		return func(n int) { *d = time.Duration(n) * time.Second }
	}
	return map[string]number{
		"DelaySeconds":                  {0, 900, 0, seconds(&s.delay)},
		"MaximumMessageSize":            {1024, maxMessage, maxMessage, func(n int) { s.maxSize = n }},
		"MessageRetentionPeriod":        {60, 1209600, 345600, seconds(&s.retention)},
		"ReceiveMessageWaitTimeSeconds": {0, 20, 0, seconds(&s.wait)},
		"VisibilityTimeout":             {0, maxVisibility, 30, seconds(&s.visibility)},
	}
}

type number struct {
	min, max, standard int
	set                func(int)
}

// kept are the attributes that are stored and shown, but mean nothing here.
func kept(name string) bool {
	return slices.Contains([]string{"Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}, name)
}

const redriveAttr = "RedrivePolicy"

// parseSettings checks a queue's attributes; what is missing has its documented default.
func parseSettings(attrs map[string]string) (settings, error) {
	var set settings
	numbers := set.numbers()
	for _, n := range numbers {
		n.set(n.standard)
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		value := attrs[name]
		n, isNumber := numbers[name]
		switch {
		case isNumber:
			v, err := strconv.Atoi(value)
			if err != nil || v < n.min || v > n.max {
				return settings{}, invalidAttribute(name, value, fmt.Sprintf("Must be a number from %d to %d.", n.min, n.max))
			}
			n.set(v)
		case name == redriveAttr:
			policy, err := parseRedrive(value)
			if err != nil {
				return settings{}, err
			}
			set.redrive = policy
		case !kept(name):
			return settings{}, fault("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return set, nil
}

func invalidAttribute(name, value, reason string) error {
	return fault("InvalidAttributeValue", "Value %s for attribute %s is invalid. Reason: %s", value, name, reason)
}

// parseRedrive reads a redrive policy. maxReceiveCount is a number, but many write it as a string.
func parseRedrive(value string) (*redrivePolicy, error) {
	var raw struct {
		DeadLetterTargetArn string
		MaxReceiveCount     any
	}
	if err := json.Unmarshal([]byte(value), &raw); err != nil {
		return nil, invalidAttribute(redriveAttr, value, "Redrive policy is not a valid JSON map.")
	}
	n, err := strconv.Atoi(fmt.Sprint(raw.MaxReceiveCount))
	if err != nil || n < 1 || n > 1000 {
		return nil, invalidAttribute(redriveAttr, value, "Redrive policy must contain a maxReceiveCount from 1 to 1000.")
	}
	if raw.DeadLetterTargetArn == "" {
		return nil, invalidAttribute(redriveAttr, value, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	return &redrivePolicy{target: raw.DeadLetterTargetArn, maxReceives: n}, nil
}

// checkAttributes checks attrs, and that the queue for dead letters is there.
func (s *Server) checkAttributes(attrs map[string]string) error {
	set, err := parseSettings(attrs)
	if err != nil {
		return err
	}
	if set.redrive != nil {
		if _, err := s.queueByARN(set.redrive.target); err != nil {
			return invalidAttribute(redriveAttr, attrs[redriveAttr], "Dead letter target does not exist.")
		}
	}
	return nil
}

type getQueueAttributesInput struct {
	QueueUrl       string
	AttributeNames []string
}

type queueAttributes struct {
	Attributes map[string]string `json:",omitempty"`
}

func (s *Server) getQueueAttributes(_ *call, in *getQueueAttributesInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := s.shown(q)
	if slices.Contains(in.AttributeNames, "All") {
		return queueAttributes{all}, nil
	}
	asked := map[string]string{}
	for _, name := range in.AttributeNames {
		value, ok := all[name]
		if !ok && name != redriveAttr && !kept(name) {
			return nil, fault("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		if ok {
			asked[name] = value
		}
	}
	return queueAttributes{asked}, nil
}

// shown returns every attribute of q that has a value.
func (s *Server) shown(q *queue) map[string]string {
	q.settle(s.opts.Now())
	all := map[string]string{}
	for name, n := range new(settings).numbers() {
		all[name] = strconv.Itoa(n.standard)
	}
	maps.Copy(all, q.attrs)
	all["QueueArn"] = s.arn(q.name)
	all["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(len(q.ready))
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(len(q.delayed))
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(len(q.inflight))
	return all
}

type setQueueAttributesInput struct {
	QueueUrl   string
	Attributes map[string]string
}

// setQueueAttributes changes the attributes given. An empty value removes one, as the way to end a
// redrive policy.
func (s *Server) setQueueAttributes(c *call, in *setQueueAttributesInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	attrs := map[string]string{}
	maps.Copy(attrs, q.attrs)
	for name, value := range in.Attributes {
		if strings.TrimSpace(value) == "" && (name == redriveAttr || kept(name)) {
			delete(attrs, name)
			continue
		}
		attrs[name] = value
	}
	if err := s.checkAttributes(attrs); err != nil {
		return nil, err
	}
	return struct{}{}, s.commit(c, change{Op: opSet, Queue: q.name, Attrs: attrs, At: s.opts.Now()})
}
