//go:build cgo

package engine

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// everyType has a column of each type, alone, REPEATED and inside of a STRUCT.
func everyType() (row.Schema, []any) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	scalars := []struct {
		t row.Type
		v any
	}{
		{row.Geography, "POINT(1 2)"},
		{row.Interval, row.IntervalValue{Months: -120_000, Days: 3_660_000, Micros: -316_224_000_000_000_000}},
		{row.Range, []any{day, at}},
		{row.BigNumeric, "-578960446186580977117854925043439539266.34992332820282019728792003956564819968"},
		{row.Bool, true},
		{row.Int64, int64(-1 << 63)},
		{row.Float64, 0.1},
		{row.Numeric, "-99999999999999999999999999999.999999999"},
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
		if s.t == row.Range {
			c.RangeElement = row.Timestamp
		}
		list := c
		list.Name, list.Mode = "list "+string(s.t), row.Repeated
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
		{"BIGNUMERIC too fine", row.Column{Name: "c", Type: row.BigNumeric}, "1e-39", "more than 38 digits after"},
		{"BIGNUMERIC too large", row.Column{Name: "c", Type: row.BigNumeric}, "1e39", "overflow"},
		{"no GEOGRAPHY", row.Column{Name: "c", Type: row.Geography}, "here", "no GEOGRAPHY"},
		{"text of an INTERVAL", row.Column{Name: "c", Type: row.Interval}, "0-0 0 0:0:0", "a Go string is no INTERVAL"},
		{"RANGE backwards", row.Column{Name: "c", Type: row.Range, RangeElement: row.Date}, []any{time.Unix(0, 0), time.Unix(0, 0)}, "does not start before it ends"},
		{"RANGE of one bound", row.Column{Name: "c", Type: row.Range, RangeElement: row.Date}, []any{nil}, "1 values for 2 fields"},
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
