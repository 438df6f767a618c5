package jsonlog

import (
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// plan is how the members of one kind of object become values. A decoder has plans of its own: they
// remember the last object.
type plan struct {
	fields []*field
	names  map[string]*field
	folded map[string]*field // by lower-case name; nil: the case of letters matters
	needed []*field          // essential ones: a record has one of them
	last   *field            // that a member was found for
	first  field             // stands before the first one: its follower is
}

// field is a column and what the parser knows of it.
type field struct {
	column row.Column
	member string
	path   string // dotted
	at     int    // index among the values of its object
	list   bool   // is REPEATED
	set    func(v *row.Value, text []byte) error
	plan   *plan // of the members of a STRUCT, or of a RANGE
	width  int   // how many fields that has

	follower *field // whose member came behind this one's last time
	// Where the member stands in the object being read.
	object     int64 // which one that is
	key        []byte
	start, end int
}

// compile makes the plan of an object with these columns at path.
func compile(columns []Column, path string, fold bool) *plan {
	pl := &plan{names: make(map[string]*field, len(columns))}
	if fold {
		pl.folded = make(map[string]*field, len(columns))
	}
	for i := range columns {
		c := &columns[i]
		f := &field{column: c.Column, member: c.Member, path: path + c.Name, at: i, list: c.Mode == row.Repeated, set: c.Set}
		if f.member == "" {
			f.member = c.Name
		}
		switch c.Type {
		case row.Struct:
			f.plan = compile(c.Fields, f.path+".", fold)
		case row.Range:
			f.plan = compile(Of(c.Bounds()), f.path+".", fold)
		}
		pl.fields = append(pl.fields, f)
		if f.plan != nil {
			f.width = len(f.plan.fields)
		}
		if c.derived {
			continue
		}
		if c.essential {
			pl.needed = append(pl.needed, f)
		}
		pl.names[f.member] = f
		if fold {
			pl.folded[strings.ToLower(f.member)] = f
		}
	}
	return pl
}

// otherKind returns why the values are not of the kind of record that is wanted; nil if they are.
func (pl *plan) otherKind(values []row.Value) error {
	for _, f := range pl.needed {
		if !values[f.at].IsNull() {
			return nil
		}
	}
	switch n := len(pl.needed); n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("another kind of record: it has no %s", pl.needed[0].member)
	default:
		return fmt.Errorf("another kind of record: it has neither %s nor %s", pl.needed[0].member, pl.needed[1].member)
	}
}

// begin starts an object.
func (pl *plan) begin() { pl.last = &pl.first }

// find returns the field of a member, or nil. Members mostly come in the order of the object before.
func (pl *plan) find(name []byte, lower *[]byte) *field {
	if f := pl.last.follower; f != nil && f.member == string(name) {
		pl.last = f
		return f
	}
	f := pl.names[string(name)]
	if f == nil && pl.folded != nil {
		*lower = appendLower((*lower)[:0], name)
		f = pl.folded[string(*lower)]
	}
	if f != nil {
		pl.last.follower = f
		pl.last = f
	}
	return f
}

// appendLower appends name with its ASCII letters in lower case: column names have no others.
func appendLower(dst, name []byte) []byte {
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
