//go:build !amd64

package marks

// find writes the bounds behind the first one and returns how many these are, how many quotes there are, and
// whether the text is ASCII. There is room for one more than the text has bytes.
func find(text []byte, separator, quote byte, bounds []int32) (n, quotes int, ascii bool) {
	return findWords(text, separator, quote, bounds)
}
