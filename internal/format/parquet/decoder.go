package parquet

import (
	"errors"
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// records reads the records of a file, whatever becomes of them.
type records struct {
	in      io.Reader
	options format.Options
	root    *shape
	reader  *pq.Reader
	datum   pq.Datum
	err     error // sticky
}

// open reads the metadata.
func (r *records) open() error {
	f, err := openFile(r.in, r.options)
	if err != nil {
		return err
	}
	most := r.options.MaxRecord
	if most <= 0 {
		most = format.DefaultMaxRecord
	}
	r.root, r.reader = plainShape(f.Root), f.Records(most)
	return nil
}

func openFile(in io.Reader, o format.Options) (*pq.File, error) {
	whole, size, err := o.Spooled(in)
	if err != nil {
		return nil, err
	}
	return pq.Open(whole, size)
}

// next reads a record to r.datum.
func (r *records) next() error {
	if r.err != nil {
		return r.err
	}
	err := r.reader.Next(&r.datum)
	if errors.Is(err, pq.ErrTooLarge) {
		return &format.Reject{Line: r.reader.Line, Offset: r.reader.Offset, Reason: err.Error()}
	}
	r.err = err
	return err
}

// reject returns the record as a reject: there are no bytes that are its own, but its values as JSON.
func (r *records) reject(reason string) *format.Reject {
	raw := appendJSON(nil, r.root, &r.datum)
	return &format.Reject{Line: r.reader.Line, Offset: r.reader.Offset, Reason: reason, Raw: raw[:min(len(raw), format.MaxRaw)]}
}

// layout is what a source declares, or what columns a file has.
type layout struct {
	columns row.Schema
	toExtra bool // values that their columns do not take
}

// decoder reads the records of one file into the columns of a layout.
type decoder struct {
	*layout
	records
	converter
	fields []field
	loose  []int // fields of the file that go to extra
	extra  []byte
}

func (l *layout) decoder(r io.Reader, o format.Options) format.Decoder {
	return &decoder{layout: l, records: records{in: r, options: o}}
}

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	if d.reader == nil && d.err == nil {
		if d.err = d.open(); d.err == nil {
			d.plan()
		}
	}
	if err := d.next(); err != nil {
		return err
	}
	if err := d.set(rec.Values); err != nil {
		return d.reject(err.Error())
	}
	rec.Line, rec.Offset, rec.Raw = d.reader.Line, d.reader.Offset, nil
	return nil
}

// plan finds the columns of the file's fields. A field goes to extra, too, if a part of it has no column.
func (d *decoder) plan() {
	d.fields, _ = match(d.root, d.columns)
	placed := make([]bool, len(d.root.fields))
	for _, f := range d.fields {
		if f.at >= 0 && f.whole {
			placed[f.at] = true
		}
	}
	for i, p := range placed {
		if !p && d.root.fields[i].node.Logical != pq.Null {
			d.loose = append(d.loose, i)
		}
	}
}

// set sets the columns of a record.
func (d *decoder) set(values []row.Value) error {
	d.arena, d.extra = d.arena[:0], d.extra[:0]
	for i, f := range d.fields {
		v := &values[i]
		v.SetNull()
		if f.at < 0 {
			continue
		}
		err := d.converter.set(f.plan, v, &d.datum.List[f.at])
		if err == nil {
			continue
		}
		if !d.toExtra || f.column.Mode == row.Required {
			return fields.Wrong(f.column, err)
		}
		v.SetNull()
		if f.whole { // else it goes there anyway
			d.keep(f.at)
		}
	}
	for _, i := range d.loose {
		d.keep(i)
	}
	if extra := &values[len(d.columns)]; len(d.extra) == 0 {
		extra.SetNull()
	} else {
		extra.SetBytes(closed(d.extra, '{', '}'))
	}
	return nil
}

// keep adds a field to extra, unless it is NULL.
func (d *decoder) keep(i int) {
	s, v := d.root.fields[i], &d.datum.List[i]
	if v.Null {
		return
	}
	if len(d.extra) == 0 {
		d.extra = append(d.extra, '{')
	}
	d.extra = append(fields.AppendQuoted(d.extra, []byte(s.name)), ':')
	d.extra = append(appendJSON(d.extra, s, v), ',')
}
