// Package marks finds where the fields of a line begin and end, all of them in one pass and many bytes at a time, rather
// than by a search for each one's end.
package marks

import (
	"encoding/binary"
	"math/bits"
)

// block is how many bytes the bits of a word stand for.
const block = 64

// tops has the top bit of each byte.
const tops = 0x80 * ones

const ones = 0x0101010101010101

// MaxLine is how long a line may be, in bytes: bounds take up to eight bytes for each of its own.
const MaxLine = 16 << 10

// Line is what was found in a line. Its memory is used again for each line.
type Line struct {
	ASCII bool // no byte of the text is over 127
	// Bounds are the places of the separators outside quotes, with -1 before them and the text's length behind them:
	// field i is text[Bounds[i]+1:Bounds[i+1]], its quotes included. Each quote begins to quote or ends it, wherever it
	// stands: a line is taken apart rightly if no field has a quote but around it.
	Bounds []int32
	Quotes int // in all
}

// Find makes l that of text. One that is longer than MaxLine has no bounds. Neither byte is 0.
func (l *Line) Find(text []byte, separator, quote byte) {
	l.ASCII, l.Bounds, l.Quotes = false, l.Bounds[:0], 0
	if len(text) > MaxLine {
		return
	}
	if n := len(text) + 2 + spare; n > cap(l.Bounds) {
		l.Bounds = make([]int32, 2*n)
	}
	all := l.Bounds[:cap(l.Bounds)]
	all[0] = -1
	var n int
	n, l.Quotes, l.ASCII = find(text, separator, quote, all[1:])
	l.Bounds = all[:1+n]
}

// spare is how many bounds find may write behind the last one.
const spare = 4

// findWords is find for any processor: eight bytes at a time.
func findWords(text []byte, separator, quote byte, bounds []int32) (n, quotes int, ascii bool) {
	var inside, all uint64 // inside: all bits, within quotes
	for at := 0; at <= len(text); at += block {
		var ends, toggles uint64
		part := text[at:min(at+block, len(text))]
		for i := 0; i < len(part); i += 8 {
			var word [8]byte
			copy(word[:], part[i:])
			c := binary.LittleEndian.Uint64(word[:])
			all |= c
			ends |= equal(c, uint64(separator)*ones) << i
			toggles |= equal(c, uint64(quote)*ones) << i
		}
		within := toggles // from a quote that opens to before the one that closes
		for shift := 1; shift < block; shift *= 2 {
			within ^= within << shift
		}
		within ^= inside
		inside = uint64(int64(within) >> (block - 1))
		ends &^= within
		if len(part) < block {
			ends |= 1 << len(part)
		}
		for ; ends != 0; ends &= ends - 1 {
			bounds[n] = int32(at + bits.TrailingZeros64(ends))
			n++
		}
		quotes += bits.OnesCount64(toggles)
	}
	return n, quotes, all&tops == 0
}

// equal returns eight bits, of which those are set whose bytes are the same in both words.
func equal(word, of uint64) uint64 {
	word ^= of
	same := ^((word&^tops + ^uint64(tops)) | word) & tops // exact, other than the usual test for a zero
	return same >> 7 * 0x0102040810204080 >> 56
}
