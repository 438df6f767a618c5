package marks

import "golang.org/x/sys/cpu"

var fast = cpu.X86.HasAVX2 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// find writes the bounds behind the first one and returns how many these are, how many quotes there are, and
// whether the text is ASCII. There is room for one more than the text has bytes, and for some to spare.
func find(text []byte, separator, quote byte, bounds []int32) (n, quotes int, ascii bool) {
	if len(text) < block || !fast {
		return findWords(text, separator, quote, bounds)
	}
	return findAVX2(&text[0], len(text), separator, quote, &bounds[0])
}

// findAVX2 is find of at least a block. It reads nothing but the text.
//
//go:noescape
func findAVX2(text *byte, n int, separator, quote byte, bounds *int32) (count, quotes int, ascii bool)
