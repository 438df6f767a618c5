package counting

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seneka-io/seneka/internal/row"
)

// stream is one that CreateWriteStream made; guarded by the server's lock.
type stream struct {
	Total
	pending          bool
	final, committed bool
}

func (t *Total) add(rows, bytes int64) { t.Rows, t.Bytes = t.Rows+rows, t.Bytes+bytes }

// defaultID is the stream that every table has.
const defaultID = "_default"

// streamName is projects/{project}/datasets/{dataset}/tables/{table}/streams/{id}.
type streamName struct {
	table row.Table
	id    string
}

func (n streamName) String() string {
	if n.id == "" {
		return ""
	}
	return n.table.Path() + "/streams/" + n.id
}

// parseStream reads the name of a stream. That of the default stream may also stand right after its table.
func parseStream(s string) (streamName, bool) {
	parent, id, ok := strings.Cut(s, "/streams/")
	if !ok {
		parent, ok = strings.CutSuffix(s, "/"+defaultID)
		id = defaultID
	}
	t, err := row.ParseTablePath(parent)
	return streamName{table: t, id: id}, ok && err == nil && id != ""
}

// stream returns one that is known. The caller holds the lock.
func (s *Server) stream(name streamName) (*stream, error) {
	if st := s.streams[name.String()]; st != nil {
		return st, nil
	}
	return nil, storageError(codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND, name, "Requested entity was not found: no such stream, or it has expired.")
}

// call counts a unary call and takes the time that it is to take.
func (s *Server) call(method string) {
	s.count(method)
	if s.opts.Call > 0 {
		time.Sleep(s.opts.Call)
	}
}

// CreateWriteStream makes a PENDING or COMMITTED stream of a table that is there.
func (s *Server) CreateWriteStream(_ context.Context, req *storagepb.CreateWriteStreamRequest) (*storagepb.WriteStream, error) {
	s.call("CreateWriteStream")
	ref, err := row.ParseTablePath(req.GetParent())
	if err != nil {
		return nil, invalid("parent: %v", err)
	}
	kind := req.GetWriteStream().GetType()
	if kind != storagepb.WriteStream_PENDING && kind != storagepb.WriteStream_COMMITTED {
		return nil, invalid("write_stream.type must be PENDING or COMMITTED: others are not served here")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.table(ref); err != nil {
		return nil, err
	}
	name := streamName{ref, strings.ToLower(rand.Text())}.String()
	s.streams[name] = &stream{pending: kind == storagepb.WriteStream_PENDING}
	s.made++
	return &storagepb.WriteStream{Name: name, Type: kind, CreateTime: timestamppb.Now(), WriteMode: storagepb.WriteStream_INSERT, Location: location}, nil
}

// GetWriteStream describes a stream, default ones included.
func (s *Server) GetWriteStream(_ context.Context, req *storagepb.GetWriteStreamRequest) (*storagepb.WriteStream, error) {
	s.count("GetWriteStream")
	name, ok := parseStream(req.GetName())
	if !ok {
		return nil, invalidStreamName(req.GetName())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.table(name.table); err != nil {
		return nil, err
	}
	w := &storagepb.WriteStream{Name: name.String(), Type: storagepb.WriteStream_COMMITTED, WriteMode: storagepb.WriteStream_INSERT, Location: location}
	if name.id == defaultID {
		return w, nil
	}
	st, err := s.stream(name)
	if err == nil && st.pending {
		w.Type = storagepb.WriteStream_PENDING
	}
	return w, err
}

// FinalizeWriteStream ends a stream and returns how many rows it has, each time it is called.
func (s *Server) FinalizeWriteStream(_ context.Context, req *storagepb.FinalizeWriteStreamRequest) (*storagepb.FinalizeWriteStreamResponse, error) {
	s.call("FinalizeWriteStream")
	name, ok := parseStream(req.GetName())
	if !ok {
		return nil, invalidStreamName(req.GetName())
	}
	if name.id == defaultID {
		return nil, storageError(codes.InvalidArgument, storagepb.StorageError_INVALID_STREAM_TYPE, name, "Finalize is not supported on the '_default' stream.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.stream(name)
	if err != nil {
		return nil, err
	}
	st.final = true
	return &storagepb.FinalizeWriteStreamResponse{RowCount: st.Rows}, nil
}

// BatchCommitWriteStreams makes the rows of final PENDING streams of one table visible, all or none. What is
// wrong with a stream is said in the response, beside a nil error.
func (s *Server) BatchCommitWriteStreams(_ context.Context, req *storagepb.BatchCommitWriteStreamsRequest) (*storagepb.BatchCommitWriteStreamsResponse, error) {
	s.call("BatchCommitWriteStreams")
	ref, err := row.ParseTablePath(req.GetParent())
	if err != nil {
		return nil, invalid("parent: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.table(ref)
	if err != nil {
		return nil, err
	}
	var faults []*storagepb.StorageError
	streams := map[*stream]bool{}
	for _, text := range req.GetWriteStreams() {
		name, ok := parseStream(text)
		if !ok || name.table != ref {
			return nil, invalid("stream %s does not belong to table %s", text, req.GetParent())
		}
		st := s.streams[name.String()]
		if fault := st.commitFault(); fault != storagepb.StorageError_STORAGE_ERROR_CODE_UNSPECIFIED {
			faults = append(faults, &storagepb.StorageError{Code: fault, Entity: text, ErrorMessage: "The stream cannot be committed."})
			continue
		}
		streams[st] = true
	}
	if len(faults) > 0 {
		return &storagepb.BatchCommitWriteStreamsResponse{StreamErrors: faults}, nil
	}
	if len(streams) == 0 || len(streams) < len(req.GetWriteStreams()) {
		return nil, invalid("write_streams must name streams, each once")
	}
	for st := range streams {
		st.committed = true
		t.add(st.Rows, st.Bytes)
	}
	return &storagepb.BatchCommitWriteStreamsResponse{CommitTime: timestamppb.Now()}, nil
}

// commitFault says why the stream, nil for one that is not known, cannot be committed.
func (st *stream) commitFault() storagepb.StorageError_StorageErrorCode {
	switch {
	case st == nil:
		return storagepb.StorageError_STREAM_NOT_FOUND
	case !st.pending:
		return storagepb.StorageError_INVALID_STREAM_TYPE
	case st.committed:
		return storagepb.StorageError_STREAM_ALREADY_COMMITTED
	case !st.final:
		return storagepb.StorageError_INVALID_STREAM_STATE
	default:
		return storagepb.StorageError_STORAGE_ERROR_CODE_UNSPECIFIED
	}
}
