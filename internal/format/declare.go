package format

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// Declaration is what a source says of a table whose format has no columns of its own.
type Declaration struct {
	Columns     row.Schema // of the schema file; nil if the source names none
	OfFile      bool       // the columns are those of a file, and not declared
	PartitionBy string     // by day of this column; empty: see Spec
	// ConflictsToExtra moves a value that its column does not take to the column of Extra, as far
	// as the column may be NULL, instead of making its record a reject.
	ConflictsToExtra bool
	CSV              CSV // of CSV files
}

// CSV is how CSV files are written. The zero value is how most are.
type CSV struct {
	Delimiter  byte   // between fields; 0: that of the format
	Header     Header // whether the first row names the columns
	SkipRows   int    // lines before the header, or the first row, that are none
	NullMarker string // the field that is NULL if it has no quotes
}

// Header says whether the first row of a CSV file names the columns.
type Header string

// The values of Header; the zero value is HeaderAuto.
const (
	HeaderAuto    Header = "auto"    // if half of its fields or more are names of columns
	HeaderPresent Header = "present" // always
	HeaderAbsent  Header = "absent"  // never
)

// errNoColumns is what a source lacks.
var errNoColumns = errors.New("the format has no columns of its own: name a BigQuery JSON schema file, as in schema: schemas/app.json")

// meta are the columns that stand behind a format's own in every table: see load.TableSpec.
var meta = []string{"source_file", "source_line", "loaded_at"}

// eventTimes are names that columns with a record's time usually have, the surest first.
var eventTimes = []string{"event_time", "eventtime", "timestamp", "time", "ts"}

// Spec returns the table: the declared columns, and behind them one for what has no column, see
// Extra. It is partitioned by the column that the declaration names: a TIMESTAMP, DATETIME or DATE.
// Without one it is by the first TIMESTAMP column called event_time, eventtime, timestamp, time or
// ts, and else by loaded_at. Columns of files are not chosen from: which file comes first is chance, and
// the next one may lack the column, which would be NULL then, or have times that BigQuery does not take there.
func (d Declaration) Spec(description string) (row.Spec, error) {
	if len(d.Columns) == 0 {
		return row.Spec{}, errNoColumns
	}
	for i := range d.Columns {
		if name := strings.ToLower(d.Columns[i].Name); slices.Contains(meta, name) {
			return row.Spec{}, fmt.Errorf("column %s: Seneka adds a column of that name; remove it", d.Columns[i].Name)
		}
	}
	extra := row.Column{
		Name: d.Extra(), Type: row.JSON, Mode: row.Nullable,
		Description: "What of the record has no column, as an object by name; NULL if nothing.",
	}
	spec := row.Spec{Description: description, Columns: append(slices.Clone(d.Columns), extra), PartitionBy: d.PartitionBy}
	if spec.PartitionBy == "" && !d.OfFile {
		spec.PartitionBy = d.eventTime()
	}
	if spec.PartitionBy == "" {
		err := spec.Validate()
		spec.PartitionBy = "loaded_at" // which comes with Seneka's own
		return spec, err
	}
	return spec, spec.Validate()
}

// Extra returns the name of the JSON column for what has no column: extra, or seneka_extra if the
// table has a column extra already.
func (d Declaration) Extra() string {
	for i := range d.Columns {
		if strings.EqualFold(d.Columns[i].Name, "extra") {
			return "seneka_extra"
		}
	}
	return "extra"
}

// eventTime returns the column that a table is partitioned by if nothing is said; empty: none.
func (d Declaration) eventTime() string {
	for _, name := range eventTimes {
		for i := range d.Columns {
			c := &d.Columns[i]
			if strings.EqualFold(c.Name, name) && c.Type == row.Timestamp && c.Mode != row.Repeated {
				return c.Name
			}
		}
	}
	return ""
}

// ColumnName makes a column's name that BigQuery takes of one in a file, as its load jobs do: an underscore for
// each sign that it does not take, and one in front of a digit
// (https://cloud.google.com/bigquery/docs/schemas#column_names).
func ColumnName(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '_'
	}, strings.TrimSpace(name))
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}
