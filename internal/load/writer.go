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
	// requests of 1 MB and more; two of them are held per load.
	DefaultBatch = 2 << 20
	// maxRow is the longest encoded row: an append request takes 10 MB, its descriptor included.
	maxRow = 9 << 20
)

// errRowTooLong is a row that fits no append request.
var errRowTooLong = errors.New("row too long")

// writer puts the encoded rows of one attempt into a PENDING stream: while one batch is on its way
// the next is filled. For one goroutine.
type writer struct {
	streams Streams
	table   row.Table
	desc    *descriptorpb.DescriptorProto
	max     int
	ctx     context.Context // of the appends, which close ends
	cancel  context.CancelFunc

	stream   Stream // made when a second batch begins: a file of one batch needs none
	sent     int64  // rows handed to Append
	filling  batch
	onTheWay batch
	answer   chan error // of the batch on the way; nil if none is
}

func (a *attempt) newWriter(ctx context.Context) *writer {
	w := &writer{streams: a.Streams, table: a.target.Table, desc: a.enc.Descriptor(), max: a.BatchMax}
	if w.max <= 0 {
		w.max = DefaultBatch
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

// flush sends the batch being filled once the one before it was answered.
func (w *writer) flush(ctx context.Context) error {
	if err := w.wait(); err != nil {
		return err
	}
	if w.stream == nil {
		if err := w.open(ctx); err != nil {
			return err
		}
	}
	w.filling, w.onTheWay = w.onTheWay, w.filling
	w.filling.reset()
	rows, offset := w.onTheWay.slices(), w.sent
	w.sent += int64(len(rows))
	answer := make(chan error, 1)
	w.answer = answer
	go func() { answer <- w.send(offset, rows) }()
	return nil
}

// send appends one batch. A panic is the attempt's error: in a goroutine nobody else catches it.
func (w *writer) send(offset int64, rows [][]byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return w.stream.Append(w.ctx, offset, rows)
}

// open makes the stream.
func (w *writer) open(ctx context.Context) (err error) {
	if w.stream, err = w.streams.Create(ctx, w.table, w.desc); err != nil {
		return fmt.Errorf("create a stream: %w", ofService(err))
	}
	return nil
}

// wait waits for the answer to the batch on the way.
func (w *writer) wait() error {
	if w.answer == nil {
		return nil
	}
	err := <-w.answer
	w.answer = nil
	if err != nil {
		return fmt.Errorf("append to %s: %w", w.stream.Name(), err)
	}
	return nil
}

// finish sends what is left, waits for every answer and finalizes the stream, in that order: a
// finalized stream does not wait for appends. It returns the streams that hold the rows.
func (w *writer) finish(ctx context.Context) ([]string, error) {
	if len(w.filling.ends) > 0 {
		if err := w.flush(ctx); err != nil {
			return nil, err
		}
	}
	if err := w.wait(); err != nil {
		return nil, err
	}
	if w.stream == nil {
		return nil, nil
	}
	held, err := w.stream.Finalize(ctx)
	if err != nil {
		return nil, fmt.Errorf("finalize %s: %w", w.stream.Name(), ofService(err))
	}
	if held != w.sent {
		return nil, fmt.Errorf("%s holds %d rows and was sent %d", w.stream.Name(), held, w.sent)
	}
	return []string{w.stream.Name()}, nil
}

// close ends an append that is still waiting and releases the stream's connection; the rows in it
// stay what they are.
func (w *writer) close() {
	w.cancel()
	_ = w.wait() // its error was reported, or the attempt has failed already
	if w.stream != nil {
		w.stream.Close()
	}
}
