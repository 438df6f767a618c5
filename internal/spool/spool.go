// Package spool keeps what a stream yields so that it can be read in any order: a little in memory, and
// more of it in a temporary file.
package spool

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/seneka-io/seneka/internal/errkind"
)

const (
	// InMemory is how many bytes of a stream are kept in memory.
	InMemory = 16 << 20
	// Max is how many bytes of a stream are kept at all. Where the directory of temporary files is
	// memory, as in Cloud Run, an instance needs as much of it for each such file at a time.
	Max = 2 << 30
)

// Spool keeps streams. The zero value is ready. For one goroutine.
type Spool struct {
	files  []*os.File
	memory int64 // 0 means InMemory; tests have less
	max    int64 // 0 means Max
}

// Keep reads r to its end and returns what it held, to be read until Close, and its length. A stream of
// more than Max bytes is errkind.Permanent; an error of r is returned as it is.
func (s *Spool) Keep(r io.Reader) (io.ReaderAt, int64, error) {
	memory, most := s.memory, s.max
	if memory == 0 {
		memory = InMemory
	}
	if most == 0 {
		most = Max
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, r, memory+1); err == io.EOF {
		return bytes.NewReader(head.Bytes()), int64(head.Len()), nil
	} else if err != nil {
		return nil, 0, err
	}
	f, err := s.temporary()
	if err != nil {
		return nil, 0, fmt.Errorf("keep a file that is too large for memory: %w", err)
	}
	from := &source{r: io.LimitReader(io.MultiReader(&head, r), most+1)}
	n, err := io.Copy(f, from)
	switch {
	case from.err != nil:
		return nil, 0, from.err
	case err != nil:
		return nil, 0, fmt.Errorf("keep a file that is too large for memory: %w", err)
	case n > most:
		return nil, 0, errkind.With(errkind.Permanent, fmt.Errorf("the file has more than %d bytes, the most for a format that is not read from front to back: write smaller ones", most))
	}
	return f, n, nil
}

// temporary makes a file that is gone once it is closed, and also if the process is killed.
func (s *Spool) temporary() (*os.File, error) {
	f, err := os.CreateTemp("", "seneka-")
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, f)
	return f, os.Remove(f.Name())
}

// Close frees what was kept.
func (s *Spool) Close() {
	for _, f := range s.files {
		_ = f.Close() // it has no name, and nobody reads it again
	}
	s.files = nil
}

// source remembers the error of a reader, to tell it from one of the file that is written.
type source struct {
	r   io.Reader
	err error
}

// Read reads on, as io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
