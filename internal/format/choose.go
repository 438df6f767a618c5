package format

import (
	"bufio"
	"io"

	"github.com/seneka-io/seneka/internal/row"
)

// firstBytes is how many bytes of a file Choose looks at.
const firstBytes = 16

// Choose returns the decoder of a file of a format that comes in several kinds: the one that pick returns
// for the file's first bytes, 16 or fewer if there are no more. pick's decoder reads the file from in.
func Choose(r io.Reader, pick func(first []byte, in io.Reader) Decoder) Decoder {
	return &chosen{from: r, pick: pick}
}

type chosen struct {
	from io.Reader
	pick func(first []byte, in io.Reader) Decoder
	Decoder
}

// Next implements Decoder.
func (c *chosen) Next(rec *row.Record) error {
	if c.Decoder == nil {
		if err := c.choose(); err != nil {
			return err
		}
	}
	return c.Decoder.Next(rec)
}

func (c *chosen) choose() error {
	in := bufio.NewReaderSize(c.from, firstBytes) // longer reads go past it
	first, err := in.Peek(firstBytes)
	if err != nil && (err != io.EOF || len(first) == 0) {
		return err
	}
	c.Decoder = c.pick(first, rest{in, c.from})
	return nil
}

// rest is a file of which some bytes were looked at.
type rest struct {
	io.Reader
	from io.Reader
}
