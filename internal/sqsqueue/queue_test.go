package sqsqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	standin "github.com/seneka-io/seneka/internal/localcloud/sqs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a stand-in with one queue, and a client of its own to look at the queue by.
type bench struct {
	*testing.T
	*clock
	proxy  *cloudtest.Proxy
	server *standin.Server
	client *sqs.Client
	queue  *Queue
	url    string
	arn    string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)}
	server, err := standin.New(standin.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	proxy := &cloudtest.Proxy{Next: server}
	address := cloudtest.Serve(t, proxy)
	path, arn, err := server.CreateQueue("q", nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg, url := cloudtest.AWS(t, address), address+path
	return &bench{T: t, clock: c, proxy: proxy, server: server, client: sqs.NewFromConfig(cfg), queue: New(cfg, url), url: url, arn: arn}
}

func (b *bench) send(bodies ...string) {
	b.Helper()
	for _, body := range bodies {
		if err := b.server.Send(b.Context(), b.arn, body); err != nil {
			b.Fatal(err)
		}
	}
}

// receive receives exactly n messages.
func (b *bench) receive(n int, visibility time.Duration) []forward.Message {
	b.Helper()
	got, err := b.queue.Receive(b.Context(), n, visibility)
	if err != nil || len(got) != n {
		b.Fatalf("received %d messages, %v; want %d", len(got), err, n)
	}
	return got
}

// wantVisible checks how many messages a consumer would get at once, and takes none.
func (b *bench) wantVisible(want int) {
	b.Helper()
	out, err := b.client.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: &b.url, MaxNumberOfMessages: 10})
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range out.Messages {
		if _, err := b.client.ChangeMessageVisibility(b.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &b.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			b.Fatal(err)
		}
	}
	if len(out.Messages) != want {
		b.Errorf("%d messages are visible, want %d", len(out.Messages), want)
	}
}

func TestReceive(t *testing.T) {
	tests := []struct{ sent, most, want int }{
		{1, 10, 1}, {3, 10, 3}, {3, 2, 2}, {15, 10, 10}, {15, 25, 10}, {1, 1, 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			b := newBench(t)
			for i := range tt.sent {
				b.send(fmt.Sprint("message ", i))
			}
			got, err := b.queue.Receive(t.Context(), tt.most, time.Minute)
			if err != nil || len(got) != tt.want {
				t.Fatalf("%d messages, %v; want %d", len(got), err, tt.want)
			}
			b.wantVisible(min(10, tt.sent-tt.want))
		})
	}
}

func TestReceivedMessage(t *testing.T) {
	b := newBench(t)
	body := "{\"Records\":[]} ünï\n\"quoted\" <&>"
	b.send(body)
	sent := b.Now()
	b.advance(time.Hour)
	before := time.Now()
	m := b.receive(1, time.Minute)[0]
	if string(m.Body) != body || m.ID == "" || m.Receipt == "" {
		t.Errorf("received %+v", m)
	}
	if !m.Sent.Equal(sent) {
		t.Errorf("sent at %v, want %v", m.Sent, sent)
	}
	if m.Received.Before(before) || m.Received.After(time.Now()) {
		t.Errorf("received at %v", m.Received)
	}
	b.advance(time.Minute)
	again := b.receive(1, time.Minute)[0]
	if again.ID != m.ID || again.Receipt == m.Receipt {
		t.Errorf("the second delivery has ID %s and receipt %s, the first %s and %s", again.ID, again.Receipt, m.ID, m.Receipt)
	}
}

// What the queue is asked for, and that having nothing is no error.
func TestReceiveNone(t *testing.T) {
	b := newBench(t)
	var asked struct {
		QueueUrl                                                string
		MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout int
		MessageSystemAttributeNames                             []string
	}
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	})
	got, err := b.queue.Receive(t.Context(), 7, 30*time.Second)
	if err != nil || len(got) != 0 {
		t.Errorf("received %v, %v", got, err)
	}
	if asked.QueueUrl != b.url || asked.MaxNumberOfMessages != 7 || asked.WaitTimeSeconds != 20 || asked.VisibilityTimeout != 30 ||
		!slices.Equal(asked.MessageSystemAttributeNames, []string{"SentTimestamp"}) {
		t.Errorf("asked for %+v", asked)
	}
}

func TestVisibility(t *testing.T) {
	for _, visibility := range []time.Duration{time.Second, 1500 * time.Millisecond, time.Minute, 12 * time.Hour} {
		t.Run(visibility.String(), func(t *testing.T) {
			b := newBench(t)
			b.send("m")
			b.receive(1, visibility)
			b.wantVisible(0)
			b.advance(visibility - time.Millisecond)
			b.wantVisible(0)
			b.advance(time.Second)
			b.wantVisible(1)
		})
	}
}

func TestHide(t *testing.T) {
	b := newBench(t)
	b.send("m")
	m := b.receive(1, 10*time.Second)[0]
	for range 5 { // each time from now on
		b.advance(9 * time.Second)
		if err := b.queue.Hide(t.Context(), m, 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	b.advance(9 * time.Second)
	b.wantVisible(0)
	if err := b.queue.Hide(t.Context(), m, 1); err != nil { // a nanosecond is not 0
		t.Fatal(err)
	}
	b.wantVisible(0)
	if err := b.queue.Hide(t.Context(), m, 0); err != nil {
		t.Fatal(err)
	}
	b.wantVisible(1)
}

func TestDelete(t *testing.T) {
	b := newBench(t)
	b.send("one", "two")
	messages := b.receive(2, time.Minute)
	for range 2 { // again is no error
		if err := b.queue.Delete(t.Context(), messages[0]); err != nil {
			t.Fatal(err)
		}
	}
	b.advance(2 * time.Minute)
	left := b.receive(1, time.Minute)[0]
	if left.ID != messages[1].ID {
		t.Errorf("%s is left, want %s", left.ID, messages[1].ID)
	}
	if err := b.queue.Hide(t.Context(), messages[0], time.Minute); err == nil {
		t.Error("a deleted message was hidden")
	}
}

// Whoever held a message before has no say in what becomes of it now.
func TestStaleReceipt(t *testing.T) {
	b := newBench(t)
	b.send("m")
	old := b.receive(1, time.Minute)[0]
	b.advance(time.Hour)
	now := b.receive(1, time.Minute)[0]
	if err := b.queue.Delete(t.Context(), old); err != nil { // SQS says nothing of it
		t.Error(err)
	}
	if err := b.queue.Hide(t.Context(), now, 0); err != nil {
		t.Error(err)
	}
	b.wantVisible(1)
}

func TestErrors(t *testing.T) {
	b := newBench(t)
	garbage := forward.Message{Receipt: "garbage"}
	gone := New(cloudtest.AWS(t, strings.TrimSuffix(b.url, "/000000000000/q")), b.url+"-none")
	b.send("m")
	m := b.receive(1, time.Minute)[0]
	ctx := t.Context()
	tests := map[string]func() error{
		"delete by garbage":    func() error { return b.queue.Delete(ctx, garbage) },
		"hide by garbage":      func() error { return b.queue.Hide(ctx, garbage, time.Minute) },
		"hide for too long":    func() error { return b.queue.Hide(ctx, m, 13*time.Hour) },
		"delete, no queue":     func() error { return gone.Delete(ctx, m) },
		"hide, no queue":       func() error { return gone.Hide(ctx, m, time.Minute) },
		"receive, no queue":    func() error { _, err := gone.Receive(ctx, 1, time.Minute); return err },
		"receive for too long": func() error { _, err := b.queue.Receive(ctx, 1, 13*time.Hour); return err },
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			if err := do(); err == nil || errkind.Of(err) != errkind.Transient {
				t.Errorf("%v of kind %v, want a transient error", err, errkind.Of(err))
			}
		})
	}
}

// poll receives in the background and returns once the queue has got the request.
func (b *bench) poll(ctx context.Context) <-chan result {
	b.Helper()
	arrived := make(chan struct{})
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		b.proxy.Disturb(nil)
		close(arrived)
		next.ServeHTTP(w, r)
	})
	done := make(chan result, 1)
	go func() {
		messages, err := b.queue.Receive(ctx, 10, time.Minute)
		done <- result{messages, err}
	}()
	<-arrived
	return done
}

type result struct {
	messages []forward.Message
	err      error
}

func TestLongPollSeesWhatComes(t *testing.T) {
	b := newBench(t)
	done := b.poll(t.Context())
	b.send("late")
	if got := <-done; got.err != nil || len(got.messages) != 1 || string(got.messages[0].Body) != "late" {
		t.Errorf("received %+v, %v", got.messages, got.err)
	}
}

// The poll ends with its context, and what comes afterwards is not lost to it.
func TestLongPollEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := b.poll(ctx)
	cancel()
	if got := <-done; got.err == nil {
		t.Errorf("received %+v and no error", got.messages)
	}
}

func TestConcurrentUse(t *testing.T) {
	b := newBench(t)
	const n = 40
	for i := range n {
		b.send(fmt.Sprint(i))
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			messages, err := b.queue.Receive(t.Context(), 10, time.Minute)
			if err != nil {
				t.Error(err)
			}
			for _, m := range messages {
				if err := b.queue.Delete(t.Context(), m); err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[string(m.Body)] = true
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if len(seen) != n {
		t.Errorf("%d messages received, want %d", len(seen), n)
	}
	b.advance(time.Hour)
	b.wantVisible(0)
}
