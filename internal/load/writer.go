package load

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/errkind"
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
	tables  *Ensured
	table   row.Table
	desc    *descriptorpb.DescriptorProto
	max     int

	stream   Stream // made with the first batch: a file without rows needs none
	sent     int64  // rows handed to Append
	filling  batch
	onTheWay batch
	answer   chan error // of the batch on the way; nil if none is
}

func (a *attempt) newWriter() *writer {
	w := &writer{streams: a.Streams, tables: a.Tables, table: a.target.Table, desc: a.enc.Descriptor(), max: a.BatchMax}
	if w.max <= 0 {
		w.max = DefaultBatch
	}
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
	go func() { answer <- w.stream.Append(ctx, offset, rows) }()
	return nil
}

// open makes the stream. A table that has just been made, or that somebody removed, is not known:
// a later delivery looks for it again.
func (w *writer) open(ctx context.Context) (err error) {
	w.stream, err = w.streams.Create(ctx, w.table, w.desc)
	if errkind.Is(err, errkind.NotFound) {
		w.tables.Forget(w.table)
		err = errkind.With(errkind.Transient, err)
	}
	if err != nil {
		return fmt.Errorf("create a stream: %w", err)
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
		return nil, fmt.Errorf("finalize %s: %w", w.stream.Name(), err)
	}
	if held != w.sent {
		return nil, fmt.Errorf("%s holds %d rows and was sent %d", w.stream.Name(), held, w.sent)
	}
	return []string{w.stream.Name()}, nil
}

// close releases the stream's connection; the rows in it stay what they are.
func (w *writer) close() {
	if w.stream == nil {
		return
	}
	w.stream.Close() // ends an append that is still waiting
	_ = w.wait()     // its error was reported, or the attempt has failed already
}
