package write

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"go.uber.org/goleak"
	"google.golang.org/api/option"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/row"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		err := goleak.Find(
			// The clients' metrics library runs this one to the end of the process.
			goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"),
			// managedwriter cancels the context of a connection 20 s after it gave the connection up.
			goleak.IgnoreAnyFunction("cloud.google.com/go/bigquery/storage/managedwriter.(*connection).getStream.func1"),
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// The table of most tests.
var (
	logs   = row.Table{Project: "local", Dataset: "logs", Name: "app"}
	logsAt = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

func logsTable() Table {
	return Table{
		Created:  logsAt,
		Location: "US",
		Spec: row.Spec{Columns: row.Schema{
			{Name: "name", Type: row.String, Mode: row.Required},
			{Name: "value", Type: row.Int64},
		}},
	}
}

// clock is a settable time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is a running server and the real clients of it.
type bench struct {
	t      testing.TB
	store  *memory
	clock  *clock
	dir    string
	client *storage.BigQueryWriteClient
	opts   []option.ClientOption
	server *Server
	stop   func()
	known  atomic.Pointer[row.Schema] // columns of logs as appends know them; nil: those it has
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, store: newMemory(), dir: t.TempDir(), clock: &clock{t: logsAt.Add(time.Hour)}}
	b.store.put(logs, logsTable())
	b.start(b.store)
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *bench) start(store Store) {
	b.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	gs := grpc.NewServer(ServerOptions()...)
	b.server = New(store, Options{Dir: b.dir, Now: b.clock.now, Known: func(_ row.Table, columns row.Schema) row.Schema {
		if known := b.known.Load(); known != nil {
			return *known
		}
		return columns
	}})
	storagepb.RegisterBigQueryWriteServer(gs, b.server)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := gs.Serve(l); err != nil {
			b.t.Error(err)
		}
	}()
	b.opts = []option.ClientOption{
		option.WithEndpoint(l.Addr().String()), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
	if b.client, err = storage.NewBigQueryWriteClient(context.Background(), b.opts...); err != nil {
		b.t.Fatal(err)
	}
	b.stop = func() {
		b.client.Close()
		gs.Stop()
		<-done
	}
}

// restart is what kill -9 and a new process come to: nothing of the old server's memory is used.
func (b *bench) restart() {
	b.stop()
	b.start(b.store)
}

func (b *bench) managed(opts ...managedwriter.WriterOption) *managedwriter.ManagedStream {
	b.t.Helper()
	mc, err := managedwriter.NewClient(context.Background(), "local", b.opts...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { mc.Close() })
	ms, err := mc.NewManagedStream(b.t.Context(), opts...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { ms.Close() })
	return ms
}

func (b *bench) create(kind storagepb.WriteStream_Type) string {
	b.t.Helper()
	w, err := b.client.CreateWriteStream(b.t.Context(), &storagepb.CreateWriteStreamRequest{
		Parent: logs.Path(), WriteStream: &storagepb.WriteStream{Type: kind},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return w.Name
}

func (b *bench) finalize(stream string) (int64, error) {
	r, err := b.client.FinalizeWriteStream(b.t.Context(), &storagepb.FinalizeWriteStreamRequest{Name: stream})
	return r.GetRowCount(), err
}

func (b *bench) mustFinalize(stream string, want int64) {
	b.t.Helper()
	if n, err := b.finalize(stream); err != nil || n != want {
		b.t.Fatalf("finalize: %d, %v; want %d rows", n, err, want)
	}
}

func (b *bench) commit(streams ...string) (*storagepb.BatchCommitWriteStreamsResponse, error) {
	return b.client.BatchCommitWriteStreams(b.t.Context(), &storagepb.BatchCommitWriteStreamsRequest{
		Parent: logs.Path(), WriteStreams: streams,
	})
}

func (b *bench) mustCommit(streams ...string) {
	b.t.Helper()
	r, err := b.commit(streams...)
	if err != nil || r.GetCommitTime() == nil || len(r.GetStreamErrors()) != 0 {
		b.t.Fatalf("commit: %v, %v", r, err)
	}
}

// wantRows fails unless the table has n visible rows.
func (b *bench) wantRows(n int) {
	b.t.Helper()
	if got := b.store.count(logs); got != n {
		b.t.Fatalf("table has %d rows, want %d", got, n)
	}
}

// pipe is one AppendRows connection of the generated client.
type pipe struct {
	t    testing.TB
	conn storagepb.BigQueryWrite_AppendRowsClient
}

func (b *bench) open() *pipe {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel)
	conn, err := b.client.AppendRows(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return &pipe{b.t, conn}
}

func (p *pipe) try(req *storagepb.AppendRowsRequest) (*storagepb.AppendRowsResponse, error) {
	if err := p.conn.Send(req); err != nil {
		return nil, err
	}
	return p.conn.Recv()
}

func (p *pipe) send(req *storagepb.AppendRowsRequest) *storagepb.AppendRowsResponse {
	p.t.Helper()
	resp, err := p.try(req)
	if err != nil {
		p.t.Fatalf("connection ended: %v", err)
	}
	return resp
}

// ok sends a request that must be accepted and returns its offset, -1 for none.
func (p *pipe) ok(req *storagepb.AppendRowsRequest) int64 {
	p.t.Helper()
	resp := p.send(req)
	if resp.GetError() != nil {
		p.t.Fatalf("refused: %v %v", resp.GetError(), resp.GetRowErrors())
	}
	if o := resp.GetAppendResult().GetOffset(); o != nil {
		return o.GetValue()
	}
	return -1
}

// bad sends a request that must be refused with the codes; storage 0 stands for no StorageError.
func (p *pipe) bad(req *storagepb.AppendRowsRequest, code codes.Code, storage storagepb.StorageError_StorageErrorCode) *storagepb.AppendRowsResponse {
	p.t.Helper()
	resp := p.send(req)
	wantStatus(p.t, resp.GetError(), code, storage)
	return resp
}

func wantStatus(t testing.TB, st *spb.Status, code codes.Code, storage storagepb.StorageError_StorageErrorCode) {
	t.Helper()
	if codes.Code(st.GetCode()) != code {
		t.Fatalf("status %v, want %v", st, code)
	}
	var got storagepb.StorageError_StorageErrorCode
	for _, d := range st.GetDetails() {
		se := &storagepb.StorageError{}
		if d.MessageIs(se) {
			if err := d.UnmarshalTo(se); err != nil {
				t.Fatal(err)
			}
			got = se.GetCode()
			if se.GetEntity() == "" || se.GetErrorMessage() == "" {
				t.Errorf("StorageError without entity or message: %v", se)
			}
		}
	}
	if got != storage {
		t.Fatalf("StorageError %v, want %v (status %v)", got, storage, st)
	}
}

func wantError(t testing.TB, err error, code codes.Code, storage storagepb.StorageError_StorageErrorCode) {
	t.Helper()
	wantStatus(t, status.Convert(err).Proto(), code, storage)
}

// Requests.

type edit func(*storagepb.AppendRowsRequest)

// rowsOf builds a request of rows that logs' own schema describes.
func rowsOf(names ...string) *storagepb.AppendRowsRequest {
	md := descriptorOf(logsTable().Columns)
	var rows [][]byte
	for i, n := range names {
		m := dynamicpb.NewMessage(md)
		m.Set(md.Fields().ByName("name"), protoreflect.ValueOfString(n))
		m.Set(md.Fields().ByName("value"), protoreflect.ValueOfInt64(int64(i)))
		rows = append(rows, must(proto.Marshal(m)))
	}
	return request(nil, rows...)
}

func request(dp *descriptorpb.DescriptorProto, rows ...[]byte) *storagepb.AppendRowsRequest {
	data := &storagepb.AppendRowsRequest_ProtoData{Rows: &storagepb.ProtoRows{SerializedRows: rows}}
	if dp != nil {
		data.WriterSchema = &storagepb.ProtoSchema{ProtoDescriptor: dp}
	}
	return &storagepb.AppendRowsRequest{Rows: &storagepb.AppendRowsRequest_ProtoRows{ProtoRows: data}}
}

func with(req *storagepb.AppendRowsRequest, changes ...edit) *storagepb.AppendRowsRequest {
	for _, c := range changes {
		c(req)
	}
	return req
}

func to(stream string) edit {
	return func(r *storagepb.AppendRowsRequest) { r.WriteStream = stream }
}

func at(offset int64) edit {
	return func(r *storagepb.AppendRowsRequest) { r.Offset = wrapperspb.Int64(offset) }
}

func schema(columns row.Schema) edit {
	return func(r *storagepb.AppendRowsRequest) {
		dp := must(adapt.NormalizeDescriptor(descriptorOf(columns)))
		r.GetProtoRows().WriterSchema = &storagepb.ProtoSchema{ProtoDescriptor: dp}
	}
}

// first is what the first request of a connection adds.
func first(stream string) edit {
	return func(r *storagepb.AppendRowsRequest) { with(r, to(stream), schema(logsTable().Columns)) }
}

func defaultOfTable(t row.Table) string { return t.Path() + "/streams/_default" }

// descriptorOf is the descriptor that Google's own library makes for a table.
func descriptorOf(columns row.Schema) protoreflect.MessageDescriptor {
	d := must(adapt.StorageSchemaToProto2Descriptor(tableSchema(columns), "root"))
	return d.(protoreflect.MessageDescriptor)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var errDisk = errors.New("disk full")
