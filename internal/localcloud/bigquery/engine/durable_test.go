//go:build cgo

package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

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

// A small file is a few rows with the columns of a load balancer's log; several come in one transaction.
func BenchmarkCommit(b *testing.B) {
	for _, appends := range []int{1, 10} {
		b.Run(fmt.Sprintf("appends=%d/rows=100", appends), func(b *testing.B) {
			db, err := Open(filepath.Join(b.TempDir(), "bq.duckdb"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			if _, err := db.CreateDataset(b.Context(), Dataset{Project: "local", Name: "logs"}); err != nil {
				b.Fatal(err)
			}
			cols := row.Schema{{Name: "time", Type: row.Timestamp}}
			values := []any{time.Now()}
			for i := range 34 {
				cols = append(cols, row.Column{Name: fmt.Sprint("c", i), Type: row.String})
				values = append(values, "a value of usual length")
			}
			if _, err := db.CreateTable(b.Context(), Table{Ref: logs, Spec: row.Spec{Columns: cols}}); err != nil {
				b.Fatal(err)
			}
			rows := slices.Repeat([][]any{values}, 100)
			for b.Loop() {
				err := db.Update(b.Context(), func(tx *Tx) error {
					for range appends {
						if err := tx.Append(b.Context(), logs, rows); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
