package jsonlog

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// halfPair stands for half a surrogate pair: it is no UTF-8, so that the encoder counts it.
const halfPair = 0xff

// appendUnescaped appends the contents of a string, which the scanner has read, without escapes.
func appendUnescaped(dst, raw []byte) []byte {
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:n]...)
		c := raw[n+1]
		raw = raw[n+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			dst, raw = appendRune(dst, raw)
			continue
		}
		dst = append(dst, c)
	}
}

// appendRune appends the character whose \u escape, or pair of them, raw is behind the first \u.
func appendRune(dst, raw []byte) (_, rest []byte) {
	r := hex(raw)
	raw = raw[4:]
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), raw
	}
	if len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
		if r = utf16.DecodeRune(r, hex(raw[2:])); r != utf8.RuneError {
			return utf8.AppendRune(dst, r), raw[6:]
		}
	}
	return append(dst, halfPair), raw
}

// hex returns the number of four digits.
func hex(b []byte) (r rune) {
	for _, c := range b[:4] {
		if c > '9' {
			c = c&^0x20 - 'A' + '9' + 1
		}
		r = r<<4 | rune(c-'0')
	}
	return r
}

// appendCompact appends a value, which the scanner has read, without the spaces between its tokens.
// Half a surrogate pair, which BigQuery refuses, becomes \ufffd.
func appendCompact(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			n := stringEnd(raw[i:])
			dst = appendWhole(dst, raw[i:i+n])
			i += n
		case isSpace(c):
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// stringEnd returns the length of the string that b begins with, its quotes included.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}

// appendWhole appends the text of a string with its escapes, but none of half a surrogate pair.
func appendWhole(dst, text []byte) []byte {
	for {
		n := bytes.IndexByte(text, '\\')
		if n < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:n]...)
		text = text[n:]
		size := 2
		if text[1] == 'u' {
			var char [utf8.UTFMax]byte
			decoded, rest := appendRune(char[:0], text[2:])
			if size = len(text) - len(rest); len(decoded) == 1 && decoded[0] == halfPair {
				dst, text = append(dst, `\ufffd`...), rest
				continue
			}
		}
		dst, text = append(dst, text[:size]...), text[size:]
	}
}
