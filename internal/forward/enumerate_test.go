package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/object"
)

// fault is what goes wrong with a call.
type fault int

const (
	none   fault = iota
	before       // it fails and has no effect
	after        // it has its effect, and the answer is lost
	twice        // it has its effect, and the client sends it again
	hang         // it has no effect, and no answer before the deadline
	crash        // it has no effect, nor has any later one: the process has died
	died         // it has its effect, and the process dies
	cut          // what is read breaks off
)

var (
	faults     = []fault{before, after, twice, hang, crash, died, cut}
	quick      = []fault{before, after, twice, crash, died, cut} // to hang is to fail, only later
	errDown    = errors.New("injected")
	faultNames = []string{"fine", "fails", "takes effect and fails", "is sent twice", "hangs", "kills", "takes effect and kills", "breaks off"}
)

func (f fault) String() string { return faultNames[f] }

// process is a forwarder's way to the queue, S3 and landing, whose calls go wrong as planned.
type process struct {
	q *queue
	c *clouds

	mu     sync.Mutex
	faults map[string]fault // by call
	counts map[string]int
	calls  []string
	copies map[string]int // finished, by object and version
	dead   bool
	stop   context.CancelFunc // of the process
}

// call notes a call and brings about its effect, or what goes wrong.
func (p *process) call(ctx context.Context, name string, effect func(f fault) error) error {
	p.mu.Lock()
	p.counts[name]++
	key := fmt.Sprintf("%s #%d", name, p.counts[name])
	f := p.faults[key]
	if p.dead {
		p.mu.Unlock()
		return errDown
	}
	p.calls = append(p.calls, key)
	if f == crash || f == died {
		p.dead = true
		p.stop()
	}
	p.mu.Unlock()
	switch f {
	case before, crash:
		return errDown
	case hang:
		<-ctx.Done()
		return ctx.Err()
	}
	err := effect(f)
	if f == twice {
		err = effect(f)
	}
	if err == nil && (f == after || f == died) {
		err = errDown
	}
	return err
}

func (p *process) Receive(ctx context.Context, most int, visibility time.Duration) ([]Message, error) {
	got := p.q.take(most, visibility)
	if len(got) == 0 { // a poll that finds nothing is no call that matters
		pause(ctx, visibility/4)
		return nil, ctx.Err()
	}
	if err := p.call(ctx, "receive", func(fault) error { return nil }); err != nil {
		return nil, err // received, and lost on the way: hidden until the timeout
	}
	return got, nil
}

func (p *process) Delete(ctx context.Context, m Message) error {
	return p.call(ctx, "delete", func(fault) error { return p.q.Delete(ctx, m) })
}

func (p *process) Hide(ctx context.Context, m Message, d time.Duration) error {
	return p.call(ctx, "hide", func(fault) error { return p.q.Hide(ctx, m, d) })
}

func (p *process) Open(ctx context.Context, e object.Event) (body *object.Body, err error) {
	err = p.call(ctx, "s3.get", func(f fault) error {
		if body, err = p.c.Open(ctx, e); err == nil && f == cut {
			body.ReadCloser = io.NopCloser(io.MultiReader(io.LimitReader(body.ReadCloser, 1), broken{}))
		}
		return err
	})
	return body, err
}

func (p *process) Copy(ctx context.Context, bucket, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err // nothing is published: gcsstore's tests
	}
	return p.call(ctx, "gcs.put", func(fault) error {
		err := p.c.Copy(ctx, bucket, name, strings.NewReader(string(data)), size, metadata, generation)
		if err == nil {
			p.mu.Lock()
			p.copies[name+" "+metadata["seneka-etag"]]++
			p.mu.Unlock()
		}
		return err
	})
}

func (p *process) Stat(ctx context.Context, o object.Landed) (metadata map[string]string, generation int64, err error) {
	err = p.call(ctx, "gcs.get", func(fault) error {
		metadata, generation, err = p.c.Stat(ctx, o)
		return err
	})
	return metadata, generation, err
}

// live runs the loop until the queue is empty or the process dies.
func (p *process) live(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	p.dead, p.stop = false, stop
	f := &Forwarder{Matches: func(object.Source) bool { return true }, Source: p, Landing: p, Bucket: "landing", Now: time.Now}
	l := &Loop{Queue: p, Forward: f.Forward, Log: slog.New(slog.DiscardHandler), Workers: 2, Bytes: 1000, Visibility: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	for range 24 * 120 { // half minutes
		pause(ctx, time.Minute/2)
		if ctx.Err() != nil || p.q.empty() {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !slices.ContainsFunc(q.messages, func(m *queued) bool { return !m.gone })
}

// announce queues a message of S3's for the events.
func (q *queue) announce(events ...object.Event) {
	var records []string
	for _, e := range events {
		records = append(records, fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"src"},"object":{"key":%q,"size":%d,"eTag":%q,"sequencer":%q}}}`, e.Key, e.Size, e.ETag, e.Sequencer))
	}
	q.send(fmt.Sprint("m", len(q.messages)), `{"Records":[`+strings.Join(records, ",")+"]}")
}

// kinds are what is forwarded; landing is to hold what S3 holds in the end, but for what is gone.
var kinds = map[string]func(c *clouds, q *queue){
	"one":             func(c *clouds, q *queue) { q.announce(c.put("k", "v1", "one", "01")) },
	"two records":     func(c *clouds, q *queue) { q.announce(c.put("k", "v1", "one", "01"), c.put("l", "v1", "two", "02")) },
	"announced twice": func(c *clouds, q *queue) { e := c.put("k", "v1", "one", "01"); q.announce(e); q.announce(e) },
	"overwritten": func(c *clouds, q *queue) {
		q.announce(c.put("k", "v1", "one", "01"))
		q.announce(c.put("k", "v2", "two", "02"))
	},
	"overwritten later": func(c *clouds, q *queue) {
		c.mustForward(c.put("k", "v1", "one", "01"))
		q.announce(c.put("k", "v2", "two", "02"))
	},
	"in place of somebody else's object": func(c *clouds, q *queue) {
		c.gcs["landing/src/k"] = copied{"somebody else's", nil, 77}
		q.announce(c.put("k", "v1", "one", "01"))
	},
	"gone": func(c *clouds, q *queue) {
		e := c.put("k", "v1", "one", "01")
		delete(c.s3, e.Source)
		q.announce(e, c.put("l", "v1", "two", "02"))
	},
}

// forwardAll forwards a kind with the faults, by one process after the other, and asserts that landing
// holds what S3 holds, whole, each version copied once, and that the queue is empty.
func forwardAll(t *testing.T, kind func(c *clouds, q *queue), faults map[string]fault) (calls []string) {
	c, q := newClouds(), &queue{}
	kind(c, q)
	p := &process{q: q, c: c, faults: faults, counts: map[string]int{}, copies: map[string]int{}}
	for lives := 0; !q.empty() && lives < 5; lives++ {
		p.live(t)
	}
	if !q.empty() {
		t.Errorf("messages are left: deleted %v", q.deleted)
	}
	for src, want := range c.s3 {
		if got := c.gcs["landing/"+src.Bucket+"/"+src.Key]; got.data != want.data || got.metadata["seneka-etag"] != want.etag {
			t.Errorf("landing has %q of version %s, S3 %q of %s", got.data, got.metadata["seneka-etag"], want.data, want.etag)
		}
	}
	for name, n := range p.copies {
		if n > 1 {
			t.Errorf("%s was copied %d times", name, n)
		}
	}
	if t.Failed() {
		t.Fatalf("faults: %v; calls: %q", faults, p.calls)
	}
	return p.calls
}

// Every call of the forwarder goes wrong in each way there is, and every pair of calls.
func TestEnumerateFaults(t *testing.T) {
	total := 0
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		singles, pairs := 0, 0
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, first := range forwardAll(t, kinds[name], nil) {
					for _, f := range faults {
						made := forwardAll(t, kinds[name], map[string]fault{first: f})
						singles++
						if f == hang {
							continue
						}
						for _, second := range made[slices.Index(made, first)+1:] {
							if strings.HasPrefix(second, "hide") && second != "hide #1" {
								continue // one heartbeat is as good as another
							}
							for _, g := range quick {
								forwardAll(t, kinds[name], map[string]fault{first: f, second: g})
								pairs++
							}
						}
					}
				}
			})
			t.Logf("%d runs with one fault, %d with two", singles, pairs)
		})
		total += 1 + singles + pairs
	}
	t.Logf("%d runs of %d kinds of message", total, len(kinds))
}
