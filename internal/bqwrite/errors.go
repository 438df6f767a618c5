package bqwrite

import (
	"errors"
	"fmt"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/errkind"
)

// classify gives an error of the API its kind.
func classify(err error) error {
	if err == nil {
		return nil
	}
	st := statusOf(err)
	switch storageError(st).GetCode() {
	case storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS, storagepb.StorageError_STREAM_NOT_FOUND,
		storagepb.StorageError_STREAM_FINALIZED, storagepb.StorageError_INVALID_STREAM_STATE, storagepb.StorageError_INVALID_STREAM_TYPE:
		// Just after a table was given a column, BigQuery may not know it yet; and with a stream
		// that is gone, or that somebody ended, the attempt starts over. Nothing of it is the rows'.
		return errkind.With(errkind.Transient, err)
	case storagepb.StorageError_TABLE_NOT_FOUND:
		return errkind.With(errkind.NotFound, err)
	}
	switch st.Code() {
	case codes.NotFound:
		return errkind.With(errkind.NotFound, err)
	case codes.InvalidArgument:
		return errkind.With(errkind.Permanent, err)
	default:
		return errkind.With(errkind.Transient, err)
	}
}

// classifyAppend gives the answer to an append its kind. That the rows are at this offset already
// is no error on a stream of one file: it has one writer, so they are its own. On a pooled stream
// it is an outcome in doubt.
func (s *stream) classifyAppend(resp *storagepb.AppendRowsResponse) error {
	if bad := resp.GetRowErrors(); len(bad) > 0 {
		return errkind.With(errkind.Permanent, fmt.Errorf("BigQuery refused %d rows, row %d of the request first: %s", len(bad), bad[0].GetIndex(), bad[0].GetMessage()))
	}
	if resp.GetError() == nil {
		return nil
	}
	st := status.FromProto(resp.GetError())
	if st.Code() == codes.AlreadyExists && !s.pooled {
		return nil
	}
	return classify(st.Err())
}

// statusOf finds the gRPC status in an error of either client.
func statusOf(err error) *status.Status {
	var api *apierror.APIError
	if errors.As(err, &api) && api.GRPCStatus() != nil {
		return api.GRPCStatus()
	}
	st, _ := status.FromError(err)
	return st
}

// storageError returns the Write API's own error that a status carries; nil if it carries none.
func storageError(st *status.Status) *storagepb.StorageError {
	for _, d := range st.Details() {
		if e, ok := d.(*storagepb.StorageError); ok {
			return e
		}
	}
	return nil
}
