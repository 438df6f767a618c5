package sqs

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxVisibility = 43200   // seconds: 12 hours, "from the time that Amazon SQS receives the ReceiveMessage request"
	maxInFlight   = 120_000 // messages of a standard queue
	maxWait       = 20      // seconds of a long poll
)

type receiveMessageInput struct {
	QueueUrl                    string
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
}

type received struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
}

type receiveMessageOutput struct {
	Messages []received `json:",omitempty"`
}

// within reads an optional parameter of a documented range.
func within(name string, value *int, low, high, standard int) (int, error) {
	if value == nil {
		return standard, nil
	}
	if *value < low || *value > high {
		return 0, invalid(name, *value, "Must be between "+strconv.Itoa(low)+" and "+strconv.Itoa(high)+", if provided.")
	}
	return *value, nil
}

// receiveMessage takes up to ten messages, or waits for the first one.
func (s *Server) receiveMessage(c *call, in *receiveMessageInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most, err := within("MaxNumberOfMessages", in.MaxNumberOfMessages, 1, 10, 1)
	if err != nil {
		return nil, err
	}
	visibility, err := within("VisibilityTimeout", in.VisibilityTimeout, 0, maxVisibility, int(q.settings.visibility/time.Second))
	if err != nil {
		return nil, err
	}
	wait, err := within("WaitTimeSeconds", in.WaitTimeSeconds, 0, maxWait, int(q.settings.wait/time.Second))
	if err != nil {
		return nil, err
	}
	deadline := s.opts.Now().Add(time.Duration(wait) * time.Second)
	for {
		took, err := s.take(c, q, most, time.Duration(visibility)*time.Second)
		if err != nil {
			return nil, err
		}
		if len(took) == 0 && wait == 0 && len(q.inflight) >= maxInFlight {
			return nil, fault("OverLimit", "The maximum number of in flight messages is reached: %d.", maxInFlight)
		}
		left := deadline.Sub(s.opts.Now())
		if len(took) > 0 || left <= 0 {
			return receiveMessageOutput{shownMessages(q, took, in)}, nil
		}
		if !s.pause(c, q, left) {
			return receiveMessageOutput{}, nil
		}
		if s.queues[q.name] != q {
			return nil, noSuchQueue()
		}
	}
}

// pause gives up the lock until a message of q may be ready or the time is over. It returns false
// if nobody waits for the answer any longer.
func (s *Server) pause(c *call, q *queue, left time.Duration) bool {
	if next, ok := q.nextVisible(); ok {
		left = min(left, next.Sub(s.opts.Now()))
	}
	wake := q.wake
	s.mu.Unlock()
	defer s.mu.Lock()
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	case <-c.ctx.Done():
		return false
	case <-s.closing:
		return false
	}
	return true
}

// take puts up to n ready messages in flight. A message that was received maxReceiveCount times
// goes to the dead-letter queue instead: "when the ReceiveCount for a message exceeds the
// maxReceiveCount". None is taken above the limit of messages in flight.
func (s *Server) take(c *call, q *queue, n int, visibility time.Duration) ([]*message, error) {
	now := s.opts.Now()
	q.settle(now)
	var took []*message
	for len(took) < n && len(q.ready) > 0 && len(q.inflight) < maxInFlight {
		m := q.ready[0]
		if dead := s.deadLetters(q); dead != nil && m.Receives >= q.settings.redrive.maxReceives {
			if err := s.bury(c, q, dead, m); err != nil {
				return nil, err
			}
			continue
		}
		q.ready.take(m)
		m.Receives++
		m.received, m.receipt, m.Visible = now, newID(), now.Add(visibility)
		if m.First.IsZero() {
			m.First = now
		}
		q.inflight.put(m)
		if m.index == 0 { // it comes back before all others: the polls have to know
			q.wakeAll()
		}
		took = append(took, m)
	}
	return took, nil
}

// deadLetters returns the dead-letter queue of q, nil if it has none or it is gone.
func (s *Server) deadLetters(q *queue) *queue {
	if q.settings.redrive == nil {
		return nil
	}
	dead, err := s.queueByARN(q.settings.redrive.target)
	if err != nil {
		return nil
	}
	return dead
}

// bury moves m to the dead-letter queue. Its ID, its counts and its age stay: "the expiration of a
// message is always based on its original enqueue timestamp".
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
func (s *Server) bury(c *call, q, dead *queue, m *message) error {
	letter := &message{
		ID: m.ID, Body: m.Body, Attrs: m.Attrs, Trace: m.Trace, Sent: m.Sent,
		Visible: s.opts.Now(), Receives: m.Receives, First: m.First, Source: s.arn(q.name),
	}
	return s.commit(c, change{Op: opMessages, Queue: q.name, Remove: []string{m.ID}, To: dead.name, Messages: []*message{letter}})
}

func shownMessages(q *queue, took []*message, in *receiveMessageInput) []received {
	var out []received
	for _, m := range took {
		attrs := chosen(m.Attrs, in.MessageAttributeNames)
		out = append(out, received{
			MessageId:              m.ID,
			ReceiptHandle:          handle{q.name, m.ID, m.receipt}.String(),
			MD5OfBody:              bodyDigest(m.Body),
			Body:                   m.Body,
			Attributes:             systemAttributes(m, slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)),
			MD5OfMessageAttributes: attributesDigest(attrs),
			MessageAttributes:      attrs,
		})
	}
	return out
}

// chosen returns the attributes asked for: by name, by "prefix.*", or all of them by "All" or ".*".
func chosen(attrs map[string]attribute, names []string) map[string]attribute {
	out := map[string]attribute{}
	for have, a := range attrs {
		for _, want := range names {
			prefix, isPrefix := strings.CutSuffix(want, ".*")
			if want == "All" || want == have || isPrefix && strings.HasPrefix(have, prefix) {
				out[have] = a
			}
		}
	}
	return out
}

// systemAttributes returns those asked for of the attributes that the service keeps of a message.
func systemAttributes(m *message, names []string) map[string]string {
	all := map[string]string{
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"SenderId":                         "AIDALOCAL",
		"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
	}
	if m.Trace != "" {
		all["AWSTraceHeader"] = m.Trace
	}
	if m.Source != "" {
		all["DeadLetterQueueSourceArn"] = m.Source
	}
	if slices.Contains(names, "All") {
		return all
	}
	asked := map[string]string{}
	for _, name := range names {
		if value, ok := all[name]; ok {
			asked[name] = value
		}
	}
	return asked
}
