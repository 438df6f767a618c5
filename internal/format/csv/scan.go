package csv

import (
	"bytes"
	"fmt"

	"github.com/seneka-io/seneka/internal/format/lines"
)

// cell is a field of a record, as a part of its text without quotes.
type cell struct {
	start, end int
	quoted     bool
	doubled    bool // it holds quotes, doubled
}

// scanner finds the cells of one record at a time, of which it may be given more and more.
type scanner struct {
	delimiter byte
	cells     []cell
	at        int  // bytes that are done
	open      bool // a quoted cell is, since the last of cells
}

// maxFields is the most fields of a record, as many as BigQuery has columns. It bounds the memory
// that one takes.
const maxFields = 10_000

// begin starts a record whose text begins behind so many bytes that are not its own.
func (s *scanner) begin(behind int) {
	s.cells, s.at, s.open = s.cells[:0], behind, false
}

// scan goes on with text, which begins with what it was given before. whole is false if a quoted cell
// ends behind it.
func (s *scanner) scan(text []byte) (whole bool, err error) {
	for {
		switch {
		case len(s.cells) == maxFields:
			return false, fmt.Errorf("the record has more than %d fields", maxFields)
		case s.open:
		case s.at < len(text) && text[s.at] == '"':
			s.at++
			s.cells = append(s.cells, cell{start: s.at, quoted: true})
			s.open = true
		default:
			if s.bare(text) {
				return true, nil
			}
			continue
		}
		if !s.close(text) {
			return false, nil
		}
		if s.at == len(text) {
			return true, nil
		}
		if text[s.at] != s.delimiter {
			return false, fmt.Errorf("something stands behind the quote that ends field %d; a quote within it must be doubled", len(s.cells))
		}
		s.at++
	}
}

// bare takes a cell without quotes and the delimiter behind it. It reports whether it was the last.
func (s *scanner) bare(text []byte) (last bool) {
	c := cell{start: s.at, end: len(text)}
	i := bytes.IndexByte(text[s.at:], s.delimiter)
	if i >= 0 {
		c.end = s.at + i
		s.at = c.end + 1
	}
	s.cells = append(s.cells, c)
	return i < 0
}

// close goes behind the quote that ends the open cell, if it is in text.
func (s *scanner) close(text []byte) bool {
	c := &s.cells[len(s.cells)-1]
	for {
		i := bytes.IndexByte(text[s.at:], '"')
		if i < 0 {
			s.at = len(text)
			return false
		}
		s.at += i + 1
		if s.at == len(text) || text[s.at] != '"' {
			c.end = s.at - 1
			s.open = false
			return true
		}
		c.doubled = true
		s.at++
	}
}

// record scans the record that line begins, with as many lines behind it as it has. wrong says why it
// is none, and then line is given back as it was.
func (d *decoder) record(line lines.Line) (_ lines.Line, wrong, err error) {
	d.begin(0)
	if line.Offset == 0 && bytes.HasPrefix(line.Text, byteOrderMark) {
		d.begin(len(byteOrderMark))
	}
	for {
		whole, wrong := d.scan(line.Text)
		if wrong != nil {
			return d.lines.Unjoin(), wrong, nil
		}
		if whole {
			return line, d.suspect(), nil
		}
		longer, ok, err := line, false, error(nil)
		if !d.unclosed {
			longer, ok, err = d.lines.Join()
		}
		switch {
		case err != nil:
			return line, nil, err
		case !ok:
			d.unclosed = true
			return d.lines.Unjoin(), fmt.Errorf("the quote before field %d is never closed", len(d.cells)), nil
		}
		line = longer
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// suspect returns why a record behind a quote that is never closed is taken to be part of that
// field: it does not have as many fields as there are columns.
func (d *decoder) suspect() error {
	if !d.unclosed || len(d.cells) == d.width {
		return nil
	}
	return fmt.Errorf("a quote before it is never closed, and it has %d fields of %d: it is part of that field, or cut short", len(d.cells), d.width)
}
