package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/coerce"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/row"
)

// decoder reads the records of one file. Its slices are used again for each record.
type decoder struct {
	*layout
	lines *lines.Reader
	scanner
	skip     int  // lines that are left to skip
	first    bool // the next record is the first one
	unclosed bool // a quote was found to be, so that records behind it are lines
	width    int  // fields that a whole record has

	named    bool     // by a header
	places   []int    // with one: the column of each field, or unknown
	names    [][]byte // of fields without a column, as JSON
	unquoted []byte
	arena    []byte
	extra    fields.Extra
}

const unknown = -1

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	for {
		line, err := d.lines.NextOrBlank()
		if d.skip > 0 && isRecord(err) {
			d.skip--
			continue
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimLeft(line.Text, " ")) == 0 {
			continue
		}
		line, wrong, err := d.record(line)
		if err != nil {
			return err
		}
		if d.first {
			d.first = false
			if wrong == nil && d.readHeader(line.Text) {
				continue
			}
		}
		if wrong == nil {
			wrong = d.set(rec.Values, line.Text)
		}
		if wrong != nil {
			return line.Reject(wrong.Error())
		}
		rec.Line, rec.Offset, rec.Raw = line.Number, line.Offset, line.Text
		return nil
	}
}

// header returns the columns that the first record of a file names, all STRING.
func (l *layout) header(r io.Reader, o format.Options) (columns row.Schema, err error) {
	d := l.decoder(r, o).(*decoder)
	for {
		line, err := d.lines.NextOrBlank()
		var tooLong *format.Reject
		switch {
		case d.skip > 0 && isRecord(err):
			d.skip--
			continue
		case err == io.EOF || errors.As(err, &tooLong):
			return nil, errkind.With(errkind.Permanent, errors.New("the file has no header that names its columns"))
		case err != nil:
			return nil, err
		case len(bytes.TrimLeft(line.Text, " ")) == 0:
			continue
		}
		line, wrong, err := d.record(line)
		if err != nil {
			return nil, err
		}
		if wrong != nil {
			return nil, errkind.With(errkind.Permanent, fmt.Errorf("the header: %w", wrong))
		}
		return d.columnsOf(line.Text), nil
	}
}

// columnsOf returns the columns that a header names. Of two of one name it is the first: the other goes
// to extra.
func (d *decoder) columnsOf(header []byte) (columns row.Schema) {
	for _, c := range d.cells {
		name := format.ColumnName(string(d.text(header, c)))
		same := func(c row.Column) bool { return strings.EqualFold(c.Name, name) }
		if name != "" && !slices.ContainsFunc(columns, same) {
			columns = append(columns, row.Column{Name: name, Type: row.String, Mode: row.Nullable, Description: "As the file has it."})
		}
	}
	return columns
}

// isRecord reports whether a line, or one that is too long, was read.
func isRecord(err error) bool {
	var tooLong *format.Reject
	return err == nil || errors.As(err, &tooLong)
}

// readHeader reports whether the record is a header, and takes the names from it.
func (d *decoder) readHeader(text []byte) bool {
	if d.Header == format.HeaderAbsent {
		return false
	}
	known := 0
	places, names := make([]int, len(d.cells)), make([][]byte, len(d.cells))
	taken := make([]bool, len(d.columns))
	for i, c := range d.cells {
		name := string(d.text(text, c))
		names[i] = fields.AppendQuoted(nil, []byte(name))
		places[i] = d.find(format.ColumnName(name))
		switch {
		case places[i] == unknown:
		case taken[places[i]]:
			places[i] = unknown
		default:
			taken[places[i]] = true
			known++
		}
	}
	if d.Header != format.HeaderPresent && (known == 0 || 2*known < len(d.cells)) {
		return false
	}
	if known > 0 { // else its names mean nothing to us, and positions do
		d.named, d.places, d.names, d.width = true, places, names, len(d.cells)
	}
	return true
}

// find returns the place of a column, or unknown.
func (l *layout) find(name string) int {
	for i := range l.columns {
		if strings.EqualFold(l.columns[i].Name, name) {
			return i
		}
	}
	return unknown
}

// text returns a cell's text, doubled quotes undone.
func (d *decoder) text(record []byte, c cell) []byte {
	text := record[c.start:c.end]
	if !c.doubled {
		return text
	}
	from := len(d.unquoted)
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			d.unquoted = append(d.unquoted, text...)
			return d.unquoted[from:]
		}
		d.unquoted = append(d.unquoted, text[:i+1]...)
		text = text[i+2:]
	}
}

// set sets the columns of a record.
func (d *decoder) set(values []row.Value, record []byte) error {
	for i := range values {
		values[i].SetNull()
	}
	d.unquoted, d.arena = d.unquoted[:0], d.arena[:0]
	d.extra.Reset()
	for i, c := range d.cells {
		place, text := d.place(i), d.text(record, c)
		switch {
		case !c.quoted && string(text) == d.NullMarker: // NULL
		case place == unknown && len(text) > 0:
			d.extra.Add(d.name(i), text)
		case place != unknown:
			if err := d.setColumn(values, place, c.quoted, text); err != nil {
				return err
			}
		}
	}
	d.extra.Set(&values[len(d.columns)])
	return nil
}

// place returns the column of the i-th field, or unknown.
func (d *decoder) place(i int) int {
	switch {
	case d.named && i < len(d.places):
		return d.places[i]
	case !d.named && i < len(d.columns):
		return i
	default:
		return unknown
	}
}

// name returns the i-th field's name as JSON.
func (d *decoder) name(i int) []byte {
	for len(d.names) <= i {
		d.names = append(d.names, fmt.Appendf(nil, `"field_%d"`, len(d.names)+1))
	}
	return d.names[i]
}

// setColumn sets a column that is not NULL for its field's sake.
func (d *decoder) setColumn(values []row.Value, place int, quoted bool, text []byte) (err error) {
	c := &d.columns[place]
	if quoted && len(text) == 0 && c.Type != row.String && c.Type != row.Bytes {
		return nil
	}
	if d.arena, err = coerce.Field(d.arena, &values[place], c, text); err == nil {
		return nil
	}
	if !d.toExtra || c.Mode == row.Required {
		return fields.Wrong(c, err)
	}
	values[place].SetNull()
	d.extra.Add(d.quoted[place], text)
	return nil
}
