package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/loadtest/corpus"
)

const (
	source  = "elb-logs" // S3 bucket
	landing = "landing"  // GCS bucket
	topic   = "projects/" + project + "/topics/landing"
)

// file is one that lies in landing.
type file struct {
	push   []byte // its notification, as Pub/Sub pushes it
	rows   int64
	text   int64 // bytes
	stored int64 // gzipped
}

// bucket is Cloud Storage with the files in landing. Each pass has a ledger of its own, so that all of them load
// the same files.
type bucket struct {
	gcs     *gcs.Server
	calls   *calls
	server  *http.Server
	address string // host:port

	mu       sync.Mutex
	messages map[string]chan []byte // push bodies by the object's name
	sent     int
}

// openBucket starts Cloud Storage below folder.
func openBucket(folder string) (*bucket, error) {
	b := &bucket{messages: map[string]chan []byte{}}
	var err error
	if b.gcs, err = gcs.New(gcs.Options{Dir: folder, Publish: b.publish}); err != nil {
		return nil, err
	}
	if err := b.gcs.CreateBucket(landing); err != nil {
		return nil, err
	}
	if err := b.gcs.SetNotification(landing, topic); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.calls = &calls{next: b.gcs}
	b.address, b.server = l.Addr().String(), &http.Server{Handler: b.calls, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = b.server.Serve(l) }() // until close
	return b, nil
}

func (b *bucket) close() {
	_ = b.server.Close() // nobody asks any more
	_ = b.gcs.Close()    // its folder is removed
}

// publish takes a notification, which becomes the body of a push.
// https://cloud.google.com/pubsub/docs/push#receive_push
func (b *bucket) publish(_ context.Context, _ string, data []byte, attrs map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent++
	body, err := json.Marshal(map[string]any{
		"message":      map[string]any{"attributes": attrs, "data": data, "messageId": fmt.Sprint(b.sent), "publishTime": time.Now().UTC().Format(time.RFC3339Nano)},
		"subscription": "projects/" + project + "/subscriptions/loader",
	})
	b.waiting(attrs["objectId"]) <- body
	return err
}

// waiting returns where the notification of an object comes. The caller holds the lock.
func (b *bucket) waiting(name string) chan []byte {
	if b.messages[name] == nil {
		b.messages[name] = make(chan []byte, 1)
	}
	return b.messages[name]
}

// fill lays n files of so many rows into landing.
func (b *bucket) fill(ctx context.Context, name string, n int, rows int64) ([]file, error) {
	client, err := storage.NewClient(ctx, option.WithEndpoint("http://"+b.address+"/storage/v1/"), option.WithoutAuthentication())
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }() // all was stored
	text, err := corpus.Of(os.DirFS("."), "alb", 7, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1))
	if err != nil {
		return nil, fmt.Errorf("run this in the module's folder: %w", err)
	}
	files := make([]file, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i := range files {
		f := file{rows: rows}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		for range rows {
			line := append(text.Record(), '\n')
			f.text += int64(len(line))
			if _, err := z.Write(line); err != nil {
				return nil, err
			}
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		f.stored = int64(packed.Len())
		key := fmt.Sprintf("AWSLogs/123456789012/elasticloadbalancing/us-east-1/%s_%06d_app.lb.log.gz", name, i)
		group.Go(func() (err error) {
			f.push, err = b.put(ctx, client, key, packed.Bytes())
			files[i] = f
			return err
		})
	}
	return files, group.Wait()
}

// put stores a copy as the forwarder does and returns its notification.
func (b *bucket) put(ctx context.Context, client *storage.Client, key string, data []byte) ([]byte, error) {
	src := object.Source{Bucket: source, Key: key}
	now := time.Now()
	attrs := object.Attrs{
		Event:    object.Event{Source: src, Version: object.Version{ETag: fmt.Sprintf("%032x", len(data)), Size: int64(len(data))}, Sequencer: fmt.Sprintf("%016X", now.UnixNano()), Time: now},
		Received: now, Forwarded: now,
	}
	w := client.Bucket(landing).Object(object.LandingName(src)).NewWriter(ctx)
	w.ChunkSize, w.Metadata = 0, attrs.Metadata()
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	message := b.waiting(object.LandingName(src))
	b.mu.Unlock()
	select {
	case body := <-message:
		return body, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
