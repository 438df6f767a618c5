package format

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/seneka-io/seneka/internal/errkind"
)

func gz(t testing.TB, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		w.Name = "member.log"
		_, err := io.WriteString(w, p)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func zst(t testing.TB, parts ...string) string {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, p := range parts {
		b = enc.EncodeAll([]byte(p), b)
	}
	return string(b)
}

func decompress(r io.Reader) (string, error) {
	d, err := Decompress(r)
	if err != nil {
		return "", err
	}
	defer d.Close()
	data, err := io.ReadAll(d)
	return string(data), err
}

// text returns n bytes that compress somewhat.
func text(n int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%d GET /path/%d\n", rng.IntN(1000), rng.IntN(100))
	}
	return b.String()[:n]
}

func TestDecompress(t *testing.T) {
	long := text(1 << 20)
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "plain\n", "plain\n"},
		{"one byte of a magic", "\x1f", "\x1f"},
		{"three bytes of a magic", "\x28\xb5\x2f", "\x28\xb5\x2f"},
		{"gzip", gz(t, "text"), "text"},
		{"gzip of nothing", gz(t, ""), ""},
		{"gzip, long", gz(t, long), long},
		{"members", gz(t, "a", "", "b", long), "ab" + long},
		{"zero padding", gz(t, "a", "b") + strings.Repeat("\x00", 100_000), "ab"},
		{"one zero byte", gz(t, "a") + "\x00", "a"},
		{"gzip in gzip", gz(t, gz(t, "a", "b")), "ab"},
		{"gzip in members of gzip", gz(t, gz(t, "a"), gz(t, "b")), "ab"},
		{"gzip three deep", gz(t, gz(t, gz(t, long))), long},
		{"zstd", zst(t, "text"), "text"},
		{"zstd of nothing", zst(t, ""), ""},
		{"zstd, long", zst(t, long), long},
		{"frames", zst(t, "a", "b", long), "ab" + long},
		{"zstd in gzip", gz(t, zst(t, "a")), "a"},
		{"gzip in zstd", zst(t, gz(t, "a")), "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tt.in),
				"in halves":    iotest.HalfReader(strings.NewReader(tt.in)),
				"EOF with end": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				if got, err := decompress(r); err != nil || got != tt.want {
					t.Errorf("%s: %d bytes, error %v; want %d bytes", how, len(got), err, len(tt.want))
				}
			}
			if len(tt.in) > 10_000 {
				return
			}
			if got, err := decompress(iotest.OneByteReader(strings.NewReader(tt.in))); err != nil || got != tt.want {
				t.Errorf("byte by byte: %q, error %v", got, err)
			}
		})
	}
}

func TestDecompressBroken(t *testing.T) {
	flipped := func(s string, i int) string {
		b := []byte(s)
		b[(i+len(b))%len(b)] ^= 0x40
		return string(b)
	}
	wide, err := zstd.NewWriter(nil, zstd.WithWindowSize(2*maxWindow), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	var window bytes.Buffer
	wide.Reset(&window)
	_, err = io.WriteString(wide, text(100_000))
	if err := errors.Join(err, wide.Flush(), wide.Close()); err != nil {
		t.Fatal(err)
	}
	body := text(1000)
	tests := []struct{ name, in, want string }{
		{"gzip: checksum", flipped(gz(t, body), -8), "gzip data is corrupt within its first"},
		{"gzip: length", flipped(gz(t, body), -4), "invalid checksum"},
		{"gzip: body", flipped(gz(t, body), 40), "gzip data is corrupt"},
		{"gzip: method", "\x1f\x8b\x07" + gz(t, body)[3:], "invalid header"},
		{"gzip: magic and no more", "\x1f\x8b", "cut short"},
		{"gzip: garbage behind it", gz(t, body) + "garbage", "followed by something else"},
		{"gzip: garbage behind zeros", gz(t, body) + "\x00\x00x", "followed by something else"},
		{"gzip: a member behind zeros", gz(t, body) + "\x00" + gz(t, body), "followed by something else"},
		{"gzip: half a magic behind it", gz(t, body) + "\x1f", "followed by something else"},
		{"zstd: body", flipped(zst(t, body), 40), "zstd data is corrupt"},
		{"zstd: checksum", flipped(zst(t, body), -1), "zstd data is corrupt"},
		{"zstd: garbage behind it", zst(t, body) + "garbage", "zstd data is corrupt"},
		{"zstd: window too large", window.String(), "window size exceeded"},
		{"inner gzip", gz(t, flipped(gz(t, body), -8)), "gzip data is corrupt"},
		{"four deep", gz(t, gz(t, gz(t, gz(t, body)))), "more than 3 times"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decompress(strings.NewReader(tt.in))
			if !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v (%v), want a permanent one that says %q", err, errkind.Of(err), tt.want)
			}
		})
	}
}

// A file cut anywhere is cut short, but between two members or frames, where nothing shows it.
func TestDecompressCut(t *testing.T) {
	for name, parts := range map[string][]string{
		"gzip": {gz(t, "first member"), gz(t, "second member")},
		"zstd": {zst(t, "first frame"), zst(t, "second frame")},
	} {
		whole := strings.Join(parts, "")
		for n := range len(whole) {
			_, err := decompress(strings.NewReader(whole[:n]))
			// Shorter than the magic it is plain text.
			plain := n < len(gzipMagic) || name == "zstd" && n < len(zstdMagic)
			if complete := plain || n == len(parts[0]); complete != (err == nil) {
				t.Errorf("%s cut at %d of %d+%d: error %v", name, n, len(parts[0]), len(parts[1]), err)
			} else if err != nil && !errkind.Is(err, errkind.Permanent) {
				t.Errorf("%s cut at %d: error %v is not permanent", name, n, err)
			}
		}
	}
}

// An error from below is not the file's fault, wherever it strikes and whatever it is called.
func TestDecompressReaderFails(t *testing.T) {
	for name, in := range map[string]string{
		"plain": "plain text", "gzip": gz(t, "a", "b"), "zstd": zst(t, "a", "b"), "double": gz(t, gz(t, "a")), "mixed": zst(t, gz(t, "a")),
	} {
		for n := range len(in) + 1 {
			for _, below := range []error{errors.New("connection reset"), io.ErrUnexpectedEOF, errkind.With(errkind.NotFound, errors.New("gone"))} {
				_, err := decompress(io.MultiReader(strings.NewReader(in[:n]), iotest.ErrReader(below)))
				if err != below {
					t.Errorf("%s, %v after %d bytes of %d: got %v", name, below, n, len(in), err)
				}
			}
		}
	}
}

func TestDecompressErrorStays(t *testing.T) {
	long := text(1 << 20)
	for name, in := range map[string]string{"gzip": gz(t, long), "zstd": zst(t, long)} {
		in = in[:len(in)/2]
		d, err := Decompress(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		_, first := io.Copy(io.Discard, d)
		_, again := d.Read(make([]byte, 10))
		if first == nil || again == nil || first.Error() != again.Error() {
			t.Errorf("%s: error %v, then %v", name, first, again)
		}
		if err := errors.Join(d.Close(), d.Close()); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

// What gzip(1) does with bytes behind the last member is the rule.
func TestDecompressLikeGzip(t *testing.T) {
	program, err := exec.LookPath("gzip")
	if err != nil {
		t.Log("no gzip program here to compare with")
		return
	}
	for _, tail := range []string{"", "\x00", "\x00\x00\x00", "garbage", "\x00x", "\x1f", gz(t, "b"), "\x00" + gz(t, "b")} {
		cmd := exec.Command(program, "-dc")
		cmd.Stdin = strings.NewReader(gz(t, "a") + tail)
		want, fault := cmd.Output()
		got, err := decompress(strings.NewReader(gz(t, "a") + tail))
		if (err == nil) != (fault == nil) || err == nil && got != string(want) {
			t.Errorf("tail %q: %q, %v; gzip: %q, %v", tail, got, err, want, fault)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, in := range []string{
		"", "plain", gz(f, "a", "b"), gz(f, "a") + "\x00\x00", zst(f, "a", "b"), gz(f, zst(f, "a")), zst(f, gz(f, gz(f, "a"))),
		zst(f, text(1000)), gz(f, text(1000)),
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		const enough = 8 << 20
		read := func(r io.Reader) (string, error) {
			d, err := Decompress(r)
			if err != nil {
				return "", err
			}
			defer d.Close()
			data, err := io.ReadAll(io.LimitReader(d, enough))
			return string(data), err
		}
		got, err := read(bytes.NewReader(in))
		if err != nil && !errkind.Is(err, errkind.Permanent) {
			t.Fatalf("error %v of %s is not permanent", err, hex.EncodeToString(in))
		}
		again, err2 := read(iotest.HalfReader(bytes.NewReader(in)))
		if (err == nil) != (err2 == nil) || err == nil && got != again {
			t.Fatalf("%d bytes, %v; in halves %d bytes, %v", len(got), err, len(again), err2)
		}
	})
}

func BenchmarkDecompress(b *testing.B) {
	plain := text(4 << 20)
	for name, in := range map[string]string{"gzip": gz(b, plain), "zstd": zst(b, plain), "plain": plain} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				d, err := Decompress(strings.NewReader(in))
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, d); err != nil || n != int64(len(plain)) {
					b.Fatal(n, err)
				}
				if err := d.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Whoever counts memory is asked for a window of megabytes before it is taken, and can refuse.
func TestDecompressWithin(t *testing.T) {
	compress := func(window int, single bool, n int) string {
		var b bytes.Buffer
		enc, err := zstd.NewWriter(&b, zstd.WithWindowSize(window), zstd.WithSingleSegment(single))
		if err != nil {
			t.Fatal(err)
		}
		if single {
			return string(enc.EncodeAll([]byte(text(n)), nil))
		}
		_, err = io.WriteString(enc, text(n))
		if err := errors.Join(err, enc.Flush(), enc.Close()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	tests := []struct {
		name, in string
		want     int64
	}{
		{"none", text(5000), 0},
		{"gzip", gz(t, text(5000)), 0},
		{"zstd", compress(freeWindow, false, 100_000), 0},
		{"zstd, 8 MiB", compress(8<<20, false, 100_000), 8 << 20},
		{"zstd, 8 MiB within gzip", gz(t, compress(8<<20, false, 100_000)), 8 << 20},
		{"zstd, the largest", compress(maxWindow, false, 100_000), maxWindow},
		{"zstd, as large as its content", compress(8<<20, true, 4<<20), 4 << 20},
		{"zstd, small content", compress(8<<20, true, 5000), 0},
	}
	for _, tt := range tests {
		var asked int64
		r, err := DecompressWithin(strings.NewReader(tt.in), Bounds{Room: func(n int64) error { asked += n; return nil }})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		r.Close()
		if asked != tt.want {
			t.Errorf("%s: it asked for %d bytes, want %d", tt.name, asked, tt.want)
		}
		refused := errors.New("no room")
		_, err = DecompressWithin(strings.NewReader(tt.in), Bounds{Room: func(int64) error { return refused }})
		if (tt.want > 0) != errors.Is(err, refused) {
			t.Errorf("%s, refused: %v", tt.name, err)
		}
	}
}
