package sqs

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that a test moves by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

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

// bench is a server with the real SDK's client in front of it.
type bench struct {
	t      testing.TB
	server *Server
	client *sdk.Client
	clock  *clock
	url    string // of the queue "q", if newQueue made it
}

// serve starts a server on o, with a clock of its own unless o has one.
func serve(t testing.TB, o Options) *bench {
	t.Helper()
	b := &bench{t: t, clock: newClock()}
	if o.Now == nil {
		o.Now = b.clock.Now
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.server = s
	b.client = connect(t, s)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

func connect(t testing.TB, h http.Handler) *sdk.Client {
	t.Helper()
	web := httptest.NewServer(h)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		web.Close()
	})
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"} {
		t.Setenv(k, v)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithBaseEndpoint(web.URL), config.WithRetryMaxAttempts(1))
	if err != nil {
		t.Fatal(err)
	}
	return sdk.NewFromConfig(cfg, func(o *sdk.Options) { o.HTTPClient = &http.Client{Transport: transport} })
}

func (b *bench) create(name string, attrs map[string]string) string {
	b.t.Helper()
	out, err := b.client.CreateQueue(b.t.Context(), &sdk.CreateQueueInput{QueueName: &name, Attributes: attrs})
	if err != nil {
		b.t.Fatal(err)
	}
	return *out.QueueUrl
}

// newQueue serves one queue "q" from memory.
func newTestQueue(t testing.TB, attrs map[string]string) *bench {
	t.Helper()
	b := serve(t, Options{})
	b.url = b.create("q", attrs)
	return b
}

func (b *bench) send(body string) {
	b.t.Helper()
	if _, err := b.client.SendMessage(b.t.Context(), &sdk.SendMessageInput{QueueUrl: &b.url, MessageBody: &body}); err != nil {
		b.t.Fatal(err)
	}
}

// receive takes up to ten messages of the queue at url with a visibility timeout in seconds.
func (b *bench) receive(url string, visibility int32) []types.Message {
	b.t.Helper()
	out, err := b.client.ReceiveMessage(b.t.Context(), &sdk.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: visibility,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Messages
}

// one receives exactly one message.
func (b *bench) one(url string, visibility int32) types.Message {
	b.t.Helper()
	got := b.receive(url, visibility)
	if len(got) != 1 {
		b.t.Fatalf("received %d messages, want 1", len(got))
	}
	return got[0]
}

func (b *bench) none(url string) {
	b.t.Helper()
	if got := b.receive(url, 30); len(got) != 0 {
		b.t.Fatalf("received %d messages, want none", len(got))
	}
}

func (b *bench) hide(m types.Message, seconds int32) error {
	_, err := b.client.ChangeMessageVisibility(b.t.Context(), &sdk.ChangeMessageVisibilityInput{
		QueueUrl: &b.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds,
	})
	return err
}

func (b *bench) remove(handle *string) error {
	_, err := b.client.DeleteMessage(b.t.Context(), &sdk.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: handle})
	return err
}

func (b *bench) attributes(url string) map[string]string {
	b.t.Helper()
	out, err := b.client.GetQueueAttributes(b.t.Context(), &sdk.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Attributes
}

// counts checks the numbers of visible, delayed and in-flight messages.
func (b *bench) counts(url, visible, delayed, inFlight string) {
	b.t.Helper()
	a := b.attributes(url)
	got := [3]string{a["ApproximateNumberOfMessages"], a["ApproximateNumberOfMessagesDelayed"], a["ApproximateNumberOfMessagesNotVisible"]}
	if got != [3]string{visible, delayed, inFlight} {
		b.t.Errorf("visible, delayed, in flight = %v, want [%s %s %s]", got, visible, delayed, inFlight)
	}
}

// errorCode returns the code that the SDK reports of err, "" of nil.
func errorCode(err error) string {
	if err == nil {
		return ""
	}
	var api interface{ ErrorCode() string }
	if !errors.As(err, &api) {
		return err.Error()
	}
	return api.ErrorCode()
}

// wantError checks that err carries the code.
func wantError(t testing.TB, err error, code string) {
	t.Helper()
	if got := errorCode(err); got != code {
		t.Errorf("error code %q, want %q (%v)", got, code, err)
	}
}
