//go:build cgo

package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

func openTest(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var logs = row.Table{Project: "local", Dataset: "logs", Name: "alb"}

// makeTable makes table logs, and its dataset, with the given columns.
func makeTable(t *testing.T, db *DB, cols ...row.Column) {
	t.Helper()
	if _, err := db.CreateDataset(t.Context(), Dataset{Project: "local", Name: "logs"}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateTable(t.Context(), Table{Ref: logs, Spec: row.Spec{Columns: cols}}); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, db *DB, rows ...[]any) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *Tx) error { return tx.Append(t.Context(), logs, rows) })
	if err != nil {
		t.Fatal(err)
	}
}

// contents returns all rows of table logs.
func contents(t *testing.T, db *DB) [][]any {
	t.Helper()
	def, err := db.Table(t.Context(), logs)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.read(t.Context(), "SELECT * FROM "+duckName(logs), def.Columns)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// everyType has a column of each type, alone, REPEATED and inside of a STRUCT.
func everyType() (row.Schema, []any) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	scalars := []struct {
		t row.Type
		v any
	}{
		{row.Bool, true},
		{row.Int64, int64(-1 << 63)},
		{row.Float64, 0.1},
		{row.Numeric, "-99999999999999999999999999999.999999999"},
		{row.BigNumeric, "0.000000000000000001"},
		{row.String, "é\x00'\"\\"},
		{row.Bytes, []byte{0, 255}},
		{row.Date, day},
		{row.Datetime, at},
		{row.Time, 23*time.Hour + 59*time.Minute + 59*time.Second + 999999*time.Microsecond},
		{row.Timestamp, at},
		{row.JSON, `{"a":"<x>","n":12345678901234567890}`},
	}
	var cols row.Schema
	var values, fields []any
	nested := row.Column{Name: "nested", Type: row.Struct}
	for _, s := range scalars {
		c := row.Column{Name: "c " + string(s.t), Type: s.t}
		list := row.Column{Name: "list " + string(s.t), Type: s.t, Mode: row.Repeated}
		cols = append(cols, c, list)
		values = append(values, s.v, []any{s.v, s.v})
		nested.Fields = append(nested.Fields, c, list)
		fields = append(fields, s.v, []any{s.v})
	}
	many := nested
	many.Name, many.Mode = "many", row.Repeated
	return append(cols, nested, many), append(values, fields, []any{fields, fields})
}

func TestEveryTypeRoundTrips(t *testing.T) {
	cols, values := everyType()
	empty := make([]any, len(cols))
	emptyRead := make([]any, len(cols))
	for i, c := range cols {
		if c.Mode == row.Repeated {
			emptyRead[i] = []any{}
		}
	}
	db := openTest(t, "")
	makeTable(t, db, cols...)
	add(t, db, values, empty, values)
	got := contents(t, db)
	if len(got) != 3 {
		t.Fatalf("%d rows, want 3", len(got))
	}
	for i, want := range [][]any{values, emptyRead, values} {
		for j := range cols {
			if !reflect.DeepEqual(got[i][j], want[j]) {
				t.Errorf("row %d, %s: %#v, want %#v", i, cols[j].Name, got[i][j], want[j])
			}
		}
	}
}

func TestEdgesOfTimeRoundTrip(t *testing.T) {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	db := openTest(t, "")
	makeTable(t, db, row.Column{Name: "ts", Type: row.Timestamp}, row.Column{Name: "dt", Type: row.Datetime})
	add(t, db, []any{first, last}, []any{last, first})
	if got, want := contents(t, db), [][]any{{first, last}, {last, first}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	str := row.Column{Name: "c", Type: row.String}
	tests := []struct {
		name string
		col  row.Column
		v    any
		want string
	}{
		{"another type", str, int64(1), "a Go int64 is no STRING"},
		{"unknown Go type", str, 1, "a Go int is no STRING"},
		{"text of a number", row.Column{Name: "c", Type: row.Int64}, "1", "a Go string is no INT64"},
		{"not UTF-8", str, "\xff", "not valid UTF-8"},
		{"not JSON", row.Column{Name: "c", Type: row.JSON}, "{", "not JSON"},
		{"NULL in REQUIRED", row.Column{Name: "c", Type: row.String, Mode: row.Required}, nil, "REQUIRED"},
		{"NULL in an array", row.Column{Name: "c", Type: row.String, Mode: row.Repeated}, []any{"a", nil}, "element 1 is NULL"},
		{"no array", row.Column{Name: "c", Type: row.String, Mode: row.Repeated}, "a", "no value of a REPEATED"},
		{"no number", row.Column{Name: "c", Type: row.Numeric}, "1e3", "no decimal number"},
		{"only a point", row.Column{Name: "c", Type: row.Numeric}, ".", "no decimal number"},
		{"too fine", row.Column{Name: "c", Type: row.Numeric}, "0.0000000001", "more than 9 digits after"},
		{"too large", row.Column{Name: "c", Type: row.Numeric}, "1" + strings.Repeat("0", 29), "more than 29 digits before"},
		{"year 0", row.Column{Name: "c", Type: row.Timestamp}, time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), "year 0"},
		{"year 10000", row.Column{Name: "c", Type: row.Date}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "year 10000"},
		{"24:00", row.Column{Name: "c", Type: row.Time}, 24 * time.Hour, "no time of day"},
		{"short STRUCT", row.Column{Name: "c", Type: row.Struct, Fields: []row.Column{str}}, []any{}, "0 values for 1 fields"},
		{"NULL in a REQUIRED field", row.Column{Name: "c", Type: row.Struct, Fields: []row.Column{{Name: "f", Type: row.Bool, Mode: row.Required}}}, []any{nil}, "field f: NULL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t, "")
			makeTable(t, db, tt.col)
			err := db.Update(t.Context(), func(tx *Tx) error {
				good := []any{nil}
				if tt.col.Mode == row.Required {
					good = []any{"x"}
				}
				return tx.Append(t.Context(), logs, [][]any{good, {tt.v}})
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "row 1, column c") {
				t.Errorf("error %v does not name the row, the column and %q", err, tt.want)
			}
			if !errkind.Is(err, errkind.Permanent) {
				t.Errorf("kind %v, want permanent", errkind.Of(err))
			}
			if got := contents(t, db); len(got) != 0 {
				t.Errorf("the rows of a refused append are there: %v", got)
			}
		})
	}
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	stop := errors.New("stop")
	missing := row.Table{Project: "local", Dataset: "logs", Name: "missing"}
	tests := []struct {
		name string
		fn   func(ctx context.Context, tx *Tx) error
		want error // nil: any
	}{
		{"the caller's error", func(context.Context, *Tx) error { return stop }, stop},
		{"an append's error, swallowed", func(ctx context.Context, tx *Tx) error {
			tx.Append(ctx, missing, [][]any{{"x"}})
			return nil
		}, nil},
		{"a statement's error, swallowed", func(ctx context.Context, tx *Tx) error {
			tx.Exec(ctx, "nonsense")
			return nil
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t, "")
			makeTable(t, db, row.Column{Name: "c", Type: row.String})
			err := db.Update(t.Context(), func(tx *Tx) error {
				if err := tx.Append(t.Context(), logs, [][]any{{"a"}}); err != nil {
					t.Error(err)
				}
				return tt.fn(t.Context(), tx)
			})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if got := contents(t, db); len(got) != 0 {
				t.Errorf("rows of a failed transaction are there: %v", got)
			}
			add(t, db, []any{"b"})
			if got := contents(t, db); len(got) != 1 {
				t.Errorf("after a failed transaction the next one left %v", got)
			}
		})
	}
}

func TestUpdateRollsBackOnPanicAndCancel(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, row.Column{Name: "c", Type: row.String})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		db.Update(t.Context(), func(tx *Tx) error {
			tx.Append(t.Context(), logs, [][]any{{"a"}})
			panic("boom")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx *Tx) error {
		err := tx.Append(ctx, logs, [][]any{{"a"}})
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if err := db.Update(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	add(t, db, []any{"b"})
	if got := contents(t, db); len(got) != 1 {
		t.Errorf("got %v, want the one row of the one good transaction", got)
	}
}

func TestReadersSeeCommittedRowsOnly(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "bq.duckdb"))
	makeTable(t, db, row.Column{Name: "c", Type: row.Int64})
	err := db.Update(t.Context(), func(tx *Tx) error {
		if err := tx.Append(t.Context(), logs, [][]any{{int64(1)}}); err != nil {
			return err
		}
		if got := contents(t, db); len(got) != 0 {
			t.Errorf("a reader sees %v before the commit", got)
		}
		rows, err := tx.Query(t.Context(), "SELECT * FROM "+duckName(logs))
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			t.Error("the transaction does not see its own row")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, db); len(got) != 1 {
		t.Errorf("got %v after the commit, want one row", got)
	}
}

func TestConcurrentWritersAndReaders(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "bq.duckdb"))
	makeTable(t, db, row.Column{Name: "c", Type: row.Int64}, row.Column{Name: "d", Type: row.Int64})
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				v := int64(w*each + i)
				err := db.Update(t.Context(), func(tx *Tx) error {
					return tx.Append(t.Context(), logs, [][]any{{v, v}, {-v, v}})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range each {
				if n := len(contents(t, db)); n%2 != 0 {
					t.Errorf("a reader sees %d rows: half a transaction", n)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range each {
			_, err := db.UpdateTable(t.Context(), logs, func(tab *Table) error {
				tab.Description = fmt.Sprint(i)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if got := len(contents(t, db)); got != 2*writers*each {
		t.Errorf("%d rows, want %d", got, 2*writers*each)
	}
}

func TestAllSurvivesReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bq.duckdb")
	cols, values := everyType()
	db := openTest(t, path)
	makeTable(t, db, cols...)
	_, err := db.UpdateTable(t.Context(), logs, func(tab *Table) error {
		tab.Description, tab.Labels, tab.ClusterBy = "what for", map[string]string{"k": "v"}, []string{"c STRING"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	add(t, db, values)
	before, err := db.Table(t.Context(), logs)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, path)
	after, err := db.Table(t.Context(), logs)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("metadata was %+v, is %+v", before, after)
	}
	if got := contents(t, db); !reflect.DeepEqual(got, [][]any{values}) {
		t.Errorf("rows after reopening: %v", got)
	}
}

// What kill -9 leaves is the files as they are: a copy of them, taken while the database is open.
func TestCommittedRowsSurviveKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bq.duckdb")
	db := openTest(t, path)
	makeTable(t, db, row.Column{Name: "c", Type: row.Int64})
	const n = 20
	for i := range n {
		add(t, db, []any{int64(i)})
	}
	copies := t.TempDir()
	err := db.Update(t.Context(), func(tx *Tx) error {
		if err := tx.Append(t.Context(), logs, [][]any{{int64(-1)}}); err != nil {
			return err
		}
		return os.CopyFS(copies, os.DirFS(filepath.Dir(path)))
	})
	if err != nil {
		t.Fatal(err)
	}
	left := openTest(t, filepath.Join(copies, "bq.duckdb"))
	got := contents(t, left)
	if len(got) != n {
		t.Fatalf("%d rows after a kill, want the %d that were committed: %v", len(got), n, got)
	}
	add(t, left, []any{int64(n)})
}

func TestNothingReachesTheFileSystem(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "bq.duckdb"))
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"SELECT * FROM read_csv(" + literal(secret) + ")",
		"SELECT * FROM " + literal(secret),
		"ATTACH " + literal(secret+".db"),
		"COPY (SELECT 1) TO " + literal(secret+".out"),
		"SET enable_external_access = true",
		"INSTALL httpfs",
	} {
		if _, err := db.sql.ExecContext(t.Context(), query); err == nil {
			t.Errorf("%s: it was allowed", query)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "no", "such", "folder", "f"), "a?b"} {
		db, err := Open(path)
		if err == nil {
			db.Close()
			t.Fatalf("Open(%q) succeeded", path)
		}
		if !strings.Contains(err.Error(), path) || !errkind.Is(err, errkind.Permanent) {
			t.Errorf("Open(%q): %v (%v)", path, err, errkind.Of(err))
		}
	}
}

func BenchmarkTinyCommit(b *testing.B) {
	db, err := Open(filepath.Join(b.TempDir(), "bq.duckdb"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx := b.Context()
	if _, err := db.CreateDataset(ctx, Dataset{Project: "local", Name: "logs"}); err != nil {
		b.Fatal(err)
	}
	cols, values := everyType()
	if _, err := db.CreateTable(ctx, Table{Ref: logs, Spec: row.Spec{Columns: cols}}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := db.Update(ctx, func(tx *Tx) error { return tx.Append(ctx, logs, [][]any{values}) }); err != nil {
			b.Fatal(err)
		}
	}
}
