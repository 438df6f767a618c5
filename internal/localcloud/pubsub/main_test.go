package pubsub

import (
	"net/http"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func TestMain(m *testing.M) {
	helper() // does not return in a process that a test has started
	goleak.VerifyTestMain(m,
		// Of the client library: one for ever, and one that notices the end of its stream late.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"),
		goleak.IgnoreTopFunction("cloud.google.com/go/pubsub/v2.(*messageIterator).streamKeepAliveHandler"))
}

const (
	topicName = "projects/local/topics/objects"
	deadName  = "projects/local/topics/dead"
	subName   = "projects/local/subscriptions/loader"
	deadSub   = "projects/local/subscriptions/dead"
)

// open opens a Server and closes it with the test.
func open(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// broker is an open Server with a topic and one pull subscription.
func broker(t *testing.T, sub Subscription) *Server {
	t.Helper()
	s := open(t, Options{Dir: t.TempDir()})
	create(t, s, sub)
	return s
}

// create makes topicName, deadName with its subscription, and sub, whose names it fills in.
func create(t *testing.T, s *Server, sub Subscription) {
	t.Helper()
	sub.Name, sub.Topic = subName, topicName
	for _, err := range []error{
		s.CreateTopic(topicName), s.CreateTopic(deadName), s.CreateSubscription(sub),
		s.CreateSubscription(Subscription{Name: deadSub, Topic: deadName}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func publish(t *testing.T, s *Server, data string, attrs ...string) string {
	t.Helper()
	m := map[string]string{}
	for i := 0; i < len(attrs); i += 2 {
		m[attrs[i]] = attrs[i+1]
	}
	id, err := s.Publish(t.Context(), topicName, []byte(data), m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// pull returns what is due now, at most 100.
func pull(t *testing.T, s *Server, name string) []*pb.ReceivedMessage {
	t.Helper()
	r := &pb.PullRequest{Subscription: name, MaxMessages: 100}
	setReturnImmediately(r)
	out, err := subscriber{s: s}.Pull(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return out.ReceivedMessages
}

func setReturnImmediately(r *pb.PullRequest) {
	m := r.ProtoReflect()
	f := m.Descriptor().Fields().ByName("return_immediately")
	m.Set(f, protoreflect.ValueOfBool(true))
}

// pullOne returns the only message that is due.
func pullOne(t *testing.T, s *Server, name string) *pb.ReceivedMessage {
	t.Helper()
	ms := pull(t, s, name)
	if len(ms) != 1 {
		t.Fatalf("%s has %d messages due, want 1", name, len(ms))
	}
	return ms[0]
}

func wantNone(t *testing.T, s *Server, name string) {
	t.Helper()
	if ms := pull(t, s, name); len(ms) != 0 {
		t.Fatalf("%s delivers %d messages, want none: first %v", name, len(ms), ms[0])
	}
}

func ack(t *testing.T, s *Server, name string, ids ...string) {
	t.Helper()
	if _, err := (subscriber{s: s}).Acknowledge(t.Context(), &pb.AcknowledgeRequest{Subscription: name, AckIds: ids}); err != nil {
		t.Fatal(err)
	}
}

func modify(t *testing.T, s *Server, seconds int32, ids ...string) {
	t.Helper()
	r := &pb.ModifyAckDeadlineRequest{Subscription: subName, AckIds: ids, AckDeadlineSeconds: seconds}
	if _, err := (subscriber{s: s}).ModifyAckDeadline(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// roundTripper makes a function a push endpoint that needs no network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is a response without a body.
func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: http.NoBody, Header: http.Header{}}
}

// within waits for a value.
func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came within 20 s")
		panic("unreachable")
	}
}
