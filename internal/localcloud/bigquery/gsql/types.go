package gsql

import (
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// The types that are no column type of their own.
const (
	arrayType    row.Type = "ARRAY"
	intervalType row.Type = "INTERVAL"
	nullType     row.Type = "" // of NULL, before it meets a type
)

// typ is the type of an expression.
type typ struct {
	kind   row.Type
	elem   *typ        // of an ARRAY or RANGE
	fields []typeField // of a STRUCT
}

type typeField struct {
	name string
	typ  *typ
}

var (
	tNull       = &typ{kind: nullType}
	tBool       = &typ{kind: row.Bool}
	tInt        = &typ{kind: row.Int64}
	tFloat      = &typ{kind: row.Float64}
	tNumeric    = &typ{kind: row.Numeric}
	tBigNumeric = &typ{kind: row.BigNumeric}
	tString     = &typ{kind: row.String}
	tBytes      = &typ{kind: row.Bytes}
	tDate       = &typ{kind: row.Date}
	tDatetime   = &typ{kind: row.Datetime}
	tTime       = &typ{kind: row.Time}
	tTimestamp  = &typ{kind: row.Timestamp}
	tJSON       = &typ{kind: row.JSON}
	tInterval   = &typ{kind: intervalType}
)

// scalars are the types by their names in SQL, aliases included.
var scalars = map[string]*typ{
	"BOOL": tBool, "BOOLEAN": tBool,
	"INT64": tInt, "INT": tInt, "INTEGER": tInt, "BIGINT": tInt, "SMALLINT": tInt, "TINYINT": tInt, "BYTEINT": tInt,
	"FLOAT64": tFloat,
	"NUMERIC": tNumeric, "DECIMAL": tNumeric, "BIGNUMERIC": tBigNumeric, "BIGDECIMAL": tBigNumeric,
	"STRING": tString, "BYTES": tBytes, "JSON": tJSON,
	"DATE": tDate, "DATETIME": tDatetime, "TIME": tTime, "TIMESTAMP": tTimestamp,
}

// duckTypes are the DuckDB types that hold BigQuery's.
var duckTypes = map[row.Type]string{
	row.Bool: "BOOLEAN", row.Int64: "BIGINT", row.Float64: "DOUBLE", row.String: "VARCHAR", row.Bytes: "BLOB",
	row.Date: "DATE", row.Datetime: "TIMESTAMP", row.Time: "TIME", row.Timestamp: "TIMESTAMPTZ",
	row.Numeric: "DECIMAL(38,9)", row.BigNumeric: bignumeric.Type, row.JSON: "JSON", row.Geography: "VARCHAR",
	intervalType: "INTERVAL", nullType: "BIGINT",
}

func arrayOf(elem *typ) *typ { return &typ{kind: arrayType, elem: elem} }

// String returns the type as GoogleSQL writes it.
func (t *typ) String() string {
	switch t.kind {
	case nullType:
		return string(row.Int64)
	case arrayType:
		return "ARRAY<" + t.elem.String() + ">"
	case row.Range:
		return "RANGE<" + t.elem.String() + ">"
	case row.Struct:
		parts := make([]string, len(t.fields))
		for i, f := range t.fields {
			parts[i] = strings.TrimSpace(f.name + " " + f.typ.String())
		}
		return "STRUCT<" + strings.Join(parts, ", ") + ">"
	}
	return string(t.kind)
}

// duck returns the DuckDB type that holds t.
func (t *typ) duck() string {
	switch t.kind {
	case arrayType:
		return t.elem.duck() + "[]"
	case row.Range:
		return `STRUCT("start" ` + t.elem.duck() + `, "end" ` + t.elem.duck() + ")"
	case row.Struct:
		parts := make([]string, len(t.fields))
		for i := range t.fields {
			parts[i] = quoteIdent(t.fieldName(i)) + " " + t.fields[i].typ.duck()
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	}
	return duckTypes[t.kind]
}

// fieldName returns the name DuckDB knows field i by: nameless and repeated names are made up.
func (t *typ) fieldName(i int) string {
	name := t.fields[i].name
	for _, f := range t.fields[:i] {
		if strings.EqualFold(f.name, name) {
			name = ""
		}
	}
	if name == "" {
		return fmt.Sprintf("_field_%d", i+1)
	}
	return name
}

// field returns the position of the named field: -1 if there is none, -2 if it is ambiguous.
func (t *typ) field(name string) int {
	found := -1
	for i, f := range t.fields {
		if strings.EqualFold(f.name, name) {
			if found >= 0 {
				return -2
			}
			found = i
		}
	}
	return found
}

// equal reports whether both are the same type, names of fields included.
func (t *typ) equal(u *typ) bool {
	if t.kind != u.kind || len(t.fields) != len(u.fields) {
		return false
	}
	if t.kind == arrayType || t.kind == row.Range {
		return t.elem.equal(u.elem)
	}
	for i := range t.fields {
		if !t.fields[i].typ.equal(u.fields[i].typ) || !strings.EqualFold(t.fieldName(i), u.fieldName(i)) {
			return false
		}
	}
	return true
}

// columnType returns the type of a column's values.
func columnType(c row.Column) *typ {
	t := &typ{kind: c.Type}
	if c.Type == row.Range {
		t.elem = &typ{kind: c.RangeElement}
	}
	for _, f := range c.Fields {
		t.fields = append(t.fields, typeField{f.Name, columnType(f)})
	}
	if c.Mode == row.Repeated {
		return arrayOf(t)
	}
	return t
}

// column returns the column that holds values of type t.
func (t *typ) column(name string) row.Column {
	switch t.kind {
	case nullType:
		return row.Column{Name: name, Type: row.Int64, Mode: row.Nullable}
	case arrayType:
		c := t.elem.column(name)
		c.Mode = row.Repeated
		return c
	case row.Range:
		return row.Column{Name: name, Type: row.Range, Mode: row.Nullable, RangeElement: t.elem.kind}
	}
	c := row.Column{Name: name, Type: t.kind, Mode: row.Nullable}
	for i, f := range t.fields {
		c.Fields = append(c.Fields, f.typ.column(t.fieldName(i)))
	}
	return c
}

// widens lists what each type becomes by itself where another is wanted, nearest first
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules).
var widens = map[row.Type][]row.Type{
	row.Int64:      {row.Float64, row.Numeric, row.BigNumeric},
	row.Numeric:    {row.BigNumeric, row.Float64},
	row.BigNumeric: {row.Float64},
	row.Date:       {row.Datetime},
}

// literalWidens lists what a literal or a parameter may become beyond that.
var literalWidens = map[row.Type][]row.Type{
	row.String:  {row.Date, row.Datetime, row.Time, row.Timestamp, row.Bytes},
	row.Float64: {row.Numeric, row.BigNumeric},
}

// quoteIdent writes a name of DuckDB.
func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteString writes a string constant of DuckDB, where a backslash means itself. DuckDB's scanner
// stops at a zero byte, so that one is spelled out.
func quoteString(s string) string {
	parts := strings.Split(s, "\x00")
	for i := range parts {
		parts[i] = "'" + strings.ReplaceAll(parts[i], "'", "''") + "'"
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}
