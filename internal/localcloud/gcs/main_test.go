package gcs

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"go.uber.org/goleak"
	"google.golang.org/api/option"
)

func TestMain(m *testing.M) {
	helper() // does not return in a process that a test has started
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

const (
	bkt       = "landing"
	topicName = "projects/local/topics/objects"
)

// published is one message that a Server has sent.
type published struct {
	topic string
	data  []byte
	attrs map[string]string
}

// cloud is a Server behind HTTP, with a bucket.
type cloud struct {
	*Server
	t   *testing.T
	url string
}

// start opens a Server on o.Dir and puts it behind HTTP; both end with the test, or with stop.
func start(t *testing.T, o Options) (c *cloud, stop func()) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	stop = sync.OnceFunc(func() {
		h.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	if err := s.CreateBucket(bkt); err != nil {
		t.Fatal(err)
	}
	return &cloud{s, t, h.URL}, stop
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c, _ := start(t, Options{Dir: t.TempDir()})
	return c
}

// client is the real client library, pointed at c.
func (c *cloud) client(opts ...option.ClientOption) *storage.Client {
	c.t.Helper()
	opts = append(opts, option.WithEndpoint(c.url+"/storage/v1/"), option.WithoutAuthentication())
	cl, err := storage.NewClient(c.t.Context(), opts...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { cl.Close() })
	return cl
}

// reply is an HTTP response, read.
type reply struct {
	status int
	header http.Header
	body   string
}

// do makes a request as curl would. Headers are "Name: value".
func (c *cloud) do(method, path, body string, headers ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Set(k, v)
	}
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity") // or the Go client unpacks gzip by itself
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

// object reads r as an object's resource.
func (c *cloud) object(r reply) object {
	c.t.Helper()
	var o object
	if err := json.Unmarshal([]byte(r.body), &o); err != nil || r.status != 200 {
		c.t.Fatalf("%d %s: not an object's resource", r.status, r.body)
	}
	return o
}

// put uploads an object and returns its resource.
func (c *cloud) put(name, data string) object {
	c.t.Helper()
	return c.object(c.do("POST", uploadPath("media", name), data, "Content-Type: text/plain"))
}

func uploadPath(kind, name string, more ...string) string {
	return "/upload/storage/v1/b/" + bkt + "/o?uploadType=" + kind + "&name=" + escape(name) + strings.Join(more, "")
}

func objectPath(name string) string { return "/storage/v1/b/" + bkt + "/o/" + escape(name) }

// related makes a multipart/related body, and its Content-Type header.
func related(resource, mediaType, data string) (body, header string) {
	return "--b\r\nContent-Type: application/json\r\n\r\n" + resource + "\r\n--b\r\nContent-Type: " + mediaType + "\r\n\r\n" + data + "\r\n--b--\r\n",
		"Content-Type: multipart/related; boundary='b'"
}

// reason returns why the JSON API refused.
func (r reply) reason() string {
	var e struct {
		Error struct{ Errors []struct{ Reason string } }
	}
	if json.Unmarshal([]byte(r.body), &e) != nil || len(e.Error.Errors) == 0 {
		return ""
	}
	return e.Error.Errors[0].Reason
}

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func readAll(t *testing.T, r io.ReadCloser, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// write uploads with the client library.
func write(ctx context.Context, h *storage.ObjectHandle, data []byte, set func(*storage.Writer)) (*storage.ObjectAttrs, error) {
	w := h.NewWriter(ctx)
	if set != nil {
		set(w)
	}
	if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
		w.Close()
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return w.Attrs(), nil
}
