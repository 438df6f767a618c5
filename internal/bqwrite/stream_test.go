//go:build cgo

package bqwrite

import (
	"context"
	"maps"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"go.uber.org/goleak"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/row"
)

func TestCreateWithoutTable(t *testing.T) {
	b := newBench(t)
	for name, table := range map[string]row.Table{
		"table":   {Project: "local", Dataset: "logs", Name: "none"},
		"dataset": {Project: "local", Dataset: "none", Name: "app"},
	} {
		if _, err := b.client.Create(t.Context(), table, b.desc()); !errkind.Is(err, errkind.NotFound) {
			t.Errorf("no such %s: kind %v of %v, want not_found", name, errkind.Of(err), err)
		}
	}
}

// Rows may be visible only once they are committed, and the memory of a request is the caller's
// again as soon as Append returns.
func TestAppendAtOffsets(t *testing.T) {
	b := newBench(t)
	s := b.create()
	var memory []byte
	var want []string
	for offset := int64(0); offset < 30; offset += 3 {
		var names []string
		for i := range 3 {
			names = append(names, strings.Repeat(string(rune('a'+offset)), 10+i))
		}
		want = append(want, names...)
		memory = memory[:0]
		var rows [][]byte
		for _, r := range b.encode(offset, names...) {
			memory = append(memory, r...)
			rows = append(rows, memory[len(memory)-len(r):])
		}
		if err := s.Append(t.Context(), offset, rows); err != nil {
			t.Fatal(err)
		}
		for i := range memory {
			memory[i] = 0xff
		}
		clear(rows)
	}
	b.finalize(s, 30)
	b.wantRows()
	b.wantCommit(load.Committed, s.Name())
	b.wantRows(want...)
	for i, r := range b.Rows(b.table) {
		if r[1] != int64(i) {
			t.Errorf("row %d has value %v", i, r[1])
		}
	}
}

// The row that is there already is this stream's own; one beyond the end is a row that was lost.
func TestAppendAtOtherOffsets(t *testing.T) {
	b := newBench(t)
	s := b.create()
	b.append(s, 0, "one", "two")
	b.append(s, 0, "one", "two")
	wantKind(t, s.Append(t.Context(), 3, b.encode(3, "four")), errkind.Transient)
	b.append(s, 2, "three")
	b.finalize(s, 3)
	b.wantCommit(load.Committed, s.Name())
	b.wantRows("one", "two", "three")
}

func TestRefusedRow(t *testing.T) {
	b := newBench(t)
	s := b.create()
	b.append(s, 0, "one")
	rows := b.encode(1, "two", "three")
	rows[1] = []byte{0x10, 1} // a row without its REQUIRED column
	err := s.Append(t.Context(), 1, rows)
	wantKind(t, err, errkind.Permanent)
	if err != nil && !strings.Contains(err.Error(), "row 1 of the request") {
		t.Errorf("the error does not name the row: %v", err)
	}
	b.finalize(s, 1)
}

func TestUnreadableRow(t *testing.T) {
	b := newBench(t)
	s := b.create()
	wantKind(t, s.Append(t.Context(), 0, [][]byte{{0x0a, 0xff}}), errkind.Permanent)
	b.finalize(s, 0)
}

func TestAppendAfterFinalize(t *testing.T) {
	b := newBench(t)
	s := b.create()
	b.append(s, 0, "one")
	b.finalize(s, 1)
	b.finalize(s, 1)
	wantKind(t, s.Append(t.Context(), 1, b.encode(1, "two")), errkind.Transient)
	b.wantCommit(load.Committed, s.Name())
	b.wantRows("one")
}

func TestAppendEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	s := b.create()
	ctx, cancel := context.WithCancel(t.Context())
	b.Hook(func(ctx context.Context, method string) error {
		if method == "AppendRows request" {
			cancel() // the request has come; its answer never does
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	wantKind(t, s.Append(ctx, 0, b.encode(0, "one")), errkind.Transient)
	b.Hook(nil)
	if err := s.Append(t.Context(), 0, b.encode(0, "one")); err == nil {
		t.Error("an append went through the connection of one whose outcome is unknown")
	}
}

func TestAppendWithEndedContext(t *testing.T) {
	b := newBench(t)
	s := b.create()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.Hook(func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() })
	wantKind(t, s.Append(ctx, 0, b.encode(0, "one")), errkind.Transient)
}

// A request that the client itself refuses to send is an error that says so.
func TestAppendTooLargeToSend(t *testing.T) {
	b := newBench(t, option.WithGRPCDialOption(grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(1000))))
	s := b.create()
	err := s.Append(t.Context(), 0, b.encode(0, strings.Repeat("x", 2000)))
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v, want the client's refusal", err)
	}
}

func TestRequestTooLargeForBigQuery(t *testing.T) {
	b := newBench(t)
	s := b.create()
	wantSchemaError(t, s.Append(t.Context(), 0, b.encode(0, strings.Repeat("x", 21<<20)))) // no row is to blame
	b.finalize(s, 0)
}

func TestConnectionLost(t *testing.T) {
	b := newBench(t)
	s := b.create()
	b.append(s, 0, "one")
	b.Restart()
	wantKind(t, s.Append(t.Context(), 1, b.encode(1, "two")), errkind.Transient)
	b.finalize(s, 1) // what was acknowledged is there
	b.wantCommit(load.Committed, s.Name())
}

func TestUnary(t *testing.T) {
	tests := []struct {
		code  codes.Code
		calls int // of CreateWriteStream until it ends
		want  errkind.Kind
	}{
		{codes.InvalidArgument, 1, errkind.Permanent},
		{codes.NotFound, 1, errkind.NotFound},
		{codes.PermissionDenied, 1, errkind.Transient},
		{codes.Internal, 1, errkind.Transient},
		{codes.FailedPrecondition, 1, errkind.Transient},
	}
	b := newBench(t)
	for _, tt := range tests {
		b.Calls()
		b.Hook(func(context.Context, string) error { return status.Error(tt.code, "no") })
		_, err := b.client.Create(t.Context(), b.table, b.desc())
		wantKind(t, err, tt.want)
		if n := b.Calls()["CreateWriteStream"]; n != tt.calls {
			t.Errorf("%v: %d calls, want %d", tt.code, n, tt.calls)
		}
	}
}

// Quota and restarts pass by themselves, and sooner than after the client's own ten seconds.
func TestCreateIsTriedAgain(t *testing.T) {
	b := newBench(t)
	for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted} {
		b.Calls()
		failed := false
		b.Hook(func(context.Context, string) error {
			if failed {
				return nil
			}
			failed = true
			return status.Error(code, "later")
		})
		b.create()
		if n := b.Calls()["CreateWriteStream"]; n != 2 {
			t.Errorf("%v: %d calls, want 2", code, n)
		}
	}
}

func TestFinalizeUnknown(t *testing.T) {
	b := newBench(t)
	b.Hook(func(_ context.Context, method string) error {
		if method != "FinalizeWriteStream" {
			return nil
		}
		st, err := status.New(codes.NotFound, "no such stream").WithDetails(&storagepb.StorageError{Code: storagepb.StorageError_STREAM_NOT_FOUND})
		if err != nil {
			return err
		}
		return st.Err()
	})
	s := b.create()
	_, err := s.Finalize(t.Context())
	wantKind(t, err, errkind.Transient) // NotFound would say that the file's landing object is gone
}

// What one healthy file costs: the list of calls that ARCHITECTURE.md names, and no other.
func TestCallsOfAHealthyFile(t *testing.T) {
	b := newBench(t)
	b.Calls()
	s := b.create()
	b.append(s, 0, "one", "two")
	b.finalize(s, 2)
	b.wantCommit(load.Committed, s.Name())
	s.Close()
	want := map[string]int{
		"CreateWriteStream": 1, "AppendRows": 1, "AppendRows request": 1, "FinalizeWriteStream": 1, "BatchCommitWriteStreams": 1,
	}
	if got := b.Calls(); !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

// A file of many requests keeps its one connection.
func TestCallsOfALargeFile(t *testing.T) {
	b := newBench(t)
	s := b.create()
	b.Calls()
	for i := range int64(5) {
		b.append(s, i, "row")
	}
	want := map[string]int{"AppendRows": 1, "AppendRows request": 5}
	if got := b.Calls(); !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

func TestCloseNeverCommits(t *testing.T) {
	b := newBench(t)
	open, final := b.create(), b.create()
	b.append(open, 0, "one")
	b.append(final, 0, "two")
	b.finalize(final, 1)
	open.Close()
	final.Close()
	b.wantRows()
	b.wantCommit(load.Unknown, open.Name())
	b.wantCommit(load.Committed, final.Name()) // nor does it take anything away
}

// Files do not wait for each other, and each has a stream of its own.
func TestConcurrentFiles(t *testing.T) {
	b := newBench(t)
	const files = 32
	var all sync.WaitGroup
	var appended sync.WaitGroup // of all files, before any goes on
	appended.Add(files)
	for i := range files {
		rows := b.encode(int64(i), "row")
		all.Go(func() {
			s, err := b.client.Create(t.Context(), b.table, b.desc())
			if err != nil {
				t.Error(err)
				appended.Done()
				return
			}
			defer s.Close()
			err = s.Append(t.Context(), 0, rows)
			appended.Done()
			appended.Wait()
			if n, ferr := s.Finalize(t.Context()); err != nil || ferr != nil || n != 1 {
				t.Errorf("file %d: %d rows, %v, %v", i, n, err, ferr)
			}
			if state, err := b.client.Commit(t.Context(), b.table, []string{s.Name()}); err != nil || state != load.Committed {
				t.Errorf("file %d: Commit = %d, %v", i, state, err)
			}
		})
	}
	all.Wait()
	if n := len(b.Rows(b.table)); n != files {
		t.Errorf("%d rows, want %d", n, files)
	}
}

// A stream whose server went away is not here, for the new server's goroutines are others: TestMain
// looks after the last test for what TestConnectionLost left.
func TestCloseLeaksNothing(t *testing.T) {
	states := map[string]func(b *bench, s load.Stream){
		"new":      func(*bench, load.Stream) {},
		"appended": func(b *bench, s load.Stream) { b.append(s, 0, "one") },
		"refused": func(b *bench, s load.Stream) {
			wantKind(b, s.Append(b.Context(), 0, [][]byte{{0x10, 1}}), errkind.Permanent)
		},
		"final": func(b *bench, s load.Stream) {
			b.append(s, 0, "one")
			b.finalize(s, 1)
		},
		"committed": func(b *bench, s load.Stream) {
			b.append(s, 0, "one")
			b.finalize(s, 1)
			b.wantCommit(load.Committed, s.Name())
		},
		"cancelled": func(b *bench, s load.Stream) {
			ctx, cancel := context.WithCancel(b.Context())
			b.append(s, 0, "one")
			cancel()
			_ = s.Append(ctx, 1, b.encode(1, "two"))
		},
		"closed": func(_ *bench, s load.Stream) { s.Close() },
	}
	for name, reach := range states {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, option.WithGRPCConnectionPool(1))
			b.append(b.create(), 0, "one") // now both connections that stay are there
			if err := b.log("one"); err != nil {
				t.Fatal(err)
			}
			before := goleak.IgnoreCurrent()
			s, err := b.client.Create(t.Context(), b.table, b.desc())
			if err != nil {
				t.Fatal(err)
			}
			reach(b, s)
			s.Close()
			goleak.VerifyNone(t, append(lasting(), before)...)
		})
	}
}

// Closing the client ends what is left open, files' streams too.
func TestCloseClientLeaksNothing(t *testing.T) {
	server := bqtest.Start(t)
	b := &bench{T: t, Server: server, table: server.Table("app", spec), enc: encoder(t, spec.Columns)}
	before := goleak.IgnoreCurrent()
	c := connect(t, server)
	s, err := c.Create(t.Context(), b.table, b.desc())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), 0, b.encode(0, "one")); err != nil {
		t.Fatal(err)
	}
	if err := c.Append(t.Context(), b.table, b.desc(), b.encode(0, "log")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Append(t.Context(), 1, b.encode(1, "two")); err == nil {
		t.Error("append through a closed client")
	}
	goleak.VerifyNone(t, append(lasting(), before)...)
}
