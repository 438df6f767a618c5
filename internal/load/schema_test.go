package load

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// refusedLoad loads f, which BigQuery refuses for a column that it does not know.
func refusedLoad(t *testing.T, l *Loader, f File) {
	t.Helper()
	res, err := l.Load(t.Context(), f)
	if !errors.Is(err, ErrSchema) || !errkind.Is(err, errkind.Transient) {
		t.Fatalf("Load = %+v, %v; want a transient ErrSchema", res, err)
	}
}

// rest leaves n idle streams in the pool, if there is one.
func rest(t *testing.T, p *Pool, n int) {
	t.Helper()
	if p == nil {
		return
	}
	enc, err := row.NewEncoder(TableSpec(target.Format).Columns)
	if err != nil {
		t.Fatal(err)
	}
	var taken []*pooled
	for range n {
		s, err := p.take(t.Context(), target.destination(), enc.Descriptor())
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, s)
	}
	for _, s := range taken {
		p.give(t.Context(), s)
	}
}

// A column that BigQuery does not know yet is nothing of the file's: it is never rejected, and loads
// once BigQuery knows. Until then a loader asks every ten seconds, and not with every delivery.
func TestColumnNotKnownYet(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		w := fresh()
		l := newLoader(w)
		mustLoad(t, l, w.file("before", "v1", "a\n"), Loaded)
		rest(t, l.Pool, 3)
		f, other := w.file("k", "v1", "b\nbad\nc\n"), w.file("other", "v1", "d\n")
		w.lag = 2
		for range 2 {
			w.calls = nil
			refusedLoad(t, l, f)
			if n := w.called("stream.append"); n != 1 {
				t.Errorf("%d appends, want one: another stream does not know the column either", n)
			}
			w.calls = nil
			refusedLoad(t, l, f)
			refusedLoad(t, l, other)
			if len(w.calls) > 0 {
				t.Errorf("while loads rest there were calls %q", w.calls)
			}
			w.now = w.now.Add(schemaPause)
		}
		if got := w.outcomes(f); len(got) > 0 {
			t.Errorf("the load log has %q", got)
		}
		for name, s := range w.streams {
			if s.pooled && !s.final {
				t.Errorf("%s, which may never know the column, is left in the pool", name)
			}
		}
		w.calls = nil
		mustLoad(t, l, f, Loaded)
		mustLoad(t, l, other, Loaded)
		if n := w.called("table.ensure"); n != 3 { // the table and two logs
			t.Errorf("%d looks at tables after the refusal, want one at each", n)
		}
		w.checkEnd(t, f, []string{"1:b", "3:c"}, []string{"2:bad"})
	})
}

// A table that rests does not hold up others.
func TestRestIsOneTables(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	elsewhere := target
	elsewhere.Table.Name = "u"
	w.lag = 1
	refusedLoad(t, l, w.file("k", "v1", "a\n"))
	if err := l.Tables.dataset(t.Context(), elsewhere); err != nil {
		t.Error(err)
	}
}

// The same, and every call behind the refusal fails once in each way there is.
func TestColumnNotKnownYetFaults(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		lagging := func() *world {
			w := fresh()
			w.lag = 1
			return w
		}
		n := warmCalls(lagging, func(p *process) { redeliver(t, p, p.file("k", "v1", "a\nb\n")) })
		for _, f := range states {
			bubble(t, f.String(), func(t *testing.T) {
				for k := range n {
					w := lagging()
					file := w.file("k", "v1", "a\nb\n")
					redeliver(t, &process{world: w, warm: true, fault: faultAt(k, f)}, file)
					w.checkOnce(t, file, []string{"1:a", "2:b"}, nil)
					if t.Failed() {
						t.Fatalf("call %d %v", k, f)
					}
				}
			})
		}
	})
}

// A log that BigQuery does not know a column of yet: the rows are visible once, and recorded later.
func TestLogColumnNotKnownYet(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		w := fresh()
		l := newLoader(w)
		f := w.file("k", "v1", "a\n")
		w.logLag = 1
		refusedLoad(t, l, f)
		w.now = w.now.Add(schemaPause)
		mustLoad(t, l, f, Duplicate)
		w.checkOnce(t, f, []string{"1:a"}, nil)
	})
}

// A table that rows cannot go into takes a person: its files are neither rejected nor claimed, they
// come again.
func TestTableThatDoesNotFit(t *testing.T) {
	w := newPooledWorld()
	p := &process{world: w, refuse: map[string]error{"table.ensure": errkind.With(errkind.Permanent, errors.New("column text is INT64"))}}
	l := p.loader()
	f := w.file("k", "v1", "a\n")
	for range 2 {
		res, err := l.Load(t.Context(), f)
		if !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), "column text is INT64") {
			t.Errorf("Load = %+v, %v; want the error of the table", res, err)
		}
	}
	if len(w.claims) > 0 || len(w.outcomes(f)) > 0 {
		t.Errorf("claims %v, outcomes %q", w.claims, w.outcomes(f))
	}
	p.refuse = nil
	mustLoad(t, l, f, Loaded)
}

// A change of a view, or of a log's columns, is a new version of the views.
func TestViewsVersion(t *testing.T) {
	all := views(row.Table{Project: "p", Dataset: "d", Name: "t"})
	sum := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintln(sum, name, all[name])
	}
	for _, c := range slices.Concat(loadLogSpec.Columns, rejectLogSpec.Columns) {
		fmt.Fprintln(sum, c.Name, c.Type)
	}
	if got, want := fmt.Sprintf("%d: %x", viewsVersion, sum.Sum64()), "4: 3f6706ff6d0afbe2"; got != want {
		t.Errorf("the views are %s, they were %s: raise viewsVersion", got, want)
	}
}

// Files of two formats may go to one table: each format's columns are seen to, and its rows go into
// streams of their own, for a stream knows one kind of rows.
func TestTwoFormatsInOneTable(t *testing.T) {
	other := *lines
	other.Spec.Columns = row.Schema{lines.Spec.Columns[0], {Name: "message", Type: row.String}}
	w := newPooledWorld()
	l := newLoader(w)
	l.Route = func(s object.Source) (Target, bool) {
		to := target
		if strings.HasPrefix(s.Key, "other/") {
			to.Format = &other
		}
		return to, true
	}
	for _, key := range []string{"a", "other/a", "b", "other/b"} {
		mustLoad(t, l, w.file(key, "v1", key+"\n"), Loaded)
	}
	got := map[string]string{}
	for _, r := range w.rows {
		got[r["source_file"].(string)] = fmt.Sprint(r["text"], r["message"])
	}
	want := map[string]string{"s3://src/a": "a<nil>", "s3://src/b": "b<nil>", "s3://src/other/a": "<nil>other/a", "s3://src/other/b": "<nil>other/b"}
	if !maps.Equal(got, want) {
		t.Errorf("text and message by file %v, want %v", got, want)
	}
	if made, ensured := w.called("pool.create"), w.called("table.ensure"); made != 2 || ensured != 2+2 {
		t.Errorf("%d streams made, want one per format; %d looks, want one per format and log", made, ensured)
	}
}
