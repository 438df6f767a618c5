package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// clouds is S3 and the landing bucket with their real semantics.
type clouds struct {
	mu     sync.Mutex
	s3     map[object.Source]content
	gcs    map[string]copied
	gen    int64
	copies int
	// lostReply makes the next copy take effect and be answered by the client's retry: 412.
	lostReply bool
	// cut makes reads of S3 break off.
	cut bool
}

type content struct{ etag, data string }

type copied struct {
	data       string
	metadata   map[string]string
	generation int64
}

func newClouds() *clouds { return &clouds{s3: map[object.Source]content{}, gcs: map[string]copied{}} }

// put stores an object in S3 and returns its event.
func (c *clouds) put(key, etag, data, sequencer string) object.Event {
	src := object.Source{Bucket: "src", Key: key}
	c.s3[src] = content{etag, data}
	return object.Event{Source: src, Version: object.Version{ETag: etag, Size: int64(len(data))}, Sequencer: sequencer}
}

// at returns e as of so many seconds after the start.
func (c *clouds) at(seconds int64, e object.Event) object.Event {
	e.Time = time.Unix(seconds, 0)
	return e
}

func (c *clouds) Open(_ context.Context, e object.Event) (*object.Body, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	got, ok := c.s3[e.Source]
	switch {
	case !ok:
		return nil, errkind.With(errkind.NotFound, errors.New("404"))
	case got.etag != e.ETag:
		return nil, errkind.With(errkind.Exists, errors.New("412"))
	}
	var r io.Reader = strings.NewReader(got.data)
	if c.cut {
		r = io.MultiReader(strings.NewReader(got.data[:1]), broken{})
	}
	return &object.Body{ReadCloser: io.NopCloser(r), Size: int64(len(got.data))}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func (c *clouds) Copy(_ context.Context, bucket, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if size != UnknownSize && int64(len(data)) != size {
		return errors.New("short")
	}
	if c.gcs[bucket+"/"+name].generation != generation {
		return errkind.With(errkind.Exists, errors.New("412"))
	}
	c.gen++
	c.copies++
	c.gcs[bucket+"/"+name] = copied{string(data), metadata, c.gen}
	if c.lostReply {
		c.lostReply = false
		return errkind.With(errkind.Exists, errors.New("412"))
	}
	return nil
}

func (c *clouds) Stat(_ context.Context, o object.Landed) (map[string]string, int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	got, ok := c.gcs[o.Bucket+"/"+o.Name]
	if !ok {
		return nil, 0, errkind.With(errkind.NotFound, errors.New("404"))
	}
	return got.metadata, got.generation, nil
}

func (c *clouds) forwarder() *Forwarder {
	return &Forwarder{
		Matches: func(s object.Source) bool { return strings.HasSuffix(s.Key, ".log") || strings.HasSuffix(s.Key, "/") },
		Source:  c, Landing: c, Bucket: "landing", Now: time.Now,
	}
}

func TestForward(t *testing.T) {
	tests := []struct {
		name   string
		event  func(c *clouds) object.Event
		want   Outcome
		landed string // content of landing/src/k.log afterwards
	}{
		{"new", func(c *clouds) object.Event { return c.put("k.log", "v1", "one", "1") }, Forwarded, "one"},
		{"folder", func(c *clouds) object.Event { return c.put("dir/", "v1", "x", "1") }, Folder, ""},
		{"empty", func(c *clouds) object.Event { return c.put("k.log", "v1", "", "1") }, Empty, ""},
		{"unmatched", func(c *clouds) object.Event { return c.put("k.png", "v1", "x", "1") }, Unmatched, ""},
		{"gone", func(c *clouds) object.Event { e := c.put("k.log", "v1", "x", "1"); clear(c.s3); return e }, Gone, ""},
		{"changed since", func(c *clouds) object.Event {
			e := c.put("k.log", "v1", "one", "1")
			c.put("k.log", "v2", "two", "2")
			return e
		}, Changed, ""},
		{"own write, answered by its retry", func(c *clouds) object.Event { c.lostReply = true; return c.put("k.log", "v1", "one", "1") }, Present, "one"},
		{"announced twice", func(c *clouds) object.Event {
			e := c.put("k.log", "v1", "one", "1")
			c.mustForward(e)
			return e
		}, Present, "one"},
		{"overwritten", func(c *clouds) object.Event {
			c.mustForward(c.put("k.log", "v1", "one", "1"))
			return c.put("k.log", "v2", "two", "2")
		}, Forwarded, "two"},
		{"overwritten, events out of order", func(c *clouds) object.Event {
			c.mustForward(c.put("k.log", "v2", "two", "2"))
			return c.put("k.log", "v1", "one", "1")
		}, Older, "two"},
		{"overwritten by a put whose event has no sequencer", func(c *clouds) object.Event {
			c.mustForward(c.at(1, c.put("k.log", "v1", "one", "1")))
			return c.at(2, c.put("k.log", "v2", "two", ""))
		}, Forwarded, "two"},
		{"the same, out of order", func(c *clouds) object.Event {
			e := c.at(1, c.put("k.log", "v1", "one", "1"))
			c.mustForward(c.at(2, c.put("k.log", "v2", "two", "")))
			c.put("k.log", "v1", "one", "1") // a version that its ID still reads
			return e
		}, Older, "two"},
		{"somebody else's object in its place", func(c *clouds) object.Event {
			c.gcs["landing/src/k.log"] = copied{"other", nil, 7}
			return c.put("k.log", "v1", "one", "1")
		}, Forwarded, "one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClouds()
			e := tt.event(c)
			got, err := c.forwarder().Forward(t.Context(), e, time.Now())
			if err != nil || got != tt.want {
				t.Errorf("Forward = %q, %v; want %q", got, err, tt.want)
			}
			if got := c.gcs["landing/src/k.log"].data; got != tt.landed {
				t.Errorf("landing has %q, want %q", got, tt.landed)
			}
		})
	}
}

func (c *clouds) mustForward(e object.Event) {
	if _, err := c.forwarder().Forward(context.Background(), e, time.Now()); err != nil {
		panic(err)
	}
}

func TestForwardMetadata(t *testing.T) {
	c := newClouds()
	e := c.put("a b+c.log", "v1", "one", "1")
	received := time.Now().UTC()
	type key struct{}
	f := c.forwarder()
	f.Trace = func(ctx context.Context) string { return fmt.Sprint("00-", ctx.Value(key{})) }
	if _, err := f.Forward(context.WithValue(t.Context(), key{}, "4b"), e, received); err != nil {
		t.Fatal(err)
	}
	attrs, ok, err := object.ParseAttrs(c.gcs["landing/src/a b+c.log"].metadata)
	if err != nil || !ok || attrs.Event != e || !attrs.Received.Equal(received) || attrs.Forwarded.IsZero() || attrs.Traceparent != "00-4b" {
		t.Errorf("metadata says %+v, %v, %v; want the event %+v", attrs, ok, err, e)
	}
}

// A read that breaks off leaves nothing in landing: half a file would load as a whole one.
func TestForwardBrokenRead(t *testing.T) {
	c := newClouds()
	e := c.put("k.log", "v1", "one", "1")
	c.cut = true
	if got, err := c.forwarder().Forward(t.Context(), e, time.Now()); err == nil {
		t.Errorf("Forward of a broken read = %q, want an error", got)
	}
	if len(c.gcs) > 0 {
		t.Errorf("landing has %v", c.gcs)
	}
}

// An object of another size than its event says would be copied under a version that it is not.
func TestForwardWrongSize(t *testing.T) {
	for _, more := range []int64{-1, 1, 100} {
		c := newClouds()
		e := c.put("k.log", "v1", "one", "1")
		e.Size += more
		if got, err := c.forwarder().Forward(t.Context(), e, time.Now()); !errkind.Is(err, errkind.Transient) || len(c.gcs) > 0 {
			t.Errorf("%d bytes more announced: %q, %v, and landing has %v; want a transient error and nothing", more, got, err, c.gcs)
		}
	}
}

func TestForwardConcurrently(t *testing.T) {
	c := newClouds()
	e := c.put("k.log", "v1", "one", "1")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if got, err := c.forwarder().Forward(t.Context(), e, time.Now()); err != nil || got != Forwarded && got != Present {
				t.Errorf("Forward = %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if c.copies != 1 {
		t.Errorf("%d copies were made, want one", c.copies)
	}
}
