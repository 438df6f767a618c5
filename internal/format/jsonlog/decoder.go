package jsonlog

import (
	"bytes"
	"fmt"
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// place is what the decoder reads between two records.
type place uint8

const (
	inFile   place = iota
	inArray        // of records
	inWithin       // the array that is a member of an outer object
	inOuter        // that object, behind the array
)

// Decoder reads the records of one file.
type Decoder struct {
	window
	parser parser
	within string // Layout.Within
	place  place
	count  int64 // records, rejects included
}

// NewDecoder is Decoder, for decoders that make other rows of the same records.
func (l *Layout) NewDecoder(r io.Reader, o format.Options) *Decoder {
	return &Decoder{
		window: newWindow(r, o),
		parser: parser{top: compile(l.Columns, "", l.FoldCase), toExtra: l.ConflictsToExtra},
		within: l.Within,
	}
}

// Next implements format.Decoder. Between records it takes any number of commas, none as well.
//
// A record that is no JSON is a reject that ends with its line, or with its closing bracket if that
// stands on the line too. One that goes on over several lines, or whose end is missing, ends before
// the next line that begins as its own does.
func (d *Decoder) Next(rec *row.Record) error {
	d.pass()
	for {
		c, err := d.token()
		if err != nil {
			return d.end(err)
		}
		switch {
		case c == ',':
			d.take(1)
		case d.place == inOuter:
			if err := d.outer(); err != nil {
				return err
			}
		case c == '{':
			if err := d.record(rec); err != errWithin {
				return err
			}
		case c == '[' && d.place == inFile:
			d.take(1)
			d.place = inArray
		case c == ']' && d.place == inArray:
			d.take(1)
			d.place = inFile
		case c == ']' && d.place == inWithin:
			d.take(1)
			d.place = inOuter
		default:
			return d.stray()
		}
	}
}

// end returns the error that ends the file: one that ends within an array or an outer object was
// cut short, which is a reject.
func (d *Decoder) end(err error) error {
	if err != io.EOF || d.place == inFile {
		return err
	}
	reason := "the file ends before the array of its records does"
	if d.place == inOuter {
		reason = "the file ends before the object around its records does"
	}
	d.place = inFile
	return d.reject(reason, nil)
}

// record reads the object that comes next.
func (d *Decoder) record(rec *row.Record) error {
	d.parser.within = ""
	if d.place == inFile {
		d.parser.within = d.within
	}
	for {
		err := d.parser.record(d.unread(), rec.Values)
		n := d.parser.i
		switch {
		case err == errWithin:
			d.take(n)
			d.place = inWithin
			return err
		case err == nil && n <= d.limit:
			return d.parsed(rec, n)
		case err == nil || n > d.limit:
			return d.long()
		case err != errMore:
			return d.malformed(fmt.Sprintf("%v: unexpected %q", err, d.unread()[n]), n)
		}
		if err := d.more(); err == io.EOF {
			return d.malformed("the record is cut short", len(d.unread()))
		} else if err != nil {
			return err
		}
	}
}

// parsed returns the record of n bytes that was parsed.
func (d *Decoder) parsed(rec *row.Record, n int) error {
	raw := d.unread()[:n]
	d.held = n
	if problem := d.parser.problem; problem != nil {
		return d.reject(problem.Error(), raw)
	}
	d.count++
	rec.Line, rec.Offset, rec.Raw = d.count, d.offset, raw
	return nil
}

// reject returns the reject of a record that begins here.
func (d *Decoder) reject(reason string, raw []byte) *format.Reject {
	d.count++
	return &format.Reject{Line: d.count, Offset: d.offset, Reason: reason, Raw: bytes.Clone(raw[:min(len(raw), format.MaxRaw)])}
}

// discard passes over a record as f says and returns its reject, and the length of the record.
func (d *Decoder) discard(reason string, f framing) (r *format.Reject, length int, err error) {
	r = d.reject(reason, nil)
	f.indent = d.indent()
	if r.Raw, length, err = d.skip(&f); err != nil {
		return nil, 0, err
	}
	if d.head == d.tail && d.err == io.EOF {
		d.place = inFile // the reject says that something is missing
	}
	return r, length, nil
}

// long passes over a record that is longer than the limit.
func (d *Decoder) long() error {
	r, length, err := d.discard("", framing{ending: atBracket})
	if err != nil {
		return err
	}
	r.Reason = fmt.Sprintf("the record is %d bytes long, and at most %d are read", length, d.limit)
	return r
}

// malformed passes over a record that is no JSON; what is wrong stands at the index wrong of it.
func (d *Decoder) malformed(reason string, wrong int) error {
	f := framing{ending: atLine}
	if bytes.IndexByte(d.unread()[:wrong], '\n') >= 0 {
		f = framing{ending: atLayout, least: wrong}
	}
	r, _, err := d.discard(reason, f)
	if err != nil {
		return err
	}
	return r
}

const noObject = "a record is a JSON object, and this is none"

// stray passes over what is no object: a value of another kind, or anything up to the line's end.
func (d *Decoder) stray() error {
	for {
		s := scanner{b: d.unread()}
		err := s.skip()
		if err == nil && s.i < len(s.b) { // behind the last byte that is there a number may go on
			d.held = s.i
			return d.reject(noObject, s.b[:s.i])
		}
		if err != nil && err != errMore || len(s.b) > d.limit {
			break
		}
		if err := d.more(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	r, _, err := d.discard(noObject, framing{ending: atLineEnd})
	if err != nil {
		return err
	}
	return r
}

// outer passes over the members of the outer object behind the array of records. A second array of
// that name is read as the first was.
func (d *Decoder) outer() error {
	for {
		s := scanner{b: d.unread()}
		err := d.outerMember(&s)
		if err == nil {
			d.take(s.i)
			return nil
		}
		if err != errMore || s.i > d.limit {
			d.place = inFile
			return d.malformed("no JSON behind the array of records", s.i)
		}
		if err := d.more(); err == io.EOF {
			d.place = inFile
			return d.malformed("the file ends before the object around its records does", len(d.unread()))
		} else if err != nil {
			return err
		}
	}
}

// outerMember reads one member, or the end of the outer object.
func (d *Decoder) outerMember(s *scanner) error {
	if s.peek() == '}' {
		s.i++
		d.place = inFile
		return nil
	}
	name, _, err := s.key()
	if err != nil {
		return err
	}
	if s.peek() == '[' && string(name) == d.within {
		s.i++
		d.place = inWithin
		return nil
	}
	if err := s.skip(); err != nil {
		return err
	}
	if s.i == len(s.b) { // a number may go on
		return errMore
	}
	return nil
}
