package parquet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/format/coerce"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// plan says how a field of a file becomes a column, or an element of one.
type plan struct {
	shape  *shape
	column *row.Column
	fields []field // of a STRUCT, in the order of its columns
	elem   *plan   // of a REPEATED column
	whole  bool    // every field of the file that lies in it has a column
}

// field is a column of a STRUCT.
type field struct {
	at int // of the file's fields; -1: it has none for it
	*plan
}

// newPlan returns how s becomes c. What does not go together is an error of each value.
func newPlan(s *shape, c *row.Column) *plan {
	p := &plan{shape: s, column: c, whole: true}
	switch {
	case s.elem != nil && c.Mode == row.Repeated:
		element := *c
		element.Mode = row.Nullable
		if s.elem.elem != nil && c.Type == row.Struct && len(c.Fields) == 1 {
			element = c.Fields[0]
		}
		p.elem = newPlan(s.elem, &element)
		p.whole = p.elem.whole
	case s.node.Kind == pq.Group && s.elem == nil && c.Mode != row.Repeated && c.Type == row.Struct:
		p.fields, p.whole = match(s, c.Fields)
	}
	return p
}

// match finds the fields of a group that the columns name. whole reports whether each has a column.
func match(s *shape, columns []row.Column) (all []field, whole bool) {
	whole = true
	used := make([]bool, len(s.fields))
	for i := range columns {
		f := field{at: -1}
		for j, candidate := range s.fields {
			if strings.EqualFold(candidate.column, columns[i].Name) {
				f = field{j, newPlan(candidate, &columns[i])}
				used[j] = true
				whole = whole && f.whole
			}
		}
		all = append(all, f)
	}
	for j, u := range used {
		whole = whole && (u || s.fields[j].node.Logical == pq.Null)
	}
	return all, whole
}

var errNullElement = errors.New("an element is null, which a list cannot hold")

// converter makes values of data. Its memory is used again for each record.
type converter struct{ arena []byte }

// set sets v to what d is.
func (k *converter) set(p *plan, v *row.Value, d *pq.Datum) error {
	v.SetNull()
	switch c := p.column; {
	case d.Null:
		return nil
	case p.elem != nil:
		return k.setList(p, v, d)
	case p.fields != nil:
		return k.setStruct(p.fields, v, d)
	case c.Type == row.JSON && c.Mode != row.Repeated && !isText(p.shape.node):
		start := len(k.arena)
		k.arena = appendJSON(k.arena, p.shape, d)
		v.SetBytes(k.arena[start:])
		return nil
	case p.shape.elem != nil:
		return errors.New("a list, and the column is not REPEATED")
	case c.Mode == row.Repeated:
		return errors.New("a single value, and the column is REPEATED")
	case p.shape.node.Kind == pq.Group:
		return fmt.Errorf("a group of fields is not a %s", c.Type)
	default:
		return k.setScalar(p.shape.node, c, v, d)
	}
}

func (k *converter) setList(p *plan, v *row.Value, d *pq.Datum) error {
	v.SetList()
	elements := p.shape.elements(d)
	for i := range elements {
		e := p.shape.element(&elements[i])
		to := v.Append()
		switch {
		case p.shape.elem.elem != nil && p.column.Type == row.Struct: // a list in a list
			to.SetList()
			to = to.Append()
		case e.Null:
			return errNullElement
		}
		if err := k.set(p.elem, to, e); err != nil {
			return err
		}
	}
	return nil
}

func (k *converter) setStruct(all []field, v *row.Value, d *pq.Datum) error {
	v.SetList()
	for _, f := range all {
		to := v.Append()
		if f.at < 0 {
			continue
		}
		if err := k.set(f.plan, to, &d.List[f.at]); err != nil {
			return fmt.Errorf("%s: %w", f.column.Name, err)
		}
	}
	return nil
}

// setScalar sets v to a single value.
func (k *converter) setScalar(n *pq.Node, c *row.Column, v *row.Value, d *pq.Datum) (err error) {
	switch t := typeOf(n); {
	case isText(n) && (c.Type == row.String || c.Type == row.Bytes):
		v.SetBytes(d.Bytes)
	case isText(n):
		k.arena, err = coerce.String(k.arena, v, c, d.Bytes)
	case c.Type == row.String && t != row.Bytes:
		v.SetBytes(k.text(n, d))
	case c.Type == row.Bytes && t == row.Bytes:
		v.SetBytes(d.Bytes)
	case c.Type == row.Bool && t == row.Bool:
		v.SetInt(d.Int)
	case c.Type == row.Float64 && t == row.Float64:
		v.SetFloat(d.Float)
		if n.Logical == pq.Float16 {
			v.SetFloat(half(d.Bytes))
		}
	case c.Type == row.Date && n.Logical == pq.Date:
		v.SetInt(d.Int)
		if d.Int < row.MinDate || d.Int > row.MaxDate {
			err = errYears
		}
	case c.Type == t && t == row.Time, isMoment(c.Type) && isMoment(t):
		micros, wrong := microsOf(n, d)
		v.SetInt(micros)
		err = wrong
	default:
		err = k.setNumber(n, c, v, d)
	}
	return err
}

func isMoment(t row.Type) bool { return t == row.Timestamp || t == row.Datetime }

// text returns a value's text in the arena.
func (k *converter) text(n *pq.Node, d *pq.Datum) []byte {
	start := len(k.arena)
	k.arena, _ = appendText(k.arena, n, d)
	return k.arena[start:]
}

// setNumber sets v to a whole or a decimal number.
func (k *converter) setNumber(n *pq.Node, c *row.Column, v *row.Value, d *pq.Datum) error {
	whole := typeOf(n) == row.Int64
	switch {
	case !whole && n.Logical != pq.Decimal:
		return fmt.Errorf("%.64s is not a %s", k.text(n, d), c.Type)
	case c.Type == row.Numeric, c.Type == row.BigNumeric:
		v.SetBytes(k.text(n, d))
		return row.CheckDecimal(c.Type, v.Bytes())
	case !whole:
		return fmt.Errorf("the decimal number %.64s is not a %s", k.text(n, d), c.Type)
	}
	number := d.Int
	if n.Logical == pq.Unsigned {
		u := unsigned(n, d)
		if number = int64(u); number < 0 {
			return fmt.Errorf("%d is beyond an INT64", u)
		}
	}
	const exact = 1 << 53 // up to which a FLOAT64 holds every whole number
	switch {
	case c.Type == row.Int64:
		v.SetInt(number)
	case c.Type == row.Float64 && number >= -exact && number <= exact:
		v.SetFloat(float64(number))
	default:
		return fmt.Errorf("the whole number %d is not a %s", number, c.Type)
	}
	return nil
}
