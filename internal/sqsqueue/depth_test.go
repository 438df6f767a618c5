package sqsqueue

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

func (b *bench) wantDepth(q *Queue, want Depth) {
	b.Helper()
	if got, err := q.Depth(b.Context()); err != nil || got != want {
		b.Errorf("Depth = %+v, %v; want %+v", got, err, want)
	}
}

func TestDepth(t *testing.T) {
	b := newBench(t)
	b.wantDepth(b.queue, Depth{})
	b.send("a", "b", "c")
	b.receive(1, time.Minute)
	b.wantDepth(b.queue, Depth{Waiting: 2, InFlight: 1})
}

func TestDeadLetters(t *testing.T) {
	b := newBench(t)
	if dead, err := b.queue.DeadLetters(t.Context()); dead != nil || err != nil {
		t.Errorf("a queue without any: %v, %v", dead, err)
	}
	url := b.deadLetters()
	b.send("poison")
	for range maxReceives + 1 {
		b.take(t, 1, time.Second)
		b.advance(2 * time.Second)
	}
	dead, err := b.queue.DeadLetters(t.Context())
	if err != nil || dead.URL() != url {
		t.Fatalf("%+v, %v; want %s", dead, err, url)
	}
	b.wantDepth(dead, Depth{Waiting: 1})
	b.wantDepth(b.queue, Depth{})
}

// What SQS does not say is an error, and no queue of 0 messages.
func TestDepthErrors(t *testing.T) {
	b := newBench(t)
	b.deadLetters()
	fails := map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler){
		"refused":    cloudtest.Status(http.StatusForbidden),
		"no numbers": answer(func(body string) string { return strings.ReplaceAll(body, `:"0"`, `:"many"`) }),
	}
	for name, how := range fails {
		b.proxy.Disturb(how)
		if got, err := b.queue.Depth(t.Context()); err == nil {
			t.Errorf("%s: Depth = %+v and no error", name, got)
		}
	}
	for name, how := range map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler){
		"refused":       cloudtest.Status(http.StatusForbidden),
		"no JSON":       answer(func(body string) string { return strings.ReplaceAll(body, "{\\", "(\\") }),
		"no ARN":        answer(func(body string) string { return strings.ReplaceAll(body, "arn:aws", "nra") }),
		"no such queue": answer(func(body string) string { return strings.ReplaceAll(body, ":dead", ":gone") }),
	} {
		b.proxy.Disturb(how)
		if got, err := b.queue.DeadLetters(t.Context()); err == nil {
			t.Errorf("%s: DeadLetters = %+v and no error", name, got)
		}
	}
}

// answer changes what SQS answers.
func answer(change func(body string) string) func(w http.ResponseWriter, r *http.Request, next http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		body := change(rec.Body.String())
		for k, v := range rec.Header() {
			if k != "Content-Length" {
				w.Header()[k] = v
			}
		}
		w.WriteHeader(rec.Code)
		_, _ = io.Copy(w, bytes.NewReader([]byte(body)))
	}
}
