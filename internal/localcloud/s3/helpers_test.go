package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// queue is a queue that a test looks into.
type queue struct {
	mu     sync.Mutex
	bodies []string
	err    error // of the next messages, nil to take them
	came   chan struct{}
}

func newQueue() *queue { return &queue{came: make(chan struct{}, 1)} }

func (q *queue) notify(_ context.Context, _, body string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case q.came <- struct{}{}:
	default:
	}
	if q.err != nil {
		return q.err
	}
	q.bodies = append(q.bodies, body)
	return nil
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
}

// wait returns the first n messages once they are there.
func (q *queue) wait(t *testing.T, n int) []string {
	t.Helper()
	for {
		q.mu.Lock()
		bodies := q.bodies
		q.mu.Unlock()
		if len(bodies) >= n {
			return bodies
		}
		select {
		case <-q.came:
		case <-t.Context().Done():
			t.Fatalf("%d of %d messages came", len(bodies), n)
		}
	}
}

// records returns the records of the first n messages that are events.
func (q *queue) records(t *testing.T, n int) []eventRecord {
	t.Helper()
	var out []eventRecord
	for _, body := range q.wait(t, n) {
		var e eventRecords
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Records...)
	}
	return out
}

const queueARN = "arn:aws:sqs:us-east-1:000000000000:q"

// bench is a server with a bucket "bkt" and the real SDK's client in front of it.
type bench struct {
	t      testing.TB
	server *Server
	client *sdk.Client
	queue  *queue
	url    string
}

// serve starts a server in o.Dir, whose events go to b.queue unless o says otherwise.
func serve(t testing.TB, o Options) *bench {
	t.Helper()
	b := &bench{t: t, queue: newQueue()}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Notify == nil {
		o.Notify = b.queue.notify
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket("bkt"); err != nil {
		t.Fatal(err)
	}
	b.server = s
	b.connect()
	return b
}

func (b *bench) connect() {
	b.t.Helper()
	web := httptest.NewServer(b.server)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.t.Cleanup(func() {
		transport.CloseIdleConnections()
		web.Close()
		if err := b.server.Close(); err != nil {
			b.t.Errorf("Close: %v", err)
		}
	})
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"} {
		b.t.Setenv(k, v)
	}
	cfg, err := config.LoadDefaultConfig(b.t.Context(), config.WithBaseEndpoint(web.URL), config.WithRetryMaxAttempts(1))
	if err != nil {
		b.t.Fatal(err)
	}
	b.url = web.URL
	b.client = sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.HTTPClient = &http.Client{Transport: transport}
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

// restarted returns a new server on the same directory.
func (b *bench) restarted() *bench {
	b.t.Helper()
	if err := b.server.Close(); err != nil {
		b.t.Fatal(err)
	}
	o := b.server.opts
	s, err := New(o)
	if err != nil {
		b.t.Fatal(err)
	}
	n := &bench{t: b.t, server: s, queue: b.queue}
	n.connect()
	return n
}

func (b *bench) put(key, body string) *sdk.PutObjectOutput {
	b.t.Helper()
	out, err := b.client.PutObject(b.t.Context(), &sdk.PutObjectInput{Bucket: new("bkt"), Key: &key, Body: bytes.NewReader([]byte(body))})
	if err != nil {
		b.t.Fatalf("put %q: %v", key, err)
	}
	return out
}

// read returns an object's bytes.
func (b *bench) read(in *sdk.GetObjectInput) (string, error) {
	b.t.Helper()
	in.Bucket = new("bkt")
	out, err := b.client.GetObject(b.t.Context(), in)
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	return string(body), err
}

func (b *bench) wantBody(key, want string) {
	b.t.Helper()
	got, err := b.read(&sdk.GetObjectInput{Key: &key})
	if err != nil || got != want {
		b.t.Errorf("get %q = %q, %v; want %q", key, got, err, want)
	}
}

// keys lists the bucket.
func (b *bench) keys(in *sdk.ListObjectsV2Input) (keys, prefixes []string) {
	b.t.Helper()
	in.Bucket = new("bkt")
	pages := sdk.NewListObjectsV2Paginator(b.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if in.MaxKeys != nil && len(page.Contents)+len(page.CommonPrefixes) > int(*in.MaxKeys) {
			b.t.Errorf("a page of %d keys and %d prefixes, asked for %d", len(page.Contents), len(page.CommonPrefixes), *in.MaxKeys)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			prefixes = append(prefixes, *p.Prefix)
		}
	}
	return keys, prefixes
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

func wantError(t testing.TB, err error, code string) {
	t.Helper()
	if got := errorCode(err); got != code {
		t.Errorf("error code %q, want %q (%v)", got, code, err)
	}
}

// status returns the HTTP status that the SDK saw behind err.
func status(err error) int {
	var res interface{ HTTPStatusCode() int }
	if !errors.As(err, &res) {
		return 0
	}
	return res.HTTPStatusCode()
}

// fixed is a clock that stands still.
func fixed() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC) }
