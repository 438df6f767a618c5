package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/localcloud/dashboard"
)

// The dashboard shows the same with forwarder and loader in the cloud's process, and elsewhere.
func TestDashboard(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		dir := t.TempDir()
		p := &pipeline{args: append([]string{"local", "--data", filepath.Join(dir, "data"), "--ready-file", filepath.Join(dir, "ready.json"), "--loader-port", "0"}, freePorts()...)}
		p.startCloud(t)
		testDashboard(t, p.ready.Dashboard)
		p.cloud.stop(t, loaderDrain)
	})
	t.Run("only cloud", func(t *testing.T) {
		p := startPipeline(t, freePorts()...)
		p.startForwarder(t)
		p.startLoader(t)
		testDashboard(t, p.ready.Dashboard)
	})
}

func testDashboard(t *testing.T, url string) {
	if page := fetch(t, url+"/", "", 200); !strings.Contains(page, "<title>Seneka") {
		t.Errorf("the page is %.200s", page)
	}
	if s := stateOf(t, url); s.Objects != 0 || s.Rows != 0 || len(s.Files) != 0 {
		t.Errorf("at first: %+v", s)
	}
	if got := fetch(t, url+"/api/query", "SELECT * FROM logs.alb", 400); !strings.HasPrefix(got, `{"error":"Not found: Table local:logs.alb`) {
		t.Errorf("a query before the table is there: %s", got)
	}

	lines := realLines(t)[:3]
	good, bad := "odd/ a b//../café +% ?#&=.log", "broken.log"
	upload(t, url, good, string(asText(lines)))
	upload(t, url, bad, "no log\n")
	upload(t, url, "notes.txt", "no log either\n")
	state := awaitFiles(t, url, 2)

	if state.Objects != 3 || state.Landed != 2 || state.Rows != 3 || state.Loads["loaded"] != 1 || state.Loads["rejected"] != 1 {
		t.Errorf("state is %+v", state)
	}
	files := map[string]dashboard.File{}
	for _, f := range state.Files {
		files[f.File] = f
	}
	f := files["s3://logs/"+good]
	if f.Outcome != "loaded" || f.Rows != 3 || f.Rejects != 0 || f.Reason != "" || f.Table != "local.logs.alb" || f.Seconds == nil || *f.Seconds <= 0 || f.At.IsZero() {
		t.Errorf("the good file: %+v", f)
	}
	f = files["s3://logs/"+bad]
	if f.Outcome != "rejected" || f.Rows != 0 || f.Reason == "" || f.Seconds != nil || f.At.IsZero() {
		t.Errorf("the bad file: %+v", f)
	}
	if page := fetch(t, url+"/report", "", 200); !strings.Contains(page, "1 file came in with 3 rows") {
		t.Errorf("the report is %.3000s", page)
	}
	testQueries(t, url)
	testRoutes(t, url)
}

// testQueries runs every example, and what the page must show well.
func testQueries(t *testing.T, url string) {
	t.Helper()
	var setup dashboard.Setup
	decode(t, fetch(t, url+"/api/setup", "", 200), &setup)
	if len(setup.Examples) != 3 || len(setup.Buckets) != 1 || setup.Buckets[0] != "logs" || len(setup.Endpoints) == 0 {
		t.Errorf("setup is %+v", setup)
	}
	for _, e := range append(setup.Examples, exampleQueries(config.Source{Format: "alb", Table: "logs.{name}"})...) {
		var table dashboard.Table
		decode(t, fetch(t, url+"/api/query", e.SQL, 200), &table)
		if len(table.Rows) == 0 {
			t.Errorf("%s: no rows", e.Title)
		}
	}
	for sql, answer := range map[string]string{
		"SELECT 1 AS n, 'a' AS s, NULL AS z, [1, 2] AS l": `{"columns":[{"name":"n","numeric":true},{"name":"s","numeric":false},{"name":"z","numeric":true},{"name":"l","numeric":false}],"rows":[["1","a",null,"[1,2]"]],"more":false}`,
		"SELECT 1 AS n FROM UNNEST([1]) WHERE FALSE":      `{"columns":[{"name":"n","numeric":true}],"rows":[],"more":false}`,
	} {
		if got := fetch(t, url+"/api/query", sql, 200); got != answer {
			t.Errorf("%s: %s, want %s", sql, got, answer)
		}
	}
	if got := fetch(t, url+"/api/query", "SELEC", 400); !strings.HasPrefix(got, `{"error":"Syntax error: `) {
		t.Errorf("a wrong query: %s", got)
	}
	var many dashboard.Table
	decode(t, fetch(t, url+"/api/query", "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 501)) AS n", 200), &many)
	if len(many.Rows) != 500 || !many.More {
		t.Errorf("%d rows of 501, more is %v", len(many.Rows), many.More)
	}
}

func testRoutes(t *testing.T, url string) {
	t.Helper()
	for key, want := range map[string]string{
		"x.log":     `{"source":"alb-plain","format":"alb","table":"logs.alb"}`,
		"notes.txt": "null",
	} {
		if got := fetch(t, url+"/api/route?bucket=logs&key="+key, "", 200); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	query := "?bucket=no-such&key=x.log"
	if got := fetch(t, url+"/api/files"+query, "x", 502); got != `{"error":"The specified bucket does not exist"}` {
		t.Errorf("put into a bucket that is not there: %s", got)
	}
}

// fetch posts body, or gets if it is empty, and returns the answer.
func fetch(t *testing.T, url, body string, status int) string {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("%s %s: %d %s, %v; want %d", method, url, resp.StatusCode, data, err, status)
	}
	return string(data)
}

func upload(t *testing.T, base, key, data string) {
	t.Helper()
	fetch(t, base+"/api/files?"+url.Values{"bucket": {"logs"}, "key": {key}}.Encode(), data, 200)
}

func stateOf(t *testing.T, url string) dashboard.State {
	t.Helper()
	var s dashboard.State
	decode(t, fetch(t, url+"/api/state", "", 200), &s)
	return s
}

// awaitFiles waits for n files at the end of their way, and for nothing to be on its own.
func awaitFiles(t *testing.T, url string, n int) (s dashboard.State) {
	t.Helper()
	await(t, "files on the dashboard", func() (bool, string) {
		s = stateOf(t, url)
		idle := s.Queue.Waiting+s.Queue.InFlight+s.Push.Waiting+s.Push.InFlight == 0
		return len(s.Files) == n && idle && s.Push.Done == n, fmt.Sprintf("%+v", s)
	})
	return s
}

func decode(t *testing.T, data string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), v); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
}
