// Package cloudtest starts stand-ins of the local cloud on loopback for the tests of the adapters,
// and lets a test see and disturb what goes over the wire. Folder bqtest does so for BigQuery: it
// links a database, which the others need not wait for.
package cloudtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Serve answers HTTP requests with h until the test ends, and returns the URL.
func Serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// AWS returns what an SDK needs to talk to the stand-in at url. An error is not tried again, so
// that a test meets each one.
func AWS(t testing.TB, url string) aws.Config {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none",
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithBaseEndpoint(url), config.WithRetryMaxAttempts(1))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// WithRace reports whether the tests run under the race detector, which makes them several times as
// dear.
func WithRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Proxy stands before a stand-in. It is safe for concurrent use.
type Proxy struct {
	Next http.Handler

	mu      sync.Mutex
	calls   []string
	disturb Disturbance
}

// Disturbance answers a request in place of the stand-in, or hands it on to next, whole or not.
type Disturbance func(w http.ResponseWriter, r *http.Request, next http.Handler)

// ServeHTTP notes the request and hands it on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.calls = append(p.calls, r.Method+" "+r.URL.EscapedPath())
	disturb := p.disturb
	p.mu.Unlock()
	if disturb != nil {
		disturb(w, r, p.Next)
		return
	}
	p.Next.ServeHTTP(w, r)
}

// Disturb has d deal with the requests from now on; nil ends it.
func (p *Proxy) Disturb(d Disturbance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.disturb = d
}

// Calls returns method and path of each request since the last call of it.
func (p *Proxy) Calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = nil
	return calls
}

// Cut lets n bytes of an answer's body through and breaks the connection off.
func Cut(n int) Disturbance {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&cutter{ResponseWriter: w, left: n}, r)
	}
}

// cutter aborts the handler that writes more than it lets through.
type cutter struct {
	http.ResponseWriter
	left int
}

// Write lets through what is left, which reaches the client before the connection ends.
func (c *cutter) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// Flip changes one bit of an answer's body, that of the byte at offset at.
func Flip(at int) Disturbance {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&flipper{ResponseWriter: w, at: at}, r)
	}
}

type flipper struct {
	http.ResponseWriter
	at int
}

// Write writes p, the one byte changed.
func (f *flipper) Write(p []byte) (int, error) {
	if at := f.at; at >= 0 && at < len(p) {
		p = append([]byte(nil), p...)
		p[at] ^= 1
	}
	f.at -= len(p)
	return f.ResponseWriter.Write(p)
}

// Status reads the request to its end, as clients expect before an answer, and answers with an HTTP
// status and nothing else.
func Status(code int) Disturbance {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
	}
}
