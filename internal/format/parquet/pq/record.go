package pq

import (
	"errors"
	"io"
)

// Datum is a value of a record.
type Datum struct {
	Null  bool
	Int   int64   // of Boolean (0, 1), Int32 and Int64
	Float float64 // of Float and Double
	Bytes []byte  // of the other kinds
	// List is the fields of a group in order, or the elements of a Repeated node.
	List []Datum
}

// set returns d, to be set to something else; its memory is used again.
func (d *Datum) set(null bool) *Datum {
	d.Null, d.Bytes, d.List = null, nil, d.List[:0]
	return d
}

// grow adds an element to d's list.
func (d *Datum) grow() *Datum {
	if n := len(d.List); n < cap(d.List) {
		d.List = d.List[:n+1]
	} else {
		d.List = append(d.List, Datum{})
	}
	return &d.List[len(d.List)-1]
}

// maxListed bounds the elements of all lists of a record.
const maxListed = 1 << 18

// ErrTooLarge is a record that is larger than is read: longer in bytes, or with more than 262,144
// elements in its lists. The one behind it can be read.
var ErrTooLarge = errors.New("the record is too large")

// Reader reads records in order. For one goroutine.
type Reader struct {
	// Line is the 1-based number of the record that was read last, Offset where its row group begins.
	Line, Offset int64

	group int // the next one
	rows  int64
	reader
}

// reader is what the columns of a row group share.
type reader struct {
	file    *File
	columns []column
	unpacker
	headerBuf []byte
	held      int
	max       int // bytes of a record
	elements  int // of this record
	bytes     int
	spare     Datum // takes what is too much
}

// Records returns a reader of f's records. Those with values of more than most bytes are ErrTooLarge.
func (f *File) Records(most int) *Reader {
	return &Reader{reader: reader{file: f, max: most}}
}

// Next reads a record: d.List are its columns. They refer to the reader's memory until the next call. It
// returns io.EOF behind the last record.
func (r *Reader) Next(d *Datum) error {
	for r.rows == 0 {
		if err := r.nextGroup(); err != nil {
			return err
		}
	}
	r.rows--
	r.Line++
	r.elements, r.bytes = 0, 0
	if err := r.read(r.file.Root, d.set(false), 0); err != nil {
		return err
	}
	if r.elements > maxListed || r.bytes > r.max {
		return ErrTooLarge
	}
	return nil
}

// nextGroup goes on to the next row group.
func (r *Reader) nextGroup() error {
	for i := range r.columns {
		c := &r.columns[i]
		if ok, err := c.peek(); err != nil {
			return err
		} else if ok {
			return broken("column %s has values behind the last row", c.name)
		}
	}
	if r.group == len(r.file.groups) {
		return io.EOF
	}
	g := &r.file.groups[r.group]
	r.group++
	r.rows, r.held = g.rows, 0
	r.columns = make([]column, len(g.chunks))
	for i := range r.columns {
		chunk := &g.chunks[i]
		r.columns[i] = column{reader: &r.reader, node: r.file.leaves[i], name: r.file.Root.path(i), chunk: chunk, pos: chunk.start(), left: chunk.values}
	}
	r.Offset = r.columns[0].pos
	return nil
}

// header returns memory for the header of a page.
func (r *reader) header(size int) []byte {
	if len(r.headerBuf) < size {
		r.headerBuf = make([]byte, size)
	}
	return r.headerBuf[:size]
}

// hold says how many bytes the pages of a column take from now on.
func (r *reader) hold(c *column, n int) error {
	r.held += n - c.held
	c.held = n
	if r.held > maxHeld {
		return refused("the pages of its columns take more than %d MiB at a time: write pages of 1 MiB, or fewer columns", maxHeld>>20)
	}
	return nil
}

// read reads a value of n, its fields if it is a group. rep is the repetition level that it begins with.
func (r *reader) read(n *Node, d *Datum, rep int) error {
	if n.Kind != Group {
		return r.leaf(n, d, rep)
	}
	for _, c := range n.Children {
		if err := r.field(c, d.grow(), rep); err != nil {
			return err
		}
	}
	return nil
}

// field reads a field of a group: how often it is there its first leaf says.
// https://github.com/apache/parquet-format/blob/master/README.md#nested-encoding
func (r *reader) field(n *Node, d *Datum, rep int) error {
	lead := &r.columns[n.first]
	if err := r.need(lead, rep); err != nil {
		return err
	}
	if lead.def < n.maxDef && n.Repetition != Required {
		d.set(n.Repetition == Optional)
		return r.skip(n, rep)
	}
	d.set(false)
	if n.Repetition != Repeated {
		return r.read(n, d, rep)
	}
	for {
		if err := r.read(n, r.element(d), rep); err != nil {
			return err
		}
		rep = n.maxRep
		if ok, err := lead.peek(); err != nil {
			return err
		} else if !ok || lead.rep < rep {
			return nil
		}
	}
}

// element adds an element to a list, unless there are too many.
func (r *reader) element(d *Datum) *Datum {
	if r.elements++; r.elements > maxListed {
		return r.spare.set(false)
	}
	return d.grow().set(false)
}

// need makes the column's next value one of this repetition level.
func (r *reader) need(c *column, rep int) error {
	ok, err := c.peek()
	switch {
	case err != nil:
		return err
	case !ok:
		return broken("column %s ends before the last row", c.name)
	case c.rep != rep:
		return broken("column %s has repetition level %d where other columns have %d", c.name, c.rep, rep)
	}
	return nil
}

// leaf reads the value of a column that is there.
func (r *reader) leaf(n *Node, d *Datum, rep int) error {
	c := &r.columns[n.first]
	if err := r.need(c, rep); err != nil {
		return err
	}
	if c.def < n.maxDef {
		return broken("column %s has no value where other columns have", c.name)
	}
	c.peeked = false
	if err := c.values.next(d); err != nil {
		return err
	}
	if r.bytes += len(d.Bytes); r.bytes > r.max {
		d.Bytes = nil
	}
	return nil
}

// skip passes over the values of all columns below n, which is not there.
func (r *reader) skip(n *Node, rep int) error {
	for i := n.first; i < n.end; i++ {
		c := &r.columns[i]
		if err := r.need(c, rep); err != nil {
			return err
		}
		if c.def >= n.maxDef {
			return broken("column %s has a value where other columns have none", c.name)
		}
		c.peeked = false
	}
	return nil
}
