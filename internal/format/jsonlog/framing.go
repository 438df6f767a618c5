package jsonlog

import (
	"bytes"
	"io"

	"github.com/seneka-io/seneka/internal/format"
)

// ending says where a record ends that cannot be parsed.
type ending uint8

const (
	// atBracket: behind the bracket that closes it, or with its line if that ends within a string.
	atBracket ending = iota
	// atLine: the same, but with its line at the latest.
	atLine
	// atLineEnd: with its line, whatever stands on it.
	atLineEnd
	// atLayout: before a line that begins as the record's own does; if the record is not the first
	// of its line, with the line that has its byte least.
	atLayout
)

// framing finds the end of a record without understanding it. With all endings but the last two a
// line that begins as the record's own does, spaces and bracket, is another record.
type framing struct {
	ending ending
	indent []byte // before the record on its line; nil: it is not the line's first
	least  int

	depth    int
	quoted   bool
	escaped  bool
	fresh    bool // the line has only shown spaces of indent
	matching int  // how many
}

// next looks at a byte, the n-th of the record. ended tells that the record ends with it, or before
// it if it begins another.
func (f *framing) next(c byte, n int) (ended, another bool) {
	if f.fresh {
		if f.matching < len(f.indent) && c == f.indent[f.matching] {
			f.matching++
			return false, false
		}
		if f.matching == len(f.indent) && c == '{' {
			return true, true
		}
		f.fresh = false
	}
	if c == '\n' {
		return f.lineEnds(n), false
	}
	return f.ending <= atLine && f.closes(c), false
}

// lineEnds looks at the end of a line.
func (f *framing) lineEnds(n int) (ended bool) {
	switch f.ending {
	case atBracket:
		ended = f.quoted
	case atLayout:
		ended = f.indent == nil && n > f.least
	default:
		ended = true
	}
	f.fresh, f.matching = f.indent != nil, 0
	f.quoted, f.escaped = false, false
	return ended
}

// closes reports whether c is the bracket that closes the record.
func (f *framing) closes(c byte) bool {
	switch {
	case f.escaped:
		f.escaped = false
	case f.quoted:
		f.escaped = c == '\\'
		f.quoted = c != '"'
	case c == '"':
		f.quoted = true
	case c == '{' || c == '[':
		f.depth++
	case c == '}' || c == ']':
		f.depth--
		return f.depth <= 0
	}
	return false
}

// skip goes behind the record at head as f says, whatever its length, and returns the first bytes of
// it and its length. The error is that of the reader.
func (w *window) skip(f *framing) (raw []byte, length int, err error) {
	for {
		for w.head < w.tail {
			c := w.buf[w.head]
			ended, another := f.next(c, length+1)
			if another {
				w.blank, w.inside = append(w.blank[:0], f.indent...), false
				return chomp(raw), length, nil
			}
			w.head++
			w.offset++
			length++
			if len(raw) < format.MaxRaw {
				raw = append(raw, c)
			}
			if ended {
				w.blank, w.inside = w.blank[:0], c != '\n'
				return chomp(raw), length, nil
			}
		}
		if err := w.more(); err == io.EOF {
			return chomp(raw), length, nil
		} else if err != nil {
			return nil, 0, err
		}
	}
}

// chomp cuts off the spaces behind a record.
func chomp(raw []byte) []byte { return bytes.TrimRight(raw, " \t\r\n") }
