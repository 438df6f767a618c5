package load

import (
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/seneka-io/seneka/internal/object"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checkedReader reads an object and knows whether all of it came.
type checkedReader struct {
	body *object.Body
	sum  hash.Hash32
	n    int64
	err  error // the first error other than io.EOF

	progress func() // called whenever bytes came
}

func newCheckedReader(b *object.Body) *checkedReader {
	return &checkedReader{body: b, sum: crc32.New(castagnoli)}
}

// Read reads on, as io.Reader.
func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.n += int64(n)
	_, _ = c.sum.Write(p[:n]) // a hash never fails
	if n > 0 {
		c.progress()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = fmt.Errorf("read broke off after %d of %d bytes: %w", c.n, c.body.Size, err)
		return n, c.err
	}
	return n, err
}

// verify reads what the decoder left over and compares length and checksum with the store's.
func (c *checkedReader) verify() error {
	if c.err == nil {
		_, _ = io.Copy(io.Discard, c) // its error is c.err
	}
	switch {
	case c.err != nil:
		return c.err
	case c.n != c.body.Size:
		return fmt.Errorf("%d bytes came of %d", c.n, c.body.Size)
	case c.body.HasCRC && c.sum.Sum32() != c.body.CRC32C:
		return fmt.Errorf("the bytes that came have CRC32C %08x, the object %08x", c.sum.Sum32(), c.body.CRC32C)
	}
	return nil
}

// countingReader counts what is read through it.
type countingReader struct {
	r io.Reader
	n int64
}

// Read reads on, as io.Reader.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
