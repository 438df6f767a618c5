package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/localcloud/s3"
	"github.com/seneka-io/seneka/internal/localcloud/sqs"
)

const (
	sourceBucket  = "logs"
	landingBucket = "landing"
	ledgerBucket  = "ledger"
	queueName     = "seneka"
)

// standIn is a service on loopback, and how many requests it has been sent.
type standIn struct {
	url      string
	requests atomic.Int64
	server   *http.Server
}

// serve answers requests by h until close.
func serve(h http.Handler) (*standIn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &standIn{url: "http://" + l.Addr().String()}
	s.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		h.ServeHTTP(w, r)
	})}
	go func() { _ = s.server.Serve(l) }() // it ends with ErrServerClosed
	return s, nil
}

func (s *standIn) close() error { return s.server.Close() }

// source is an S3 with the objects, and what it said on their account.
type source struct {
	*standIn
	objects []object
	closers []func() error

	mu            sync.Mutex
	announcements []string // the bodies of messages
}

// openSource starts S3 below folder and puts the objects.
func openSource(ctx context.Context, folder string, objects []object) (_ *source, err error) {
	s := &source{objects: objects}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	store, err := s3.New(s3.Options{Dir: folder, Notify: s.announce})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, store.Close)
	if err := store.CreateBucket(sourceBucket); err != nil {
		return nil, err
	}
	to := s3.QueueConfiguration{QueueARN: "arn:aws:sqs:us-east-1:000000000000:" + queueName, Events: []string{"s3:ObjectCreated:*"}}
	if err := store.SetNotification(ctx, sourceBucket, to); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.announcements = nil // the test event
	s.mu.Unlock()
	if s.standIn, err = serve(store); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.standIn.close)
	return s, s.put(ctx)
}

func (s *source) close() error { return closeAll(s.closers) }

// closeAll closes what was opened last first.
func closeAll(closers []func() error) (err error) {
	for i := len(closers) - 1; i >= 0; i-- {
		err = errors.Join(err, closers[i]())
	}
	return err
}

// announce keeps what S3 says of an object.
func (s *source) announce(_ context.Context, _, body string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announcements = append(s.announcements, body)
	return nil
}

func (s *source) announced() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.announcements)
}

// put puts the objects and waits until all are announced.
func (s *source) put(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	defer client.CloseIdleConnections()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i := range s.objects {
		group.Go(func() error { return s.putOne(ctx, client, &s.objects[i]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); s.announced() < len(s.objects); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("S3 announced %d objects of %d", s.announced(), len(s.objects))
		}
	}
	return nil
}

func (s *source) putOne(ctx context.Context, client *http.Client, o *object) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url+"/"+sourceBucket+"/"+o.key, o.reader())
	if err != nil {
		return err
	}
	req.ContentLength = o.size()
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("PUT %s: %s", o.key, resp.Status)
	}
	return nil
}

// target is an empty landing bucket, and a queue. Each run has its own, so that none finds what another left.
type target struct {
	gcs, sqs *standIn
	landing  *gcs.Server
	queue    *sqs.Server
	queueURL string
	queueARN string
	closers  []func() error
}

// openTarget starts GCS below folder, and SQS in memory.
func openTarget(folder string) (_ *target, err error) {
	t := &target{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.landing, err = gcs.New(gcs.Options{Dir: filepath.Join(folder, "gcs")}); err != nil {
		return nil, err
	}
	t.closers = append(t.closers, t.landing.Close)
	if err := errors.Join(t.landing.CreateBucket(landingBucket), t.landing.CreateBucket(ledgerBucket)); err != nil {
		return nil, err
	}
	if t.gcs, err = serve(t.landing); err != nil {
		return nil, err
	}
	t.closers = append(t.closers, t.gcs.close)
	if t.queue, err = sqs.New(sqs.Options{BaseURL: func() string { return t.sqs.url }}); err != nil {
		return nil, err
	}
	if t.sqs, err = serve(t.queue); err != nil {
		return nil, err
	}
	t.closers = append(t.closers, t.sqs.close, t.queue.Close)
	t.queueURL, t.queueARN, err = t.queue.CreateQueue(queueName, nil)
	return t, err
}

func (t *target) close() error { return closeAll(t.closers) }

// announce puts what S3 said of the objects on the queue.
func (t *target) announce(ctx context.Context, s *source) error {
	for _, body := range s.announcements {
		if err := t.queue.Send(ctx, t.queueARN, body); err != nil {
			return err
		}
	}
	return nil
}
