package coerce

import (
	"fmt"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func show(v *row.Value) string {
	switch v.Kind() {
	case row.KindNull:
		return "NULL"
	case row.KindInt:
		return fmt.Sprint(v.Int())
	case row.KindFloat:
		return fmt.Sprint(v.Float())
	case row.KindList:
		return show(&v.List()[0]) + " to " + show(&v.List()[1])
	default:
		return fmt.Sprintf("%q", v.Bytes())
	}
}

// The text of CSV fields. Where a JSON string means something else, package jsonlog has it.
// https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#data_types
func TestField(t *testing.T) {
	const wrong = "wrong"
	for _, tt := range []struct {
		typ  row.Type
		want map[string]string
	}{
		{row.Bool, map[string]string{"1": "1", "T": "1", "true": "1", "Yes": "1", "y": "1", "0": "0", "f": "0", "FALSE": "0", "no": "0", "n": "0", "": wrong, "2": wrong, "on": wrong}},
		{row.Int64, map[string]string{"12": "12", "-12": "-12", "+12": "12", "9223372036854775807": "9223372036854775807", "9223372036854775808": wrong, "1.0": wrong, "1e3": wrong, "+-1": wrong, "": wrong, " 1": wrong, "1_000": wrong}},
		{row.Float64, map[string]string{"1.5": "1.5", "-1e3": "-1000", "nan": "NaN", "INF": "+Inf", "-inf": "-Inf", "Infinity": "+Inf", "+Infinity": "+Inf", "1e999": wrong, "0x1p4": wrong, "": wrong}},
		{row.Numeric, map[string]string{"0.1": `"0.1"`, "-1e3": `"-1e3"`, "0.1234567891": wrong, "1e29": wrong, "x": wrong, "": wrong}},
		{row.BigNumeric, map[string]string{"1e38": `"1e38"`, "1e39": wrong}},
		{row.String, map[string]string{"x": `"x"`, "": `""`, "\xff": `"\xff"`}},
		{row.JSON, map[string]string{`{"a":1}`: `"{\"a\":1}"`}},
		{row.Bytes, map[string]string{"aGk=": `"hi"`, "aGk": `"hi"`, "": `""`, "a": wrong, "a===": wrong, "-_": wrong}},
		{row.Date, map[string]string{"1970-01-02": "1", "1970/01/02": wrong}},
		{row.Datetime, map[string]string{"1970-01-01 00:00:01": "1000000", "x": wrong}},
		{row.Time, map[string]string{"00:00:01": "1000000", "x": wrong}},
		{row.Timestamp, map[string]string{"1970-01-01 00:00:01": "1000000", "1.5": "1500000", "x": wrong}},
		{row.Geography, map[string]string{"POINT(1 2)": `"POINT(1 2)"`, "POINT(1)": wrong, "0101": wrong}},
		{row.Interval, map[string]string{"1-0 2 3:4:5": `"1-0 2 3:4:5"`, "P1Y": `"P1Y"`, "1 year": wrong}},
		{row.Range, map[string]string{"[1970-01-02, 1970-01-03)": "1 to 2", "[unbounded,NULL)": "NULL to NULL", "[1970-01-02]": wrong, "[x,)": wrong, "(1970-01-02,1970-01-03)": wrong, "": wrong}},
		{row.Struct, map[string]string{"x": wrong}},
	} {
		c := &row.Column{Type: tt.typ, RangeElement: row.Date}
		for text, want := range tt.want {
			var v row.Value
			_, err := Field(nil, &v, c, []byte(text))
			got := wrong
			if err == nil {
				got = show(&v)
			}
			if got != want {
				t.Errorf("%s, %q: got %s, %v, want %s", tt.typ, text, got, err, want)
			}
		}
	}
}

// Numbers and booleans for which JSON has types of its own.
func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"9007199254740993.0": "9007199254740993", "-0.0": "0", "1e2": "100", "1.5E1": "15", "-1e15": "-1000000000000000",
		"0.5": "wrong", "1e16": "wrong", "1e400": "wrong", "1.00000000000000000001": "wrong", "9223372036854775808.0": "wrong", "100000000000001e-1": "wrong",
	} {
		var v row.Value
		err := Number(&v, &row.Column{Type: row.Int64}, []byte(text))
		if got := show(&v); err == nil && got != want || (err != nil) != (want == "wrong") {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, typ := range []row.Type{row.Bool, row.Bytes, row.Date, row.Datetime, row.Time, row.Geography, row.Interval, row.Range} {
		var v row.Value
		if Number(&v, &row.Column{Type: typ}, []byte("1")) == nil {
			t.Errorf("1 is a %s", typ)
		}
		if typ != row.Bool && Bool(&v, &row.Column{Type: typ}, true) == nil {
			t.Errorf("true is a %s", typ)
		}
	}
	for text, want := range map[string]string{"1.5e3": "1500000000", "1e13": "wrong", "-1e13": "wrong"} {
		var v row.Value
		err := Number(&v, &row.Column{Type: row.Timestamp}, []byte(text))
		if got := show(&v); err == nil && got != want || (err != nil) != (want == "wrong") {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
}

// Decoding into an arena leaves what is there, and earlier values, alone.
func TestArena(t *testing.T) {
	c := &row.Column{Type: row.Bytes}
	var first, second row.Value
	arena, err := Field([]byte("x"), &first, c, []byte("aGk="))
	if err != nil {
		t.Fatal(err)
	}
	arena, err = Field(arena, &second, c, []byte("aG8="))
	if err != nil || string(arena) != "xhiho" || string(first.Bytes()) != "hi" || string(second.Bytes()) != "ho" {
		t.Errorf("%q, %s, %s, error %v", arena, show(&first), show(&second), err)
	}
}
