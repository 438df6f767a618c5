//go:build cgo

package enginestore_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write/enginestore"
	"github.com/seneka-io/seneka/internal/row"
)

var (
	logs    = row.Table{Project: "local", Dataset: "logs", Name: "app"}
	columns = row.Schema{
		{Name: "name", Type: row.String, Mode: row.Required},
		{Name: "value", Type: row.Int64},
		{Name: "at", Type: row.Timestamp},
		{Name: "tags", Type: row.String, Mode: row.Repeated},
		{Name: "extra", Type: row.JSON},
		{Name: "where", Type: row.Struct, Fields: []row.Column{{Name: "x", Type: row.Float64}, {Name: "y", Type: row.Bytes}}},
	}
)

func open(t testing.TB, path string) (*engine.DB, *enginestore.Store) {
	t.Helper()
	db, s, err := tryOpen(path)
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

func tryOpen(path string) (*engine.DB, *enginestore.Store, error) {
	db, err := engine.Open(path)
	if err != nil {
		return nil, nil, err
	}
	s, err := enginestore.New(context.Background(), db)
	return db, s, err
}

func addTable(t testing.TB, db *engine.DB) {
	t.Helper()
	if err := tryAddTable(db); err != nil {
		t.Fatal(err)
	}
}

func tryAddTable(db *engine.DB) error {
	_, err := db.CreateDataset(context.Background(), engine.Dataset{Project: logs.Project, Name: logs.Dataset, Location: "EU"})
	if err != nil {
		return err
	}
	_, err = db.CreateTable(context.Background(), engine.Table{Ref: logs, Type: engine.TypeTable, Spec: row.Spec{Columns: columns}})
	return err
}

func count(t testing.TB, db *engine.DB) int64 {
	t.Helper()
	n, _, err := db.Size(context.Background(), logs)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTable(t *testing.T) {
	db, s := open(t, filepath.Join(t.TempDir(), "db"))
	defer db.Close()
	if _, err := s.Table(t.Context(), logs); !errkind.Is(err, errkind.NotFound) {
		t.Errorf("missing table: %v", err)
	}
	addTable(t, db)
	got, err := s.Table(t.Context(), logs)
	if err != nil || len(got.Columns) != len(columns) || got.Location != "EU" || time.Since(got.Created) > time.Hour {
		t.Errorf("%+v, %v", got, err)
	}
}

// A transaction's rows and records are kept together, or neither is.
func TestUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, s := open(t, path)
	addTable(t, db)
	ctx, at := t.Context(), time.Date(2026, 11, 22, 1, 2, 3, 4000, time.UTC)
	change := func(record string, result error) error {
		t.Helper()
		return s.Update(ctx, func(tx write.Tx) error {
			values := []any{"n", int64(1), at, []any{"a", "b"}, `{"k":1}`, []any{1.5, []byte{0xff}}}
			if err := tx.Append(ctx, logs, [][]any{values, {"m", nil, nil, []any{}, nil, nil}}); err != nil {
				return err
			}
			save := tx.SetRecord
			if record == "zero" || record == "one" {
				save = tx.AddRecord
			}
			if err := save(ctx, "stream", []byte(record), at); err != nil {
				return err
			}
			return result
		})
	}
	record := func() (b []byte) {
		t.Helper()
		err := s.Update(ctx, func(tx write.Tx) (err error) {
			b, err = tx.Record(ctx, "stream")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	refused := errors.New("refused")
	if err := change("zero", refused); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if n, r := count(t, db), record(); n != 0 || r != nil {
		t.Fatalf("after a failure: %d rows, record %q", n, r)
	}
	for i, want := range []string{"one", "two", "\x00\xff"} {
		if err := change(want, nil); err != nil {
			t.Fatal(err)
		}
		if n, r := count(t, db), record(); n != int64(2*i+2) || string(r) != want {
			t.Fatalf("%d rows, record %q; want %q", n, r, want)
		}
	}
	if err := change("one", nil); err == nil {
		t.Error("a second AddRecord: no error")
	}
	// The statements are prepared once: neither that failure nor another schema spoils them.
	if _, err := db.CreateDataset(ctx, engine.Dataset{Project: logs.Project, Name: "other", Location: "EU"}); err != nil {
		t.Fatal(err)
	}
	if err := change("\x00\xff", refused); !errors.Is(err, refused) {
		t.Errorf("after it: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, s = open(t, path)
	defer db.Close()
	if n, r := count(t, db), record(); n != 6 || string(r) != "\x00\xff" {
		t.Fatalf("opened again: %d rows, record %q", n, r)
	}
	for _, c := range []struct {
		now  time.Time
		left bool
	}{{at.Add(-time.Microsecond), true}, {at, false}} {
		if err := s.Update(ctx, func(tx write.Tx) error { return tx.Expire(ctx, c.now) }); err != nil {
			t.Fatal(err)
		}
		if left := record() != nil; left != c.left {
			t.Errorf("expired at %v: left %v", c.now, left)
		}
	}
}

func TestAppendRefused(t *testing.T) {
	db, s := open(t, filepath.Join(t.TempDir(), "db"))
	defer db.Close()
	addTable(t, db)
	err := s.Update(t.Context(), func(tx write.Tx) error {
		return tx.Append(t.Context(), logs, [][]any{{"too few"}})
	})
	if !errkind.Is(err, errkind.Permanent) {
		t.Errorf("%v", err)
	}
}
