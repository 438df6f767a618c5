package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fake is a cloud that keeps what is put.
type fake struct {
	state State
	err   error
	files map[string]string // bucket and key
	asked string
	limit int
}

func (f *fake) State(context.Context) (State, error) { return f.state, f.err }

func (f *fake) Route(bucket, key string) (Route, bool) {
	return Route{Source: "alb", Format: "alb", Table: "logs.alb"}, bucket == "logs" && strings.HasSuffix(key, ".log")
}

func (f *fake) Put(_ context.Context, bucket, key string, body io.Reader, size int64) error {
	data, err := io.ReadAll(body)
	if err != nil || f.err != nil {
		return errors.Join(err, f.err)
	}
	if int64(len(data)) != size {
		return errors.New("the size is wrong")
	}
	f.files[bucket+" "+key] = string(data)
	return nil
}

func (f *fake) Query(_ context.Context, sql string, limit int) (Table, error) {
	f.asked, f.limit = sql, limit
	return Table{Columns: []Column{{Name: "n", Numeric: true}, {Name: "s"}}, Rows: [][]*string{{new("1"), nil}}}, f.err
}

func (f *fake) Report(_ context.Context, since string) ([]byte, error) {
	return []byte("<style>p{}</style><p>since " + since), f.err
}

// ask makes a request as a browser on this machine does. Headers are "Name: value".
func ask(f *fake, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8090"+target, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	w := httptest.NewRecorder()
	New(f, Setup{Buckets: []string{"logs"}, Examples: []Example{{"one", "SELECT 1"}}, Endpoints: []Endpoint{{"S3", "http://127.0.0.1:9000"}}}).ServeHTTP(w, r)
	return w
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || strings.TrimSpace(w.Body.String()) != body {
		t.Errorf("%d %s, want %d %s", w.Code, w.Body, status, body)
	}
}

func TestAnswers(t *testing.T) {
	f := &fake{state: State{
		Objects: 3, Queue: Depth{1, 2, 3, 4}, Landed: 5, Push: Depth{6, 7, 8, 9}, Rows: 10, Rejects: 11,
		Loads: map[string]int64{"loaded": 1},
		Files: []File{
			{File: "s3://logs/a.log", Table: "local.logs.alb", Outcome: "loaded", Rows: 2, Rejects: 1, Seconds: new(0.25), At: time.Unix(0, 0).UTC()},
			{File: "s3://logs/b.log", Outcome: "rejected", Reason: "torn", At: time.Unix(0, 0).UTC()},
		},
	}}
	want(t, ask(f, "GET", "/api/state", ""), 200, `{"objects":3,"queue":{"waiting":1,"in_flight":2,"done":3,"dead":4},"landed":5,`+
		`"push":{"waiting":6,"in_flight":7,"done":8,"dead":9},"rows":10,"rejects":11,"loads":{"loaded":1},"files":[`+
		`{"file":"s3://logs/a.log","table":"local.logs.alb","outcome":"loaded","reason":"","rows":2,"rejects":1,"seconds":0.25,"at":"1970-01-01T00:00:00Z"},`+
		`{"file":"s3://logs/b.log","table":"","outcome":"rejected","reason":"torn","rows":0,"rejects":0,"seconds":null,"at":"1970-01-01T00:00:00Z"}]}`)
	want(t, ask(f, "GET", "/api/setup", ""), 200,
		`{"buckets":["logs"],"examples":[{"title":"one","sql":"SELECT 1"}],"endpoints":[{"name":"S3","address":"http://127.0.0.1:9000"}]}`)
	want(t, ask(f, "GET", "/api/route?bucket=logs&key=a%2Fb.log", ""), 200, `{"source":"alb","format":"alb","table":"logs.alb"}`)
	want(t, ask(f, "GET", "/api/route?bucket=logs&key=b.txt", ""), 200, `null`)
	want(t, ask(f, "POST", "/api/query", "SELECT 1"), 200, `{"columns":[{"name":"n","numeric":true},{"name":"s","numeric":false}],"rows":[["1",null]],"more":false}`)
	if f.asked != "SELECT 1" || f.limit != maxRows {
		t.Errorf("asked %q with the limit %d", f.asked, f.limit)
	}
}

// The report has a policy of its own: its style, no script.
func TestReport(t *testing.T) {
	for target, since := range map[string]string{"/report": "1d", "/report?since=36h": "36h"} {
		w := ask(&fake{}, "GET", target, "")
		want(t, w, 200, "<style>p{}</style><p>since "+since)
		if csp := w.Header().Get("Content-Security-Policy"); csp != policy([]byte("<style>p{}</style>")) || csp == policy(page) {
			t.Errorf("policy %s", csp)
		}
		if got := w.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("type %s", got)
		}
	}
	want(t, ask(&fake{err: errors.New("no time")}, "GET", "/report", ""), 400, "no time")
	if !bytes.Contains(page, []byte(`href="report"`)) {
		t.Error("the page does not link to it")
	}
}

func TestErrorsAreShown(t *testing.T) {
	f := &fake{err: errors.New("Syntax error: <b> at [1:1]"), files: map[string]string{}}
	const said = `{"error":"Syntax error: \u003cb\u003e at [1:1]"}`
	want(t, ask(f, "GET", "/api/state", ""), 500, said)
	want(t, ask(f, "POST", "/api/query", "SELEC"), 400, said)
	want(t, ask(f, "POST", "/api/query", " \n"), 400, `{"error":"write a query first"}`)
	want(t, ask(f, "POST", "/api/query", strings.Repeat("x", maxSQL+1)), 413, `{"error":"read the query: http: request body too large"}`)
	want(t, ask(f, "POST", "/api/files?bucket=logs&key=a", "x"), 502, said)
	want(t, ask(f, "POST", "/api/files?bucket=logs", "x"), 400, `{"error":"name a bucket and a key"}`)
	for _, r := range []struct {
		method, target string
		status         int
	}{{"GET", "/nothing", 404}, {"GET", "/api/query", 405}, {"POST", "/", 405}, {"DELETE", "/api/files", 405}} {
		if w := ask(f, r.method, r.target, ""); w.Code != r.status {
			t.Errorf("%s %s: %d, want %d", r.method, r.target, w.Code, r.status)
		}
	}
}

// Keys come through as they are, whatever is in them, and bodies byte by byte.
func TestUpload(t *testing.T) {
	for _, key := range []string{
		"a.log", "AWSLogs/1/2022/12/06/x_app.lb.log.gz", "my first+log.log", "100%.log", "a?b#c&d=e;f.log", "café 日本.log",
		"//double//", "../../up", ".", " ", "tab\tnewline\n", `quote"back\slash`, "<script>alert(1)</script>", strings.Repeat("k", 1024),
	} {
		f := &fake{files: map[string]string{}}
		w := ask(f, "POST", "/api/files?"+url.Values{"bucket": {"logs"}, "key": {key}}.Encode(), "\x1f\x8b\x00\xff")
		var answer struct{ File string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 || answer.File != "s3://logs/"+key {
			t.Errorf("%q: %d %s", key, w.Code, w.Body)
		}
		if got := f.files["logs "+key]; got != "\x1f\x8b\x00\xff" || len(f.files) != 1 {
			t.Errorf("%q: stored %q", key, f.files)
		}
	}
}

func TestUploadWithoutLength(t *testing.T) {
	f := &fake{files: map[string]string{}}
	server := httptest.NewServer(New(f, Setup{}))
	defer server.Close()
	resp, err := http.Post(server.URL+"/api/files?bucket=b&key=k", "", io.MultiReader(strings.NewReader("x"))) // is sent in chunks
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusLengthRequired || len(f.files) != 0 {
		t.Errorf("status %d, stored %v", resp.StatusCode, f.files)
	}
}

func TestHost(t *testing.T) {
	for host, ok := range map[string]bool{
		"127.0.0.1:8090": true, "localhost:8090": true, "LOCALHOST": true, "[::1]:8090": true, "[::1]": true, "127.9.9.9": true, "localhost": true,
		"evil.example": false, "evil.example:8090": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"192.168.1.2:8090": false, "0.0.0.0:8090": false, "[::]:8090": false, "": false, "2130706433": false,
	} {
		for _, target := range []string{"/", "/api/state"} {
			w := ask(&fake{}, "GET", target, "", "Host: "+host)
			if got := w.Code == 200; got != ok || !ok && w.Code != 403 {
				t.Errorf("%s as %q: %d", target, host, w.Code)
			}
		}
	}
}

// Another site's page cannot make the browser act here.
func TestOrigin(t *testing.T) {
	for _, r := range []struct {
		header string
		ok     bool
	}{
		{"Origin: http://127.0.0.1:8090", true},
		{"Sec-Fetch-Site: same-origin", true},
		{"X-None: ", true}, // no browser
		{"Origin: http://evil.example", false},
		{"Origin: http://127.0.0.1:9000", false}, // another service of this machine
		{"Origin: null", false},
		{"Sec-Fetch-Site: cross-site", false},
		{"Sec-Fetch-Site: same-site", false}, // another port of this machine
	} {
		for _, target := range []string{"/api/query", "/api/files?bucket=b&key=k"} {
			f := &fake{files: map[string]string{}}
			w := ask(f, "POST", target, "SELECT 1", r.header)
			if got := w.Code == 200; got != r.ok || !r.ok && w.Code != 403 {
				t.Errorf("%s with %s: %d", target, r.header, w.Code)
			}
			if acted := f.asked != "" || len(f.files) > 0; acted != r.ok {
				t.Errorf("%s with %s: acted is %v", target, r.header, acted)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, target := range []string{"/", "/api/state", "/nothing"} {
		h := ask(&fake{}, "GET", target, "").Header()
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "connect-src 'self'", "script-src 'sha256-", "style-src 'sha256-", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: policy %q lacks %s", target, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: policy %q is not strict", target, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", target, h)
		}
	}
}

// The page is small, whole, and has nothing that its own policy would stop.
func TestPage(t *testing.T) {
	w := ask(&fake{}, "GET", "/", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !bytes.Equal(w.Body.Bytes(), page) {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if len(page) > 25<<10 {
		t.Errorf("the page has %d bytes, want at most 25 KiB", len(page))
	}
	for _, element := range []string{"<style>", "</style>", "<script>", "</script>"} {
		if n := bytes.Count(page, []byte(element)); n != 1 {
			t.Errorf("%d times %s: its hash is of exactly one", n, element)
		}
	}
	for _, bad := range []string{` style="`, ` on[a-z]+="`, `(src|action)="`, `href="[^#d]`, `@import`, `url\(`, `innerHTML`, `\beval\(`, `https?://[^'w]`} {
		if found := regexp.MustCompile(bad).Find(bytes.Replace(page, []byte(`href="report"`), nil, 1)); found != nil {
			t.Errorf("the page holds %q", found)
		}
	}
}

// Every label, description and script names an element that is there, once.
func TestPageNames(t *testing.T) {
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllSubmatch(page, -1) {
		ids[string(m[1])]++
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("id %s stands %d times", id, n)
		}
	}
	for _, m := range regexp.MustCompile(`(?: for|aria-labelledby|aria-describedby)="([^"]+)"|\$\("([^"]+)"\)|(?:say)\("([^"]+)"`).FindAllSubmatch(page, -1) {
		name := string(bytes.Join(m[1:], nil))
		if ids[name] == 0 {
			t.Errorf("%s is named, and not there", name)
		}
	}
}
