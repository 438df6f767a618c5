// Package localcloud runs S3, SQS, GCS, Pub/Sub and BigQuery in this process, on loopback, for
// `seneka local`, the demo and tests. Each service is a package below this one that knows nothing
// of the others; this one joins them: S3 announces objects on SQS, GCS on Pub/Sub, Pub/Sub pushes.
//
// Its state lies in one folder and survives a restart and a kill. It proves the pipeline; it does
// not measure the real services.
package localcloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/rest"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/write/enginestore"
	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/localcloud/pubsub"
	"github.com/seneka-io/seneka/internal/localcloud/s3"
	"github.com/seneka-io/seneka/internal/localcloud/sqs"
)

// Project is what the local cloud's project is called.
const Project = "local"

const (
	region       = "us-east-1"
	topic        = "projects/" + Project + "/topics/seneka-landing"
	subscription = "projects/" + Project + "/subscriptions/seneka-loader"
	deadTopic    = "projects/" + Project + "/topics/seneka-dead-letter"
	deadSub      = "projects/" + Project + "/subscriptions/seneka-dead-letter"
	deadSuffix   = "-dead-letter" // of the queue's name
	landingDays  = 30             // after which a copy is deleted

	// attempts is how often a message is delivered before it is dead. It is far more than a
	// deployment has, for here the programs are killed and started again on purpose.
	attempts = 100
)

// Ports are the loopback ports to listen on; 0 takes a free one.
type Ports struct{ S3, SQS, GCS, PubSub, BigQuery, BigQueryStorage int }

// Options describe a local cloud.
type Options struct {
	Dir      string   // holds all state
	Ports    Ports    //
	Buckets  []string // of S3: each announces its objects on Queue
	Queue    string   // name of the SQS queue
	Landing  string   // GCS bucket that announces its objects on the topic
	Ledger   string   // GCS bucket
	Datasets []string // of BigQuery, project.dataset
	Topics   []string // of Pub/Sub, projects/P/topics/T, besides those that the pipeline needs
	Log      *slog.Logger
}

// Endpoints say where the services listen.
type Endpoints struct {
	S3, SQS, QueueURL, GCS, BigQuery string // URLs
	PubSub, BigQueryStorage          string // host:port, for gRPC
}

// Cloud is a running local cloud.
type Cloud struct {
	Endpoints
	queue   string // name of the SQS queue
	landing string // GCS bucket
	s3      *s3.Server
	sqs     *sqs.Server
	gcs     *gcs.Server
	pubsub  *pubsub.Server
	db      *engine.DB
	closers []func() error // in the order of making
}

// Start opens the state and listens. It pushes nothing before Push is called.
func Start(ctx context.Context, o Options) (_ *Cloud, err error) {
	c := &Cloud{queue: o.Queue, landing: o.Landing}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("local cloud: %w", err)
	}
	if err := c.startAWS(ctx, o); err != nil {
		return nil, fmt.Errorf("local cloud: %w", err)
	}
	if err := c.startStorage(o); err != nil {
		return nil, fmt.Errorf("local cloud: %w", err)
	}
	if err := c.startBigQuery(ctx, o); err != nil {
		return nil, fmt.Errorf("local cloud: %w", err)
	}
	return c, nil
}

// startAWS starts SQS and S3, whose buckets announce what is put on the queue.
func (c *Cloud) startAWS(ctx context.Context, o Options) error {
	listener, err := c.listen("sqs", o.Ports.SQS)
	if err != nil {
		return err
	}
	c.SQS = "http://" + listener.Addr().String()
	queues, err := sqs.New(sqs.Options{Dir: filepath.Join(o.Dir, "sqs"), Region: region, BaseURL: func() string { return c.SQS }})
	if err != nil {
		return err
	}
	c.onClose(queues.Close)
	c.serve(listener, queues, o.Log)
	c.sqs = queues
	_, deadARN, err := queues.CreateQueue(o.Queue+deadSuffix, nil)
	if err != nil {
		return err
	}
	url, arn, err := queues.CreateQueue(o.Queue, map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, deadARN, attempts),
	})
	if err != nil {
		return err
	}
	c.QueueURL = url
	if err := c.setQueues(o, arn); err != nil {
		return err
	}

	if listener, err = c.listen("s3", o.Ports.S3); err != nil {
		return err
	}
	c.S3 = "http://" + listener.Addr().String()
	objects, err := s3.New(s3.Options{Dir: filepath.Join(o.Dir, "s3"), Region: region, Notify: queues.Send})
	if err != nil {
		return err
	}
	c.onClose(objects.Close)
	c.s3 = objects
	for _, bucket := range o.Buckets {
		if err := objects.CreateBucket(bucket); err != nil {
			return err
		}
		if err := objects.SetNotification(ctx, bucket, s3.QueueConfiguration{QueueARN: arn, Events: []string{"s3:ObjectCreated:*"}}); err != nil {
			return err
		}
	}
	c.serve(listener, objects, o.Log)
	return nil
}

// setQueues gives the queues what a deployment's have.
func (c *Cloud) setQueues(o Options, arn string) error {
	var statements []string
	for _, bucket := range o.Buckets {
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":%q,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::%s"}}}`, arn, bucket))
	}
	return errors.Join(
		c.sqs.SetAttributes(o.Queue, map[string]string{
			"Policy": `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`, "ReceiveMessageWaitTimeSeconds": "20", "MessageRetentionPeriod": "1209600",
		}),
		c.sqs.SetAttributes(o.Queue+deadSuffix, map[string]string{"MessageRetentionPeriod": "1209600"}),
	)
}

// startStorage starts Pub/Sub, and GCS, whose landing bucket announces what is put on the topic.
func (c *Cloud) startStorage(o Options) error {
	listener, err := c.listen("pubsub", o.Ports.PubSub)
	if err != nil {
		return err
	}
	c.PubSub = listener.Addr().String()
	if c.pubsub, err = pubsub.New(pubsub.Options{Dir: filepath.Join(o.Dir, "pubsub"), Log: o.Log}); err != nil {
		return err
	}
	c.onClose(c.pubsub.Close)
	for _, t := range append([]string{topic, deadTopic}, o.Topics...) {
		if err := c.pubsub.CreateTopic(t); err != nil {
			return err
		}
	}
	if err := c.pubsub.CreateSubscription(pubsub.Subscription{Name: deadSub, Topic: deadTopic, NeverExpires: true}); err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(2 * pubsub.MaxRequestSize))
	c.pubsub.Register(server)
	c.serveGRPC(listener, server, o.Log)

	if listener, err = c.listen("gcs", o.Ports.GCS); err != nil {
		return err
	}
	c.GCS = "http://" + listener.Addr().String()
	objects, err := gcs.New(gcs.Options{
		Dir: filepath.Join(o.Dir, "gcs"), Log: o.Log,
		Publish: func(ctx context.Context, topic string, data []byte, attrs map[string]string) error {
			_, err := c.pubsub.Publish(ctx, topic, data, attrs)
			return err
		},
	})
	if err != nil {
		return err
	}
	c.onClose(objects.Close)
	c.gcs = objects
	for _, bucket := range []string{o.Landing, o.Ledger} {
		if err := objects.CreateBucket(bucket); err != nil {
			return err
		}
	}
	if err := errors.Join(objects.SetNotification(o.Landing, topic), objects.SetLifecycle(o.Landing, landingDays)); err != nil {
		return err
	}
	c.serve(listener, objects, o.Log)
	return nil
}

// startBigQuery starts both of BigQuery's APIs over one database.
func (c *Cloud) startBigQuery(ctx context.Context, o Options) error {
	db, err := engine.Open(filepath.Join(o.Dir, "bigquery.duckdb"))
	if err != nil {
		return err
	}
	c.onClose(db.Close)
	c.db = db
	for _, d := range o.Datasets {
		project, name, _ := strings.Cut(d, ".")
		if _, err := db.CreateDataset(ctx, engine.Dataset{Project: project, Name: name}); err != nil && !errkind.Is(err, errkind.Exists) {
			return err
		}
	}
	listener, err := c.listen("bigquery", o.Ports.BigQuery)
	if err != nil {
		return err
	}
	c.BigQuery = "http://" + listener.Addr().String()
	c.serve(listener, rest.New(db, rest.Options{}), o.Log)

	if listener, err = c.listen("bigquery-storage", o.Ports.BigQueryStorage); err != nil {
		return err
	}
	c.BigQueryStorage = listener.Addr().String()
	store, err := enginestore.New(ctx, db)
	if err != nil {
		return err
	}
	server := grpc.NewServer(write.ServerOptions()...)
	storagepb.RegisterBigQueryWriteServer(server, write.New(store, write.Options{Dir: filepath.Join(o.Dir, "bigquery-streams")}))
	c.serveGRPC(listener, server, o.Log)
	return nil
}

// Push makes Pub/Sub deliver the landing bucket's notifications to a URL. They are kept from the
// first Push on.
func (c *Cloud) Push(url string) error {
	return c.pubsub.CreateSubscription(pubsub.Subscription{
		Name: subscription, Topic: topic, PushEndpoint: url,
		AckDeadline: 600 * time.Second, MinBackoff: 200 * time.Millisecond, MaxBackoff: 10 * time.Second,
		DeadLetterTopic: deadTopic, MaxDeliveryAttempts: attempts, NeverExpires: true,
	})
}

// Close stops listening and closes the state, the last started first.
func (c *Cloud) Close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.closers = nil
	return errors.Join(errs...)
}

func (c *Cloud) onClose(do func() error) { c.closers = append(c.closers, do) }

// listen takes a loopback port, and says by which flag to choose another.
func (c *Cloud) listen(service string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; choose another port with --%s-port, 0 for a free one", service, err, service)
	}
	return l, nil
}

// serve answers HTTP requests until Close.
func (c *Cloud) serve(l net.Listener, h http.Handler, log *slog.Logger) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed
	c.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil { // long polls and open connections are cut
			return server.Close()
		}
		return nil
	})
}

// serveGRPC answers gRPC calls until Close.
func (c *Cloud) serveGRPC(l net.Listener, server *grpc.Server, log *slog.Logger) {
	go func() {
		if err := server.Serve(l); err != nil {
			log.Error("gRPC server stopped", "error", err)
		}
	}()
	c.onClose(func() error { server.Stop(); return nil })
}
