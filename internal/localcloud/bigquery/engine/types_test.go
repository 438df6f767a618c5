//go:build cgo

package engine

import (
	"reflect"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func TestTypesInMetadata(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, row.Column{Name: "r", Type: row.Range, Mode: row.Repeated, RangeElement: row.Date},
		row.Column{Name: "g", Type: row.Geography}, row.Column{Name: "i", Type: row.Interval}, row.Column{Name: "b", Type: row.BigNumeric})
	res, err := db.Query(t.Context(), Query{DefaultProject: "local", SQL: "SELECT data_type FROM logs.INFORMATION_SCHEMA.COLUMNS ORDER BY ordinal_position"})
	if want := [][]any{{"ARRAY<RANGE<DATE>>"}, {"GEOGRAPHY"}, {"INTERVAL"}, {"BIGNUMERIC"}}; err != nil || !reflect.DeepEqual(res.Rows, want) {
		t.Errorf("got %+v, %v; want %v", res, err, want)
	}
	add(t, db, []any{nil, "LINESTRING(1 2, 3 4, 5 6)", row.IntervalValue{Days: 1}, "1.5"})
	// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes; the
	// array counts as its text, "[]".
	if _, bytes, err := db.Size(t.Context(), logs); bytes != 2+16+3*24+16+32 || err != nil {
		t.Errorf("%d bytes, %v", bytes, err)
	}
	_, err = db.UpdateTable(t.Context(), logs, func(tab *Table) error {
		tab.Columns[0].RangeElement = row.Datetime
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "Field r has changed type") {
		t.Errorf("another element of a RANGE: %v", err)
	}
}

// What was stored is there after the file is opened again, where the functions are registered anew.
func TestTypesAreDurable(t *testing.T) {
	path := t.TempDir() + "/db"
	db := openTest(t, path)
	cols, values := everyType()
	makeTable(t, db, cols...)
	add(t, db, values)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, path)
	if got := contents(t, db); len(got) != 1 || !reflect.DeepEqual(got[0], values) {
		t.Errorf("got %#v, want %#v", got, values)
	}
	res, err := db.Query(t.Context(), Query{DefaultProject: "local", SQL: "SELECT SUM(`c BIGNUMERIC` / 2) FROM logs.alb"})
	if err != nil || len(res.Rows) != 1 || res.Rows[0][0] != "-289480223093290488558927462521719769633.17496166410141009864396001978282409984" {
		t.Errorf("got %+v, %v", res, err)
	}
}
