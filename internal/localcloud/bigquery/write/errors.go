package write

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// storageError is an error that carries a StorageError as its detail, by which clients tell
// errors apart (storage.proto, StorageError). The service ends its messages with the entity.
func storageError(code codes.Code, storage storagepb.StorageError_StorageErrorCode, entity, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	detail := &storagepb.StorageError{Code: storage, Entity: entity, ErrorMessage: msg}
	st, err := status.New(code, msg+" Entity: "+entity).WithDetails(detail)
	if err != nil {
		return status.Errorf(codes.Internal, "attach details to %q: %v", msg, err)
	}
	return st.Err()
}

// invalid is an INVALID_ARGUMENT without a StorageError.
func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

// sentence is an error's text as the service writes messages.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func streamNotFound(name streamName) error {
	return storageError(codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND, name.String(),
		"Requested entity was not found: no such stream, or it has expired.")
}

// rowsError is the refusal of a request for some of its rows.
type rowsError struct{ rows []*storagepb.RowError }

func (e *rowsError) Error() string {
	return "Errors found while processing rows. Please refer to the row_errors field for details. " +
		"The list may not be complete because of the size limitations."
}

// statusOf turns any error of this package or the store into the status that the client gets:
// what the store did not classify is INTERNAL, which clients may retry.
func statusOf(err error) *status.Status {
	var rows *rowsError
	switch st, ok := status.FromError(err); {
	case ok:
		return st
	case errors.As(err, &rows):
		return status.New(codes.InvalidArgument, rows.Error())
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, err.Error())
	case errkind.Is(err, errkind.Permanent):
		return status.New(codes.InvalidArgument, err.Error())
	default:
		return status.New(codes.Internal, err.Error())
	}
}

// table describes a table, or says that it is not there as the service does.
func (s *Server) table(ctx context.Context, ref row.Table) (Table, error) {
	return lookUp(ctx, s.store, ref)
}

// tables is a Store or a Tx.
type tables interface {
	Table(ctx context.Context, ref row.Table) (Table, error)
}

func lookUp(ctx context.Context, from tables, ref row.Table) (Table, error) {
	t, err := from.Table(ctx, ref)
	switch {
	case errkind.Is(err, errkind.NotFound):
		return t, storageError(codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND, ref.Path(),
			"Requested entity was not found: no table %s.", ref)
	case err != nil:
		return t, statusOf(err).Err()
	}
	return t, nil
}

// knownTable describes a table as appends know it.
func (s *Server) knownTable(ctx context.Context, ref row.Table) (Table, error) {
	t, err := s.table(ctx, ref)
	if err == nil && s.o.Known != nil {
		t.Columns = s.o.Known(ref, t.Columns)
	}
	return t, err
}

func isNotFound(err error) bool { return status.Code(err) == codes.NotFound }
