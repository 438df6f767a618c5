//go:build cgo

package report

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/row"
)

// now is when the tests ask.
var now = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

// bench is a local BigQuery with the logs that a loader makes.
type bench struct {
	*testing.T
	*bqtest.Server
	client *bqquery.Client
	log    row.Table
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, Server: bqtest.Start(t)}
	var err error
	if b.client, err = bqquery.New(context.Background(), "local", bqquery.EmulatorOptions(b.REST)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.client.Close(); err != nil {
			t.Error(err)
		}
	})
	b.log = row.Table{Project: "local", Dataset: "logs", Name: "seneka_load_log"}
	for t, spec := range load.LogSpecs(b.log) {
		b.Table(t.Name, spec)
	}
	return b
}

// write puts a row into a log: values by column.
func (b *bench) write(t row.Table, values map[string]any) {
	b.Helper()
	var cells []any
	used := 0
	for _, c := range load.LogSpecs(t)[t].Columns {
		v, ok := values[c.Name]
		if ok {
			used++
		}
		if s, isTime := v.(time.Time); isTime && s.IsZero() {
			v = nil
		}
		cells = append(cells, v)
	}
	if used != len(values) {
		b.Fatalf("%v has columns that %s has not", values, t)
	}
	b.Insert(t, cells)
}

// loaded is a load that began so long before now. What it leaves out is as of a file that came by an
// event and was queryable after the seconds.
type loaded struct {
	file, source, attempt string
	outcome               load.Outcome
	ago                   time.Duration
	seconds               float64
	rows, rejects, bytes  int64
	reason                string
	streams               int64
	backfilled            bool
}

func (b *bench) loads(loads ...loaded) {
	b.Helper()
	for i, l := range loads {
		if l.attempt == "" {
			l.attempt = fmt.Sprint("attempt-", l.file, i)
		}
		if l.outcome == "" {
			l.outcome = load.Loaded
		}
		began := now.Add(-l.ago)
		put := began.Add(-time.Second)
		values := map[string]any{
			"attempt": l.attempt, "outcome": string(l.outcome), "source": l.source, "source_file": "s3://b/" + l.file, "table_name": "local.logs." + l.source,
			"size": l.bytes / 2, "bytes": l.bytes, "row_count": l.rows, "reject_count": l.rejects, "loaded_at": began, "started_at": began,
			"event_time": put, "received_at": put.Add(100 * time.Millisecond), "forwarded_at": put.Add(150 * time.Millisecond),
			"published_at": put.Add(400 * time.Millisecond), "streams": l.streams, "etag": "v1",
		}
		if l.outcome == load.Loaded {
			values["visible_at"] = put.Add(time.Duration(l.seconds * 1e9))
		}
		if l.reason != "" {
			values["reason"] = l.reason
		}
		if l.backfilled {
			delete(values, "received_at")
			values["event_time"] = now.AddDate(-1, 0, 0)
		}
		b.write(b.log, values)
	}
}

func (b *bench) reject(attempt, source, file string, line int64, reason string, ago time.Duration) {
	b.Helper()
	b.write(load.RejectTable(b.log), map[string]any{"attempt": attempt, "source": source, "source_file": "s3://b/" + file, "source_line": line, "reason": reason, "loaded_at": now.Add(-ago)})
}

func (b *bench) question() Question {
	none := row.Table{Project: "local", Dataset: "none", Name: "seneka_load_log"}
	return Question{Logs: []row.Table{none, b.log}, Since: now.AddDate(0, 0, -7), Until: now}
}

func (b *bench) read(q Question) *Report {
	b.Helper()
	r, err := Read(b.Context(), b.client, q)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (b *bench) status(q Question, sources ...string) *Status {
	b.Helper()
	s, err := ReadStatus(b.Context(), b.client, q, sources)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// week is some of everything.
func (b *bench) week() {
	b.Helper()
	b.loads(
		loaded{file: "a1", source: "alb", ago: 10 * time.Minute, seconds: 2, rows: 10, rejects: 1, bytes: 100, streams: 2, attempt: "a1"},
		loaded{file: "a1", source: "alb", ago: 10 * time.Minute, seconds: 7, rows: 10, rejects: 1, bytes: 100, streams: 2, attempt: "a1"}, // written again, later
		loaded{file: "a1", source: "alb", ago: 9 * time.Minute, outcome: load.Duplicate, reason: "loaded before"},
		loaded{file: "a2", source: "alb", ago: 20 * time.Minute, seconds: 4, rows: 20, bytes: 400, streams: 1},
		loaded{file: "a3", source: "alb", ago: 5 * time.Hour, seconds: 40, rows: 30, bytes: 60},
		loaded{file: "a4", source: "alb", ago: 5 * 24 * time.Hour, seconds: 0.5, rows: 40, bytes: 80},
		loaded{file: "old", source: "alb", ago: 8 * 24 * time.Hour, seconds: 1000, rows: 1000, bytes: 5000},
		loaded{file: "bf", source: "vpc", ago: 30 * time.Minute, rows: 500, bytes: 9000, backfilled: true},
		loaded{file: "bad", source: "vpc", ago: 26 * time.Hour, outcome: load.Rejected, reason: `gzip: "x" at 17`, attempt: "bad"},
		loaded{file: "mended", source: "vpc", ago: 26 * time.Hour, outcome: load.Rejected, reason: `gzip: "y" at 18`},
		loaded{file: "mended", source: "vpc", ago: 25 * time.Hour, seconds: 3, rows: 5, bytes: 50},
		loaded{file: "huge", source: "alb", ago: 3 * time.Hour, outcome: load.Deferred, reason: "not read within 8m0s", streams: 4},
	)
	b.reject("a1", "alb", "a1", 7, "field 3 is no number", 10*time.Minute)
	b.reject("a1", "alb", "a1", 7, "field 3 is no number", 10*time.Minute) // at least once
	b.reject("broke-off", "alb", "a1", 8, "field 9 is no number", 10*time.Minute)
	b.reject("bad", "vpc", "bad", 1, "field 12 is no number", 26*time.Hour)
	b.reject("bad", "vpc", "bad", 2, "field 1 is no number", 26*time.Hour)
}

func TestRead(t *testing.T) {
	b := newBench(t)
	b.week()
	r := b.read(b.question())
	alb := Totals{Source: "alb", Files: 4, Rows: 100, Rejects: 1, Bytes: 640, Size: 320, Outcomes: Outcomes{Deferred: 1, Duplicate: 1}, Freshness: Freshness{4, 2, 40, 40, 40}}
	vpc := Totals{Source: "vpc", Files: 2, Rows: 505, Bytes: 9050, Size: 4525, Outcomes: Outcomes{Rejected: 2}, Freshness: Freshness{1, 3, 3, 3, 3}}
	all := Totals{Files: 6, Rows: 605, Rejects: 1, Bytes: 9690, Size: 4845, Outcomes: Outcomes{Rejected: 2, Deferred: 1, Duplicate: 1}, Freshness: Freshness{5, 3, 40, 40, 40}}
	for _, c := range [][2]Totals{{r.Total, all}, {r.Sources[0], alb}, {r.Sources[1], vpc}} {
		if c[0].Freshness.P50 = math.Round(c[0].Freshness.P50); c[0] != c[1] {
			t.Errorf("totals are %+v,\nwant %+v", c[0], c[1])
		}
	}
	if r.Streams != (Streams{Made: 7}) {
		t.Errorf("streams %+v", r.Streams)
	}
	if want := []Reason{{"vpc", "field N is no number", 2, "s3://b/bad", 1}, {"alb", "field N is no number", 1, "s3://b/a1", 7}}; !reflect.DeepEqual(r.Rejects, want) {
		t.Errorf("rejects %+v, want %+v", r.Rejects, want)
	}
	if len(r.Rejected) != 1 || r.Rejected[0].Reason != `gzip: "…" at N` || r.Rejected[0].Count != 2 {
		t.Errorf("rejected %+v", r.Rejected)
	}
	names := func(files []File) (got []string) {
		for _, f := range files {
			got = append(got, strings.TrimPrefix(f.File, "s3://b/")+" "+string(f.Outcome))
		}
		return got
	}
	for what, c := range map[string][2][]string{
		"slowest":    {names(r.Slowest), {"a3 loaded", "a2 loaded", "mended loaded", "a1 loaded", "a4 loaded"}},
		"largest":    {names(r.Largest)[:2], {"bf loaded", "a2 loaded"}},
		"not loaded": {names(r.Open.Files), {"bad rejected", "huge deferred"}},
	} {
		if !slices.Equal(c[0], c[1]) {
			t.Errorf("%s: %q, want %q", what, c[0], c[1])
		}
	}
	if f := r.Slowest[0]; f.Seconds != 40 || f.Rows != 30 || f.Table != "local.logs.alb" || f.Bytes != 60 || f.Size != 30 || !f.At.Equal(now.Add(-5*time.Hour)) {
		t.Errorf("slowest %+v", f)
	}
	checkShape(t, r)
}

// checkShape checks what is drawn: sums that have to agree, and no gap.
func checkShape(t *testing.T, r *Report) {
	t.Helper()
	files := int64(0)
	for i, bin := range r.Histogram {
		files += bin.Files
		if i > 0 && bin.From != r.Histogram[i-1].To {
			t.Errorf("a gap before %+v", bin)
		}
	}
	first, last := r.Histogram[0], r.Histogram[len(r.Histogram)-1]
	if files != r.Total.Freshness.Files || first.From > 0.5 || first.To <= 0.5 || last.From > 40 || last.To <= 40 || first.Files == 0 || last.Files == 0 {
		t.Errorf("%d files from %+v to %+v", files, first, last)
	}
	for i, s := range r.Series {
		var sum Point
		for k, p := range s.Points {
			sum.Files, sum.Rows, sum.Rejects = sum.Files+p.Files, sum.Rows+p.Rows, sum.Rejects+p.Rejects
			if want := s.Points[0].At.Add(time.Duration(int64(k)*r.Step) * time.Second); !p.At.Equal(want) {
				t.Errorf("point %d of %s is at %s, want %s", k, s.Source, p.At, want)
			}
		}
		if of := r.Sources[i]; s.Source != of.Source || sum.Files != of.Files || sum.Rows != of.Rows || sum.Rejects != of.Rejects {
			t.Errorf("%s: the points sum up to %+v, the totals are %+v", s.Source, sum, of)
		}
		if end := s.Points[len(s.Points)-1].At; s.Points[0].At.After(r.Since) || !end.Before(r.Until) || end.Add(time.Duration(r.Step)*time.Second).Before(r.Until) {
			t.Errorf("%s: from %s to %s", s.Source, s.Points[0].At, end)
		}
	}
	var took []float64
	for _, h := range r.Hops {
		if h.Files != r.Total.Freshness.Files {
			t.Errorf("hop %+v is not of all files", h)
		}
		took = append(took, math.Round(h.P50*1000))
	}
	if want := []float64{100, 50, 250, 600, 2000}; !slices.Equal(took, want) {
		t.Errorf("hops took %v ms, want %v", took, want)
	}
}

// One source, and another time: what lies outside counts nowhere.
func TestReadScope(t *testing.T) {
	b := newBench(t)
	b.week()
	q := b.question()
	q.Source, q.Since, q.Until = "vpc", now.Add(-27*time.Hour), now.Add(-25*time.Hour)
	r := b.read(q)
	if len(r.Sources) != 1 || r.Sources[0].Source != "vpc" || r.Total.Files != 0 || r.Total.Outcomes.Rejected != 2 || len(r.Open.Files) != 2 || len(r.Slowest) != 0 {
		t.Errorf("read %+v", r)
	}
	q.Source = "none' OR TRUE --"
	if r := b.read(q); len(r.Sources) != 0 || r.Total != (Totals{}) {
		t.Errorf("of a source that is not there: %+v", r)
	}
}

// Status and report give the same numbers for the same time.
func TestStatusAgrees(t *testing.T) {
	b := newBench(t)
	b.week()
	s := b.status(b.question(), "idle", "alb")
	q := b.question()
	for _, w := range []struct {
		since time.Duration
		of    func(SourceStatus) Totals
	}{{time.Hour, func(s SourceStatus) Totals { return s.Hour }}, {24 * time.Hour, func(s SourceStatus) Totals { return s.Day }}} {
		q.Since = now.Add(-w.since)
		r := b.read(q)
		if got := w.of(s.Total); got != r.Total || got.Files == 0 {
			t.Errorf("in %s the status has %+v, the report %+v", w.since, got, r.Total)
		}
		for _, want := range r.Sources {
			i := slices.IndexFunc(s.Sources, func(t SourceStatus) bool { return t.Source == want.Source })
			if got := w.of(s.Sources[i]); got != want {
				t.Errorf("in %s the status has %+v, the report %+v", w.since, got, want)
			}
		}
	}
	var names []string
	for _, t := range s.Sources {
		names = append(names, t.Source)
	}
	if want := []string{"idle", "alb", "vpc"}; !slices.Equal(names, want) {
		t.Errorf("sources %q, want those of the configuration first", names)
	}
	if s.Streams.Made != 3 || s.Total.Open != (OpenSource{Rejected: 1, Deferred: 1, Oldest: now.Add(-26 * time.Hour)}) {
		t.Errorf("streams %+v, open %+v", s.Streams, s.Total.Open)
	}
	q = b.question()
	q.Source = "alb"
	if s := b.status(q, "idle", "alb"); len(s.Sources) != 1 || s.Total.Hour.Files != 2 || s.Streams.Made != 3 {
		t.Errorf("of one source: %+v", s)
	}
}

// No log, and one of an older loader.
func TestReadWithoutMuch(t *testing.T) {
	b := newBench(t)
	q := b.question()
	q.Logs = q.Logs[:1]
	if r := b.read(q); len(r.Sources) != 0 || r.Series == nil || r.Open.Files == nil {
		t.Errorf("without a log: %+v", r)
	}
	if s := b.status(q, "alb"); len(s.Sources) != 1 || s.Streams != (Streams{}) {
		t.Errorf("without a log: %+v", s)
	}
	spec := load.LogSpecs(b.log)[b.log]
	spec.Columns = spec.Columns[:spec.Columns.Index("streams")]
	if err := b.DB.DeleteTable(t.Context(), b.log); err != nil {
		t.Fatal(err)
	}
	b.Table(b.log.Name, spec)
	if err := b.DB.DeleteTable(t.Context(), load.RejectTable(b.log)); err != nil {
		t.Fatal(err)
	}
	if r := b.read(b.question()); r.Streams.Unknown == "" || len(r.Rejects) != 0 {
		t.Errorf("of an older loader: %+v", r)
	}
	if s := b.status(b.question()); s.Streams.Unknown == "" {
		t.Errorf("of an older loader: %+v", s)
	}
}
