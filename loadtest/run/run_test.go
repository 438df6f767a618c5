package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/notify"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/loadtest/generate"
)

// A small run with broken files, repeated notifications and a program killed finds every line, and leaves its
// results.
func TestRun(t *testing.T) {
	t.Chdir("../..")
	out, state := t.TempDir(), t.TempDir()
	var said bytes.Buffer
	args := []string{"-name", "small", "-burst", "40", "-rate", "4", "-for", "4s", "-large", "0", "-bad", "0.3", "-repeats", "0.5", "-late", "2s", "-faults", "3s", "-out", out, "-state", state}
	if err := run(t.Context(), args, &said); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	folders, _ := filepath.Glob(filepath.Join(out, "*-small"))
	if len(folders) != 1 {
		t.Fatalf("folders %q", folders)
	}
	var r result
	read(t, folders[0], "result.json", func(data []byte) error { return json.Unmarshal(data, &r) })
	if r.Files < 45 || r.Broken == 0 || r.Broken*2 > r.Files || r.Repeats < 10 || len(r.Problems) != 0 || r.Checked == 0 || r.Checked != r.Rows {
		t.Errorf("%+v", r)
	}
	if int(r.Outcomes["loaded"]) != r.Files-r.Broken || int(r.Outcomes["rejected"]) < r.Broken {
		t.Errorf("outcomes %v, of %d files with %d broken ones", r.Outcomes, r.Files, r.Broken)
	}
	kills := 0
	for _, n := range r.Kills {
		kills += n
	}
	if kills == 0 || r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 || r.Latency.Max < r.Latency.P99 {
		t.Errorf("kills %v, latency %+v", r.Kills, r.Latency)
	}
	inBuckets := 0
	for _, b := range r.Buckets {
		inBuckets += b.Files
	}
	if inBuckets != r.Files-r.Broken {
		t.Errorf("the buckets have %d files", inBuckets)
	}
	read(t, folders[0], "README.md", func(data []byte) error {
		for _, want := range []string{"lines of", "0 problems", "-name small", "latency.svg"} {
			if !strings.Contains(string(data), want) {
				t.Errorf("README.md has no %q:\n%s", want, data)
			}
		}
		return nil
	})
	read(t, folders[0], "latency.png", func(data []byte) error {
		_, err := png.Decode(bytes.NewReader(data))
		return err
	})
	if left, _ := filepath.Glob(filepath.Join(state, "*")); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

func read(t *testing.T, folder, name string, use func(data []byte) error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err == nil {
		err = use(data)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// Nothing is put by a dry run, of which no cloud is started.
func TestDryRun(t *testing.T) {
	var said bytes.Buffer
	if err := run(t.Context(), []string{"-dry-run", "-rate", "50", "-for", "10m"}, &said); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"files, about", "rows, in 10m0s", "alb: into logs.alb", "app: into logs.app"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in %s", want, &said)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-config seneka.yaml", "-config and -bucket go together"},
		{"-config seneka.yaml -bucket b -faults 1s", "-faults kills programs of a local cloud"},
		{"-rate 0", "nothing to put"},
		{"-name a/b", "part of a folder's name"},
		{"-sources alb=x", `"alb=x" is not name=number`},
		{"-sources nlb=1", `no source "nlb"`},
		{"more", `"more" is no option`},
		{"-config missing.yaml -bucket b", "missing.yaml"},
	} {
		if err := run(t.Context(), strings.Fields(tt.args), io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.args, err, tt.want)
		}
	}
}

// What the check must find: each way in which a file's rows or records can be wrong.
func TestCompareFindsEachFlaw(t *testing.T) {
	whole := entry{kind: generate.Spotted, truth: generate.Truth{Rows: 9, Lines: 9, Sum: 77}, bad: 1}
	loaded := record{loaded: 1, rows: 9, rejects: 1}
	cut := entry{kind: generate.Cut}
	for name, tt := range map[string]struct {
		entry
		generate.Truth
		record
		problems int
	}{
		"right":                {whole, whole.truth, loaded, 0},
		"a row is missing":     {whole, generate.Truth{Rows: 8, Lines: 8, Sum: 70}, loaded, 1},
		"a row is there twice": {whole, generate.Truth{Rows: 10, Lines: 9, Sum: 80}, loaded, 1},
		"another value":        {whole, generate.Truth{Rows: 9, Lines: 9, Sum: 78}, loaded, 1},
		"loaded twice":         {whole, whole.truth, record{loaded: 2, rows: 18, rejects: 2}, 1},
		"no record":            {whole, whole.truth, record{}, 1},
		"a reject too few":     {whole, whole.truth, record{loaded: 1, rows: 9}, 1},
		"rejected":             {cut, generate.Truth{}, record{rejected: 2}, 0},
		"broken and loaded":    {cut, generate.Truth{Rows: 1, Lines: 1, Sum: 1}, record{loaded: 1, rows: 1}, 3},
		"broken, no record":    {cut, generate.Truth{}, record{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := &checked{}
			if c.compare("f", &tt.entry, tt.Truth, tt.record); len(c.problems) != tt.problems {
				t.Errorf("%d problems: %q", len(c.problems), c.problems)
			}
			if err := (&result{Problems: c.problems}).failure(); (err == nil) != (tt.problems == 0) {
				t.Errorf("the run ends with %v", err)
			}
		})
	}
}

// Rows that become visible in parts are a problem; a file is seen once, and the oldest that is not bounds the query.
func TestLedger(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var l ledger
	l.know("alb", row.Table{Project: "p", Dataset: "d", Name: "alb"})
	l.know("unzipped", row.Table{Project: "p", Dataset: "d", Name: "alb"})
	l.know("elb", row.Table{Project: "p", Dataset: "d", Name: "elb"})
	for i, name := range []string{"a", "b", "c"} { // a second apart
		l.put(name, generate.File{Kind: generate.Whole, Truth: generate.Truth{Rows: 5}}, at.Add(time.Duration(i)*time.Second))
	}
	l.put("cut", generate.File{Kind: generate.Cut}, at)
	if _, ok := l.etag("a"); ok {
		t.Error("a has an ETag before it is stored")
	}
	if l.stored("a", `"x"`); l.waiting() != 3 {
		t.Errorf("%d are waiting", l.waiting())
	}
	l.saw("b", 5, at.Add(3*time.Second))
	if oldest, ok := l.oldest(); !ok || oldest != at {
		t.Errorf("oldest %s, %v", oldest, ok)
	}
	l.saw("a", 4, at.Add(2*time.Second))
	l.saw("a", 5, at.Add(9*time.Second))
	l.saw("unknown", 5, at)
	if oldest, ok := l.oldest(); !ok || oldest != at.Add(2*time.Second) || l.waiting() != 1 {
		t.Errorf("oldest %s, %v; %d waiting, %q", oldest, ok, l.waiting(), l.missing(5))
	}
	if got := l.latencies(); len(got) != 2 || got[0] != 2 || got[1] != 2 {
		t.Errorf("latencies %v", got)
	}
	l.put("d", generate.File{Kind: generate.Whole}, at.Add(2*time.Minute))
	if got := l.minutes(at); len(got) != 3 || got[0].P50 != 2 || got[1] != (quantiles{}) || got[2] != (quantiles{}) {
		t.Errorf("minutes %+v", got)
	}
	if len(l.problem) != 1 || !strings.Contains(l.problem[0], "a: 4 rows") {
		t.Errorf("problems %q", l.problem)
	}
	if sql := l.pollSQL(at); strings.Count(sql, "SELECT") != 2 || !strings.Contains(sql, "`p.d.elb` WHERE loaded_at >= TIMESTAMP '2026-03-01 10:00:00.000000+00'") {
		t.Error(sql)
	}
}

// The forwarder understands each notification that is sent again as the file that it is about.
func TestNotification(t *testing.T) {
	const key = "logs/a b+c.gz"
	for way := range 3 {
		text, err := notification(way, "b", key, "0123", 7)
		if err != nil {
			t.Fatal(err)
		}
		m, err := notify.S3([]byte(text))
		if err != nil || len(m.Events) != 1 {
			t.Fatalf("way %d: %+v, %v", way, m, err)
		}
		if e := m.Events[0]; e.Bucket != "b" || e.Key != key || e.Version != (object.Version{ETag: "0123", Size: 7}) {
			t.Errorf("way %d: %+v", way, e)
		}
	}
}

func TestQuantilesAndBuckets(t *testing.T) {
	var sorted []float64
	for i := 1; i <= 1000; i++ {
		sorted = append(sorted, float64(i)/100)
	}
	if q := quantilesOf(sorted); q != (quantiles{5, 9, 9.9, 9.99, 10}) {
		t.Errorf("%+v", q)
	}
	if q := quantilesOf(nil); q != (quantiles{}) {
		t.Errorf("of nothing %+v", q)
	}
	all, files := buckets(sorted), 0
	for i, b := range all {
		files += b.Files
		if i > 0 && b.Up <= all[i-1].Up {
			t.Errorf("bucket %d: %+v behind %+v", i, b, all[i-1])
		}
	}
	if files != 1000 || all[0].Up < 0.01 || all[0].Up > 0.02 || all[len(all)-1].Up != 10 {
		t.Errorf("%d files in %+v", files, all)
	}
	if buckets(nil) != nil {
		t.Error("buckets of nothing")
	}
}

// The table of the documentation is that of the results that are committed.
func TestDocs(t *testing.T) {
	all, err := results("../results")
	if err != nil {
		t.Fatal(err)
	}
	want := summary(all)
	data, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), strings.TrimSpace(want)) {
		t.Errorf("docs/performance.md has another table than go run ./loadtest/run -docs docs/performance.md writes:\n%s", want)
	}
}
