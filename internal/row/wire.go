package row

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// room is how many bytes a tag and a number take at most.
const room = 16

// appendTag appends the field's tag.
func (f *field) appendTag(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, f.tag)
	return dst[:len(dst)-4+int(f.tagWidth)]
}

// appendNumber appends the field with the varint n.
func (f *field) appendNumber(dst []byte, n uint64) []byte {
	from := len(dst)
	dst = slices.Grow(dst, room)
	to := dst[from : from+room]
	binary.LittleEndian.PutUint32(to, f.tag)
	size := int(f.tagWidth)
	size += putVarint(to[size:], n)
	return dst[:from+size]
}

// appendText appends the field with that text.
func (f *field) appendText(dst, text []byte) []byte {
	from := len(dst)
	dst = slices.Grow(dst, room+len(text))
	to := dst[from : from+room+len(text)]
	binary.LittleEndian.PutUint32(to, f.tag)
	size := int(f.tagWidth)
	size += putVarint(to[size:], uint64(len(text)))
	size += copy(to[size:], text)
	return dst[:from+size]
}

// putVarint is binary.PutUvarint without a branch for each byte. It writes into the first ten bytes of to.
func putVarint(to []byte, n uint64) int {
	if n < 1<<7 {
		to[0] = byte(n)
		return 1
	}
	return putLongVarint(to, n)
}

func putLongVarint(to []byte, n uint64) int {
	if n >= 1<<56 {
		return binary.PutUvarint(to, n)
	}
	size := (bits.Len64(n) + 6) / 7
	// Groups of 28, 14 and 7 bits are moved to where 32, 16 and 8 have room.
	n = n&0x0fffffff | n&0xfffffff0000000<<4
	n = n&0x3fff00003fff | n&0xfffc0000fffc000<<2
	n = n&0x7f007f007f007f | n&0x3f803f803f803f80<<1
	more := uint64(0x8080808080808080) & (1<<(8*(size-1)) - 1)
	binary.LittleEndian.PutUint64(to, n|more)
	return size
}

const tops = 0x8080808080808080

// validUTF8 is utf8.Valid, faster for short ASCII.
func validUTF8(b []byte) bool {
	return IsASCII(b) || utf8.Valid(b)
}

// IsASCII reports whether b has no byte over 127, and so is UTF-8.
func IsASCII(b []byte) bool {
	n := len(b)
	if n < 8 {
		var all byte
		for _, c := range b {
			all |= c
		}
		return all < utf8.RuneSelf
	}
	all := binary.LittleEndian.Uint64(b[n-8:])
	for len(b) > 32 {
		all |= binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) | binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		b = b[32:]
	}
	for len(b) > 8 {
		all |= binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	return all&tops == 0
}
