// Package pq reads Apache Parquet files (https://parquet.apache.org/docs/file-format/) record by
// record, in bounded memory, whatever their bytes are: lengths and counts that a file declares are
// compared with what is there before memory is taken for them. It knows nothing of tables.
//
// Read are data pages of both versions, dictionaries, all encodings but BIT_PACKED levels, and the codecs
// snappy, gzip, brotli, zstd, LZ4_RAW and LZ4 as Hadoop frames it. Encrypted files and LZO are not.
package pq

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic is what a Parquet file begins and ends with.
const Magic = "PAR1"

// maxFooter is the longest metadata in bytes.
const maxFooter = 32 << 20

// emptyRows and rowsPerByte bound the rows of a file: columns of nothing but NULLs take no bytes at all.
const (
	emptyRows   = 16 << 20
	rowsPerByte = 1000
)

// File is a Parquet file. Its methods may be called by one goroutine at a time.
type File struct {
	Root   *Node // a group: its children are the columns
	r      io.ReaderAt
	size   int64
	groups []group
	leaves []*Node
}

// Open reads the metadata of the file of size bytes in r. An error is of kind Permanent if it is the
// file's own, and else that of r.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	const ends = 12 // magic, and the metadata's length and magic
	if size < ends {
		return nil, broken("it has %d bytes", size)
	}
	head, tail := make([]byte, len(Magic)), make([]byte, 8)
	if err := errors.Join(f.readAt(head, 0), f.readAt(tail, size-8)); err != nil {
		return nil, err
	}
	switch {
	case string(tail[4:]) == "PARE" || string(head) == "PARE":
		return nil, refused("it is encrypted")
	case string(head) != Magic:
		return nil, broken("it does not begin with %s", Magic)
	case string(tail[4:]) != Magic:
		return nil, broken("it does not end with %s: it is cut short", Magic)
	}
	n := int64(binary.LittleEndian.Uint32(tail))
	if n > size-ends {
		return nil, broken("its metadata has %d bytes, and the file %d", n, size)
	}
	if n > maxFooter {
		return nil, refused("its metadata has %d bytes, and %d are the most", n, maxFooter)
	}
	data := make([]byte, n)
	if err := f.readAt(data, size-8-n); err != nil {
		return nil, err
	}
	m, err := parseFooter(data)
	if err != nil {
		return nil, err
	}
	return f, f.take(m)
}

// take checks the metadata.
func (f *File) take(m *footer) (err error) {
	if m.encrypted {
		return refused("it is encrypted")
	}
	if f.Root, f.leaves, err = buildSchema(m.schema); err != nil {
		return err
	}
	rows := int64(0)
	for i := range m.groups {
		g := &m.groups[i]
		if len(g.chunks) != len(f.leaves) {
			return broken("row group %d has %d columns, and the schema %d", i, len(g.chunks), len(f.leaves))
		}
		if g.rows < 0 || g.rows > emptyRows+rowsPerByte*f.size-rows {
			return refused("it says that it has over %d rows in %d bytes", g.rows, f.size)
		}
		rows += g.rows
		if err := f.checkChunks(g); err != nil {
			return err
		}
	}
	if rows != m.rows {
		return broken("its row groups have %d rows, and it %d", rows, m.rows)
	}
	f.groups = m.groups
	return nil
}

func (f *File) checkChunks(g *group) error {
	for j := range g.chunks {
		c, n := &g.chunks[j], f.leaves[j]
		switch {
		case c.elsewhere:
			return refused("values of column %.64q are encrypted, or in another file", n.Name)
		case c.kind != int64(n.Kind):
			return broken("column %.64q has type %d in the schema, and %d in a row group", n.Name, n.Kind, c.kind)
		case c.values < 0 || n.maxRep == 0 && c.values != g.rows:
			return broken("column %.64q has %d values in %d rows", n.Name, c.values, g.rows)
		case c.data < 0 || c.data > f.size || c.dictionary < 0 || c.dictionary > f.size:
			return broken("values of column %.64q lie behind its end", n.Name)
		}
	}
	return nil
}

// start returns where the first page of a chunk lies.
func (c *chunk) start() int64 {
	if c.dictionary > 0 && c.dictionary < c.data {
		return c.dictionary
	}
	return c.data
}

// readAt fills b.
func (f *File) readAt(b []byte, at int64) error {
	n, err := f.r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		return broken("it ends at %d", at+int64(n))
	}
	return fmt.Errorf("read %d bytes at %d: %w", len(b), at, err)
}
