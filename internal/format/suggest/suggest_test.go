package suggest

import (
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

// summary writes a schema in one line.
func summary(columns []row.Column) string {
	var parts []string
	for _, c := range columns {
		text := c.Name + " " + string(c.Type)
		if c.Mode == row.Repeated {
			text += "[]"
		}
		if len(c.Fields) > 0 {
			text += "(" + summary(c.Fields) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func TestSchema(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", ``, ``},
		{"scalars", `{"b":true,"i":-12,"f":1.5,"s":"x","n":null}`, "b BOOL, i INT64, f FLOAT64, s STRING, n STRING"},
		{"order of appearance", `{"z":1}{"a":1,"z":2}`, "z INT64, a INT64"},
		{"widening", `{"x":1}{"x":1.5}`, "x FLOAT64"},
		{"null and a value", `{"x":null}{"x":1}`, "x INT64"},
		{"beyond INT64", `{"a":9223372036854775807,"b":9223372036854775808,"c":-123456789012345678901234567890}`, "a INT64, b NUMERIC, c BIGNUMERIC"},
		{"exponent", `{"x":1e3}`, "x FLOAT64"},
		{"times", `{"a":"2026-01-02T03:04:05Z","b":"2026-01-02T03:04:05.123456+09:00","c":"2026-01-02","d":"2026-01-02T03:04:05","e":"2026-13-02"}`,
			"a TIMESTAMP, b TIMESTAMP, c DATE, d STRING, e STRING"},
		{"a time and another text", `{"a":"2026-01-02T03:04:05Z"}{"a":"-"}`, "a STRING"},
		{"a day and a time", `{"a":"2026-01-02T03:04:05Z"}{"a":"2026-01-02"}`, "a STRING"},
		{"numbers in quotes stay text", `{"zip":"01234"}`, "zip STRING"},
		{"a record", `{"r":{"a":1}}{"r":{"b":"x"}}`, "r STRUCT(a INT64, b STRING)"},
		{"an empty record", `{"r":{}}`, "r JSON"},
		{"lists", `{"l":[1,2],"r":[{"a":1},{"b":true}]}`, "l INT64[], r STRUCT[](a INT64, b BOOL)"},
		{"lists that BigQuery cannot repeat", `{"a":[[1]],"b":[],"c":[1,"x"],"d":[1,null]}`, "a JSON, b JSON, c JSON, d JSON"},
		{"values of several types", `{"a":1,"b":{"x":1},"c":[1],"d":true}{"a":"x","b":2,"c":3,"d":"x"}`, "a JSON, b JSON, c JSON, d JSON"},
		{"a list of records", `[{"a":1},{"a":2}]`, "a INT64"},
		{"names", `{"a-b":1,"A":1,"a":2,"1x":3,"ok_1":4}`, "A INT64, ok_1 INT64"},
		{"a record of such names", `{"h":{"x-amz-id":"1"}}`, "h JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := New()
			if err := p.JSON(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			columns, _ := p.Schema()
			if got := summary(columns); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if err := columns.Validate(); err != nil && len(columns) > 0 {
				t.Errorf("BigQuery would refuse it: %v", err)
			}
		})
	}
}

func TestNotesNameTheMember(t *testing.T) {
	p := New()
	if err := p.JSON(strings.NewReader(`{"r":{"a-b":1,"x":1,"X":2,"m":1}}{"r":{"m":"x"}}`)); err != nil {
		t.Fatal(err)
	}
	_, notes := p.Schema()
	all := strings.Join(notes, "\n")
	for _, want := range []string{`"r.a-b"`, `"r.X"`, `"r.m"`} {
		if !strings.Contains(all, want) {
			t.Errorf("the notes do not name %s:\n%s", want, all)
		}
	}
}

func TestBrokenJSON(t *testing.T) {
	for _, in := range []string{`{"a":1}{"b":`, `{"a":1} x`, `{"a":1}"b"`, strings.Repeat(`{"a":`, 2000)} {
		p := New()
		if err := p.JSON(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), "byte ") {
			t.Errorf("%.20s: error %v does not say where", in, err)
		}
		if columns, _ := p.Schema(); len(columns) == 0 {
			t.Errorf("%.20s: nothing is left of what came before", in)
		}
	}
}

// Records that are nested deeper than BigQuery nests them become JSON.
func TestDeepRecords(t *testing.T) {
	p := New()
	if err := p.JSON(strings.NewReader(strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40))); err != nil {
		t.Fatal(err)
	}
	columns, _ := p.Schema()
	if err := columns.Validate(); err != nil {
		t.Errorf("BigQuery would refuse it: %v", err)
	}
	if got := strings.Count(summary(columns), "JSON"); got != 1 {
		t.Errorf("%d JSON columns, want the innermost: %s", got, summary(columns))
	}
}
