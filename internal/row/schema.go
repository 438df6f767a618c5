// Package row is the shape of what goes into a table: columns, records, and the encoding of a
// record as the protobuf wire bytes that the BigQuery Storage Write API takes.
package row

// Type is a BigQuery column type by its GoogleSQL name.
type Type string

// The types of BigQuery (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types).
const (
	Bool       Type = "BOOL"
	Int64      Type = "INT64"
	Float64    Type = "FLOAT64"
	Numeric    Type = "NUMERIC"
	BigNumeric Type = "BIGNUMERIC"
	String     Type = "STRING"
	Bytes      Type = "BYTES"
	Date       Type = "DATE"
	Datetime   Type = "DATETIME"
	Time       Type = "TIME"
	Timestamp  Type = "TIMESTAMP"
	Geography  Type = "GEOGRAPHY"
	Interval   Type = "INTERVAL"
	Range      Type = "RANGE"
	JSON       Type = "JSON"
	Struct     Type = "STRUCT"
)

// Mode says how many values a column holds in a row.
type Mode string

// The modes of a BigQuery column. The zero Mode means Nullable.
const (
	Nullable Mode = "NULLABLE"
	Required Mode = "REQUIRED"
	Repeated Mode = "REPEATED"
)

// Column is one column of a table, or one field of a STRUCT column.
type Column struct {
	Name         string
	Type         Type
	Mode         Mode
	Description  string
	Fields       []Column // of a STRUCT
	RangeElement Type     // of a RANGE: DATE, DATETIME or TIMESTAMP
}

// Bounds returns the two bounds of a RANGE column, NULL where it is unbounded, as the columns of the
// message that it travels in.
func (c *Column) Bounds() []Column {
	return []Column{{Name: "start", Type: c.RangeElement}, {Name: "end", Type: c.RangeElement}}
}

// Schema is the columns of a table, in order.
type Schema []Column

// Index returns the position of the named column, or -1. Names compare byte by byte.
func (s Schema) Index(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

// Spec describes a table: what its rows look like and how they are laid out.
type Spec struct {
	Description string
	Columns     Schema
	PartitionBy string   // a TIMESTAMP, DATETIME or DATE column; by day. Empty: not partitioned
	ClusterBy   []string // at most four columns
}
