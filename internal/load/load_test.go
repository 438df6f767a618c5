package load

import (
	"compress/gzip"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

var target = Target{Source: "app", Format: lines, Table: row.Table{Project: "p", Dataset: "d", Name: "t"}, MaxRejectRatio: 0.5}

// newLoader returns a loader over w, as a process that has just started and meets no faults.
func newLoader(w *world) *Loader { return (&process{world: w}).loader() }

// loader returns the loader that reaches the clouds by w.
func (w *process) loader() *Loader {
	to := w.to
	if to.Format == nil {
		to = target
	}
	now := func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(time.Millisecond); return w.now }
	ensured := NewEnsured(w, now)
	if w.warm {
		if err := NewEnsured(&process{world: w.world}, now).dataset(context.Background(), to); err != nil {
			panic(err)
		}
		made := &once{ready: make(chan struct{})}
		close(made.ready)
		ensured.known[to.destination()], ensured.known[destination{Table: logTable(to.Table)}] = made, made
	}
	l := &Loader{
		Route:   func(s object.Source) (Target, bool) { return route(s, to) },
		Landing: w, Ledger: w, Streams: w, Log: w, Tables: ensured, Counter: w, Events: w,
		Now:      now,
		BatchMax: 100,
	}
	if w.slow {
		l.Streams, l.MaxStreams = slowStreams{w}, 2
	}
	if w.pooled {
		l.BatchMax, l.Pool = 0, NewPool(w, l.Now)
		w.mu.Lock()
		w.pools = append(w.pools, l.Pool)
		w.mu.Unlock()
	}
	return l
}

// route takes the files of s3://src and what others put in place of their copies, as a configuration
// with the pattern s3://src/** does.
func route(s object.Source, to Target) (Target, bool) {
	if s.Store == object.GCS {
		to.As, _ = object.CopiedFrom(s.Key)
		return to, to.As.Bucket == "src"
	}
	return to, s.Bucket == "src"
}

// file puts content into landing as version etag of s3://src/key and returns its event.
func (w *world) file(key, etag, content string) File {
	landed := w.put("src/"+key, content)
	return File{Landed: landed, Attrs: object.Attrs{Event: object.Event{
		Source: object.Source{Bucket: "src", Key: key}, Version: object.Version{ETag: etag, Size: int64(len(content))},
		Time: time.Date(2026, 3, 1, 11, 59, 0, 0, time.UTC),
	}}}
}

// visible returns the texts that the table shows of a file, by line.
func (w *world) visible(f File) []string {
	var texts []string
	for _, r := range w.rows {
		if r["source_file"] == f.Source.String() {
			texts = append(texts, fmt.Sprintf("%d:%s", r["source_line"], r["text"]))
		}
	}
	slices.Sort(texts)
	return texts
}

// outcomes returns the outcomes that the load log has of a file, each once.
func (w *world) outcomes(f File) []string {
	var all []string
	for _, r := range w.logs[logTable(target.Table)] {
		if r["source_file"] == f.Source.String() {
			all = append(all, r["outcome"].(string))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func mustLoad(t *testing.T, l *Loader, f File, want Outcome) Result {
	t.Helper()
	res, err := l.Load(t.Context(), f)
	if err != nil || res.Outcome != want {
		t.Fatalf("Load(%s) = %+v, %v; want %s", f.Source, res, err, want)
	}
	return res
}

func TestLoadOutcomes(t *testing.T) {
	gz := func(s string) string {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return b.String()
	}
	tests := []struct {
		name, content string
		want          Outcome
		rows          []string
		rejects       int
		reason        string
	}{
		{name: "rows", content: "a\nb\n", want: Loaded, rows: []string{"1:a", "2:b"}},
		{name: "gzip", content: gz("a\nb\n"), want: Loaded, rows: []string{"1:a", "2:b"}},
		{name: "several batches", content: strings.Repeat("x", 90) + "\n" + strings.Repeat("y", 90) + "\n", want: Loaded,
			rows: []string{"1:" + strings.Repeat("x", 90), "2:" + strings.Repeat("y", 90)}},
		{name: "rejects within the ratio", content: "a\nbad\nb\n", want: Loaded, rows: []string{"1:a", "3:b"}, rejects: 1},
		{name: "too many rejects", content: "a\nbad\nbad\n", want: Rejected, rejects: 2, reason: "2 of 3 records could not be parsed as lines"},
		{name: "a time that BigQuery refuses is a reject", content: "a\nhuge\n", want: Loaded, rows: []string{"1:a"}, rejects: 1},
		{name: "truncated gzip", content: gz("a\nb\n")[:20], want: Rejected, reason: "gzip"},
		{name: "empty", content: "", want: Loaded},
		{name: "control file", content: "control\n", want: Ignored, reason: "control object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			f := w.file("k", "v1", tt.content)
			res := mustLoad(t, newLoader(w), f, tt.want)
			if !slices.Equal(w.visible(f), tt.rows) {
				t.Errorf("visible rows %q, want %q", w.visible(f), tt.rows)
			}
			if got := len(w.logs[rejectTable(target.Table)]); got != tt.rejects || int64(got) != res.Rejects {
				t.Errorf("%d rejects recorded, %d reported, want %d", got, res.Rejects, tt.rejects)
			}
			if !strings.Contains(res.Reason, tt.reason) {
				t.Errorf("reason %q, want it to contain %q", res.Reason, tt.reason)
			}
			if got := w.outcomes(f); !slices.Equal(got, []string{string(tt.want)}) {
				t.Errorf("load log has %q, want only %q", got, tt.want)
			}
		})
	}
}

// Values that held bytes that are no UTF-8 are counted, for the log line and in the load log.
func TestLoadCountsReplaced(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		w := fresh()
		f := w.file("k", "v1", "a\n\xff\xff\nb\xff\nbad\xff\n")
		if res := mustLoad(t, newLoader(w), f, Loaded); res.Replaced != 2 {
			t.Errorf("%d values replaced, want those of two rows, and none of the reject", res.Replaced)
		}
		mustLoad(t, newLoader(w), f, Duplicate)
		var got []any
		for _, r := range w.logs[logTable(target.Table)] {
			got = append(got, r["outcome"], r["replaced_utf8"])
		}
		if want := []any{"loaded", int64(2), "loaded", int64(2), "duplicate", int64(0)}; !slices.Equal(got, want) {
			t.Errorf("load log has %v, want %v", got, want)
		}
	})
}

// The load log says how many streams a load made, also of one that came to nothing: they count against
// the project's quota.
func TestLoadCountsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := strings.Repeat(strings.Repeat("x", 90)+"\n", 50)
		w := newWorld()
		p := &process{world: w}
		l := p.loader()
		l.Streams, l.MaxStreams = slowStreams{p}, 2
		f := w.file("large", "v1", lines)
		mustLoad(t, l, f, Loaded)
		mustLoad(t, l, f, Duplicate)
		mustLoad(t, l, w.file("empty", "v1", ""), Loaded)
		l.Limit = 10 * time.Second
		mustLoad(t, l, w.file("deferred", "v1", lines), Deferred)
		small := newPooledWorld()
		l = newLoader(small)
		mustLoad(t, l, small.file("a", "v1", "a\n"), Loaded)
		mustLoad(t, l, small.file("b", "v1", "b\n"), Loaded)
		var got []any
		for _, w := range []*world{w, small} {
			for _, r := range w.logs[logTable(target.Table)] {
				got = append(got, r["outcome"], r["streams"])
			}
		}
		want := []any{"loaded", int64(2), "loaded", int64(2), "duplicate", int64(0), "loaded", int64(0), "deferred", int64(2), "loaded", int64(1), "loaded", int64(0)}
		if !slices.Equal(got, want) {
			t.Errorf("load log has %v, want %v", got, want)
		}
	})
}

// A healthy file costs what ARCHITECTURE.md lists, and an event where somebody is to hear of it.
func TestLoadCalls(t *testing.T) {
	w := newWorld()
	l := newLoader(w)
	mustLoad(t, l, w.file("first", "v1", "a\n"), Loaded) // makes the tables
	w.calls = nil
	mustLoad(t, l, w.file("k", "v1", "a\nb\n"), Loaded)
	want := []string{"claim.get", "gcs.get", "stream.create", "stream.append", "stream.finalize", "claim.put", "stream.commit", "log.append seneka_load_log", "event"}
	if !slices.Equal(w.calls, want) {
		t.Errorf("calls %q, want %q", w.calls, want)
	}
}

func TestLoadAgain(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\nb\n")
	mustLoad(t, newLoader(w), f, Loaded)
	mustLoad(t, newLoader(w), f, Duplicate)
	newer := w.file("k", "v2", "c\n")
	mustLoad(t, newLoader(w), newer, Changed)
	mustLoad(t, newLoader(w), f, Duplicate)
	if got := w.visible(f); !slices.Equal(got, []string{"1:a", "2:b"}) {
		t.Errorf("visible rows %q: the first version's were to stay, once", got)
	}
}

func TestLoadUnmatched(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\n")
	f.Source.Bucket = "other"
	if res, err := newLoader(w).Load(t.Context(), f); err != nil || res.Outcome != Ignored || len(w.calls) > 0 {
		t.Errorf("Load = %+v, %v after %d calls; want ignored without a call", res, err, len(w.calls))
	}
}

func TestLoadSuperseded(t *testing.T) {
	w := newWorld()
	old := w.file("k", "v1", "a\n")
	w.file("k", "v2", "b\n")
	mustLoad(t, newLoader(w), old, Superseded)

	delete(w.objects, "landing/src/k")
	if res, err := newLoader(w).Load(t.Context(), old); err == nil {
		t.Errorf("a copy that is gone with none newer: %+v, want an error, so that it is seen", res)
	}
}

// The partition column is never NULL: a record without a time takes the file's.
func TestLoadFillsTime(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\nat 2026-02-03T04:05:06Z\n")
	mustLoad(t, newLoader(w), f, Loaded)
	got := map[any]bool{}
	for _, r := range w.rows {
		got[r["time"]] = true
	}
	for _, want := range []time.Time{f.Time, time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)} {
		if !got[want.UnixMicro()] {
			t.Errorf("times %v lack %s", got, want)
		}
	}
}

// Bytes lost on the way are not a broken file: they come again.
func TestLoadCutBody(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\nb\n")
	l := newLoader(w)
	l.Landing = cutting{&process{world: w}}
	if res, err := l.Load(t.Context(), f); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("Load of a body cut short = %+v, %v; want a transient error", res, err)
	}
	mustLoad(t, newLoader(w), f, Loaded)
}

type cutting struct{ *process }

func (c cutting) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	b, err := c.process.Open(ctx, o)
	b.Size++
	return b, err
}

// Equal lines are different records: nothing takes one for a repeat of the other.
func TestLoadEqualLines(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\na\na\n")
	mustLoad(t, newLoader(w), f, Loaded)
	w.checkOnce(t, f, []string{"1:a", "2:a", "3:a"}, nil)
}

// Deliveries of one file at the same time, on several instances, in versions of two.
func TestLoadConcurrently(t *testing.T) {
	for round := range 200 {
		w := newWorld()
		f := w.file("k", "v1", "a\nbad\nb\n")
		var wg sync.WaitGroup
		outcomes := make(chan Outcome, 8)
		for range 8 {
			wg.Go(func() {
				res, err := newLoader(w).Load(t.Context(), f)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				outcomes <- res.Outcome
			})
		}
		wg.Wait()
		close(outcomes)
		loaded := 0
		for o := range outcomes {
			if o == Loaded {
				loaded++
			}
		}
		if loaded != 1 {
			t.Errorf("round %d: %d deliveries loaded the file, want one", round, loaded)
		}
		w.checkOnce(t, f, []string{"1:a", "3:b"}, []string{"2:bad"})
	}
}
