package backfill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// route knows two sources: keys that end in .log go to one table of dataset logs, those under
// apps/NAME/ to a table of dataset apps each.
func route(s object.Source) (load.Target, bool) {
	if app, _, ok := strings.Cut(strings.TrimPrefix(s.Key, "apps/"), "/"); ok && strings.HasPrefix(s.Key, "apps/") {
		return load.Target{Source: "app", Table: row.Table{Project: "p", Dataset: "apps", Name: "app_" + app}}, true
	}
	if strings.HasSuffix(s.Key, ".log") {
		return load.Target{Source: "alb", Table: row.Table{Project: "p", Dataset: "logs", Name: "alb"}}, true
	}
	return load.Target{}, false
}

// loadLog is the load logs of all datasets.
type loadLog struct {
	mu      sync.Mutex
	records map[row.Table][]load.Record
	queries []load.HistoryQuery
	broken  error
}

func (l *loadLog) Loads(_ context.Context, q load.HistoryQuery, each func(load.Record)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queries = append(l.queries, q)
	if l.broken != nil {
		return l.broken
	}
	told := map[string]bool{} // once for each file, version, table and outcome
	for _, r := range l.records[q.Log] {
		if key := fmt.Sprint(r.SourceFile, r.Version, r.Table, r.Outcome); r.SourceFile >= q.First && r.SourceFile <= q.Last && !r.LoadedAt.Before(q.LoadedSince) && !r.ForwardedAt.Before(q.ForwardedSince) && !told[key] {
			told[key] = true
			each(r)
		}
	}
	return nil
}

// add records an outcome of an object, as its loader would.
func (l *loadLog) add(o object.Event, outcome load.Outcome, change func(*load.Record)) {
	target, _ := route(o.Source)
	r := load.Record{Outcome: outcome, SourceFile: o.Source.String(), Version: o.Version, Table: target.Table.String(), LoadedAt: o.Time, ForwardedAt: o.Time}
	if change != nil {
		change(&r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records == nil {
		l.records = map[row.Table][]load.Record{}
	}
	log := load.LogTable(target.Table)
	l.records[log] = append(l.records[log], r)
}

func mustPlan(t *testing.T, b *bucket, l *loadLog, j Job) *Plan {
	t.Helper()
	j.Bucket = "b"
	plan, err := (&Planner{Lister: b, History: l, Route: route}).Plan(t.Context(), j, "")
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func (p *Plan) keys() (keys []string) {
	for _, f := range p.Files {
		keys = append(keys, f.Key)
	}
	return keys
}

func TestPlanSorts(t *testing.T) {
	b := newBucket("c.log", "a.log", "x/b.log", "apps/one/1", "apps/two/2", "readme.txt", "a/notes.txt", "folder.log/", "empty.log")
	b.objects[b.at("empty.log")].Size = 0
	plan := mustPlan(t, b, &loadLog{}, Job{})
	if got, want := fmt.Sprint(plan.keys()), "[a.log apps/one/1 apps/two/2 c.log x/b.log]"; got != want {
		t.Errorf("to do: %s, want %s", got, want)
	}
	for _, s := range plan.Sources {
		want := map[string]Count{"alb": {3, 300}, "app": {2, 200}}[s.Source]
		if s.Found != want || s.ToDo != want || s.Loaded != (Count{}) {
			t.Errorf("source %+v, want %+v to do", s, want)
		}
	}
	if plan.Unmatched != (Count{2, 200}) || plan.Example != "s3://b/a/notes.txt" || plan.Empty != 2 {
		t.Errorf("left out: %+v such as %s, and %d empty; want 2 files such as s3://b/a/notes.txt, and 2", plan.Unmatched, plan.Example, plan.Empty)
	}
	if total := plan.Totals(); total.Found != (Count{5, 500}) {
		t.Errorf("total %+v", total)
	}
	if plan.Files[0].Target != plan.Files[3].Target {
		t.Error("files of one table do not share their target")
	}
}

func TestPlanAsksWhatIsLoaded(t *testing.T) {
	tests := []struct {
		name    string
		outcome load.Outcome
		change  func(*load.Record)
		toDo    bool
	}{
		{"loaded", load.Loaded, nil, false},
		{"a duplicate, so it was loaded before", load.Duplicate, nil, false},
		{"another version's rows stay", load.Changed, nil, false},
		{"no log", load.Ignored, nil, false},
		{"rejected: the format may have been mended since", load.Rejected, nil, true},
		{"superseded", load.Superseded, nil, true},
		{"deferred", load.Deferred, nil, true},
		{"an outcome of a later release", "quarantined", nil, true},
		{"another version", load.Loaded, func(r *load.Record) { r.Version.ETag = "other" }, true},
		{"another size", load.Loaded, func(r *load.Record) { r.Version.Size++ }, true},
		{"another table", load.Loaded, func(r *load.Record) { r.Table = "p.logs.elsewhere" }, true},
		{"another file", load.Loaded, func(r *load.Record) { r.SourceFile += "x" }, true},
		{"the loader's clock is a little behind", load.Loaded, func(r *load.Record) { r.LoadedAt = r.LoadedAt.Add(-clocks / 2) }, false},
	}
	for _, test := range tests {
		b, l := newBucket("a.log", "b.log", "c.log"), &loadLog{}
		l.add(b.objects[1], test.outcome, test.change)
		plan := mustPlan(t, b, l, Job{})
		want := "[a.log c.log]"
		if test.toDo {
			want = "[a.log b.log c.log]"
		}
		if got := fmt.Sprint(plan.keys()); got != want {
			t.Errorf("%s: to do %s, want %s", test.name, got, want)
		}
		s := plan.Sources[0]
		if s.ToDo.Files != len(plan.Files) || s.ToDo.Files+s.Loaded.Files != 3 || s.ToDo.Bytes+s.Loaded.Bytes != s.Found.Bytes {
			t.Errorf("%s: the sums are %+v", test.name, s)
		}
	}
}

// However many files there are, each load log is asked once, and for no more than is needed.
func TestPlanAsksOncePerLog(t *testing.T) {
	var keys []string
	for i := range 3000 {
		keys = append(keys, fmt.Sprintf("d/%05d.log", i), fmt.Sprintf("apps/app-%03d/%05d", i%200, i))
	}
	b, l := newBucket(keys...), &loadLog{}
	b.objects[0].Time = putTime.AddDate(0, -1, 0)
	for _, o := range b.objects {
		l.add(o, load.Loaded, nil)
		l.add(o, load.Duplicate, nil)
	}
	plan := mustPlan(t, b, l, Job{})
	if len(plan.Files) != 0 {
		t.Errorf("%d files to do of files that are all loaded", len(plan.Files))
	}
	if len(l.queries) != 2 {
		t.Errorf("%d queries for 201 tables in 2 datasets, want 2", len(l.queries))
	}
	for _, q := range l.queries {
		want := load.HistoryQuery{Log: q.Log, First: "s3://b/d/00000.log", Last: "s3://b/d/02999.log", LoadedSince: putTime.Add(-clocks)}
		if q.Log.Dataset == "apps" {
			want.First, want.Last, want.LoadedSince = "s3://b/apps/app-000/00000", "s3://b/apps/app-199/02999", putTime.AddDate(0, -1, 0).Add(-clocks)
		}
		if q != want {
			t.Errorf("asked %+v, want %+v", q, want)
		}
	}
}

func TestPlanGoesOnBehindAKey(t *testing.T) {
	b := newBucket("a.log", "b.log", "c/d.log", "c/e.log")
	plan, err := (&Planner{Lister: b, History: &loadLog{}, Route: route}).Plan(t.Context(), Job{Bucket: "b"}, "c/d.log")
	if err != nil || fmt.Sprint(plan.keys()) != "[c/e.log]" {
		t.Errorf("behind c/d.log: %v, %v", plan, err)
	}
}

// A plan of which something could not be learnt is none.
func TestPlanFails(t *testing.T) {
	b := newBucket("a.log")
	broken := errkind.With(errkind.Transient, errors.New("backend error"))
	if _, err := (&Planner{Lister: b, History: &loadLog{broken: broken}, Route: route}).Plan(t.Context(), Job{Bucket: "b"}, ""); !errors.Is(err, broken) {
		t.Errorf("without the load log: %v", err)
	}
	if _, err := (&Planner{Lister: b, History: &loadLog{}, Route: route}).Plan(t.Context(), Job{Bucket: "another"}, ""); err == nil {
		t.Error("without a listing: no error")
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string][2]string{
		"s3://b": {"b", ""}, "s3://b/": {"b", ""}, "s3://b/p": {"b", "p"}, "s3://b/p/q/": {"b", "p/q/"}, "s3://b//p": {"b", "/p"},
		"": {}, "b/p": {}, "s3:///p": {}, "s3://": {}, "gs://b/p": {}, "S3://b/p": {},
	} {
		bucket, prefix, err := ParseURL(text)
		if (err == nil) != (want[0] != "") || err == nil && [2]string{bucket, prefix} != want {
			t.Errorf("ParseURL(%q) = %q, %q, %v", text, bucket, prefix, err)
		}
	}
}
