package parquet

import (
	"io"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// Texts reads the records of a file as texts, for formats of logs that AWS writes as text too. A NULL is
// "-", as there; a list or a group is its JSON.
type Texts struct {
	records
	arena []byte
	texts [][]byte
}

// NewTexts returns a reader of the file that r yields.
func NewTexts(r io.Reader, o format.Options) (*Texts, error) {
	t := &Texts{records: records{in: r, options: o}}
	return t, t.open()
}

// Names returns the names of the file's columns.
func (t *Texts) Names() []string {
	all := make([]string, len(t.root.fields))
	for i, f := range t.root.fields {
		all[i] = f.column
	}
	return all
}

// Next sets rec's Line and Offset and returns the texts of a record, which hold until the next call. Its
// errors are those of format.Decoder.
func (t *Texts) Next(rec *row.Record) ([][]byte, error) {
	if err := t.next(); err != nil {
		return nil, err
	}
	rec.Line, rec.Offset, rec.Raw = t.reader.Line, t.reader.Offset, nil
	t.arena, t.texts = t.arena[:0], t.texts[:0]
	for i, f := range t.root.fields {
		start, v := len(t.arena), &t.datum.List[i]
		switch {
		case v.Null:
			t.arena = append(t.arena, '-')
		case f.elem != nil || f.node.Kind == pq.Group:
			t.arena = appendJSON(t.arena, f, v)
		case isText(f.node):
			t.arena = append(t.arena, v.Bytes...)
		default:
			t.arena, _ = appendText(t.arena, f.node, v)
		}
		t.texts = append(t.texts, t.arena[start:len(t.arena):len(t.arena)])
	}
	return t.texts, nil
}

// TextDecoder returns a decoder of a file of such a log. begin is given the names of the file's columns; its
// error says that the file is none of the log's. set sets the values of a record from its texts; its error says
// why it is a reject.
func TextDecoder(r io.Reader, o format.Options, begin func(names []string) error, set func(values []row.Value, texts [][]byte) error) format.Decoder {
	return &textDecoder{in: r, options: o, begin: begin, set: set}
}

type textDecoder struct {
	in      io.Reader
	options format.Options
	begin   func(names []string) error
	set     func(values []row.Value, texts [][]byte) error
	texts   *Texts
	err     error // sticky
}

// Next implements format.Decoder.
func (d *textDecoder) Next(rec *row.Record) error {
	if d.texts == nil && d.err == nil {
		if d.texts, d.err = NewTexts(d.in, d.options); d.err == nil {
			d.err = errkind.With(errkind.Permanent, d.begin(d.texts.Names()))
		}
	}
	if d.err != nil {
		return d.err
	}
	texts, err := d.texts.Next(rec)
	if err != nil {
		return err
	}
	if err := d.set(rec.Values, texts); err != nil {
		return d.texts.reject(err.Error())
	}
	return nil
}
