// Package bqwrite is the adapter to the BigQuery Storage Write API.
//
// The streams of files go through the API's plain client: managedwriter asks GetWriteStream for
// each stream, under a lock that makes the creation of streams one after the other, and may send
// an append again by itself. The logs go through managedwriter: their default streams live as long
// as the process, and reconnecting and sending again are what they need.
package bqwrite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/googlehttp"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// Client writes rows. It is made once per process, shared by concurrent loads, and closed.
type Client struct {
	raw     *storage.BigQueryWriteClient
	managed *managedwriter.Client
	ctx     context.Context // of the appends to logs
	cancel  context.CancelFunc

	mu     sync.Mutex
	logs   map[row.Table]*logStream
	closed bool
}

// EmulatorOptions returns the options that connect to a stand-in for the Storage API at host:port,
// without credentials and in plain text.
func EmulatorOptions(hostport string) []option.ClientOption { return googlehttp.PlainGRPC(hostport) }

// New connects to the Storage Write API. The clients keep ctx for their background work: it must
// live as long as they do, and is not that of a request.
func New(ctx context.Context, project string, opts ...option.ClientOption) (*Client, error) {
	raw, err := storage.NewBigQueryWriteClient(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the BigQuery Storage Write API: %w", err)
	}
	// The client's own first pause is ten seconds, as long as a whole load takes.
	raw.CallOptions.CreateWriteStream = []gax.CallOption{
		gax.WithTimeout(time.Minute),
		gax.WithRetry(func() gax.Retryer {
			return gax.OnCodes([]codes.Code{codes.Unavailable, codes.ResourceExhausted},
				gax.Backoff{Initial: 200 * time.Millisecond, Max: 10 * time.Second, Multiplier: 2})
		}),
	}
	// An append is sent once: a copy that lands later is what offsets cannot undo on a shared stream.
	raw.CallOptions.AppendRows = nil
	managed, err := managedwriter.NewClient(ctx, project, opts...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the BigQuery Storage Write API: %w", err), raw.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	return &Client{raw: raw, managed: managed, ctx: ctx, cancel: cancel, logs: map[row.Table]*logStream{}}, nil
}

// closeWait is how long Close waits for appends to logs: an instance that is told to stop has ten
// seconds for all.
const closeWait = 2 * time.Second

// Close waits for the appends to logs that are under way, but not longer than two seconds, and ends
// the logs' streams and both connections. Calls on streams of files that are under way fail, and so
// does all that comes after.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	logs := c.logs
	c.logs = nil
	c.mu.Unlock()
	defer c.cancel()
	defer time.AfterFunc(closeWait, c.cancel).Stop()
	var errs []error
	for _, l := range logs {
		errs = append(errs, l.close())
	}
	return errors.Join(append(errs, c.managed.Close(), c.raw.Close())...)
}

// Create implements load.Streams.
func (c *Client) Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (load.Stream, error) {
	return c.create(ctx, ctx, t, desc, storagepb.WriteStream_PENDING)
}

// CreatePooled implements load.Streams.
func (c *Client) CreatePooled(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (load.Stream, error) {
	return c.create(ctx, context.WithoutCancel(ctx), t, desc, storagepb.WriteStream_COMMITTED)
}

// create makes a stream, whose connection keeps the context conn.
func (c *Client) create(ctx, conn context.Context, t row.Table, desc *descriptorpb.DescriptorProto, typ storagepb.WriteStream_Type) (load.Stream, error) {
	made, err := c.raw.CreateWriteStream(ctx, &storagepb.CreateWriteStreamRequest{
		Parent:      t.Path(),
		WriteStream: &storagepb.WriteStream{Type: typ},
	})
	if status.Code(err) == codes.NotFound {
		return nil, errkind.With(errkind.NotFound, err)
	}
	if err != nil {
		return nil, classify(err)
	}
	conn, cancel := context.WithCancel(conn)
	return &stream{client: c.raw, name: made.GetName(), pooled: typ == storagepb.WriteStream_COMMITTED, desc: desc, ctx: conn, cancel: cancel}, nil
}

// Finalize implements load.Streams.
func (c *Client) Finalize(ctx context.Context, stream string) (rows int64, known bool, err error) {
	resp, err := c.raw.FinalizeWriteStream(ctx, &storagepb.FinalizeWriteStreamRequest{Name: stream})
	if status.Code(err) == codes.NotFound {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, classify(err)
	}
	return resp.GetRowCount(), true, nil
}

// Commit implements load.Streams. What went wrong with a stream comes in the answer's body, beside
// a nil error; as an error's detail it means the same.
func (c *Client) Commit(ctx context.Context, t row.Table, streams []string) (load.CommitState, error) {
	resp, err := c.raw.BatchCommitWriteStreams(ctx, &storagepb.BatchCommitWriteStreamsRequest{Parent: t.Path(), WriteStreams: streams})
	if err != nil {
		if fault := storageError(statusOf(err)); fault != nil {
			return refused([]*storagepb.StorageError{fault}, len(streams))
		}
		return 0, classify(err)
	}
	if resp.GetCommitTime() != nil {
		return load.Committed, nil
	}
	return refused(resp.GetStreamErrors(), len(streams))
}

// refused is what it means that a commit of n streams was refused because of the faults.
func refused(faults []*storagepb.StorageError, n int) (load.CommitState, error) {
	already := 0
	for _, f := range faults {
		switch f.GetCode() {
		case storagepb.StorageError_STREAM_ALREADY_COMMITTED:
			already++
		case storagepb.StorageError_STREAM_NOT_FOUND, storagepb.StorageError_INVALID_STREAM_STATE:
		default:
			return 0, errkind.With(errkind.Transient, fmt.Errorf("commit refused: %s: %s: %s", f.GetEntity(), f.GetCode(), f.GetErrorMessage()))
		}
	}
	// Streams of one claim are committed together: if only some are named as committed, BigQuery
	// says nothing of the rest, and a count has to.
	if already < n {
		return load.Unknown, nil
	}
	return load.AlreadyCommitted, nil
}

// stream is one explicit stream and its connection.
type stream struct {
	client *storage.BigQueryWriteClient
	name   string
	pooled bool // it serves one file after the other
	desc   *descriptorpb.DescriptorProto
	ctx    context.Context // the connection's, until Close
	cancel context.CancelFunc
	conn   storagepb.BigQueryWrite_AppendRowsClient
}

// Name implements load.Stream.
func (s *stream) Name() string { return s.name }

// Append implements load.Stream. The request is encoded before Send returns, so that the caller
// may use the rows' memory again.
func (s *stream) Append(ctx context.Context, offset int64, rows [][]byte) error {
	// The connection outlives ctx; the wait for one answer must not.
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	data := &storagepb.AppendRowsRequest_ProtoData{Rows: &storagepb.ProtoRows{SerializedRows: rows}}
	req := &storagepb.AppendRowsRequest{
		WriteStream: s.name,
		Offset:      wrapperspb.Int64(offset),
		Rows:        &storagepb.AppendRowsRequest_ProtoRows{ProtoRows: data},
	}
	if s.conn == nil {
		ctx := metadata.AppendToOutgoingContext(s.ctx, "x-goog-request-params", "write_stream="+url.QueryEscape(s.name))
		conn, err := s.client.AppendRows(ctx)
		if err != nil {
			return classifyAppend(nil, err)
		}
		s.conn = conn
		data.WriterSchema = &storagepb.ProtoSchema{ProtoDescriptor: s.desc}
	}
	// Where the server ended the connection Send says io.EOF, and Recv says why.
	if err := s.conn.Send(req); err != nil && !errors.Is(err, io.EOF) {
		return classifyAppend(nil, err)
	}
	resp, err := s.conn.Recv()
	// That the rows are at this offset already is no error on a stream of one file: it has one
	// writer, so they are its own. On a pooled stream it is an outcome in doubt.
	if status.FromProto(resp.GetError()).Code() == codes.AlreadyExists && !s.pooled {
		return nil
	}
	return classifyAppend(resp, err)
}

// Finalize implements load.Stream.
func (s *stream) Finalize(ctx context.Context) (int64, error) {
	resp, err := s.client.FinalizeWriteStream(ctx, &storagepb.FinalizeWriteStreamRequest{Name: s.name})
	if err != nil {
		return 0, classify(err)
	}
	return resp.GetRowCount(), nil
}

// Close implements load.Stream.
func (s *stream) Close() {
	if s.conn != nil {
		_ = s.conn.CloseSend() // the cancel below ends it in any case
	}
	s.cancel()
}
