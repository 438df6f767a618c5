package gcsstore

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/object"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		// The metrics library of the client runs its worker to the end of the process.
		if err := goleak.Find(goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// bench is a stand-in with the buckets "landing" and "ledger", and a store connected to it as the
// programs are, by the environment.
type bench struct {
	*testing.T
	proxy *cloudtest.Proxy
	store *Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server, err := gcs.New(gcs.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, bucket := range []string{"landing", "ledger"} {
		if err := server.CreateBucket(bucket); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{T: t, proxy: &cloudtest.Proxy{Next: server}}
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(cloudtest.Serve(t, b.proxy), "http://"))
	if b.store, err = New(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// random returns n bytes that look like nothing in particular, always the same.
func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

// copy puts data in place of a generation; 0: of none.
func (b *bench) copy(name string, data []byte, generation int64) error {
	return b.store.Copy(b.Context(), "landing", name, bytes.NewReader(data), int64(len(data)), map[string]string{"a": "b"}, generation)
}

// put copies data as a new object and returns its generation.
func (b *bench) put(name string, data []byte) int64 {
	b.Helper()
	if err := b.copy(name, data, 0); err != nil {
		b.Fatalf("copy %q: %v", name, err)
	}
	return b.live(name)
}

func (b *bench) live(name string) int64 {
	b.Helper()
	generation, err := b.store.Live(b.Context(), "landing", name)
	if err != nil {
		b.Fatal(err)
	}
	return generation
}

// wantNone fails if there is an object.
func (b *bench) wantNone(name string) {
	b.Helper()
	_, err := b.store.Live(b.Context(), "landing", name)
	b.wantKind(err, errkind.NotFound)
}

// wantBytes checks what a read of an object gives.
func (b *bench) wantBytes(name string, generation int64, want []byte) {
	b.Helper()
	body, err := b.store.Open(b.Context(), object.Landed{Bucket: "landing", Name: name, Generation: generation})
	if err != nil {
		b.Errorf("open %q: %v", name, err)
		return
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, want) {
		b.Errorf("%q: %d bytes, %v; want the %d that were copied", name, len(got), err, len(want))
	}
	if sum := crc32.Checksum(want, castagnoli); body.Size != int64(len(want)) || !body.HasCRC || body.CRC32C != sum {
		b.Errorf("%q: size %d, CRC32C %08x (%v), want %d, %08x", name, body.Size, body.CRC32C, body.HasCRC, len(want), sum)
	}
}

func (b *bench) wantKind(err error, want errkind.Kind) {
	b.Helper()
	if !errkind.Is(err, want) {
		b.Errorf("error of kind %v, want %v: %v", errkind.Of(err), want, err)
	}
}

// once disturbs the first request that matches, and no other.
func once(match func(*http.Request) bool, d cloudtest.Disturbance) cloudtest.Disturbance {
	first := make(chan struct{}, 1)
	first <- struct{}{}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if match(r) {
			select {
			case <-first:
				d(w, r, next)
				return
			default:
			}
		}
		next.ServeHTTP(w, r)
	}
}

func method(m string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == m }
}

func every(*http.Request) bool { return true }

// lostReply handles the request and breaks the connection off in place of an answer.
func lostReply(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(discard{http.Header{}}, r)
	panic(http.ErrAbortHandler)
}

// falseReply handles the request and says that it could not.
func falseReply(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(discard{http.Header{}}, r)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// discard is a ResponseWriter to nobody.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
