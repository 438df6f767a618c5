package load

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/row"
)

const (
	// DefaultBatch is how many bytes of encoded rows make an append request. Google advises
	// requests of 1 MB and more. A load holds one, and one more for each of its streams.
	DefaultBatch = 2 << 20
	// DefaultStreams is how many PENDING streams a large file has at most. Each holds a batch.
	DefaultStreams = 4
	// maxRow is the longest encoded row: an append request takes 10 MB, its descriptor included.
	maxRow = 9 << 20
)

// errRowTooLong is a row that fits no append request.
var errRowTooLong = errors.New("row too long")

// writer puts the encoded rows of one attempt into PENDING streams: while batches are on their way
// the next is filled. A connection takes a few MB a second, so a large file gets more streams, up to
// most, as long as all it has are busy. For one goroutine.
type writer struct {
	streams Streams
	table   row.Table
	desc    *descriptorpb.DescriptorProto
	max     int             // bytes per batch
	most    int             // streams
	memory  *share          // of which each stream but the first takes some
	ctx     context.Context // of the appends, which close ends
	cancel  context.CancelFunc

	lanes   []*lane // none before a second batch begins: a file of one batch needs none
	batches int
	filling batch
}

// lane is a stream with at most one batch on its way.
type lane struct {
	Stream
	sent     int64 // rows handed to Append
	onTheWay batch
	answer   chan error // of the batch on the way; nil if none is
}

func (a *attempt) newWriter(ctx context.Context) *writer {
	w := &writer{streams: a.Streams, table: a.target.Table, desc: a.enc.Descriptor(), max: a.BatchMax, most: a.MaxStreams, memory: a.memory, filling: a.memory.scratch.batch}
	if w.max <= 0 {
		w.max = DefaultBatch
	}
	if w.most <= 0 {
		w.most = DefaultStreams
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

// batch is the rows of one append request, one behind the other in one buffer.
type batch struct {
	buf  []byte
	ends []int
	rows [][]byte
}

func (b *batch) reset() { b.buf, b.ends = b.buf[:0], b.ends[:0] }

// slices returns the rows, each a part of the buffer.
func (b *batch) slices() [][]byte {
	b.rows = b.rows[:0]
	start := 0
	for _, end := range b.ends {
		b.rows = append(b.rows, b.buf[start:end:end])
		start = end
	}
	return b.rows
}

// add appends the row that encode writes behind what it is given. Nothing is added on an error; size
// is the encoded row's where it is known.
func (w *writer) add(ctx context.Context, encode func(buf []byte) ([]byte, error)) (size int, err error) {
	b := &w.filling
	before := len(b.buf)
	buf, err := encode(b.buf)
	if err != nil {
		return 0, err
	}
	size = len(buf) - before
	if size > maxRow {
		return size, errRowTooLong
	}
	if before > 0 && len(buf) > w.max {
		// The row that does not fit any more begins the next batch.
		row := buf[before:]
		b.buf = buf[:before]
		if err := w.flush(ctx); err != nil {
			return size, err
		}
		b.buf = append(b.buf, row...)
	} else {
		b.buf = buf
	}
	b.ends = append(b.ends, len(b.buf))
	return size, nil
}

// flush sends the batch being filled.
func (w *writer) flush(ctx context.Context) error {
	l, err := w.free(ctx)
	if err != nil {
		return err
	}
	w.batches++
	w.filling, l.onTheWay = l.onTheWay, w.filling
	w.filling.reset()
	rows, offset := l.onTheWay.slices(), l.sent
	l.sent += int64(len(rows))
	answer := make(chan error, 1)
	l.answer = answer
	go func() { answer <- l.send(w.ctx, offset, rows) }()
	if cap(l.onTheWay.buf) <= 2*max(w.max, DefaultBatch) {
		return nil
	}
	// A long row made it grow, perhaps to several times its size: one such batch at a time will do.
	err = l.wait()
	l.onTheWay = batch{}
	return err
}

// free returns a lane with nothing on its way: one that is, one more, or the one that has waited
// longest. A file earns a further lane with every few batches.
func (w *writer) free(ctx context.Context) (*lane, error) {
	for _, l := range w.lanes {
		if l.idle() {
			return l, l.wait()
		}
	}
	const batchesPerLane = 4
	if n := len(w.lanes); n == 0 || n < w.most && w.batches >= n*batchesPerLane && w.memory.lane() {
		made, err := w.streams.Create(ctx, w.table, w.desc)
		if err != nil {
			return nil, fmt.Errorf("create a stream: %w", ofService(err))
		}
		w.lanes = append(w.lanes, &lane{Stream: made})
		return w.lanes[n], nil
	}
	l := w.lanes[0]
	w.lanes = append(w.lanes[1:], l)
	return l, l.wait()
}

// idle reports whether nothing is on its way, or its answer has come.
func (l *lane) idle() bool { return l.answer == nil || len(l.answer) > 0 }

// send appends one batch. A panic is the attempt's error: in a goroutine nobody else catches it.
func (l *lane) send(ctx context.Context, offset int64, rows [][]byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return l.Append(ctx, offset, rows)
}

// wait waits for the answer to the batch on the way.
func (l *lane) wait() error {
	if l.answer == nil {
		return nil
	}
	err := <-l.answer
	l.answer = nil
	if err != nil {
		return fmt.Errorf("append to %s: %w", l.Name(), err)
	}
	return nil
}

// finish sends what is left, waits for every answer and finalizes the streams, in that order: a
// finalized stream does not wait for appends. It returns the streams that hold the rows.
func (w *writer) finish(ctx context.Context) (names []string, err error) {
	if len(w.filling.ends) > 0 {
		if err := w.flush(ctx); err != nil {
			return nil, err
		}
	}
	for _, l := range w.lanes {
		if err := l.wait(); err != nil {
			return nil, err
		}
	}
	for _, l := range w.lanes {
		held, err := l.Finalize(ctx)
		if err != nil {
			return nil, fmt.Errorf("finalize %s: %w", l.Name(), ofService(err))
		}
		if held != l.sent {
			return nil, fmt.Errorf("%s holds %d rows and was sent %d", l.Name(), held, l.sent)
		}
		names = append(names, l.Name())
	}
	return names, nil
}

// close ends the appends that are still waiting and releases the connections; the rows in the
// streams stay what they are. Those that were not sent stay until the next load takes their memory.
func (w *writer) close() {
	w.cancel()
	for _, l := range w.lanes {
		_ = l.wait() // its error was reported, or the attempt has failed already
		l.Close()
	}
	w.memory.scratch.keep(w.filling, max(w.max, DefaultBatch))
}
