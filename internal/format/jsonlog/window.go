package jsonlog

import (
	"bytes"
	"io"
	"math"

	"github.com/seneka-io/seneka/internal/format"
)

// window is the part of the file that is in memory: what is unread of it, and the line before.
type window struct {
	r      io.Reader
	limit  int // bytes of a record
	buf    []byte
	head   int // start of what is unread in buf
	tail   int // and its end
	held   int // bytes at head that were returned and are taken with the next call
	err    error
	offset int64 // bytes before head

	blank  []byte // what stands on the line before head, if that is spaces alone
	inside bool   // something else stands there
}

// newWindow returns a window of r, whose buffer grows to the longest record, within bounds.
func newWindow(r io.Reader, o format.Options) window {
	limit := o.MaxRecord
	if limit <= 0 {
		limit = format.DefaultMaxRecord
	}
	return window{r: r, limit: min(limit, math.MaxInt/4), buf: o.FirstBuffer()}
}

func (w *window) unread() []byte { return w.buf[w.head:w.tail] }

// take goes n bytes on, which are no spaces before a record.
func (w *window) take(n int) {
	w.head += n
	w.offset += int64(n)
	w.inside = true
}

// pass goes behind what is held.
func (w *window) pass() {
	if w.held > 0 {
		w.take(w.held)
		w.held = 0
	}
}

// byteOrderMark may begin a file.
var byteOrderMark = []byte("\xef\xbb\xbf")

// separator may stand before a record (RFC 7464).
const separator = 0x1e

// token goes behind spaces and returns the byte there.
func (w *window) token() (byte, error) {
	for {
		for w.head < w.tail {
			c := w.buf[w.head]
			switch {
			case isSpace(c), c == separator:
				w.space(c)
			case w.offset == 0 && c == byteOrderMark[0] && w.marked():
				w.head += len(byteOrderMark)
				w.offset += int64(len(byteOrderMark))
			default:
				return c, nil
			}
		}
		if err := w.more(); err != nil {
			return 0, err
		}
	}
}

// marked reports whether the file begins with a byte order mark.
func (w *window) marked() bool {
	for w.tail-w.head < len(byteOrderMark) && w.err == nil {
		w.fill()
	}
	return bytes.HasPrefix(w.unread(), byteOrderMark)
}

// maxIndent is how many spaces before a record are remembered.
const maxIndent = 256

// space goes one byte on, which is the space c.
func (w *window) space(c byte) {
	w.head++
	w.offset++
	switch {
	case c == '\n':
		w.blank, w.inside = w.blank[:0], false
	case len(w.blank) < maxIndent:
		w.blank = append(w.blank, c)
	}
}

// indent returns the spaces before the record at head on its line; nil if it is not the line's first.
func (w *window) indent() []byte {
	if w.inside {
		return nil
	}
	return append(make([]byte, 0, len(w.blank)+1), w.blank...)
}

// more reads at least as much again as is unread, as far as it is there and fits a record: the work
// of looking at the same bytes again is bounded by that. It returns the reader's error if there is
// nothing more.
func (w *window) more() error {
	have := w.tail - w.head
	for want := min(2*have, w.limit+1); ; {
		if w.err != nil {
			break
		}
		w.fill()
		if w.tail-w.head > want {
			break
		}
	}
	if w.tail-w.head > have {
		return nil
	}
	return w.err
}

// fill reads more behind what is unread, and makes room for it first.
func (w *window) fill() {
	if w.head > 0 {
		w.tail = copy(w.buf, w.buf[w.head:w.tail])
		w.head = 0
	}
	if w.tail == len(w.buf) {
		bigger := make([]byte, 2*len(w.buf))
		copy(bigger, w.buf)
		w.buf = bigger
	}
	const patience = 100
	for range patience {
		n, err := w.r.Read(w.buf[w.tail:])
		w.tail += n
		w.err = err
		if n > 0 || err != nil {
			return
		}
	}
	w.err = io.ErrNoProgress
}
