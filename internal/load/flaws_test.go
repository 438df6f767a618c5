package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// A loader that is told to stop closes its pool while loads are under way: those go on.
func TestLoadAfterPoolClosed(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	f := w.file("k", "v1", "a\n")
	l.Pool.Close(t.Context())
	mustLoad(t, l, f, Loaded)
	w.checkOnce(t, f, []string{"1:a"}, nil)
}

// A service that does not answer is not a file that takes too long: its message comes again.
func TestStalledIsNotDeferred(t *testing.T) {
	for _, call := range []string{"gcs.get", "stream.create", "stream.append", "stream.finalize"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			f := w.file("k", "v1", "a\n")
			p := &process{world: w, fault: func(_ int, now string) fault {
				if now == call {
					return hang
				}
				return none
			}}
			l := p.loader()
			start, base := time.Now(), w.now
			l.Limit, l.Now = 8*time.Minute, func() time.Time { return base.Add(time.Since(start)) }
			if res, err := l.Load(t.Context(), f); !errkind.Is(err, errkind.Transient) || err == nil {
				t.Errorf("%s hangs: %+v, %v; want a transient error", call, res, err)
			}
			mustLoad(t, newLoader(w), f, Loaded)
			w.checkOnce(t, f, []string{"1:a"}, nil)
		})
	}
}

// A table that is removed and made again takes its pooled streams with it: the file that meets one
// waits for the next delivery, not for a day.
func TestPooledStreamOfRemovedTable(t *testing.T) {
	w := newPooledWorld()
	l := newLoader(w)
	mustLoad(t, l, w.file("first", "v1", "x\n"), Loaded)
	w.tables, w.rows = map[row.Table]bool{}, nil
	for _, s := range w.streams {
		s.gone = true
	}
	f := w.file("k", "v1", "a\n")
	if res, err := l.Load(t.Context(), f); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("Load = %+v, %v; want a transient error", res, err)
	}
	mustLoad(t, l, f, Loaded)
	w.checkEnd(t, f, []string{"1:a"}, nil)
}

// An answer to Finalize that has no count is no word on the rows.
func TestFinalizeWithoutCount(t *testing.T) {
	for _, before := range []int{0, 1} { // files on the stream before
		for _, there := range []bool{false, true} {
			w := newPooledWorld()
			p := &process{world: w}
			l := p.loader()
			for i := range before {
				mustLoad(t, l, w.file(fmt.Sprint("before", i), "v1", "x\n"), Loaded)
			}
			f := w.file("k", "v1", "a\n")
			p.fault = func(_ int, call string) fault {
				if call == "stream.append" {
					return map[bool]fault{false: crash, true: died}[there]
				}
				return none
			}
			_, _ = p.deliver(l, f)
			w.now = w.now.Add(courtesy)
			l = newLoader(w)
			l.Streams = countless{l.Streams}
			mustLoad(t, l, f, map[bool]Outcome{false: Loaded, true: Duplicate}[there])
			w.checkEnd(t, f, []string{"1:a"}, nil)
		}
	}
}

// countless are streams whose number of rows BigQuery does not say.
type countless struct{ Streams }

func (c countless) Finalize(ctx context.Context, name string) (int64, bool, error) {
	_, known, err := c.Streams.Finalize(ctx, name)
	return 0, known, err
}

// A count speaks of one attempt: rows that the table has of the file from elsewhere, as where its
// claim was removed by hand to load it again, are none of it.
func TestSettleCountsOneAttempt(t *testing.T) {
	w, f := lostStreams(t, 25*time.Hour)
	for i := range 2 {
		w.rows = append(w.rows, map[string]any{"source_file": f.Source.String(), "source_line": int64(i + 1), "loaded_at": int64(1), "time": f.Time.UnixMicro(), "text": "old"})
	}
	mustLoad(t, newLoader(w), f, Loaded)
}

// A read that breaks off in the middle of a record leaves rejects of bytes that never stood in the
// file, where there are so many that they were written on the way. They are not shown.
func TestRejectsOfBrokenReadAreNotShown(t *testing.T) {
	eachWay(t, func(t *testing.T, fresh func() *world) {
		w := fresh()
		content := "a\n" + strings.Repeat("bad\n", 999) + "bad to the end\n" + strings.Repeat("b\n", 1000)
		f := w.file("k", "v1", content)
		l := newLoader(w)
		l.Route = func(object.Source) (Target, bool) { return target, true }
		l.Landing = broken{l.Landing, strings.Index(content, "to the end")}
		if res, err := l.Load(t.Context(), f); err == nil {
			t.Fatalf("Load = %+v, want an error", res)
		}
		if len(w.logs[rejectTable(target.Table)]) == 0 {
			t.Fatal("no reject was written on the way: this tests nothing")
		}
		mustLoad(t, newLoader(w), f, Loaded)
		var want []string
		for i := range 999 {
			want = append(want, fmt.Sprintf("%d:bad", i+2))
		}
		want = append(want, "1001:bad to the end")
		slices.Sort(want)
		if got := w.rejected(f); !slices.Equal(got, want) {
			t.Errorf("%d rejects, want %d; of line 1001: %q", len(got), len(want), got[slices.IndexFunc(got, func(s string) bool { return strings.HasPrefix(s, "1001:") })])
		}
	})
}

// broken is landing whose reads break off.
type broken struct {
	Landing
	after int
}

func (b broken) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	body, err := b.Landing.Open(ctx, o)
	body.ReadCloser = io.NopCloser(io.MultiReader(io.LimitReader(body.ReadCloser, int64(b.after)), failing{}))
	return body, err
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// A stream that is given back to a pool that was closed meanwhile is ended.
func TestStreamGivenBackToClosedPool(t *testing.T) {
	w := newPooledWorld()
	f := w.file("k", "v1", "a\n")
	p := &process{world: w}
	l := p.loader()
	p.meanwhile = func(_ int, call string) {
		if call == "claim.put" {
			l.Pool.Close(t.Context())
		}
	}
	mustLoad(t, l, f, Loaded)
	if w.open != 0 || w.called("stream.finalize") != 1 {
		t.Errorf("%d streams left open, %d finalized", w.open, w.called("stream.finalize"))
	}
	w.checkOnce(t, f, []string{"1:a"}, nil)
}
