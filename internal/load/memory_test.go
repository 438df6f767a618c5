package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	textlines "github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// gauge counts what goes on at a time in a loader's process.
type gauge struct {
	*process
	mu             sync.Mutex
	loads, streams int // at the moment
	most           int // loads
	mostHeld       int // memory by the rule of Memory, in batches
}

func (g *gauge) add(loads, streams int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.loads += loads
	g.streams += streams
	g.most = max(g.most, g.loads)
	// The first stream of a load is part of its least.
	g.mostHeld = max(g.mostHeld, g.loads*leastBatches+max(0, g.streams-g.loads)*laneBatches)
}

// Open is the beginning of a load's use of memory; the end of the body is before its end.
func (g *gauge) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	b, err := g.process.Open(ctx, o)
	if err == nil {
		g.add(1, 0)
		b.ReadCloser = &onClose{b.ReadCloser, func() { g.add(-1, 0) }}
	}
	return b, err
}

type onClose struct {
	io.ReadCloser
	do func()
}

func (c *onClose) Close() error {
	c.do()
	return c.ReadCloser.Close()
}

func (g *gauge) Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error) {
	made, err := slowStreams{g.process}.Create(ctx, t, desc)
	if err != nil {
		return nil, err
	}
	g.add(0, 1)
	return closingStream{made, func() { g.add(0, -1) }}, nil
}

type closingStream struct {
	Stream
	do func()
}

func (c closingStream) Close() {
	c.do()
	c.Stream.Close()
}

// loadAtOnce loads as many files of that content, each with so many rows, at the same time.
func loadAtOnce(t *testing.T, l *Loader, w *world, count int, rows int64, content string) {
	t.Helper()
	var files []File
	for i := range count {
		files = append(files, w.file(fmt.Sprint(i, len(content)), "v1", content))
	}
	var all sync.WaitGroup
	for _, f := range files {
		all.Go(func() {
			if res, err := l.Load(t.Context(), f); err != nil || res.Outcome != Loaded || res.Rows != rows {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
	all.Wait()
}

// Many large files at a time hold no more than the loads may, and all of them load.
func TestMemoryBoundsLoads(t *testing.T) {
	for _, leasts := range []int{1, 2, 3, 7} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			g := &gauge{process: &process{world: w}}
			l := g.loader()
			l.MaxStreams = 4
			l.Landing, l.Streams = g, g
			limit := leasts * leastBatches * l.BatchMax
			l.Memory = NewMemory(int64(limit), l.BatchMax)
			loadAtOnce(t, l, w, 12, 60, strings.Repeat(strings.Repeat("x", 90)+"\n", 60))
			if g.most > leasts || g.mostHeld > leasts*leastBatches {
				t.Errorf("memory for %d loads: %d at a time, which held %d batches of %d", leasts, g.most, g.mostHeld, leasts*leastBatches)
			}
			if g.most < leasts {
				t.Errorf("memory for %d loads: only %d at a time", leasts, g.most)
			}
			if !l.Memory.free.TryAcquire(int64(limit)) {
				t.Error("some of the memory was not given back")
			}
		})
	}
}

// Memory is given back however a load ends.
func TestMemoryIsGivenBack(t *testing.T) {
	bubble(t, "each fault", func(t *testing.T) {
		for _, fail := range []fault{before, after, crash, boom} {
			for n := range 12 {
				w := newWorld()
				p := &process{world: w, fault: faultAt(n, fail)}
				l := p.loader()
				l.Memory = NewMemory(0, l.BatchMax)
				f := w.file("k", "v1", strings.Repeat("some line\nbad\n", 30))
				_, _ = p.deliver(l, f)
				if !l.Memory.free.TryAcquire(leastBatches*int64(l.BatchMax)) || !l.Memory.aside.TryAcquire(1) {
					t.Errorf("call %d %v: some of the memory was not given back", n, fail)
				}
			}
		}
	})
}

// A load that does not get its turn in a minute lets its message come again; one without a limit of
// time, which no message stands behind, waits.
func TestMemoryPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		l := newLoader(w)
		l.Memory = NewMemory(0, l.BatchMax)
		held, err := l.Memory.enter(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		delivered := *l
		delivered.Limit = 8 * time.Minute
		f := w.file("k", "v1", "one\n")
		start := time.Now()
		if _, err := delivered.Load(t.Context(), f); !errors.Is(err, errBusy) || !errkind.Is(err, errkind.Transient) {
			t.Errorf("got %v, want a transient error that says why", err)
		}
		if took := time.Since(start); took != patience {
			t.Errorf("it waited %s, want %s", took, patience)
		}
		w.checkEnd(t, f, nil, nil)
		time.AfterFunc(time.Hour, held.leave)
		mustLoad(t, l, f, Loaded)
	})
}

// What a load needs beyond its least it takes where it is free; else one after the other takes what is
// set aside, so that none waits for another that waits.
func TestMemoryRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const batch = 1 << 20
		m := NewMemory(3*leastBatches*batch+10, batch)
		var shares []*share
		for range 3 {
			s, err := m.enter(t.Context(), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			shares = append(shares, s)
		}
		want := func(what string, got, want error) {
			t.Helper()
			if !errors.Is(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		want("what is free", shares[0].room(t.Context(), 10), nil)
		want("what is set aside", shares[0].room(t.Context(), longRecords), nil)
		want("more of it", shares[0].room(t.Context(), longRecords), nil)
		want("while another has it", shares[1].room(t.Context(), longRecords), errBusy)
		if shares[1].lane() {
			t.Error("a stream's memory was taken where none is free")
		}
		time.AfterFunc(500*time.Millisecond, shares[0].leave)
		want("once it was given back", shares[1].room(t.Context(), longRecords), nil)
		if !shares[2].lane() {
			t.Error("a stream's memory was not taken though it is free")
		}
		shares[1].leave()
		shares[2].leave()
		if !m.free.TryAcquire(3*leastBatches*batch+10) || !m.aside.TryAcquire(1) {
			t.Error("some of the memory was not given back")
		}
	})
}

// longLines is a format with the reader of lines that the formats use.
var longLines = &format.Format{
	Name: "long", Spec: lines.Spec,
	New: func(r io.Reader, o format.Options) format.Decoder {
		return longLineDecoder{textlines.NewReader(r, o)}
	},
}

type longLineDecoder struct{ r *textlines.Reader }

func (d longLineDecoder) Next(rec *row.Record) error {
	line, err := d.r.Next()
	if err != nil {
		return err
	}
	rec.Reset(2)
	rec.Line, rec.Offset, rec.Raw = line.Number, line.Offset, line.Text
	rec.Values[1].SetBytes(line.Text)
	return nil
}

// Files with long lines load one after the other where memory is short, each line once; a file of
// short ones needs nothing of what is set aside.
func TestLongLinesTakeTurns(t *testing.T) {
	const long = 3 << 20
	content := "short\n" + strings.Repeat("y", long) + "\n" + strings.Repeat("z", long/2) + "\n"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := &process{world: w, to: target}
		p.to.Format = longLines
		l := p.loader()
		l.BatchMax = DefaultBatch
		l.Memory = NewMemory(4*leastBatches*DefaultBatch, DefaultBatch)
		loadAtOnce(t, l, w, 4, 3, content)
		for _, r := range w.rows {
			if n := len(r["text"].(string)); n != 5 && n != long && n != long/2 {
				t.Errorf("a row of %d bytes", n)
			}
		}
		// Where nobody can have what is set aside, short lines load and long ones do not.
		if !l.Memory.aside.TryAcquire(1) {
			t.Fatal("what is set aside was not given back")
		}
		loadAtOnce(t, l, w, 4, 3, "one\ntwo\nthree\n")
		delivered := *l
		delivered.Limit = 8 * time.Minute
		if _, err := delivered.Load(t.Context(), w.file("last", "v1", content)); !errors.Is(err, errBusy) {
			t.Errorf("got %v, want %v", err, errBusy)
		}
	})
}
