package bqwrite

import (
	"errors"
	"fmt"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
)

// classify gives an error of the API its kind.
func classify(err error) error {
	if err == nil {
		return nil
	}
	st := statusOf(err)
	switch storageError(st).GetCode() {
	case storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS:
		return schemaError(err)
	case storagepb.StorageError_STREAM_NOT_FOUND, storagepb.StorageError_STREAM_FINALIZED,
		storagepb.StorageError_INVALID_STREAM_STATE, storagepb.StorageError_INVALID_STREAM_TYPE:
		// With a stream that is gone, or that somebody ended, the attempt starts over. Nothing of it
		// is the rows'.
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

// classifyAppend gives the error of an append, if there is one, its kind. What BigQuery refuses
// without naming a row does not fit the table as BigQuery knows it. For a column that was added just
// now it says SCHEMA_MISMATCH_EXTRA_FIELDS; for one of another type it has no code of its own.
func classifyAppend(resp *storagepb.AppendRowsResponse, err error) error {
	if bad := resp.GetRowErrors(); len(bad) > 0 {
		return errkind.With(errkind.Permanent, fmt.Errorf("BigQuery refused %d rows, row %d of the request first: %s", len(bad), bad[0].GetIndex(), bad[0].GetMessage()))
	}
	if err == nil && resp.GetError() != nil {
		err = status.FromProto(resp.GetError()).Err()
	}
	if storageError(statusOf(err)).GetCode() == storagepb.StorageError_STREAM_NOT_FOUND {
		// A table that was removed takes its streams with it, and made again has none of them.
		return errkind.With(errkind.NotFound, err)
	}
	err = classify(err)
	if errkind.Is(err, errkind.Permanent) {
		return schemaError(err)
	}
	return err
}

func schemaError(err error) error {
	return errkind.With(errkind.Transient, fmt.Errorf("%w: %w", load.ErrSchema, err))
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
