package jsonlog

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/seneka-io/seneka/internal/format/coerce"
	"github.com/seneka-io/seneka/internal/row"
)

// errWithin means that the object is no record but the one that holds the array of records, of which
// the bracket was read.
var errWithin = errors.New("the records stand within")

// parser reads one object at a time into values. The values refer to b and to arena.
type parser struct {
	scanner
	top     *plan
	within  string // Layout.Within, where the object may be an outer one
	toExtra bool   // Layout.ConflictsToExtra

	arena    []byte // what of the record's values had to be decoded
	extra    []byte // the object for what has no column, but for its last bracket
	path     []byte // of the object being read, as keys of extra begin
	lower    []byte
	objects  int64 // read so far
	values   int   // in the lists of the record
	problem  error // why the record is a reject although it is JSON; the first of these reasons
	conflict error // why the value just read is none of its column's
}

// record reads the object that b begins with into the values of the columns and, behind them, of
// extra. The error is of b[i]; errMore and errWithin are such.
func (p *parser) record(b []byte, values []row.Value) error {
	p.scanner = scanner{b: b, stack: p.stack}
	p.arena, p.extra, p.path, p.problem = p.arena[:0], p.extra[:0], p.path[:0], nil
	p.values = 0
	if err := p.object(p.top, values); err != nil {
		return err
	}
	if p.problem == nil {
		p.problem = p.top.otherKind(values)
	}
	extra := &values[len(p.top.fields)]
	if len(p.extra) == 0 {
		extra.SetNull()
		return nil
	}
	p.extra = append(p.extra, '}')
	extra.SetBytes(p.extra)
	return nil
}

// object reads an object into one value for each field of the plan.
func (p *parser) object(pl *plan, values []row.Value) error {
	for i := range pl.fields {
		clearValue(&values[i])
	}
	p.objects++
	id := p.objects
	pl.begin()
	p.i++
	if p.space(); p.peek() == '}' {
		p.i++
		return nil
	}
	for {
		raw, escaped, err := p.key()
		if err != nil {
			return err
		}
		if err := p.member(pl, values, raw, escaped, id); err != nil {
			return err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			p.i++
			return nil
		default:
			return p.unexpected()
		}
	}
}

// member reads the value of a member of the object id. raw is its name as it is written.
func (p *parser) member(pl *plan, values []row.Value, raw []byte, escaped bool, id int64) error {
	name := raw
	if escaped {
		start := len(p.arena)
		p.arena = appendUnescaped(p.arena, raw)
		name = p.arena[start:]
	}
	if pl == p.top && p.peek() == '[' && p.within != "" && string(name) == p.within {
		p.i++
		return errWithin
	}
	f := pl.find(name, &p.lower)
	if f == nil {
		return p.unknown(raw)
	}
	if f.object == id { // the one before is overwritten
		p.addExtra(f.key, p.b[f.start:f.end])
	}
	mark, start := len(p.extra), p.i
	if err := p.value(f, &values[f.at]); err != nil {
		return err
	}
	f.object, f.key, f.start, f.end = id, raw, start, p.i
	if p.conflict != nil {
		values[f.at].SetNull()
		p.extra, f.object = p.extra[:mark], 0
		p.settle(f, raw, p.b[start:p.i])
	}
	return nil
}

// settle deals with a value that its column does not take.
func (p *parser) settle(f *field, key, raw []byte) {
	switch {
	case p.toExtra:
		p.addExtra(key, raw)
	case p.problem == nil:
		p.problem = fmt.Errorf("column %s: %w", f.path, p.conflict)
	}
	p.conflict = nil
}

// unknown reads the value of a member without a column into extra.
func (p *parser) unknown(key []byte) error {
	start := p.i
	p.spaced, p.half = false, false
	if err := p.any(); err != nil {
		return err
	}
	raw := p.b[start:p.i]
	if p.spaced || p.half {
		p.addExtra(key, raw)
	} else if p.openExtra(key) {
		p.extra = append(p.extra, raw...)
	}
	return nil
}

// addExtra adds a value, which was read, to extra.
func (p *parser) addExtra(key, raw []byte) {
	if p.openExtra(key) {
		p.extra = appendCompact(p.extra, raw)
	}
}

// maxExtra is how many bytes of what has no column are collected: for lists of objects its keys may
// be longer than the record. BigQuery takes no row as long as that.
const maxExtra = 10 << 20

var errExtra = fmt.Errorf("what has no column takes over %d bytes", maxExtra)

// openExtra begins a member of extra, unless there is no room. key is as it is written in the object
// at path.
func (p *parser) openExtra(key []byte) (ok bool) {
	if len(p.extra) > maxExtra {
		if p.problem == nil {
			p.problem = errExtra
		}
		return false
	}
	open := byte(',')
	if len(p.extra) == 0 {
		open = '{'
	}
	p.extra = append(p.extra, open, '"')
	p.extra = append(p.extra, p.path...)
	p.extra = appendWhole(p.extra, key)
	p.extra = append(p.extra, '"', ':')
	return true
}

// any reads a value of any kind.
func (p *parser) any() error {
	err := p.skip()
	if p.deep && p.problem == nil {
		p.problem = errNesting
	}
	return err
}

// value reads the value of f's member.
func (p *parser) value(f *field, v *row.Value) error {
	if !f.list {
		length := len(p.path)
		if f.plan != nil {
			p.path = append(append(p.path, f.member...), '.')
		}
		err := p.single(f, v)
		p.path = p.path[:length]
		return err
	}
	switch p.peek() {
	case 'n': // as BigQuery has no lists that are NULL, it is the empty one
		v.SetNull()
		return p.literal()
	case '[':
	default:
		return p.refuse(f, v)
	}
	start := p.i
	if err := p.list(f, v); err != nil || p.conflict == nil {
		return err
	}
	p.i = start
	return p.any()
}

// maxValues is how many values the lists of a record may hold: a value takes far more memory than
// its text, and a row as long as BigQuery takes has no more in any real log.
const maxValues = 256 << 10

var errValues = fmt.Errorf("the record's lists hold over %d values", maxValues)

// kept is how many elements of a list have their memory kept for the next record.
const kept = 4096

// clearValue makes v NULL.
func clearValue(v *row.Value) {
	v.SetNull()
	if cap(v.List()) > kept {
		*v = row.Value{}
	}
}

var errNullElement = errors.New("an element is null, which a list cannot hold")

// list reads an array into the elements of a list. At one that f does not take it stops.
func (p *parser) list(f *field, v *row.Value) error {
	v.SetList()
	p.i++
	if p.space(); p.peek() == ']' {
		p.i++
		return nil
	}
	length := len(p.path)
	defer func() { p.path = p.path[:length] }()
	for n := int64(0); ; n++ {
		p.space()
		if f.plan != nil {
			p.path = append(append(p.path[:length], f.member...), '[')
			p.path = append(strconv.AppendInt(p.path, n, 10), ']', '.')
		}
		if p.values += 1 + f.width; p.values > maxValues {
			p.conflict = errValues
			return nil
		}
		element := v.Append()
		clearValue(element)
		if err := p.single(f, element); err != nil || p.conflict != nil {
			return err
		}
		if element.IsNull() {
			p.conflict = errNullElement
			return nil
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case ']':
			p.i++
			return nil
		default:
			return p.unexpected()
		}
	}
}

// single reads a value of f's type.
func (p *parser) single(f *field, v *row.Value) error {
	c := p.peek()
	switch {
	case c == 'n':
		v.SetNull()
		return p.literal()
	case f.column.Type == row.JSON:
		return p.json(v)
	case f.plan != nil && c == '{':
		v.SetList()
		for range f.plan.fields {
			v.Append()
		}
		return p.object(f.plan, v.List())
	case c == '"' && f.column.Type != row.Struct:
		return p.text(f, v)
	case c == '"' || c == '{' || c == '[' || f.plan != nil:
		return p.refuse(f, v)
	case c == 't' || c == 'f':
		return p.boolean(f, v, c == 't')
	}
	text, err := p.number()
	if err != nil {
		return err
	}
	if f.set != nil {
		p.conflict = f.set(v, text)
	} else {
		p.conflict = coerce.Number(v, &f.column, text)
	}
	return nil
}

// json reads a value of any kind as its text, without spaces between tokens.
func (p *parser) json(v *row.Value) error {
	start := p.i
	p.spaced, p.half = false, false
	if err := p.any(); err != nil {
		return err
	}
	raw := p.b[start:p.i]
	if p.spaced || p.half {
		start := len(p.arena)
		p.arena = appendCompact(p.arena, raw)
		raw = p.arena[start:]
	}
	v.SetBytes(raw)
	return nil
}

// text reads a string.
func (p *parser) text(f *field, v *row.Value) error {
	text, escaped, err := p.str()
	if err != nil {
		return err
	}
	if escaped {
		start := len(p.arena)
		p.arena = appendUnescaped(p.arena, text)
		text = p.arena[start:]
	}
	if f.set != nil {
		p.conflict = f.set(v, text)
	} else {
		p.arena, p.conflict = coerce.String(p.arena, v, &f.column, text)
	}
	return nil
}

// boolean reads true or false.
func (p *parser) boolean(f *field, v *row.Value, value bool) error {
	start := p.i
	if err := p.literal(); err != nil {
		return err
	}
	if f.set != nil {
		p.conflict = f.set(v, p.b[start:p.i])
	} else {
		p.conflict = coerce.Bool(v, &f.column, value)
	}
	return nil
}

// refuse reads a value of a kind that f does not take.
func (p *parser) refuse(f *field, v *row.Value) error {
	kind := "a scalar"
	switch p.peek() {
	case '{':
		kind = "an object"
	case '[':
		kind = "an array"
	}
	if err := p.any(); err != nil {
		return err
	}
	v.SetNull()
	if f.list {
		p.conflict = fmt.Errorf("%s, where a list of %s is wanted", kind, f.column.Type)
	} else {
		p.conflict = fmt.Errorf("%s, where %s is wanted", kind, article(f.column.Type))
	}
	return nil
}

func article(t row.Type) string {
	if t == row.Int64 || t == row.Interval {
		return "an " + string(t)
	}
	return "a " + string(t)
}
