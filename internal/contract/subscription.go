package contract

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Pages of Pub/Sub.
const (
	pubsubAcks       = "https://cloud.google.com/pubsub/docs/subscription-overview#ack_deadline"
	pubsubDelivery   = "https://cloud.google.com/pubsub/docs/subscription-overview#default_properties"
	pubsubLeases     = "https://cloud.google.com/pubsub/docs/lease-management"
	pubsubRPC        = "https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1"
	pubsubDeadLetter = "https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic"
)

// Delivery is one delivery of a message, by a push request or a pull.
type Delivery struct {
	Data, ID string
	Attempt  int                         // 1 for the first
	Ack      func() error                // a push answered by 2xx
	Nack     func() error                // by 5xx
	Extend   func(d time.Duration) error // nil: a push request has the time that it has
}

// Subscription is a Pub/Sub subscription with a dead-letter topic.
type Subscription struct {
	Publish func(t *testing.T, data string)
	// Take returns the deliveries that are due now, and does not wait for others.
	Take     func(t *testing.T) []Delivery
	Advance  func(d time.Duration)       // the service's clock
	Deadline time.Duration               // for acknowledging
	Pause    time.Duration               // enough for a message to come again after it was refused
	Dead     func(t *testing.T) []string // what came to the dead-letter topic, taken from there
	Attempts int                         // after which a message goes there
}

// TestSubscription tests the subscription that open returns, each case as within runs it.
func TestSubscription(t *testing.T, within func(t *testing.T, test func(t *testing.T)), open func(t *testing.T) *Subscription) {
	var cases []clause[*Subscription]
	for _, c := range []clause[*Subscription]{
		{"an acknowledged message does not come again", pubsubAcks, acknowledgedStaysAway},
		{"a refused message comes again", pubsubRPC + "#modifyackdeadlinerequest", refusedComesAgain},
		{"a message that nobody answers comes again", pubsubAcks, unansweredComesAgain},
		{"a message comes to a second while the first still works", pubsubDelivery, comesToTwo},
		{"a deadline that is put off counts from then", pubsubLeases, extended},
		{"an acknowledgement is said twice, or late, without an error", pubsubRPC + "#acknowledgerequest", acknowledgedTwice},
		{"messages come beside one another", pubsubDelivery, concurrent},
		{"one that is refused holds up no other", pubsubDelivery, refusedHoldsUpNone},
		{"deliveries are counted", pubsubRPC + "#receivedmessage", deliveriesCounted},
		{"a message that is never acknowledged is parked", pubsubDeadLetter, parked},
	} {
		test := c.run
		c.run = func(t *testing.T, _ *Subscription) { within(t, func(t *testing.T) { test(t, open(t)) }) }
		cases = append(cases, c)
	}
	run(t, func(*testing.T) *Subscription { return nil }, cases)
}

func (s *Subscription) one(t *testing.T) Delivery {
	t.Helper()
	got := s.Take(t)
	if len(got) != 1 {
		t.Fatalf("%d messages came, want one", len(got))
	}
	return got[0]
}

func (s *Subscription) none(t *testing.T) {
	t.Helper()
	if got := s.Take(t); len(got) > 0 {
		t.Errorf("%q came, attempt %d; want none", got[0].Data, got[0].Attempt)
	}
}

func acknowledgedStaysAway(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	m := s.one(t)
	if m.Data != "m" {
		t.Errorf("data %q", m.Data)
	}
	mustDo(t, "acknowledge", m.Ack())
	s.Advance(s.Deadline + s.Pause)
	s.none(t)
}

func refusedComesAgain(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	first := s.one(t)
	mustDo(t, "refuse", first.Nack())
	s.Advance(s.Pause)
	again := s.one(t)
	if again.Data != first.Data || again.ID != first.ID {
		t.Errorf("%+v came again as %+v", first, again)
	}
	mustDo(t, "acknowledge", again.Ack())
	s.Advance(s.Deadline + s.Pause)
	s.none(t)
}

func unansweredComesAgain(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	first := s.one(t)
	s.Advance(s.Deadline - time.Second)
	s.none(t)
	s.Advance(s.Pause + 2*time.Second)
	if again := s.one(t); again.ID != first.ID {
		t.Errorf("message %s came again as %s", first.ID, again.ID)
	}
}

// The first may acknowledge it late: that may be too late, and is no error.
func comesToTwo(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	slow := s.one(t)
	s.Advance(s.Deadline + s.Pause)
	quick := s.one(t)
	if slow.ID != quick.ID {
		t.Errorf("messages %s and %s", slow.ID, quick.ID)
	}
	mustDo(t, "acknowledge", quick.Ack())
	_ = slow.Ack()
	s.Advance(s.Deadline + s.Pause)
	s.none(t)
}

func extended(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	m := s.one(t)
	if m.Extend == nil {
		mustDo(t, "acknowledge", m.Ack())
		return
	}
	for range 3 {
		s.Advance(s.Deadline - 2*time.Second)
		mustDo(t, "extend", m.Extend(s.Deadline))
	}
	s.none(t)
	s.Advance(s.Deadline + s.Pause)
	s.one(t)
}

func acknowledgedTwice(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	m := s.one(t)
	mustDo(t, "acknowledge", m.Ack())
	mustDo(t, "acknowledge again", m.Ack())
	s.Advance(s.Deadline + s.Pause)
	mustDo(t, "acknowledge late", m.Ack())
	s.none(t)
}

func concurrent(t *testing.T, s *Subscription) {
	var want, got []string
	for i := range 20 {
		want = append(want, fmt.Sprint("m", i))
		s.Publish(t, want[i])
	}
	for _, m := range s.Take(t) {
		got = append(got, m.Data)
	}
	slices.Sort(want)
	slices.Sort(got) // in any order
	if !slices.Equal(got, want) {
		t.Errorf("%q came at a time, want %q", got, want)
	}
}

func refusedHoldsUpNone(t *testing.T, s *Subscription) {
	s.Publish(t, "bad")
	mustDo(t, "refuse", s.one(t).Nack())
	s.Publish(t, "good")
	var good []Delivery
	for _, m := range s.Take(t) {
		if m.Data == "good" {
			good = append(good, m)
		}
	}
	if len(good) != 1 {
		t.Fatalf("the other message came %d times", len(good))
	}
	mustDo(t, "acknowledge", good[0].Ack())
}

func deliveriesCounted(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	for want := 1; want < s.Attempts; want++ {
		m := s.one(t)
		if m.Attempt != want {
			t.Errorf("attempt %d, want %d", m.Attempt, want)
		}
		if want%2 == 0 {
			mustDo(t, "refuse", m.Nack())
			s.Advance(s.Pause)
		} else {
			s.Advance(s.Deadline + s.Pause)
		}
	}
}

func parked(t *testing.T, s *Subscription) {
	s.Publish(t, "m")
	for range s.Attempts {
		mustDo(t, "refuse", s.one(t).Nack())
		s.Advance(s.Pause)
	}
	s.none(t)
	if got := s.Dead(t); !slices.Equal(got, []string{"m"}) {
		t.Errorf("the dead-letter topic got %q, want the message", got)
	}
	s.Advance(s.Deadline + s.Pause)
	s.none(t)
}
