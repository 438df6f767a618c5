package row

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestParseSchema(t *testing.T) {
	got, err := ParseSchema([]byte(`[
		{"name": "time", "type": "TIMESTAMP", "mode": "REQUIRED", "description": "when"},
		{"name": "n", "type": "INTEGER"}, {"name": "N2", "type": "int64", "mode": ""},
		{"name": "f", "type": "FLOAT", "mode": "nullable"}, {"name": "b", "type": "boolean", "mode": "repeated"},
		{"name": "s", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "j", "type": "JSON"}]},
		{"name": "r", "type": "RANGE", "rangeElementType": {"type": "date"}}
	]`))
	if err != nil {
		t.Fatal(err)
	}
	want := Schema{
		{Name: "time", Type: Timestamp, Mode: Required, Description: "when"},
		{Name: "n", Type: Int64, Mode: Nullable}, {Name: "N2", Type: Int64, Mode: Nullable},
		{Name: "f", Type: Float64, Mode: Nullable}, {Name: "b", Type: Bool, Mode: Repeated},
		{Name: "s", Type: Struct, Mode: Repeated, Fields: []Column{{Name: "j", Type: JSON, Mode: Nullable}}},
		{Name: "r", Type: Range, Mode: Nullable, RangeElement: Date},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSchemaJSON(t *testing.T) {
	got, err := Schema{{Name: "a", Type: Int64}, structOf("s", Column{Name: "b", Type: String, Mode: Repeated, Description: "é <&>"})}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `[
  {
    "name": "a",
    "type": "INTEGER",
    "mode": "NULLABLE"
  },
  {
    "name": "s",
    "type": "RECORD",
    "mode": "NULLABLE",
    "fields": [
      {
        "name": "b",
        "type": "STRING",
        "mode": "REPEATED",
        "description": "é <&>"
      }
    ]
  }
]
`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

func TestSchemaJSONRoundTrip(t *testing.T) {
	for seed := range uint64(50) {
		want := Schema(genColumns(rand.New(rand.NewPCG(seed, 2)), "", 6, 3))
		file, err := want.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseSchema(file)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got %+v, %v; want %+v", seed, got, err, want)
		}
	}
}

func TestParseSchemaErrors(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", ``, "EOF"},
		{"no JSON", `name:STRING`, "want a JSON array of fields"},
		{"object", `{"fields": []}`, "want a JSON array of fields"},
		{"no columns", `[]`, "the schema has no columns"},
		{"two arrays", `[{"name":"a","type":"STRING"}] []`, "something follows the array"},
		{"garbage behind", `[{"name":"a","type":"STRING"}] x`, "something follows the array"},
		{"member that nobody knows", `[{"name":"a","type":"STRING","mod":"REPEATED"}]`, `unknown field "mod"`},
		{"unknown type", `[{"name":"a","type":"VARCHAR"}]`, `column a: unknown type "VARCHAR"`},
		{"RANGE without element", `[{"name":"a","type":"RANGE"}]`, "column a: a RANGE is of DATE, DATETIME or TIMESTAMP"},
		{"nested", `[{"name":"a","type":"RECORD","fields":[{"name":"1","type":"STRING"}]}]`, "column a.1: illegal name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseSchema([]byte(tt.in))
			if s != nil || err == nil || !strings.HasPrefix(err.Error(), "schema: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want error %q", s, err, tt.want)
			}
		})
	}
}

func FuzzParseSchema(f *testing.F) {
	f.Add([]byte(`[{"name":"a","type":"RECORD","mode":"REPEATED","fields":[{"name":"b","type":"INTEGER"}]}]`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSchema(b)
		if err != nil {
			return
		}
		file, err := s.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseSchema(file)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s: got %+v, %v; want %+v", file, again, err, s)
		}
	})
}

// What bq show --schema prints beside a column's type is passed over, and not written.
func TestParseSchemaPassesOver(t *testing.T) {
	s, err := ParseSchema([]byte(`[{"name":"a","type":"NUMERIC","precision":"10","scale":"2","policyTags":{"names":["x"]},"defaultValueExpression":"1"},
		{"name":"b","type":"STRING","maxLength":"3","collation":"und:ci"}]`))
	if err != nil || len(s) != 2 || s[0].Type != Numeric || s[1].Name != "b" {
		t.Fatalf("got %v, %v", s, err)
	}
	text, err := s.JSON()
	if err != nil || strings.Contains(string(text), "policyTags") || strings.Contains(string(text), "maxLength") {
		t.Errorf("written as %s, %v", text, err)
	}
}
