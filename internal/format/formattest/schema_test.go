package formattest

import (
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func TestOnlyAdds(t *testing.T) {
	column := func(name string, typ row.Type, mode row.Mode) row.Column {
		return row.Column{Name: name, Type: typ, Mode: mode, Description: "A column."}
	}
	a, list := column("a", row.Int64, row.Nullable), column("list", row.String, row.Repeated)
	group := func(fields ...row.Column) row.Column {
		g := column("g", row.Struct, row.Nullable)
		g.Fields = fields
		return g
	}
	old := []row.Column{a, list, group(column("x", row.Date, row.Nullable))}
	described := a
	described.Description = "Another."
	for _, tt := range []struct {
		name string
		now  []row.Column
		want string
	}{
		{"nothing", old, ""},
		{"another description and order", []row.Column{old[2], described, list}, ""},
		{"a column more", append([]row.Column{column("b", row.String, row.Nullable), column("c", row.String, row.Repeated)}, old...), ""},
		{"a field more", []row.Column{a, list, group(column("x", row.Date, row.Nullable), column("y", row.Date, row.Nullable))}, ""},
		{"a REQUIRED column more", append([]row.Column{column("b", row.String, row.Required)}, old...), "column b is new and STRING REQUIRED"},
		{"a column less", old[1:], "column a is gone"},
		{"a field less", []row.Column{a, list, group()}, "column g.x is gone"},
		{"another name", []row.Column{column("A", row.Int64, row.Nullable), list, old[2]}, "column a is gone"},
		{"another type", []row.Column{column("a", row.String, row.Nullable), list, old[2]}, "column a is STRING NULLABLE, and was INT64 NULLABLE"},
		{"another mode", []row.Column{column("a", row.Int64, row.Repeated), list, old[2]}, "column a is INT64 REPEATED, and was INT64 NULLABLE"},
	} {
		err := onlyAdds(schemaText(old), schemaText(tt.now))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if err := onlyAdds("", schemaText([]row.Column{column("a", row.String, row.Required)})); err != nil {
		t.Errorf("a new format: %v", err)
	}
}
