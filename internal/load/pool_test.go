package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// called returns how often a call was made.
func (w *world) called(name string) (n int) {
	for _, c := range w.calls {
		if c == name {
			n++
		}
	}
	return n
}

// A healthy small file costs what ARCHITECTURE.md lists, and an event where somebody is to hear of it.
func TestSmallFileCalls(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	mustLoad(t, l, w.file("first", "v1", "a\n"), Loaded) // makes the tables and the stream
	w.calls = nil
	mustLoad(t, l, w.file("k", "v1", "a\nb\n"), Loaded)
	want := []string{"claim.get", "gcs.get", "claim.put", "stream.append", "log.append seneka_load_log", "event"}
	if !slices.Equal(w.calls, want) {
		t.Errorf("calls %q, want %q", w.calls, want)
	}
}

// Thousands of small files need as many streams as are loaded at a time.
func TestManySmallFilesFewStreams(t *testing.T) {
	const workers, files = 4, 3000
	w := newPooledWorld()
	l := newLoader(w)
	queue := make(chan File, files)
	for i := range files {
		queue <- w.file(fmt.Sprint("k", i), "v1", fmt.Sprintf("a%d\nb%d\n", i, i))
	}
	close(queue)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for f := range queue {
				if res, err := l.Load(t.Context(), f); err != nil || res.Outcome != Loaded {
					t.Errorf("%s: %+v, %v", f.Key, res, err)
				}
			}
		})
	}
	wg.Wait()
	if n := w.called("pool.create"); n > workers {
		t.Errorf("%d streams were made for %d workers", n, workers)
	}
	if len(w.rows) != 2*files {
		t.Errorf("%d rows of %d files of two", len(w.rows), files)
	}
	l.Pool.Close(t.Context())
	for name, s := range w.streams {
		if !s.final {
			t.Errorf("%s was not finalized on close", name)
		}
	}
	if w.open != 0 {
		t.Errorf("%d streams left open", w.open)
	}
}

// A file that is too large for one append request has streams of its own, beside the pool.
func TestLargeFileBesidePool(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	l.BatchMax = 100
	f := w.file("k", "v1", strings.Repeat("x", 90)+"\n"+strings.Repeat("y", 90)+"\n")
	mustLoad(t, l, f, Loaded)
	if w.called("pool.create") > 0 || w.called("stream.commit") != 1 {
		t.Errorf("calls %q", w.calls)
	}
	w.checkEnd(t, f, []string{"1:" + strings.Repeat("x", 90), "2:" + strings.Repeat("y", 90)}, nil)
}

// Each call of the second of three files that share a stream goes wrong, in each way there is.
func TestFaultsOnUsedStream(t *testing.T) {
	load := func(p *process, files []File) {
		l := p.loader()
		redeliverBy(t, p, l, files[0])
		p.n = 0
		redeliverBy(t, p, l, files[1])
		if p.dead {
			p = &process{world: p.world, warm: true}
			l = p.loader()
		}
		p.fault = nil
		redeliverBy(t, p, l, files[2])
	}
	threeFiles := func(w *world) []File {
		return []File{w.file("k0", "v1", "a\nb\n"), w.file("k1", "v1", "c\n"), w.file("k2", "v1", "d\ne\n")}
	}
	healthy := &process{world: newPooledWorld(), warm: true}
	load(healthy, threeFiles(healthy.world))
	n := healthy.n
	for _, f := range faults {
		bubble(t, f.String(), func(t *testing.T) {
			for k := range n {
				w := newPooledWorld()
				files := threeFiles(w)
				p := &process{world: w, warm: true}
				first := true
				p.fault = func(at int, _ string) fault {
					if first = first && p.calls[len(p.calls)-1] != "log.append seneka_load_log"; first {
						return none
					}
					return faultAt(k, f)(at, "")
				}
				load(p, files)
				for i, want := range [][]string{{"1:a", "2:b"}, {"1:c"}, {"1:d", "2:e"}} {
					w.checkEnd(t, files[i], want, nil)
				}
				if t.Failed() {
					t.Fatalf("call %d %v", k, f)
				}
			}
		})
	}
}

// Rows that BigQuery refuses make the file a rejected one: its claim is void at once, its stream is
// not used again, and nothing of it is visible.
func TestRefusedRows(t *testing.T) {
	w := newPooledWorld()
	p := &process{world: w, refuse: map[string]error{"stream.append": errkind.With(errkind.Permanent, errors.New("row 0: no"))}}
	l := p.loader()
	f := w.file("k", "v1", "a\n")
	res := mustLoad(t, l, f, Rejected)
	if !strings.Contains(res.Reason, "row 0: no") {
		t.Errorf("reason %q does not say why", res.Reason)
	}
	mustLoad(t, l, f, Rejected) // again, without a wait
	p.refuse = nil
	mustLoad(t, l, f, Loaded) // mended
	if n := w.called("pool.create"); n != 3 {
		t.Errorf("%d streams were made: a stream whose append was refused was used again", n)
	}
	w.checkEnd(t, f, []string{"1:a"}, nil)
}

// A delivery that meets a claim of an attempt still at work leaves it alone; one that comes when the
// load is recorded touches no stream.
func TestSettlePooledIsPatient(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	f := w.file("k", "v1", "a\n")
	p := &process{world: w, fault: func(_ int, call string) fault {
		if call == "stream.append" {
			return crash
		}
		return none
	}}
	if _, err := p.deliver(p.loader(), f); err == nil {
		t.Fatal("the loader did not die")
	}
	finalized := w.called("stream.finalize")
	if res, err := l.Load(t.Context(), f); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("a young claim: %+v, %v; want a transient error", res, err)
	}
	if w.called("stream.finalize") > finalized {
		t.Error("the stream of an attempt at work was finalized")
	}
	w.now = w.now.Add(courtesy)
	mustLoad(t, l, f, Loaded)
	finalized = w.called("stream.finalize")
	mustLoad(t, l, f, Duplicate)
	if w.called("stream.finalize") > finalized {
		t.Error("a recorded load's stream was finalized")
	}
	w.checkEnd(t, f, []string{"1:a"}, nil)
}

// A stream that BigQuery has forgotten is decided about by a count, when it is old.
func TestSettlePooledForgotten(t *testing.T) {
	for _, there := range []bool{false, true} {
		w := newPooledWorld()
		f := w.file("k", "v1", "a\n")
		p := &process{world: w, fault: func(_ int, call string) fault {
			switch {
			case call == "stream.append" && there:
				return died
			case call == "stream.append":
				return crash
			}
			return none
		}}
		_, _ = p.deliver(p.loader(), f)
		for _, s := range w.streams {
			s.gone = true
		}
		w.now = w.now.Add(time.Hour)
		if res, err := newLoader(w).Load(t.Context(), f); err == nil {
			t.Errorf("rows there %v, after an hour: %+v, want an error", there, res)
		}
		w.now = w.now.Add(streamLife)
		mustLoad(t, newLoader(w), f, map[bool]Outcome{true: Duplicate, false: Loaded}[there])
		w.checkEnd(t, f, []string{"1:a"}, nil)
	}
}

// A stream that has rested is ended, not used.
func TestPoolEndsStreamsThatRest(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	mustLoad(t, l, w.file("k1", "v1", "a\n"), Loaded)
	w.now = w.now.Add(2 * poolIdle)
	mustLoad(t, l, w.file("k2", "v1", "b\n"), Loaded)
	if n := w.called("pool.create"); n != 2 || w.called("stream.finalize") != 1 {
		t.Errorf("%d streams made, %d finalized; want 2 and 1", n, w.called("stream.finalize"))
	}
}

// Between the read of a claim and the finalize of its stream, a rival found the claim void and put
// its own in its place, and the stream, given back, took another file's rows: they are not the claim's.
func TestSettlePooledReadsTheClaimAgain(t *testing.T) {
	w := newPooledWorld()
	f := w.file("k", "v1", "a\n")
	p := &process{world: w, fault: func(_ int, call string) fault {
		if call == "stream.append" {
			return crash
		}
		return none
	}}
	_, _ = p.deliver(p.loader(), f)
	w.now = w.now.Add(courtesy)

	slow := &process{world: w}
	slow.meanwhile = func(_ int, call string) {
		if call != "stream.finalize" {
			return
		}
		slow.meanwhile = nil
		mustLoad(t, newLoader(w), f, Loaded)
		for _, s := range w.streams {
			if len(s.rows) == 0 { // the dead attempt's
				s.rows = append(s.rows, map[string]any{"source_file": "another"})
			}
		}
	}
	l := slow.loader()
	if res, err := l.Load(t.Context(), f); err == nil {
		t.Errorf("Load = %+v: it took another file's rows for the claim's; want an error", res)
	}
	mustLoad(t, l, f, Duplicate)
	w.checkOnce(t, f, []string{"1:a"}, nil)
}
