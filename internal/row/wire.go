package row

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// room is more than a tag takes with a number, or with a short text.
const room = 64

// grow returns buf with room for size bytes behind its first n, all of which it holds.
func grow(buf []byte, n, size int) []byte {
	buf = slices.Grow(buf[:n], size)
	return buf[:cap(buf)]
}

// chunk is how long a short text is at most. It is copied with what stands behind it, which is overwritten or never
// looked at: that takes a few instructions, and no call.
const chunk = 32

func copyChunk(to, from *[chunk]byte) {
	binary.LittleEndian.PutUint64(to[:], binary.LittleEndian.Uint64(from[:]))
	binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(from[8:]))
	binary.LittleEndian.PutUint64(to[16:], binary.LittleEndian.Uint64(from[16:]))
	binary.LittleEndian.PutUint64(to[24:], binary.LittleEndian.Uint64(from[24:]))
}

// appendTag appends the field's tag.
func (f *field) appendTag(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, f.tag)
	return dst[:len(dst)-4+int(f.tagWidth)]
}

// putVarint is putLongVarint of any number.
func putVarint(to []byte, n uint64) int {
	if n < 1<<7 {
		to[0] = byte(n)
		return 1
	}
	return putLongVarint(to, n)
}

// putLongVarint is binary.PutUvarint without a branch for each byte. It writes into the first ten bytes of to.
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
