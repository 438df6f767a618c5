//go:build cgo

package loader

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
)

// deliver hands the notification of a landing object to the handler and returns the status.
func (r *requests) deliver(f load.File) (status int, answer string) {
	w := httptest.NewRecorder()
	r.app.ServeHTTP(w, httptest.NewRequestWithContext(r.Context(), http.MethodPost, "/", strings.NewReader(pushOf(f))))
	return w.Code, w.Body.String()
}

// rowsOf counts the rows that the table holds of a file.
func (r *requests) rowsOf(f load.File) (n int) {
	r.Helper()
	result, err := r.bq.DB.Query(r.Context(), engine.Query{DefaultProject: "local", SQL: "SELECT COUNT(*) FROM logs.alb WHERE source_file = '" + f.Source.String() + "'"})
	if err != nil {
		r.Fatal(err)
	}
	if _, err := fmt.Sscan(fmt.Sprint(result.Rows[0][0]), &n); err != nil {
		r.Fatal(err)
	}
	return n
}

// A landing object whose bytes do not arrive as they are is not acknowledged, and loaded once they do;
// one that is gone is not acknowledged either, for somebody has to see it; one that was replaced is,
// for its successor's notification comes.
func TestBrokenDeliveries(t *testing.T) {
	r := newRequests(t)
	if status, answer := r.deliver(r.put("first.log.gz", 1)); status != http.StatusOK { // makes the tables
		t.Fatal(status, answer)
	}
	onRead := func(d cloudtest.Disturbance) cloudtest.Disturbance {
		return func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if req.Method == http.MethodGet && strings.Contains(req.URL.Path, ".log.gz") {
				d(w, req, next)
				return
			}
			next.ServeHTTP(w, req)
		}
	}
	for name, d := range map[string]cloudtest.Disturbance{
		"a bit is wrong":  cloudtest.Flip(100),
		"refused":         cloudtest.Status(http.StatusForbidden),
		"answered by 400": cloudtest.Status(http.StatusBadRequest),
	} {
		t.Run(name, func(t *testing.T) {
			f := r.put(strings.ReplaceAll(name, " ", "-")+".log.gz", 1)
			r.gcs.Disturb(onRead(d))
			status, answer := r.deliver(f)
			r.gcs.Disturb(nil)
			if n := r.rowsOf(f); status != http.StatusServiceUnavailable || n > 0 {
				t.Errorf("status %d (%s) and %d rows, want 503 and none", status, answer, n)
			}
			status, answer = r.deliver(f)
			if n := r.rowsOf(f); status != http.StatusOK || n == 0 {
				t.Errorf("undisturbed: status %d (%s) and %d rows", status, answer, n)
			}
		})
	}
	t.Run("cut", func(t *testing.T) { // the client reads on from where it broke off
		f := r.put("cut.log.gz", 1)
		r.gcs.Disturb(onRead(cloudtest.Cut(500)))
		status, answer := r.deliver(f)
		r.gcs.Disturb(nil)
		if n := r.rowsOf(f); status != http.StatusOK || n == 0 {
			t.Errorf("status %d (%s) and %d rows", status, answer, n)
		}
	})
	t.Run("gone", func(t *testing.T) {
		f := r.put("gone.log.gz", 1)
		if err := r.store.Bucket("landing").Object(f.Landed.Name).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status, answer := r.deliver(f); status != http.StatusServiceUnavailable || !strings.Contains(answer, "the copy is gone") {
			t.Errorf("status %d (%s), want 503", status, answer)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		f := r.put("replaced.log.gz", 1)
		newer := r.put("replaced.log.gz", 2)
		if status, answer := r.deliver(f); status != http.StatusOK || r.rowsOf(f) > 0 {
			t.Errorf("status %d (%s) and %d rows, want 200 and none", status, answer, r.rowsOf(f))
		}
		if status, answer := r.deliver(newer); status != http.StatusOK || r.rowsOf(newer) == 0 {
			t.Errorf("the newer: status %d (%s) and %d rows", status, answer, r.rowsOf(newer))
		}
	})
}

// Keys that would break a name, a path or a statement are data like any other.
func TestStrangeKeys(t *testing.T) {
	r := newRequests(t)
	small := r.put("small.log.gz", 1)
	for _, key := range []string{
		"a+b c%2B.log.gz", "line\nfeed\r.log.gz", "../../x.log.gz", `'; DROP TABLE logs.alb; --.log.gz`, "`\"\\\x00.log.gz",
		strings.Repeat("k", 1017) + ".log.gz", "日本 🪵.log.gz",
	} {
		f := small
		f.Key = key
		status, answer := r.deliver(f)
		if status != http.StatusOK {
			t.Fatalf("%q: status %d (%s)", key, status, answer)
		}
		if res, err := r.app.Load(t.Context(), f); err != nil || res.Outcome != load.Duplicate {
			t.Errorf("%q again: %+v, %v; want a duplicate", key, res, err)
		}
		if name := object.LandingName(f.Source); strings.ContainsAny(name, "\r\n\x00") || len(name) > 1024 || !strings.HasPrefix(name, "src/") || strings.Contains(name, "/../") {
			t.Errorf("%q lands as %q", key, name)
		}
	}
}

// A delivery that ends before its announced length, or that never was a push, is not acknowledged.
func TestBrokenRequests(t *testing.T) {
	loaded := 0
	server := httptest.NewServer(handler(func(load.File) (load.Result, error) { loaded++; return load.Result{}, nil }))
	defer server.Close()
	body := push("OBJECT_FINALIZE", true)
	for name, request := range map[string]string{
		"shorter than its length": fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body)+10, body),
		"longer than its length":  fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body)-10, body),
		"a chunk cut":             "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + body,
		"JSON cut":                fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body)/2, body[:len(body)/2]),
		"another envelope":        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 15\r\n\r\n{\"hello\":\"you\"}",
		"nothing":                 "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return // no answer at all acknowledges nothing
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("status %s, want 400", resp.Status)
			}
		})
	}
	if loaded > 0 {
		t.Errorf("%d loads were started", loaded)
	}
}
