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
	Text   []byte // the reader's memory, until its next call of Next
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

// firstBuffer is the reader's first buffer in bytes. It grows to the longest line, within bounds.
const firstBuffer = 128 << 10

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
	number int64
	offset int64
}

// NewReader returns a reader of r's lines. Those longer than limit bytes, endings not counted, are
// rejects; 0 means format.DefaultMaxRecord.
func NewReader(r io.Reader, limit int) *Reader {
	if limit <= 0 {
		limit = format.DefaultMaxRecord
	}
	return &Reader{r: r, limit: min(limit, math.MaxInt-ending), buf: make([]byte, firstBuffer)}
}

// Next returns the next line that is not blank. Lines end in LF or CR LF; the last one may go
// without.
//
// It returns io.EOF after the last line; a *format.Reject for a line over the limit, after which
// Next goes on with the one behind it; and otherwise the error of the reader, in which case the
// line that it cut short is not returned.
func (r *Reader) Next() (Line, error) {
	for {
		n, err := r.find()
		if err != nil {
			return Line{}, err
		}
		line := Line{Text: chomp(r.buf[r.head : r.head+n]), Number: r.number + 1, Offset: r.offset}
		if len(line.Text) > r.limit {
			return Line{}, r.skipLong(line)
		}
		r.take(n)
		r.number++
		if !blank(line.Text) {
			return line, nil
		}
	}
}

// find returns the length of the next line with its ending, without taking it. If the line is over
// the limit that is the length of enough of it to show so.
func (r *Reader) find() (int, error) {
	for seen := 0; ; {
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
