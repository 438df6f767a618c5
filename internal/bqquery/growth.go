package bqquery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/bigquery"
	rest "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/row"
)

// growth brings the columns of a table together with those that are to be written to it. BigQuery
// compares names whatever their case, and rows are written by name, so order means nothing.
type growth struct {
	filled    string   // a column of the table that always has a value
	added     []string // columns that the table lacked, by their dotted paths
	conflicts []string // for a person: what keeps rows out of the table, and what to do
}

// merge returns have, each field as it was, and behind them the columns of want that it lacked.
func (g *growth) merge(path string, have []*rest.TableFieldSchema, want []row.Column) []*rest.TableFieldSchema {
	for _, f := range have {
		i := slices.IndexFunc(want, func(c row.Column) bool { return strings.EqualFold(c.Name, f.Name) })
		if i >= 0 {
			g.compare(path+f.Name, f, want[i])
		} else if f.Mode == string(row.Required) {
			g.conflict("column %s is REQUIRED, and nothing is written to it: make it NULLABLE", path+f.Name)
		}
	}
	for _, c := range want {
		if !slices.ContainsFunc(have, func(f *rest.TableFieldSchema) bool { return strings.EqualFold(c.Name, f.Name) }) {
			g.added = append(g.added, path+c.Name)
			have = append(have, fields(relaxed([]row.Column{c}))...)
		}
	}
	return have
}

// compare notes what keeps values of c out of the table's field at path. A field that is laxer than c
// takes them.
func (g *growth) compare(path string, f *rest.TableFieldSchema, c row.Column) {
	is, want := describeField(f), describeColumn(c)
	switch {
	case is != want:
		g.conflict("column %s is %s, and what is written to it is %s: rename or drop the column, or load into another table", path, is, want)
	case f.Mode == string(row.Required) && c.Mode != row.Required && path != g.filled:
		g.conflict("column %s is REQUIRED, and not every row has a value for it: make it NULLABLE", path)
	case c.Type == row.Struct:
		f.Fields = g.merge(path+".", f.Fields, c.Fields)
	}
}

func (g *growth) conflict(format string, args ...any) {
	g.conflicts = append(g.conflicts, fmt.Sprintf(format, args...))
}

// describeField returns the type that a field must have in common with the column written to it.
func describeField(f *rest.TableFieldSchema) string {
	c := row.Column{Type: sqlType(bigquery.FieldType(f.Type)), Mode: row.Mode(f.Mode)}
	if f.RangeElementType != nil {
		c.RangeElement = row.Type(f.RangeElementType.Type)
	}
	return describeColumn(c)
}

func describeColumn(c row.Column) string {
	typ := string(c.Type)
	if c.Type == row.Range {
		typ = fmt.Sprintf("%s<%s>", c.Type, c.RangeElement)
	}
	if c.Mode == row.Repeated {
		return string(row.Repeated) + " " + typ
	}
	return typ
}

// relaxed returns columns as they can be added to a table that may have rows: not REQUIRED.
func relaxed(columns []row.Column) []row.Column {
	out := slices.Clone(columns)
	for i, c := range out {
		if c.Mode == row.Required {
			out[i].Mode = row.Nullable
		}
		out[i].Fields = relaxed(c.Fields)
	}
	return out
}

// restTypes are the types that the REST API has other names for.
var restTypes = map[row.Type]string{
	row.Bool: "BOOLEAN", row.Int64: "INTEGER", row.Float64: "FLOAT", row.Struct: "RECORD",
}

// fields describes columns as the REST API does.
func fields(columns []row.Column) []*rest.TableFieldSchema {
	list := make([]*rest.TableFieldSchema, len(columns))
	for i, c := range columns {
		list[i] = &rest.TableFieldSchema{
			Name: c.Name, Type: cmp.Or(restTypes[c.Type], string(c.Type)), Mode: string(c.Mode),
			Description: c.Description, Fields: fields(c.Fields),
		}
		if c.Type == row.Range {
			list[i].RangeElementType = &rest.TableFieldSchemaRangeElementType{Type: string(c.RangeElement)}
		}
	}
	return list
}
