package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/seneka-io/seneka/loadtest/corpus"
)

// text is lines of a format, in blocks that are written again and again: a compressor looks back 32 KiB, and does
// not see that they come again.
type text struct {
	blocks [distinct]block
}

// distinct is how many blocks there are, and blockSize how many bytes each has at most.
const distinct, blockSize = 8, 16 << 20

type block struct {
	plain []byte
	rows  int64
	// packed is plain as a run of deflate blocks that refers to nothing before it and ends at a byte: such runs,
	// one behind the other, are one stream.
	packed []byte
}

// makeText makes text for files of so many bytes. Those that are to be gzipped need packed blocks.
func makeText(format string, size int64, packed bool) (*text, error) {
	c, err := corpus.Of(os.DirFS("."), format, 7, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1))
	if err != nil {
		return nil, fmt.Errorf("run this in the module's folder: %w", err)
	}
	t := &text{}
	for i := range t.blocks {
		b := &t.blocks[i]
		var plain bytes.Buffer
		if b.rows, _, err = c.Write(&plain, min(blockSize, size)); err != nil {
			return nil, err
		}
		b.plain = plain.Bytes()
		if !packed {
			continue
		}
		if b.packed, err = pack(b.plain); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func pack(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 6)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Flush() // to a byte, and no last block
	return out.Bytes(), err
}

// written is what a file holds.
type written struct{ rows, text, stored int64 }

// writePlain writes blocks until the file has size bytes.
func (t *text) writePlain(w io.Writer, size int64) (f written, err error) {
	for i := 0; f.stored < size; i++ {
		b := &t.blocks[i%distinct]
		if _, err := w.Write(b.plain); err != nil {
			return f, err
		}
		f.rows, f.text, f.stored = f.rows+b.rows, f.text+int64(len(b.plain)), f.stored+int64(len(b.plain))
	}
	return f, nil
}

// writeGzip writes one gzip member, RFC 1952, until it has size bytes.
func (t *text) writeGzip(w io.Writer, size int64) (f written, err error) {
	put := func(data []byte) error {
		n, err := w.Write(data)
		f.stored += int64(n)
		return err
	}
	if err := put([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")); err != nil {
		return f, err
	}
	sum := crc32.NewIEEE()
	for i := 0; f.stored < size; i++ {
		b := &t.blocks[i%distinct]
		if err := put(b.packed); err != nil {
			return f, err
		}
		sum.Write(b.plain)
		f.rows, f.text = f.rows+b.rows, f.text+int64(len(b.plain))
	}
	end := []byte("\x03\x00") // an empty block, the last
	end = binary.LittleEndian.AppendUint32(end, sum.Sum32())
	end = binary.LittleEndian.AppendUint32(end, uint32(f.text)) // modulo 2^32
	return f, put(end)
}
