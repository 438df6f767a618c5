//go:build cgo

package bqquery

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"reflect"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// all returns the rows of a query.
func (b *bench) all(sql string) [][]bigquery.Value {
	b.Helper()
	_, rows := b.result(sql)
	return rows
}

func (b *bench) result(sql string) (row.Schema, [][]bigquery.Value) {
	b.Helper()
	it, err := b.client.Query(b.Context(), sql)
	if err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
	var rows [][]bigquery.Value
	for {
		values, ok, err := it.Next()
		if err != nil {
			b.Fatalf("%s: row %d: %v", sql, len(rows), err)
		}
		if !ok {
			return it.Columns, rows
		}
		rows = append(rows, values)
	}
}

func TestQueryValues(t *testing.T) {
	b := newBench(t)
	spec := everything
	spec.Columns = spec.Columns[:spec.Columns.Index("g")] // what comes behind it the stand-in does not query
	table := b.Table("all", spec)
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	b.Insert(table,
		[]any{at(loadedAt), true, int64(1) << 62, 1.5, "1.25", "2.5", "text", []byte{0, 255}, day, day.Add(time.Hour), 90 * time.Minute, `{"a":1}`,
			[]any{int64(1), int64(2)}, []any{"x", []any{[]any{0.5}, []any{nil}}}},
		[]any{at(0), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, []any{}, nil})
	columns, rows := b.result("SELECT * FROM `local.logs.all` ORDER BY time DESC")
	want := [][]bigquery.Value{
		{at(loadedAt), true, int64(1) << 62, 1.5, big.NewRat(5, 4), big.NewRat(5, 2), "text", []byte{0, 255},
			civil.Date{Year: 2026, Month: 1, Day: 2}, civil.DateTime{Date: civil.Date{Year: 2026, Month: 1, Day: 2}, Time: civil.Time{Hour: 1}},
			civil.Time{Hour: 1, Minute: 30}, `{"a":1}`,
			[]bigquery.Value{int64(1), int64(2)},
			[]bigquery.Value{"x", []bigquery.Value{[]bigquery.Value{0.5}, []bigquery.Value{nil}}}},
		{at(0), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, []bigquery.Value(nil), nil},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i := range want {
		for j, c := range spec.Columns {
			if got := rows[i][j]; !reflect.DeepEqual(got, want[i][j]) {
				t.Errorf("row %d, %s: %#v (%T), want %#v", i, c.Name, got, got, want[i][j])
			}
		}
	}
	for i, c := range spec.Columns {
		got := columns[i]
		if got.Name != c.Name || got.Type != c.Type || (got.Mode == row.Repeated) != (c.Mode == row.Repeated) || len(got.Fields) != len(c.Fields) {
			t.Errorf("column %d: %+v, want %+v", i, got, c)
		}
	}
}

func TestQueryWithoutRows(t *testing.T) {
	b := newBench(t)
	b.Table("none", row.Spec{Columns: row.Schema{{Name: "a", Type: row.Int64}, {Name: "b", Type: row.String, Mode: row.Repeated}}})
	columns, rows := b.result("SELECT * FROM `local.logs.none`")
	if len(rows) != 0 || len(columns) != 2 || columns[0].Type != row.Int64 || columns[1].Mode != row.Repeated {
		t.Errorf("columns %+v, rows %v", columns, rows)
	}
}

// A result that fits no one answer comes in pages, each row once and in order.
func TestQueryPages(t *testing.T) {
	b := newBench(t)
	table := b.Table("many", row.Spec{Columns: row.Schema{{Name: "n", Type: row.Int64}}})
	const n = 120_000 // a page has at most 50,000
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{int64(i)}
	}
	b.Insert(table, rows...)
	b.Proxy.Calls()
	got := b.all("SELECT n FROM `local.logs.many` ORDER BY n")
	if len(got) != n {
		t.Fatalf("%d rows, want %d", len(got), n)
	}
	for i, r := range got {
		if r[0] != int64(i) {
			t.Fatalf("row %d is %v", i, r[0])
		}
	}
	if calls := b.Proxy.Calls(); len(calls) < 3 {
		t.Errorf("requests %q, want several pages", calls)
	}
}

// An error between two pages is an error, not the end.
func TestQueryPageFails(t *testing.T) {
	b := newBench(t)
	table := b.Table("many", row.Spec{Columns: row.Schema{{Name: "n", Type: row.Int64}}})
	rows := make([][]any, 60_000)
	for i := range rows {
		rows[i] = []any{int64(i)}
	}
	b.Insert(table, rows...)
	it, err := b.client.Query(t.Context(), "SELECT n FROM `local.logs.many`")
	if err != nil {
		t.Fatal(err)
	}
	b.Proxy.Disturb(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":{"code":403,"message":"no more"}}`)
	})
	for range len(rows) {
		_, ok, err := it.Next()
		if err != nil {
			b.wantKind(err, errkind.Transient)
			return
		}
		if !ok {
			break
		}
	}
	t.Error("the result ended without an error")
}

func TestQueryErrors(t *testing.T) {
	b := newBench(t)
	for sql, want := range map[string]errkind.Kind{
		"SELEKT 1":                        errkind.Permanent,
		"SELECT * FROM `local.logs.none`": errkind.NotFound,
		"SELECT * FROM `local.none.none`": errkind.NotFound,
		"SELECT nothing":                  errkind.Permanent,
		"SELECT 1/0":                      errkind.Permanent,
		"":                                errkind.Permanent,
	} {
		t.Run(fmt.Sprintf("%q", sql), func(t *testing.T) {
			it, err := b.client.Query(t.Context(), sql)
			if err == nil {
				_, _, err = it.Next()
			}
			b.wantKind(err, want)
		})
	}
}

func TestAsk(t *testing.T) {
	b := newBench(t)
	var got [][]any
	err := b.client.Ask(t.Context(), "SELECT n, 'a' AS s, NULL AS z FROM UNNEST([1, 2]) AS n ORDER BY n", func(values []any) error {
		got = append(got, values)
		return nil
	})
	if want := [][]any{{int64(1), "a", nil}, {int64(2), "a", nil}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	stop := errors.New("stop")
	if err := b.client.Ask(t.Context(), "SELECT 1", func([]any) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the caller's error", err)
	}
	b.wantKind(b.client.Ask(t.Context(), "SELECT 1 FROM `local.logs.none`", nil), errkind.NotFound)
	b.wantKind(b.client.Ask(t.Context(), "SELEC", nil), errkind.Permanent)
}
