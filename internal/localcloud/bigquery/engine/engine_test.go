//go:build cgo

package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

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

// appendNow has DuckDB take a row of table logs at once.
func appendNow(ctx context.Context, tx *Tx, r []any) error {
	if err := tx.Append(ctx, logs, [][]any{r}); err != nil {
		return err
	}
	return tx.Flush(ctx)
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
			_ = tx.Append(ctx, missing, [][]any{{"x"}})
			return nil
		}, nil},
		{"a statement's error, swallowed", func(ctx context.Context, tx *Tx) error {
			_ = tx.Exec(ctx, "nonsense")
			return nil
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t, "")
			makeTable(t, db, row.Column{Name: "c", Type: row.String})
			err := db.Update(t.Context(), func(tx *Tx) error {
				if err := appendNow(t.Context(), tx, []any{"a"}); err != nil {
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
		_ = db.Update(t.Context(), func(tx *Tx) error {
			_ = appendNow(t.Context(), tx, []any{"a"})
			panic("boom")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx *Tx) error {
		err := appendNow(ctx, tx, []any{"a"})
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

// Rows of many Appends to two tables, more than are held, come in their order.
func TestAppendsOfATransactionKeepTheirOrder(t *testing.T) {
	db := openTest(t, "")
	column := row.Column{Name: "c", Type: row.Int64}
	makeTable(t, db, column)
	other := row.Table{Project: logs.Project, Dataset: logs.Dataset, Name: "other"}
	if _, err := db.CreateTable(t.Context(), Table{Ref: other, Spec: row.Spec{Columns: row.Schema{column}}}); err != nil {
		t.Fatal(err)
	}
	const n = 2*maxHeld + 3
	err := db.Update(t.Context(), func(tx *Tx) error {
		for i := range int64(n) {
			if err := errors.Join(tx.Append(t.Context(), logs, [][]any{{i}}), tx.Append(t.Context(), other, [][]any{{-i}})); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for ref, sign := range map[row.Table]int64{logs: 1, other: -1} {
		rows, err := db.Rows(t.Context(), ref, row.Schema{column}, 0, 2*n)
		if err != nil || len(rows) != n {
			t.Fatalf("%s: %d rows, %v", ref, len(rows), err)
		}
		for i, r := range rows {
			if want := sign * int64(i); r[0] != want {
				t.Fatalf("%s, row %d: %v", ref, i, r[0])
			}
		}
	}
}

// Large rows do not wait for each other, and DDL comes behind the rows before it.
func TestAppendsDoNotWaitForEver(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, row.Column{Name: "c", Type: row.String})
	large := strings.Repeat("x", maxHeldBytes/2)
	err := db.Update(t.Context(), func(tx *Tx) error {
		for i := range 2 {
			if err := tx.Append(t.Context(), logs, [][]any{{large}}); err != nil {
				return err
			}
			if waits := tx.held[logs] != nil; waits != (i == 0) {
				t.Errorf("after %d large rows: rows wait: %t", i+1, waits)
			}
		}
		if err := tx.Append(t.Context(), logs, [][]any{{"a"}}); err != nil {
			return err
		}
		return tx.Exec(t.Context(), "UPDATE "+duckName(logs)+" SET c = 'b' WHERE c = 'a'")
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, db); len(got) != 3 || got[2][0] != "b" {
		t.Errorf("%d rows", len(got))
	}
}

func TestReadersSeeCommittedRowsOnly(t *testing.T) {
	db := openTest(t, filepath.Join(t.TempDir(), "bq.duckdb"))
	makeTable(t, db, row.Column{Name: "c", Type: row.Int64})
	err := db.Update(t.Context(), func(tx *Tx) error {
		if err := appendNow(t.Context(), tx, []any{int64(1)}); err != nil {
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
