package write

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The client library that most Go programs use, in each of its ways.

func logsWriter() managedwriter.WriterOption {
	return managedwriter.WithSchemaDescriptor(must(adapt.NormalizeDescriptor(descriptorOf(logsTable().Columns))))
}

func encoded(names ...string) [][]byte {
	return rowsOf(names...).GetProtoRows().GetRows().GetSerializedRows()
}

func wantDetail(t *testing.T, err error, want storagepb.StorageError_StorageErrorCode) {
	t.Helper()
	apiErr, ok := apierror.FromError(err)
	if !ok {
		t.Fatalf("%v is not an API error", err)
	}
	var se storagepb.StorageError
	if err := apiErr.Details().ExtractProtoMessage(&se); err != nil || se.GetCode() != want {
		t.Fatalf("StorageError %v, %v; want %v", se.GetCode(), err, want)
	}
}

func TestManagedPendingStream(t *testing.T) {
	b := newBench(t)
	ms := b.managed(managedwriter.WithDestinationTable(logs.Path()), managedwriter.WithType(managedwriter.PendingStream), logsWriter())
	var results []*managedwriter.AppendResult
	for i := range int64(10) {
		r, err := ms.AppendRows(t.Context(), encoded(fmt.Sprint(i), "x"), managedwriter.WithOffset(2*i))
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	for i, r := range results {
		if o, err := r.GetResult(t.Context()); err != nil || o != int64(2*i) {
			t.Fatalf("append %d: %d, %v", i, o, err)
		}
	}
	if n, err := ms.Finalize(t.Context()); err != nil || n != 20 {
		t.Fatalf("finalize: %d, %v", n, err)
	}
	r, err := ms.AppendRows(t.Context(), encoded("late"), managedwriter.WithOffset(20))
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.GetResult(t.Context())
	wantDetail(t, err, storagepb.StorageError_STREAM_FINALIZED)
	b.wantRows(0)
	b.mustCommit(ms.StreamName())
	b.wantRows(20)
	if err := ms.Close(); !errors.Is(err, io.EOF) {
		t.Errorf("close: %v", err)
	}
}

// testErrorBehaviors in integration_test.go of managedwriter, which runs against the service.
func TestManagedErrorBehaviors(t *testing.T) {
	b := newBench(t)
	ms := b.managed(managedwriter.WithDestinationTable(logs.Path()), managedwriter.WithType(managedwriter.CommittedStream), logsWriter())
	send := func(opts ...managedwriter.AppendOption) (int64, error) {
		r, err := ms.AppendRows(t.Context(), encoded("a"), opts...)
		if err != nil {
			t.Fatal(err)
		}
		return r.GetResult(t.Context())
	}
	_, err := send(managedwriter.WithOffset(99))
	wantDetail(t, err, storagepb.StorageError_OFFSET_OUT_OF_RANGE)
	if o, err := send(managedwriter.WithOffset(0)); err != nil || o != 0 {
		t.Fatalf("%d, %v", o, err)
	}
	_, err = send(managedwriter.WithOffset(0))
	wantDetail(t, err, storagepb.StorageError_OFFSET_ALREADY_EXISTS)
	if _, err := ms.Finalize(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = send()
	wantDetail(t, err, storagepb.StorageError_STREAM_FINALIZED)
}

func TestManagedDefaultStream(t *testing.T) {
	b := newBench(t)
	ms := b.managed(managedwriter.WithDestinationTable(logs.Path()), managedwriter.WithType(managedwriter.DefaultStream),
		logsWriter(), managedwriter.EnableWriteRetries(true))
	for range 3 {
		r, err := ms.AppendRows(t.Context(), encoded("a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		if o, err := r.GetResult(t.Context()); err != nil || o != managedwriter.NoStreamOffset {
			t.Fatalf("%d, %v", o, err)
		}
	}
	b.wantRows(6)
	r, err := ms.AppendRows(t.Context(), encoded("ok", "\xff"))
	if err != nil {
		t.Fatal(err)
	}
	full, err := r.FullResponse(t.Context())
	if status.Code(err) != codes.InvalidArgument || len(full.GetRowErrors()) != 1 || full.GetRowErrors()[0].GetIndex() != 1 {
		t.Fatalf("%v, %v", full, err)
	}
	b.wantRows(6)
}

// With retries on, the client sends an append again after the store failed once; its offset
// keeps the row from coming twice.
func TestManagedRetries(t *testing.T) {
	b := newBench(t)
	ms := b.managed(managedwriter.WithDestinationTable(logs.Path()), managedwriter.WithType(managedwriter.CommittedStream),
		logsWriter(), managedwriter.EnableWriteRetries(true))
	b.store.failOnce(errDisk)
	r, err := ms.AppendRows(t.Context(), encoded("a"), managedwriter.WithOffset(0))
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.GetResult(t.Context())
	wantDetail(t, err, storagepb.StorageError_OFFSET_ALREADY_EXISTS)
	if n, _ := r.TotalAttempts(t.Context()); n != 2 {
		t.Errorf("%d attempts", n)
	}
	b.wantRows(1)
}

// Several writers on one shared connection (managedwriter, "Connection Sharing").
func TestManagedMultiplexing(t *testing.T) {
	b := newBench(t)
	other := logs
	other.Name = "other"
	b.store.put(other, logsTable())
	mc, err := managedwriter.NewClient(context.Background(), "local", append(b.opts, managedwriter.WithMultiplexing())...)
	if err != nil {
		t.Fatal(err)
	}
	defer mc.Close()
	var results []*managedwriter.AppendResult
	for _, table := range []string{logs.Path(), other.Path()} {
		ms, err := mc.NewManagedStream(t.Context(), managedwriter.WithDestinationTable(table),
			managedwriter.WithType(managedwriter.DefaultStream), logsWriter())
		if err != nil {
			t.Fatal(err)
		}
		defer ms.Close()
		for range 5 {
			r, err := ms.AppendRows(t.Context(), encoded("a"))
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r)
		}
	}
	for _, r := range results {
		if _, err := r.GetResult(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.wantRows(5)
	if n := b.store.count(other); n != 5 {
		t.Errorf("%d rows in the other table", n)
	}
}
