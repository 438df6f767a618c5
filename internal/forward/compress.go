package forward

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/internal/object"
)

const (
	// gzipLevel makes logs a seventh to an eighth smaller than the fastest levels do, at 100 to 160
	// MB/s on one core, which is what one connection to S3 gives; docs/performance.md has the numbers.
	gzipLevel = 6
	// leastPlain is the size in bytes of the smallest object that is gzipped: a smaller one saves
	// nothing that anybody would notice.
	leastPlain = 1 << 10
	// headSize is how many bytes say whether an object is text.
	headSize = 4 << 10
	// aheadBlock and aheadBlocks bound in bytes and blocks what is compressed before it is sent: as
	// much as Landing sends at a time, so that the next is ready when that is done.
	aheadBlock, aheadBlocks = 64 << 10, 64
)

// transfer copies what src holds to landing: gzipped on the way if it is plain text, else as it is.
// The bytes decide, whatever the object's name says. end makes reads of src fail that wait.
func (f *Forwarder) transfer(ctx context.Context, end func(), src *object.Body, name string, metadata map[string]string, generation int64) (written int64, err error) {
	r := bufio.NewReaderSize(&exactly{r: src, size: src.Size}, headSize)
	head, _ := r.Peek(headSize) // an error comes again where the head is read
	if !f.Compress || src.Size < leastPlain || !isText(head) {
		return src.Size, f.Landing.Copy(ctx, f.Bucket, name, r, src.Size, metadata, generation)
	}
	z := f.gzip(r)
	defer func() {
		end()
		z.close()
	}()
	err = f.Landing.Copy(ctx, f.Bucket, name, z, UnknownSize, metadata, generation)
	return z.n, err
}

// compressedMagic is how files begin that are compressed, or hold compressed parts, and whose first
// bytes could be text: bzip2, Parquet, ORC, Avro. Others have control characters at once.
var compressedMagic = []string{"BZh", "PAR1", "ORC", "Obj"}

// isText reports whether an object that begins with head is plain text, in whatever encoding but
// those with zero bytes: no compressed file goes without control characters for long.
func isText(head []byte) bool {
	for _, magic := range compressedMagic {
		if bytes.HasPrefix(head, []byte(magic)) {
			return false
		}
	}
	return bytes.IndexFunc(head, isControl) < 0
}

// isControl reports whether c stands in no text. Logs may have colours, hence the escape character.
func isControl(c rune) bool {
	return c < ' ' && !strings.ContainsRune("\t\n\v\f\r\b\x1b", c) || c == 0x7f
}

// exactly reads r, which must end after size bytes: anything else is an error, not an end. What is
// sent without its length would else be complete however little came.
type exactly struct {
	r       io.Reader
	n, size int64
}

// Read reads on, as io.Reader.
func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.n += int64(n)
	switch {
	case e.n > e.size:
		return n, fmt.Errorf("more than the announced %d bytes came", e.size)
	case err == io.EOF && e.n < e.size:
		return n, fmt.Errorf("%d bytes came of %d", e.n, e.size)
	}
	return n, err
}

// gzipped reads what another reader holds, gzipped: always the same for the same bytes. A goroutine
// compresses ahead, so that reading, compressing and sending go on side by side.
type gzipped struct {
	n     int64       // bytes read
	rest  []byte      // of the block that is being read
	block []byte      // and all of it
	full  chan []byte // blocks to read; closed when there are no more
	err   error       // and why; the goroutine's until then
	spare chan []byte // blocks to fill
	stop  chan struct{}
}

// gzip returns a reader of what r holds, gzipped. It must be closed.
func (f *Forwarder) gzip(r io.Reader) *gzipped {
	g := &gzipped{full: make(chan []byte, aheadBlocks), spare: make(chan []byte, aheadBlocks), stop: make(chan struct{})}
	go func() {
		defer close(g.full)
		if g.err = f.compress(&blockWriter{g: g}, r); g.err == nil {
			g.err = io.EOF
		}
	}()
	return g
}

// compress writes r, gzipped, to w.
func (f *Forwarder) compress(w *blockWriter, r io.Reader) (err error) {
	defer func() { // in a goroutine nobody else catches it
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	z, ok := f.compressors.Get().(*gzip.Writer)
	if ok {
		z.Reset(w)
	} else if z, err = gzip.NewWriterLevel(w, gzipLevel); err != nil {
		return err
	}
	defer func() {
		z.Reset(io.Discard) // it must not keep w
		f.compressors.Put(z)
	}()
	if _, err := io.Copy(z, struct{ io.Reader }{r}); err != nil { // in reads of 32 KiB, not of r's buffer
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return w.flush()
}

// Read reads on, as io.Reader.
func (g *gzipped) Read(p []byte) (int, error) {
	for len(g.rest) == 0 {
		if g.block != nil {
			select {
			case g.spare <- g.block:
			default: // enough lie there
			}
			g.block = nil
		}
		block, ok := <-g.full
		if !ok {
			return 0, g.err
		}
		g.block, g.rest = block, block
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	g.n += int64(n)
	return n, nil
}

// close ends the compression, wherever it is. A read of the source that is under way has to end by
// itself.
func (g *gzipped) close() {
	close(g.stop)
	for ok := true; ok; {
		_, ok = <-g.full
	}
}

// blockWriter hands what is written to it on in blocks.
type blockWriter struct {
	g     *gzipped
	block []byte
}

// Write fills blocks. It fails once the reader is closed.
func (w *blockWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if w.block == nil {
			w.block = w.g.empty()
		}
		n := min(len(rest), cap(w.block)-len(w.block))
		w.block, rest = append(w.block, rest[:n]...), rest[n:]
		if len(w.block) == cap(w.block) {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// flush hands on what the block holds.
func (w *blockWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	select {
	case w.g.full <- w.block:
		w.block = nil
		return nil
	case <-w.g.stop:
		return context.Canceled
	}
}

// empty returns a block to fill.
func (g *gzipped) empty() []byte {
	select {
	case block := <-g.spare:
		return block[:0]
	default:
		return make([]byte, 0, aheadBlock)
	}
}
