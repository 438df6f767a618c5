package counting

import (
	"errors"
	"io"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// maxRequest is what an append request must be smaller than, in bytes: 20 MB, by the quotas.
const maxRequest = 20 << 20

// AppendRows serves one connection: an answer for each request, in their order. What is wrong with a request is
// said in its answer, and the connection goes on.
func (s *Server) AppendRows(conn storagepb.BigQueryWrite_AppendRowsServer) error {
	s.opened(1)
	defer s.opened(-1)
	var target streamName
	described := false
	for {
		var req appendRequest
		err := conn.RecvMsg(&req)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if req.stream != "" {
			name, ok := parseStream(req.stream)
			if !ok {
				return invalidStreamName(req.stream)
			}
			if name != target {
				if target.id != "" && (name.id != defaultID || target.id != defaultID) {
					return invalid("This connection appends to %s: only default streams share a connection, open another for %s", target, name)
				}
				target, described = name, false
			}
		}
		described = described || req.schema
		if s.opts.Append > 0 {
			time.Sleep(s.opts.Append)
		}
		if err := conn.Send(s.respond(target, described, &req)); err != nil {
			return err
		}
	}
}

func (s *Server) opened(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += n
	if n > 0 {
		s.requests["AppendRows"]++
	}
}

func (s *Server) respond(target streamName, described bool, req *appendRequest) *storagepb.AppendRowsResponse {
	resp := &storagepb.AppendRowsResponse{WriteStream: target.String()}
	result, err := s.append(target, described, req)
	if err != nil {
		resp.Response = &storagepb.AppendRowsResponse_Error{Error: status.Convert(err).Proto()}
	} else {
		resp.Response = &storagepb.AppendRowsResponse_AppendResult_{AppendResult: result}
	}
	return resp
}

func (s *Server) append(target streamName, described bool, req *appendRequest) (*storagepb.AppendRowsResponse_AppendResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests["AppendRows request"]++
	switch {
	case target.id == "":
		return nil, invalid("The first request of a connection must name its write_stream")
	case req.arrow:
		return nil, invalid("Arrow rows are not served here; send proto_rows. Entity: %s", target)
	case !described:
		return nil, invalid("Invalid proto schema: the first request to a destination must have a writer_schema. Entity: %s", target)
	case req.size >= maxRequest:
		return nil, invalid("AppendRows request too large: %d limit %d Entity: %s", req.size, maxRequest, target)
	case req.rows == 0:
		return nil, invalid("Rows must be specified: the request has none. Entity: %s", target)
	}
	t, err := s.table(target.table)
	if err != nil {
		return nil, err
	}
	if target.id == defaultID {
		if req.placed {
			return nil, invalid("Specifying an offset is not allowed on the '_default' stream. Entity: %s", target)
		}
		t.add(req.rows, req.rowBytes)
		return &storagepb.AppendRowsResponse_AppendResult{}, nil
	}
	st, err := s.stream(target)
	if err != nil {
		return nil, err
	}
	if err := st.accepts(target, req); err != nil {
		return nil, err
	}
	at := st.Rows
	st.add(req.rows, req.rowBytes)
	if !st.pending {
		t.add(req.rows, req.rowBytes)
	}
	return &storagepb.AppendRowsResponse_AppendResult{Offset: wrapperspb.Int64(at)}, nil
}

// accepts says whether the stream takes rows at the request's offset.
func (st *stream) accepts(name streamName, req *appendRequest) error {
	switch {
	case st.committed:
		return storageError(codes.FailedPrecondition, storagepb.StorageError_STREAM_ALREADY_COMMITTED, name, "Stream is already committed.")
	case st.final:
		return storageError(codes.FailedPrecondition, storagepb.StorageError_STREAM_FINALIZED, name, "Stream has been finalized and cannot be appended.")
	case !req.placed || req.offset == st.Rows:
		return nil
	case req.offset < 0:
		return invalid("offset %d is negative. Entity: %s", req.offset, name)
	case req.offset < st.Rows:
		return storageError(codes.AlreadyExists, storagepb.StorageError_OFFSET_ALREADY_EXISTS, name,
			"The offset is within stream, expected offset %d, received %d", st.Rows, req.offset)
	default:
		return storageError(codes.OutOfRange, storagepb.StorageError_OFFSET_OUT_OF_RANGE, name,
			"The offset is beyond stream, expected offset %d, received %d", st.Rows, req.offset)
	}
}
