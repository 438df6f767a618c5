//go:build cgo

package bqwrite

import (
	"context"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
)

func TestCommitTwice(t *testing.T) {
	b := newBench(t)
	one, two := b.final(), b.final()
	b.wantRows()
	b.wantCommit(load.Committed, one, two)
	b.wantRows("row", "row")
	b.wantCommit(load.AlreadyCommitted, one, two)
	b.wantCommit(load.AlreadyCommitted, two)
	b.wantRows("row", "row")
}

// The first call's answer was lost: the client's own second one says that it is done.
func TestCommitWhoseAnswerWasLost(t *testing.T) {
	b := newBench(t)
	name := b.final()
	lost := false
	b.Hook(func(ctx context.Context, method string) error {
		if method != "BatchCommitWriteStreams" || lost {
			return nil
		}
		lost = true
		other := connect(t, b.Server)
		defer other.Close()
		if state, err := other.Commit(ctx, b.table, []string{name}); state != load.Committed || err != nil {
			t.Errorf("Commit = %d, %v", state, err)
		}
		return status.Error(codes.Unavailable, "the answer is lost")
	})
	b.wantCommit(load.AlreadyCommitted, name)
	b.wantRows("row")
}

func TestCommitUnknown(t *testing.T) {
	b := newBench(t)
	done, final := b.final(), b.final()
	b.wantCommit(load.Committed, done)
	open := b.create()
	b.append(open, 0, "open")
	unknown := b.table.Path() + "/streams/AAAAAAAAAAAAAAAAAAAAAA"

	tests := map[string][]string{
		"unknown":                       {unknown},
		"not final":                     {open.Name()},
		"unknown and final":             {final, unknown},
		"not final and final":           {final, open.Name()},
		"committed and unknown":         {done, unknown},
		"unknown and committed":         {unknown, done},
		"committed and not final":       {done, open.Name()},
		"committed, and one that isn't": {done, final}, // BigQuery names the first only
	}
	for name, streams := range tests {
		t.Log(name)
		b.wantCommit(load.Unknown, streams...)
		b.wantRows("row")
	}
}

// An error says that the outcome is unknown, whatever it is.
func TestCommitErrors(t *testing.T) {
	b := newBench(t)
	name := b.final()
	for _, code := range []codes.Code{codes.PermissionDenied, codes.Internal, codes.Aborted} {
		b.Hook(func(context.Context, string) error { return status.Error(code, "no") })
		state, err := b.client.Commit(t.Context(), b.table, []string{name})
		wantKind(t, err, errkind.Transient)
		if state != 0 {
			t.Errorf("%v: state %d beside an error", code, state)
		}
	}
	b.wantRows()
	b.Hook(nil)
	if state, err := b.client.Commit(t.Context(), b.table, []string{b.table.Path() + "/streams/_default"}); err == nil {
		t.Errorf("commit of the default stream: state %d and no error", state)
	}
}

// What is wrong with a stream counts the same as an error's detail.
func TestCommitErrorDetails(t *testing.T) {
	tests := []struct {
		code    storagepb.StorageError_StorageErrorCode
		streams int
		want    load.CommitState // 0: an error
	}{
		{storagepb.StorageError_STREAM_NOT_FOUND, 1, load.Unknown},
		{storagepb.StorageError_INVALID_STREAM_STATE, 1, load.Unknown},
		{storagepb.StorageError_STREAM_ALREADY_COMMITTED, 1, load.AlreadyCommitted},
		{storagepb.StorageError_STREAM_ALREADY_COMMITTED, 2, load.Unknown},
		{storagepb.StorageError_TABLE_NOT_FOUND, 1, 0},
		{storagepb.StorageError_STORAGE_ERROR_CODE_UNSPECIFIED, 1, 0},
	}
	b := newBench(t)
	for _, tt := range tests {
		b.Hook(func(context.Context, string) error {
			st, err := status.New(codes.NotFound, "no").WithDetails(&storagepb.StorageError{Code: tt.code})
			if err != nil {
				return err
			}
			return st.Err()
		})
		state, err := b.client.Commit(t.Context(), b.table, []string{"a", "b"}[:tt.streams])
		if state != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%v of %d streams: %d, %v; want %d", tt.code, tt.streams, state, err, tt.want)
		}
		if err != nil {
			wantKind(t, err, errkind.Transient)
		}
	}
}

func TestCommitAfterRestart(t *testing.T) {
	b := newBench(t)
	name := b.final()
	b.Restart()
	b.wantCommit(load.Committed, name)
	b.Restart()
	b.wantCommit(load.AlreadyCommitted, name)
	b.wantRows("row")
}
