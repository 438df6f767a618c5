package pq

import (
	"fmt"

	"github.com/seneka-io/seneka/internal/errkind"
)

// broken returns the error of a file that is not what its format says.
func broken(text string, args ...any) error {
	return errkind.With(errkind.Permanent, fmt.Errorf("the Parquet file is broken: "+text, args...))
}

// refused returns the error of a file that is whole, and more than is read.
func refused(text string, args ...any) error {
	return errkind.With(errkind.Permanent, fmt.Errorf("the Parquet file cannot be read: "+text, args...))
}

// The types of Thrift's compact protocol
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeInt64  = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
)

// maxDepth is how deep structs and lists may lie in each other; those of Parquet lie six deep.
const maxDepth = 32

// thrift reads the compact protocol. What it returns refers to b. After the first error it returns
// zeros.
type thrift struct {
	b     []byte
	pos   int
	depth int
	err   error
	short bool // the error is that b ends
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.pos = len(t.b)
}

// take returns the next n bytes.
func (t *thrift) take(n uint64) []byte {
	if n > uint64(len(t.b)-t.pos) {
		if t.err == nil {
			t.short = true
		}
		t.fail(broken("its metadata ends within a value"))
		return nil
	}
	b := t.b[t.pos : t.pos+int(n)]
	t.pos += int(n)
	return b
}

func (t *thrift) byte() byte {
	if b := t.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (t *thrift) uvarint() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := t.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	t.fail(broken("a number of its metadata has more than 64 bits"))
	return 0
}

func (t *thrift) varint() int64 {
	n := t.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// int returns a whole number, of whatever width.
func (t *thrift) int(typ byte) int64 {
	switch {
	case typ == typeByte:
		return int64(int8(t.byte()))
	case typ > typeByte && typ <= typeInt64:
		return t.varint()
	}
	t.fail(broken("its metadata has a value of type %d for a number", typ))
	return 0
}

// binary returns bytes.
func (t *thrift) binary(typ byte) []byte {
	if typ != typeBinary {
		t.fail(broken("its metadata has a value of type %d for a text", typ))
		return nil
	}
	return t.take(t.uvarint())
}

// enter goes one level down. It reports whether it may.
func (t *thrift) enter(typ, want byte) bool {
	if typ != want {
		t.fail(broken("its metadata has a value of type %d for one of type %d", typ, want))
	}
	if t.depth++; t.depth > maxDepth {
		t.fail(broken("its metadata is nested more than %d deep", maxDepth))
	}
	return t.err == nil
}

// object reads a struct of that type: field is called for each of its fields, and reads or skips it.
func (t *thrift) object(typ byte, field func(id int64, typ byte)) {
	if !t.enter(typ, typeStruct) {
		return
	}
	id := int64(0)
	for t.err == nil {
		h := t.byte()
		if h == 0 {
			break
		}
		if delta := h >> 4; delta != 0 {
			id += int64(delta)
		} else {
			id = t.varint()
		}
		field(id, h&0xf)
	}
	t.depth--
}

// list reads a list: element is called for each of its elements, and reads or skips it.
func (t *thrift) list(typ byte, element func(typ byte)) {
	if !t.enter(typ, typeList) {
		return
	}
	n, of := t.listHead()
	for ; n > 0 && t.err == nil; n-- {
		element(of)
	}
	t.depth--
}

// listHead returns how many elements a list has, and of what type.
func (t *thrift) listHead() (n uint64, of byte) {
	h := t.byte()
	n, of = uint64(h>>4), h&0xf
	if n == 15 {
		n = t.uvarint()
	}
	if n > uint64(len(t.b)-t.pos) { // each takes a byte at least
		t.short = t.err == nil
		t.fail(broken("a list of its metadata says that it has %d elements", n))
	}
	return n, of
}

// skip passes over a field's value.
func (t *thrift) skip(typ byte) {
	switch typ {
	case typeTrue, typeFalse:
	case typeDouble:
		t.take(8)
	case typeBinary:
		t.binary(typ)
	case typeList, typeSet:
		t.list(typeList, t.skipElement)
	case typeMap:
		t.skipMap()
	case typeStruct:
		t.object(typ, func(_ int64, typ byte) { t.skip(typ) })
	default:
		t.int(typ)
	}
}

// skipElement passes over an element of a list or a map, where booleans take a byte.
func (t *thrift) skipElement(typ byte) {
	if typ == typeTrue || typ == typeFalse {
		t.byte()
		return
	}
	t.skip(typ)
}

func (t *thrift) skipMap() {
	n := t.uvarint()
	if n == 0 {
		return
	}
	types := t.byte()
	if !t.enter(typeMap, typeMap) {
		return
	}
	for ; n > 0 && t.err == nil; n-- {
		t.skipElement(types >> 4)
		t.skipElement(types & 0xf)
	}
	t.depth--
}
