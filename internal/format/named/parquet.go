package named

import (
	"io"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/parquet"
	"github.com/seneka-io/seneka/internal/row"
)

// Parquet returns a decoder of a Parquet file whose columns are fields of layout: it takes their values for
// the fields of a line, and their names for its header.
func Parquet(r io.Reader, o format.Options, layout Layout) format.Decoder {
	return &parquetDecoder{in: r, options: o, layout: layout}
}

type parquetDecoder struct {
	in      io.Reader
	options format.Options
	layout  Layout
	texts   *parquet.Texts
	header  *Header
	err     error // sticky
}

// Next implements format.Decoder.
func (d *parquetDecoder) Next(rec *row.Record) error {
	if d.texts == nil && d.err == nil {
		if d.texts, d.err = parquet.NewTexts(d.in, d.options); d.err == nil {
			d.header = NewHeader(d.layout)
			d.header.Set([]byte(strings.Join(d.texts.Names(), " ")))
		}
	}
	if d.err != nil {
		return d.err
	}
	texts, err := d.texts.Next(rec)
	if err != nil {
		return err
	}
	if err := d.header.Read(rec.Values, texts); err != nil {
		return d.texts.Reject(err)
	}
	return nil
}
