package main

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"

	"github.com/seneka-io/seneka/internal/row"
)

// Values are as the client library returns them for a column of the type.
func TestPrintedValues(t *testing.T) {
	rat := func(s string) *big.Rat {
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatal(s)
		}
		return r
	}
	day := civil.Date{Year: 2026, Month: 3, Day: 4}
	tests := []struct {
		typ      row.Type
		v        bigquery.Value
		text, js string
	}{
		{row.Int64, nil, "NULL", "null"},
		{row.Float64, math.Inf(-1), "-Inf", `"-Inf"`},
		{row.Numeric, rat("-0.000000001"), "-0.000000001", `"-0.000000001"`},
		{row.BigNumeric, rat("578960446186580977117854925043439539266.34992332820282019728792003956564819967"),
			"578960446186580977117854925043439539266.34992332820282019728792003956564819967",
			`"578960446186580977117854925043439539266.34992332820282019728792003956564819967"`},
		{row.Bytes, []byte{0, 255}, "AP8=", `"AP8="`},
		{row.JSON, `{"a":[1]}`, `{"a":[1]}`, `{"a":[1]}`},
		{row.Geography, "POINT(1 2)", "POINT(1 2)", `"POINT(1 2)"`},
		{row.Date, day, "2026-03-04", `"2026-03-04"`},
		{row.Datetime, civil.DateTime{Date: day}, "2026-03-04T00:00:00", `"2026-03-04T00:00:00"`},
		{row.Interval, &bigquery.IntervalValue{Years: -1, Months: -2, Days: 3, Hours: -4, Minutes: -5, Seconds: -6, SubSecondNanos: -500_000_000}, "-1-2 3 -4:5:6.500", `"-1-2 3 -4:5:6.500"`},
		{row.Interval, &bigquery.IntervalValue{SubSecondNanos: 998_999}, "0-0 0 0:0:0.000999", `"0-0 0 0:0:0.000999"`},
		{row.Range, &bigquery.RangeValue{}, "[UNBOUNDED, UNBOUNDED)", `"[UNBOUNDED, UNBOUNDED)"`},
		{row.Range, &bigquery.RangeValue{Start: day}, "[2026-03-04, UNBOUNDED)", `"[2026-03-04, UNBOUNDED)"`},
		{row.Range, &bigquery.RangeValue{End: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}, "[UNBOUNDED, 2026-03-04 05:06:07 UTC)", `"[UNBOUNDED, 2026-03-04 05:06:07 UTC)"`},
	}
	for _, tt := range tests {
		c := row.Column{Name: "c", Type: tt.typ}
		if got := text(tt.v, c, "NULL"); got != tt.text {
			t.Errorf("%s: the cell is %s, want %s", tt.typ, got, tt.text)
		}
		if got, err := json.Marshal(plain(tt.v, c)); err != nil || string(got) != tt.js {
			t.Errorf("%s: the JSON is %s, %v; want %s", tt.typ, got, err, tt.js)
		}
	}
}
