package gcsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
)

// sizes are on both sides of what is held in memory, and of the chunks of what is not.
var sizes = []int{0, 1, 1000, wholeMax - 1, wholeMax, wholeMax + 1, chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 2*chunk + 1, 3*chunk + 12_345}

func TestCopy(t *testing.T) {
	b := newBench(t)
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			name, data := fmt.Sprint(size), random(size)
			// A reader that gives a little at a time, as a connection does.
			r := iotest.OneByteReader(bytes.NewReader(data))
			if size > 1000 {
				r = iotest.HalfReader(bytes.NewReader(data))
			}
			if err := b.store.Copy(t.Context(), "landing", name, r, int64(size), nil, 0); err != nil {
				t.Fatal(err)
			}
			b.checkCopy(name, data)
		})
	}
}

// What goes on up to its end is copied whole, however long it is.
func TestCopyOfUnknownSize(t *testing.T) {
	b := newBench(t)
	for _, size := range []int{0, 1, 1000, smallChunk - 1, smallChunk, smallChunk + 1, smallChunk + 2, 2 * smallChunk, 2*smallChunk + 1, 5*smallChunk + 12_345} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			name, data := fmt.Sprint("unknown", size), random(size)
			if err := b.store.Copy(t.Context(), "landing", name, iotest.HalfReader(bytes.NewReader(data)), -1, nil, 0); err != nil {
				t.Fatal(err)
			}
			b.checkCopy(name, data)
		})
	}
}

// checkCopy checks what is in landing; a body of no bytes has a CRC32C of 0, as one without.
func (b *bench) checkCopy(name string, want []byte) {
	b.Helper()
	if len(want) > 0 {
		b.wantBytes(name, b.live(name), want)
		return
	}
	attrs, err := b.store.client.Bucket("landing").Object(name).Attrs(b.Context())
	if err != nil || attrs.Size != 0 {
		b.Errorf("%+v, %v", attrs, err)
	}
}

func TestCopyAttributes(t *testing.T) {
	b := newBench(t)
	metadata := object.Attrs{Event: object.Event{
		Source: object.Source{Bucket: "bkt", Key: "a b+ü\n%2F.gz"}, Version: object.Version{ETag: "e-2", Size: 4},
	}}.Metadata()
	for _, size := range []int{4, wholeMax + 1} {
		name := fmt.Sprint(size)
		if err := b.store.Copy(t.Context(), "landing", name, bytes.NewReader(random(size)), int64(size), metadata, 0); err != nil {
			t.Fatal(err)
		}
		got, _, err := b.store.Stat(t.Context(), object.Landed{Bucket: "landing", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if attrs, ok, err := object.ParseAttrs(got); err != nil || !ok || attrs.Key != "a b+ü\n%2F.gz" {
			t.Errorf("metadata %v: %+v, %v, %v", got, attrs, ok, err)
		}
		o, err := b.store.client.Bucket("landing").Object(name).Attrs(t.Context())
		if err != nil || o.ContentEncoding != "" || o.ContentType != "application/octet-stream" {
			t.Errorf("encoding %q, type %q, %v", o.ContentEncoding, o.ContentType, err)
		}
	}
}

func TestCopyNames(t *testing.T) {
	names := []string{
		"plain.log", "a b c.log", "a+b+c.log", "ü/日本語/🜁.log", "a#b", "a?b=c&d=e", "a%2Fb", "a%b%%", "a;b:c@d=e,f$g!h*i'j(k)l",
		`back\slash`, `"quoted"`, "a//b", "trailing/", "<a>&amp;", "tab\there", "~tilde", "_escaped/x", ".well-known", "-", "[b]{c}|^`",
	}
	b := newBench(t)
	for i, name := range names {
		generation := b.put(name, fmt.Appendf(nil, "object %d", i))
		b.wantBytes(name, generation, fmt.Appendf(nil, "object %d", i))
	}
	for i, name := range names { // each is its own object
		b.wantBytes(name, 0, fmt.Appendf(nil, "object %d", i))
		b.wantKind(b.copy(name, []byte("x"), 0), errkind.Exists)
	}
}

func TestCopyPreconditions(t *testing.T) {
	b := newBench(t)
	for _, size := range []int{10, wholeMax + 1} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			name, first, second := fmt.Sprint(size), random(size), bytes.Repeat([]byte{7}, size)
			b.wantKind(b.copy(name, first, 123), errkind.Exists) // there is none to replace
			b.wantNone(name)
			old := b.put(name, first)
			b.wantKind(b.copy(name, second, 0), errkind.Exists)
			b.wantKind(b.copy(name, second, old+1), errkind.Exists)
			b.wantBytes(name, old, first)
			if err := b.copy(name, second, old); err != nil {
				t.Fatal(err)
			}
			b.wantBytes(name, b.live(name), second)
			b.wantKind(b.copy(name, first, old), errkind.Exists)
			b.wantBytes(name, b.live(name), second)
		})
	}
}

var errBroken = errors.New("connection reset")

// A copy that fails leaves nothing where there was nothing, and what there was.
func TestCopyThatFails(t *testing.T) {
	b := newBench(t)
	long := random(3*chunk + 100)
	broken := func(n int) io.Reader { return io.MultiReader(bytes.NewReader(long[:n]), iotest.ErrReader(errBroken)) }
	tests := []struct {
		name string
		r    func() io.Reader
		size int64
		want error
	}{
		{"small, at once", func() io.Reader { return broken(0) }, 100, errBroken},
		{"small, midway", func() io.Reader { return broken(50) }, 100, errBroken},
		{"small, behind the last byte", func() io.Reader { return broken(100) }, 100, errBroken},
		{"large, at once", func() io.Reader { return broken(0) }, wholeMax + 1, errBroken},
		{"large, in the first chunk", func() io.Reader { return broken(1000) }, wholeMax + 1, errBroken},
		{"large, after a chunk", func() io.Reader { return broken(chunk) }, 2 * chunk, errBroken},
		{"large, in a later chunk", func() io.Reader { return broken(2*chunk + 5) }, 3 * chunk, errBroken},
		{"large, behind the last byte", func() io.Reader { return broken(wholeMax + 1) }, wholeMax + 1, errBroken},
		{"large, behind the last byte of a chunk", func() io.Reader { return broken(2 * chunk) }, 2 * chunk, errBroken},
		{"small, short", func() io.Reader { return bytes.NewReader(long[:99]) }, 100, nil},
		{"small, empty", func() io.Reader { return bytes.NewReader(nil) }, 100, nil},
		{"small, long", func() io.Reader { return bytes.NewReader(long[:101]) }, 100, nil},
		{"none, long", func() io.Reader { return bytes.NewReader(long[:1]) }, 0, nil},
		{"large, short", func() io.Reader { return bytes.NewReader(long[:2*chunk-1]) }, 2 * chunk, nil},
		{"large, short by a chunk", func() io.Reader { return bytes.NewReader(long[:chunk]) }, 2 * chunk, nil},
		{"large, empty", func() io.Reader { return bytes.NewReader(nil) }, 2 * chunk, nil},
		{"large, long", func() io.Reader { return bytes.NewReader(long[:2*chunk+1]) }, 2 * chunk, nil},
		{"large, much longer", func() io.Reader { return bytes.NewReader(long) }, 2 * chunk, nil},
		{"unknown, at once", func() io.Reader { return broken(0) }, -1, errBroken},
		{"unknown, small", func() io.Reader { return broken(50) }, -1, errBroken},
		{"unknown, behind the last byte of a chunk", func() io.Reader { return broken(smallChunk) }, -1, errBroken},
		{"unknown, just behind it", func() io.Reader { return broken(smallChunk + 1) }, -1, errBroken},
		{"unknown, in a later chunk", func() io.Reader { return broken(2*smallChunk + 5) }, -1, errBroken},
		{"unknown, behind the last byte of a later chunk", func() io.Reader { return broken(3 * smallChunk) }, -1, errBroken},
	}
	there := b.put("there", []byte("before"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, generation := range map[string]int64{"new": 0, "there": there} {
				err := b.store.Copy(t.Context(), "landing", name, tt.r(), tt.size, nil, generation)
				b.wantKind(err, errkind.Transient)
				if tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			}
			b.wantNone("new")
			b.wantBytes("there", there, []byte("before"))
		})
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	for _, size := range []int{100, 2 * chunk} {
		for _, at := range []int{0, size / 2, size} {
			ctx, cancel := context.WithCancel(t.Context())
			data := random(size)
			r := io.MultiReader(bytes.NewReader(data[:at]), callReader(cancel), bytes.NewReader(data[at:]))
			if err := b.store.Copy(ctx, "landing", "x", r, int64(size), nil, 0); err == nil {
				t.Errorf("%d bytes, cancelled after %d: no error", size, at)
			}
			b.wantNone("x")
		}
	}
}

// callReader calls itself and is at its end.
type callReader func()

func (c callReader) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}

// Bytes that were changed on the way to the store are refused by it.
func TestCopyChecksum(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		size  int
		known bool
	}{{5000, true}, {2*chunk + 100, true}, {5000, false}, {smallChunk, false}, {smallChunk + 100, false}, {3*smallChunk + 100, false}} {
		announced := int64(-1)
		if tt.known {
			announced = int64(tt.size)
		}
		b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.ContentLength < 0 || r.ContentLength > 4000 || r.Method == http.MethodPut {
				r.Body = &flippedBody{ReadCloser: r.Body, at: 4000}
			}
			next.ServeHTTP(w, r)
		})
		b.wantKind(b.store.Copy(t.Context(), "landing", "x", bytes.NewReader(make([]byte, tt.size)), announced, nil, 0), errkind.Transient)
		b.proxy.Disturb(nil)
		b.wantNone("x")
	}
}

// flippedBody changes one bit of what it reads, that of the byte at offset at.
type flippedBody struct {
	io.ReadCloser
	at int
}

func (f *flippedBody) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.at >= 0 && f.at < n {
		p[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

// Faults on the way are made good by the client: the copy is whole, or it is an error.
func TestCopyGoesOnAfterFaults(t *testing.T) {
	data := random(2*chunk + 100)
	tests := map[string]cloudtest.Disturbance{
		"small, unavailable":      once(method(http.MethodPost), cloudtest.Status(http.StatusServiceUnavailable)),
		"large, no session":       once(method(http.MethodPost), cloudtest.Status(http.StatusServiceUnavailable)),
		"large, chunk refused":    once(upload, cloudtest.Status(http.StatusServiceUnavailable)),
		"large, chunk's end lost": once(upload, halfBody),
		"large, chunk's reply":    once(upload, falseReply),
		"unknown, no session":     once(method(http.MethodPost), cloudtest.Status(http.StatusServiceUnavailable)),
		"unknown, chunk refused":  once(upload, cloudtest.Status(http.StatusServiceUnavailable)),
		"unknown, chunk's end":    once(upload, halfBody),
		"unknown, chunk's reply":  once(upload, falseReply),
	}
	for name, d := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			want, size := data, int64(len(data))
			if strings.HasPrefix(name, "small") {
				want, size = data[:1000], 1000
			}
			if strings.HasPrefix(name, "unknown") {
				size = -1
			}
			b.proxy.Disturb(d)
			err := b.store.Copy(t.Context(), "landing", "x", bytes.NewReader(want), size, nil, 0)
			b.proxy.Disturb(nil)
			if err != nil {
				t.Fatal(err)
			}
			b.wantBytes("x", 0, want)
		})
	}
}

// upload matches the requests that carry chunks.
func upload(r *http.Request) bool { return r.URL.Query().Get("upload_id") != "" }

// halfBody hands a part of the request on and says that it could not.
func halfBody(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := r.Body
	r.Body = io.NopCloser(io.MultiReader(io.LimitReader(whole, 1<<20), iotest.ErrReader(io.ErrUnexpectedEOF)))
	next.ServeHTTP(discard{http.Header{}}, r)
	_, _ = io.Copy(io.Discard, whole)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// Where the client sends an object again by itself the second meets the first; else the outcome is
// open. In both cases the copy is whole.
func TestCopyWhoseReplyWasLost(t *testing.T) {
	tests := map[string]struct {
		size int
		d    cloudtest.Disturbance
		want errkind.Kind
	}{
		"small, sent again": {1000, once(method(http.MethodPost), falseReply), errkind.Exists},
		"small, broken off": {1000, once(method(http.MethodPost), lostReply), errkind.Transient},
		"large, broken off": {wholeMax + 1, once(last, lostReply), errkind.Transient},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.proxy.Disturb(tt.d)
			b.wantKind(b.copy("x", random(tt.size), 0), tt.want)
			b.proxy.Disturb(nil)
			b.wantBytes("x", 0, random(tt.size))
		})
	}
}

// last matches the request with an upload's last chunk, whose total it tells.
func last(r *http.Request) bool {
	total := r.Header.Get("Content-Range")
	return upload(r) && total != "" && total[len(total)-1] != '*'
}

// A small file is one request, a large one a session and its chunks.
func TestCopyRequests(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct{ size, requests int }{{1000, 1}, {wholeMax, 1}, {2 * chunk, 4}, {2*chunk + 1, 4}} {
		b.proxy.Calls()
		if err := b.copy(fmt.Sprint(tt.size), random(tt.size), 0); err != nil {
			t.Fatal(err)
		}
		if calls := b.proxy.Calls(); len(calls) > tt.requests {
			t.Errorf("%d bytes took the requests %q, want at most %d", tt.size, calls, tt.requests)
		}
	}
}

// The memory of a copy does not grow with the file.
// asked notes the longest read that it is asked for.
type asked struct {
	io.Reader
	most int
}

func (a *asked) Read(p []byte) (int, error) {
	a.most = max(a.most, len(p))
	return a.Reader.Read(p)
}

// A large object is read in large pieces: each is handed to another goroutine, which costs the same for any length.
func TestCopyReadsLargePieces(t *testing.T) {
	b := newBench(t)
	r := &asked{Reader: bytes.NewReader(random(wholeMax + 1))}
	if err := b.store.Copy(t.Context(), "landing", "large", r, wholeMax+1, nil, 0); err != nil {
		t.Fatal(err)
	}
	if r.most != handed {
		t.Errorf("it was read by %d bytes at most, want %d", r.most, handed)
	}
}

func TestCopyMemory(t *testing.T) {
	b := newBench(t)
	if err := b.copy("warm", random(wholeMax+1), 0); err != nil {
		t.Fatal(err)
	}
	const size = 16 * chunk
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := b.store.Copy(t.Context(), "landing", "x", io.LimitReader(zeros{}, size), size, nil, 0); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// All that was ever allocated, here and in the stand-in, so that no collection hides any.
	if got := after.TotalAlloc - before.TotalAlloc; got > 3*chunk {
		t.Errorf("a copy of %d MiB allocated %d MiB, want little more than one chunk of %d MiB", size>>20, got>>20, chunk>>20)
	}
	before = after
	if err := b.store.Copy(t.Context(), "landing", "y", io.LimitReader(zeros{}, size), -1, nil, 0); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// A buffer that grows to a chunk leaves as much behind, and the race detector takes its part.
	if got := after.TotalAlloc - before.TotalAlloc; got > 12*smallChunk {
		t.Errorf("a copy of %d MiB in small chunks allocated %d MiB, want what a few of %d MiB take", size>>20, got>>20, smallChunk>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
