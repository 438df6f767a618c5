package bqwrite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

const (
	logBatchMax = 4 << 20 // bytes of rows per request; the API takes 10 MB
	logTimeout  = time.Minute
)

// errClosed is what an append gets that comes after Close.
var errClosed = errors.New("the client of the Storage Write API is closed")

// Append implements load.Log: rows of concurrent callers share requests on the table's default
// stream, which is made on first use and kept. Rows of one table all come with the same desc.
func (c *Client) Append(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error {
	l, err := c.log(t, desc)
	if err == nil {
		err = l.append(ctx, rows)
	}
	if err != nil {
		return fmt.Errorf("append to %s: %w", t, err)
	}
	return nil
}

func (c *Client) log(t row.Table, desc *descriptorpb.DescriptorProto) (*logStream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	l, ok := c.logs[t]
	if !ok {
		l = &logStream{ctx: c.ctx, client: c.managed, table: t, desc: desc}
		c.logs[t] = l
	}
	return l, nil
}

// logStream is a table's default stream. One request is on its way at a time; what comes meanwhile
// gathers into the next.
type logStream struct {
	ctx    context.Context // of all its requests
	client *managedwriter.Client
	table  row.Table
	desc   *descriptorpb.DescriptorProto

	mu      sync.Mutex
	waiting []*logPart
	sending bool
	closed  bool
	senders sync.WaitGroup // at most one

	stream *managedwriter.ManagedStream // of the goroutine that sends
	cancel context.CancelFunc           // of the stream
}

// logPart is rows of one caller that go into one request, with those of others or alone.
type logPart struct {
	rows [][]byte
	size int        // bytes
	done chan error // takes the outcome
}

// parts copies rows, whose memory is the caller's again even if it stops waiting, and splits them
// by the size of a request.
func parts(rows [][]byte) []*logPart {
	var list []*logPart
	for _, r := range rows {
		if n := len(list); n == 0 || list[n-1].size+len(r) > logBatchMax {
			list = append(list, &logPart{done: make(chan error, 1)})
		}
		last := list[len(list)-1]
		last.rows = append(last.rows, bytes.Clone(r))
		last.size += len(r)
	}
	return list
}

func (l *logStream) append(ctx context.Context, rows [][]byte) error {
	list := parts(rows)
	if err := l.enqueue(list); err != nil {
		return err
	}
	var errs []error
	for _, p := range list {
		select {
		case err := <-p.done:
			errs = append(errs, err)
		case <-ctx.Done():
			return ctx.Err() // the rows may still be written: the log is written at least once
		}
	}
	return errors.Join(errs...)
}

// enqueue lets parts wait for the next request, and sees that somebody sends.
func (l *logStream) enqueue(list []*logPart) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	l.waiting = append(l.waiting, list...)
	if len(l.waiting) > 0 && !l.sending {
		l.sending = true
		l.senders.Go(l.send)
	}
	return nil
}

// send sends requests until nothing waits.
func (l *logStream) send() {
	for {
		list := l.take()
		if len(list) == 0 {
			return
		}
		err := l.write(list...)
		for _, p := range list {
			if len(list) > 1 && errkind.Is(err, errkind.Permanent) {
				// One row refuses the whole request: that is to be the error of its caller alone.
				p.done <- l.write(p)
				continue
			}
			p.done <- err
		}
	}
}

// take returns the parts of the next request; none ends the sending.
func (l *logStream) take() []*logPart {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, size := 0, 0
	for n < len(l.waiting) && (n == 0 || size+l.waiting[n].size <= logBatchMax) {
		size += l.waiting[n].size
		n++
	}
	list := l.waiting[:n]
	l.waiting = slices.Clone(l.waiting[n:])
	l.sending = n > 0
	return list
}

// write sends one request and waits for its answer. After a failure other than a refusal the stream
// is made anew next time.
func (l *logStream) write(list ...*logPart) error {
	if l.stream == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	var rows [][]byte
	for _, p := range list {
		rows = append(rows, p.rows...)
	}
	ctx, cancel := context.WithTimeout(l.ctx, logTimeout)
	defer cancel()
	var resp *storagepb.AppendRowsResponse
	result, err := l.stream.AppendRows(ctx, rows)
	if err == nil {
		resp, err = result.FullResponse(ctx)
	}
	err = classifyAppend(resp, err)
	if err == nil || errkind.Is(err, errkind.Permanent) {
		return err
	}
	return errors.Join(err, l.drop())
}

// open makes the stream. It keeps its context, so that only the making of it is limited in time.
func (l *logStream) open() error {
	ctx, cancel := context.WithCancel(l.ctx)
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

// close refuses what comes from now on, waits for what came before and ends the stream.
func (l *logStream) close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.senders.Wait()
	return l.drop()
}
