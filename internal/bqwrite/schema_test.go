//go:build cgo

package bqwrite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

// wantSchemaError checks that err is the table's and passes, so that no file is rejected for it.
func wantSchemaError(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, load.ErrSchema) {
		t.Errorf("%v, want ErrSchema", err)
	}
	wantKind(t, err, errkind.Transient)
}

// change gives the table other columns, as a person or another loader does.
func (b *bench) change(columns ...row.Column) {
	b.Helper()
	_, err := b.DB.UpdateTable(b.Context(), b.table, func(t *engine.Table) error { t.Columns = columns; return nil })
	if err != nil {
		b.Error(err)
	}
}

// wide is spec with a column more.
var wide = append(spec.Columns[:2:2], row.Column{Name: "added", Type: row.String})

// wideRow returns a row of wide.
func wideRow(t *testing.T, enc *row.Encoder, name string) [][]byte {
	t.Helper()
	rec := row.NewRecord(3)
	rec.Values[0].SetBytes([]byte(name))
	rec.Values[2].SetBytes([]byte("new"))
	encoded, err := enc.Append(nil, rec)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{encoded}
}

// A column that BigQuery does not know yet, or not any more, refuses rows on streams of every kind
// until it does; connections of a writer that does not know the column go on.
func TestColumnNotKnownYet(t *testing.T) {
	b := newBench(t)
	older := connect(t, b.Server)
	defer older.Close()
	before := b.create()
	b.append(before, 0, "one")
	if err := older.Append(t.Context(), b.table, b.desc(), b.encode(0, "log one")); err != nil {
		t.Fatal(err)
	}
	enc := encoder(t, wide)
	create := map[string]func() (load.Stream, error){
		"own":    func() (load.Stream, error) { return b.client.Create(t.Context(), b.table, enc.Descriptor()) },
		"pooled": func() (load.Stream, error) { return b.client.CreatePooled(t.Context(), b.table, enc.Descriptor()) },
	}
	newer := func(do func(name string, err error, s load.Stream)) {
		for name, create := range create {
			s, err := create()
			if err != nil {
				t.Fatal(err)
			}
			do(name, s.Append(t.Context(), 0, wideRow(t, enc, name)), s)
			s.Close()
		}
		do("log", b.client.Append(t.Context(), b.table, enc.Descriptor(), wideRow(t, enc, "log")), nil)
	}
	refused := func(name string, err error, s load.Stream) {
		t.Log(name)
		wantSchemaError(t, err)
		if s != nil {
			b.finalize(s, 0)
		}
	}
	newer(refused) // the table has no such column
	catchUp := b.Lag(b.table)
	b.change(wide...)
	newer(refused) // it has, and BigQuery does not know it yet
	b.append(before, 1, "two")
	if err := older.Append(t.Context(), b.table, b.desc(), b.encode(0, "log two")); err != nil {
		t.Error(err)
	}
	catchUp()
	newer(func(name string, err error, _ load.Stream) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	b.append(before, 2, "three")
	b.finalize(before, 3)
	b.wantCommit(load.Committed, before.Name())
	got := map[any]any{}
	for _, r := range b.Rows(b.table) {
		got[r[0]] = r[2]
	}
	want := map[any]any{"one": nil, "two": nil, "three": nil, "log one": nil, "log two": nil, "pooled": "new", "log": "new"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("rows and the new column %v, want %v", got, want)
	}
}

// A table that somebody made anew, with a column of another type, is not the file's fault either.
func TestColumnOfAnotherType(t *testing.T) {
	b := newBench(t)
	if err := b.DB.DeleteTable(t.Context(), b.table); err != nil {
		t.Fatal(err)
	}
	b.Table("app", row.Spec{Columns: row.Schema{spec.Columns[0], {Name: "value", Type: row.Date, Mode: row.Repeated}}})
	wantSchemaError(t, b.create().Append(t.Context(), 0, b.encode(0, "one")))
	wantSchemaError(t, b.log("one"))
}

// The same said by the end of the connection.
func TestConnectionRefused(t *testing.T) {
	b := newBench(t)
	s := b.create()
	b.Hook(func(_ context.Context, method string) error {
		if strings.HasPrefix(method, "AppendRows") {
			return status.Error(codes.InvalidArgument, "no")
		}
		return nil
	})
	wantSchemaError(t, s.Append(t.Context(), 0, b.encode(0, "one")))
	wantSchemaError(t, b.log("one"))
}

// Rows find their columns by name, whatever its case and wherever the table has it.
func TestColumnsByName(t *testing.T) {
	b := newBench(t)
	other := b.Table("other", row.Spec{Columns: row.Schema{
		{Name: "mine", Type: row.Float64}, {Name: "Value", Type: row.Int64}, {Name: "NAME", Type: row.String},
	}})
	s, err := b.client.CreatePooled(t.Context(), other, b.desc())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b.append(s, 0, "zero", "one")
	if got := fmt.Sprint(b.Rows(other)); got != "[[<nil> <nil> zero] [<nil> 1 one]]" && got != "[[<nil> 0 zero] [<nil> 1 one]]" {
		t.Errorf("rows %v", got)
	}
}

// Appends and changes of the table at the same time: no row is lost, nor any column.
func TestAppendsWhileTheTableGrows(t *testing.T) {
	b := newBench(t)
	const writers, appends, changes = 3, 20, 8
	var all sync.WaitGroup
	for w := range writers {
		var rows [][][]byte
		for i := range appends {
			rows = append(rows, b.encode(int64(i), fmt.Sprintf("w%d-%d", w, i)))
		}
		all.Go(func() {
			s, err := b.client.CreatePooled(t.Context(), b.table, b.desc())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i, r := range rows {
				if err := s.Append(t.Context(), int64(i), r); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
				if err := b.client.Append(t.Context(), b.table, b.desc(), r); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	all.Go(func() {
		columns := spec.Columns
		for i := range changes {
			columns = append(columns[:len(columns):len(columns)], row.Column{Name: fmt.Sprint("c", i), Type: row.String, Mode: row.Repeated})
			b.change(columns...)
		}
	})
	all.Wait()
	rows := b.Rows(b.table)
	if len(rows) != 2*writers*appends {
		t.Errorf("%d rows, want %d", len(rows), 2*writers*appends)
	}
	for _, r := range rows {
		if len(r) != 2+changes {
			t.Errorf("row %v, want %d columns", r, 2+changes)
		}
	}
}
