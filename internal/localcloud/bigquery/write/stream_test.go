package write

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"

	"github.com/seneka-io/seneka/internal/row"
)

// storage.proto, CreateWriteStream, and stream.proto, WriteStream: which fields an answer has.
func TestCreateWriteStream(t *testing.T) {
	for _, kind := range []storagepb.WriteStream_Type{pending, committed} {
		t.Run(kind.String(), func(t *testing.T) {
			b := newBench(t)
			w, err := b.client.CreateWriteStream(t.Context(), &storagepb.CreateWriteStreamRequest{
				Parent: logs.Path(), WriteStream: &storagepb.WriteStream{Type: kind},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(w.GetName(), logs.Path()+"/streams/") || w.GetType() != kind || w.GetLocation() != "US" ||
				!w.GetCreateTime().AsTime().Equal(b.clock.now()) || len(w.GetTableSchema().GetFields()) != 2 {
				t.Errorf("created %v", w)
			}
			// "If a stream is of COMMITTED type, then it will have a commit_time same as create_time.
			// If the stream is of PENDING type, empty commit_time means it is not committed."
			if (w.GetCommitTime() != nil) != (kind == committed) {
				t.Errorf("commit_time %v", w.GetCommitTime())
			}
		})
	}
}

func TestCreateWriteStreamRefusals(t *testing.T) {
	missing := row.Table{Project: "local", Dataset: "logs", Name: "nosuch"}
	cases := []struct {
		name, parent string
		kind         storagepb.WriteStream_Type
		code         codes.Code
		storage      storagepb.StorageError_StorageErrorCode
	}{
		{"no table", missing.Path(), pending, codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND},
		{"malformed parent", "tables/app", pending, codes.InvalidArgument, 0},
		{"empty dataset", "projects/p/datasets//tables/t", pending, codes.InvalidArgument, 0},
		{"no type", logs.Path(), storagepb.WriteStream_TYPE_UNSPECIFIED, codes.InvalidArgument, 0},
		{"buffered", logs.Path(), storagepb.WriteStream_BUFFERED, codes.Unimplemented, 0},
		// Only tables partitioned by ingestion time take one (write-api), and none is here.
		{"partition decorator", logs.Path() + "$20261101", pending, codes.InvalidArgument, 0},
	}
	b := newBench(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.client.CreateWriteStream(t.Context(), &storagepb.CreateWriteStreamRequest{
				Parent: c.parent, WriteStream: &storagepb.WriteStream{Type: c.kind},
			})
			wantError(t, err, c.code, c.storage)
		})
	}
}

func (b *bench) get(name string, view storagepb.WriteStreamView) (*storagepb.WriteStream, error) {
	return b.client.GetWriteStream(b.t.Context(), &storagepb.GetWriteStreamRequest{Name: name, View: view})
}

// stream.proto, WriteStreamView: BASIC is the default; FULL has the schema of the table.
func TestGetWriteStream(t *testing.T) {
	b := newBench(t)
	stream := b.create(pending)
	for view, fields := range map[storagepb.WriteStreamView]int{
		storagepb.WriteStreamView_WRITE_STREAM_VIEW_UNSPECIFIED: 0,
		storagepb.WriteStreamView_BASIC:                         0,
		storagepb.WriteStreamView_FULL:                          2,
	} {
		w, err := b.get(stream, view)
		if err != nil || w.GetName() != stream || w.GetCommitTime() != nil || len(w.GetTableSchema().GetFields()) != fields {
			t.Errorf("view %v: %v, %v", view, w, err)
		}
	}
	b.clock.add(time.Minute)
	b.mustFinalize(stream, 0)
	b.mustCommit(stream)
	w, err := b.get(stream, storagepb.WriteStreamView_BASIC)
	if err != nil || !w.GetCommitTime().AsTime().Equal(b.clock.now()) {
		t.Errorf("after commit: %v, %v", w, err)
	}
	// "For the _default stream, this is the creation_time of the table."
	w, err = b.get(defaultOfTable(logs), storagepb.WriteStreamView_FULL)
	if err != nil || w.GetType() != committed || !w.GetCreateTime().AsTime().Equal(logsAt) || len(w.GetTableSchema().GetFields()) != 2 {
		t.Errorf("_default: %v, %v", w, err)
	}
	_, err = b.get(logs.Path()+"/streams/nosuch", 0)
	wantError(t, err, codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND)
	_, err = b.get("projects/p/datasets/d/tables/t/streams/_default", 0)
	wantError(t, err, codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND)
	_, err = b.get("nonsense", 0)
	wantError(t, err, codes.InvalidArgument, 0)
}

// storage.proto: "Finalize a write stream so that no new data can be appended to the stream.
// Finalize is not supported on the '_default' stream"; row_count: "Number of rows in the
// finalized stream". Asked again, it says the same.
func TestFinalizeWriteStream(t *testing.T) {
	for _, kind := range []storagepb.WriteStream_Type{pending, committed} {
		b := newBench(t)
		stream := b.create(kind)
		b.open().ok(with(rowsOf("a", "b"), first(stream)))
		b.mustFinalize(stream, 2)
		b.mustFinalize(stream, 2)
		if kind == pending {
			b.mustCommit(stream)
			b.mustFinalize(stream, 2)
		}
	}
	b := newBench(t)
	_, err := b.finalize(defaultOfTable(logs))
	wantError(t, err, codes.InvalidArgument, storagepb.StorageError_INVALID_STREAM_TYPE)
	_, err = b.finalize(logs.Path() + "/streams/nosuch")
	wantError(t, err, codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND)
	_, err = b.finalize("nonsense")
	wantError(t, err, codes.InvalidArgument, 0)
}

// storage.proto, FlushRows: "Flush is not supported on the _default stream, since it is not
// BUFFERED". Nor is it on any other that there is here.
func TestFlushRows(t *testing.T) {
	b := newBench(t)
	for stream, want := range map[string]storagepb.StorageError_StorageErrorCode{
		b.create(committed):              storagepb.StorageError_INVALID_STREAM_TYPE,
		defaultOfTable(logs):             storagepb.StorageError_INVALID_STREAM_TYPE,
		logs.Path() + "/streams/unknown": storagepb.StorageError_STREAM_NOT_FOUND,
	} {
		_, err := b.client.FlushRows(t.Context(), &storagepb.FlushRowsRequest{WriteStream: stream})
		code := codes.InvalidArgument
		if want == storagepb.StorageError_STREAM_NOT_FOUND {
			code = codes.NotFound
		}
		wantError(t, err, code, want)
	}
	_, err := b.client.FlushRows(t.Context(), &storagepb.FlushRowsRequest{WriteStream: "nonsense"})
	wantError(t, err, codes.InvalidArgument, 0)
}

// storage.proto, BatchCommitWriteStreams: "Atomically commits a group of PENDING streams that
// belong to the same parent table. Streams must be finalized before commit and cannot be committed
// multiple times." stream_errors: "If non empty, certain streams have errors and ZERO stream is
// committed"; commit_time: "if this field is not set, it means the commit was not successful".
func TestBatchCommitErrors(t *testing.T) {
	b := newBench(t)
	good, open, streaming, done := b.create(pending), b.create(pending), b.create(committed), b.create(pending)
	b.open().ok(with(rowsOf("a"), first(good)))
	for _, s := range []string{good, streaming, done} {
		if _, err := b.finalize(s); err != nil {
			t.Fatal(err)
		}
	}
	b.mustCommit(done)
	cases := map[string]storagepb.StorageError_StorageErrorCode{
		open:                             storagepb.StorageError_INVALID_STREAM_STATE,
		streaming:                        storagepb.StorageError_INVALID_STREAM_TYPE,
		defaultOfTable(logs):             storagepb.StorageError_INVALID_STREAM_TYPE,
		done:                             storagepb.StorageError_STREAM_ALREADY_COMMITTED,
		logs.Path() + "/streams/unknown": storagepb.StorageError_STREAM_NOT_FOUND,
	}
	all := []string{good}
	for stream, want := range cases {
		all = append(all, stream)
		r, err := b.commit(good, stream)
		if err != nil || r.GetCommitTime() != nil || len(r.GetStreamErrors()) != 1 {
			t.Fatalf("%v: %v, %v", want, r, err)
		}
		if e := r.GetStreamErrors()[0]; e.GetCode() != want || e.GetEntity() != stream {
			t.Errorf("stream error %v, want %v of %s", e, want, stream)
		}
	}
	r, err := b.commit(all...)
	if err != nil || r.GetCommitTime() != nil || len(r.GetStreamErrors()) != len(cases) {
		t.Errorf("all at once: %v, %v", r, err)
	}
	b.wantRows(0)
	b.mustCommit(good)
	b.wantRows(1)
}

// quotas: at most 10,000 streams a call; all of the parent table.
func TestBatchCommitArguments(t *testing.T) {
	b := newBench(t)
	stream := b.create(pending)
	b.mustFinalize(stream, 0)
	other := row.Table{Project: "local", Dataset: "logs", Name: "other"}
	b.store.put(other, logsTable())
	many := make([]string, maxCommit+1)
	for i := range many {
		many[i] = newStreamName(logs).String()
	}
	cases := map[string]struct {
		parent  string
		streams []string
		code    codes.Code
		storage storagepb.StorageError_StorageErrorCode
	}{
		"none":             {logs.Path(), nil, codes.InvalidArgument, 0},
		"too many":         {logs.Path(), many, codes.InvalidArgument, 0},
		"twice":            {logs.Path(), []string{stream, stream}, codes.InvalidArgument, 0},
		"other table":      {other.Path(), []string{stream}, codes.InvalidArgument, 0},
		"malformed parent": {"logs.app", []string{stream}, codes.InvalidArgument, 0},
		"malformed stream": {logs.Path(), []string{"s"}, codes.InvalidArgument, 0},
		"no table": {"projects/p/datasets/d/tables/t", []string{"projects/p/datasets/d/tables/t/streams/s"},
			codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := b.client.BatchCommitWriteStreams(t.Context(), &storagepb.BatchCommitWriteStreamsRequest{
				Parent: c.parent, WriteStreams: c.streams,
			})
			wantError(t, err, c.code, c.storage)
		})
	}
	b.mustCommit(stream)
}

func TestCommitOfSeveralStreams(t *testing.T) {
	b := newBench(t)
	var streams []string
	for range 5 {
		s := b.create(pending)
		p := b.open()
		p.ok(with(rowsOf("a", "b"), first(s)))
		p.ok(rowsOf("c"))
		b.mustFinalize(s, 3)
		streams = append(streams, s)
	}
	b.wantRows(0)
	b.mustCommit(streams...)
	b.wantRows(15)
}

// write-api-batch: "A stream can only be committed once, so if the commit operation fails, it is
// safe to retry it." That holds whether or not the failed one had taken effect.
func TestCommitRetried(t *testing.T) {
	for name, applied := range map[string]bool{"failed": false, "applied, reply lost": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			stream := b.create(pending)
			b.open().ok(with(rowsOf("a", "b"), first(stream)))
			b.mustFinalize(stream, 2)
			if b.store.fail(errDisk, nil); applied {
				b.store.fail(nil, errDisk)
			}
			_, err := b.commit(stream)
			wantError(t, err, codes.Internal, 0)
			b.store.fail(nil, nil)
			r, err := b.commit(stream)
			if err != nil {
				t.Fatal(err)
			}
			if applied != (r.GetCommitTime() == nil) {
				t.Errorf("second commit: %v", r)
			}
			b.wantRows(2)
		})
	}
}

// What was acknowledged is there after the process was killed at any time.
func TestRestart(t *testing.T) {
	b := newBench(t)
	streaming, waiting, done := b.create(committed), b.create(pending), b.create(pending)
	for _, s := range []string{streaming, waiting, done} {
		b.open().ok(with(rowsOf("a", "b"), first(s), at(0)))
	}
	b.mustFinalize(done, 2)
	b.mustCommit(done)
	b.wantRows(4)

	b.restart()
	for _, s := range []string{streaming, waiting} {
		p := b.open()
		p.bad(with(rowsOf("a", "b"), first(s), at(0)), codes.AlreadyExists, storagepb.StorageError_OFFSET_ALREADY_EXISTS)
		p.ok(with(rowsOf("c"), at(2)))
	}
	b.open().bad(with(rowsOf("c"), first(done)), codes.FailedPrecondition, storagepb.StorageError_STREAM_ALREADY_COMMITTED)
	b.wantRows(5)
	b.mustFinalize(waiting, 3)
	b.mustFinalize(streaming, 3)

	b.restart()
	b.open().bad(with(rowsOf("c"), first(streaming)), codes.FailedPrecondition, storagepb.StorageError_STREAM_FINALIZED)
	b.open().bad(with(rowsOf("c"), first(waiting)), codes.FailedPrecondition, storagepb.StorageError_STREAM_FINALIZED)
	b.mustFinalize(waiting, 3)
	b.mustCommit(waiting)
	b.wantRows(8)

	b.restart()
	r, err := b.commit(waiting)
	if err != nil || r.GetStreamErrors()[0].GetCode() != storagepb.StorageError_STREAM_ALREADY_COMMITTED {
		t.Errorf("commit again: %v, %v", r, err)
	}
	b.wantRows(8)
}

// A crash between the transaction of a commit and the removal of the journal must not bring the
// stream back.
func TestJournalLeftByACrash(t *testing.T) {
	b := newBench(t)
	stream := b.create(pending)
	b.open().ok(with(rowsOf("a"), first(stream)))
	b.mustFinalize(stream, 1)
	name, _ := parseStream(stream)
	path := journalPath(b.dir, name)
	saved := must(os.ReadFile(path))
	b.mustCommit(stream)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("journal after the commit: %v", err)
	}
	b.stop()
	if err := os.WriteFile(path, saved, 0o600); err != nil {
		t.Fatal(err)
	}
	b.start(b.store)
	r, err := b.commit(stream)
	if err != nil || r.GetStreamErrors()[0].GetCode() != storagepb.StorageError_STREAM_ALREADY_COMMITTED {
		t.Errorf("commit again: %v, %v", r, err)
	}
	b.wantRows(1)
}

// write-api-batch: "Pending streams must be committed within 24 hours." write-api-streaming: "A
// committed stream has a TTL of three days if there is no traffic".
func TestExpiry(t *testing.T) {
	b := newBench(t)
	waiting, streaming, done := b.create(pending), b.create(committed), b.create(pending)
	b.open().ok(with(rowsOf("a"), first(waiting)))
	b.mustFinalize(waiting, 1)
	b.mustFinalize(done, 0)
	b.mustCommit(done)
	b.clock.add(24*time.Hour - time.Second)
	if _, err := b.get(waiting, 0); err != nil {
		t.Errorf("a second before: %v", err)
	}
	p := b.open()
	p.ok(with(rowsOf("b"), first(streaming)))
	b.clock.add(time.Second)
	r, err := b.commit(waiting)
	if err != nil || r.GetStreamErrors()[0].GetCode() != storagepb.StorageError_STREAM_NOT_FOUND {
		t.Errorf("after 24 h: %v, %v", r, err)
	}
	_, err = b.get(done, 0)
	if err != nil {
		t.Errorf("committed stream a day later: %v", err)
	}
	b.clock.add(72*time.Hour - 2*time.Second)
	p.ok(rowsOf("c")) // traffic counts, not the creation
	b.clock.add(72 * time.Hour)
	p.bad(rowsOf("d"), codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND)
	_, err = b.get(done, 0)
	wantError(t, err, codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND)
	b.wantRows(2)

	// The next stream that is made clears them away.
	b.create(pending)
	left := must(filepath.Glob(filepath.Join(b.dir, "*")))
	if len(left) != 1 || len(b.store.records) != 0 || len(b.server.streams) != 1 {
		t.Errorf("left: journals %v, records %v, streams %v", left, b.store.records, b.server.streams)
	}
}

// A cancelled call must leave neither a locked stream nor half an effect.
func TestCancelledCalls(t *testing.T) {
	b := newBench(t)
	stream := b.create(pending)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.client.FinalizeWriteStream(ctx, &storagepb.FinalizeWriteStreamRequest{Name: stream}); err == nil {
		t.Error("no error")
	}
	b.open().ok(with(rowsOf("a"), first(stream)))
	b.mustFinalize(stream, 1)
}
