// Package lines reads the lines of a text file of any size in bounded memory, for the formats whose
// record is a line.
package lines

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/seneka-io/seneka/internal/format"
)

// Line is one line without its ending.
type Line struct {
	Text   []byte // the reader's memory, until its next call
	Number int64  // 1-based; blank lines count
	Offset int64  // bytes before the line in the file
}

// Reject returns the reject of a line that could not be parsed, with a copy of its text.
func (l Line) Reject(reason string) *format.Reject {
	return &format.Reject{
		Line:   l.Number,
		Offset: l.Offset,
		Reason: reason,
		Raw:    bytes.Clone(l.Text[:min(len(l.Text), format.MaxRaw)]),
	}
}

// ending is how many bytes a line's ending takes at most: CR LF.
const ending = 2

// Reader reads lines. It serves one goroutine and allocates nothing once its buffer holds the
// longest line.
type Reader struct {
	r      io.Reader
	limit  int
	buf    []byte
	head   int // start of what is unread in buf
	tail   int // and its end
	err    error
	number int64 // lines before head
	offset int64 // bytes before head

	// The line that Next returned last still stands at head, for Join.
	first int   // its length with its ending
	held  int   // and that of all lines joined to it
	count int64 // how many lines these are
}

// NewReader returns a reader of r's lines. Those longer than o.MaxRecord bytes, endings not counted, are
// rejects. Its buffer grows to the longest line, within bounds.
func NewReader(r io.Reader, o format.Options) *Reader {
	limit := o.MaxRecord
	if limit <= 0 {
		limit = format.DefaultMaxRecord
	}
	return &Reader{r: r, limit: min(limit, math.MaxInt-ending), buf: o.FirstBuffer()}
}

// Next returns the next line that is not blank. Lines end in LF or CR LF; the last one may go
// without.
//
// It returns io.EOF after the last line; a *format.Reject for a line over the limit, after which
// Next goes on with the one behind it; and otherwise the error of the reader, in which case the
// line that it cut short is not returned.
func (r *Reader) Next() (Line, error) {
	for {
		r.pass()
		if n := bytes.IndexByte(r.buf[r.head:r.tail], '\n') + 1; n > 1 && n <= r.limit && r.buf[r.head] > ' ' {
			r.first, r.held, r.count = n, n, 1 // as nearly all lines are: at hand, and not blank
			return r.line(), nil
		}
		r.passEmpty()
		line, err := r.whole()
		if err != nil || !blank(line.Text) {
			return line, err
		}
	}
}

// NextOrBlank is Next for formats to which a blank line, such as one of tabs, may be a record.
func (r *Reader) NextOrBlank() (Line, error) {
	r.pass()
	return r.whole()
}

// whole returns the line at head.
func (r *Reader) whole() (Line, error) {
	n, err := r.find(0)
	if err != nil {
		return Line{}, err
	}
	r.first, r.held, r.count = n, n, 1
	line := r.line()
	if len(line.Text) > r.limit {
		return Line{}, r.skipLong(line)
	}
	return line, nil
}

// Join returns the line that Next or Join returned last and the one behind it, blank or not, as one
// line with an ending in it. It is for records that hold line endings. The next call of Next goes
// on behind the joined lines, unless Unjoin is called first.
//
// ok is false, and nothing changed, at the end of the file or if the joined line is over the limit.
// The error is that of the reader.
func (r *Reader) Join() (line Line, ok bool, err error) {
	n, err := r.find(r.held)
	if err != nil {
		return Line{}, false, err
	}
	if n == r.held || len(chomp(r.buf[r.head:r.head+n])) > r.limit {
		return Line{}, false, nil
	}
	r.held = n
	r.count++
	return r.line(), true, nil
}

// Unjoin takes back all calls of Join since the last one of Next, and returns that one's line.
func (r *Reader) Unjoin() Line {
	r.held, r.count = r.first, 1
	return r.line()
}

// line returns the lines held as one.
func (r *Reader) line() Line {
	return Line{Text: chomp(r.buf[r.head : r.head+r.held]), Number: r.number + 1, Offset: r.offset}
}

// pass goes behind the lines held.
func (r *Reader) pass() {
	r.take(r.held)
	r.number += r.count
	r.held, r.count = 0, 0
}

// passEmpty goes behind the empty lines that are at hand: a file may be nothing else.
func (r *Reader) passEmpty() {
	for r.head < r.tail && r.buf[r.head] == '\n' {
		r.take(1)
		r.number++
	}
}

// find returns the length of the unread up to the first line ending that is not within its first
// seen bytes, ending included, without taking it. If that is over the limit it is the length of
// enough to show so; at the end of the file, of what is left.
func (r *Reader) find(seen int) (int, error) {
	for {
		unread := r.buf[r.head:r.tail]
		if i := bytes.IndexByte(unread[seen:], '\n'); i >= 0 {
			return seen + i + 1, nil
		}
		seen = len(unread)
		switch {
		case seen >= r.limit+ending, r.err == io.EOF && seen > 0:
			return seen, nil
		case r.err != nil:
			return 0, r.err
		}
		r.fill()
	}
}

// fill reads more behind what is unread, and makes room for it first.
func (r *Reader) fill() {
	if r.head > 0 {
		r.tail = copy(r.buf, r.buf[r.head:r.tail])
		r.head = 0
	}
	if r.tail == len(r.buf) {
		bigger := make([]byte, min(2*len(r.buf), r.limit+ending))
		copy(bigger, r.buf)
		r.buf = bigger
	}
	const patience = 100
	for range patience {
		n, err := r.r.Read(r.buf[r.tail:])
		r.tail += n
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

func (r *Reader) take(n int) {
	r.head += n
	r.offset += int64(n)
}

// skipLong takes a line over the limit, whatever its length, and returns its reject.
func (r *Reader) skipLong(line Line) error {
	r.held, r.count = 0, 0
	var raw []byte
	for done := false; !done; {
		part := r.buf[r.head:r.tail]
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			part, done = part[:i+1], true
		}
		raw = append(raw, part[:min(len(part), format.MaxRaw-len(raw))]...)
		r.take(len(part))
		if r.head < r.tail || done {
			continue
		}
		switch r.err {
		case nil:
			r.fill()
		case io.EOF:
			done = true
		default:
			return r.err
		}
	}
	r.number++
	line.Text = chomp(raw)
	return line.Reject(fmt.Sprintf("the line is %d bytes long with its ending, and at most %d are read", r.offset-line.Offset, r.limit))
}

// chomp cuts the ending off a line.
func chomp(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
