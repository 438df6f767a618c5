package cloudfront

import (
	"bufio"
	"io"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/row"
)

// eitherDecoder reads a file of lines or of JSON objects, which its first byte tells apart.
type eitherDecoder struct {
	in      *bufio.Reader
	options format.Options
	format.Decoder
}

func newDecoder(r io.Reader, o format.Options) format.Decoder {
	const enough = 16 // longer reads go straight to r
	return &eitherDecoder{in: bufio.NewReaderSize(r, enough), options: o}
}

// Next implements format.Decoder.
func (d *eitherDecoder) Next(rec *row.Record) error {
	if d.Decoder == nil {
		first, err := d.in.Peek(1)
		switch {
		case err != nil:
			return err
		case first[0] == '{' || first[0] == '[':
			d.Decoder = &jsonDecoder{Decoder: objects.Decoder(d.in, d.options)}
		default:
			d.Decoder = newTextDecoder(d.in, d.options)
		}
	}
	return d.Decoder.Next(rec)
}

// objects is layout for JSON objects, whose members bear the names of the fields.
var objects = jsonlog.Layout{Columns: members(), Extra: "extra"}

func members() []jsonlog.Column {
	names := map[string]string{}
	for name := range strings.FieldsSeq(legacy + " " + beyondLegacy) {
		names[named.ColumnOf(name)] = name
	}
	all := make([]jsonlog.Column, len(layout))
	for i, f := range layout {
		all[i] = jsonlog.Column{Column: f.Column, Member: names[f.Name], Set: f.Set}
	}
	return all
}

// jsonDecoder sets what the objects do not hold.
type jsonDecoder struct {
	format.Decoder
	derived derived
}

// Next implements format.Decoder.
func (d *jsonDecoder) Next(rec *row.Record) error {
	if err := d.Decoder.Next(rec); err != nil {
		return err
	}
	d.derived.set(rec.Values)
	return nil
}
