package pubsubqueue

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/pubsub"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		// The metrics library of the client runs its worker to the end of the process.
		if err := goleak.Find(goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

const (
	project = "projects/local/"
	topic   = project + "topics/landing"
	dead    = project + "topics/dead"
	loader  = project + "subscriptions/loader"
	parked  = project + "subscriptions/parked"
)

// bench is a stand-in with a topic, its subscription with a dead-letter topic, and a client connected as
// programs are, by the environment.
type bench struct {
	*testing.T
	server *pubsub.Server
	client *Client
	refuse codes.Code // of every call, unless it is OK
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t}
	var err error
	if b.server, err = pubsub.New(pubsub.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if b.refuse != codes.OK {
			return nil, status.Error(b.refuse, "refused by the test")
		}
		return next(ctx, r)
	}))
	b.server.Register(g)
	go func() { _ = g.Serve(listener) }()
	t.Cleanup(func() {
		if err := b.server.Close(); err != nil {
			t.Error(err)
		}
		g.Stop()
	})
	for _, err := range []error{
		b.server.CreateTopic(topic), b.server.CreateTopic(dead), b.server.CreateSubscription(pubsub.Subscription{Name: parked, Topic: dead}),
		b.server.CreateSubscription(pubsub.Subscription{
			Name: loader, Topic: topic, AckDeadline: 600 * time.Second, MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond, DeadLetterTopic: dead, MaxDeliveryAttempts: attempts,
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PUBSUB_EMULATOR_HOST", listener.Addr().String())
	if b.client, err = New(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.client.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

const attempts = 5

var attributes = map[string]string{"eventType": "OBJECT_FINALIZE", "objectId": "a b"}

// bury publishes a message and refuses it until it is dead.
func (b *bench) bury(body string) {
	b.Helper()
	if _, err := b.server.Publish(b.Context(), topic, []byte(body), attributes); err != nil {
		b.Fatal(err)
	}
	for tries := 0; tries < attempts; {
		out := b.pull(loader)
		tries += len(out)
		for _, m := range out {
			if err := b.client.subs.ModifyAckDeadline(b.Context(), &pb.ModifyAckDeadlineRequest{Subscription: loader, AckIds: []string{m.AckId}}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// pull waits for messages.
func (b *bench) pull(sub string) []*pb.ReceivedMessage {
	b.Helper()
	out, err := b.client.subs.Pull(b.Context(), &pb.PullRequest{Subscription: sub, MaxMessages: 10})
	if err != nil {
		b.Fatal(err)
	}
	return out.ReceivedMessages
}

func TestDeadLettersContract(t *testing.T) {
	contract.TestDeadLetters(t, func(t *testing.T) *contract.DeadLetters {
		b := newBench(t)
		box := b.client.DeadLetters(parked, topic)
		letter := func(l contract.Letter) deadletter.Letter {
			return deadletter.Letter{Body: []byte(l.Body), Receipt: l.Receipt, Attributes: l.Attributes}
		}
		return &contract.DeadLetters{
			Bury: func(_ *testing.T, body string) { b.bury(body) }, Tries: attempts, Attributes: attributes,
			Take: func(t *testing.T, most int, hold time.Duration) (got []contract.Letter) {
				letters, err := box.Take(t.Context(), most, hold)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range letters {
					got = append(got, contract.Letter{Body: string(l.Body), Receipt: l.Receipt, Tries: l.Tries, Attributes: l.Attributes})
				}
				return got
			},
			Resend:  func(ctx context.Context, l contract.Letter) error { return box.Resend(ctx, letter(l)) },
			Remove:  func(ctx context.Context, l contract.Letter) error { return box.Remove(ctx, letter(l)) },
			Release: func(ctx context.Context, l contract.Letter) error { return box.Release(ctx, letter(l)) },
			Arrived: func(*testing.T) (got []contract.Letter) {
				for len(got) < 2 {
					for _, m := range b.pull(loader) {
						got = append(got, contract.Letter{Body: string(m.Message.Data), Attributes: m.Message.Attributes})
					}
				}
				return got
			},
		}
	})
}

// A letter tells when it was published first, not when it died.
func TestLetter(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	l := letterOf(&pb.ReceivedMessage{AckId: "r", Message: &pb.PubsubMessage{MessageId: "7", Data: []byte("d"), Attributes: map[string]string{
		"bucketId": "b", deadDelivered: "12", deadPublished: "2026-01-02T03:04:05.678+00:00", deadPrefix + "Subscription": "loader", deadPrefix + "SubscriptionProject": "local",
	}}})
	if l.ID != "7" || l.Receipt != "r" || string(l.Body) != "d" || l.Tries != 12 || !l.Sent.Equal(at) || !maps.Equal(l.Attributes, map[string]string{"bucketId": "b"}) {
		t.Errorf("the letter is %+v", l)
	}
}

func TestFacts(t *testing.T) {
	b := newBench(t)
	to, err := b.client.Topic(t.Context(), topic)
	if err != nil || len(to.Subscriptions) != 1 || to.Subscriptions[0] != loader {
		t.Errorf("the topic is %+v, %v", to, err)
	}
	s, err := b.client.Subscription(t.Context(), loader)
	if err != nil || s.Name != loader || s.Topic != topic || s.AckDeadline != 600*time.Second || s.Retention != 7*24*time.Hour || !s.Retry ||
		s.MinPause != time.Millisecond || s.DeadLetterTopic != dead || s.DeliveryAttempts != attempts || s.PushEndpoint != "" || s.ServiceAccount != "" {
		t.Errorf("the subscription is %+v, %v", s, err)
	}
	_, err = b.client.subs.CreateSubscription(t.Context(), &pb.Subscription{Name: project + "subscriptions/push", Topic: topic, PushConfig: &pb.PushConfig{
		PushEndpoint: "https://loader.example/", AuthenticationMethod: &pb.PushConfig_OidcToken_{OidcToken: &pb.PushConfig_OidcToken{ServiceAccountEmail: "p@x", Audience: "a"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err = b.client.Subscription(t.Context(), project+"subscriptions/push")
	if err != nil || s.PushEndpoint != "https://loader.example/" || s.ServiceAccount != "p@x" || s.Audience != "a" || s.Retry || s.AckDeadline != 10*time.Second {
		t.Errorf("the push subscription is %+v, %v", s, err)
	}
}

func TestFailures(t *testing.T) {
	b := newBench(t)
	if _, err := b.client.Topic(t.Context(), topic+"x"); !errkind.Is(err, errkind.NotFound) {
		t.Errorf("a topic that is not there: %v", err)
	}
	if _, err := b.client.Subscription(t.Context(), loader+"x"); !errkind.Is(err, errkind.NotFound) || !strings.Contains(err.Error(), loader+"x") {
		t.Errorf("a subscription that is not there: %v", err)
	}
	b.refuse = codes.PermissionDenied
	box := b.client.DeadLetters(parked, topic)
	_, takeErr := box.Take(t.Context(), 1, time.Minute)
	for name, err := range map[string]error{
		"Take": takeErr, "Resend": box.Resend(t.Context(), deadletter.Letter{}), "Remove": box.Remove(t.Context(), deadletter.Letter{}), "Release": box.Release(t.Context(), deadletter.Letter{}),
	} {
		if !errkind.Is(err, errkind.Permanent) {
			t.Errorf("%s without permission: %v", name, err)
		}
	}
}
