//go:build cgo

package enginestore_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write"
)

// serveDir makes the test binary a server on a data directory of its own, to be killed.
const serveDir = "ENGINESTORE_SERVE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serve(dir string) error {
	db, s, err := tryOpen(filepath.Join(dir, "db"))
	if err != nil {
		return err
	}
	if err := tryAddTable(db); err != nil && !errkind.Is(err, errkind.Exists) {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	gs := grpc.NewServer(write.ServerOptions()...)
	storagepb.RegisterBigQueryWriteServer(gs, write.New(s, write.Options{Dir: filepath.Join(dir, "pending")}))
	fmt.Println(l.Addr())
	return gs.Serve(l)
}

// process is a server of its own and a client of it.
type process struct {
	cmd    *exec.Cmd
	client *storage.BigQueryWriteClient
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return &process{cmd, dial(t, strings.TrimSpace(addr))}
}

// kill is kill -9.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p.client.Close()
}

func dial(t testing.TB, addr string) *storage.BigQueryWriteClient {
	t.Helper()
	c, err := storage.NewBigQueryWriteClient(context.Background(), option.WithEndpoint(addr), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// nameOnly is a writer's schema of the one REQUIRED column.
func nameOnly() *storagepb.ProtoSchema {
	return &storagepb.ProtoSchema{ProtoDescriptor: &descriptorpb.DescriptorProto{
		Name: proto.String("Row"),
		Field: []*descriptorpb.FieldDescriptorProto{{
			Name: proto.String("name"), Number: proto.Int32(1), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}},
	}}
}

func names(stream string, offset int64, rows ...string) *storagepb.AppendRowsRequest {
	data := &storagepb.AppendRowsRequest_ProtoData{WriterSchema: nameOnly(), Rows: &storagepb.ProtoRows{}}
	for _, r := range rows {
		data.Rows.SerializedRows = append(data.Rows.SerializedRows, append([]byte{0x0a, byte(len(r))}, r...))
	}
	return &storagepb.AppendRowsRequest{
		WriteStream: stream, Offset: wrapperspb.Int64(offset),
		Rows: &storagepb.AppendRowsRequest_ProtoRows{ProtoRows: data},
	}
}

func appendOnce(t testing.TB, c *storage.BigQueryWriteClient, req *storagepb.AppendRowsRequest) codes.Code {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conn, err := c.AppendRows(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Send(req); err != nil {
		t.Fatal(err)
	}
	resp, err := conn.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return codes.Code(resp.GetError().GetCode())
}

func create(t testing.TB, c *storage.BigQueryWriteClient, kind storagepb.WriteStream_Type) string {
	t.Helper()
	w, err := c.CreateWriteStream(context.Background(), &storagepb.CreateWriteStreamRequest{
		Parent: logs.Path(), WriteStream: &storagepb.WriteStream{Type: kind},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w.GetName()
}

func finalizeAndCommit(t testing.TB, c *storage.BigQueryWriteClient, stream string) *storagepb.BatchCommitWriteStreamsResponse {
	t.Helper()
	if _, err := c.FinalizeWriteStream(context.Background(), &storagepb.FinalizeWriteStreamRequest{Name: stream}); err != nil {
		t.Fatal(err)
	}
	r, err := c.BatchCommitWriteStreams(context.Background(), &storagepb.BatchCommitWriteStreamsRequest{
		Parent: logs.Path(), WriteStreams: []string{stream},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What was acknowledged outlives kill -9, in the state that was acknowledged.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	p := startProcess(t, dir)
	done, waiting, streaming := create(t, p.client, storagepb.WriteStream_PENDING),
		create(t, p.client, storagepb.WriteStream_PENDING), create(t, p.client, storagepb.WriteStream_COMMITTED)
	for _, s := range []string{done, waiting, streaming} {
		if code := appendOnce(t, p.client, names(s, 0, "a", "b")); code != codes.OK {
			t.Fatal(code)
		}
	}
	if r := finalizeAndCommit(t, p.client, done); r.GetCommitTime() == nil {
		t.Fatal(r)
	}
	p.kill()

	p = startProcess(t, dir)
	for _, s := range []string{waiting, streaming} {
		if code := appendOnce(t, p.client, names(s, 0, "a", "b")); code != codes.AlreadyExists {
			t.Errorf("rows again: %v", code)
		}
		if code := appendOnce(t, p.client, names(s, 2, "c")); code != codes.OK {
			t.Errorf("next rows: %v", code)
		}
	}
	if r := finalizeAndCommit(t, p.client, done); len(r.GetStreamErrors()) != 1 ||
		r.GetStreamErrors()[0].GetCode() != storagepb.StorageError_STREAM_ALREADY_COMMITTED {
		t.Errorf("commit again: %v", r)
	}
	if r := finalizeAndCommit(t, p.client, waiting); r.GetCommitTime() == nil {
		t.Error(r)
	}
	p.kill()

	db, _ := open(t, filepath.Join(dir, "db"))
	defer db.Close()
	if n := count(t, db); n != 2+3+3 {
		t.Errorf("%d rows", n)
	}
}

// One small file: create, append 100 rows of 100 bytes, finalize, commit; and the ways of a pooled
// and of the default stream.
func BenchmarkSmallFile(b *testing.B) {
	dir := b.TempDir()
	db, s := open(b, filepath.Join(dir, "db"))
	defer db.Close()
	addTable(b, db)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	gs := grpc.NewServer(write.ServerOptions()...)
	storagepb.RegisterBigQueryWriteServer(gs, write.New(s, write.Options{Dir: filepath.Join(dir, "pending")}))
	go gs.Serve(l)
	defer gs.Stop()
	c := dial(b, l.Addr().String())
	defer c.Close()
	rows := make([]string, 100)
	for i := range rows {
		rows[i] = strings.Repeat("x", 100)
	}
	pending := func() {
		stream := create(b, c, storagepb.WriteStream_PENDING)
		if code := appendOnce(b, c, names(stream, 0, rows...)); code != codes.OK {
			b.Error(code)
		}
		if r := finalizeAndCommit(b, c, stream); r.GetCommitTime() == nil {
			b.Error(r)
		}
	}
	b.Run("pending", func(b *testing.B) {
		for b.Loop() {
			pending()
		}
	})
	b.Run("pending, 8 at once", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				pending()
			}
		})
	})
	b.Run("default stream", func(b *testing.B) {
		req := names(logs.Path()+"/streams/_default", 0, rows...)
		req.Offset = nil
		for b.Loop() {
			if code := appendOnce(b, c, req); code != codes.OK {
				b.Fatal(code)
			}
		}
	})
	b.Run("committed stream", func(b *testing.B) {
		stream := create(b, c, storagepb.WriteStream_COMMITTED)
		var offset int64
		for b.Loop() {
			if code := appendOnce(b, c, names(stream, offset, rows...)); code != codes.OK {
				b.Fatal(code)
			}
			offset += int64(len(rows))
		}
	})
}
