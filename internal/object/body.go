package object

import "io"

// Body is the content of one object at one version or generation, being read. The reader that an
// adapter hands out fails with an error, never with io.EOF, where the content ends too early.
type Body struct {
	io.ReadCloser
	Size     int64             // bytes that the store says there are
	CRC32C   uint32            // Castagnoli, as the store has it; only with HasCRC
	HasCRC   bool              // the store gave a CRC32C
	Metadata map[string]string // custom metadata, where the read returns it
}
