package write

import (
	"context"
	"errors"
	"io"
	"reflect"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/row"
)

// maxRequest is what an AppendRowsRequest must be smaller than, in bytes: "less than 20 MB"
// (storage.proto, and quotas). Pages before 2026 said 10 MB, which the service then counted as
// 10,485,760, so 20 MB are taken as 20 MiB.
const maxRequest = 20 << 20

// AppendRows serves one connection: a response for each request, in their order. What is wrong
// with a request is said in its response and the connection goes on ("Users can retry or continue
// with other append requests within the same connection"); only a connection that another one
// replaced ends with an error.
func (s *Server) AppendRows(conn storagepb.BigQueryWrite_AppendRowsServer) error {
	c := &connection{server: s}
	defer c.leave()
	for {
		req, err := conn.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		resp, err := c.respond(conn.Context(), req)
		if err != nil {
			return err
		}
		if err := conn.Send(resp); err != nil {
			return err
		}
	}
}

// connection is what the requests of one AppendRows call leave out once they have said it.
type connection struct {
	server  *Server
	target  streamName
	many    bool    // it has had several targets
	joined  *stream // the explicit stream that it appends to
	writer  *descriptorpb.DescriptorProto
	raw     []byte     // writer, encoded
	decoder *decoder   // of writer for columns
	columns row.Schema // of the target's table as last seen
}

// errReplaced ends a connection whose stream another connection took over.
var errReplaced = errors.New("replaced")

func (c *connection) respond(ctx context.Context, req *storagepb.AppendRowsRequest) (*storagepb.AppendRowsResponse, error) {
	resp := &storagepb.AppendRowsResponse{}
	result, err := c.append(ctx, req, resp)
	resp.WriteStream = c.target.String()
	if errors.Is(err, errReplaced) {
		return nil, status.Errorf(codes.Aborted, "Closing the connection because another one appends to the stream. Entity: %s", c.target)
	}
	if err != nil {
		var rows *rowsError
		if errors.As(err, &rows) {
			resp.RowErrors = rows.rows
		}
		resp.Response = &storagepb.AppendRowsResponse_Error{Error: statusOf(err).Proto()}
		return resp, nil
	}
	resp.Response = &storagepb.AppendRowsResponse_AppendResult_{AppendResult: result}
	return resp, nil
}

func (c *connection) append(ctx context.Context, req *storagepb.AppendRowsRequest, resp *storagepb.AppendRowsResponse) (*storagepb.AppendRowsResponse_AppendResult, error) {
	if err := c.direct(req); err != nil {
		return nil, err
	}
	rows := req.GetProtoRows().GetRows()
	if size := proto.Size(req); size >= maxRequest {
		return nil, invalid("AppendRows request too large: %d limit %d Entity: %s", size, maxRequest, c.target)
	}
	if len(rows.GetSerializedRows()) == 0 {
		return nil, invalid("Rows must be specified: the request has none. Entity: %s", c.target)
	}
	t, err := c.server.knownTable(ctx, c.target.table)
	if err != nil {
		return nil, err
	}
	if c.columns != nil && !reflect.DeepEqual(c.columns, t.Columns) {
		resp.UpdatedSchema = tableSchema(t.Columns)
		c.decoder = nil
	}
	c.columns = t.Columns
	if c.target.isDefault() {
		return &storagepb.AppendRowsResponse_AppendResult{}, c.appendDefault(ctx, req.GetOffset(), rows, t)
	}
	at, err := c.appendExplicit(ctx, req.GetOffset(), rows, t)
	return &storagepb.AppendRowsResponse_AppendResult{Offset: wrapperspb.Int64(at)}, err
}

// direct takes from a request where its rows go and how they are written, as far as it says.
func (c *connection) direct(req *storagepb.AppendRowsRequest) error {
	if err := c.aim(req.GetWriteStream()); err != nil {
		return err
	}
	if req.GetArrowRows() != nil {
		return invalid("Arrow rows are not served here; send proto_rows. Entity: %s", c.target)
	}
	if dp := req.GetProtoRows().GetWriterSchema().GetProtoDescriptor(); dp != nil {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(dp)
		if err != nil {
			return invalid("Invalid proto schema: %v Entity: %s", err, c.target)
		}
		c.writer, c.raw, c.decoder = dp, raw, nil
	}
	if c.writer == nil {
		return invalid("Invalid proto schema: the first request to a destination must have a writer_schema. Entity: %s", c.target)
	}
	return nil
}

// aim sets the target that a request names. Only default streams share a connection.
func (c *connection) aim(stream string) error {
	if stream == "" {
		if c.target.id == "" {
			return invalid("The first request of a connection must name its write_stream")
		}
		if c.many {
			return invalid("write_stream must be in every request once a connection has had several destinations")
		}
		return nil
	}
	name, ok := parseStream(stream)
	switch {
	case !ok:
		return invalidStreamName(stream)
	case name == c.target:
		return nil
	case c.target.id != "" && !(c.target.isDefault() && name.isDefault()):
		return invalid("This connection appends to %s: only default streams share a connection, open another for %s", c.target, stream)
	}
	c.many = c.target.id != ""
	c.target, c.writer, c.decoder, c.columns = name, nil, nil, nil
	return nil
}

// decode checks and decodes rows for table t.
func (c *connection) decode(rows *storagepb.ProtoRows, t Table) ([][]any, error) {
	if c.decoder == nil {
		d, err := newDecoder(c.writer, t, c.target.String())
		if err != nil {
			return nil, err
		}
		c.decoder = d
	}
	values, err := c.decoder.rows(rows.GetSerializedRows())
	if err != nil {
		return nil, err
	}
	return values, c.decoder.checkPartition(values, c.server.now())
}

func (c *connection) appendDefault(ctx context.Context, offset *wrapperspb.Int64Value, rows *storagepb.ProtoRows, t Table) error {
	if offset != nil {
		return invalid("Specifying an offset is not allowed on the '_default' stream. Entity: %s", c.target)
	}
	values, err := c.decode(rows, t)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	return c.server.group.update(ctx, func(tx Tx) error { return c.insert(ctx, tx, rows, values, t) })
}

// insert adds rows to the target's table, in the transaction tx: values, which they are decoded to for
// t, or what they come to for the table as it is now.
func (c *connection) insert(ctx context.Context, tx Tx, rows *storagepb.ProtoRows, values [][]any, t Table) error {
	now, err := lookUp(ctx, tx, c.target.table)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(now.Columns, t.Columns) {
		d, err := newDecoder(c.writer, now, c.target.String())
		if err != nil {
			return err
		}
		if values, err = d.rows(rows.GetSerializedRows()); err != nil {
			return err
		}
	}
	return tx.Append(ctx, c.target.table, values)
}

// appendExplicit appends to the stream that the connection is for and returns the first row's
// offset.
func (c *connection) appendExplicit(ctx context.Context, offset *wrapperspb.Int64Value, rows *storagepb.ProtoRows, t Table) (int64, error) {
	st, err := c.server.acquire(ctx, c.target)
	if err != nil {
		return 0, err
	}
	defer st.mu.Unlock()
	if err := c.join(st); err != nil {
		return 0, err
	}
	if err := checkAppend(st, offset); err != nil {
		return 0, err
	}
	values, err := c.decode(rows, t)
	if err != nil {
		return 0, err
	}
	at := st.rec.Rows
	return at, c.appendTo(context.WithoutCancel(ctx), st, rows, values, t)
}

// join makes c the one connection of the stream. The documentation says "a single active
// connection" and not which of two it is; here the newer one, so that a client whose connection
// broke unnoticed goes on, and nothing of the older is accepted any more.
func (c *connection) join(st *stream) error {
	if c.joined != nil && st.owner != nil && st.owner != c {
		return errReplaced
	}
	c.joined, st.owner = st, c
	return nil
}

// leave gives the stream up.
func (c *connection) leave() {
	if c.joined == nil {
		return
	}
	c.joined.mu.Lock()
	defer c.joined.mu.Unlock()
	if c.joined.owner == c {
		c.joined.owner = nil
	}
}

// checkAppend says whether a locked stream takes rows at the offset.
func checkAppend(st *stream, offset *wrapperspb.Int64Value) error {
	name, end := st.name.String(), st.rec.Rows
	switch {
	case st.rec.isCommitted():
		return storageError(codes.FailedPrecondition, storagepb.StorageError_STREAM_ALREADY_COMMITTED, name,
			"Stream is already committed.")
	case st.rec.Finalized:
		return storageError(codes.FailedPrecondition, storagepb.StorageError_STREAM_FINALIZED, name,
			"Stream has been finalized and cannot be appended.")
	case offset == nil || offset.GetValue() == end:
		return nil
	case offset.GetValue() < 0:
		return invalid("offset %d is negative. Entity: %s", offset.GetValue(), name)
	case offset.GetValue() < end:
		return storageError(codes.AlreadyExists, storagepb.StorageError_OFFSET_ALREADY_EXISTS, name,
			"The offset is within stream, expected offset %d, received %d", end, offset.GetValue())
	default:
		return storageError(codes.OutOfRange, storagepb.StorageError_OFFSET_OUT_OF_RANGE, name,
			"The offset is beyond stream, expected offset %d, received %d", end, offset.GetValue())
	}
}

// appendTo adds rows, which are decoded to values for t, to a locked stream. When the outcome of a
// transaction is in doubt, the stream is read again before its next use.
func (c *connection) appendTo(ctx context.Context, st *stream, rows *storagepb.ProtoRows, values [][]any, t Table) error {
	s := c.server
	next := st.rec
	next.Rows += int64(len(values))
	next.Used = s.now()
	var err error
	if st.journal != nil {
		err = st.journal.append(c.raw, rows)
	} else {
		err = s.group.update(ctx, func(tx Tx) error {
			if err := c.insert(ctx, tx, rows, values, t); err != nil {
				return err
			}
			return s.save(ctx, tx.SetRecord, st.name, &next)
		})
	}
	if err != nil {
		s.drop(st)
		return err
	}
	st.rec = next
	return nil
}
