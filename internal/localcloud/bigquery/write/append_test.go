package write

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/row"
)

const (
	pending   = storagepb.WriteStream_PENDING
	committed = storagepb.WriteStream_COMMITTED
)

// storage.proto, AppendRows: "If offset is specified, the offset is checked against the end of
// stream. The server returns OUT_OF_RANGE in AppendRowsResponse if an attempt is made to append
// to an offset beyond the current end of the stream or ALREADY_EXISTS if user provides an offset
// that has already been written to. User can retry with adjusted offset within the same RPC
// connection. If offset is not specified, append happens at the end of the stream."
func TestOffsets(t *testing.T) {
	for _, kind := range []storagepb.WriteStream_Type{pending, committed} {
		t.Run(kind.String(), func(t *testing.T) {
			b := newBench(t)
			stream := b.create(kind)
			p := b.open()
			p.bad(with(rowsOf("x"), first(stream), at(99)), codes.OutOfRange, storagepb.StorageError_OFFSET_OUT_OF_RANGE)
			if o := p.ok(with(rowsOf("a", "b"), at(0))); o != 0 {
				t.Errorf("first append at %d", o)
			}
			p.bad(with(rowsOf("a", "b"), at(0)), codes.AlreadyExists, storagepb.StorageError_OFFSET_ALREADY_EXISTS)
			p.bad(with(rowsOf("b"), at(1)), codes.AlreadyExists, storagepb.StorageError_OFFSET_ALREADY_EXISTS)
			p.bad(with(rowsOf("d"), at(3)), codes.OutOfRange, storagepb.StorageError_OFFSET_OUT_OF_RANGE)
			p.bad(with(rowsOf("d"), at(-1)), codes.InvalidArgument, 0)
			if o := p.ok(rowsOf("c")); o != 2 {
				t.Errorf("append without offset at %d, want 2", o)
			}
			if o := p.ok(with(rowsOf("d"), at(3))); o != 3 {
				t.Errorf("append at 3 was at %d", o)
			}
			b.mustFinalize(stream, 4)
		})
	}
}

// write-api: COMMITTED rows are "available for reading immediately as you write them"; PENDING
// rows "are buffered in a pending state until you commit the stream"; "Data written to the
// default stream is available immediately for query".
func TestVisibility(t *testing.T) {
	b := newBench(t)
	b.open().ok(with(rowsOf("a"), first(b.create(pending))))
	b.wantRows(0)
	b.open().ok(with(rowsOf("b"), first(b.create(committed))))
	b.wantRows(1)
	b.open().ok(with(rowsOf("c"), first(defaultOfTable(logs))))
	b.wantRows(2)
}

// storage.proto, AppendRowsRequest.offset: "Specifying a value for this field is not allowed when
// calling AppendRows for the '_default' stream"; AppendResult.offset: "The offset will not be set
// if appending using default streams".
func TestDefaultStreamHasNoOffsets(t *testing.T) {
	b := newBench(t)
	p := b.open()
	p.bad(with(rowsOf("a"), first(defaultOfTable(logs)), at(0)), codes.InvalidArgument, 0)
	if o := p.ok(rowsOf("a")); o != -1 {
		t.Errorf("offset %d", o)
	}
	b.wantRows(1)
	// The Java client leaves "/streams" out (ITBigQueryWriteManualClientTest.testRowErrors).
	b.open().ok(with(rowsOf("b"), first(logs.Path()+"/_default")))
	b.wantRows(2)
}

// storage.proto, AppendRowsRequest: write_stream "must be provided in the first request"; a writer
// schema whenever "you send the first request of an RPC connection"; rows are "Required".
func TestFirstRequest(t *testing.T) {
	cases := map[string]*storagepb.AppendRowsRequest{
		"no stream":        with(rowsOf("a"), schema(logsTable().Columns)),
		"no schema":        with(rowsOf("a"), to(defaultOfTable(logs))),
		"no rows":          with(rowsOf(), first(defaultOfTable(logs))),
		"nothing":          {},
		"malformed stream": with(rowsOf("a"), first("streams/x")),
		"path in stream":   with(rowsOf("a"), first(logs.Path()+"/streams/../../x")),
		"arrow": {
			WriteStream: defaultOfTable(logs),
			Rows:        &storagepb.AppendRowsRequest_ArrowRows{ArrowRows: &storagepb.AppendRowsRequest_ArrowData{}},
		},
	}
	for name, req := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.open()
			p.bad(req, codes.InvalidArgument, 0)
			p.ok(with(rowsOf("a"), first(defaultOfTable(logs)))) // the connection goes on
			b.wantRows(1)
		})
	}
}

// storage.proto, StorageErrorCode.
func TestStreamsThatTakeNoRows(t *testing.T) {
	b := newBench(t)
	final, done := b.create(committed), b.create(pending)
	b.mustFinalize(final, 0)
	b.open().ok(with(rowsOf("a"), first(done)))
	b.mustFinalize(done, 1)
	b.open().bad(with(rowsOf("b"), first(done), at(1)), codes.FailedPrecondition, storagepb.StorageError_STREAM_FINALIZED)
	b.mustCommit(done)
	cases := []struct {
		name, stream string
		code         codes.Code
		storage      storagepb.StorageError_StorageErrorCode
	}{
		{"finalized", final, codes.FailedPrecondition, storagepb.StorageError_STREAM_FINALIZED},
		{"committed", done, codes.FailedPrecondition, storagepb.StorageError_STREAM_ALREADY_COMMITTED},
		{"unknown", logs.Path() + "/streams/nosuch", codes.NotFound, storagepb.StorageError_STREAM_NOT_FOUND},
		{"no table", "projects/p/datasets/d/tables/t/streams/_default", codes.NotFound, storagepb.StorageError_TABLE_NOT_FOUND},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			resp := b.open().bad(with(rowsOf("b"), first(c.stream)), c.code, c.storage)
			if resp.GetWriteStream() != c.stream {
				t.Errorf("response for %q", resp.GetWriteStream())
			}
		})
	}
	b.wantRows(1)
}

// storage.proto: "The size of a single AppendRowsRequest must be less than 20 MB in size. Requests
// larger than this return an error, typically INVALID_ARGUMENT"; the next, smaller append on the
// connection succeeds without naming its schema again (integration_test.go of managedwriter,
// testLargeInsertNoRetry).
func TestRequestTooLarge(t *testing.T) {
	b := newBench(t)
	stream := b.create(committed)
	p := b.open()
	large := strings.Repeat("x", 10<<20)
	p.bad(with(rowsOf(large, large), first(stream), at(0)), codes.InvalidArgument, 0)
	b.wantRows(0)
	p.ok(with(rowsOf(large, large[:9<<20]), at(0)))
	p.ok(with(rowsOf("y"), at(2)))
	b.wantRows(3)
}

// storage.proto, AppendRowsResponse.row_errors: "If a request failed due to corrupted rows, no
// rows in the batch will be appended. The API will return row level error info, so that the
// caller can remove the bad rows and retry the request." The offset has not moved then.
func TestBadRowsRefuseTheRequest(t *testing.T) {
	for _, kind := range []storagepb.WriteStream_Type{pending, committed} {
		t.Run(kind.String(), func(t *testing.T) {
			b := newBench(t)
			stream := b.create(kind)
			p := b.open()
			p.ok(with(rowsOf("a"), first(stream), at(0)))
			req := with(rowsOf("b", "\xff", "c", "\xff\xfe"), at(1))
			resp := p.bad(req, codes.InvalidArgument, 0)
			var at1 []int64
			for _, e := range resp.GetRowErrors() {
				at1 = append(at1, e.GetIndex())
				if e.GetCode() != storagepb.RowError_FIELDS_ERROR || !strings.Contains(e.GetMessage(), "name") {
					t.Errorf("row error %v", e)
				}
			}
			if fmt.Sprint(at1) != "[1 3]" {
				t.Fatalf("row errors at %v, want 1 and 3", at1)
			}
			if o := p.ok(with(rowsOf("b", "c"), at(1))); o != 1 {
				t.Errorf("retry without the bad rows at %d", o)
			}
			b.mustFinalize(stream, 3)
		})
	}
}

// Clients read a limited response: the list "may not be complete because of the size limitations".
func TestRowErrorsAreBounded(t *testing.T) {
	b := newBench(t)
	rows := slices.Repeat([]string{"\xff"}, maxRowErrors+1)
	resp := b.open().bad(with(rowsOf(rows...), first(defaultOfTable(logs))), codes.InvalidArgument, 0)
	if n := len(resp.GetRowErrors()); n != maxRowErrors {
		t.Errorf("%d row errors", n)
	}
}

// storage.proto, AppendRowsRequest.write_stream: several default streams may share a connection;
// once "the destination changed ... the write_stream field must be populated in all subsequent
// requests"; writer_schema whenever "you specify a new destination table".
func TestMultiplexing(t *testing.T) {
	b := newBench(t)
	other := row.Table{Project: "local", Dataset: "logs", Name: "other"}
	columns := row.Schema{{Name: "id", Type: row.Int64}}
	b.store.put(other, Table{Spec: row.Spec{Columns: columns}})
	number := []byte{0x08, 7}
	p := b.open()
	p.ok(with(rowsOf("a"), first(defaultOfTable(logs))))
	p.ok(rowsOf("b"))
	p.bad(with(request(nil, number), to(defaultOfTable(other))), codes.InvalidArgument, 0)
	p.ok(with(request(nil, number), to(defaultOfTable(other)), schema(columns)))
	p.ok(with(request(nil, number), to(defaultOfTable(other))))
	p.bad(request(nil, number), codes.InvalidArgument, 0)
	p.bad(with(rowsOf("c"), to(defaultOfTable(logs))), codes.InvalidArgument, 0)
	p.ok(with(rowsOf("c"), first(defaultOfTable(logs))))
	p.bad(with(rowsOf("d"), first(b.create(committed))), codes.InvalidArgument, 0)
	b.wantRows(3)
	if n := b.store.count(other); n != 2 {
		t.Errorf("%d rows in the other table", n)
	}
}

func TestExplicitStreamsDoNotShareAConnection(t *testing.T) {
	b := newBench(t)
	one, two := b.create(committed), b.create(committed)
	p := b.open()
	p.ok(with(rowsOf("a"), first(one)))
	p.bad(with(rowsOf("b"), first(two)), codes.InvalidArgument, 0)
	p.bad(with(rowsOf("b"), first(defaultOfTable(logs))), codes.InvalidArgument, 0)
	p.ok(with(rowsOf("b"), to(one), at(1)))
	b.wantRows(2)
}

// write-api: "Application-created streams can only have a single active connection." The newer
// one wins; after that nothing of the older is accepted.
func TestSecondConnectionTakesOver(t *testing.T) {
	b := newBench(t)
	stream := b.create(committed)
	older, newer := b.open(), b.open()
	older.ok(with(rowsOf("a"), first(stream), at(0)))
	newer.ok(with(rowsOf("b"), first(stream), at(1)))
	_, err := older.try(with(rowsOf("c"), at(2)))
	if status.Code(err) != codes.Aborted {
		t.Fatalf("older connection: %v, want ABORTED", err)
	}
	newer.ok(with(rowsOf("c"), at(2)))
	b.open().ok(with(rowsOf("d"), first(stream), at(3)))
	b.wantRows(4)
}

// write-api-best-practices, "Handle schema updates": the response that follows a change of the
// table "contains a TableSchema object that describes the new schema"; rows without the new
// column are still taken.
func TestUpdatedSchema(t *testing.T) {
	b := newBench(t)
	stream := b.create(pending)
	p := b.open()
	if resp := p.send(with(rowsOf("a"), first(stream))); resp.GetUpdatedSchema() != nil {
		t.Errorf("first response has an updated schema")
	}
	wider := logsTable()
	wider.Columns = append(wider.Columns, row.Column{Name: "extra", Type: row.JSON})
	b.store.put(logs, wider)
	resp := p.send(rowsOf("b"))
	if resp.GetError() != nil || len(resp.GetUpdatedSchema().GetFields()) != 3 {
		t.Fatalf("response %v", resp)
	}
	if resp = p.send(rowsOf("c")); resp.GetError() != nil || resp.GetUpdatedSchema() != nil {
		t.Fatalf("response %v", resp)
	}
	b.mustFinalize(stream, 3)
	b.mustCommit(stream)
	for _, r := range b.store.all(logs) {
		if len(r) != 3 || r[2] != nil {
			t.Errorf("row %v, want NULL in the new column", r)
		}
	}
}

// Responses are "received in the same order in which requests are sent", of requests that did not
// wait for each other.
func TestPipelining(t *testing.T) {
	b := newBench(t)
	const n = 200
	stream := b.create(pending)
	p := b.open()
	var sender sync.WaitGroup
	sender.Go(func() {
		for i := range int64(n) {
			req := with(rowsOf(fmt.Sprint(i)), at(i))
			if i == 0 {
				with(req, first(stream))
			}
			if err := p.conn.Send(req); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range int64(n) {
		resp, err := p.conn.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.GetAppendResult().GetOffset(); got.GetValue() != i {
			t.Fatalf("response %d: %v", i, resp)
		}
	}
	sender.Wait()
	b.mustFinalize(stream, n)
	b.mustCommit(stream)
	for i, r := range b.store.all(logs) {
		if r[0] != fmt.Sprint(i) {
			t.Fatalf("row %d is %v", i, r)
		}
	}
}

// An append whose transaction fails, before or after its effect, is looked up again: what the
// client is told next is what the store has.
func TestStoreFailure(t *testing.T) {
	cases := map[string]struct {
		fault func(m *memory)
		rows  int64
	}{
		"nothing written":   {func(m *memory) { m.fail(errDisk, nil) }, 0},
		"written all right": {func(m *memory) { m.fail(nil, errDisk) }, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			stream := b.create(committed)
			p := b.open()
			c.fault(b.store)
			p.bad(with(rowsOf("a"), first(stream), at(0)), codes.Internal, 0)
			b.store.fail(nil, nil)
			resp := p.send(with(rowsOf("a"), at(0)))
			if exists := codes.Code(resp.GetError().GetCode()) == codes.AlreadyExists; exists != (c.rows == 1) {
				t.Errorf("retry: %v", resp)
			}
			b.wantRows(1)
			b.mustFinalize(stream, 1)
		})
	}
}

func TestConcurrentStreams(t *testing.T) {
	b := newBench(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			stream := b.create(pending)
			p := b.open()
			for i := range int64(10) {
				req := with(rowsOf("a", "b"), first(stream))
				req.Offset = wrapperspb.Int64(2 * i)
				if resp, err := p.try(req); err != nil || resp.GetError() != nil {
					t.Errorf("append: %v, %v", resp, err)
				}
			}
			if _, err := b.finalize(stream); err != nil {
				t.Error(err)
			}
			var committers sync.WaitGroup
			for range 3 {
				committers.Go(func() {
					if _, err := b.commit(stream); err != nil {
						t.Error(err)
					}
				})
			}
			committers.Wait()
		})
	}
	wg.Wait()
	b.wantRows(8 * 10 * 2)
}
