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
	fields   []field
	text     []byte // scratch space of a value's text
	replaced int64
}

// field is what the encoder knows about a column. What every record asks for stands first.
type field struct {
	quick    quick
	required bool
	tagWidth uint8  // bytes of the tag
	tag      uint32 // as it is written
	codec
	path   string // dotted
	mode   Mode
	fields []field // of a STRUCT, or the bounds of a RANGE
	width  int     // bytes that the last length prefix took: the next one mostly takes as many
}

// quick says how appendFields itself writes a value: those of the types that nearly all columns of logs have, if
// they are as they should be.
type quick uint8

const (
	byCodec quick = iota
	quickInt
	quickTime
	quickFloat
	quickText
	quickJSON
)

// quickOf returns how a column's values are written.
func quickOf(c *Column) quick {
	if c.Mode == Repeated {
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
	return &Encoder{desc: desc, fields: compile("", s)}, nil
}

// message returns the fields of a column that travels as a message.
func (c *Column) message() []Column {
	if c.Type == Range {
		return c.Bounds()
	}
	return c.Fields
}

func compile(prefix string, cols []Column) []field {
	fields := make([]field, len(cols))
	for i := range cols {
		c := &cols[i]
		f := field{codec: codecs[c.Type], path: prefix + c.Name, mode: c.Mode, width: 1, quick: quickOf(c), required: c.Mode == Required}
		wire := f.wire
		if c.Mode == Repeated {
			wire = protowire.BytesType // packed, or length-delimited by itself
		}
		var tag [4]byte // enough for 10,000 columns
		f.tagWidth = uint8(len(protowire.AppendTag(tag[:0], protowire.Number(i+1), wire)))
		f.tag = binary.LittleEndian.Uint32(tag[:])
		f.fields = compile(f.path+".", c.message())
		fields[i] = f
	}
	return fields
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
	dst, err := e.appendFields(dst, e.fields, rec.Values)
	if err != nil {
		e.replaced = replaced
		return dst[:length], err
	}
	return dst, nil
}

func (e *Encoder) appendFields(dst []byte, fields []field, values []Value) ([]byte, error) {
	if len(values) != len(fields) {
		return dst, fmt.Errorf("the record has %d values for %d columns, the first of them %s", len(values), len(fields), fields[0].path)
	}
	var err error
	for i := range fields {
		f, v := &fields[i], &values[i]
		if v.kind == KindNull {
			if f.required {
				return dst, f.refuse("is REQUIRED, but NULL")
			}
			continue
		}
		switch {
		case v.kind == KindBytes && (f.quick == quickText || f.quick == quickJSON && v.checked) && (v.utf8 || validUTF8(v.raw)):
			dst = f.appendText(dst, v.raw)
		case v.kind == KindInt && (f.quick == quickInt || f.quick == quickTime && isTimestamp(v.Int())):
			dst = f.appendNumber(dst, v.num)
		case f.quick == quickFloat && v.kind == KindFloat:
			dst = binary.LittleEndian.AppendUint64(f.appendTag(dst), v.num)
		case f.mode != Repeated:
			dst, err = e.appendValue(f.appendTag(dst), f, v)
		case v.kind != KindList:
			err = f.wrongKind(v)
		case len(v.list) > 0 && f.packs():
			dst, err = e.appendPacked(dst, f, v.list)
		default:
			dst, err = e.appendRepeated(dst, f, v.list)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
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
		if list[i].kind == KindNull {
			return dst, f.refuse("element %d is NULL, which a REPEATED column cannot hold", i)
		}
		dst, err = e.appendValue(f.appendTag(dst), f, &list[i])
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (e *Encoder) appendPacked(dst []byte, f *field, list []Value) ([]byte, error) {
	var err error
	dst, start := f.openLength(f.appendTag(dst))
	for i := range list {
		if list[i].kind == KindNull {
			return dst, f.refuse("element %d is NULL, which a REPEATED column cannot hold", i)
		}
		if dst, err = e.appendValue(dst, f, &list[i]); err != nil {
			return dst, err
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
