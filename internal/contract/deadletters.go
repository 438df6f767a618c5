package contract

import (
	"context"
	"maps"
	"testing"
	"time"
)

const (
	sqsRedrive    = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html"
	pubsubPublish = "https://cloud.google.com/pubsub/docs/publisher"
)

// Letter is one delivery of a dead letter.
type Letter struct {
	Body, Receipt string
	Attributes    map[string]string
	Tries         int
}

// DeadLetters is a box of dead letters, as deadletter.Box says. Each letter has failed Tries times.
type DeadLetters struct {
	Bury    func(t *testing.T, body string) // makes a dead letter
	Tries   int
	Take    func(t *testing.T, most int, hold time.Duration) []Letter
	Resend  func(ctx context.Context, l Letter) error
	Remove  func(ctx context.Context, l Letter) error
	Release func(ctx context.Context, l Letter) error
	Arrived func(t *testing.T) []Letter // what has come to where the letters were for
	Advance func(d time.Duration)       // the service's clock; nil if it cannot be moved

	Attributes map[string]string // of each letter; nil where the service has none
}

// TestDeadLetters tests the box that open returns.
func TestDeadLetters(t *testing.T, open func(t *testing.T) *DeadLetters) {
	run(t, open, []clause[*DeadLetters]{
		{"a taken letter is hidden for so long", sqsVisibility + " " + pubsubLeases, takenIsHidden},
		{"a released letter shows at once", sqsVisibility + " " + pubsubLeases, releasedShows},
		{"a removed letter does not come again", sqsDeletes + " " + pubsubLeases, removedIsGone},
		{"a letter is removed twice without an error", sqsDeletes + " " + pubsubLeases, removedTwice},
		{"a copy has the letter's body and attributes, and the letter stays", sqsRedrive + " " + pubsubPublish, copyArrives},
		{"a letter says how often it was delivered", sqsDeadLetter + " " + pubsubLeases, tellsTries},
	})
}

func (d *DeadLetters) one(t *testing.T) Letter {
	t.Helper()
	got := d.Take(t, 10, time.Minute)
	if len(got) != 1 {
		t.Fatalf("took %d letters, want one", len(got))
	}
	return got[0]
}

func (d *DeadLetters) none(t *testing.T) {
	t.Helper()
	if got := d.Take(t, 10, time.Minute); len(got) > 0 {
		t.Errorf("took %v, want none", got)
	}
}

func takenIsHidden(t *testing.T, d *DeadLetters) {
	d.none(t)
	d.Bury(t, "m")
	d.one(t)
	d.none(t)
	if d.Advance != nil {
		d.Advance(time.Minute + time.Second)
		d.one(t)
	}
}

func releasedShows(t *testing.T, d *DeadLetters) {
	d.Bury(t, "m")
	mustDo(t, "Release", d.Release(t.Context(), d.one(t)))
	d.one(t)
}

func removedIsGone(t *testing.T, d *DeadLetters) {
	d.Bury(t, "one")
	d.Bury(t, "two")
	got := append(d.Take(t, 1, time.Minute), d.Take(t, 1, time.Minute)...)
	if len(got) != 2 {
		t.Fatalf("took %v, want two", got)
	}
	mustDo(t, "Remove", d.Remove(t.Context(), got[0]))
	mustDo(t, "Release", d.Release(t.Context(), got[1]))
	if left := d.one(t); left.Body != got[1].Body {
		t.Errorf("%q came again, want %q", left.Body, got[1].Body)
	}
}

func removedTwice(t *testing.T, d *DeadLetters) {
	d.Bury(t, "m")
	m := d.one(t)
	for range 2 {
		mustDo(t, "Remove", d.Remove(t.Context(), m))
	}
	d.none(t)
}

func copyArrives(t *testing.T, d *DeadLetters) {
	d.Bury(t, `{"a":"ü"}`)
	m := d.one(t)
	for range 2 {
		mustDo(t, "Resend", d.Resend(t.Context(), m))
	}
	got := d.Arrived(t)
	if len(got) != 2 {
		t.Fatalf("%d copies have arrived, want two", len(got))
	}
	for _, c := range got {
		if c.Body != `{"a":"ü"}` || !maps.Equal(c.Attributes, d.Attributes) {
			t.Errorf("a copy is %q with %v, want the letter with %v", c.Body, c.Attributes, d.Attributes)
		}
	}
	mustDo(t, "Release", d.Release(t.Context(), m))
	d.one(t)
}

func tellsTries(t *testing.T, d *DeadLetters) {
	d.Bury(t, "m")
	if m := d.one(t); m.Tries != d.Tries {
		t.Errorf("the letter was delivered %d times by its own word, want %d", m.Tries, d.Tries)
	}
}
