package forward

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/testdata"
)

// elbLines returns n bytes of real lines, which no two of which are the same.
func elbLines(t *testing.T, n int) string {
	t.Helper()
	sample, err := testdata.ELB.ReadFile("elb/logstash.log")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%08x ", i*2654435761)
		b.Write(sample)
	}
	return b.String()[:n]
}

// compressing is a forwarder that gzips, and counts the copies and their bytes.
func (c *clouds) compressing() (*Forwarder, *copies) {
	f, n := c.forwarder(), &copies{}
	f.Compress = true
	f.Copied = func(_ object.Source, read, written int64) {
		*n = copies{n.made + 1, n.read + read, n.written + written}
	}
	return f, n
}

type copies struct{ made, read, written int64 }

func (c *clouds) landed() string { return c.gcs["landing/src/k.log"].data }

func decompressed(t *testing.T, data string) string {
	t.Helper()
	r, err := format.Decompress(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func isGzip(data string) bool { return strings.HasPrefix(data, "\x1f\x8b") }

// Plain text is gzipped, however long it is; what it decompresses to and what its metadata says is the
// object in S3.
func TestForwardGzipsText(t *testing.T) {
	for _, size := range []int{leastPlain, 5000, headSize, headSize + 1, aheadBlock, 10 * aheadBlock, 8<<20 + 1} {
		c := newClouds()
		f, count := c.compressing()
		text := elbLines(t, size)
		e := c.put("k.log", "v1", text, "1")
		if got, err := f.Forward(t.Context(), e, time.Now()); err != nil || got != Forwarded {
			t.Fatalf("%d bytes: %s, %v", size, got, err)
		}
		if data := c.landed(); !isGzip(data) || len(data) >= size || decompressed(t, data) != text {
			t.Errorf("%d bytes: %d bytes landed, gzip %v, and not the same", size, len(data), isGzip(data))
		}
		attrs, ok, err := object.ParseAttrs(c.gcs["landing/src/k.log"].metadata)
		if err != nil || !ok || attrs.Event != e {
			t.Errorf("%d bytes: metadata %+v, %v, want that of %+v", size, attrs, err, e)
		}
		want := copies{1, int64(size), int64(len(c.landed()))}
		if *count != want {
			t.Errorf("%d bytes: counted %+v, want %+v", size, *count, want)
		}
		// Announced once more it is the same version: nothing is copied.
		if got, err := f.Forward(t.Context(), e, time.Now()); err != nil || got != Present || *count != want {
			t.Errorf("again: %s, %v, %+v", got, err, *count)
		}
	}
}

// What is not plain text, or small, or not to be compressed, is copied as it is.
func TestForwardLeavesOthersAlone(t *testing.T) {
	text := elbLines(t, 100_000)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	binary := func(head string) string {
		noise := make([]byte, 50_000)
		_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
		return head + string(noise)
	}
	unhex := func(s string) string {
		data, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	gz := newClouds()
	zipping, _ := gz.compressing()
	gz.mustForwardWith(t, zipping, gz.put("k.log", "v1", text, "1"))
	tests := map[string]string{
		"gzip":           gz.landed(),
		"zstd":           string(enc.EncodeAll([]byte(text), nil)),
		"zstd, skipped":  unhex("502a4d1804000000") + "text" + string(enc.EncodeAll([]byte(text), nil)),
		"Parquet":        binary("PAR1"),
		"Parquet, text":  "PAR1" + text,
		"ORC":            "ORC" + text,
		"Avro":           "Obj\x01" + text,
		"bzip2":          binary("BZh91AY&SY"),
		"xz":             binary(unhex("fd377a585a00")),
		"lz4":            binary(unhex("04224d18")),
		"snappy, framed": binary(unhex("ff060000") + "sNaPpY"),
		"zip":            binary("PK\x03\x04"),
		"zeros":          strings.Repeat("\x00", 10_000),
		"UTF-16":         strings.ReplaceAll(text[:10_000], "", "\x00"),
		"nearly text":    text[:headSize-1] + "\x00" + text,
		"small":          text[:leastPlain-1],
	}
	for name, data := range tests {
		c := newClouds()
		f, count := c.compressing()
		c.mustForwardWith(t, f, c.put("k.log", "v1", data, "1"))
		if c.landed() != data {
			t.Errorf("%s: changed on the way", name)
		}
		if n := int64(len(data)); *count != (copies{1, n, n}) {
			t.Errorf("%s: counted %+v", name, *count)
		}
	}
	c := newClouds()
	c.mustForwardWith(t, c.forwarder(), c.put("k.log", "v1", text, "1"))
	if c.landed() != text {
		t.Error("compress is off: changed on the way")
	}
}

func (c *clouds) mustForwardWith(t *testing.T, f *Forwarder, e object.Event) {
	t.Helper()
	if got, err := f.Forward(t.Context(), e, time.Now()); err != nil || got != Forwarded {
		t.Fatalf("Forward = %s, %v", got, err)
	}
}

func TestIsText(t *testing.T) {
	for head, want := range map[string]bool{
		"":                        true,
		"2026-01-01 GET /":        true,
		"caf\xe9 latin 1":         true,
		"日本 🪵":                    true,
		"\x1b[31mred\x1b[0m":      true,
		"a\tb\r\nc\f\v\b":         true,
		"\xef\xbb\xbfwith a mark": true,
		"a\x00b":                  false,
		"a\x01b":                  false,
		"a\x7fb":                  false,
		"BZh9":                    false,
	} {
		if got := isText([]byte(head)); got != want {
			t.Errorf("isText(%q) = %v, want %v", head, got, want)
		}
	}
}

// The same bytes make the same copy, however they come and whatever was compressed before.
func TestGzipIsAlwaysTheSame(t *testing.T) {
	text := elbLines(t, 500_000)
	f := &Forwarder{}
	gzip := func(r io.Reader) string {
		g := f.gzip(r)
		defer g.close()
		data, err := io.ReadAll(g)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := gzip(strings.NewReader(text))
	for name, r := range map[string]io.Reader{
		"again":         strings.NewReader(text),
		"byte by byte":  iotest.OneByteReader(strings.NewReader(text)),
		"in halves":     iotest.HalfReader(strings.NewReader(text)),
		"with its end":  iotest.DataErrReader(strings.NewReader(text)),
		"in two pieces": io.MultiReader(strings.NewReader(text[:77_777]), strings.NewReader(text[77_777:])),
	} {
		gzip(strings.NewReader("something else before"))
		if gzip(r) != want {
			t.Errorf("%s: another copy", name)
		}
	}
}

// A source that breaks off, or that ends where it should not, leaves nothing in landing: gzip would
// make a whole file of it.
func TestForwardBrokenText(t *testing.T) {
	text := elbLines(t, 200_000)
	errReset := errors.New("connection reset")
	tests := map[string]struct {
		r    io.Reader
		want string
	}{
		"at once":              {iotest.ErrReader(errReset), "connection reset"},
		"in the head":          {io.MultiReader(strings.NewReader(text[:100]), iotest.ErrReader(errReset)), "connection reset"},
		"midway":               {io.MultiReader(strings.NewReader(text[:100_000]), iotest.ErrReader(errReset)), "connection reset"},
		"behind the last byte": {io.MultiReader(strings.NewReader(text), iotest.ErrReader(errReset)), "connection reset"},
		"empty":                {strings.NewReader(""), "0 bytes came of 200000"},
		"short in the head":    {strings.NewReader(text[:100]), "100 bytes came of 200000"},
		"short by a byte":      {strings.NewReader(text[:199_999]), "199999 bytes came of 200000"},
		"long":                 {strings.NewReader(text + "x"), "more than the announced 200000 bytes came"},
		"panics":               {panicReader{}, "boom"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newClouds()
			f, count := c.compressing()
			e := c.put("k.log", "v1", text, "1")
			f.Source = opener(func(context.Context) io.Reader { return tt.r })
			if _, ok := tt.r.(panicReader); ok { // behind the head, where the goroutine reads
				f.Source = opener(func(context.Context) io.Reader { return io.MultiReader(strings.NewReader(text[:headSize]), tt.r) })
			}
			if got, err := f.Forward(t.Context(), e, time.Now()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Forward = %q, %v; want an error that says %q", got, err, tt.want)
			}
			if len(c.gcs) > 0 || *count != (copies{}) {
				t.Errorf("landing has %d objects, counted %+v", len(c.gcs), *count)
			}
		})
	}
}

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("boom") }

// opener is S3 with one object of 200,000 bytes, or so it says.
type opener func(ctx context.Context) io.Reader

func (o opener) Open(ctx context.Context, _ object.Event) (*object.Body, error) {
	return &object.Body{ReadCloser: io.NopCloser(o(ctx)), Size: 200_000}, nil
}

// refusing is a landing bucket that fails after it has read some.
type refusing struct {
	*clouds
	after int64
}

var errRefused = errors.New("503")

func (r refusing) Copy(_ context.Context, _, _ string, src io.Reader, _ int64, _ map[string]string, _ int64) error {
	_, _ = io.CopyN(io.Discard, src, r.after)
	return errRefused
}

// A copy that fails ends the compression, even one that waits for S3.
func TestForwardEndsTheCompression(t *testing.T) {
	text := elbLines(t, 200_000)
	for _, waits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newClouds()
			f, _ := c.compressing()
			f.Landing = refusing{clouds: c}
			f.Source = opener(func(ctx context.Context) io.Reader {
				if !waits {
					return strings.NewReader(text)
				}
				return io.MultiReader(strings.NewReader(text[:headSize]), waiting{ctx})
			})
			if _, err := f.Forward(t.Context(), c.put("k.log", "v1", text, "1"), time.Now()); !errors.Is(err, errRefused) {
				t.Errorf("got %v, want the landing bucket's error", err)
			}
			synctest.Wait() // and no goroutine is left: the bubble would not end
		})
	}
}

// waiting is a connection on which nothing comes.
type waiting struct{ ctx context.Context }

func (w waiting) Read([]byte) (int, error) {
	<-w.ctx.Done()
	return 0, w.ctx.Err()
}

// What is compressed and not sent yet is bounded, so that a slow landing bucket costs no memory.
func TestGzipAheadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noise := rand.NewChaCha8([32]byte{}) // does not compress: what is read is about what is held
		var mu sync.Mutex
		read := 0
		source := readerFunc(func(p []byte) (int, error) {
			n, err := noise.Read(p)
			mu.Lock()
			read += n
			mu.Unlock()
			return n, err
		})
		g := (&Forwarder{}).gzip(source)
		synctest.Wait()
		mu.Lock()
		held := read
		mu.Unlock()
		if most := (aheadBlocks + 4) * aheadBlock; held > most || held < aheadBlocks*aheadBlock/2 {
			t.Errorf("%d bytes were read ahead, want about %d", held, aheadBlocks*aheadBlock)
		}
		if _, err := io.CopyN(io.Discard, g, 4*aheadBlocks*aheadBlock); err != nil { // and goes on
			t.Error(err)
		}
		g.close()
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The throughput of one copy's compression, as a share of gunzip's.
func BenchmarkGzip(b *testing.B) {
	sample, err := testdata.ELB.ReadFile("elb/logstash.log")
	if err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	for i := 0; text.Len() < 16<<20; i++ {
		fmt.Fprintf(&text, "%08x ", i*2654435761)
		text.Write(sample)
	}
	f := &Forwarder{}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		g := f.gzip(bytes.NewReader(text.Bytes()))
		n, err := io.Copy(io.Discard, g)
		if err != nil {
			b.Fatal(err)
		}
		g.close()
		b.ReportMetric(float64(text.Len())/float64(n), "ratio")
	}
}
