package vpcflow

import (
	"bufio"
	"io"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/format/parquet"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// eitherDecoder reads a file of lines or of Parquet, which its first bytes tell apart.
type eitherDecoder struct {
	in      *bufio.Reader
	whole   *io.SectionReader // what in reads, if it lies somewhere already
	options format.Options
	format.Decoder
}

func newDecoder(r io.Reader, o format.Options) format.Decoder {
	const enough = 16 // longer reads go straight to r
	d := &eitherDecoder{in: bufio.NewReaderSize(r, enough), options: o}
	d.whole, _ = r.(*io.SectionReader)
	return d
}

// Next implements format.Decoder.
func (d *eitherDecoder) Next(rec *row.Record) error {
	if d.Decoder == nil {
		first, err := d.in.Peek(len(pq.Magic))
		if err != nil && err != io.EOF {
			return err
		}
		if string(first) == pq.Magic {
			d.Decoder = &parquetDecoder{in: d.source(), options: d.options}
		} else {
			d.Decoder = newTextDecoder(d.in, d.options)
		}
	}
	return d.Decoder.Next(rec)
}

// source returns what to read Parquet from.
func (d *eitherDecoder) source() io.Reader {
	if d.whole != nil {
		return d.whole
	}
	return d.in
}

// parquetDecoder takes the values for the fields of a line, and the columns' names for its header.
type parquetDecoder struct {
	in      io.Reader
	options format.Options
	texts   *parquet.Texts
	header  *named.Header
	err     error // sticky
}

// Next implements format.Decoder.
func (d *parquetDecoder) Next(rec *row.Record) error {
	if d.texts == nil && d.err == nil {
		if d.texts, d.err = parquet.NewTexts(d.in, d.options); d.err == nil {
			d.header = named.NewHeader(layout)
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
