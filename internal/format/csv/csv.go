// Package csv reads files of delimited fields into tables whose columns a source declares: RFC 4180,
// with any delimiter. Values are read by the rules of package coerce, which are those of BigQuery's
// load jobs.
//
// Where there is no RFC, it is as follows. A field that begins with a quote ends at the next quote
// that is not doubled, line endings included; any other field may hold quotes. A header maps fields
// to columns by name, in any case of letters, signs that BigQuery does not take in names read as
// underscores; without one it is by position. Fields that are missing at the end of a row are NULL,
// those without a column go to the column extra. Without a declared schema the columns are those that the
// header names, all STRING. An empty field is NULL, but a quoted one is an empty
// text if its column is STRING or BYTES. Lines that are empty or hold only spaces are no rows.
package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/row"
)

// CSV returns the format csv: fields between commas.
func CSV() *format.Format { return delimited("csv", ',') }

// TSV returns the format tsv: fields between tabs, quoted as those of csv.
func TSV() *format.Format { return delimited("tsv", '\t') }

func delimited(name string, delimiter byte) *format.Format {
	const description = "Rows of delimited files: the columns of a schema file, or those that a header names, as text."
	declare := func(d format.Declaration) (*format.Format, error) {
		spec, err := d.Spec(description)
		if err != nil {
			return nil, err
		}
		l, err := newLayout(d, delimiter)
		if err != nil {
			return nil, err
		}
		return &format.Format{Name: name, Spec: spec, New: l.decoder}, nil
	}
	return &format.Format{Name: name, Spec: row.Spec{Description: description}, Declare: func(d format.Declaration) (*format.Format, error) {
		switch {
		case len(d.Columns) > 0:
			return declare(d)
		case d.CSV.Header != format.HeaderPresent:
			return nil, errNoColumns
		}
		l, err := newLayout(d, delimiter)
		if err != nil {
			return nil, err
		}
		own := format.NewOwn(d, declare)
		return &format.Format{Name: name, Spec: row.Spec{Description: description}, Inspect: func(r io.Reader, o format.Options) (*format.Format, error) {
			columns, err := l.header(r, o)
			if err != nil {
				return nil, err
			}
			return own.Format(columns)
		}}, nil
	}}
}

func newLayout(d format.Declaration, delimiter byte) (*layout, error) {
	l := &layout{columns: d.Columns, toExtra: d.ConflictsToExtra, CSV: d.CSV}
	if l.Delimiter == 0 {
		l.Delimiter = delimiter
	}
	for _, c := range d.Columns {
		l.quoted = append(l.quoted, fields.AppendQuoted(nil, []byte(c.Name)))
	}
	return l, l.check()
}

// errNoColumns is what a source lacks.
var errNoColumns = errors.New("nothing says what the columns are: name a BigQuery JSON schema file, as in schema: schemas/app.json; or, if the first row of every file names them, say csv: {header: present}")

// layout is what a source declares.
type layout struct {
	columns row.Schema
	quoted  [][]byte // their names as JSON
	toExtra bool     // values that their columns do not take
	format.CSV
}

// check reports what no file can hold.
func (l *layout) check() error {
	if bytes.IndexByte([]byte("\"\r\n \x00"), l.Delimiter) >= 0 || l.Delimiter > 0x7f {
		return fmt.Errorf("the delimiter %q cannot part fields: take a comma, a semicolon, a tab, or another sign of ASCII", l.Delimiter)
	}
	for _, c := range l.columns {
		if c.Type == row.Struct || c.Mode == row.Repeated {
			return fmt.Errorf("column %s: a field of a CSV file holds no STRUCT and no list; make it STRING or JSON", c.Name)
		}
	}
	return nil
}

func (l *layout) decoder(r io.Reader, o format.Options) format.Decoder {
	return &decoder{layout: l, lines: lines.NewReader(r, o), scanner: scanner{delimiter: l.Delimiter}, skip: l.SkipRows, first: true, width: len(l.columns)}
}
