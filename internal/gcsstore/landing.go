package gcsstore

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"

	"cloud.google.com/go/storage"

	"github.com/seneka-io/seneka/internal/errkind"
)

const (
	// wholeMax is the largest object in bytes that is held in memory, by us and by the client, and sent
	// as one checked request.
	wholeMax = 4 << 20
	// chunk is how many bytes of a larger one are in memory and sent at a time.
	chunk = 8 << 20
	// smallChunk is that of one that would fit a chunk, or whose size is not known: what is sent as one
	// request is not checked as what comes in several is.
	smallChunk = 4 << 20
	// handed is how many bytes of a larger one are read and handed to the client at a time. It takes them in
	// another goroutine: with the 32 KiB of io.Copy, a sixth of the CPU time of a copy went into taking turns.
	handed = 256 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Copy writes r as an object with the metadata: if there is none for generation 0, else in place of
// that generation. size is that of r in bytes; negative: not known, up to io.EOF. The bytes are
// checked by CRC32C on arrival. An error of r, or another length than size, leaves nothing behind.
// errkind.Exists where the object is another one, which may be our own write, retried by the client.
func (s *Store) Copy(ctx context.Context, bucket, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
	// Closing a writer publishes what it got so far: only this ends it without.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conds := storage.Conditions{GenerationMatch: generation, DoesNotExist: generation == 0}
	w := s.client.Bucket(bucket).Object(name).If(conds).NewWriter(ctx)
	w.ContentType = "application/octet-stream"
	w.Metadata = metadata
	if size < 0 {
		return copyToEnd(w, r)
	}
	if size <= wholeMax {
		return copyWhole(w, r, size)
	}
	w.ChunkSize = chunk
	if size <= chunk {
		w.ChunkSize = smallChunk
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(r, size+1), make([]byte, handed))
	switch {
	case err != nil:
		return classify(fmt.Errorf("copy after %d of %d bytes: %w", n, size, err))
	case n != size:
		return wrongLength(n, size)
	}
	return classify(w.Close())
}

// copyWhole reads a small object to its end before the first byte is sent.
func copyWhole(w *storage.Writer, r io.Reader, size int64) error {
	var buf bytes.Buffer
	buf.Grow(int(size) + bytes.MinRead)
	n, err := buf.ReadFrom(io.LimitReader(r, size+1))
	if err != nil {
		return fmt.Errorf("read after %d of %d bytes: %w", n, size, err)
	}
	if n != size {
		return wrongLength(n, size)
	}
	return classify(writeWhole(w, buf.Bytes()))
}

// copyToEnd copies what r holds, however much that is.
func copyToEnd(w *storage.Writer, r io.Reader) error {
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, wholeMax+1)
	if err == io.EOF {
		return classify(writeWhole(w, head.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("read after %d bytes: %w", n, err)
	}
	w.ChunkSize = smallChunk
	if n, err = io.Copy(w, io.MultiReader(&head, r)); err != nil {
		return classify(fmt.Errorf("copy after %d bytes: %w", n, err))
	}
	return classify(w.Close())
}

// writeWhole sends data as one request that the store checks by its CRC32C.
func writeWhole(w *storage.Writer, data []byte) error {
	// A chunk that holds all of it lets the client send it again; without one it never would.
	w.ChunkSize = len(data) + 1
	w.CRC32C, w.SendCRC32C = crc32.Checksum(data, castagnoli), true
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Close()
}

func wrongLength(n, size int64) error {
	if n > size {
		return errkind.With(errkind.Transient, fmt.Errorf("more than the announced %d bytes came", size))
	}
	return errkind.With(errkind.Transient, fmt.Errorf("%d bytes came of %d", n, size))
}
