package jsonlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// every is a table with a column of each type.
func every(conflictsToExtra bool) *Layout {
	ranged := column("range", row.Range)
	ranged.RangeElement = row.Date
	return &Layout{
		Columns: Of([]row.Column{
			column("bool", row.Bool), column("int", row.Int64), column("float", row.Float64),
			column("numeric", row.Numeric), column("bignumeric", row.BigNumeric), column("string", row.String),
			column("bytes", row.Bytes), column("date", row.Date), column("datetime", row.Datetime),
			column("time", row.Time), column("timestamp", row.Timestamp), column("geography", row.Geography),
			column("interval", row.Interval), ranged, column("json", row.JSON),
			column("struct", row.Struct, column("int", row.Int64), column("inner", row.Struct, column("date", row.Date))),
			repeated(column("ints", row.Int64)), repeated(column("structs", row.Struct, column("int", row.Int64), repeated(column("tags", row.String)))),
			repeated(column("jsons", row.JSON)),
		}),
		Extra: "extra", FoldCase: true, ConflictsToExtra: conflictsToExtra,
	}
}

// rowOf returns the only row of text, or the reason of its reject.
func rowOf(t *testing.T, l *Layout, text string) string {
	t.Helper()
	all, err := formattest.Decode(asFormat(l), strings.NewReader(text), format.Options{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %d records, error %v", text, len(all), err)
	}
	return string(all[0].Row) + all[0].Reject
}

// What each type makes of each kind of value. A reason that is empty stands for a row.
func TestValues(t *testing.T) {
	for _, tt := range []struct{ member, row, reason string }{
		{`"bool":true`, `"bool":1`, ""},
		{`"bool":"TRUE"`, `"bool":1`, ""},
		{`"bool":"false"`, `"bool":0`, ""},
		{`"bool":"yes"`, "", `column bool: "yes" is not a BOOL such as true or false`},
		{`"bool":1`, "", "column bool: the number 1 is not a BOOL"},
		{`"int":12`, `"int":12`, ""},
		{`"int":"12"`, `"int":12`, ""},
		{`"int":"+12"`, `"int":12`, ""},
		{`"int":1.0`, `"int":1`, ""},
		{`"int":-1e3`, `"int":-1000`, ""},
		{`"int":9223372036854775807`, `"int":9223372036854775807`, ""},
		{`"int":"-9223372036854775808"`, `"int":-9223372036854775808`, ""},
		{`"int":9223372036854775808`, "", `column int: "9223372036854775808" is too large a number`},
		{`"int":1.5`, "", "column int: the number 1.5 is not an INT64"},
		{`"int":1e19`, "", "column int: the number 1e19 is not an INT64"},
		{`"int":"1.0"`, "", `column int: "1.0" is not a number`},
		{`"int":"0x1f"`, "", `column int: "0x1f" is not a number`},
		{`"int":""`, "", `column int: "" is not a number`},
		{`"int":" 1"`, "", `column int: " 1" is not a number`},
		{`"int":true`, "", "column int: true is not a INT64"},
		{`"int":[1]`, "", "column int: an array, where an INT64 is wanted"},
		{`"int":{"a":1}`, "", "column int: an object, where an INT64 is wanted"},
		{`"float":1.5`, `"float":1.5`, ""},
		{`"float":-1e-7`, `"float":-1e-7`, ""},
		{`"float":"1.5e3"`, `"float":1500`, ""},
		{`"float":1e999`, "", `column float: "1e999" is too large a number`},
		{`"numeric":0.1`, `"numeric":"0.1"`, ""},
		{`"numeric":"99999999999999999999999999999.999999999"`, `"numeric":"99999999999999999999999999999.999999999"`, ""},
		{`"numeric":1e29`, "", `column numeric: "1e29" is no NUMERIC: out of range`},
		{`"numeric":0.1234567891`, "", `column numeric: "0.1234567891" is no NUMERIC: too many digits after the point`},
		{`"numeric":"x"`, "", `column numeric: "x" is no NUMERIC: no decimal number`},
		{`"bignumeric":1e38`, `"bignumeric":"1e38"`, ""},
		{`"bignumeric":1e39`, "", `column bignumeric: "1e39" is no BIGNUMERIC: out of range`},
		{`"string":"a\"b\\c\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"string":"a\"b\\c/\b\f\n\r\té😀"`, ""},
		{`"string":"\u0000"`, `"string":"\u0000"`, ""},
		{`"string":12.50`, `"string":"12.50"`, ""},
		{`"string":true`, `"string":"true"`, ""},
		{`"string":{"a":1}`, "", "column string: an object, where a STRING is wanted"},
		{`"bytes":"aGk="`, `"bytes":"hi"`, ""},
		{`"bytes":"aGk"`, `"bytes":"hi"`, ""},
		{`"bytes":"a"`, "", `column bytes: "a" is not base64, as the text of BYTES is`},
		{`"bytes":1`, "", "column bytes: the number 1 is not a BYTES"},
		{`"date":"1970-01-02"`, `"date":"1970-01-02"`, ""},
		{`"date":"1970/01/02"`, "", `column date: "1970/01/02" is not a DATE such as 2006-01-02`},
		{`"date":"2023-02-29"`, "", `column date: "2023-02-29" is not a DATE such as 2006-01-02`},
		{`"date":0`, "", "column date: the number 0 is not a DATE"},
		{`"datetime":"1970-01-01 00:00:01.5"`, `"datetime":1500000`, ""},
		{`"datetime":"1970-01-01T00:00:01Z"`, "", `column datetime: "1970-01-01T00:00:01Z" is not a DATETIME such as 2006-01-02 15:04:05.999999`},
		{`"time":"00:00:01.000002"`, `"time":"00:00:01.000002"`, ""},
		{`"time":"24:00:00"`, "", `column time: "24:00:00" is not a TIME such as 15:04:05.999999`},
		{`"timestamp":"2006-01-02T15:04:05.123456Z"`, `"timestamp":"2006-01-02T15:04:05.123456Z"`, ""},
		{`"timestamp":1136214245`, `"timestamp":"2006-01-02T15:04:05.000000Z"`, ""},
		{`"timestamp":1136214245.25`, `"timestamp":"2006-01-02T15:04:05.250000Z"`, ""},
		{`"timestamp":1.13621424525e9`, `"timestamp":"2006-01-02T15:04:05.250000Z"`, ""},
		{`"timestamp":"1136214245.25"`, `"timestamp":"2006-01-02T15:04:05.250000Z"`, ""},
		{`"timestamp":1136214245000`, "", `column timestamp: "1136214245000" is not within the years 1 to 9999 as seconds since 1970`},
		{`"timestamp":"yesterday"`, "", `column timestamp: "yesterday" is not a TIMESTAMP such as 2006-01-02T15:04:05.999999Z or 1136214245.999999`},
		{`"geography":"POINT(1 2)"`, `"geography":"POINT(1 2)"`, ""},
		{`"geography":"{\"type\":\"Point\",\"coordinates\":[1,2]}"`, `"geography":"{\"type\":\"Point\",\"coordinates\":[1,2]}"`, ""},
		{`"geography":{"type":"Point","coordinates":[1,2]}`, "", "column geography: an object, where a GEOGRAPHY is wanted"},
		{`"interval":"P1Y"`, `"interval":"P1Y"`, ""},
		{`"interval":"1 year"`, "", `column interval: "1 year" is no INTERVAL: want "Y-M D H:M:S.F" or ISO 8601 such as "P1Y2M3DT4H5M6.7S"`},
		{`"json": {"a" : [1, "\ud800x "], "a": 1.0} `, `"json":{"a":[1,"\ufffdx "],"a":1.0}`, ""},
		{`"json":"text"`, `"json":"text"`, ""},
		{`"struct":{"int":1,"inner":{"date":"1970-01-02"}}`, `"struct":{"int":1,"inner":{"date":"1970-01-02"}}`, ""},
		{`"struct":{"inner":{"date":"x"}}`, "", `column struct.inner.date: "x" is not a DATE such as 2006-01-02`},
		{`"struct":[]`, "", "column struct: an array, where a STRUCT is wanted"},
		{`"struct":"{}"`, "", "column struct: a scalar, where a STRUCT is wanted"},
		{`"struct":7`, "", "column struct: a scalar, where a STRUCT is wanted"},
		{`"ints":[1,"2",3.0]`, `"ints":[1,2,3]`, ""},
		{`"ints":[]`, "", ""},
		{`"ints":null`, "", ""},
		{`"ints":1`, "", "column ints: a scalar, where a list of INT64 is wanted"},
		{`"ints":[1,null]`, "", "column ints: an element is null, which a list cannot hold"},
		{`"ints":[[1]]`, "", "column ints: an array, where a list of INT64 is wanted"},
		{`"structs":[{"int":1,"tags":["a","b"]},{}]`, `"structs":[{"int":1,"tags":["a","b"]},{}]`, ""},
		{`"structs":{"int":1}`, "", "column structs: an object, where a list of STRUCT is wanted"},
		{`"jsons":[1, {"a": 2}, "x"]`, `"jsons":[1,{"a":2},"x"]`, ""},
		{`"int":null,"json":null,"struct":null`, "", ""},
	} {
		want := tt.reason
		if want == "" {
			want = "{" + tt.row + "}"
		}
		if got := rowOf(t, every(false), "{"+tt.member+"}"); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.member, got, want)
		}
	}
}

// A RANGE is an object, or text as in CSV; a bound that is not there is none.
func TestRanges(t *testing.T) {
	for member, want := range map[string]string{
		`{"start":"1970-01-02","end":"1970-01-03"}`: "[1 2]",
		`{"start":"1970-01-02","end":null}`:         "[1 <nil>]",
		`{}`:                                        "[<nil> <nil>]",
		`"[1970-01-02, UNBOUNDED)"`:                 "[1 <nil>]",
		`"[NULL,1970-01-03)"`:                       "[<nil> 2]",
		`"[1970-01-02]"`:                            `column range: "[1970-01-02]" is not a RANGE such as "[2006-01-02, UNBOUNDED)"`,
		`"[x,1970-01-03)"`:                          `column range: "x" is not a DATE such as 2006-01-02`,
		`{"start":1}`:                               "column range.start: the number 1 is not a DATE",
		`["1970-01-02","1970-01-03"]`:               "column range: an array, where a RANGE is wanted",
	} {
		l := every(false)
		rec := row.NewRecord(len(l.Schema()))
		err := l.Decoder(strings.NewReader(`{"range":`+member+"}"), format.Options{}).Next(rec)
		got := fmt.Sprint(err)
		if err == nil {
			bounds := []any{}
			for _, v := range rec.Values[13].List() {
				if v.IsNull() {
					bounds = append(bounds, nil)
				} else {
					bounds = append(bounds, v.Int())
				}
			}
			got = fmt.Sprint(bounds)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", member, got, want)
		}
	}
}

func TestExtra(t *testing.T) {
	for _, tt := range []struct{ record, want string }{
		{`{"zeta": {"a": [1, 2]}, "int":1, "x\"y":"\ud800"}`, `{"int":1,"extra":{"zeta":{"a":[1,2]},"x\"y":"\ufffd"}}`},
		{`{"struct":{"int":1,"z":2,"inner":{"z":3}}}`, `{"struct":{"int":1,"inner":{}},"extra":{"struct.z":2,"struct.inner.z":3}}`},
		{`{"structs":[{"z":1},{"int":2},{"z":3}]}`, `{"structs":[{},{"int":2},{}],"extra":{"structs[0].z":1,"structs[2].z":3}}`},
		// Of members of one name the last one counts.
		{`{"int":1,"int":2}`, `{"int":2,"extra":{"int":1}}`},
		{`{"INT":1, "Int":2,"structs":[{"int":1}],"structs":[]}`, `{"int":2,"extra":{"INT":1,"structs":[{"int":1}]}}`},
		{`{"\u0069nt":1}`, `{"int":1}`},
		{`{"":1}`, `{"extra":{"":1}}`},
		// Conflicts.
		{`{"int":"x","string":"y"}`, `{"string":"y","extra":{"int":"x"}}`},
		{`{"ints":[1,"x", {"a": 1}]}`, `{"extra":{"ints":[1,"x",{"a":1}]}}`},
		{`{"ints":1,"struct":{"int":{},"inner":{"date":"x"}}}`, `{"struct":{"inner":{}},"extra":{"ints":1,"struct.int":{},"struct.inner.date":"x"}}`},
		{`{"structs":[{"z":1,"int":"x"},5]}`, `{"extra":{"structs":[{"z":1,"int":"x"},5]}}`},
		{`{"structs":[{"z":1,"int":"x"}]}`, `{"structs":[{}],"extra":{"structs[0].z":1,"structs[0].int":"x"}}`},
		{`{"int":"x","int":2}`, `{"int":2,"extra":{"int":"x"}}`},
	} {
		got := rowOf(t, every(true), tt.record)
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.record, got, tt.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON", got)
		}
	}
}

// A REQUIRED column that is missing is refused by the encoder; a value of another type too, wherever
// it goes.
func TestRequired(t *testing.T) {
	l := &Layout{Columns: Of([]row.Column{{Name: "n", Type: row.Int64, Mode: row.Required}}), Extra: "extra", ConflictsToExtra: true}
	enc, err := row.NewEncoder(l.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{`{"n":1}`: true, `{}`: false, `{"n":null}`: false, `{"n":"x"}`: false} {
		rec := row.NewRecord(2)
		if err := l.Decoder(strings.NewReader(text), format.Options{}).Next(rec); err != nil {
			t.Fatal(err)
		}
		if _, err := enc.Append(nil, rec); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Text that is no UTF-8, and half a surrogate pair, is replaced and counted by the encoder.
func TestInvalidText(t *testing.T) {
	l := every(false)
	enc, err := row.NewEncoder(l.Schema())
	if err != nil {
		t.Fatal(err)
	}
	rec := row.NewRecord(len(l.Schema()))
	for i, text := range []string{"{\"string\":\"a\xffb\"}", `{"string":"a\ud800b"}`, `{"string":"a\udc00\ud800b"}`, `{"string":"a\ud800\u0041"}`, "{\"json\":\"\xff\"}"} {
		if err := l.Decoder(strings.NewReader(text), format.Options{}).Next(rec); err != nil {
			t.Fatal(err)
		}
		encoded, err := enc.Append(nil, rec)
		if err != nil || enc.Replaced() != int64(i+1) || !bytes.Contains(encoded, []byte("\uFFFD")) {
			t.Errorf("%q: %q, %d replaced, error %v", text, encoded, enc.Replaced(), err)
		}
	}
}

func TestNesting(t *testing.T) {
	nested := func(n int) string { return `{"json":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	if got := rowOf(t, every(false), nested(500)); !strings.HasPrefix(got, `{"json":[[`) {
		t.Errorf("500 levels: %.80s", got)
	}
	if got := rowOf(t, every(false), nested(501)); got != "nested deeper than 500 levels" {
		t.Errorf("501 levels: %.80s", got)
	}
	// The record behind it is read.
	got := outcomes(t, &small, strings.NewReader(nested(100_000)+`{"n":1}`), format.Options{})
	if !strings.HasSuffix(got, "2@200009 {\"n\":1}\n") {
		t.Errorf("got %.80s…", got)
	}
}
