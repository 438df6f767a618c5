// Package pubsub is a stand-in for Google Cloud Pub/Sub: topics, pull, streaming pull and push
// subscriptions, acknowledgement deadlines, retry policies and dead-letter topics, behind the
// gRPC services Publisher and Subscriber and behind a few Go methods.
//
// It is written from the public documentation and from the comments of google/pubsub/v1/pubsub.proto
// (the address cited below as "proto"), and delivers at least once. What it does not do (filters,
// ordering, exactly-once delivery, schemas, snapshots, seek, export subscriptions, unwrapped push)
// is refused with UNIMPLEMENTED or, if an option, INVALID_ARGUMENT; never ignored.
//
// The state lives in one database file. A message is in it before it is acknowledged to its
// publisher and until its subscriber has acknowledged it, so it survives the death of the process
// at any moment, kill -9 included (not a power failure: nothing is synced to the disk before
// Close). In memory each waiting message costs about a hundred bytes, whatever its size.
package pubsub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.etcd.io/bbolt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Options says where a Server keeps its state and how it pushes. The clock is the system's: leases
// and back-offs are timers, and a test turns all of them together with testing/synctest.
type Options struct {
	// Dir is the folder of the state; it is made if it is not there. One Server at a time uses it.
	Dir string
	// PushInFlight bounds the push requests under way per subscription; 0 is 32.
	PushInFlight int
	// Transport carries push requests; nil is a transport of the Server's own.
	Transport http.RoundTripper
	// Log receives what no caller can be told: failed pushes and dead letters without a topic. Nil
	// discards it.
	Log *slog.Logger
}

// Server is the stand-in. It is safe for concurrent use.
type Server struct {
	opts   Options
	db     *bbolt.DB
	client *http.Client
	boot   uint32 // sets this process's leases apart from those of earlier ones

	mu     sync.RWMutex // guards the maps and, held for reading, keeps subscriptions from going
	topics map[string]*pb.Topic
	subs   map[string]*subscription

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	done sync.WaitGroup
}

// New opens the state in o.Dir and resumes pushing what is not acknowledged. The caller closes the
// Server.
func New(o Options) (*Server, error) {
	if o.Dir == "" {
		return nil, errors.New("pubsub: Options.Dir is empty: name a folder for the state")
	}
	o.PushInFlight = cmp.Or(o.PushInFlight, 32)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{MaxIdleConnsPerHost: o.PushInFlight, IdleConnTimeout: time.Minute}
	}
	s := &Server{opts: o, boot: newBoot(), topics: map[string]*pb.Topic{}, subs: map[string]*subscription{}}
	s.client = &http.Client{Transport: o.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a redirect is no success: the message is sent again
	}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.open(); err != nil {
		s.stop()
		return nil, fmt.Errorf("pubsub: open %s: %w", o.Dir, err)
	}
	for _, sub := range s.subs {
		s.setPump(sub)
	}
	s.done.Go(s.keepTime)
	return s, nil
}

func (s *Server) open() error {
	if err := os.MkdirAll(s.opts.Dir, 0o700); err != nil {
		return err
	}
	db, err := openDB(filepath.Join(s.opts.Dir, "pubsub.db"))
	if err != nil {
		return err
	}
	s.db = db
	if err := s.load(); err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// Close ends streaming pulls, aborts the pushes under way, which does not count as an attempt,
// and releases the state. Call it before grpc.Server.GracefulStop, which would wait for the streams.
func (s *Server) Close() error {
	s.stop()
	s.done.Wait()
	s.client.CloseIdleConnections()
	if err := errors.Join(s.db.Sync(), s.db.Close()); err != nil {
		return fmt.Errorf("pubsub: close %s: %w", s.opts.Dir, err)
	}
	return nil
}

// Register adds the services Publisher and Subscriber to g, which should be made with
// grpc.MaxRecvMsgSize of at least MaxRequestSize.
func (s *Server) Register(g *grpc.Server) {
	pb.RegisterPublisherServer(g, publisher{s: s})
	pb.RegisterSubscriberServer(g, subscriber{s: s})
}

// Publish publishes one message to topic, "projects/P/topics/T", and returns its id once the
// message is in the database of the Server. Errors carry a gRPC status.
func (s *Server) Publish(ctx context.Context, topic string, data []byte, attrs map[string]string) (string, error) {
	ids, err := publisher{s: s}.Publish(ctx, &pb.PublishRequest{Topic: topic, Messages: []*pb.PubsubMessage{{Data: data, Attributes: attrs}}})
	if err != nil {
		return "", fmt.Errorf("pubsub: publish to %s: %w", topic, err)
	}
	return ids.MessageIds[0], nil
}

// CreateTopic makes topic "projects/P/topics/T"; one that exists is left as it is.
func (s *Server) CreateTopic(topic string) error {
	_, err := publisher{s: s}.CreateTopic(s.ctx, &pb.Topic{Name: topic})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("pubsub: create topic %s: %w", topic, err)
	}
	return nil
}

// Subscription is what CreateSubscription is asked for.
type Subscription struct {
	Name                string        // "projects/P/subscriptions/S"
	Topic               string        // "projects/P/topics/T"
	PushEndpoint        string        // URL; empty: pull
	AckDeadline         time.Duration // 10 s to 600 s, and the timeout of a push; 0 is 10 s
	MinBackoff          time.Duration // before the second attempt, doubled from then on
	MaxBackoff          time.Duration // 0 for both: no retry policy
	DeadLetterTopic     string        // "projects/P/topics/T"; empty: none
	MaxDeliveryAttempts int           // before the dead-letter topic, 5 to 100; 0 is 5
	NeverExpires        bool          // else it says that it lasts 31 days without use; here it lasts for ever
}

// CreateSubscription makes the subscription, or gives one that exists these settings: its waiting
// messages stay, and go to the new endpoint. A subscription of another topic is an error.
func (s *Server) CreateSubscription(sub Subscription) error {
	want := sub.proto()
	_, err := subscriber{s: s}.CreateSubscription(s.ctx, want)
	if status.Code(err) == codes.AlreadyExists {
		err = s.reconfigure(want)
	}
	if err != nil {
		return fmt.Errorf("pubsub: create subscription %s: %w", sub.Name, err)
	}
	return nil
}

func (u Subscription) proto() *pb.Subscription {
	p := &pb.Subscription{Name: u.Name, Topic: u.Topic, AckDeadlineSeconds: int32(u.AckDeadline / time.Second),
		PushConfig: &pb.PushConfig{PushEndpoint: u.PushEndpoint}}
	if u.MinBackoff != 0 || u.MaxBackoff != 0 {
		p.RetryPolicy = &pb.RetryPolicy{MinimumBackoff: durationpb.New(u.MinBackoff), MaximumBackoff: durationpb.New(u.MaxBackoff)}
	}
	if u.NeverExpires {
		p.ExpirationPolicy = &pb.ExpirationPolicy{}
	}
	if u.DeadLetterTopic != "" {
		p.DeadLetterPolicy = &pb.DeadLetterPolicy{DeadLetterTopic: u.DeadLetterTopic, MaxDeliveryAttempts: int32(u.MaxDeliveryAttempts)}
	}
	return p
}
