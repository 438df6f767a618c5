package pq

import "slices"

// Kind is how a column's values lie in the file.
type Kind int8

// The physical types of Parquet, by their numbers in it; and Group, which is none.
const (
	Boolean Kind = iota
	Int32
	Int64
	Int96
	Float
	Double
	ByteArray
	FixedLenByteArray
	Group Kind = -1
)

// Repetition says how often a field may be there.
type Repetition int8

// The repetitions, by their numbers in Parquet.
const (
	Required Repetition = iota
	Optional
	Repeated
)

// Logical is what a column's values mean.
type Logical uint8

// The logical types. What a file says that does not go with the physical type is None.
const (
	None Logical = iota
	String
	Enum
	JSON
	UUID
	Decimal
	Date
	Time
	Timestamp
	Unsigned
	Float16
	List
	Map
	Null // no value is there
)

// Node is a field of the schema: a column, or a group of fields.
type Node struct {
	Name       string
	Kind       Kind
	Repetition Repetition
	Logical    Logical
	Length     int   // of FixedLenByteArray in bytes
	Precision  int   // of Decimal: digits, and of these
	Scale      int   // behind the point
	Unit       int64 // of Time and Timestamp: so many in a second
	Local      bool  // of Time and Timestamp: of no time zone
	Bits       int   // of Unsigned
	Children   []*Node

	first, end     int // leaves below, or itself
	maxDef, maxRep int
}

// maxNesting is how deep fields may lie in each other; BigQuery takes 15, and lists of Parquet lie
// two deeper than theirs.
const maxNesting = 64

// schemaBuilder makes the tree of the list that a file holds.
type schemaBuilder struct {
	rest   []element
	leaves []*Node
}

func buildSchema(all []element) (root *Node, leaves []*Node, err error) {
	b := &schemaBuilder{rest: all}
	if len(all) == 0 || all[0].kind >= 0 && all[0].children == 0 {
		return nil, nil, broken("it has no schema")
	}
	all[0].repetition, all[0].kind = int64(Required), -1
	root, err = b.node(0, 0, 0)
	switch {
	case err != nil:
		return nil, nil, err
	case len(b.rest) > 0:
		return nil, nil, broken("%d elements of its schema are no field of another", len(b.rest))
	case len(b.leaves) == 0:
		return nil, nil, broken("it has no columns")
	}
	return root, b.leaves, nil
}

// node makes the next node, and those below it.
func (b *schemaBuilder) node(depth, maxDef, maxRep int) (*Node, error) {
	switch {
	case len(b.rest) == 0:
		return nil, broken("its schema ends within a group")
	case depth > maxNesting:
		return nil, refused("its schema is nested more than %d deep", maxNesting)
	}
	e := &b.rest[0]
	b.rest = b.rest[1:]
	if e.repetition < 0 || e.repetition > int64(Repeated) || e.kind > int64(FixedLenByteArray) {
		return nil, broken("field %.64q has repetition %d and type %d", e.name, e.repetition, e.kind)
	}
	n := &Node{Name: e.name, Kind: Kind(e.kind), Repetition: Repetition(e.repetition), first: len(b.leaves)}
	if n.Repetition != Required {
		maxDef++
	}
	if n.Repetition == Repeated {
		maxRep++
	}
	n.maxDef, n.maxRep = maxDef, maxRep
	if e.kind >= 0 {
		return n, b.leaf(n, e)
	}
	n.Kind = Group
	if e.children <= 0 || e.children > int64(len(b.rest)) {
		return nil, broken("group %.64q says that it has %d fields", e.name, e.children)
	}
	n.Logical = e.groupType()
	for range e.children {
		c, err := b.node(depth+1, maxDef, maxRep)
		if err != nil {
			return nil, err
		}
		n.Children = append(n.Children, c)
	}
	n.end = len(b.leaves)
	return n, nil
}

func (b *schemaBuilder) leaf(n *Node, e *element) error {
	if n.Kind == FixedLenByteArray {
		if e.length <= 0 || e.length > maxPage {
			return broken("column %.64q has values of %d bytes", e.name, e.length)
		}
		n.Length = int(e.length)
	}
	b.leaves = append(b.leaves, n)
	n.end = len(b.leaves)
	e.describe(n)
	return nil
}

// groupType returns what a group means.
func (e *element) groupType() Logical {
	switch {
	case e.logical.id == 3, e.converted == 3:
		return List
	case e.logical.id == 2, e.converted == 1, e.converted == 2:
		return Map
	}
	return None
}

// logicals are the ids of LogicalType with no parameters, and the kinds that they go with.
var logicals = map[int64]struct {
	logical Logical
	kind    Kind
	length  int
}{
	1: {String, ByteArray, 0}, 4: {Enum, ByteArray, 0}, 12: {JSON, ByteArray, 0},
	6: {Date, Int32, 0}, 14: {UUID, FixedLenByteArray, 16}, 15: {Float16, FixedLenByteArray, 2},
}

// converted are the ids of LogicalType that stand for those of ConvertedType.
var converted = map[int64]logicalType{
	0: {id: 1}, 4: {id: 4}, 5: {id: 5}, 6: {id: 6}, 19: {id: 12},
	7: {id: 7, unit: 1}, 8: {id: 7, unit: 2}, 9: {id: 8, unit: 1}, 10: {id: 8, unit: 2},
	11: {id: 10, bits: 8, unsigned: true}, 12: {id: 10, bits: 16, unsigned: true},
	13: {id: 10, bits: 32, unsigned: true}, 14: {id: 10, bits: 64, unsigned: true},
}

// describe says what the values of a column mean, as far as that goes with how they lie there.
func (e *element) describe(n *Node) {
	l := e.logical
	if l.id == 0 {
		l = converted[e.converted]
		l.scale, l.precision = e.scale, e.precision
	}
	whole := n.Kind == Int32 || n.Kind == Int64
	switch l.id {
	case 5:
		if (whole || n.Kind == ByteArray || n.Kind == FixedLenByteArray) && l.scale >= 0 && l.precision >= l.scale && l.precision > 0 && l.precision <= maxDigits {
			n.Logical, n.Precision, n.Scale = Decimal, int(l.precision), int(l.scale)
		}
	case 7, 8:
		n.clock(&l)
	case 10:
		if bits := map[Kind]int64{Int32: 32, Int64: 64}[n.Kind]; l.unsigned && l.bits > 0 && l.bits <= bits {
			n.Logical, n.Bits = Unsigned, int(l.bits)
		}
	case 11:
		n.Logical = Null
	default:
		if want, ok := logicals[l.id]; ok && want.kind == n.Kind && (want.length == 0 || want.length == n.Length) {
			n.Logical = want.logical
		}
	}
}

// maxDigits bounds decimals; BIGNUMERIC has 77.
const maxDigits = 1000

// clock makes a column one of times.
func (n *Node) clock(l *logicalType) {
	units := []int64{0, 1_000, 1_000_000, 1_000_000_000}
	if l.unit < 1 || l.unit > 3 {
		return
	}
	switch {
	case l.id == 8 && n.Kind == Int64:
		n.Logical = Timestamp
	case l.id == 7 && (n.Kind == Int64 && l.unit > 1 || n.Kind == Int32 && l.unit == 1):
		n.Logical = Time
	default:
		return
	}
	n.Unit, n.Local = units[l.unit], l.local
}

// path returns the names from the root to a leaf, for a person.
func (n *Node) path(leaf int) string {
	name := n.Name
	i := slices.IndexFunc(n.Children, func(c *Node) bool { return c.first <= leaf && leaf < c.end })
	if i < 0 {
		return name
	}
	return name + "." + n.Children[i].path(leaf)
}
