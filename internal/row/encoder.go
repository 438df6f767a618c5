package row

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/descriptorpb"
)

// ValueError is a value that BigQuery would refuse, and with it the whole request that its row is
// part of. The row is to become a reject; the encoder goes on with the next one.
type ValueError struct {
	Column string // dotted path
	Reason string // for a person
}

// Error names the column and the reason.
func (e *ValueError) Error() string { return "column " + e.Column + ": " + e.Reason }

// Encoder writes records of one schema as the protobuf wire bytes of the message that Descriptor
// describes, straight from their values: no reflection, and no allocation once its buffers have
// grown. It is used by one goroutine at a time.
type Encoder struct {
	desc     *descriptorpb.DescriptorProto
	message  message
	text     []byte // scratch space of a value's text
	replaced int64
}

// message is what the encoder knows about the columns of a table or a STRUCT, or the bounds of a RANGE.
type message struct {
	heads  []head
	fields []field
}

// head is what every record asks for of a column.
type head struct {
	tag      uint32 // as it is written
	tagWidth uint8  // its bytes
	quick    quick
	required bool
}

// field is what the encoder knows about a column.
type field struct {
	head
	codec
	path    string // dotted
	mode    Mode
	message message
	width   int // bytes that the last length prefix took: the next one mostly takes as many
}

// quick says how appendMessage itself writes a value: those of the types that nearly all columns of logs have, if
// they are as they should be.
type quick uint8

const (
	byCodec quick = iota
	quickInt
	quickTime
	quickFloat
	quickText
	quickJSON
	quickTexts // a list of them
	quickInts
)

// quickOf returns how a column's values are written.
func quickOf(c *Column) quick {
	switch {
	case c.Mode == Repeated && c.Type == String:
		return quickTexts
	case c.Mode == Repeated && c.Type == Int64:
		return quickInts
	case c.Mode == Repeated:
		return byCodec
	}
	switch c.Type {
	case Int64:
		return quickInt
	case Timestamp:
		return quickTime
	case Float64:
		return quickFloat
	case JSON:
		return quickJSON
	case String:
		return quickText
	}
	return byCodec
}

// NewEncoder returns an encoder for s. The error names the column that is invalid.
func NewEncoder(s Schema) (*Encoder, error) {
	desc, err := Descriptor(s)
	if err != nil {
		return nil, err
	}
	return &Encoder{desc: desc, message: compile("", s)}, nil
}

// parts returns the fields of a column that travels as a message.
func (c *Column) parts() []Column {
	if c.Type == Range {
		return c.Bounds()
	}
	return c.Fields
}

func compile(prefix string, cols []Column) message {
	m := message{make([]head, len(cols)), make([]field, len(cols))}
	for i := range cols {
		c := &cols[i]
		f := field{codec: codecs[c.Type], path: prefix + c.Name, mode: c.Mode, width: 1}
		wire := f.wire
		if c.Mode == Repeated {
			wire = protowire.BytesType // packed, or length-delimited by itself
		}
		var tag [4]byte // enough for 10,000 columns
		width := len(protowire.AppendTag(tag[:0], protowire.Number(i+1), wire))
		f.head = head{binary.LittleEndian.Uint32(tag[:]), uint8(width), quickOf(c), c.Mode == Required}
		f.message = compile(f.path+".", c.parts())
		m.heads[i], m.fields[i] = f.head, f
	}
	return m
}

// Descriptor returns the message that describes the encoder's rows. The caller must not change it.
func (e *Encoder) Descriptor() *descriptorpb.DescriptorProto { return e.desc }

// Reset forgets how many values had something replaced, for the rows of another file.
func (e *Encoder) Reset() { e.replaced = 0 }

// Replaced returns how many STRING and JSON values had invalid UTF-8 replaced by U+FFFD, in all
// records appended since the start or the last Reset. BigQuery refuses invalid UTF-8.
func (e *Encoder) Replaced() int64 { return e.replaced }

// Append appends rec's wire bytes to dst. A NULL column is left out; so is a REPEATED column that is
// NULL or empty, which is the same in BigQuery.
//
// The error is a *ValueError if BigQuery would refuse a value; anything else means that rec was not
// made for the encoder's schema. dst is then returned with the length it had.
func (e *Encoder) Append(dst []byte, rec *Record) ([]byte, error) {
	length, replaced := len(dst), e.replaced
	dst, err := e.appendMessage(dst, &e.message, rec.Values)
	if err != nil {
		e.replaced = replaced
		return dst[:length], err
	}
	return dst, nil
}

// appendMessage appends the fields of a message. It writes most values itself, without a call for each, behind the n bytes
// of buf that are written.
func (e *Encoder) appendMessage(dst []byte, m *message, values []Value) ([]byte, error) {
	if len(values) != len(m.fields) {
		return dst, fmt.Errorf("the record has %d values for %d columns, the first of them %s", len(values), len(m.fields), m.fields[0].path)
	}
	n, buf := len(dst), dst[:cap(dst)]
	heads := m.heads[:len(values)]
	for i := range values {
		h, v := &heads[i], &values[i]
		if v.kind == KindNull {
			if h.required {
				return buf[:n], m.fields[i].refuse("is REQUIRED, but NULL")
			}
			continue
		}
		if len(buf)-n < room {
			buf = grow(buf, n, room)
		}
		to := (*[room]byte)(buf[n : n+room : n+room])
		binary.LittleEndian.PutUint32(to[:], h.tag)
		at := int(h.tagWidth & 3)
		switch {
		case v.kind == KindInt && (h.quick == quickInt || h.quick == quickTime && isTimestamp(v.Int())):
			switch num := v.num; {
			case num < 1<<7:
				to[at] = byte(num)
				n += at + 1
			case num < 1<<14:
				to[at], to[at+1] = byte(num)|0x80, byte(num>>7)
				n += at + 2
			default:
				n += at + putLongVarint(to[at:], num)
			}
		case v.kind == KindBytes && (h.quick == quickText || h.quick == quickJSON && v.checked) && (v.utf8 || validUTF8(v.raw)):
			text := v.raw
			if len(text) <= chunk && cap(text) >= chunk {
				to[at] = byte(len(text))
				copyChunk((*[chunk]byte)(to[at+1:]), (*[chunk]byte)(text[:chunk]))
				n += at + 1 + len(text)
				continue
			}
			n += at + putVarint(to[at:], uint64(len(text)))
			if len(buf)-n < len(text) {
				buf = grow(buf, n, len(text))
			}
			n += copy(buf[n:], text)
		case h.quick == quickFloat && v.kind == KindFloat:
			binary.LittleEndian.PutUint64(to[at:], v.num)
			n += at + 8
		case v.kind == KindList && len(v.list) == 0 && h.quick >= quickTexts: // as if it were NULL
		default:
			all, err := e.appendField(buf[:n], &m.fields[i], v)
			if err != nil {
				return all, err
			}
			n, buf = len(all), all[:cap(all)]
		}
	}
	return buf[:n], nil
}

// appendField appends a field with its tag, whatever the value.
func (e *Encoder) appendField(dst []byte, f *field, v *Value) ([]byte, error) {
	switch {
	case f.mode != Repeated:
		return e.appendValue(f.appendTag(dst), f, v)
	case v.kind != KindList:
		return dst, f.wrongKind(v)
	case len(v.list) == 0:
		return dst, nil
	case f.packs():
		return e.appendPacked(dst, f, v.list)
	default:
		return e.appendRepeated(dst, f, v.list)
	}
}

// appendValue appends v without its tag.
func (e *Encoder) appendValue(dst []byte, f *field, v *Value) ([]byte, error) {
	if v.kind != f.kind {
		return dst, f.wrongKind(v)
	}
	return f.append(e, dst, f, v)
}

func (e *Encoder) appendRepeated(dst []byte, f *field, list []Value) ([]byte, error) {
	var err error
	for i := range list {
		v := &list[i]
		switch {
		case v.kind == KindNull:
			return dst, f.refuse("element %d is NULL, which a REPEATED column cannot hold", i)
		case f.quick == quickTexts && v.kind == KindBytes && (v.utf8 || validUTF8(v.raw)):
			dst = append(protowire.AppendVarint(f.appendTag(dst), uint64(len(v.raw))), v.raw...)
		default:
			if dst, err = e.appendValue(f.appendTag(dst), f, v); err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

func (e *Encoder) appendPacked(dst []byte, f *field, list []Value) ([]byte, error) {
	var err error
	dst, start := f.openLength(f.appendTag(dst))
	for i := range list {
		v := &list[i]
		switch {
		case v.kind == KindNull:
			return dst, f.refuse("element %d is NULL, which a REPEATED column cannot hold", i)
		case f.quick == quickInts && v.kind == KindInt:
			dst = protowire.AppendVarint(dst, v.num)
		default:
			if dst, err = e.appendValue(dst, f, v); err != nil {
				return dst, err
			}
		}
	}
	return f.closeLength(dst, start), nil
}

func (f *field) refuse(format string, args ...any) error {
	return &ValueError{Column: f.path, Reason: fmt.Sprintf(format, args...)}
}

// wrongKind is no ValueError: rejecting every row would hide a mistake in the code.
func (f *field) wrongKind(v *Value) error {
	return fmt.Errorf("column %s: the record holds a value of kind %s, which type %s does not take", f.path, v.kind, f.describe())
}

func (f *field) describe() string {
	if f.mode == Repeated {
		return string(Repeated) + " " + string(f.typ)
	}
	return string(f.typ)
}
