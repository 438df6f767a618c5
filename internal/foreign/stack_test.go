//go:build cgo

package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"github.com/seneka-io/seneka/forwarder/service"
	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/localcloud/sqs"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// Credentials that no log may show.
const (
	secretKey    = "canary-secret-access-key"
	sessionToken = "canary-session-token"
	pushToken    = "canary.push.token"
)

const (
	topic        = "projects/local/topics/landing"
	subscription = "projects/local/subscriptions/loader"
)

// stack is both programs between the stand-ins.
type stack struct {
	*testing.T
	s3     *s3.Client
	queues *sqs.Server
	arn    string // of the queue
	broker *pstest.Server
	gcs    *fakestorage.Server
	bq     *bqtest.Server
	s3wire *cloudtest.Proxy
	loader string        // its URL
	logs   *lockedBuffer // of both programs, at debug level
	loaded chan string   // the landing object of each delivery that the loader acknowledged
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{T: t, loaded: make(chan string, 1000), logs: &lockedBuffer{}}
	t.Setenv("SENEKA_LOG_LEVEL", "debug")
	t.Setenv("SENEKA_VISIBILITY_SECONDS", "2") // what fails comes again soon
	queueURL := s.startAWS()
	s.startGoogle()
	path := filepath.Join(t.TempDir(), "seneka.yaml")
	config := `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "` + queueURL + `",
		sources: [{name: alb, match: "s3://logs/**", format: alb, table: logs.alb}]}`
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SENEKA_CONFIG", path)
	s.startForwarder()
	s.startLoader()
	return s
}

func (s *stack) startAWS() (queueURL string) {
	s.Helper()
	var base string
	var err error
	if s.queues, err = sqs.New(sqs.Options{Dir: s.TempDir(), Region: "us-east-1", BaseURL: func() string { return base }}); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { s.queues.Close() })
	base = cloudtest.Serve(s, s.queues)
	if queueURL, s.arn, err = s.queues.CreateQueue("seneka", nil); err != nil {
		s.Fatal(err)
	}
	s.s3wire = &cloudtest.Proxy{Next: gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server()}
	endpoint := cloudtest.Serve(s, s.s3wire)
	s.s3 = s3.NewFromConfig(cloudtest.AWS(s, endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := s.s3.CreateBucket(s.Context(), &s3.CreateBucketInput{Bucket: new("logs")}); err != nil {
		s.Fatal(err)
	}
	s.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	s.Setenv("AWS_SESSION_TOKEN", sessionToken)
	s.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
	s.Setenv("AWS_ENDPOINT_URL_SQS", base)
	return queueURL
}

func (s *stack) startGoogle() {
	s.Helper()
	s.broker = pstest.NewServer()
	s.Cleanup(func() { s.broker.Close() })
	s.Setenv("PUBSUB_EMULATOR_HOST", s.broker.Addr) // for fake-gcs-server, which publishes there
	if _, err := s.broker.GServer.CreateTopic(s.Context(), &pb.Topic{Name: topic}); err != nil {
		s.Fatal(err)
	}
	if _, err := s.broker.GServer.CreateSubscription(s.Context(), &pb.Subscription{Name: subscription, Topic: topic, AckDeadlineSeconds: 600}); err != nil {
		s.Fatal(err)
	}
	var err error
	s.gcs, err = fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1",
		EventOptions: fakestorage.EventManagerOptions{
			ProjectID: "local", TopicName: "landing", Bucket: "landing", NotifyOn: fakestorage.EventNotificationOptions{Finalize: true},
		},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(s.gcs.Stop)
	for _, bucket := range []string{"landing", "ledger"} {
		s.gcs.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	}
	s.bq = bqtest.Start(s)
	s.Setenv("STORAGE_EMULATOR_HOST", s.gcs.URL()) // with http://, without which other tests do
	s.Setenv("BIGQUERY_EMULATOR_HOST", "http://"+s.bq.REST)
	s.Setenv("BIGQUERY_STORAGE_EMULATOR_HOST", s.bq.Storage)
}

// lockedBuffer takes what two programs write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// logger returns the log that the programs make themselves.
func (s *stack) logger() *slog.Logger {
	s.Helper()
	log, err := telemetry.Logger(s.logs, os.Getenv)
	if err != nil {
		s.Fatal(err)
	}
	return log
}

func (s *stack) startForwarder() {
	s.Helper()
	forwarder, err := service.Open(context.WithoutCancel(s.Context()), os.Getenv, s.logger())
	if err != nil {
		s.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(s.Context()))
	ended := make(chan error, 1)
	go func() { ended <- forwarder.Run(ctx) }()
	s.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.Error(err)
		}
		if err := forwarder.Close(); err != nil {
			s.Error(err)
		}
	})
}

func (s *stack) startLoader() {
	s.Helper()
	app, err := loader.Open(context.WithoutCancel(s.Context()), os.Getenv, s.logger())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := app.Close(); err != nil {
			s.Error(err)
		}
	})
	server := httptest.NewServer(app)
	s.loader = server.URL
	s.Cleanup(server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(s.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); s.pump(ctx) }()
	s.Cleanup(func() { stop(); <-ended })
}

// pump delivers by push what pstest has, which only hands out what is pulled. Each message comes
// twice, as Pub/Sub may; one that is refused comes again.
func (s *stack) pump(ctx context.Context) {
	for ctx.Err() == nil {
		pulled, err := s.broker.GServer.Pull(ctx, &pb.PullRequest{Subscription: subscription, MaxMessages: 10})
		if err != nil {
			continue // ctx has ended
		}
		for _, m := range pulled.GetReceivedMessages() {
			if s.push(ctx, m.GetMessage()) && s.push(ctx, m.GetMessage()) {
				_, _ = s.broker.GServer.Acknowledge(ctx, &pb.AcknowledgeRequest{Subscription: subscription, AckIds: []string{m.GetAckId()}})
				s.loaded <- m.GetMessage().GetAttributes()["objectId"]
				continue
			}
			_, _ = s.broker.GServer.ModifyAckDeadline(ctx, &pb.ModifyAckDeadlineRequest{Subscription: subscription, AckIds: []string{m.GetAckId()}})
		}
	}
}

// push posts one message in the shape that Pub/Sub documents.
// https://cloud.google.com/pubsub/docs/push#receive_push
func (s *stack) push(ctx context.Context, m *pb.PubsubMessage) (acknowledged bool) {
	body, err := json.Marshal(map[string]any{
		"subscription": subscription,
		"message": map[string]any{
			"data": m.GetData(), "attributes": m.GetAttributes(), "messageId": m.GetMessageId(), "publishTime": m.GetPublishTime().AsTime(),
		},
	})
	if err != nil {
		s.Error(err)
		return false
	}
	return s.post(ctx, body)/100 == 2
}

// post posts to the loader, and returns the status; 0 once the test has ended.
func (s *stack) post(ctx context.Context, body []byte) (status int) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.loader, bytes.NewReader(body))
	if err != nil {
		s.Error(err)
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+pushToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// put puts an object and returns what S3 would say of it.
func (s *stack) put(key string, data []byte) object.Event {
	s.Helper()
	out, err := s.s3.PutObject(s.Context(), &s3.PutObjectInput{Bucket: new("logs"), Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		s.Fatal(err)
	}
	return object.Event{
		Source: object.Source{Bucket: "logs", Key: key}, Version: object.Version{ETag: strings.Trim(*out.ETag, `"`), Size: int64(len(data))},
		Time: time.Now().UTC(),
	}
}

// announce sends the notification that S3 documents.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func (s *stack) announce(e object.Event) {
	s.Helper()
	body, err := json.Marshal(map[string]any{"Records": []any{map[string]any{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": e.Time.Format(time.RFC3339Nano), "eventName": "ObjectCreated:Put",
		"s3": map[string]any{
			"s3SchemaVersion": "1.0", "bucket": map[string]any{"name": e.Bucket},
			"object": map[string]any{"key": url.QueryEscape(e.Key), "size": e.Size, "eTag": e.ETag, "sequencer": e.Sequencer},
		},
	}}})
	if err != nil {
		s.Fatal(err)
	}
	if err := s.queues.Send(s.Context(), s.arn, string(body)); err != nil {
		s.Fatal(err)
	}
}

// await waits until so many landing objects have been loaded.
func (s *stack) await(n int) {
	s.Helper()
	names := map[string]bool{}
	for len(names) < n {
		select {
		case name := <-s.loaded:
			names[name] = true
		case <-time.After(time.Minute):
			s.Fatalf("only %d of %d files were loaded within a minute of the last: %v", len(names), n, names)
		}
	}
}
