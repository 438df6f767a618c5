package row

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a table's schema (https://cloud.google.com/bigquery/quotas#table_limits and
// https://cloud.google.com/bigquery/docs/schemas).
const (
	maxColumns     = 10_000 // nested ones included
	maxNesting     = 15     // levels of STRUCT
	maxName        = 300    // bytes
	maxDescription = 1024   // characters
	maxClusterBy   = 4
)

var reservedPrefixes = []string{
	"_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER",
	"_CHANGE_SEQUENCE_NUMBER", "_CHANGE_TYPE", "_CHANGE_TIMESTAMP",
}

var knownTypes = []Type{
	Bool, Int64, Float64, Numeric, BigNumeric, String, Bytes, Date, Datetime, Time, Timestamp,
	Geography, Interval, Range, JSON, Struct,
}

// clusterTypes are the types that a table can be clustered by
// (https://cloud.google.com/bigquery/docs/clustered-tables#cluster_column_types).
var clusterTypes = []Type{
	Bool, Int64, Numeric, BigNumeric, String, Date, Datetime, Timestamp, Geography, Range,
}

// rangeTypes are the types that a RANGE can be of
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#range_type).
var rangeTypes = []Type{Date, Datetime, Timestamp}

// Validate reports the first column that BigQuery would refuse, by its dotted path. Names outside
// letters, digits and underscore ("flexible" ones) are refused too: they are no protobuf names.
func (s Schema) Validate() error {
	if len(s) == 0 {
		return errors.New("the schema has no columns")
	}
	for i := range s {
		if err := checkReserved(s[i].Name); err != nil {
			return err
		}
	}
	n := 0
	if err := validateColumns(s, "", 0, &n); err != nil {
		return err
	}
	if n > maxColumns {
		return fmt.Errorf("the schema has %d columns; BigQuery takes %d", n, maxColumns)
	}
	return nil
}

func checkReserved(name string) error {
	for _, p := range reservedPrefixes {
		if len(name) >= len(p) && strings.EqualFold(name[:len(p)], p) {
			return fmt.Errorf("column %s: BigQuery reserves names that start with %s", name, p)
		}
	}
	return nil
}

// validateColumns checks the columns of a table, or the fields of the STRUCT at prefix, which
// stands depth levels deep, and adds their number to n.
func validateColumns(cols []Column, prefix string, depth int, n *int) error {
	seen := make(map[string]string, len(cols))
	for i := range cols {
		c := &cols[i]
		path := prefix + c.Name
		if err := c.validate(); err != nil {
			return fmt.Errorf("column %s: %w", path, err)
		}
		folded := strings.ToLower(c.Name)
		if other, dup := seen[folded]; dup {
			return fmt.Errorf("column %s: there is a column %s already; names differ by more than case", path, prefix+other)
		}
		seen[folded] = c.Name
		*n++
		if c.Type != Struct {
			continue
		}
		if depth == maxNesting {
			return fmt.Errorf("column %s: STRUCTs nest %d levels at most", path, maxNesting)
		}
		if err := validateColumns(c.Fields, path+".", depth+1, n); err != nil {
			return err
		}
	}
	return nil
}

func (c *Column) validate() error {
	switch {
	case !isColumnName(c.Name):
		return fmt.Errorf("illegal name %q: want letters, digits and underscores, first no digit, %d bytes at most", c.Name, maxName)
	case !slices.Contains(knownTypes, c.Type):
		return fmt.Errorf("unknown type %q", c.Type)
	case !slices.Contains([]Mode{"", Nullable, Required, Repeated}, c.Mode):
		return fmt.Errorf("unknown mode %q: want %s, %s or %s", c.Mode, Nullable, Required, Repeated)
	case c.Type == Struct && len(c.Fields) == 0:
		return errors.New("a STRUCT needs fields")
	case c.Type != Struct && len(c.Fields) > 0:
		return fmt.Errorf("type %s has no fields; only a STRUCT has", c.Type)
	case c.Type == Range && !slices.Contains(rangeTypes, c.RangeElement):
		return fmt.Errorf("a RANGE is of %s, %s or %s, not of %q: set its rangeElementType", Date, Datetime, Timestamp, c.RangeElement)
	case c.Type != Range && c.RangeElement != "":
		return fmt.Errorf("type %s has no rangeElementType; only a RANGE has", c.Type)
	case utf8.RuneCountInString(c.Description) > maxDescription:
		return fmt.Errorf("description longer than %d characters", maxDescription)
	}
	return nil
}

func isColumnName(s string) bool {
	return s != "" && len(s) <= maxName && !('0' <= s[0] && s[0] <= '9') &&
		!strings.ContainsFunc(s, func(r rune) bool { return !datasetChar(r) })
}

// Validate reports the first thing in s that BigQuery would refuse.
func (s Spec) Validate() error {
	if err := s.Columns.Validate(); err != nil {
		return err
	}
	if s.PartitionBy != "" {
		if err := s.layoutColumn("partition", s.PartitionBy, []Type{Timestamp, Datetime, Date}); err != nil {
			return err
		}
	}
	if len(s.ClusterBy) > maxClusterBy {
		return fmt.Errorf("clustered by %d columns; BigQuery takes %d", len(s.ClusterBy), maxClusterBy)
	}
	for i, name := range s.ClusterBy {
		if slices.Contains(s.ClusterBy[:i], name) {
			return fmt.Errorf("cluster column %s: named twice", name)
		}
		if err := s.layoutColumn("cluster", name, clusterTypes); err != nil {
			return err
		}
	}
	return nil
}

// layoutColumn checks that name is a top-level column, not REPEATED, of one of the types.
func (s Spec) layoutColumn(what, name string, types []Type) error {
	i := s.Columns.Index(name)
	if i < 0 {
		return fmt.Errorf("%s column %s: no such column", what, name)
	}
	c := &s.Columns[i]
	if c.Mode == Repeated {
		return fmt.Errorf("%s column %s: must not be REPEATED", what, name)
	}
	if !slices.Contains(types, c.Type) {
		return fmt.Errorf("%s column %s: must not be of type %s", what, name, c.Type)
	}
	return nil
}
