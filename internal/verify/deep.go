package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/spool"
)

// Deep compares the rows of files with their lines. Safe for concurrent use.
type Deep struct {
	// Open opens the content that was loaded.
	Open func(ctx context.Context, f *Facts) (io.ReadCloser, error)
	// Rows calls each with the rows of a file, in the order of their lines. The record is good until
	// each returns.
	Rows func(ctx context.Context, q load.RowsQuery, each func(columns row.Schema, rec *row.Record) error) error
	// Most is how many differences of a file are kept; the others are counted.
	Most int
}

// Difference is a place where a file and its table do not agree.
type Difference struct {
	Line   int64  `json:"line"`
	Column string `json:"column,omitempty"` // dotted path; empty: the whole row
	File   string `json:"file,omitempty"`   // the value by the file
	Table  string `json:"table,omitempty"`  // the value in the table
	What   string `json:"what"`
}

// Comparison is how a file and its table compare.
type Comparison struct {
	File        string       `json:"deep"` // s3://bucket/key
	Table       string       `json:"table"`
	Rows        int64        `json:"rows"`    // that were compared
	Values      int64        `json:"values"`  // of them, all columns that the format has
	Rejects     int64        `json:"rejects"` // records that could not be parsed
	Different   int64        `json:"different"`
	Differences []Difference `json:"differences,omitempty"`          // the first ones
	NotCompared []string     `json:"columns_not_compared,omitempty"` // BigQuery writes such values anew
}

// Compare reads the file of an entry that is in order again, and compares it with its rows, value by
// value.
func (d *Deep) Compare(ctx context.Context, e Entry) (*Comparison, error) {
	f := e.facts
	c := &comparing{Comparison: Comparison{File: e.File, Table: e.Table}, most: d.Most, claim: f.Claim.Load}
	body, err := d.Open(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", e.File, err)
	}
	defer body.Close()
	var kept spool.Spool
	defer kept.Close()
	if err := c.decode(body, f, &kept); err != nil {
		return nil, fmt.Errorf("read %s: %w", e.File, err)
	}
	// Rows stand under the name by which they came.
	name := f.Claim.Load.SourceFile
	q := load.RowsQuery{FilesQuery: load.FilesQuery{Table: f.Target.Table, First: name, Last: name}, LoadedAt: f.Claim.Load.LoadedAt}
	q.Partition, q.Type = partitions([]*Facts{f})
	if err := d.Rows(ctx, q, c.row); err != nil {
		return nil, fmt.Errorf("compare %s: %w", e.File, err)
	}
	if err := c.rest(); err != nil {
		return nil, fmt.Errorf("compare %s: %w", e.File, err)
	}
	return &c.Comparison, nil
}

// comparing is a comparison under way: two sequences in the order of their lines.
type comparing struct {
	Comparison
	most    int
	claim   load.Record
	format  *format.Format
	decoder format.Decoder
	encoder *row.Encoder
	event   object.Event // whose time a record without one has

	rec     *row.Record
	here    bool // rec holds a record that was not compared yet
	ended   bool
	last    int64 // line of the record before
	lacking []int64
	places  []int // of the format's columns in the table
	buf     []byte
}

// decode begins to read the file as a load does.
func (c *comparing) decode(body io.Reader, f *Facts, kept *spool.Spool) (err error) {
	if c.format, c.decoder, err = Decode(f.Target.Format, body, kept); err != nil {
		return err
	}
	if c.encoder, err = row.NewEncoder(c.format.Spec.Columns); err != nil {
		return err
	}
	c.rec = row.NewRecord(len(c.format.Spec.Columns))
	c.event = object.Event{Source: f.Source, Time: f.Claim.Load.EventTime}
	if s, ok := parseAddress(f.Claim.Load.SourceFile); ok {
		c.event.Source = s
	}
	return nil
}

// Decode returns what decodes a file's records from its bytes, compressed or not, and the format with
// the file's own columns where it has such. kept must stay open until the last record.
func Decode(f *format.Format, body io.Reader, kept *spool.Spool) (*format.Format, format.Decoder, error) {
	var r io.Reader
	plain, err := format.Decompress(body)
	if err != nil {
		return nil, nil, err
	}
	r = plain
	o := format.Options{Spool: kept.Keep}
	if f.Inspect != nil {
		whole, size, err := o.Spooled(r)
		if err != nil {
			return nil, nil, err
		}
		if f, err = f.Inspect(io.NewSectionReader(whole, 0, size), o); err != nil {
			return nil, nil, err
		}
		r = io.NewSectionReader(whole, 0, size)
	}
	return f, f.New(r, o), nil
}

// next makes the file's next record the one at hand, unless one is, and leaves out those that are
// rejects.
func (c *comparing) next() error {
	for !c.here && !c.ended {
		err := c.decoder.Next(c.rec)
		var bad *format.Reject
		switch {
		case errors.Is(err, io.EOF):
			c.ended = true
			return nil
		case errors.As(err, &bad):
			c.Rejects++
			continue
		case err != nil:
			return err
		}
		load.FillPartition(c.format, c.event, c.rec.Values)
		var refused *row.ValueError
		if c.buf, err = c.encoder.Append(c.buf[:0], c.rec); errors.As(err, &refused) {
			c.Rejects++
			continue
		} else if err != nil {
			return err
		}
		if c.rec.Line <= c.last {
			return fmt.Errorf("record %d comes behind record %d", c.rec.Line, c.last)
		}
		c.here, c.last = true, c.rec.Line
	}
	return nil
}

// row compares a row of the table with the record of its line.
func (c *comparing) row(columns row.Schema, have *row.Record) error {
	if c.places == nil {
		c.match(columns)
	}
	if err := c.next(); err != nil {
		return err
	}
	for c.here && c.rec.Line < have.Line {
		c.lacking = append(c.lacking, c.rec.Line)
		c.here = false
		if err := c.next(); err != nil {
			return err
		}
	}
	if !c.here || c.rec.Line > have.Line {
		c.differ(Difference{Line: have.Line, What: "the file has no such record, the table a row of it"})
		return nil
	}
	c.here = false
	c.Rows++
	for i := range c.format.Spec.Columns {
		at := c.places[i]
		if at < 0 {
			continue
		}
		c.Values++
		want := &c.format.Spec.Columns[i]
		if !equal(want, &columns[at], &c.rec.Values[i], &have.Values[at]) {
			c.differ(Difference{Line: have.Line, Column: want.Name, What: "values differ",
				File: show(want, &c.rec.Values[i]), Table: show(&columns[at], &have.Values[at])})
		}
	}
	return nil
}

// match finds the format's columns in the table.
func (c *comparing) match(columns row.Schema) {
	c.places = make([]int, len(c.format.Spec.Columns))
	for i, want := range c.format.Spec.Columns {
		c.places[i] = slices.IndexFunc(columns, func(have row.Column) bool { return strings.EqualFold(have.Name, want.Name) })
		switch {
		case c.places[i] < 0:
			c.differ(Difference{Column: want.Name, What: "the table has no such column"})
		case rewritten(&want):
			c.places[i] = -1
			c.NotCompared = append(c.NotCompared, want.Name)
		}
	}
}

// rest reads the file to its end. Records without a row are as many as became rejects when they were
// loaded, but for those that are rejects here too.
func (c *comparing) rest() error {
	for {
		if err := c.next(); err != nil {
			return err
		}
		if !c.here {
			break
		}
		c.lacking = append(c.lacking, c.rec.Line)
		c.here = false
	}
	if int64(len(c.lacking)) <= c.claim.Rejects-c.Rejects {
		c.Rejects += int64(len(c.lacking))
		return nil
	}
	for _, line := range c.lacking {
		c.differ(Difference{Line: line, What: "the file has this record, the table no row of it"})
	}
	return nil
}

func (c *comparing) differ(d Difference) {
	c.Different++
	if len(c.Differences) < c.most {
		c.Differences = append(c.Differences, d)
	}
}
