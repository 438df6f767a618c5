//go:build cgo

package bqwrite

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/row"
)

// lasting are the goroutines of the client libraries that outlive their clients.
func lasting() []goleak.Option {
	return []goleak.Option{
		// The metrics library runs it to the end of the process.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"),
		// managedwriter cancels the context of a connection 20 s after it gave the connection up.
		goleak.IgnoreAnyFunction("cloud.google.com/go/bigquery/storage/managedwriter.(*connection).getStream.func1"),
		// It sleeps up to a second before it sees that an append's context has ended.
		goleak.IgnoreAnyFunction("cloud.google.com/go/bigquery/storage/managedwriter.(*ManagedStream).processRetry"),
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(lasting()...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// spec is the table of most tests.
var spec = row.Spec{Columns: row.Schema{
	{Name: "name", Type: row.String, Mode: row.Required},
	{Name: "value", Type: row.Int64},
}}

// bench is a stand-in with the table local.logs.app, and a client of it.
type bench struct {
	*testing.T
	*bqtest.Server
	client *Client
	table  row.Table
	enc    *row.Encoder
}

func newBench(t *testing.T, opts ...option.ClientOption) *bench {
	t.Helper()
	server := bqtest.Start(t)
	b := &bench{T: t, Server: server, table: server.Table("app", spec), enc: encoder(t, spec.Columns)}
	b.client = connect(t, server, opts...)
	t.Cleanup(func() {
		if err := b.client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

// connect returns a client that the caller closes. Its context is not a test's, which ends before
// the clean-up.
func connect(t *testing.T, s *bqtest.Server, opts ...option.ClientOption) *Client {
	t.Helper()
	c, err := New(context.Background(), "local", append(EmulatorOptions(s.Storage), opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encoder(t *testing.T, s row.Schema) *row.Encoder {
	t.Helper()
	enc, err := row.NewEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func (b *bench) desc() *descriptorpb.DescriptorProto { return b.enc.Descriptor() }

// encode returns rows of name and value; value 0 is NULL.
func (b *bench) encode(first int64, names ...string) [][]byte {
	b.Helper()
	rec := row.NewRecord(len(spec.Columns))
	var rows [][]byte
	for i, name := range names {
		rec.Values[0].SetBytes([]byte(name))
		rec.Values[1].SetInt(first + int64(i))
		encoded, err := b.enc.Append(nil, rec)
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, encoded)
	}
	return rows
}

func (b *bench) create() load.Stream {
	b.Helper()
	s, err := b.client.Create(b.Context(), b.table, b.desc())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

func (b *bench) append(s load.Stream, offset int64, names ...string) {
	b.Helper()
	if err := s.Append(b.Context(), offset, b.encode(offset, names...)); err != nil {
		b.Fatalf("append at %d: %v", offset, err)
	}
}

func (b *bench) finalize(s load.Stream, want int64) {
	b.Helper()
	if n, err := s.Finalize(b.Context()); err != nil || n != want {
		b.Fatalf("Finalize = %d, %v; want %d", n, err, want)
	}
}

// final returns a stream of one row that is finalized.
func (b *bench) final() string {
	b.Helper()
	s := b.create()
	b.append(s, 0, "row")
	b.finalize(s, 1)
	return s.Name()
}

func (b *bench) wantCommit(want load.CommitState, streams ...string) {
	b.Helper()
	got, err := b.client.Commit(b.Context(), b.table, streams)
	if err != nil || got != want {
		b.Fatalf("Commit = %d, %v; want %d", got, err, want)
	}
}

// wantRows checks the visible rows by their first column.
func (b *bench) wantRows(want ...string) {
	b.Helper()
	var got []string
	for _, r := range b.Rows(b.table) {
		got = append(got, r[0].(string))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("the table holds %q, want %q", got, want)
	}
}

func wantKind(t testing.TB, err error, want errkind.Kind) {
	t.Helper()
	if !errkind.Is(err, want) {
		t.Errorf("error of kind %v, want %v: %v", errkind.Of(err), want, err)
	}
}
