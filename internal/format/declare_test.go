package format

import (
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func columns(text string) (s row.Schema) {
	for c := range strings.FieldsSeq(text) {
		name, typ, _ := strings.Cut(c, ":")
		s = append(s, row.Column{Name: name, Type: row.Type(typ)})
	}
	return s
}

func TestDeclaredSpec(t *testing.T) {
	for _, tt := range []struct {
		columns, partition string // declared
		want, by           string // names of the columns, partition column
	}{
		{"a:STRING", "", "a extra", "loaded_at"},
		{"a:STRING day:DATE", "day", "a day extra", "day"},
		{"a:DATETIME", "a", "a extra", "a"},
		{"born:TIMESTAMP", "", "born extra", "loaded_at"}, // any time may be anything: its name must say so
		{"ts:TIMESTAMP Time:TIMESTAMP", "", "ts Time extra", "Time"},
		{"time:STRING timestamp:DATE ts:TIMESTAMP", "", "time timestamp ts extra", "ts"},
		{"time:TIMESTAMP other:TIMESTAMP", "other", "time other extra", "other"},
		{"Extra:INT64", "", "Extra seneka_extra", "loaded_at"},
	} {
		spec, err := Declaration{Columns: columns(tt.columns), PartitionBy: tt.partition}.Spec("d")
		var names []string
		for _, c := range spec.Columns {
			names = append(names, c.Name)
		}
		if err != nil || strings.Join(names, " ") != tt.want || spec.PartitionBy != tt.by || spec.Description != "d" {
			t.Errorf("%s: got %v by %s, %v", tt.columns, names, spec.PartitionBy, err)
		}
	}
}

func TestDeclaredSpecErrors(t *testing.T) {
	for _, tt := range []struct{ columns, partition, want string }{
		{"", "", "the format has no columns of its own: name a BigQuery JSON schema file, as in schema: schemas/app.json"},
		{"a:STRING Loaded_At:TIMESTAMP", "", "column Loaded_At: Seneka adds a column of that name; remove it"},
		{"a:STRING", "b", "partition column b: no such column"},
		{"a:STRING", "a", "partition column a: must not be of type STRING"},
		{"a:STRING A:STRING", "", "column A: there is a column a already; names differ by more than case"},
		{"extra:STRING seneka_extra:JSON", "", "column seneka_extra: there is a column seneka_extra already; names differ by more than case"},
	} {
		if _, err := (Declaration{Columns: columns(tt.columns), PartitionBy: tt.partition}).Spec(""); err == nil || err.Error() != tt.want {
			t.Errorf("%s by %s: got %v, want %s", tt.columns, tt.partition, err, tt.want)
		}
	}
	repeated := row.Schema{{Name: "time", Type: row.Timestamp, Mode: row.Repeated}}
	if spec, err := (Declaration{Columns: repeated}).Spec(""); err != nil || spec.PartitionBy != "loaded_at" {
		t.Errorf("a REPEATED time: by %s, %v", spec.PartitionBy, err)
	}
}
