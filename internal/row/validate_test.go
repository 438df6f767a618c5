package row

import (
	"fmt"
	"strings"
	"testing"
)

func TestSchemaValidate(t *testing.T) {
	col := func(name string) Schema { return Schema{{Name: name, Type: String}} }
	tests := []struct {
		name   string
		schema Schema
		want   string // start of the error; "" for none
	}{
		{"letters, digits, underscore", col("_aZ09_"), ""},
		{"300 bytes", col(strings.Repeat("n", 300)), ""},
		{"reserved inside", col("a_TABLE_"), ""},
		{"nearly reserved", col("_TABLE"), ""},
		{"reserved in a STRUCT", Schema{structOf("s", col("_FILE_x")...)}, ""},
		{"RANGE", Schema{{Name: "r", Type: Range, RangeElement: Datetime}}, ""},
		{"same name in two STRUCTs", Schema{structOf("a", col("x")...), structOf("b", col("x")...)}, ""},
		{"15 levels", Schema{deep(15)}, ""},

		{"none", Schema{}, "the schema has no columns"},
		{"empty name", col(""), `column : illegal name ""`},
		{"digit first", col("1a"), `column 1a: illegal name "1a"`},
		{"hyphen", col("a-b"), `column a-b: illegal name "a-b"`},
		{"flexible name", col("名前"), `column 名前: illegal name`},
		{"dot", col("a.b"), `column a.b: illegal name`},
		{"301 bytes", col(strings.Repeat("n", 301)), "column nnn"},
		{"reserved", col("_TABLE_SUFFIX"), "column _TABLE_SUFFIX: BigQuery reserves names that start with _TABLE_"},
		{"reserved in lower case", col("_partitiontime"), "column _partitiontime: BigQuery reserves names that start with _PARTITION"},
		{"reserved exactly", col("__ROOT__"), "column __ROOT__: BigQuery reserves"},
		{"twice by case", append(col("Host"), col("hOST")...), "column hOST: there is a column Host already"},
		{"twice in a STRUCT", Schema{structOf("s", append(col("a"), col("A")...)...)}, "column s.A: there is a column s.a already"},
		{"no type", Schema{{Name: "a"}}, `column a: unknown type ""`},
		{"lower-case type", Schema{{Name: "a", Type: "string"}}, `column a: unknown type "string"`},
		{"mode", Schema{{Name: "a", Type: String, Mode: "OPTIONAL"}}, `column a: unknown mode "OPTIONAL"`},
		{"STRUCT without fields", Schema{structOf("s", structOf("t"))}, "column s.t: a STRUCT needs fields"},
		{"fields of a STRING", Schema{{Name: "a", Type: String, Fields: col("b")}}, "column a: type STRING has no fields"},
		{"RANGE of nothing", Schema{{Name: "r", Type: Range}}, `column r: a RANGE is of DATE, DATETIME or TIMESTAMP, not of ""`},
		{"RANGE of TIME", Schema{structOf("s", Column{Name: "r", Type: Range, RangeElement: Time})}, `column s.r: a RANGE is of DATE, DATETIME or TIMESTAMP, not of "TIME"`},
		{"range element of a DATE", Schema{{Name: "d", Type: Date, RangeElement: Date}}, "column d: type DATE has no rangeElementType"},
		{"long description", Schema{{Name: "a", Type: String, Description: strings.Repeat("é", 1025)}}, "column a: description longer"},
		{"16 levels", Schema{deep(16)}, "column " + strings.Repeat("s.", 15) + "s: STRUCTs nest 15 levels at most"},
		{"10,001 columns", many(10_001), "the schema has 10001 columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.schema.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func deep(n int) Column {
	c := Column{Name: "leaf", Type: String}
	for range n {
		c = structOf("s", c)
	}
	return c
}

func many(n int) Schema {
	s := make(Schema, n)
	for i := range s {
		s[i] = Column{Name: fmt.Sprint("c", i), Type: String}
	}
	return s
}

func TestSpecValidate(t *testing.T) {
	spec := func(partition string, cluster ...string) Spec {
		return Spec{
			Columns: Schema{
				{Name: "time", Type: Timestamp}, {Name: "day", Type: Date}, {Name: "host", Type: String},
				{Name: "took", Type: Float64}, {Name: "tags", Type: String, Mode: Repeated}, {Name: "n", Type: Int64},
				{Name: "ok", Type: Bool}, structOf("s", Column{Name: "time", Type: Timestamp}),
			},
			PartitionBy: partition, ClusterBy: cluster,
		}
	}
	tests := []struct {
		name string
		spec Spec
		want string
	}{
		{"plain", spec(""), ""},
		{"all", spec("time", "host", "n", "ok", "day"), ""},
		{"by date", spec("day"), ""},
		{"no columns", Spec{}, "the schema has no columns"},
		{"partition missing", spec("when"), "partition column when: no such column"},
		{"partition nested", spec("s.time"), "partition column s.time: no such column"},
		{"partition type", spec("host"), "partition column host: must not be of type STRING"},
		{"partition repeated", spec("tags"), "partition column tags: must not be REPEATED"},
		{"cluster type", spec("", "took"), "cluster column took: must not be of type FLOAT64"},
		{"cluster STRUCT", spec("", "s"), "cluster column s: must not be of type STRUCT"},
		{"cluster repeated", spec("", "host", "tags"), "cluster column tags: must not be REPEATED"},
		{"cluster twice", spec("", "host", "host"), "cluster column host: named twice"},
		{"five clusters", spec("", "host", "n", "ok", "day", "time"), "clustered by 5 columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.spec.Validate(); err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
