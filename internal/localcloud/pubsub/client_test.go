package pubsub

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	client "cloud.google.com/go/pubsub/v2"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// serve puts s behind gRPC on loopback and returns its address.
func serve(t *testing.T, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxRecvMsgSize(MaxRequestSize + 1<<20))
	s.Register(g)
	var done sync.WaitGroup
	done.Go(func() {
		if err := g.Serve(l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		g.Stop()
		done.Wait()
	})
	return l.Addr().String()
}

// newClient is the real client, pointed at s as its users point it.
func newClient(t *testing.T, s *Server) *client.Client {
	t.Helper()
	t.Setenv("PUBSUB_EMULATOR_HOST", serve(t, s))
	c, err := client.NewClient(t.Context(), "local")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestClient(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	c := newClient(t, s)
	ctx := t.Context()
	if _, err := c.TopicAdminClient.CreateTopic(ctx, &pb.Topic{Name: topicName}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SubscriptionAdminClient.CreateSubscription(ctx, &pb.Subscription{Name: subName, Topic: topicName}); err != nil {
		t.Fatal(err)
	}
	const n = 1000
	p := c.Publisher("objects")
	var results []*client.PublishResult
	for i := range n {
		results = append(results, p.Publish(ctx, &client.Message{Data: fmt.Append(nil, i), Attributes: map[string]string{"n": fmt.Sprint(i)}}))
	}
	ids := map[string]bool{}
	for _, r := range results {
		id, err := r.Get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ids[id] = true
	}
	p.Stop()
	if len(ids) != n {
		t.Fatalf("%d messages got %d ids", n, len(ids))
	}
	receive(t, c, ids)
	wantNone(t, s, subName)
}

// receive takes every message of ids by streaming pull; each is refused once before it is
// acknowledged.
func receive(t *testing.T, c *client.Client, ids map[string]bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	refused := map[string]bool{}
	err := c.Subscriber("loader").Receive(ctx, func(_ context.Context, m *client.Message) {
		mu.Lock()
		defer mu.Unlock()
		if string(m.Data) != m.Attributes["n"] {
			t.Errorf("message %s has data %q and attributes %v", m.ID, m.Data, m.Attributes)
		}
		if !refused[m.ID] {
			refused[m.ID] = true
			m.Nack()
			return
		}
		m.Ack()
		delete(ids, m.ID)
		if len(ids) == 0 {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// "The server will not send more messages while that many are outstanding" (proto,
// max_outstanding_messages).
func TestStreamFlowControl(t *testing.T) {
	s := broker(t, Subscription{})
	for range 5 {
		publish(t, s, "x")
	}
	c := dial(t, s)
	stream, err := c.StreamingPull(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&pb.StreamingPullRequest{Subscription: subName, StreamAckDeadlineSeconds: 10, MaxOutstandingMessages: 2}); err != nil {
		t.Fatal(err)
	}
	total := 0
	for total < 5 {
		out, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(out.ReceivedMessages); n > 2 {
			t.Fatalf("%d messages at once, at most 2 may be outstanding", n)
		}
		for _, m := range out.ReceivedMessages {
			total++
			if err := stream.Send(&pb.StreamingPullRequest{AckIds: []string{m.AckId}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = stream.Recv()
	}
	if err.Error() != "EOF" {
		t.Errorf("stream ended with %v, want EOF", err)
	}
	wantNone(t, s, subName)
}

func dial(t *testing.T, s *Server) pb.SubscriberClient {
	t.Helper()
	conn, err := grpc.NewClient(serve(t, s), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return pb.NewSubscriberClient(conn)
}

func TestStreamRules(t *testing.T) {
	s := broker(t, Subscription{})
	c := dial(t, s)
	tests := []struct {
		name  string
		first *pb.StreamingPullRequest
		next  *pb.StreamingPullRequest
		want  codes.Code
	}{
		{"no such subscription", &pb.StreamingPullRequest{Subscription: "projects/local/subscriptions/none", StreamAckDeadlineSeconds: 10}, nil, codes.NotFound},
		{"no deadline", &pb.StreamingPullRequest{Subscription: subName}, nil, codes.InvalidArgument},
		{"bad ack id", &pb.StreamingPullRequest{Subscription: subName, StreamAckDeadlineSeconds: 10}, &pb.StreamingPullRequest{AckIds: []string{"x"}}, codes.InvalidArgument},
		{"subscription again", &pb.StreamingPullRequest{Subscription: subName, StreamAckDeadlineSeconds: 10}, &pb.StreamingPullRequest{Subscription: subName}, codes.InvalidArgument},
		{"lengths differ", &pb.StreamingPullRequest{Subscription: subName, StreamAckDeadlineSeconds: 10}, &pb.StreamingPullRequest{ModifyDeadlineAckIds: []string{"x"}}, codes.InvalidArgument},
	}
	for _, tt := range tests {
		stream, err := c.StreamingPull(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*pb.StreamingPullRequest{tt.first, tt.next} {
			if r != nil {
				_ = stream.Send(r) // the server may have ended the stream: Recv says why
			}
		}
		if _, err := stream.Recv(); status.Code(err) != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// Without an answer to its signs of life the client library closes an idle stream
// (checkServer in iterator.go of pubsub/v2 v2.8.0).
func TestStreamKeepAlive(t *testing.T) {
	s := broker(t, Subscription{})
	stream, err := dial(t, s).StreamingPull(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := &pb.StreamingPullRequest{Subscription: subName, StreamAckDeadlineSeconds: 10, ProtocolVersion: 1}
	for _, r := range []*pb.StreamingPullRequest{first, {}} {
		if err := stream.Send(r); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := stream.Recv(); err != nil || len(out.ReceivedMessages) != 0 {
		t.Errorf("answer to a sign of life: %v, %v; want an empty response", out, err)
	}
}

// Close ends the streams: a client sees Unavailable and comes back.
func TestCloseEndsStreams(t *testing.T) {
	s, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	create(t, s, Subscription{})
	stream, err := dial(t, s).StreamingPull(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&pb.StreamingPullRequest{Subscription: subName, StreamAckDeadlineSeconds: 10}); err != nil {
		t.Fatal(err)
	}
	publish(t, s, "x")
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("stream ended with %v, want Unavailable", err)
	}
}

// Many publishers and pullers at once: nothing is lost, and what is acknowledged stays away.
func TestConcurrentPublishAndPull(t *testing.T) {
	s := broker(t, Subscription{})
	const publishers, each = 4, 250
	var wg sync.WaitGroup
	for range publishers {
		wg.Go(func() {
			for range each {
				publish(t, s, "x")
			}
		})
	}
	var seen sync.Map
	var left atomic.Int32
	left.Store(publishers * each)
	for range 3 {
		wg.Go(func() {
			for left.Load() > 0 {
				for _, m := range pull(t, s, subName) {
					if _, twice := seen.LoadOrStore(m.Message.MessageId, true); twice {
						t.Errorf("message %s was delivered twice within its deadline", m.Message.MessageId)
					}
					ack(t, s, subName, m.AckId)
					left.Add(-1)
				}
			}
		})
	}
	wg.Wait()
	wantNone(t, s, subName)
}
