package counting

import (
	"maps"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// What a loader does of each kind is counted, by method, table and connection.
func TestCounts(t *testing.T) {
	s := start(t, Options{})
	client := connect(t, s)
	desc := encoder(t).Descriptor()
	rows := encode(t, "a", "bc")
	pooled, err := client.CreatePooled(t.Context(), app, desc)
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Close()
	own, err := client.Create(t.Context(), app, desc)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range []load.Stream{pooled, own} {
		for offset := int64(0); offset <= 2; offset += 2 {
			if err := st.Append(t.Context(), offset, rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, err := own.Finalize(t.Context()); n != 4 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	c := s.Counts()
	if c.Tables[app] != (Total{4, 14}) || c.Streams != 2 || c.Appending != 2 || c.Connections == 0 {
		t.Errorf("before the commit: %+v", c)
	}
	own.Close()
	if state, err := client.Commit(t.Context(), app, []string{own.Name()}); state != load.Committed || err != nil {
		t.Errorf("commit: %v, %v", state, err)
	}
	if err := client.Append(t.Context(), app, desc, rows); err != nil { // by the default stream
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); s.Counts().Appending != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("own's connection is closed, and %d are open", s.Counts().Appending)
		}
	}
	c = s.Counts()
	if c.Tables[app] != (Total{10, 35}) {
		t.Errorf("the table holds %+v", c.Tables[app])
	}
	delete(c.Requests, "GetWriteStream") // as often as the library likes
	want := map[string]int64{
		"CreateWriteStream": 2, "AppendRows": 3, "AppendRows request": 5, "FinalizeWriteStream": 1, "BatchCommitWriteStreams": 1,
		"datasets.insert": 1, "tables.get": 1, "tables.insert": 1,
	}
	if !maps.Equal(c.Requests, want) {
		t.Errorf("requests %v, want %v", c.Requests, want)
	}
}

// A request is read the same as by the library, in whatever pieces it comes, and one that is cut is an error.
func TestRead(t *testing.T) {
	req := &storagepb.AppendRowsRequest{
		WriteStream: app.Path() + "/streams/x", Offset: wrapperspb.Int64(300), TraceId: "trace",
		MissingValueInterpretations: map[string]storagepb.AppendRowsRequest_MissingValueInterpretation{"name": 1}, DefaultMissingValueInterpretation: 2,
		Rows: &storagepb.AppendRowsRequest_ProtoRows{ProtoRows: &storagepb.AppendRowsRequest_ProtoData{
			WriterSchema: &storagepb.ProtoSchema{ProtoDescriptor: &descriptorpb.DescriptorProto{Name: proto.String("root")}},
			Rows:         &storagepb.ProtoRows{SerializedRows: [][]byte{[]byte("a"), {}, []byte(strings.Repeat("b", 200))}},
		}},
	}
	raw, err := proto.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	want := appendRequest{stream: req.WriteStream, offset: 300, placed: true, schema: true, size: len(raw), rows: 3, rowBytes: 201}
	for piece := 1; piece <= len(raw); piece++ {
		var got appendRequest
		if err := newCodec().Unmarshal(pieces(raw, piece), &got); err != nil || got != want {
			t.Fatalf("in pieces of %d: %+v, %v; want %+v", piece, got, err, want)
		}
	}
	whole := 0 // cuts between two fields
	for cut := range raw {
		var got appendRequest
		if got.read(pieces(raw[:cut], 7)) == nil {
			whole++
		}
	}
	if whole > 7 {
		t.Errorf("%d of %d cut requests are read as if they were whole", whole, len(raw))
	}
	for _, other := range []*storagepb.AppendRowsRequest{
		{}, {Offset: wrapperspb.Int64(0)}, {Rows: &storagepb.AppendRowsRequest_ArrowRows{ArrowRows: &storagepb.AppendRowsRequest_ArrowData{}}},
	} {
		raw, _ := proto.Marshal(other)
		var got appendRequest
		if err := got.read(pieces(raw, 1)); err != nil || got.placed != (other.Offset != nil) || got.arrow != (other.GetArrowRows() != nil) || got.rows != 0 {
			t.Errorf("%v: %+v, %v", other, got, err)
		}
	}
}

func pieces(raw []byte, size int) (all mem.BufferSlice) {
	for len(raw) > 0 {
		n := min(size, len(raw))
		all, raw = append(all, mem.SliceBuffer(raw[:n])), raw[n:]
	}
	return all
}

// A table grows, and a change of one that was changed since is refused; a query is, too.
func TestTables(t *testing.T) {
	s := start(t, Options{})
	query := tables(t, s)
	wider := row.Spec{Columns: append(row.Schema{{Name: "size", Type: row.Int64}}, spec.Columns...)}
	for range 2 {
		if err := query.EnsureTable(t.Context(), app, wider); err != nil {
			t.Fatal(err)
		}
	}
	view := row.Table{Project: "local", Dataset: "logs", Name: "view"}
	for _, version := range []int{1, 2, 2} {
		if err := query.EnsureView(t.Context(), view, "SELECT 1", version); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Counts().Requests; n["tables.patch"] != 2 || n["tables.insert"] != 2 || len(s.tables[app].Schema.Fields) != 2 || s.tables[view].Labels["seneka_view"] != "2" {
		t.Errorf("requests %v, fields %v", n, s.tables[app].Schema.Fields)
	}
	none := row.Table{Project: "local", Dataset: "none", Name: "app"}
	if err := query.EnsureTable(t.Context(), none, spec); !errkind.Is(err, errkind.NotFound) {
		t.Errorf("a table in no dataset: %v", err)
	}
	if err := query.EnsureView(t.Context(), app, "SELECT 1", 1); err != nil || s.tables[app].Type != "TABLE" {
		t.Errorf("a table is left as it is where a view is wanted: %v", err)
	}
	if _, err := query.Query(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "answers no query") {
		t.Errorf("a query: %v", err)
	}
}

// The latencies are waited for.
func TestLatency(t *testing.T) {
	s := start(t, Options{Append: 50 * time.Millisecond, Call: 20 * time.Millisecond})
	client := connect(t, s)
	begun := time.Now()
	st, err := client.Create(t.Context(), app, encoder(t).Descriptor())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Append(t.Context(), 0, encode(t, "a")); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 70*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}
