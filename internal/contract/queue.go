package contract

import (
	"context"
	"slices"
	"testing"
	"time"
)

const (
	sqsVisibility = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"
	sqsReceipts   = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html"
	sqsDeletes    = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html"
	sqsDeadLetter = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
)

// Message is one delivery of a queue's message.
type Message struct{ Body, Receipt string }

// Queue is an SQS queue with a dead-letter queue after MaxReceives, as forward.Queue says.
type Queue struct {
	Send func(t *testing.T, body string)
	// Take receives what is visible, at most most, and does not wait.
	Take    func(t *testing.T, most int, visibility time.Duration) []Message
	Delete  func(ctx context.Context, receipt string) error
	Hide    func(ctx context.Context, receipt string, visibility time.Duration) error
	Advance func(d time.Duration)       // the queue's clock
	Dead    func(t *testing.T) []string // bodies in the dead-letter queue; nil if the service has none
	// MaxReceives is how often a message is received before it is moved.
	MaxReceives int
}

// TestQueue tests the queue that open returns.
func TestQueue(t *testing.T, open func(t *testing.T) *Queue) {
	run(t, open, []clause[*Queue]{
		{"a received message is hidden for so long", sqsVisibility, hidden},
		{"a hidden message is hidden from now on", sqsVisibility, hiddenAgain},
		{"a message given back comes at once", sqsVisibility, givenBack},
		{"no message is hidden for more than twelve hours", sqsVisibility, twelveHours},
		{"a deleted message does not come again", sqsDeletes, deleted},
		{"a message is deleted twice without an error", sqsDeletes, deletedTwice},
		{"the receipt of an earlier delivery is worth nothing", sqsReceipts, staleReceipt},
		{"a message that is never deleted is moved", sqsDeadLetter, deadLetter},
	})
}

func (q *Queue) one(t *testing.T, visibility time.Duration) Message {
	t.Helper()
	got := q.Take(t, 10, visibility)
	if len(got) != 1 {
		t.Fatalf("received %d messages, want one", len(got))
	}
	return got[0]
}

func (q *Queue) none(t *testing.T) {
	t.Helper()
	if got := q.Take(t, 10, time.Minute); len(got) > 0 {
		t.Errorf("received %v, want none", got)
	}
}

func hidden(t *testing.T, q *Queue) {
	q.Send(t, "m")
	q.one(t, time.Minute)
	q.Advance(59 * time.Second)
	q.none(t)
	q.Advance(2 * time.Second)
	q.one(t, time.Minute)
}

func hiddenAgain(t *testing.T, q *Queue) {
	q.Send(t, "m")
	m := q.one(t, time.Minute)
	for range 5 {
		q.Advance(50 * time.Second)
		mustDo(t, "Hide", q.Hide(t.Context(), m.Receipt, time.Minute))
	}
	q.Advance(50 * time.Second)
	q.none(t)
	q.Advance(11 * time.Second)
	q.one(t, time.Minute)
}

func givenBack(t *testing.T, q *Queue) {
	q.Send(t, "m")
	mustDo(t, "Hide", q.Hide(t.Context(), q.one(t, time.Minute).Receipt, 0))
	q.one(t, time.Minute)
}

func twelveHours(t *testing.T, q *Queue) {
	q.Send(t, "m")
	m := q.one(t, 12*time.Hour)
	q.Advance(11 * time.Hour)
	if err := q.Hide(t.Context(), m.Receipt, 2*time.Hour); err == nil {
		t.Error("hidden for more than twelve hours")
	}
	q.Advance(time.Hour + time.Second)
	q.one(t, time.Minute)
}

func deleted(t *testing.T, q *Queue) {
	q.Send(t, "one")
	q.Send(t, "two")
	got := q.Take(t, 10, time.Minute)
	if len(got) != 2 {
		t.Fatalf("received %d messages, want two", len(got))
	}
	mustDo(t, "Delete", q.Delete(t.Context(), got[0].Receipt))
	q.Advance(time.Hour)
	if left := q.one(t, time.Minute); left.Body != got[1].Body {
		t.Errorf("%q came again, want %q", left.Body, got[1].Body)
	}
}

func deletedTwice(t *testing.T, q *Queue) {
	q.Send(t, "m")
	m := q.one(t, time.Minute)
	for range 2 {
		mustDo(t, "Delete", q.Delete(t.Context(), m.Receipt))
	}
	if err := q.Hide(t.Context(), m.Receipt, time.Minute); err == nil {
		t.Error("a deleted message was hidden")
	}
}

// SQS may or may not delete by it, and says that it did.
func staleReceipt(t *testing.T, q *Queue) {
	q.Send(t, "m")
	old := q.one(t, time.Minute)
	q.Advance(time.Hour)
	now := q.one(t, time.Minute)
	if old.Receipt == now.Receipt {
		t.Error("two deliveries share a receipt")
	}
	mustDo(t, "Delete by the old receipt", q.Delete(t.Context(), old.Receipt))
	mustDo(t, "Hide by the new one", q.Hide(t.Context(), now.Receipt, 0))
	q.one(t, time.Minute)
}

func deadLetter(t *testing.T, q *Queue) {
	if q.Dead == nil {
		return
	}
	q.Send(t, "m")
	for range q.MaxReceives {
		q.one(t, time.Minute)
		q.Advance(time.Hour)
	}
	q.none(t)
	if got := q.Dead(t); !slices.Equal(got, []string{"m"}) {
		t.Errorf("the dead-letter queue holds %q, want the message", got)
	}
}
