package row

import (
	"bytes"
	"math"
	"time"
)

// Kind is what a Value holds.
type Kind uint8

// The kinds of a Value. Which kind a column takes follows from its type: see Encoder.
const (
	KindNull Kind = iota
	// KindInt is BOOL (0, 1), INT64, DATE (days since 1970-01-01), TIMESTAMP (µs since 1970-01-01
	// UTC), DATETIME (µs since 1970-01-01 on the same clock) and TIME (µs since midnight).
	KindInt
	// KindFloat is FLOAT64.
	KindFloat
	// KindBytes is STRING, BYTES, and the text of JSON, of NUMERIC and BIGNUMERIC (decimal, such as
	// "-12.50" or "1e-9", no digit beyond the column's scale but zeros), of INTERVAL (see
	// ParseInterval) and of GEOGRAPHY (see AppendWKT).
	KindBytes
	// KindList is a REPEATED column's elements, a STRUCT's fields in schema order, or the start and
	// the end of a RANGE, NULL where it is unbounded.
	KindList
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case KindInt:
		return "int"
	case KindFloat:
		return "float"
	case KindBytes:
		return "bytes"
	case KindList:
		return "list"
	default:
		return "null"
	}
}

// Value is one value of a record. Its memory is reused from one record to the next: what a setter
// is given must stay unchanged until the record is encoded, no longer; and nobody may write, in another goroutine, to
// what stands behind it in the same memory, up to its capacity: that is read along.
type Value struct {
	kind    Kind
	checked bool   // raw is JSON that CheckJSON has nothing against
	utf8    bool   // raw is known to be UTF-8
	num     uint64 // an integer's bits, or a float's
	raw     []byte
	list    []Value
} // 64 bytes, a line of the processor's cache: records are passed over again and again

// Kind returns what v holds.
func (v *Value) Kind() Kind { return v.kind }

// IsNull reports whether v is NULL.
func (v *Value) IsNull() bool { return v.kind == KindNull }

// Int returns the integer of a KindInt value.
func (v *Value) Int() int64 { return int64(v.num) }

// Float returns the number of a KindFloat value.
func (v *Value) Float() float64 { return math.Float64frombits(v.num) }

// Bytes returns the bytes of a KindBytes value, and nil of any other. They belong to the record.
func (v *Value) Bytes() []byte {
	if v.kind != KindBytes {
		return nil
	}
	return v.raw
}

// List returns the elements of a KindList value, and nil of any other. They belong to the record.
func (v *Value) List() []Value {
	if v.kind != KindList {
		return nil
	}
	return v.list
}

// SetNull makes v NULL.
func (v *Value) SetNull() { v.kind = KindNull }

// SetInt makes v an integer: see KindInt for what it means by type.
func (v *Value) SetInt(n int64) { v.kind, v.num = KindInt, uint64(n) }

// SetBool makes v a boolean.
func (v *Value) SetBool(b bool) {
	v.kind, v.num = KindInt, 0
	if b {
		v.num = 1
	}
}

// SetFloat makes v a FLOAT64.
func (v *Value) SetFloat(f float64) { v.kind, v.num = KindFloat, math.Float64bits(f) }

// SetBytes makes v the text or bytes b, which it keeps a reference to.
func (v *Value) SetBytes(b []byte) { v.kind, v.checked, v.utf8, v.raw = KindBytes, false, false, b }

// SetText is SetBytes. If utf8 is set, the caller knows that b is UTF-8, and the encoder does not look whether it is.
func (v *Value) SetText(b []byte, utf8 bool) {
	v.kind, v.checked, v.utf8, v.raw = KindBytes, false, utf8, b
}

// SetJSON is SetBytes for the text of a JSON value of which the caller knows that CheckJSON has nothing against
// it: the encoder does not look at it again.
func (v *Value) SetJSON(text []byte) { v.kind, v.checked, v.utf8, v.raw = KindBytes, true, false, text }

// SetTime makes v the TIMESTAMP t, or the DATETIME that t's UTC clock shows, cut to whole microseconds.
func (v *Value) SetTime(t time.Time) { v.kind, v.num = KindInt, uint64(t.UnixMicro()) }

// SetList makes v an empty list, to be filled by Append.
func (v *Value) SetList() { v.kind, v.list = KindList, v.list[:0] }

// Append adds a NULL element to v's list and returns it to be set. The pointer is good until the
// next Append to the same list.
func (v *Value) Append() *Value {
	if n := len(v.list); n < cap(v.list) {
		v.list = v.list[:n+1]
		v.list[n].SetNull()
	} else {
		v.list = append(v.list, Value{})
	}
	return &v.list[len(v.list)-1]
}

// Record is one parsed record: a value for each column of a schema, in schema order, and where in
// its file it stood. Decoders fill the same Record again and again.
type Record struct {
	Values []Value
	Line   int64  // 1-based number of the record in its file
	Offset int64  // bytes before the record in the decompressed file
	Raw    []byte // the record's own bytes, kept if it becomes a reject; they belong to the decoder
}

// NewRecord returns a record of n NULL columns.
func NewRecord(n int) *Record { return &Record{Values: make([]Value, n)} }

// Reset makes the first n values NULL.
func (r *Record) Reset(n int) {
	for i := range r.Values[:n] {
		r.Values[i].SetNull()
	}
}

// CloneValues returns a copy of values that stays as it is whatever becomes of the record.
func CloneValues(values []Value) []Value {
	copies := make([]Value, len(values))
	for i, v := range values {
		copies[i] = Value{kind: v.kind, checked: v.checked, utf8: v.utf8, num: v.num, raw: bytes.Clone(v.Bytes()), list: CloneValues(v.List())}
	}
	return copies
}
