// Package s3 is an Amazon S3 for one machine: github.com/rclone/gofakes3 speaks the protocol, and
// this package adds what it lacks: buckets that survive a restart and kill -9 without living in
// memory, versions, multipart uploads on disk, and event notifications to queues.
//
// Three layers, from the outside in:
//
//   - front.go, notification.go and delete.go answer what gofakes3 does not, and translate where it
//     cannot say what S3 says (versionId, ETags of multipart uploads);
//   - backend.go, list.go and multipart.go are its Backend, VersionedBackend and MultipartBackend;
//   - store.go holds the state: an index in memory (a few hundred bytes an object) whose every change
//     is journalled, and one file per object whose name says nothing of the key.
//
// An event is part of the same journal record as the object it tells of, and is crossed out once
// the queue has taken it (outbox.go): an acknowledged put never loses its event.
//
// Signatures, presigned expiry and clock skew are not verified: any credentials do. Left out:
// events other than s3:ObjectCreated, topics, functions and EventBridge as their targets, ACLs,
// lifecycle, encryption, object lock, GetObjectAttributes. Unfinished multipart uploads end with
// the process.
//
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/ and the user guide at
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rclone/gofakes3"
)

// Options configure a Server.
type Options struct {
	Dir    string           // where objects and journal lie, made if missing; "" is a temporary folder that Close removes
	Region string           // the awsRegion of events; "" is us-east-1
	Now    func() time.Time // the clock; nil is time.Now

	// Notify puts an event into the queue of that ARN and returns once it is safe there. It is
	// called from several goroutines, again and again until it succeeds. Without it no bucket can
	// have notifications.
	Notify func(ctx context.Context, queueARN, body string) error
}

// Server is the service: an http.Handler, safe for concurrent use. Buckets are reached by path
// (http://host/bucket/key) or as bucket.localhost.
type Server struct {
	opts    Options
	backend *backend
	fake    http.Handler // gofakes3 on backend
	temp    string       // folder to remove on Close
}

// New returns a server with the buckets that o.Dir holds, and sends on the events that no queue has
// taken yet.
func New(o Options) (*Server, error) {
	s := &Server{opts: withDefaults(o)}
	if s.opts.Dir == "" {
		dir, err := os.MkdirTemp("", "local-s3-")
		if err != nil {
			return nil, fmt.Errorf("state of S3: %w", err)
		}
		s.opts.Dir, s.temp = dir, dir
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("state of S3: %w", err), s.removeTemp())
	}
	return s, nil
}

func (s *Server) open() error {
	st, err := openStore(s.opts.Dir, s.opts.Now)
	if err != nil {
		return err
	}
	ups, err := newUploads(filepath.Join(s.opts.Dir, "uploads"))
	if err != nil {
		return errors.Join(err, st.close())
	}
	s.backend = &backend{store: st, uploads: ups, outbox: newOutbox(s.opts.Notify, st.delivered), region: s.opts.Region}
	s.backend.outbox.add(st.undelivered()...)
	s.fake = gofakes3.New(s.backend, gofakes3.WithTimeSource(timeSource{s.opts.Now}), gofakes3.WithTimeSkewLimit(0)).Server()
	return nil
}

func withDefaults(o Options) Options {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Close stops the delivery of events, waits for those on their way, and closes the journal. What is
// not delivered is sent on by the next New on the same Dir.
func (s *Server) Close() error {
	s.backend.outbox.close()
	return errors.Join(s.backend.store.close(), s.removeTemp())
}

func (s *Server) removeTemp() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}

// CreateBucket makes a bucket; one that exists is left as it is.
func (s *Server) CreateBucket(name string) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	err := s.backend.store.createBucket(name)
	if err != nil && !gofakes3.IsAlreadyExists(err) {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	return nil
}

// SetNotification replaces a bucket's notifications, as PutBucketNotificationConfiguration does: it
// sends a test event to each queue and fails if one does not take it. If the bucket has these very
// notifications already, nothing happens.
func (s *Server) SetNotification(ctx context.Context, bucket string, queues ...QueueConfiguration) error {
	n := notification{Queues: slices.Clone(queues)}
	if err := n.check(); err != nil {
		return fmt.Errorf("notifications of bucket %s: %w", bucket, err)
	}
	if have, err := s.backend.store.notification(bucket); err != nil || have.equal(n) {
		return err
	}
	if err := s.setNotification(ctx, bucket, n, newRequestID(), true); err != nil {
		return fmt.Errorf("notifications of bucket %s: %w", bucket, err)
	}
	return nil
}

// timeSource gives gofakes3 our clock.
type timeSource struct{ now func() time.Time }

func (t timeSource) Now() time.Time                     { return t.now() }
func (t timeSource) Since(then time.Time) time.Duration { return t.now().Sub(then) }
