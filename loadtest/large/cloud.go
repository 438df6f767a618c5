package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/localcloud/pubsub"
	"github.com/seneka-io/seneka/internal/localcloud/s3"
	"github.com/seneka-io/seneka/internal/localcloud/sqs"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/loadtest/counting"
)

const (
	project = "local"
	dataset = "logs"
	bucket  = "elb-logs" // of S3
	landing = "landing"
	ledger  = "ledger"
	topic   = "projects/" + project + "/topics/landing"
)

// cloud is S3, SQS, Cloud Storage and Pub/Sub, joined as in package localcloud, and a BigQuery that counts.
type cloud struct {
	s3, sqs, queueURL string // URLs
	gcs               string // host:port
	bq                *counting.Server
	pubsub            *pubsub.Server
	closers           []func() error // in the order of making

	mu        sync.Mutex
	announced time.Time // when S3's last event was sent
	landed    time.Time // when Cloud Storage's last notification was
}

// openCloud starts the services, whose state lies below folder.
func openCloud(ctx context.Context, folder string) (_ *cloud, err error) {
	c := &cloud{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if err := c.openAWS(ctx, folder); err != nil {
		return nil, err
	}
	if err := c.openGoogle(folder); err != nil {
		return nil, err
	}
	c.bq, err = counting.Start(counting.Options{Datasets: []string{project + "." + dataset}})
	if err == nil {
		c.closers = append(c.closers, c.bq.Close)
	}
	return c, err
}

func (c *cloud) openAWS(ctx context.Context, folder string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.sqs = "http://" + l.Addr().String()
	queues, err := sqs.New(sqs.Options{Dir: filepath.Join(folder, "sqs"), BaseURL: func() string { return c.sqs }})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, queues.Close)
	c.serve(l, queues)
	url, arn, err := queues.CreateQueue("seneka", nil)
	if err != nil {
		return err
	}
	c.queueURL = url
	objects, err := s3.New(s3.Options{Dir: filepath.Join(folder, "s3"), Notify: func(ctx context.Context, queue, body string) error {
		c.note(&c.announced)
		return queues.Send(ctx, queue, body)
	}})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, objects.Close)
	if err := objects.CreateBucket(bucket); err != nil {
		return err
	}
	if err := objects.SetNotification(ctx, bucket, s3.QueueConfiguration{QueueARN: arn, Events: []string{"s3:ObjectCreated:*"}}); err != nil {
		return err
	}
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	c.s3 = "http://" + l.Addr().String()
	c.serve(l, objects)
	return nil
}

func (c *cloud) openGoogle(folder string) (err error) {
	if c.pubsub, err = pubsub.New(pubsub.Options{Dir: filepath.Join(folder, "pubsub")}); err != nil {
		return err
	}
	c.closers = append(c.closers, c.pubsub.Close)
	if err := c.pubsub.CreateTopic(topic); err != nil {
		return err
	}
	objects, err := gcs.New(gcs.Options{Dir: filepath.Join(folder, "gcs"), Publish: func(ctx context.Context, topic string, data []byte, attrs map[string]string) error {
		c.note(&c.landed)
		_, err := c.pubsub.Publish(ctx, topic, data, attrs)
		return err
	}})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, objects.Close)
	if err := errors.Join(objects.CreateBucket(landing), objects.CreateBucket(ledger), objects.SetNotification(landing, topic)); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.gcs = l.Addr().String()
	c.serve(l, objects)
	return nil
}

// push makes Pub/Sub deliver what comes to landing from now on, as a deployment does.
func (c *cloud) push(url string) error {
	return c.pubsub.CreateSubscription(pubsub.Subscription{
		Name: "projects/" + project + "/subscriptions/loader", Topic: topic, PushEndpoint: url, AckDeadline: 10 * time.Minute, NeverExpires: true,
	})
}

// note sets a time to now.
func (c *cloud) note(at *time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*at = time.Now()
}

// times returns when S3 announced the file, and when its copy had landed; the zero time while it has not.
func (c *cloud) times() (announced, landed time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.announced, c.landed
}

// count returns how many rows and bytes of them a table has.
func (c *cloud) count(table string) counting.Total {
	return c.bq.Counts().Tables[row.Table{Project: project, Dataset: dataset, Name: table}]
}

func (c *cloud) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until close
	c.closers = append(c.closers, server.Close)
}

func (c *cloud) close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	return errors.Join(errs...)
}
