package write

import (
	"context"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seneka-io/seneka/internal/row"
)

// CreateWriteStream makes a PENDING or COMMITTED stream of an existing table and returns it with
// the table's schema. It is durable before it is returned.
func (s *Server) CreateWriteStream(ctx context.Context, req *storagepb.CreateWriteStreamRequest) (*storagepb.WriteStream, error) {
	ref, err := row.ParseTablePath(req.GetParent())
	if err != nil {
		return nil, invalid("parent: %v", err)
	}
	kind := req.GetWriteStream().GetType()
	switch kind {
	case storagepb.WriteStream_PENDING, storagepb.WriteStream_COMMITTED:
	case storagepb.WriteStream_BUFFERED:
		return nil, status.Error(codes.Unimplemented, "BUFFERED streams are not served here; use COMMITTED or PENDING")
	default:
		return nil, invalid("write_stream.type must be set to PENDING or COMMITTED")
	}
	t, err := s.knownTable(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := s.sweep(ctx); err != nil {
		return nil, statusOf(err).Err()
	}
	st, err := s.create(context.WithoutCancel(ctx), ref, kind)
	if err != nil {
		return nil, statusOf(err).Err()
	}
	w := st.describe(t)
	w.TableSchema = tableSchema(t.Columns)
	return w, nil
}

func (s *Server) create(ctx context.Context, ref row.Table, kind storagepb.WriteStream_Type) (*stream, error) {
	now := s.now()
	st := &stream{
		name: newStreamName(ref),
		rec:  record{Type: kind.String(), Created: now, Used: now},
	}
	var err error
	if kind == storagepb.WriteStream_PENDING {
		st.journal, err = createJournal(s.o.Dir, st.name, now)
	} else {
		err = s.group.update(ctx, func(tx Tx) error { return s.save(ctx, tx.AddRecord, st.name, &st.rec) })
	}
	if err != nil {
		return nil, err
	}
	s.keep(st)
	return st, nil
}

// GetWriteStream describes a stream, the default stream included, with the table's schema in
// view FULL.
func (s *Server) GetWriteStream(ctx context.Context, req *storagepb.GetWriteStreamRequest) (*storagepb.WriteStream, error) {
	name, ok := parseStream(req.GetName())
	if !ok {
		return nil, invalidStreamName(req.GetName())
	}
	t, err := s.knownTable(ctx, name.table)
	if err != nil {
		return nil, err
	}
	w := describeDefault(name, t)
	if !name.isDefault() {
		st, err := s.acquire(ctx, name)
		if err != nil {
			return nil, statusOf(err).Err()
		}
		w = st.describe(t)
		st.mu.Unlock()
	}
	if req.GetView() == storagepb.WriteStreamView_FULL {
		w.TableSchema = tableSchema(t.Columns)
	}
	return w, nil
}

// describeDefault follows stream.proto: "For the _default stream, this is the creation_time of
// the table"; its type is COMMITTED.
func describeDefault(name streamName, t Table) *storagepb.WriteStream {
	return &storagepb.WriteStream{
		Name:       name.String(),
		Type:       storagepb.WriteStream_COMMITTED,
		CreateTime: timestamppb.New(t.Created),
		CommitTime: timestamppb.New(t.Created),
		WriteMode:  storagepb.WriteStream_INSERT,
		Location:   t.Location,
	}
}

func invalidStreamName(name string) error {
	return invalid("%q is not the name of a write stream: "+
		"projects/{project}/datasets/{dataset}/tables/{table}/streams/{stream}", name)
}

// FinalizeWriteStream ends a stream and returns how many rows it has, each time it is called.
func (s *Server) FinalizeWriteStream(ctx context.Context, req *storagepb.FinalizeWriteStreamRequest) (*storagepb.FinalizeWriteStreamResponse, error) {
	name, ok := parseStream(req.GetName())
	if !ok {
		return nil, invalidStreamName(req.GetName())
	}
	if name.isDefault() {
		return nil, storageError(codes.InvalidArgument, storagepb.StorageError_INVALID_STREAM_TYPE, name.String(),
			"Finalize is not supported on the '_default' stream.")
	}
	st, err := s.acquire(ctx, name)
	if err != nil {
		return nil, statusOf(err).Err()
	}
	defer st.mu.Unlock()
	if err := s.finalize(context.WithoutCancel(ctx), st); err != nil {
		return nil, statusOf(err).Err()
	}
	return &storagepb.FinalizeWriteStreamResponse{RowCount: st.rec.Rows}, nil
}

// finalize marks a locked stream as final. On an error nobody knows what reached the disk.
func (s *Server) finalize(ctx context.Context, st *stream) error {
	if st.rec.Finalized {
		return nil
	}
	next := st.rec
	next.Finalized = true
	var err error
	if st.journal != nil {
		err = st.journal.finalize()
	} else {
		err = s.group.update(ctx, func(tx Tx) error { return s.save(ctx, tx.SetRecord, st.name, &next) })
	}
	if err != nil {
		s.drop(st)
		return err
	}
	st.rec = next
	return nil
}

// FlushRows is for BUFFERED streams, of which there are none here.
func (s *Server) FlushRows(ctx context.Context, req *storagepb.FlushRowsRequest) (*storagepb.FlushRowsResponse, error) {
	name, ok := parseStream(req.GetWriteStream())
	if !ok {
		return nil, invalidStreamName(req.GetWriteStream())
	}
	if !name.isDefault() {
		st, err := s.acquire(ctx, name)
		if err != nil {
			return nil, statusOf(err).Err()
		}
		st.mu.Unlock()
	}
	return nil, storageError(codes.InvalidArgument, storagepb.StorageError_INVALID_STREAM_TYPE, name.String(),
		"FlushRows is for BUFFERED streams only.")
}
