// Package gcs is a stand-in for Google Cloud Storage: an http.Handler that speaks the part of the
// JSON, upload and XML APIs that the storage client library, "gcloud storage" and curl use on
// objects, buckets and Pub/Sub notification configurations.
//
// It is written from the public documentation, cited where a rule is applied, and is strict: every
// precondition and every declared checksum is enforced, and what it does not do is refused with
// 501, never ignored. There is no object versioning, no ACL, no encryption key and no rate limit.
//
// The state lives in one folder: the metadata in an embedded database, each object's bytes in a
// file of its own that is never changed. One transaction makes an upload live: precondition,
// generation, metadata and the notifications still to be sent. It survives the death of the
// process at any moment, kill -9 included; it does not promise to survive a power failure,
// because nothing is synced to the disk before Close.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Options says where a Server keeps its state and whom it tells of changes.
type Options struct {
	// Dir is the folder of the state; it is made if it is not there. One Server at a time uses it.
	Dir string
	// Publish sends one notification to a topic, "projects/P/topics/T", and returns once the message
	// is safe. It is called by one goroutine, again later after an error, and perhaps twice for
	// one event. Nil: notifications wait for a Server that has it.
	Publish func(ctx context.Context, topic string, data []byte, attrs map[string]string) error
	// Now is the clock of generations and times; nil is time.Now.
	Now func() time.Time
	// Log receives what no caller can be told: a notification that could not be published. Nil
	// discards it.
	Log *slog.Logger
}

// Server is the stand-in. It is an http.Handler, to be mounted at the root of a server without a
// ServeMux before it, which would clean the paths of object names. It is safe for concurrent use.
type Server struct {
	opts Options
	db   *bbolt.DB

	sessions [16]sync.Mutex // one resumable upload takes one request at a time; by the first digit of its id

	wake chan struct{} // tells the pump that the outbox has grown
	stop context.CancelFunc
	done sync.WaitGroup
}

// New opens the state in o.Dir, removes what a killed predecessor left half done, and sends the
// notifications that it could not. The caller closes the Server.
func New(o Options) (*Server, error) {
	if o.Dir == "" {
		return nil, errors.New("gcs: Options.Dir is empty: name a folder for the state")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{opts: o, wake: make(chan struct{}, 1)}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("gcs: open %s: %w", o.Dir, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if o.Publish != nil {
		s.done.Go(func() { s.pump(ctx) })
	}
	s.done.Go(func() { s.age(ctx) })
	return s, nil
}

// open makes the folders and the database, and sweeps.
func (s *Server) open() error {
	for _, d := range []string{s.uploadDir(), s.blobDir()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	db, err := openDB(filepath.Join(s.opts.Dir, "metadata.db"))
	if err != nil {
		return err
	}
	s.db = db
	if err := s.sweep(); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// Close stops the notifications, syncs the state to the disk and releases it. Requests still being
// served fail; shut the HTTP server down first.
func (s *Server) Close() error {
	s.stop()
	s.done.Wait()
	if err := errors.Join(s.db.Sync(), s.db.Close()); err != nil {
		return fmt.Errorf("gcs: close %s: %w", s.opts.Dir, err)
	}
	return nil
}

// CreateBucket makes the bucket; one that exists is left as it is.
func (s *Server) CreateBucket(name string) error {
	_, err := s.createBucket(name, bucketSpec{})
	if e, ok := errors.AsType[*apiError](err); ok && e.reason == "conflict" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("gcs: create bucket %s: %w", name, err)
	}
	return nil
}

// SetNotification has the bucket publish the named events, OBJECT_FINALIZE if none is named, with
// the object's resource as payload, to topic "projects/P/topics/T". A configuration that does
// just that is left as it is; other configurations of the bucket stay.
func (s *Server) SetNotification(bucket, topic string, events ...string) error {
	if len(events) == 0 {
		events = []string{eventFinalize}
	}
	n := notification{
		Topic:         topicPrefix + strings.TrimPrefix(topic, topicPrefix),
		EventTypes:    events,
		PayloadFormat: payloadJSON,
	}
	if _, err := s.addNotification(bucket, n, true); err != nil {
		return fmt.Errorf("gcs: notify %s of changes in bucket %s: %w", topic, bucket, err)
	}
	return nil
}
