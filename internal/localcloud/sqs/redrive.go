package sqs

import (
	"maps"
	"slices"
	"time"
)

type listDeadLetterSourcesInput struct {
	QueueUrl   string
	MaxResults *int
	NextToken  string
}

type listDeadLetterSourcesOutput struct {
	QueueUrls []string `json:"queueUrls"`
	NextToken string   `json:",omitempty"`
}

// listDeadLetterSources names the queues whose dead letters go to the queue given.
func (s *Server) listDeadLetterSources(c *call, in *listDeadLetterSourcesInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	urls, next, err := s.page(c, s.sourcesOf(q), in.MaxResults, in.NextToken)
	if urls == nil {
		urls = []string{}
	}
	return listDeadLetterSourcesOutput{urls, next}, err
}

// sourcesOf returns the sorted names of the queues whose dead letters go to q.
func (s *Server) sourcesOf(q *queue) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if r := s.queues[name].settings.redrive; r != nil && r.target == s.arn(q.name) {
			names = append(names, name)
		}
	}
	return names
}

// moveTask is one message movement task. Here it is over before its start is acknowledged.
type moveTask struct {
	Status                            string
	SourceArn                         string
	DestinationArn                    string `json:",omitempty"`
	MaxNumberOfMessagesPerSecond      *int   `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int64
	ApproximateNumberOfMessagesToMove int64
	StartedTimestamp                  int64 // milliseconds since the epoch
}

type startMoveTaskInput struct {
	SourceArn                    string
	DestinationArn               string
	MaxNumberOfMessagesPerSecond *int
}

type startMoveTaskOutput struct{ TaskHandle string }

// startMoveTask moves the visible messages of a dead-letter queue to the queues they came from, or
// to the one given. It moves them at once: a rate is checked, but not kept to. Tasks are forgotten
// at a restart, moves are not.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
func (s *Server) startMoveTask(c *call, in *startMoveTaskInput) (any, error) {
	from, err := s.queueByARN(in.SourceArn)
	if err != nil {
		return nil, fault("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	if len(s.sourcesOf(from)) == 0 {
		return nil, invalid("SourceArn", in.SourceArn, "Source queue must be configured as a Dead Letter Queue.")
	}
	if _, err := within("MaxNumberOfMessagesPerSecond", in.MaxNumberOfMessagesPerSecond, 1, 500, 1); err != nil {
		return nil, err
	}
	if in.DestinationArn != "" {
		if _, err := s.queueByARN(in.DestinationArn); err != nil {
			return nil, fault("ResourceNotFoundException", "The resource that you specified for the DestinationArn parameter doesn't exist.")
		}
	}
	task := &moveTask{
		Status: "COMPLETED", SourceArn: in.SourceArn, DestinationArn: in.DestinationArn,
		MaxNumberOfMessagesPerSecond: in.MaxNumberOfMessagesPerSecond, StartedTimestamp: s.opts.Now().UnixMilli(),
	}
	if err := s.move(c, from, task); err != nil {
		return nil, err
	}
	s.tasks = append(s.tasks, task)
	return startMoveTaskOutput{newID()}, nil
}

// move empties what is visible of from, oldest first. A letter whose source is unknown or gone
// stays where it is.
func (s *Server) move(c *call, from *queue, task *moveTask) error {
	now := s.opts.Now()
	from.settle(now)
	task.ApproximateNumberOfMessagesToMove = int64(len(from.ready))
	for _, m := range slices.SortedFunc(slices.Values(from.ready), byAge) {
		arn := task.DestinationArn
		if arn == "" {
			arn = m.Source
		}
		to, err := s.queueByARN(arn)
		if err != nil {
			continue
		}
		ch := change{Op: opMessages, Queue: from.name, Remove: []string{m.ID}, To: to.name, Messages: []*message{redriven(m, now)}}
		if err := s.commit(c, ch); err != nil {
			return err
		}
		task.ApproximateNumberOfMessagesMoved++
	}
	return nil
}

// redriven returns m as a new message: "redriven messages are considered new messages with a new
// messageID and enqueueTime".
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func redriven(m *message, now time.Time) *message {
	return &message{ID: newID(), Body: m.Body, Attrs: m.Attrs, Trace: m.Trace, Sent: now, Visible: now}
}

type listMoveTasksInput struct {
	SourceArn  string
	MaxResults *int
}

type listMoveTasksOutput struct{ Results []*moveTask }

// listMoveTasks returns the latest tasks of a dead-letter queue, the newest first: one, unless more
// are asked for, at most ten.
func (s *Server) listMoveTasks(_ *call, in *listMoveTasksInput) (any, error) {
	if _, err := s.queueByARN(in.SourceArn); err != nil {
		return nil, fault("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	most, err := within("MaxResults", in.MaxResults, 1, 10, 1)
	if err != nil {
		return nil, err
	}
	out := listMoveTasksOutput{Results: []*moveTask{}}
	for _, task := range slices.Backward(s.tasks) {
		if task.SourceArn == in.SourceArn && len(out.Results) < most {
			out.Results = append(out.Results, task)
		}
	}
	return out, nil
}
