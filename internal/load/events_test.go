package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
)

// What is told of a load is its load record and the span of its rows.
func TestEvent(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		w := fresh()
		f := w.file("k", "v1", "at 2026-02-01T00:00:01Z\nat 2026-02-01T00:00:03Z\nbad\nat 2026-02-01T00:00:02Z\n")
		res := mustLoad(t, newLoader(w), f, Loaded)
		if len(w.told) != 1 {
			t.Fatalf("told %d times: %+v", len(w.told), w.told)
		}
		e := w.told[0]
		if e.Attempt != res.Attempt || e.Outcome != Loaded || e.SourceFile != "s3://src/k" || e.Version != f.Version || e.Table != "p.d.t" || e.Rows != 3 || e.Rejects != 1 {
			t.Errorf("told %+v of the load %+v", e, res)
		}
		if !e.VisibleAt.Equal(res.Visible) || e.VisibleAt.Before(e.LoadedAt) || e.LoadedAt.IsZero() {
			t.Errorf("told that attempt of %s was visible at %s; the load says %s", e.LoadedAt, e.VisibleAt, res.Visible)
		}
		var times []int64
		for _, r := range w.rows {
			times = append(times, r["time"].(int64))
		}
		if want := (Range{Column: "time", First: slices.Min(times), Last: slices.Max(times)}); e.Partition != want {
			t.Errorf("told of rows in %+v, want %+v", e.Partition, want)
		}
	})
}

// Nobody is told of what is not loaded; of what is, a repeat tells the same once more, by a loader that
// does not know whether the first one did.
func TestEventsOfOtherOutcomes(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	l.Recent = NewRecent()
	mustLoad(t, l, w.file("control", "v1", "control\n"), Ignored)
	mustLoad(t, l, w.file("broken", "v1", "a\nbad\nbad\n"), Rejected)
	if len(w.told) > 0 {
		t.Errorf("told %+v", w.told)
	}
	f := w.file("k", "v1", "a\n")
	first := mustLoad(t, l, f, Loaded)
	mustLoad(t, l, f, Duplicate)
	if len(w.told) != 1 {
		t.Errorf("told %d times, want once: this loader knows that it has told", len(w.told))
	}
	mustLoad(t, newLoader(w), f, Duplicate)
	mustLoad(t, newLoader(w), w.file("k", "v2", "b\n"), Changed)
	if len(w.told) != 3 {
		t.Errorf("told %d times, want three times", len(w.told))
	}
	for _, e := range w.told {
		if e.Attempt != first.Attempt || e.Version != f.Version {
			t.Errorf("told of attempt %s of version %s, want %s of %s", e.Attempt, e.Version.ETag, first.Attempt, f.ETag)
		}
	}
	// Loaded anew, because a person took its claim and its rows away: that is another event.
	clear(w.claims)
	w.rows = nil
	again := mustLoad(t, newLoader(w), w.file("k", "v1", "a\n"), Loaded)
	if last := w.told[len(w.told)-1]; last.Attempt != again.Attempt || again.Attempt == first.Attempt {
		t.Errorf("the last event is of attempt %s; the loads were %s and %s", last.Attempt, first.Attempt, again.Attempt)
	}
}

// An event that cannot be told says nothing of the file: its message comes again, and then it is told.
func TestEventErrorsAreNotTheFiles(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		for _, kind := range []errkind.Kind{errkind.Transient, errkind.Permanent, errkind.NotFound, errkind.Exists} {
			t.Run(fmt.Sprint(kind), func(t *testing.T) {
				w := fresh()
				f := w.file("k", "v1", "a\nbad\n")
				p := &process{world: w, refuse: map[string]error{"event": errkind.With(kind, errInjected)}}
				l := p.loader()
				l.Recent = NewRecent()
				if res, err := p.deliver(l, f); !errkind.Is(err, errkind.Transient) || !errors.Is(err, errInjected) {
					t.Fatalf("Load = %+v, %v; want a transient error", res, err)
				}
				tables := w.called("table.ensure")
				p.refuse = nil
				redeliverBy(t, p, l, f)
				w.checkOnce(t, f, []string{"1:a"}, []string{"2:bad"})
				if len(w.told) != 1 || w.called("table.ensure") != tables {
					t.Errorf("told %d times, and the tables were looked at again %d times", len(w.told), w.called("table.ensure")-tables)
				}
			})
		}
	})
}

// Nobody is told where nobody wants to be.
func TestNoEvents(t *testing.T) {
	w := newWorld()
	l := newLoader(w)
	l.Events = nil
	mustLoad(t, l, w.file("k", "v1", "a\n"), Loaded)
	if w.called("event") > 0 {
		t.Error("somebody was told")
	}
}

// The steps of a load are told in the protocol's order, each with its end and its error; the calls of a
// step have the context that was given for it.
func TestSteps(t *testing.T) {
	type key struct{}
	w := newWorld()
	f := w.file("k", "v1", "a\n")
	p := &process{world: w, warm: true, refuse: map[string]error{"stream.commit": errInjected}}
	var said []string
	p.meanwhile = func(_ int, call string) { said = append(said, call) }
	l := p.loader()
	l.Ledger = watched{l.Ledger, func(ctx context.Context, call string) {
		if call == "put" && ctx.Value(key{}) != "commit" {
			t.Errorf("the claim is written in step %v", ctx.Value(key{}))
		}
	}}
	l.Step = func(ctx context.Context, name string) (context.Context, func(error)) {
		said = append(said, "("+name)
		return context.WithValue(ctx, key{}, name), func(err error) { said = append(said, fmt.Sprint(name, " ", err != nil, ")")) }
	}
	_, _ = p.deliver(l, f)
	want := []string{
		"claim.get", "(stage", "gcs.get", "stream.create", "stream.append", "stream.finalize", "stage false)",
		"(commit", "claim.put", "(settle", "stream.commit", "settle true)", "commit true)",
	}
	if !slices.Equal(said, want) {
		t.Errorf("the load is %q, want %q", said, want)
	}
	said, p.refuse = nil, nil
	if res, err := p.deliver(l, f); err != nil || res.Outcome != Duplicate {
		t.Fatalf("Load = %+v, %v", res, err)
	}
	want = []string{"claim.get", "(settle", "stream.commit", "settle false)", "(record", "log.append seneka_load_log", "record false)", "(announce", "event", "announce false)"}
	if !slices.Equal(said, want) {
		t.Errorf("the second delivery is %q, want %q", said, want)
	}
}

// watched is a ledger that tells of its calls' contexts.
type watched struct {
	Ledger
	saw func(ctx context.Context, call string)
}

func (w watched) Put(ctx context.Context, name string, data []byte, generation int64) error {
	w.saw(ctx, "put")
	return w.Ledger.Put(ctx, name, data, generation)
}
