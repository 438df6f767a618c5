package gcs

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

// statusOf returns the HTTP status that a client error carries.
func statusOf(err error) int {
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return e.Code
	}
	if errors.Is(err, storage.ErrObjectNotExist) || errors.Is(err, storage.ErrBucketNotExist) {
		return http.StatusNotFound
	}
	return 0
}

// Every way in which the client library writes and reads: one request or chunks, XML or JSON reads,
// STORAGE_EMULATOR_HOST or WithEndpoint.
func TestClientRoundTrip(t *testing.T) {
	c := newCloud(t)
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(c.url, "http://"))
	byEnv, err := storage.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer byEnv.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	clients := map[string]*storage.Client{
		"environment": byEnv, "endpoint": c.client(), "JSON reads": c.client(storage.WithJSONReads()),
	}
	big := make([]byte, 3<<20+17)
	for i := range big {
		big[i] = byte(rand.Uint32())
	}
	for name, cl := range clients {
		for _, data := range [][]byte{{}, []byte("hello"), big} {
			for _, chunk := range []int{0, 256 << 10, 16 << 20} {
				t.Run(fmt.Sprintf("%s/%d bytes/chunk %d", name, len(data), chunk), func(t *testing.T) {
					roundTrip(t, cl.Bucket(bkt).Object(fmt.Sprintf("dir/%s %d+ü/%d", name, len(data), chunk)), data, chunk, name == "JSON reads")
				})
			}
		}
	}
}

func roundTrip(t *testing.T, h *storage.ObjectHandle, data []byte, chunk int, jsonReads bool) {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	before := time.Now().Add(-time.Minute)
	at, err := write(t.Context(), h.If(storage.Conditions{DoesNotExist: true}), data, func(w *storage.Writer) {
		w.ChunkSize, w.ContentType, w.Metadata = chunk, "text/x-log", map[string]string{"seneka-key": "a%2Bb"}
		w.CRC32C, w.SendCRC32C = sum, true
	})
	if err != nil {
		t.Fatal(err)
	}
	if at.Size != int64(len(data)) || at.CRC32C != sum || len(at.MD5) != 16 || at.Generation == 0 || at.Metageneration != 1 ||
		at.ContentType != "text/x-log" || at.Metadata["seneka-key"] != "a%2Bb" || at.Created.Before(before) || at.StorageClass != "STANDARD" {
		t.Errorf("attributes of the write: %+v", at)
	}
	read, err := h.Attrs(t.Context())
	if err != nil || read.Generation != at.Generation || read.Etag != at.Etag || read.Name != h.ObjectName() {
		t.Errorf("Attrs: %+v, %v; want those of the write", read, err)
	}
	r, err := h.Generation(at.Generation).NewReader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, r, nil); got != string(data) {
		t.Errorf("read %d bytes, want the %d written", len(got), len(data))
	}
	if r.Attrs.Generation != at.Generation || r.Attrs.CRC32C != sum || r.Attrs.Size != int64(len(data)) || r.Attrs.ContentType != "text/x-log" {
		t.Errorf("attributes of the reader: %+v", r.Attrs)
	}
	if m := r.Metadata()["Seneka-Key"]; m != "a%2Bb" && !jsonReads {
		t.Errorf("metadata of the reader: %v", r.Metadata())
	}
	if len(data) > 10 {
		part, err := h.NewRangeReader(t.Context(), 2, 5)
		if got := readAll(t, part, err); got != string(data[2:7]) {
			t.Errorf("range read %q, want %q", got, data[2:7])
		}
	}
}

func TestClientErrors(t *testing.T) {
	c := newCloud(t)
	b := c.client().Bucket(bkt)
	if _, err := b.Object("none").Attrs(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("Attrs of a missing object: %v", err)
	}
	if _, err := b.Object("none").NewReader(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("NewReader of a missing object: %v", err)
	}
	if err := b.Object("none").Delete(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("Delete of a missing object: %v", err)
	}
	if _, err := write(t.Context(), c.client().Bucket("nobucket").Object("x"), []byte("x"), nil); statusOf(err) != 404 {
		t.Errorf("write into a missing bucket: %v", err)
	}
	if _, err := write(t.Context(), b.Object("x"), []byte("x"), func(w *storage.Writer) { w.CRC32C, w.SendCRC32C, w.ChunkSize = 1, true, 0 }); statusOf(err) != 400 {
		t.Errorf("write with a wrong CRC32C: %v", err)
	}
	if _, err := b.Object("x").Attrs(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("an object with a wrong CRC32C is there: %v", err)
	}
}

// A write by chunks whose declared CRC32C is wrong fails at its end.
func TestClientWrongChecksumInChunks(t *testing.T) {
	c := newCloud(t)
	h := c.client().Bucket(bkt).Object("x")
	_, err := write(t.Context(), h, make([]byte, 1<<20), func(w *storage.Writer) { w.CRC32C, w.SendCRC32C, w.ChunkSize = 1, true, 256<<10 })
	if statusOf(err) != 400 {
		t.Errorf("Close = %v, want 400", err)
	}
	if _, err := h.Attrs(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("the object is there: %v", err)
	}
}

// The atomicity of preconditions: of many writers that want an object not to exist, one wins.
func TestOneWinner(t *testing.T) {
	c := newCloud(t)
	b := c.client().Bucket(bkt)
	for round := range 3 {
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				h := b.Object(fmt.Sprintf("claims/%d", round)).If(storage.Conditions{DoesNotExist: true})
				_, err := write(t.Context(), h, fmt.Append(nil, i), func(w *storage.Writer) { w.ChunkSize = []int{0, 256 << 10}[i%2] })
				switch {
				case err == nil:
					won.Add(1)
				case statusOf(err) == 412:
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 31 {
			t.Errorf("round %d: %d writers won, %d lost", round, won.Load(), lost.Load())
		}
	}
}

// Readers during overwrites see one version or another, whole: the client checks each against its
// CRC32C.
func TestReadersDuringOverwrites(t *testing.T) {
	c := newCloud(t)
	h := c.client().Bucket(bkt).Object("hot")
	body := func(i int) []byte { return bytes.Repeat(fmt.Append(nil, i%10), 100_000+i) }
	if _, err := write(t.Context(), h, body(0), nil); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := h.NewReader(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					t.Error(err)
				}
				r.Close()
			}
		})
	}
	for i := range 60 {
		if _, err := write(t.Context(), h, body(i), func(w *storage.Writer) { w.ChunkSize = 0 }); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestClientBucketsAndNotifications(t *testing.T) {
	c := newCloud(t)
	cl := c.client()
	b := cl.Bucket("another-bucket")
	if err := b.Create(t.Context(), "local", nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Create(t.Context(), "local", nil); statusOf(err) != 409 {
		t.Errorf("Create again: %v, want 409", err)
	}
	if at, err := b.Attrs(t.Context()); err != nil || at.Name != "another-bucket" || at.VersioningEnabled {
		t.Errorf("bucket attributes %+v, %v", at, err)
	}
	n, err := b.AddNotification(t.Context(), &storage.Notification{TopicProjectID: "local", TopicID: "t", PayloadFormat: storage.JSONPayload,
		EventTypes: []string{storage.ObjectFinalizeEvent}, ObjectNamePrefix: "in/", CustomAttributes: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Notifications(t.Context())
	if err != nil || len(all) != 1 || all[n.ID] == nil || all[n.ID].TopicID != "t" || all[n.ID].CustomAttributes["a"] != "b" {
		t.Errorf("Notifications = %v, %v", all, err)
	}
	if err := b.DeleteNotification(t.Context(), n.ID); err != nil {
		t.Error(err)
	}
	if err := b.DeleteNotification(t.Context(), n.ID); statusOf(err) != 404 {
		t.Errorf("DeleteNotification again: %v, want 404", err)
	}
	var names []string
	for it := cl.Buckets(t.Context(), "local"); ; {
		at, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, at.Name)
	}
	if got := strings.Join(names, " "); got != "another-bucket landing" {
		t.Errorf("buckets %q", got)
	}
	if err := b.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestClientCopyComposeUpdate(t *testing.T) {
	c := newCloud(t)
	b := c.client().Bucket(bkt)
	for _, n := range []string{"a", "b"} {
		if _, err := write(t.Context(), b.Object(n), []byte(n+n), func(w *storage.Writer) { w.Metadata = map[string]string{"k": n} }); err != nil {
			t.Fatal(err)
		}
	}
	cp, err := b.Object("copy").CopierFrom(b.Object("a")).Run(t.Context())
	if err != nil || cp.Metadata["k"] != "a" || cp.Size != 2 {
		t.Errorf("copy: %+v, %v", cp, err)
	}
	joined := b.Object("joined").ComposerFrom(b.Object("a"), b.Object("b"))
	joined.ContentType = "text/plain"
	at, err := joined.Run(t.Context())
	if err != nil || at.ComponentCount != 2 || len(at.MD5) != 0 || at.ContentType != "text/plain" {
		t.Errorf("compose: %+v, %v; want 2 components and no MD5", at, err)
	}
	r, err := b.Object("joined").NewReader(t.Context())
	if got := readAll(t, r, err); got != "aabb" {
		t.Errorf("composed object %q", got)
	}
	if _, err := b.Object("j2").ComposerFrom(b.Object("a"), b.Object("none")).Run(t.Context()); statusOf(err) != 404 {
		t.Errorf("compose of a missing source: %v, want 404", err)
	}
	up, err := b.Object("a").Update(t.Context(), storage.ObjectAttrsToUpdate{Metadata: map[string]string{"new": "1"}, ContentType: "x/y"})
	if err != nil || up.Metageneration != 2 || up.Metadata["new"] != "1" || up.ContentType != "x/y" {
		t.Errorf("update: %+v, %v", up, err)
	}
	if _, err := b.Object("a").If(storage.Conditions{MetagenerationMatch: 1}).Update(t.Context(), storage.ObjectAttrsToUpdate{ContentType: "z"}); statusOf(err) != 412 {
		t.Errorf("update of another metageneration: %v, want 412", err)
	}
	if err := b.Object("a").If(storage.Conditions{GenerationMatch: 1}).Delete(t.Context()); statusOf(err) != 412 {
		t.Errorf("delete of another generation: %v, want 412", err)
	}
}

func BenchmarkPutGet(b *testing.B) {
	s, err := New(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket(bkt); err != nil {
		b.Fatal(err)
	}
	h := httptest.NewServer(s)
	defer h.Close()
	cl, err := storage.NewClient(b.Context(), option.WithEndpoint(h.URL+"/storage/v1/"), option.WithoutAuthentication())
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	data := make([]byte, 10_000)
	i := 0
	for b.Loop() {
		i++
		o := cl.Bucket(bkt).Object(fmt.Sprint(i))
		if _, err := write(b.Context(), o.If(storage.Conditions{DoesNotExist: true}), data, func(w *storage.Writer) { w.ChunkSize = 0 }); err != nil {
			b.Fatal(err)
		}
		r, err := o.NewReader(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
