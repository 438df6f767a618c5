package engine

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// What BigQuery allows in names: https://cloud.google.com/bigquery/docs/datasets#dataset-naming,
// https://cloud.google.com/bigquery/docs/tables#table_naming and
// https://cloud.google.com/bigquery/docs/schemas#flexible-column-names.
var (
	datasetName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	tableName   = regexp.MustCompile(`^[\pL\pM\pN\p{Pc}\p{Pd}\p{Zs}]+$`)
	columnName  = regexp.MustCompile(`^[\pL\pM\pN\p{Pc}\p{Pd}\s&%=+:'<>#|]+$`)
)

// The longest names: of datasets and tables in bytes, of columns in characters.
const (
	maxTableName  = 1024
	maxColumnName = 300
)

// schemaName is the DuckDB schema that holds a dataset's tables. Its point keeps it apart from
// the schemas that the engine and its users name themselves.
func schemaName(project, dataset string) string { return project + "." + dataset }

// duckName is the DuckDB name of a table, quoted.
func duckName(t row.Table) string {
	return quote(schemaName(t.Project, t.Dataset)) + "." + quote(t.Name)
}

// quote returns name as a DuckDB identifier.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal returns s as a DuckDB string.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// duckTypes is how each scalar type is stored.
var duckTypes = map[row.Type]string{
	row.Bool:       "BOOLEAN",
	row.Int64:      "BIGINT",
	row.Float64:    "DOUBLE",
	row.Numeric:    "DECIMAL(38,9)",
	row.BigNumeric: bignumeric.Type,
	row.String:     "VARCHAR",
	row.Bytes:      "BLOB",
	row.Date:       "DATE",
	row.Datetime:   "TIMESTAMP",
	row.Time:       "TIME",
	row.Timestamp:  "TIMESTAMPTZ",
	row.JSON:       "JSON",
	row.Geography:  "VARCHAR", // WKT
	row.Interval:   "INTERVAL",
}

// duckType is the DuckDB type of a column's values.
func duckType(c row.Column) string {
	t := duckTypes[c.Type]
	if fields := fieldsOf(&c); len(fields) > 0 {
		t = "STRUCT(" + duckColumns(fields) + ")"
	}
	if c.Mode == row.Repeated {
		t += "[]"
	}
	return t
}

// fieldsOf returns the columns inside of a STRUCT, or of a RANGE, which is one of two bounds.
func fieldsOf(c *row.Column) []row.Column {
	if c.Type == row.Range {
		return c.Bounds()
	}
	return c.Fields
}

// duckColumns lists columns with their types. REQUIRED is checked when rows are appended, not
// here, so that it can be relaxed without touching the table.
func duckColumns(cols []row.Column) string {
	list := make([]string, len(cols))
	for i, c := range cols {
		list[i] = quote(c.Name) + " " + duckType(c)
	}
	return strings.Join(list, ", ")
}

// checkSpec says what BigQuery would refuse in a table's columns and layout.
func checkSpec(s row.Spec) error {
	if len(s.Columns) == 0 {
		return invalid("The schema has no columns")
	}
	if err := checkColumns("", s.Columns); err != nil {
		return err
	}
	if s.PartitionBy != "" {
		if err := checkLayout(s.Columns, s.PartitionBy, "partition", row.Timestamp, row.Date, row.Datetime); err != nil {
			return err
		}
	}
	if len(s.ClusterBy) > 4 {
		return invalid("%d clustering columns: at most 4 are allowed", len(s.ClusterBy))
	}
	for _, name := range s.ClusterBy {
		err := checkLayout(s.Columns, name, "cluster", row.Bool, row.Int64, row.Numeric, row.BigNumeric,
			row.String, row.Date, row.Datetime, row.Timestamp, row.Geography, row.Range)
		if err != nil {
			return err
		}
	}
	return nil
}

func checkColumns(prefix string, cols []row.Column) error {
	seen := map[string]bool{}
	for _, c := range cols {
		name := prefix + c.Name
		key := strings.ToLower(c.Name)
		switch {
		case !columnName.MatchString(c.Name) || utf8.RuneCountInString(c.Name) > maxColumnName:
			return invalid("Column %q: not a column name", name)
		case seen[key]:
			return invalid("Column %q: the schema has two columns of this name", name)
		case c.Mode != "" && c.Mode != row.Nullable && c.Mode != row.Required && c.Mode != row.Repeated:
			return invalid("Column %q: mode %q: write NULLABLE, REQUIRED or REPEATED", name, c.Mode)
		case c.Type == row.Range && !slices.Contains([]row.Type{row.Date, row.Datetime, row.Timestamp}, c.RangeElement):
			return invalid("Column %q: a RANGE of %q: rangeElementType must be DATE, DATETIME or TIMESTAMP", name, c.RangeElement)
		case c.Type != row.Struct && c.Type != row.Range && duckTypes[c.Type] == "":
			return invalid("Column %q: type %q is not one that the local BigQuery has", name, c.Type)
		case c.Type == row.Struct && len(c.Fields) == 0:
			return invalid("Column %q: a STRUCT needs fields", name)
		}
		seen[key] = true
		if err := checkColumns(name+".", c.Fields); err != nil {
			return err
		}
	}
	return nil
}

func checkLayout(cols row.Schema, name, verb string, types ...row.Type) error {
	i := cols.Index(name)
	if i < 0 {
		return invalid("Cannot %s by %q: there is no such column", verb, name)
	}
	if c := cols[i]; c.Mode == row.Repeated || !slices.Contains(types, c.Type) {
		return invalid("Cannot %s by %q: a %s %s column is not allowed there", verb, name, modeOf(c), c.Type)
	}
	return nil
}

func modeOf(c row.Column) row.Mode {
	if c.Mode == "" {
		return row.Nullable
	}
	return c.Mode
}
