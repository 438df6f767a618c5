package gcs

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
)

// session starts a resumable upload and returns the path of its URI.
func (c *cloud) session(name string, headers ...string) string {
	c.t.Helper()
	r := c.do("POST", uploadPath("resumable", name), "", headers...)
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil || r.status != 200 || u.Path == "" {
		c.t.Fatalf("start of a session: %d %s", r.status, r.body)
	}
	return u.RequestURI()
}

func (c *cloud) chunk(session, contentRange, data string, headers ...string) reply {
	c.t.Helper()
	return c.do("PUT", session, data, append(headers, "Content-Range: "+contentRange)...)
}

const k256 = chunkUnit

func fill(c string, n int) string { return strings.Repeat(c, n) }

// https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload and #status-check
func TestResumable(t *testing.T) {
	type step struct {
		rang, data string
		status     int
		have       string // Range header of the answer
	}
	a, b := fill("a", k256), fill("b", 100)
	total := k256 + 100
	tests := []struct {
		name  string
		steps []step
		want  string // content; empty: no object
	}{
		{"chunks", []step{{"bytes 0-262143/*", a, 308, "bytes=0-262143"}, {fmt.Sprintf("bytes 262144-%d/%d", total-1, total), b, 200, ""}}, a + b},
		{"one request", []step{{fmt.Sprintf("bytes 0-%d/%d", total-1, total), a + b, 200, ""}}, a + b},
		{"nothing yet", []step{{"bytes */*", "", 308, ""}}, ""},
		{"status", []step{{"bytes 0-262143/*", a, 308, "bytes=0-262143"}, {"bytes */*", "", 308, "bytes=0-262143"}, {fmt.Sprintf("bytes */%d", total), "", 308, "bytes=0-262143"}}, ""},
		{"ends with a status", []step{{"bytes 0-262143/*", a, 308, "bytes=0-262143"}, {"bytes */262144", "", 200, ""}}, a},
		{"chunk sent again", []step{{"bytes 0-262143/*", a, 308, "bytes=0-262143"}, {"bytes 0-262143/*", a, 308, "bytes=0-262143"}, {fmt.Sprintf("bytes 262144-%d/%d", total-1, total), b, 200, ""}}, a + b},
		{"overlap", []step{{"bytes 0-262143/*", a, 308, "bytes=0-262143"}, {fmt.Sprintf("bytes 0-%d/%d", total-1, total), a + b, 200, ""}}, a + b},
		{"last chunk sent again", []step{{"bytes 0-99/100", b, 200, ""}, {"bytes 0-99/100", b, 200, ""}, {"bytes */*", "", 200, ""}}, b},
		{"gap", []step{{"bytes 262144-524287/*", a, 400, ""}}, ""},
		{"not a multiple", []step{{"bytes 0-99/*", b, 400, ""}}, ""},
		{"short chunk", []step{{"bytes 0-262143/*", b, 400, ""}}, ""},
		{"empty", []step{{"bytes */0", "", 200, ""}}, ""},
		{"beyond the total", []step{{"bytes 0-99/50", b, 400, ""}}, ""},
		{"nonsense", []step{{"bytes x-y/z", b, 400, ""}, {"bytes 5-2/10", b, 400, ""}, {"bytes 0-99", b, 400, ""}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			id := c.session("x")
			for _, s := range tt.steps {
				r := c.chunk(id, s.rang, s.data)
				if r.status != s.status || r.header.Get("Range") != s.have {
					t.Fatalf("%s: %d %q %s, want %d %q", s.rang, r.status, r.header.Get("Range"), r.body, s.status, s.have)
				}
			}
			if r := c.do("GET", "/"+bkt+"/x", ""); tt.want != "" && r.body != tt.want {
				t.Errorf("object of %d bytes, want %d", len(r.body), len(tt.want))
			} else if tt.want == "" && tt.name != "empty" && r.status != 404 {
				t.Errorf("there is an object: %d", r.status)
			}
		})
	}
}

// A body without Content-Range is the whole object.
func TestResumableWithoutRange(t *testing.T) {
	c := newCloud(t)
	if r := c.do("PUT", c.session("x"), "data"); c.object(r).Size != 4 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// "X-GUploader-No-308: yes" asks for 200 with another header in place of 308 (gensupport/resumable.go
// of google.golang.org/api).
func TestResumableNo308(t *testing.T) {
	c := newCloud(t)
	r := c.chunk(c.session("x"), "bytes 0-262143/*", fill("a", k256), "X-GUploader-No-308: yes")
	if r.status != 200 || r.header.Get("X-Http-Status-Code-Override") != "308" || r.header.Get("Range") != "bytes=0-262143" {
		t.Errorf("%d %v", r.status, r.header)
	}
}

// Preconditions are those of the request that started the session, checked when it ends.
func TestResumablePrecondition(t *testing.T) {
	c := newCloud(t)
	r := c.do("POST", uploadPath("resumable", "x", "&ifGenerationMatch=0"), "")
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	c.put("x", "other")
	for range 2 { // refused again when asked again
		if r := c.chunk(u.RequestURI(), "bytes 0-2/3", "abc"); r.status != 412 || r.reason() != "conditionNotMet" {
			t.Errorf("%d %s, want 412", r.status, r.body)
		}
	}
	if r := c.do("GET", "/"+bkt+"/x", ""); r.body != "other" {
		t.Errorf("object %q", r.body)
	}
}

// The connection breaks in a chunk, and the server is started again: what had come is not lost, and
// the client goes on from there.
func TestResumableAfterACut(t *testing.T) {
	dir := t.TempDir()
	c, stop := start(t, Options{Dir: dir})
	id := c.session("x")
	data := fill("a", k256) + fill("b", 1000)
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nContent-Range: bytes 0-%d/%d\r\n\r\n%s", id, len(data), len(data)-1, len(data), data[:k256+10])
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil { // until the server has taken note
		t.Fatal(err)
	}
	conn.Close()
	stop()
	c, _ = start(t, Options{Dir: dir})
	r := c.chunk(id, fmt.Sprintf("bytes */%d", len(data)), "")
	var have int
	if _, err := fmt.Sscanf(r.header.Get("Range"), "bytes=0-%d", &have); r.status != 308 || err != nil || have != k256+9 {
		t.Fatalf("state after the cut: %d %q", r.status, r.header.Get("Range"))
	}
	r = c.chunk(id, fmt.Sprintf("bytes %d-%d/%d", have+1, len(data)-1, len(data)), data[have+1:])
	if c.object(r).Size != int64(len(data)) {
		t.Errorf("%s", r.body)
	}
	if r := c.do("GET", "/"+bkt+"/x", ""); r.body != data {
		t.Error("the object is not what was sent")
	}
}

func TestResumableLength(t *testing.T) {
	c := newCloud(t)
	if r := c.chunk(c.session("x", "X-Upload-Content-Length: 4"), "bytes 0-2/3", "abc"); r.status != 400 {
		t.Errorf("an upload of 3 bytes where 4 were announced: %d", r.status)
	}
	if r := c.do("PUT", "/upload/storage/v1/b/"+bkt+"/o?upload_id=none", "x"); r.status != 404 {
		t.Errorf("an unknown session: %d", r.status)
	}
}
