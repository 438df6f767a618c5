package forward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/object"
)

// queue is SQS with its visibility clock. It is used within a synctest bubble, whose clock it reads.
type queue struct {
	mu       sync.Mutex
	messages []*queued
	deleted  []string
	hides    []string
	failHide int           // this many of the first fail; less than 0: all
	failNext int           // so many receives fail first
	ahead    time.Duration // of the clock
}

type queued struct {
	Message
	visibleAt time.Time
	receipt   string // of the last delivery
	receives  int
	gone      bool
}

func (q *queue) now() time.Time { return time.Now().Add(q.ahead) }

func (q *queue) send(id, body string) {
	q.messages = append(q.messages, &queued{Message: Message{ID: id, Body: []byte(body)}})
}

func (q *queue) Receive(ctx context.Context, most int, visibility time.Duration) ([]Message, error) {
	if q.failNext > 0 {
		q.failNext--
		return nil, errors.New("503")
	}
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if got := q.take(most, visibility); len(got) > 0 {
			return got, nil
		}
		if !pause(ctx, time.Second) {
			return nil, ctx.Err()
		}
	}
	return nil, nil
}

func (q *queue) take(most int, visibility time.Duration) (got []Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		if !m.gone && !m.visibleAt.After(q.now()) && len(got) < most {
			m.visibleAt = q.now().Add(visibility)
			m.receives++
			m.Received, m.Receipt = q.now(), fmt.Sprintf("%s-%d", m.ID, m.receives)
			m.receipt = m.Receipt
			got = append(got, m.Message)
		}
	}
	return got
}

func (q *queue) find(id string) *queued {
	for _, m := range q.messages {
		if m.ID == id {
			return m
		}
	}
	return nil
}

func (q *queue) Delete(_ context.Context, m Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if held := q.find(m.ID); held.receipt == m.Receipt && !held.gone {
		held.gone = true
		q.deleted = append(q.deleted, m.ID)
	}
	return nil
}

func (q *queue) Hide(_ context.Context, m Message, visibility time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hides = append(q.hides, fmt.Sprintf("%s %s", m.ID, visibility))
	if q.failHide < 0 || len(q.hides) <= q.failHide {
		return errors.New("the receipt handle has expired")
	}
	held := q.find(m.ID)
	at := q.now().Add(visibility)
	if held.gone || at.After(held.Received.Add(12*time.Hour)) {
		return errors.New("InvalidParameterValue")
	}
	held.visibleAt = at
	return nil
}

func event(keys ...string) string {
	body := `{"Records":[`
	for i, k := range keys {
		if i > 0 {
			body += ","
		}
		body += fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"src"},"object":{"key":%q,"size":3,"eTag":"e","sequencer":"01"}}}`, k)
	}
	return body + "]}"
}

// What no source matches is done, counted and noted, but has no line each in the log.
func TestLoopUnmatched(t *testing.T) {
	var said bytes.Buffer
	var noted []string
	q := &queue{}
	q.send("m", event("a/1", "a/2", "good"))
	synctest.Test(t, func(t *testing.T) {
		l := &Loop{
			Queue: q, Log: slog.New(slog.NewTextHandler(&said, nil)), Workers: 1, Bytes: budget, Visibility: 2 * time.Minute, Drain: 10 * time.Second,
			Forward: func(_ context.Context, e object.Event, _ time.Time) (Outcome, error) {
				if e.Key == "good" {
					return Forwarded, nil
				}
				return Unmatched, nil
			},
			Unmatched: func(_ context.Context, s object.Source) { noted = append(noted, s.String()) },
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := l.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if got := fmt.Sprint(q.deleted, noted); got != "[m] [s3://src/a/1 s3://src/a/2]" {
		t.Errorf("deleted and noted: %s", got)
	}
	if log := said.String(); strings.Contains(log, "s3://src/a/") || !strings.Contains(log, "forwarded=1 unmatched=2") {
		t.Errorf("the log has a line for each file, or no counts:\n%s", log)
	}
}

// budget is the memory that the copies at a time may take: that of four small ones, or of one large.
const budget = 5 << 20

// run runs a loop over q in a bubble for so long, then stops it and waits for its end.
func run(t *testing.T, q *queue, d time.Duration, forward func(ctx context.Context, e object.Event) error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &Loop{
			Queue: q, Log: slog.New(slog.DiscardHandler), Workers: 4, Bytes: budget, Visibility: 2 * time.Minute, Drain: 10 * time.Second,
			Forward: func(ctx context.Context, e object.Event, _ time.Time) (Outcome, error) {
				if err := forward(ctx, e); err != nil {
					return "", err
				}
				return Forwarded, nil
			},
		}
		ctx, stop := context.WithTimeout(t.Context(), d)
		defer stop()
		if err := l.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestLoopDeletesWhatIsDone(t *testing.T) {
	q := &queue{}
	q.send("one", event("a+b%2Bc.log"))
	q.send("many", event("x", "y", "z"))
	q.send("test", `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"src","RequestId":"r","HostId":"h"}`)
	seen := map[string]int{}
	run(t, q, 10*time.Second, func(_ context.Context, e object.Event) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		seen[e.Key]++
		return nil
	})
	for _, key := range []string{"a b+c.log", "x", "y", "z"} {
		if seen[key] != 1 {
			t.Errorf("%q was forwarded %d times; all: %v", key, seen[key], seen)
		}
	}
	if len(q.deleted) != 3 {
		t.Errorf("deleted %v, want all three", q.deleted)
	}
}

// A message stays until all of it is done, and comes again after its visibility timeout.
func TestLoopAllOrNothing(t *testing.T) {
	q := &queue{}
	q.send("m", event("good", "bad"))
	tries := map[string]int{}
	run(t, q, 5*time.Minute, func(_ context.Context, e object.Event) error {
		if tries[e.Key]++; e.Key == "bad" && tries["bad"] == 1 {
			return errors.New("down")
		}
		return nil
	})
	if tries["bad"] != 2 || tries["good"] != 2 || len(q.deleted) != 1 {
		t.Errorf("tries %v, deleted %v; want two tries of both and one delete", tries, q.deleted)
	}
}

// What cannot be understood is never deleted: the queue's redrive policy parks it.
func TestLoopNotUnderstood(t *testing.T) {
	for name, body := range map[string]string{
		"text":                 "hello",
		"nothing":              "",
		"JSON cut short":       event("k")[:100],
		"another envelope":     `{"Records":[{"eventSource":"aws:dynamodb"}]}`,
		"a key that is not":    strings.Replace(event("k"), `"key":"k"`, `"key":"%zz"`, 1),
		"a key outside UTF-8":  event("%FF"),
		"one record of two":    strings.Replace(event("good", "bad"), `"eTag":"e","sequencer":"01"}}}]`, `"sequencer":"01"}}}]`, 1),
		"a size that is not":   strings.Replace(event("k"), `"size":3`, `"size":-3`, 1),
		"a later major format": strings.Replace(event("k"), `"eventVersion":"2.1"`, `"eventVersion":"3.0"`, 1),
	} {
		q := &queue{}
		q.send("m", body)
		forwarded := 0
		run(t, q, time.Hour, func(context.Context, object.Event) error { forwarded++; return nil })
		if len(q.deleted) > 0 || q.messages[0].receives < 20 || forwarded > 0 {
			t.Errorf("%s: deleted %v after %d receives, %d forwarded; want none, one every two minutes, none", name, q.deleted, q.messages[0].receives, forwarded)
		}
	}
}

func TestLoopPanicCostsOneMessage(t *testing.T) {
	q := &queue{}
	q.send("bad", event("boom"))
	q.send("good", event("fine"))
	run(t, q, time.Minute, func(_ context.Context, e object.Event) error {
		if e.Key == "boom" {
			panic("boom")
		}
		return nil
	})
	if len(q.deleted) != 1 || q.deleted[0] != "good" {
		t.Errorf("deleted %v, want only the good one", q.deleted)
	}
}

// A long copy keeps its message hidden: nobody else gets it meanwhile.
func TestLoopHeartbeat(t *testing.T) {
	q := &queue{}
	q.send("m", event("long"))
	run(t, q, time.Hour, func(ctx context.Context, _ object.Event) error {
		if !pause(ctx, 30*time.Minute+time.Second) {
			return ctx.Err()
		}
		return nil
	})
	if q.messages[0].receives != 1 || len(q.deleted) != 1 || len(q.hides) != 30 {
		t.Errorf("%d receives, %d heartbeats, deleted %v; want 1, one a minute, deleted", q.messages[0].receives, len(q.hides), q.deleted)
	}
}

// Where the heartbeat fails once, the next one hides the message again: nobody else gets it.
func TestLoopHeartbeatFailsOnce(t *testing.T) {
	q := &queue{failHide: 1}
	q.send("m", event("long"))
	run(t, q, time.Hour, func(ctx context.Context, _ object.Event) error {
		if !pause(ctx, 30*time.Minute+time.Second) {
			return ctx.Err()
		}
		return nil
	})
	if q.messages[0].receives != 1 || len(q.deleted) != 1 {
		t.Errorf("%d receives, deleted %v; want one of each", q.messages[0].receives, q.deleted)
	}
}

// Heartbeats fail, and the copy goes on: whoever gets the message too finds it made, and deletes the
// message by a receipt that is still good.
func TestLoopHeartbeatFails(t *testing.T) {
	q := &queue{failHide: -1}
	q.send("m", event("long"))
	var made atomic.Bool
	run(t, q, time.Hour, func(ctx context.Context, _ object.Event) error {
		if !made.Load() && !pause(ctx, 30*time.Minute+time.Second) {
			return ctx.Err()
		}
		made.Store(true)
		return nil
	})
	if len(q.deleted) != 1 {
		t.Errorf("deleted %v, want the message", q.deleted)
	}
}

// A queue that cannot be reached for an hour is no reason to stop.
func TestLoopReceiveFails(t *testing.T) {
	q := &queue{failNext: 3600}
	q.send("m", event("m"))
	run(t, q, 2*time.Hour, func(context.Context, object.Event) error { return nil })
	if len(q.deleted) != 1 {
		t.Errorf("deleted %v, want the message", q.deleted)
	}
}

// Told to stop, the loop lets short copies finish and gives long ones back at once.
func TestLoopDrain(t *testing.T) {
	q := &queue{}
	q.send("short", event("short"))
	q.send("long", event("long"))
	run(t, q, 5*time.Second, func(ctx context.Context, e object.Event) error {
		d := 8 * time.Second
		if e.Key == "long" {
			d = time.Hour
		}
		if !pause(ctx, d) {
			return ctx.Err()
		}
		return nil
	})
	if len(q.deleted) != 1 || q.deleted[0] != "short" {
		t.Errorf("deleted %v, want the short one", q.deleted)
	}
	if len(q.hides) != 1 || q.hides[0] != "long 0s" {
		t.Errorf("visibility changes %v, want the long one given back", q.hides)
	}
}

func TestLoopBudget(t *testing.T) {
	q := &queue{}
	for i := range 20 {
		q.send(fmt.Sprint(i), event(fmt.Sprint("k", i)))
	}
	var under, most atomic.Int64
	run(t, q, time.Hour, func(ctx context.Context, _ object.Event) error {
		most.Store(max(most.Load(), under.Add(1)))
		pause(ctx, time.Second)
		under.Add(-1)
		return nil
	})
	if len(q.deleted) != 20 || most.Load() > 4 {
		t.Errorf("%d deleted, %d copies at a time; want 20 and at most 4 workers", len(q.deleted), most.Load())
	}
}

// What copies take at a time is bounded, and an object that takes more than all of it is copied too.
func TestLoopBytes(t *testing.T) {
	q := &queue{}
	sizes := map[string]int64{"small": 100, "half": budget / 4, "other": budget / 4, "large": 1 << 40}
	for key, size := range sizes {
		q.send(key, strings.Replace(event(key), `"size":3`, fmt.Sprintf(`"size":%d`, size), 1))
	}
	var under, most atomic.Int64
	run(t, q, time.Hour, func(ctx context.Context, e object.Event) error {
		memory := min(CopyMemory(e.Size), budget)
		most.Store(max(most.Load(), under.Add(memory)))
		pause(ctx, time.Second)
		under.Add(-memory)
		return nil
	})
	if len(q.deleted) != len(sizes) || most.Load() > budget {
		t.Errorf("%d deleted, %d bytes at a time; want %d and at most %d", len(q.deleted), most.Load(), len(sizes), budget)
	}
}

// A small object is counted with what any copy needs, a large one with the chunks that it takes.
func TestCopyMemory(t *testing.T) {
	for size, want := range map[int64]int64{0: 1 << 20, 1 << 20: 3 << 20, 4 << 20: 9 << 20, 100 << 20: 14 << 20, 1 << 50: 14 << 20} {
		if got := CopyMemory(size); got != want {
			t.Errorf("CopyMemory(%d) = %d, want %d", size, got, want)
		}
	}
}

// Each message is told of when it begins, in whose context all of it is done, and when it has ended, with
// what became of it, once the queue knows.
func TestLoopObserve(t *testing.T) {
	type key struct{}
	q := &queue{}
	q.send("good", event("a", "b"))
	q.send("bad", "nonsense")
	var said []string
	synctest.Test(t, func(t *testing.T) {
		l := &Loop{
			Queue: q, Log: slog.New(slog.DiscardHandler), Workers: 1, Bytes: budget, Visibility: 2 * time.Minute, Drain: 10 * time.Second,
			Forward: func(ctx context.Context, e object.Event, _ time.Time) (Outcome, error) {
				said = append(said, fmt.Sprint(e.Key, " in ", ctx.Value(key{})))
				return Forwarded, nil
			},
			Observe: func(ctx context.Context, m Message) (context.Context, func(error)) {
				said = append(said, "begin "+m.ID)
				return context.WithValue(ctx, key{}, m.ID), func(err error) {
					said = append(said, fmt.Sprint("end ", m.ID, ", error ", err != nil, ", deleted ", q.find(m.ID).gone))
				}
			},
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	want := []string{
		"begin good", "a in good", "b in good", "end good, error false, deleted true",
		"begin bad", "end bad, error true, deleted false",
	}
	if !slices.Equal(said, want) {
		t.Errorf("it says %q, want %q", said, want)
	}
}
