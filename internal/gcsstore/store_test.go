package gcsstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
)

func TestOpenByGeneration(t *testing.T) {
	b := newBench(t)
	old := b.put("x", []byte("old"))
	b.wantBytes("x", old, []byte("old"))
	if err := b.copy("x", []byte("newer"), old); err != nil {
		t.Fatal(err)
	}
	live := b.live("x")
	if live <= old {
		t.Errorf("generation %d after %d", live, old)
	}
	b.wantBytes("x", live, []byte("newer"))
	b.wantBytes("x", 0, []byte("newer"))

	for name, o := range map[string]object.Landed{
		"replaced generation": {Bucket: "landing", Name: "x", Generation: old},
		"later generation":    {Bucket: "landing", Name: "x", Generation: live + 1},
		"no such object":      {Bucket: "landing", Name: "y"},
		"no such object's":    {Bucket: "landing", Name: "y", Generation: live},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.store.Open(t.Context(), o)
			b.wantKind(err, errkind.NotFound)
			_, _, err = b.store.Stat(t.Context(), o)
			b.wantKind(err, errkind.NotFound)
		})
	}
}

func TestLiveAndStat(t *testing.T) {
	b := newBench(t)
	b.wantNone("x")
	generation := b.put("x", []byte("1"))
	for _, asked := range []int64{0, generation} {
		metadata, got, err := b.store.Stat(t.Context(), object.Landed{Bucket: "landing", Name: "x", Generation: asked})
		if err != nil || got != generation || !reflect.DeepEqual(metadata, map[string]string{"a": "b"}) {
			t.Errorf("Stat of generation %d = %v, %d, %v", asked, metadata, got, err)
		}
	}
	if err := b.store.client.Bucket("landing").Object("x").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantNone("x")
}

// What the store says of an object is what its notification says: the version of a file that others
// put into landing is the same by both.
func TestDescribe(t *testing.T) {
	b := newBench(t)
	generation := b.put("x", []byte("123456789"))
	sum := md5.Sum([]byte("123456789"))
	for _, asked := range []int64{0, generation} {
		d, got, err := b.store.Describe(t.Context(), object.Landed{Bucket: "landing", Name: "x", Generation: asked})
		if err != nil || got != generation {
			t.Fatalf("Describe of generation %d: generation %d, %v", asked, got, err)
		}
		if age := time.Since(d.Created); age < -time.Minute || age > time.Hour {
			t.Errorf("created %s", d.Created)
		}
		d.Created = time.Time{}
		want := object.Description{Size: 9, MD5: sum[:], CRC32C: 0xe3069283, HasCRC32C: true, Metadata: map[string]string{"a": "b"}}
		if !reflect.DeepEqual(d, want) {
			t.Errorf("Describe of generation %d = %+v, want %+v", asked, d, want)
		}
	}
	_, _, err := b.store.Describe(t.Context(), object.Landed{Bucket: "landing", Name: "x", Generation: generation + 1})
	b.wantKind(err, errkind.NotFound)
}

func TestOpenLive(t *testing.T) {
	b := newBench(t)
	b.put("seneka.yaml", []byte("project: p"))
	r, err := b.store.OpenLive(t.Context(), "landing", "seneka.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "project: p" {
		t.Errorf("read %q, %v", got, err)
	}
	_, err = b.store.OpenLive(t.Context(), "landing", "none")
	b.wantKind(err, errkind.NotFound)
	if err != nil && !strings.Contains(err.Error(), "gs://landing/none") {
		t.Errorf("the error does not name the object: %v", err)
	}
}

// What is stored compressed is read compressed, and length and checksum are of what is read.
func TestOpenGzip(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(bytes.Repeat([]byte("a line of a log\n"), 10_000))
	_ = w.Close()
	b := newBench(t)
	for _, encoding := range []string{"", "gzip"} {
		t.Run("encoding "+encoding, func(t *testing.T) {
			name := "logs/" + encoding
			o := b.store.client.Bucket("landing").Object(name).NewWriter(t.Context())
			o.ContentEncoding = encoding
			if err := writeWhole(o, packed.Bytes()); err != nil {
				t.Fatal(err)
			}
			b.wantBytes(name, b.live(name), packed.Bytes())
		})
	}
}

func TestOpenReturnsMetadata(t *testing.T) {
	b := newBench(t)
	want := object.Attrs{
		Event: object.Event{
			Source: object.Source{Bucket: "bkt", Key: "Ä key+with %2F.gz"}, Version: object.Version{ETag: "AbC", Size: 3},
			VersionID: "V.1", Sequencer: "0A", Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		},
		Received: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}
	if err := b.store.Copy(t.Context(), "landing", "x", strings.NewReader("abc"), 3, want.Metadata(), 0); err != nil {
		t.Fatal(err)
	}
	body, err := b.store.Open(t.Context(), object.Landed{Bucket: "landing", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	body.Close()
	metadata, _, err := b.store.Stat(t.Context(), object.Landed{Bucket: "landing", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for from, m := range map[string]map[string]string{"Open": body.Metadata, "Stat": metadata} {
		got, ok, err := object.ParseAttrs(m)
		if err != nil || !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, %v of %v; want %+v", from, got, ok, err, m, want)
		}
	}
}

// A store that gives no checksum is believed to have none, not to have 0.
func TestOpenWithoutChecksum(t *testing.T) {
	b := newBench(t)
	b.put("x", []byte("abc"))
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(bare{w, "X-Goog-Hash"}, r)
	})
	body, err := b.store.Open(t.Context(), object.Landed{Bucket: "landing", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if body.HasCRC {
		t.Errorf("CRC32C %08x, which nobody said", body.CRC32C)
	}
}

// bare leaves a header out of an answer.
type bare struct {
	http.ResponseWriter
	header string
}

func (b bare) Write(p []byte) (int, error) {
	b.Header().Del(b.header)
	return b.ResponseWriter.Write(p)
}

// A connection that breaks is taken up again where it broke, of the same generation.
func TestReadGoesOn(t *testing.T) {
	b := newBench(t)
	data := random(1 << 20)
	generation := b.put("x", data)
	for _, n := range []int{0, 1, 300_000, 1<<20 - 1} {
		b.proxy.Disturb(once(every, cloudtest.Cut(n)))
		b.wantBytes("x", generation, data)
	}
}

// Content that ends too early, or is not what the store has, never ends in io.EOF.
func TestReadFails(t *testing.T) {
	b := newBench(t)
	data := random(1 << 20)
	generation := b.put("x", data)
	tests := map[string]cloudtest.Disturbance{
		"broken off, then gone":    breakOff(300_000, http.StatusNotFound),
		"broken off, then refused": breakOff(300_000, http.StatusForbidden),
		"broken off at the start":  breakOff(0, http.StatusNotFound),
		"one bit wrong":            cloudtest.Flip(300_000),
		"last bit wrong":           cloudtest.Flip(len(data) - 1),
	}
	for name, d := range tests {
		t.Run(name, func(t *testing.T) {
			b.proxy.Disturb(d)
			body, err := b.store.Open(t.Context(), object.Landed{Bucket: "landing", Name: "x", Generation: generation})
			if err != nil {
				return // it may fail as early as this
			}
			defer body.Close()
			if n, err := io.Copy(io.Discard, body); err == nil {
				t.Errorf("%d bytes and no error", n)
			}
		})
	}
}

// breakOff cuts the first answer after n bytes and refuses to go on.
func breakOff(n, status int) cloudtest.Disturbance {
	first := once(every, cloudtest.Cut(n))
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		cut := false
		// once hands on what is not the first: that is to be refused.
		first(w, r, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cut = true }))
		if cut {
			w.WriteHeader(status)
		}
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	b.put("x", random(1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&staller{w, r.Context()}, r)
	})
	body, err := b.store.Open(ctx, object.Landed{Bucket: "landing", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	cancel()
	if n, err := io.Copy(io.Discard, body); err == nil {
		t.Errorf("%d bytes and no error", n)
	}
}

// staller sends a few bytes, and no more until the client is gone.
type staller struct {
	http.ResponseWriter
	client context.Context
}

func (s *staller) Write(p []byte) (int, error) {
	_, _ = s.ResponseWriter.Write(p[:min(10, len(p))])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	<-s.client.Done()
	return 0, s.client.Err()
}

func TestErrorKinds(t *testing.T) {
	b := newBench(t)
	b.put("x", []byte("abc"))
	tests := []struct {
		status int
		want   errkind.Kind
	}{
		{http.StatusNotFound, errkind.NotFound},
		{http.StatusForbidden, errkind.Transient},
		{http.StatusUnauthorized, errkind.Transient},
		{http.StatusBadRequest, errkind.Transient},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			b.proxy.Disturb(cloudtest.Status(tt.status))
			o := object.Landed{Bucket: "landing", Name: "x"}
			_, err := b.store.Open(t.Context(), o)
			b.wantKind(err, tt.want)
			_, err = b.store.Live(t.Context(), "landing", "x")
			b.wantKind(err, tt.want)
			_, _, err = b.store.Ledger("landing").Get(t.Context(), "x")
			b.wantKind(err, tt.want)
		})
	}
}

// The service's own faults are waited for as long as the caller does.
func TestUnavailable(t *testing.T) {
	b := newBench(t)
	b.put("x", []byte("abc"))
	b.proxy.Disturb(once(every, cloudtest.Status(http.StatusServiceUnavailable)))
	b.wantBytes("x", 0, []byte("abc"))

	ctx, cancel := context.WithCancel(t.Context())
	b.proxy.Disturb(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err := b.store.Open(ctx, object.Landed{Bucket: "landing", Name: "x"})
	b.wantKind(err, errkind.Transient)
}

func TestChecksumTable(t *testing.T) {
	// RFC 3720, B.4: 32 bytes of zeros.
	if got := crc32.Checksum(make([]byte, 32), castagnoli); got != 0x8a9136aa {
		t.Errorf("CRC32C %08x", got)
	}
}
