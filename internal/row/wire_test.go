package row

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// Varints are those of encoding/binary at every length, on both sides of where the length changes.
func TestVarint(t *testing.T) {
	for shift := range 64 {
		for _, n := range []uint64{1<<shift - 1, 1 << shift, 1<<shift + 1, 0x5a5a5a5a5a5a5a5a >> shift, ^uint64(0) >> shift} {
			want := binary.AppendUvarint(nil, n)
			var got [10]byte
			if size := putVarint(got[:], n); !bytes.Equal(got[:size], want) {
				t.Errorf("%#x: % x, want % x", n, got[:size], want)
			}
		}
	}
}

// One byte over 127 is noticed wherever it stands, at every length.
func TestIsASCII(t *testing.T) {
	for n := range 80 {
		text := bytes.Repeat([]byte{0x7f}, n)
		if !IsASCII(text) {
			t.Errorf("%d bytes are no ASCII", n)
		}
		for i := range text {
			text[i] = 0x80
			if IsASCII(text) {
				t.Errorf("byte %d of %d is not noticed", i, n)
			}
			text[i] = 0x7f
		}
	}
}
