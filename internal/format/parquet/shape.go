package parquet

import (
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// shape is a field of a file, without what Parquet puts around lists and maps: a list, a group of
// fields, or else a single value.
type shape struct {
	name   string // in the file
	column string // that the name stands for; no other field of its group has it
	node   *pq.Node
	fields []*shape // of a group
	elem   *shape   // of a list
	// A list lies in a group that has nothing else, and each of its elements in another one.
	wrapped, inner bool
}

// shapeOf returns what a field is. Lists and maps are told as Parquet's rules for old files have it:
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#nested-types
func shapeOf(n *pq.Node) *shape {
	if n.Repetition == pq.Repeated {
		return &shape{name: n.Name, node: n, elem: once(n)}
	}
	return once(n)
}

// once returns what a field is, or what an element of it is if it is repeated.
func once(n *pq.Node) *shape {
	if n.Logical != pq.List && n.Logical != pq.Map || len(n.Children) != 1 || n.Children[0].Repetition != pq.Repeated {
		return plainShape(n)
	}
	s, repeated := &shape{name: n.Name, node: n, wrapped: true}, n.Children[0]
	if n.Logical == pq.Map || isElement(n, repeated) {
		s.elem = once(repeated)
		return s
	}
	s.elem, s.inner = shapeOf(repeated.Children[0]), true
	return s
}

// isElement reports whether the repeated field of a list is its element, and not a group around it.
func isElement(list, repeated *pq.Node) bool {
	return len(repeated.Children) != 1 || repeated.Children[0].Repetition == pq.Repeated ||
		repeated.Name == "array" || repeated.Name == list.Name+"_tuple"
}

func plainShape(n *pq.Node) *shape {
	s := &shape{name: n.Name, node: n}
	taken := map[string]bool{}
	for _, c := range n.Children {
		f := shapeOf(c)
		f.column = unique(format.ColumnName(c.Name), taken)
		s.fields = append(s.fields, f)
	}
	return s
}

// unique returns a name that is not taken, in whatever case of letters, and takes it.
func unique(name string, taken map[string]bool) string {
	if name == "" {
		name = "_"
	}
	free := name
	for i := 2; taken[strings.ToLower(free)]; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	taken[strings.ToLower(free)] = true
	return free
}

// elements returns those of a list.
func (s *shape) elements(d *pq.Datum) []pq.Datum {
	if s.wrapped {
		return d.List[0].List
	}
	return d.List
}

// element returns an element without what is around it.
func (s *shape) element(d *pq.Datum) *pq.Datum {
	if s.inner {
		return &d.List[0]
	}
	return d
}

// columns returns the columns that hold a group's fields.
func (s *shape) columns() (all row.Schema) {
	for _, f := range s.fields {
		if c, ok := f.toColumn(); ok {
			c.Name = f.column
			all = append(all, c)
		}
	}
	return all
}

// toColumn returns the column for a field; ok is false if there never is a value in it.
func (s *shape) toColumn() (c row.Column, ok bool) {
	c = row.Column{Name: s.column, Mode: row.Nullable, Description: fmt.Sprintf("%s of the file.", s.name)}
	switch {
	case s.elem != nil:
		e, ok := s.elem.toColumn()
		c.Mode = row.Repeated
		if c.Type, c.Fields = e.Type, e.Fields; e.Mode == row.Repeated { // BigQuery has no lists of lists
			e.Name = "element"
			c.Type, c.Fields = row.Struct, []row.Column{e}
		}
		return c, ok
	case s.node.Kind == pq.Group:
		c.Type, c.Fields = row.Struct, s.columns()
		return c, len(c.Fields) > 0
	}
	c.Type = typeOf(s.node)
	return c, s.node.Logical != pq.Null
}

// The digits that NUMERIC and BIGNUMERIC hold before and behind the point, every one of them.
const (
	numericWhole, numericScale       = 29, 9
	bigNumericWhole, bigNumericScale = 38, 38
)

// typeOf returns the type of column that holds all values of a column of a file.
func typeOf(n *pq.Node) row.Type {
	switch n.Logical {
	case pq.String, pq.Enum, pq.UUID:
		return row.String
	case pq.JSON:
		return row.JSON
	case pq.Date:
		return row.Date
	case pq.Time:
		return row.Time
	case pq.Timestamp:
		if n.Local {
			return row.Datetime
		}
		return row.Timestamp
	case pq.Float16:
		return row.Float64
	case pq.Decimal:
		return decimalType(n.Precision-n.Scale, n.Scale)
	}
	switch n.Kind {
	case pq.Boolean:
		return row.Bool
	case pq.Int32, pq.Int64:
		return row.Int64
	case pq.Int96:
		return row.Timestamp
	case pq.Float, pq.Double:
		return row.Float64
	}
	return row.Bytes
}

func decimalType(whole, scale int) row.Type {
	switch {
	case whole <= numericWhole && scale <= numericScale:
		return row.Numeric
	case whole <= bigNumericWhole && scale <= bigNumericScale:
		return row.BigNumeric
	}
	return row.String
}
