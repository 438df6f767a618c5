package bqwrite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/managedwriter"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/row"
)

const (
	logBatchMax = 4 << 20 // bytes of rows per request; the API takes 10 MB
	logTimeout  = time.Minute
)

// Append implements load.Log: rows of concurrent callers share requests on the table's default
// stream, which is made on first use and kept.
func (c *Client) Append(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error {
	c.mu.Lock()
	l, ok := c.logs[t]
	if !ok {
		l = &logStream{client: c.managed, table: t, desc: desc}
		c.logs[t] = l
	}
	c.mu.Unlock()
	if err := l.append(ctx, rows); err != nil {
		return fmt.Errorf("append to %s: %w", t, err)
	}
	return nil
}

// logStream is a table's default stream. One request is on its way at a time; what comes meanwhile
// gathers into the next.
type logStream struct {
	client *managedwriter.Client
	table  row.Table
	desc   *descriptorpb.DescriptorProto

	mu      sync.Mutex
	waiting []*logBatch
	sending bool
	senders sync.WaitGroup // at most one

	stream *managedwriter.ManagedStream // of the goroutine that sends
	cancel context.CancelFunc           // of the stream
}

// logBatch is the rows of one request; done is closed once err is known.
type logBatch struct {
	rows [][]byte
	size int
	done chan struct{}
	err  error
}

func (l *logStream) append(ctx context.Context, rows [][]byte) error {
	b := l.enqueue(rows)
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err() // the rows may still be written: the log is written at least once
	}
}

// enqueue adds rows to the last batch that has room, and sees that somebody sends.
func (l *logStream) enqueue(rows [][]byte) *logBatch {
	size := 0
	for _, r := range rows {
		size += len(r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var b *logBatch
	if n := len(l.waiting); n > 0 && l.waiting[n-1].size+size <= logBatchMax {
		b = l.waiting[n-1]
	} else {
		b = &logBatch{done: make(chan struct{})}
		l.waiting = append(l.waiting, b)
	}
	b.rows = append(b.rows, rows...)
	b.size += size
	if !l.sending {
		l.sending = true
		l.senders.Go(l.send)
	}
	return b
}

// send sends batches until none waits.
func (l *logStream) send() {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.sending = false
			l.mu.Unlock()
			return
		}
		b := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.mu.Unlock()
		b.err = l.write(b.rows)
		close(b.done)
	}
}

// write sends one request and waits for its answer. A stream that failed is made anew next time.
func (l *logStream) write(rows [][]byte) error {
	if l.stream == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), logTimeout)
	defer cancel()
	result, err := l.stream.AppendRows(ctx, rows)
	if err == nil {
		_, err = result.GetResult(ctx)
	}
	if err != nil {
		return errors.Join(classify(err), l.drop())
	}
	return nil
}

// open makes the stream. It keeps its context, so that only the making of it is limited in time.
func (l *logStream) open() error {
	ctx, cancel := context.WithCancel(context.Background())
	limit := time.AfterFunc(logTimeout, cancel)
	s, err := l.client.NewManagedStream(ctx,
		managedwriter.WithDestinationTable(l.table.Path()),
		managedwriter.WithType(managedwriter.DefaultStream),
		managedwriter.WithSchemaDescriptor(l.desc),
		managedwriter.EnableWriteRetries(true),
		managedwriter.WithMaxInflightBytes(2*logBatchMax))
	limit.Stop()
	if err != nil {
		cancel()
		return classify(err)
	}
	l.stream, l.cancel = s, cancel
	return nil
}

// drop closes the stream, whose answer to a close in good health is io.EOF.
func (l *logStream) drop() error {
	if l.stream == nil {
		return nil
	}
	err := l.stream.Close()
	l.cancel()
	l.stream = nil
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// close ends the stream once nothing is being sent.
func (l *logStream) close() error {
	l.senders.Wait()
	return l.drop()
}
