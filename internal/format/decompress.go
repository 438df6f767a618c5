package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/seneka-io/seneka/internal/errkind"
)

const (
	// maxLayers is how often a file may be compressed over: Firehose puts gzip around the gzip of
	// CloudWatch Logs, and nobody goes further.
	maxLayers = 3
	// maxWindow bounds the memory of a zstd stream in bytes; zstd -19 uses 8 MiB.
	maxWindow = 32 << 20
	// freeWindow is the window in bytes of zstd's default level, for which nobody is asked.
	freeWindow = 2 << 20
	// inputBuffer is the size in bytes of the reads from below each layer.
	inputBuffer = 64 << 10
	// bombFloor and bombRatio tell a decompression bomb: data over so many bytes that is so many
	// times as long as what it came from. Logs compress 20 to 50 times; deflate ends at 1,032 times.
	bombFloor = 256 << 20
	bombRatio = 250
)

// The first bytes of compressed data: RFC 1952 section 2.3.1, RFC 8878 section 3.1.1.
const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// Decompress returns a reader of what r holds below its compression, which it tells by the first
// bytes whatever the file's name says: gzip of any number of members, zstd of any number of frames,
// one within the other up to three deep, or none. It streams in bounded memory. As gzip(1) does, it
// takes zero bytes behind the last gzip member for padding; it refuses anything else there.
//
// Data that is broken, cut short, or a decompression bomb (over 256 MiB in any layer, and 250 times as
// long as what was read of r) is an errkind.Permanent error; an error of r is passed on as it is.
// Close releases memory and leaves r open. A reader serves one goroutine.
func Decompress(r io.Reader) (io.ReadCloser, error) { return DecompressWithin(r, Bounds{}) }

// Bounds are what a caller of DecompressWithin knows or minds.
type Bounds struct {
	// Size is the length in bytes of the file as it was before a copy of it was compressed: data no
	// longer than that is no bomb.
	Size int64
	// Room is called before a layer takes n bytes of memory, where that is megabytes. It may wait; its
	// error is returned. A zstd file whose frames differ in their window is known by the first. Nil:
	// nobody minds.
	Room func(n int64) error
}

// DecompressWithin is Decompress within bounds.
func DecompressWithin(r io.Reader, b Bounds) (io.ReadCloser, error) {
	return decompressUpTo(r, max(bombFloor, b.Size), b.Room)
}

// decompressUpTo is DecompressWithin with another floor of bombs.
func decompressUpTo(r io.Reader, floor int64, room func(n int64) error) (io.ReadCloser, error) {
	s := &stream{floor: floor, room: room}
	if err := s.open(r); err != nil {
		s.free()
		return nil, err
	}
	return s, nil
}

// stream is the innermost reader, and how to free what the layers around it hold.
type stream struct {
	io.Reader
	layers []func()
	floor  int64 // of a bomb, in bytes
	room   func(n int64) error
}

func (s *stream) open(r io.Reader) error {
	var file *input // below all layers
	for range maxLayers + 1 {
		in := &input{r: r, file: file, floor: s.floor}
		if file == nil {
			file = in
		}
		buf := s.buffer(in)
		head, err := buf.Peek(len(zstdMagic))
		if err != nil && err != io.EOF {
			return err
		}
		switch {
		case bytes.HasPrefix(head, []byte(gzipMagic)):
			r, err = s.newGunzip(in, buf)
		case bytes.HasPrefix(head, []byte(zstdMagic)):
			r, err = s.newUnzstd(in, buf)
		default:
			s.Reader = buf
			return nil
		}
		if err != nil {
			return err
		}
	}
	return broken("the data is compressed more than %d times over", maxLayers)
}

// Close frees the layers' memory.
func (s *stream) Close() error {
	s.free()
	s.Reader = closed{}
	return nil
}

// closed is a reader whose memory is another's.
type closed struct{}

func (closed) Read([]byte) (int, error) { return 0, fs.ErrClosed }

// Memory of one file that the next one takes over: for small files, making it would take longer than they
// do.
var (
	buffers sync.Pool // of *bufio.Reader, of inputBuffer bytes
	gunzips sync.Pool // of *gzip.Reader
)

// buffer returns a buffered reader of in, until free.
func (s *stream) buffer(in *input) *bufio.Reader {
	buf, kept := buffers.Get().(*bufio.Reader)
	if !kept {
		buf = bufio.NewReaderSize(nil, inputBuffer)
	}
	buf.Reset(in)
	s.layers = append(s.layers, func() {
		buf.Reset(nil)
		buffers.Put(buf)
	})
	return buf
}

func (s *stream) free() {
	for _, free := range s.layers {
		free()
	}
	s.layers = nil
}

// input counts what a layer reads from the one below, and remembers that one's error, which
// decompressors hide or rename.
type input struct {
	r     io.Reader
	n     int64
	err   error  // nil, or what r failed with other than io.EOF
	file  *input // the input below all layers; nil in that one
	floor int64
}

func (in *input) Read(p []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	n, err := in.r.Read(p)
	in.n += int64(n)
	if in.file != nil && in.n > in.floor && in.n/bombRatio > in.file.n {
		in.err = broken("a decompression bomb: the file's first %d bytes hold %d and more; if it is a log, store it in smaller files", in.file.n, in.n)
		return 0, in.err
	}
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}

// fault says whose fault err is: the reader's below, or that of the data, called name.
func (in *input) fault(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case in.err != nil:
		return in.err
	case err == io.EOF, errkind.Is(err, errkind.Permanent):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return broken("the %s data is cut short after %d bytes", name, in.n)
	default:
		return broken("the %s data is corrupt within its first %d bytes: %w", name, in.n, err)
	}
}

func broken(text string, args ...any) error {
	return errkind.With(errkind.Permanent, fmt.Errorf(text, args...))
}

// gunzip reads gzip members one by one: the library's own way of joining them takes a header that
// is cut short for the end of the file, and zero padding for an error.
type gunzip struct {
	in  *input
	buf *bufio.Reader
	gz  *gzip.Reader
	end error // sticky
}

func (s *stream) newGunzip(in *input, buf *bufio.Reader) (*gunzip, error) {
	gz, kept := gunzips.Get().(*gzip.Reader)
	if !kept {
		gz = new(gzip.Reader)
	}
	s.layers = append(s.layers, func() { gunzips.Put(gz) })
	g := &gunzip{in: in, buf: buf, gz: gz}
	return g, in.fault("gzip", g.member())
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	for len(p) > 0 && n == 0 && g.end == nil {
		if n, err = g.gz.Read(p); err == io.EOF {
			err = g.next()
		}
		g.end = g.in.fault("gzip", err)
	}
	return n, g.end
}

// member reads a member's header.
func (g *gunzip) member() error {
	if err := g.gz.Reset(g.buf); err == io.EOF {
		return io.ErrUnexpectedEOF // within the name or the comment
	} else if err != nil {
		return err
	}
	g.gz.Multistream(false)
	return nil
}

// next goes on to the member behind this one. It returns io.EOF if there is none.
func (g *gunzip) next() error {
	head, err := g.buf.Peek(len(gzipMagic))
	switch {
	case string(head) == gzipMagic:
		return g.member()
	case err != nil && err != io.EOF, len(head) == 0:
		return err
	}
	for {
		switch b, err := g.buf.ReadByte(); {
		case err != nil:
			return err
		case b != 0:
			return broken("the gzip data is followed by something else")
		}
	}
}

type unzstd struct {
	in  *input
	dec *zstd.Decoder
}

func (s *stream) newUnzstd(in *input, r *bufio.Reader) (*unzstd, error) {
	if n := window(r); s.room != nil && n > freeWindow && n <= maxWindow { // a larger one is refused
		if err := s.room(n); err != nil {
			return nil, err
		}
	}
	dec, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, in.fault("zstd", err)
	}
	s.layers = append(s.layers, dec.Close)
	return &unzstd{in, dec}, nil
}

// window returns the bytes that a zstd frame makes its decoder keep; 0 if its header is broken, which
// the decoder will say.
func window(r *bufio.Reader) int64 {
	head, _ := r.Peek(zstd.HeaderMaxSize) // fewer at the end of the file
	var h zstd.Header
	if h.Decode(head) != nil {
		return 0
	}
	size := h.WindowSize
	if h.SingleSegment {
		size = h.FrameContentSize
	}
	return int64(min(size, math.MaxInt64))
}

func (z *unzstd) Read(p []byte) (int, error) {
	n, err := z.dec.Read(p)
	return n, z.in.fault("zstd", err)
}
