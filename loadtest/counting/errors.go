package counting

import (
	"fmt"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// storageError is an error that carries a StorageError as its detail, by which clients tell errors apart.
func storageError(code codes.Code, storage storagepb.StorageError_StorageErrorCode, entity fmt.Stringer, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	detail := &storagepb.StorageError{Code: storage, Entity: entity.String(), ErrorMessage: msg}
	st, err := status.New(code, msg+" Entity: "+entity.String()).WithDetails(detail)
	if err != nil {
		return status.Errorf(codes.Internal, "attach details to %q: %v", msg, err)
	}
	return st.Err()
}

// invalid is an INVALID_ARGUMENT without a StorageError.
func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func invalidStreamName(name string) error {
	return invalid("%q is not the name of a write stream: projects/{project}/datasets/{dataset}/tables/{table}/streams/{stream}", name)
}
