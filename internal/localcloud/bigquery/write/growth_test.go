package write

import (
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/seneka-io/seneka/internal/row"
)

// grow gives logs a column and a list behind those it has.
func (b *bench) grow() Table {
	wider := logsTable()
	wider.Columns = append(wider.Columns, row.Column{Name: "added", Type: row.Int64}, row.Column{Name: "list", Type: row.String, Mode: row.Repeated})
	b.store.put(logs, wider)
	return wider
}

// "Schema updates are detected in the order of minutes" (write-api-best-practices): until then a
// writer of the new column is refused, and one that does not know it goes on; then its connection is
// told, once.
func TestSchemaUpdateIsKnownLater(t *testing.T) {
	b := newBench(t)
	old := logsTable().Columns
	b.known.Store(&old)
	streams := map[string]string{"default": defaultOfTable(logs), "committed": b.create(committed), "pending": b.create(pending)}
	pipes := map[string]*pipe{}
	for name, stream := range streams {
		pipes[name] = b.open()
		pipes[name].ok(with(rowsOf("before"), first(stream)))
	}
	wider := b.grow()

	w := must(b.client.CreateWriteStream(t.Context(), &storagepb.CreateWriteStreamRequest{
		Parent: logs.Path(), WriteStream: &storagepb.WriteStream{Type: pending},
	}))
	if n := len(w.GetTableSchema().GetFields()); n != 2 {
		t.Errorf("a new stream's table has %d columns, want the 2 that are known", n)
	}
	p := b.open()
	resp := p.bad(with(rowsOf("new"), to(w.Name), schema(wider.Columns)), codes.InvalidArgument, storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS)
	if resp.GetUpdatedSchema() != nil {
		t.Errorf("the refusal knows the new schema: %v", resp)
	}
	for name, p := range pipes {
		if resp := p.send(rowsOf("meanwhile")); resp.GetError() != nil || resp.GetUpdatedSchema() != nil {
			t.Errorf("%s: %v", name, resp)
		}
	}

	b.known.Store(nil)
	p.ok(with(rowsOf("new"), to(w.Name), schema(wider.Columns)))
	for name, p := range pipes {
		if resp := p.send(rowsOf("after")); resp.GetError() != nil || len(resp.GetUpdatedSchema().GetFields()) != 4 {
			t.Errorf("%s: %v", name, resp)
		}
	}
	b.mustFinalize(w.Name, 1)
	b.mustFinalize(streams["pending"], 3)
	b.mustCommit(w.Name, streams["pending"])
	rows := b.store.all(logs)
	if len(rows) != 10 {
		t.Errorf("%d rows, want 10", len(rows))
	}
	for _, r := range rows {
		if len(r) == 2 && r[0] == "before" { // the stand-in for the store leaves old rows as they are
			continue
		}
		if name := r[0]; len(r) != 4 || r[2] != nil || name != "new" && r[3] != nil {
			t.Errorf("row %v, want nothing in the new columns", r)
		}
	}
}

// A connection whose writer named the column before it was known goes on once it is.
func TestRefusedWriterGoesOn(t *testing.T) {
	b := newBench(t)
	wider := b.grow()
	old := logsTable().Columns
	b.known.Store(&old)
	p, stream := b.open(), b.create(committed)
	req := with(rowsOf("a"), to(stream), schema(wider.Columns), at(0))
	for range 2 {
		p.bad(req, codes.InvalidArgument, storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS)
	}
	b.known.Store(nil)
	again := proto.CloneOf(req)
	again.GetProtoRows().WriterSchema = nil
	if resp := p.send(again); resp.GetError() != nil || len(resp.GetUpdatedSchema().GetFields()) != 4 {
		t.Errorf("response %v", resp)
	}
	b.mustFinalize(stream, 1)
	b.wantRows(1)
}
