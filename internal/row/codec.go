package row

import (
	"encoding/binary"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/descriptorpb"
)

// codec is all there is to know about a type: adding one is adding a line to codecs.
type codec struct {
	typ   Type
	proto descriptorpb.FieldDescriptorProto_Type
	wire  protowire.Type
	kind  Kind // that a value must have
	// append appends v, which is of the codec's kind, without a tag.
	append func(e *Encoder, dst []byte, f *field, v *Value) ([]byte, error)
}

var codecs = map[Type]codec{
	Bool:       {Bool, descriptorpb.FieldDescriptorProto_TYPE_BOOL, protowire.VarintType, KindInt, appendBool},
	Int64:      {Int64, descriptorpb.FieldDescriptorProto_TYPE_INT64, protowire.VarintType, KindInt, appendInt64},
	Float64:    {Float64, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE, protowire.Fixed64Type, KindFloat, appendFloat64},
	Numeric:    {Numeric, descriptorpb.FieldDescriptorProto_TYPE_BYTES, protowire.BytesType, KindBytes, appendNumeric},
	BigNumeric: {BigNumeric, descriptorpb.FieldDescriptorProto_TYPE_BYTES, protowire.BytesType, KindBytes, appendBigNumeric},
	String:     {String, descriptorpb.FieldDescriptorProto_TYPE_STRING, protowire.BytesType, KindBytes, appendString},
	Bytes:      {Bytes, descriptorpb.FieldDescriptorProto_TYPE_BYTES, protowire.BytesType, KindBytes, appendBytes},
	Date:       {Date, descriptorpb.FieldDescriptorProto_TYPE_INT32, protowire.VarintType, KindInt, appendDate},
	Datetime:   {Datetime, descriptorpb.FieldDescriptorProto_TYPE_INT64, protowire.VarintType, KindInt, appendDatetime},
	Time:       {Time, descriptorpb.FieldDescriptorProto_TYPE_INT64, protowire.VarintType, KindInt, appendTime},
	Timestamp:  {Timestamp, descriptorpb.FieldDescriptorProto_TYPE_INT64, protowire.VarintType, KindInt, appendTimestamp},
	JSON:       {JSON, descriptorpb.FieldDescriptorProto_TYPE_STRING, protowire.BytesType, KindBytes, appendJSON},
	Geography:  {Geography, descriptorpb.FieldDescriptorProto_TYPE_STRING, protowire.BytesType, KindBytes, appendGeography},
	Interval:   {Interval, descriptorpb.FieldDescriptorProto_TYPE_STRING, protowire.BytesType, KindBytes, appendInterval},
	Range:      {Range, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, protowire.BytesType, KindList, appendRange},
	Struct:     {Struct, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, protowire.BytesType, KindList, appendStruct},
}

// packs reports whether a REPEATED column of the type is written as one packed field.
func (c *codec) packs() bool { return c.wire != protowire.BytesType }

// The ranges of DATE, in days since 1970-01-01, and of TIMESTAMP and DATETIME, in microseconds since
// then: 0001-01-01 to 9999-12-31 23:59:59.999999; and of TIME, in microseconds since midnight
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types).
const (
	MinDate      = -719162
	MaxDate      = 2932896
	MinTimestamp = -62135596800000000
	MaxTimestamp = 253402300799999999
	MinTime      = 0
	MaxTime      = 86399999999
)

func isTimestamp(micros int64) bool { return micros >= MinTimestamp && micros <= MaxTimestamp }

func appendBool(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if v.Int() != 0 && v.Int() != 1 {
		return dst, f.refuse("a BOOL is 0 or 1, not %d", v.Int())
	}
	return append(dst, byte(v.Int())), nil
}

func appendInt64(_ *Encoder, dst []byte, _ *field, v *Value) ([]byte, error) {
	return protowire.AppendVarint(dst, v.num), nil
}

func appendFloat64(_ *Encoder, dst []byte, _ *field, v *Value) ([]byte, error) {
	return protowire.AppendFixed64(dst, v.num), nil
}

func appendDate(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if v.Int() < MinDate || v.Int() > MaxDate {
		return dst, f.refuse("day %d since 1970-01-01 is outside 0001-01-01 to 9999-12-31", v.Int())
	}
	return protowire.AppendVarint(dst, v.num), nil
}

func appendTimestamp(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if !isTimestamp(v.Int()) {
		return dst, f.refuse("microsecond %d since 1970-01-01 is outside 0001-01-01 00:00:00 to 9999-12-31 23:59:59.999999", v.Int())
	}
	return protowire.AppendVarint(dst, v.num), nil
}

func appendBytes(_ *Encoder, dst []byte, _ *field, v *Value) ([]byte, error) {
	return protowire.AppendBytes(dst, v.raw), nil
}

func appendString(e *Encoder, dst []byte, _ *field, v *Value) ([]byte, error) {
	if v.utf8 || validUTF8(v.raw) {
		return protowire.AppendBytes(dst, v.raw), nil
	}
	e.text = appendValidUTF8(e.text[:0], v.raw)
	e.replaced++
	return protowire.AppendBytes(dst, e.text), nil
}

func appendJSON(e *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if v.checked {
		return appendString(e, dst, f, v)
	}
	if err := checkJSON(v.raw); err != nil {
		return dst, f.refuse("no JSON that BigQuery takes: %v", err)
	}
	return appendString(e, dst, f, v)
}

func appendStruct(e *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	dst, start := f.openLength(dst)
	dst, err := e.appendMessage(dst, &f.message, v.list)
	if err != nil {
		return dst, err
	}
	return f.closeLength(dst, start), nil
}

// appendRange writes the two bounds as the fields of a message, leaving out where there is none.
func appendRange(e *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	if len(v.list) == 2 && v.list[0].kind == KindInt && v.list[1].kind == KindInt && v.list[0].Int() >= v.list[1].Int() {
		return dst, f.refuse("a RANGE starts before it ends, but %d is not less than %d", v.list[0].Int(), v.list[1].Int())
	}
	return appendStruct(e, dst, f, v)
}

func appendInterval(e *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	i, err := ParseInterval(v.raw)
	if err != nil {
		return dst, f.refuse("%v", err)
	}
	e.text = i.Append(e.text[:0])
	return protowire.AppendBytes(dst, e.text), nil
}

func appendGeography(e *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	var err error
	if e.text, err = AppendWKT(e.text[:0], v.raw); err != nil {
		return dst, f.refuse("%v", err)
	}
	return protowire.AppendBytes(dst, v.raw), nil
}

// openLength leaves room for the length of what is appended next, and returns where that starts.
// Moving the rare body whose length takes another width is cheaper than a pass that adds up sizes.
func (f *field) openLength(dst []byte) ([]byte, int) {
	var room [binary.MaxVarintLen64]byte
	dst = append(dst, room[:f.width]...)
	return dst, len(dst)
}

// closeLength writes the length of dst[start:] in front of it, moving it if the room left by
// openLength does not fit.
func (f *field) closeLength(dst []byte, start int) []byte {
	length := len(dst) - start
	width := protowire.SizeVarint(uint64(length))
	begin := start - f.width
	if width != f.width {
		var room [binary.MaxVarintLen64]byte
		dst = append(dst, room[:width]...)
		copy(dst[begin+width:], dst[start:start+length])
		dst = dst[:begin+width+length]
		f.width = width
	}
	protowire.AppendVarint(dst[:begin], uint64(length))
	return dst
}

// appendValidUTF8 appends src to dst, each run of bytes that are no UTF-8 as one U+FFFD.
func appendValidUTF8(dst, src []byte) []byte {
	inRun := false
	for i := 0; i < len(src); {
		_, n := utf8.DecodeRune(src[i:])
		valid := n > 1 || src[i] < utf8.RuneSelf
		switch {
		case valid:
			dst = append(dst, src[i:i+n]...)
		case !inRun:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		inRun = !valid
		i += n
	}
	return dst
}
