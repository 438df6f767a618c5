package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// A few files of both kinds pass the real loader: all their rows are counted, and what each file asks of the
// services. The times are not looked at.
func TestLoad(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this system does not tell what programs take: ", err)
	}
	t.Chdir("../..")
	const files, rows, largeRows = 12, 30, 6000
	var out bytes.Buffer
	err := run(t.Context(), []string{"-at-a-time", "4", "-files", "12", "-rows", "30", "-large-files", "2", "-large-rows", "6000", "-gcs-latency", "1ms", "-append-latency", "1ms", "-json"}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Near, Far []*result
		Traffic   []*traffic
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Near) != 2 || len(got.Far) != 2 || len(got.Traffic) != 3 {
		t.Fatalf("%d and %d results, %d volumes", len(got.Near), len(got.Far), len(got.Traffic))
	}
	for _, r := range append(got.Near, got.Far...) {
		wantFiles, wantRows, commits := files, int64(rows), 0.0
		if r.Name == "large" {
			wantFiles, wantRows, commits = 2, largeRows, 1
		}
		if r.Files != wantFiles || r.Rows != wantRows*int64(wantFiles) || r.Written <= r.Text/4 || r.Stored >= r.Text {
			t.Errorf("%s: %d files, %d rows, bytes %d, %d, %d", r.Name, r.Files, r.Rows, r.Stored, r.Text, r.Written)
		}
		for kind, want := range map[string]float64{objectGet: 1, claimGet: 1, claimPut: 1, otherCall: 0, "BatchCommitWriteStreams": commits} {
			if r.Requests[kind] != want {
				t.Errorf("%s, %d at a time: %v requests %q of each file, want %v", r.Name, r.Concurrency, r.Requests[kind], kind, want)
			}
		}
		if s := namedSteps(r); s["claim read"] <= 0 || s["claim written"] <= 0 || s["append"] <= 0 || s["the load"] < s["claim written"] {
			t.Errorf("%s: steps %v", r.Name, s)
		}
		if r.Streams < 1 || r.Appending < 1 || r.Connections < 1 || r.Peak == 0 || r.Sockets == 0 {
			t.Errorf("%s: %+v", r.Name, r)
		}
	}
	b := &bench{}
	if text := b.report(got.Near, got.Far, time.Now()); strings.Count(text, "| 12 small, of 30 rows,") != 2 || strings.Count(text, "| 2 large, of 6,000 rows,") != 2 || strings.Contains(text, "%!") {
		t.Errorf("report:\n%s", text)
	}
}

func TestSteps(t *testing.T) {
	const text = `# TYPE seneka_calls_duration_seconds histogram
seneka_calls_duration_seconds_bucket{call="claim.get",service="gcs",status="not found",le="0.005"} 3
seneka_calls_duration_seconds_sum{call="claim.get",service="gcs",status="not found"} 0.5
seneka_calls_duration_seconds_count{call="claim.get",service="gcs",status="not found"} 4
seneka_calls_duration_seconds_sum{call="claim.get",service="gcs",status="ok"} 0.25
seneka_calls_duration_seconds_count{call="claim.get",service="gcs",status="ok"} 1
seneka_loader_duration_seconds_sum{outcome="loaded"} 2
seneka_loader_duration_seconds_count{outcome="loaded"} 4
seneka_loader_files_total{outcome="loaded",source="alb"} 4
`
	s := parseSteps(text)
	if len(s) != 2 || s["claim.get"] != (spent{5, 0.75}) || s[ofLoads] != (spent{4, 2}) {
		t.Errorf("%v", s)
	}
	got := s.since(steps{"claim.get": {1, 0.25}, ofLoads: {4, 2}}, 4)
	if len(got) != 1 || got["claim.get"] != 125 {
		t.Errorf("%v", got)
	}
}

func TestKindOf(t *testing.T) {
	for request, want := range map[string]string{
		"GET /ledger-1/claims/logs.alb/00/0.json": claimGet, "GET /landing/elb-logs/a.log.gz": objectGet,
		"POST /upload/storage/v1/b/ledger-1/o": claimPut, "POST /upload/storage/v1/b/landing/o": otherCall,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := kindOf(httptest.NewRequest(method, path, nil)); got != want {
			t.Errorf("%s is %s, want %s", request, got, want)
		}
	}
}

// Every quota has a date, a page, a remedy and a use.
func TestQuotas(t *testing.T) {
	all, err := quotas()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(needs) {
		t.Errorf("%d quotas, %d needs", len(all), len(needs))
	}
	for _, q := range all {
		_, err := time.Parse(time.DateOnly, q.Date)
		if needs[q.Name] == nil || err != nil || !strings.HasPrefix(q.Source, "https://") || q.Remedy == "" || q.What == "" || q.Unit == "" || q.Allowed <= 0 {
			t.Errorf("%+v", q)
		}
	}
}

// The arithmetic of numbers that can be reckoned by hand.
func TestReckon(t *testing.T) {
	all, err := quotas()
	if err != nil {
		t.Fatal(err)
	}
	f := perFile{cpu: 0.006, load: 0.5, written: 1e6, push: 1500, streams: 0.01}
	got, err := reckon(86_400_000, 5, 10, f, all) // 1,000 a second, 5,000 at the peak
	if err != nil {
		t.Fatal(err)
	}
	if got.CPUs != 30 || got.Loads != 2500 || got.Instances != 250 || got.byCPU {
		t.Errorf("%+v", got)
	}
	want := map[string]float64{
		"create_streams": 2500 + 5000*36, "landing_writes": 5000, "append_region": 5000, "connections_region": 2750, "pubsub_push": 7.5, "instances": 250,
	}
	for _, u := range got.Uses {
		if n, ok := want[u.Name]; ok && u.Needed != n {
			t.Errorf("%s: %v, want %v", u.Name, u.Needed, n)
		}
	}
	if first := got.Uses[0]; first.Name != "create_streams" || first.Share != 18.25 || !strings.Contains(got.advice(), "1,825%: ask for more") {
		t.Errorf("the first is %+v: %s", first, got.advice())
	}
	f.cpu = 0.06
	if got, _ = reckon(8640, 1, 10, f, all); !got.byCPU || got.Instances != 1 || !strings.Contains(got.advice(), "would be reached at about") {
		t.Errorf("%+v: %s", got, got.advice())
	}
	text := (&bench{}).arithmetic([]*traffic{got})
	if strings.Contains(text, "%!") || !strings.Contains(text, "| 8,640 | 0.1 | 0.1 |") {
		t.Error(text)
	}
	if _, err := reckon(1, 1, 1, f, []quota{{Name: "other"}}); err == nil {
		t.Error("a quota that nothing is known of is taken")
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[float64]string{1e8: "100 million", 1657e6: "1,657 million", 86400: "86,400", 12.6: "13", 3: "3", 0.1234: "0.12", 0: "0"} {
		if got := count(n); got != want {
			t.Errorf("%v is written %q, want %q", n, got, want)
		}
	}
	if about(2156334) != "2,200,000" || percent(34.52) != "3,452%" || percent(0.01) != "1%" || percent(1e-6) != "< 0.01%" || percent(0) != "0%" {
		t.Error(about(2156334), percent(34.52), percent(0.01), percent(1e-6), percent(0))
	}
}
