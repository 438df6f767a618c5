package s3store

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"go.uber.org/goleak"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	standin "github.com/seneka-io/seneka/internal/localcloud/s3"
	"github.com/seneka-io/seneka/internal/object"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a stand-in with the bucket "bkt", the store, and a client of its own to put objects by.
type bench struct {
	*testing.T
	proxy  *cloudtest.Proxy
	client *s3.Client
	store  *Store
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server, err := standin.New(standin.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.CreateBucket("bkt"); err != nil {
		t.Fatal(err)
	}
	proxy := &cloudtest.Proxy{Next: server}
	cfg := cloudtest.AWS(t, cloudtest.Serve(t, proxy))
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return &bench{T: t, proxy: proxy, client: client, store: New(cfg)}
}

// put puts an object and returns what S3 would say of it in an event.
func (b *bench) put(key string, data []byte, changes ...func(*s3.PutObjectInput)) object.Event {
	b.Helper()
	in := &s3.PutObjectInput{Bucket: new("bkt"), Key: &key, Body: bytes.NewReader(data)}
	for _, change := range changes {
		change(in)
	}
	out, err := b.client.PutObject(b.Context(), in)
	if err != nil {
		b.Fatalf("put %q: %v", key, err)
	}
	return object.Event{
		Source:    object.Source{Bucket: "bkt", Key: key},
		Version:   object.Version{ETag: strings.Trim(*out.ETag, `"`), Size: int64(len(data))},
		VersionID: aws.ToString(out.VersionId),
	}
}

// versioned turns the bucket's versions on.
func (b *bench) versioned() {
	b.Helper()
	_, err := b.client.PutBucketVersioning(b.Context(), &s3.PutBucketVersioningInput{
		Bucket: new("bkt"), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) remove(key string) {
	b.Helper()
	if _, err := b.client.DeleteObject(b.Context(), &s3.DeleteObjectInput{Bucket: new("bkt"), Key: &key}); err != nil {
		b.Fatal(err)
	}
}

// read opens what e names and reads it to its end.
func (b *bench) read(e object.Event) ([]byte, *object.Body, error) {
	b.Helper()
	body, err := b.store.Open(b.Context(), e)
	if err != nil {
		return nil, nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	return data, body, err
}

func (b *bench) wantBytes(e object.Event, want []byte) {
	b.Helper()
	got, body, err := b.read(e)
	if err != nil || !bytes.Equal(got, want) {
		b.Errorf("%q: %d bytes, %v; want %d", e.Key, len(got), err, len(want))
		return
	}
	if body.Size != int64(len(want)) {
		b.Errorf("%q: size %d, want %d", e.Key, body.Size, len(want))
	}
}

func (b *bench) wantKind(err error, want errkind.Kind) {
	b.Helper()
	if !errkind.Is(err, want) {
		b.Errorf("error of kind %v, want %v: %v", errkind.Of(err), want, err)
	}
}

func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func TestOpenByETag(t *testing.T) {
	b := newBench(t)
	old := b.put("key", []byte("old"))
	b.wantBytes(old, []byte("old"))
	fresh := b.put("key", []byte("fresh"))
	b.wantBytes(fresh, []byte("fresh"))

	_, _, err := b.read(old)
	b.wantKind(err, errkind.Exists)
	again := b.put("key", []byte("old")) // the same content is the same version
	if again.ETag != old.ETag {
		t.Fatalf("ETag %s, then %s", old.ETag, again.ETag)
	}
	b.wantBytes(old, []byte("old"))
	b.remove("key")
	_, _, err = b.read(old)
	b.wantKind(err, errkind.NotFound)
}

// Some servers that speak S3's protocol answer as if there were no If-Match.
func TestOpenWhereIfMatchIsIgnored(t *testing.T) {
	b := newBench(t)
	old := b.put("key", []byte("old"))
	fresh := b.put("key", []byte("fresh"))
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Header.Del("If-Match")
		next.ServeHTTP(w, r)
	})
	b.wantBytes(fresh, []byte("fresh"))
	_, _, err := b.read(old)
	b.wantKind(err, errkind.Exists)
}

func TestOpenByVersionID(t *testing.T) {
	b := newBench(t)
	b.versioned()
	old, fresh := b.put("key", []byte("old")), b.put("key", []byte("fresh"))
	if old.VersionID == "" || old.VersionID == fresh.VersionID {
		t.Fatalf("versions %q and %q", old.VersionID, fresh.VersionID)
	}
	b.wantBytes(old, []byte("old"))
	b.wantBytes(fresh, []byte("fresh"))
	b.remove("key") // a delete marker: what was there stays
	b.wantBytes(old, []byte("old"))

	if _, err := b.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: new("bkt"), Key: new("key"), VersionId: &old.VersionID}); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.read(old)
	b.wantKind(err, errkind.NotFound)
	unpinned := object.Event{Source: fresh.Source, Version: fresh.Version}
	_, _, err = b.read(unpinned)
	b.wantKind(err, errkind.NotFound)
}

// An event that names neither, as one of a listing may, takes what is there.
func TestOpenUnpinned(t *testing.T) {
	b := newBench(t)
	e := b.put("key", []byte("data"))
	b.wantBytes(object.Event{Source: e.Source}, []byte("data"))
}

func TestOpenMultipart(t *testing.T) {
	b := newBench(t)
	data := random(5<<20 + 100)
	up, err := b.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: new("bkt"), Key: new("big")})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i, part := range [][]byte{data[:5<<20], data[5<<20:]} {
		n := int32(i) + 1
		out, err := b.client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: new("bkt"), Key: new("big"), UploadId: up.UploadId, PartNumber: &n, Body: bytes.NewReader(part),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: &n})
	}
	done, err := b.client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: new("bkt"), Key: new("big"), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := object.Event{Source: object.Source{Bucket: "bkt", Key: "big"}, Version: object.Version{ETag: strings.Trim(*done.ETag, `"`)}}
	b.wantBytes(e, data)
	e.ETag = "0" + e.ETag[1:]
	if e.ETag == strings.Trim(*done.ETag, `"`) {
		e.ETag = "1" + e.ETag[1:]
	}
	_, _, err = b.read(e)
	b.wantKind(err, errkind.Exists)
}

func TestOpenMissing(t *testing.T) {
	b := newBench(t)
	_, _, err := b.read(object.Event{Source: object.Source{Bucket: "bkt", Key: "none"}})
	b.wantKind(err, errkind.NotFound)
	// No bucket is no word on the file: rather the region or the account is wrong.
	_, _, err = b.read(object.Event{Source: object.Source{Bucket: "no-such-bucket", Key: "key"}})
	b.wantKind(err, errkind.Transient)
}

func TestOpenKeys(t *testing.T) {
	keys := []string{
		"plain.log", "a b c.log", "a+b+c.log", "ü/日本語/🜁.log", "a#b", "a?b=c&versionId=d", "a%2Fb", "a%20b%%", "a;b:c@d=e,f$g!h*i'j(k)l",
		`back\slash`, `"quoted"`, "a//b", "trailing/", "<a>&amp;", "tab\there", "~tilde", "a/../b", "./a", "-", "[b]{c}|^`",
		strings.Repeat("k", 1024),
	}
	b := newBench(t)
	var events []object.Event
	for i, key := range keys {
		events = append(events, b.put(key, fmt.Appendf(nil, "object %d", i)))
	}
	for i, e := range events {
		b.wantBytes(e, fmt.Appendf(nil, "object %d", i))
	}
}

// What is stored compressed is read as it is stored, whatever its Content-Encoding says.
func TestOpenGzip(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(bytes.Repeat([]byte("a line of a log\n"), 10_000))
	_ = w.Close()
	b := newBench(t)
	e := b.put("x.gz", packed.Bytes(), func(in *s3.PutObjectInput) { in.ContentEncoding = new("gzip") })
	b.wantBytes(e, packed.Bytes())
}

func TestOpenSizes(t *testing.T) {
	b := newBench(t)
	for _, size := range []int{0, 1, 1 << 20, 20 << 20} {
		data := random(size)
		b.wantBytes(b.put(fmt.Sprint(size), data), data)
	}
}

func TestOpenMetadata(t *testing.T) {
	b := newBench(t)
	e := b.put("x", []byte("abc"), func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"owner": "Team-A"} })
	_, body, err := b.read(e)
	if err != nil || body.Metadata["owner"] != "Team-A" || body.HasCRC {
		t.Errorf("metadata %v, CRC32C %v, %v", body.Metadata, body.HasCRC, err)
	}
}

// A body that ends too early, or is not what was stored, never ends in io.EOF.
func TestReadFails(t *testing.T) {
	b := newBench(t)
	data := random(3 << 20)
	withChecksum := map[string]object.Event{
		"crc32":  b.put("crc32", data),
		"sha256": b.put("sha256", data, func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 }),
	}
	tests := map[string]cloudtest.Disturbance{
		"no byte":            cloudtest.Cut(0),
		"first bytes":        cloudtest.Cut(1000),
		"half":               cloudtest.Cut(len(data) / 2),
		"all but one":        cloudtest.Cut(len(data) - 1),
		"no byte, chunked":   chunked(cloudtest.Cut(0)),
		"half, chunked":      chunked(cloudtest.Cut(len(data) / 2)),
		"whole, no last one": chunked(cloudtest.Cut(len(data) - 1)),
		"one bit wrong":      cloudtest.Flip(1_000_000),
		"last bit wrong":     cloudtest.Flip(len(data) - 1),
	}
	for name, d := range tests {
		for kind, e := range withChecksum {
			t.Run(name+" "+kind, func(t *testing.T) {
				b.proxy.Disturb(d)
				body, err := b.store.Open(t.Context(), e)
				if err != nil {
					b.wantKind(err, errkind.Transient)
					return
				}
				defer body.Close()
				n, err := io.Copy(io.Discard, body)
				if err == nil {
					t.Errorf("%d bytes of %d and no error", n, len(data))
				}
			})
		}
	}
	b.proxy.Disturb(nil)
	b.wantBytes(withChecksum["crc32"], data)
}

// chunked lets d deal with an answer that does not tell its length.
func chunked(d cloudtest.Disturbance) cloudtest.Disturbance {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) { d(lengthless{w}, r, next) }
}

type lengthless struct{ http.ResponseWriter }

func (l lengthless) WriteHeader(status int) {
	l.Header().Del("Content-Length")
	l.ResponseWriter.WriteHeader(status)
}

func (l lengthless) Write(p []byte) (int, error) {
	l.Header().Del("Content-Length")
	return l.ResponseWriter.Write(p)
}

func (l lengthless) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func TestErrorKinds(t *testing.T) {
	b := newBench(t)
	e := b.put("x", []byte("abc"))
	for status, want := range map[int]errkind.Kind{
		http.StatusNotFound:            errkind.NotFound,
		http.StatusPreconditionFailed:  errkind.Exists,
		http.StatusForbidden:           errkind.Transient, // also the answer for a missing key without s3:ListBucket
		http.StatusMethodNotAllowed:    errkind.Transient,
		http.StatusServiceUnavailable:  errkind.Transient,
		http.StatusInternalServerError: errkind.Transient,
		http.StatusMovedPermanently:    errkind.Transient,
	} {
		b.proxy.Disturb(cloudtest.Status(status))
		_, err := b.store.Open(t.Context(), e)
		b.wantKind(err, want)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	e := b.put("x", []byte("abc"))
	ctx, cancel := context.WithCancel(t.Context())
	b.proxy.Disturb(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		cancel()
		<-r.Context().Done()
	})
	_, err := b.store.Open(ctx, e)
	b.wantKind(err, errkind.Transient)
}

// One read is one request.
func TestRequests(t *testing.T) {
	b := newBench(t)
	e := b.put("dir/x", []byte("abc"))
	b.proxy.Calls()
	b.wantBytes(e, []byte("abc"))
	if calls := b.proxy.Calls(); len(calls) != 1 || calls[0] != "GET /bkt/dir/x" {
		t.Errorf("requests %q", calls)
	}
}
