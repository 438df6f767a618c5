package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/gsql"
	"github.com/seneka-io/seneka/internal/row"
)

// tableLookup shows one state of the catalog to a translation and notes what it asks for.
type tableLookup struct {
	catalog *catalog
	seen    []row.Table
}

// Table implements gsql.Catalog.
func (l *tableLookup) Table(ref row.Table) (gsql.TableDef, bool) {
	if view, ok := strings.CutPrefix(ref.Name, "INFORMATION_SCHEMA."); ok {
		return l.information(ref, view)
	}
	t := l.catalog.tables[ref]
	if t == nil {
		return gsql.TableDef{}, false
	}
	if t.Type == TypeTable && !slices.Contains(l.seen, ref) {
		l.seen = append(l.seen, ref)
	}
	return gsql.TableDef{Columns: t.Columns, View: t.View, SQLName: duckName(ref)}, true
}

func (l *tableLookup) information(ref row.Table, view string) (gsql.TableDef, bool) {
	if l.catalog.datasets[datasetKey(ref.Project, ref.Dataset)] == nil {
		return gsql.TableDef{}, false
	}
	tables := l.catalog.tablesOf(ref.Project, ref.Dataset)
	switch view {
	case "TABLES":
		return inlineTable(tablesColumns, tables, tablesRows), true
	case "COLUMNS":
		return inlineTable(columnsColumns, tables, columnsRows), true
	default:
		return gsql.TableDef{}, false
	}
}

// tablesColumns are the columns of INFORMATION_SCHEMA.TABLES that are kept here, of those in
// https://cloud.google.com/bigquery/docs/information-schema-tables#schema.
var tablesColumns = row.Schema{
	{Name: "table_catalog", Type: row.String},
	{Name: "table_schema", Type: row.String},
	{Name: "table_name", Type: row.String},
	{Name: "table_type", Type: row.String},
	{Name: "is_insertable_into", Type: row.String},
	{Name: "is_typed", Type: row.String},
	{Name: "creation_time", Type: row.Timestamp},
}

// tablesRows is a table's row, as DuckDB literals.
func tablesRows(t *Table) [][]string {
	kind, insertable := "BASE TABLE", "YES"
	if t.Type == TypeView {
		kind, insertable = "VIEW", "NO"
	}
	return [][]string{{literal(t.Ref.Project), literal(t.Ref.Dataset), literal(t.Ref.Name), literal(kind),
		literal(insertable), literal("NO"), literal(t.Created.Format("2006-01-02 15:04:05.999999+00"))}}
}

// columnsColumns are the columns of INFORMATION_SCHEMA.COLUMNS that are kept here, of those in
// https://cloud.google.com/bigquery/docs/information-schema-columns#schema.
var columnsColumns = row.Schema{
	{Name: "table_catalog", Type: row.String},
	{Name: "table_schema", Type: row.String},
	{Name: "table_name", Type: row.String},
	{Name: "column_name", Type: row.String},
	{Name: "ordinal_position", Type: row.Int64},
	{Name: "is_nullable", Type: row.String},
	{Name: "data_type", Type: row.String},
	{Name: "is_hidden", Type: row.String},
	{Name: "is_system_defined", Type: row.String},
	{Name: "is_partitioning_column", Type: row.String},
	{Name: "clustering_ordinal_position", Type: row.Int64},
}

// columnsRows is a row for each column of a table, as DuckDB literals.
func columnsRows(t *Table) [][]string {
	list := make([][]string, len(t.Columns))
	for i, c := range t.Columns {
		cluster := "NULL"
		if j := slices.Index(t.ClusterBy, c.Name); j >= 0 {
			cluster = strconv.Itoa(j + 1)
		}
		list[i] = []string{literal(t.Ref.Project), literal(t.Ref.Dataset), literal(t.Ref.Name), literal(c.Name),
			strconv.Itoa(i + 1), yesNo(c.Mode != row.Required), literal(sqlType(c)), yesNo(false), yesNo(false),
			yesNo(c.Name == t.PartitionBy), cluster}
	}
	return list
}

func yesNo(b bool) string {
	if b {
		return literal("YES")
	}
	return literal("NO")
}

// sqlType is a column's type as GoogleSQL writes it.
func sqlType(c row.Column) string {
	t := string(c.Type)
	if c.Type == row.Struct {
		fields := make([]string, len(c.Fields))
		for i, f := range c.Fields {
			fields[i] = f.Name + " " + sqlType(f)
		}
		t = "STRUCT<" + strings.Join(fields, ", ") + ">"
	}
	if c.Type == row.Range {
		t = "RANGE<" + string(c.RangeElement) + ">"
	}
	if c.Mode == row.Repeated {
		t = "ARRAY<" + t + ">"
	}
	return t
}

// inlineTable returns a table whose rows stand in the SQL itself. The row of NULLs gives VALUES
// its width when there are no others.
func inlineTable(cols row.Schema, tables []*Table, rows func(*Table) [][]string) gsql.TableDef {
	names, casts, nulls := make([]string, len(cols)), make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		names[i] = fmt.Sprintf("c%d", i)
		casts[i] = fmt.Sprintf("CAST(c%d AS %s) AS %s", i, duckType(c), quote(c.Name))
		nulls[i] = "NULL"
	}
	values := []string{strings.Join(nulls, ", ")}
	for _, t := range tables {
		for _, r := range rows(t) {
			values = append(values, strings.Join(r, ", "))
		}
	}
	return gsql.TableDef{Columns: cols, SQLName: fmt.Sprintf("(SELECT %s FROM (VALUES (%s)) AS v(%s) WHERE c0 IS NOT NULL)",
		strings.Join(casts, ", "), strings.Join(values, "), ("), strings.Join(names, ", "))}
}
