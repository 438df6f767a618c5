package pubsub

import (
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

func seconds(n int64) *durationpb.Duration        { return &durationpb.Duration{Seconds: n} }
func mask(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
func endpoint(url string) *pb.PushConfig          { return &pb.PushConfig{PushEndpoint: url} }
func deadTo(topic string, n int32) *pb.DeadLetterPolicy {
	return &pb.DeadLetterPolicy{DeadLetterTopic: topic, MaxDeliveryAttempts: n}
}

// Each row is a rule of google/pubsub/v1/pubsub.proto.
func TestCreateSubscriptionRules(t *testing.T) {
	s := broker(t, Subscription{})
	ok := func(f func(*pb.Subscription)) *pb.Subscription {
		c := &pb.Subscription{Name: "projects/local/subscriptions/new", Topic: topicName}
		f(c)
		return c
	}
	tests := []struct {
		name string
		cfg  *pb.Subscription
		want codes.Code
	}{
		{"exists", ok(func(c *pb.Subscription) { c.Name = subName }), codes.AlreadyExists},
		{"no such topic", ok(func(c *pb.Subscription) { c.Topic = "projects/local/topics/none" }), codes.NotFound},
		{"short name", ok(func(c *pb.Subscription) { c.Name = "projects/local/subscriptions/ab" }), codes.InvalidArgument},
		{"starts with goog", ok(func(c *pb.Subscription) { c.Name = "projects/local/subscriptions/google" }), codes.InvalidArgument},
		{"starts with a digit", ok(func(c *pb.Subscription) { c.Name = "projects/local/subscriptions/1abc" }), codes.InvalidArgument},
		{"a topic's name", ok(func(c *pb.Subscription) { c.Name = "projects/local/topics/abc" }), codes.InvalidArgument},
		{"ack deadline 9", ok(func(c *pb.Subscription) { c.AckDeadlineSeconds = 9 }), codes.InvalidArgument},
		{"ack deadline 601", ok(func(c *pb.Subscription) { c.AckDeadlineSeconds = 601 }), codes.InvalidArgument},
		{"retention 9 min", ok(func(c *pb.Subscription) { c.MessageRetentionDuration = seconds(540) }), codes.InvalidArgument},
		{"retention 32 d", ok(func(c *pb.Subscription) { c.MessageRetentionDuration = seconds(32 * 86400) }), codes.InvalidArgument},
		{"attempts 4", ok(func(c *pb.Subscription) { c.DeadLetterPolicy = deadTo(deadName, 4) }), codes.InvalidArgument},
		{"attempts 101", ok(func(c *pb.Subscription) { c.DeadLetterPolicy = deadTo(deadName, 101) }), codes.InvalidArgument},
		{"expires within a day", ok(func(c *pb.Subscription) { c.ExpirationPolicy = &pb.ExpirationPolicy{Ttl: seconds(86399)} }), codes.InvalidArgument},
		{"no dead-letter topic", ok(func(c *pb.Subscription) { c.DeadLetterPolicy = deadTo("projects/local/topics/none", 5) }), codes.NotFound},
		{"backoff 601", ok(func(c *pb.Subscription) { c.RetryPolicy = &pb.RetryPolicy{MaximumBackoff: seconds(601)} }), codes.InvalidArgument},
		{"backoff upside down", ok(func(c *pb.Subscription) {
			c.RetryPolicy = &pb.RetryPolicy{MinimumBackoff: seconds(20), MaximumBackoff: seconds(10)}
		}), codes.InvalidArgument},
		{"endpoint without scheme", ok(func(c *pb.Subscription) { c.PushConfig = endpoint("localhost:80") }), codes.InvalidArgument},
		{"filter", ok(func(c *pb.Subscription) { c.Filter = "attributes:x" }), codes.Unimplemented},
		{"ordering", ok(func(c *pb.Subscription) { c.EnableMessageOrdering = true }), codes.Unimplemented},
		{"exactly once", ok(func(c *pb.Subscription) { c.EnableExactlyOnceDelivery = true }), codes.Unimplemented},
		{"retain acked", ok(func(c *pb.Subscription) { c.RetainAckedMessages = true }), codes.Unimplemented},
		{"BigQuery", ok(func(c *pb.Subscription) { c.BigqueryConfig = &pb.BigQueryConfig{} }), codes.Unimplemented},
		{"unwrapped", ok(func(c *pb.Subscription) {
			c.PushConfig = &pb.PushConfig{PushEndpoint: "http://h/", Wrapper: &pb.PushConfig_NoWrapper_{NoWrapper: &pb.PushConfig_NoWrapper{}}}
		}), codes.Unimplemented},
		{"good", ok(func(*pb.Subscription) {}), codes.OK},
	}
	for _, tt := range tests {
		if _, err := (subscriber{s: s}).CreateSubscription(t.Context(), tt.cfg); status.Code(err) != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// The defaults of the proto: ack deadline 10 s, retention 7 days, 5 attempts, back-off 10 to 600 s.
func TestSubscriptionDefaults(t *testing.T) {
	s := broker(t, Subscription{})
	c, err := subscriber{s: s}.CreateSubscription(t.Context(), &pb.Subscription{Name: "projects/local/subscriptions/new", Topic: topicName,
		RetryPolicy: &pb.RetryPolicy{}, DeadLetterPolicy: deadTo(deadName, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if c.AckDeadlineSeconds != 10 || c.MessageRetentionDuration.AsDuration() != 7*24*time.Hour || c.DeadLetterPolicy.MaxDeliveryAttempts != 5 ||
		c.RetryPolicy.MinimumBackoff.AsDuration() != 10*time.Second || c.RetryPolicy.MaximumBackoff.AsDuration() != 600*time.Second {
		t.Errorf("defaults: %v", c)
	}
}

// https://cloud.google.com/pubsub/quotas#resource_limits, and "must contain either a non-empty data
// field or at least one attribute" (proto).
func TestPublishRules(t *testing.T) {
	s := broker(t, Subscription{})
	attrs := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m["k"+strings.Repeat("x", i)] = "v"
		}
		return m
	}
	msg := func(data string, a map[string]string) []*pb.PubsubMessage {
		return []*pb.PubsubMessage{{Data: []byte(data), Attributes: a}}
	}
	tests := []struct {
		name  string
		topic string
		msgs  []*pb.PubsubMessage
		want  codes.Code
	}{
		{"empty", topicName, msg("", nil), codes.InvalidArgument},
		{"attribute only", topicName, msg("", attrs(1)), codes.OK},
		{"data only", topicName, msg("x", nil), codes.OK},
		{"no message", topicName, nil, codes.InvalidArgument},
		{"1001 messages", topicName, make([]*pb.PubsubMessage, 1001), codes.InvalidArgument},
		{"no such topic", "projects/local/topics/none", msg("x", nil), codes.NotFound},
		{"100 attributes", topicName, msg("x", attrs(100)), codes.OK},
		{"101 attributes", topicName, msg("x", attrs(101)), codes.InvalidArgument},
		{"empty key", topicName, msg("x", map[string]string{"": "v"}), codes.InvalidArgument},
		{"long key", topicName, msg("x", map[string]string{strings.Repeat("k", 257): "v"}), codes.InvalidArgument},
		{"value of 1024", topicName, msg("x", map[string]string{"k": strings.Repeat("v", 1024)}), codes.OK},
		{"long value", topicName, msg("x", map[string]string{"k": strings.Repeat("v", 1025)}), codes.InvalidArgument},
		{"too large", topicName, msg(strings.Repeat("x", MaxRequestSize), nil), codes.InvalidArgument},
	}
	for _, tt := range tests {
		_, err := publisher{s: s}.Publish(t.Context(), &pb.PublishRequest{Topic: tt.topic, Messages: tt.msgs})
		if status.Code(err) != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestTopics(t *testing.T) {
	s := broker(t, Subscription{})
	p := publisher{s: s}
	if _, err := p.CreateTopic(t.Context(), &pb.Topic{Name: topicName}); status.Code(err) != codes.AlreadyExists {
		t.Errorf("CreateTopic again: %v, want AlreadyExists", err)
	}
	if _, err := p.CreateTopic(t.Context(), &pb.Topic{Name: "projects/local/topics/new", KmsKeyName: "k"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("CreateTopic with a key: %v, want Unimplemented", err)
	}
	up, err := p.UpdateTopic(t.Context(), &pb.UpdateTopicRequest{Topic: &pb.Topic{Name: topicName, Labels: map[string]string{"a": "b"}}, UpdateMask: mask("labels")})
	if err != nil || up.Labels["a"] != "b" {
		t.Errorf("UpdateTopic: %v, %v", up, err)
	}
	first, err := p.ListTopics(t.Context(), &pb.ListTopicsRequest{Project: "projects/local", PageSize: 1})
	if err != nil || len(first.Topics) != 1 || first.NextPageToken == "" {
		t.Fatalf("first page: %v, %v", first, err)
	}
	rest, err := p.ListTopics(t.Context(), &pb.ListTopicsRequest{Project: "projects/local", PageSize: 1, PageToken: first.NextPageToken})
	if err != nil || len(rest.Topics) != 1 || rest.NextPageToken != "" || rest.Topics[0].Name == first.Topics[0].Name {
		t.Errorf("second page: %v, %v", rest, err)
	}
	subs, err := p.ListTopicSubscriptions(t.Context(), &pb.ListTopicSubscriptionsRequest{Topic: topicName})
	if err != nil || len(subs.Subscriptions) != 1 || subs.Subscriptions[0] != subName {
		t.Errorf("ListTopicSubscriptions: %v, %v", subs, err)
	}
}

// "Existing subscriptions to this topic are not deleted, but their topic field is set to
// _deleted_topic_" (proto); a new topic of the name is another topic.
func TestDeleteTopic(t *testing.T) {
	s := broker(t, Subscription{})
	publish(t, s, "x")
	if _, err := (publisher{s: s}).DeleteTopic(t.Context(), &pb.DeleteTopicRequest{Topic: topicName}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), topicName, []byte("y"), nil); status.Code(err) != codes.NotFound {
		t.Errorf("Publish to a deleted topic: %v, want NotFound", err)
	}
	c, err := subscriber{s: s}.GetSubscription(t.Context(), &pb.GetSubscriptionRequest{Subscription: subName})
	if err != nil || c.Topic != "_deleted_topic_" {
		t.Errorf("subscription of a deleted topic: %v, %v", c, err)
	}
	if err := s.CreateTopic(topicName); err != nil {
		t.Fatal(err)
	}
	publish(t, s, "z")
	if m := pullOne(t, s, subName); string(m.Message.Data) != "x" {
		t.Errorf("got %q, want what was published before the topic was deleted", m.Message.Data)
	}
}

func TestDeleteSubscription(t *testing.T) {
	s := broker(t, Subscription{})
	publish(t, s, "x")
	old := pullOne(t, s, subName)
	del := &pb.DeleteSubscriptionRequest{Subscription: subName}
	if _, err := (subscriber{s: s}).DeleteSubscription(t.Context(), del); err != nil {
		t.Fatal(err)
	}
	if _, err := (subscriber{s: s}).DeleteSubscription(t.Context(), del); status.Code(err) != codes.NotFound {
		t.Errorf("DeleteSubscription again: %v, want NotFound", err)
	}
	create(t, s, Subscription{})
	wantNone(t, s, subName)
	publish(t, s, "y")
	pullOne(t, s, subName)
	ack(t, s, subName, old.AckId)
	l, err := subscriber{s: s}.ListSubscriptions(t.Context(), &pb.ListSubscriptionsRequest{Project: "projects/local"})
	if err != nil || len(l.Subscriptions) != 2 {
		t.Errorf("ListSubscriptions: %v, %v", l, err)
	}
}

func TestUpdateSubscription(t *testing.T) {
	s := broker(t, Subscription{})
	update := func(c *pb.Subscription, paths ...string) (*pb.Subscription, error) {
		c.Name = subName
		return subscriber{s: s}.UpdateSubscription(t.Context(), &pb.UpdateSubscriptionRequest{Subscription: c, UpdateMask: mask(paths...)})
	}
	c, err := update(&pb.Subscription{AckDeadlineSeconds: 60, Topic: "ignored"}, "ack_deadline_seconds")
	if err != nil || c.AckDeadlineSeconds != 60 || c.Topic != topicName {
		t.Errorf("update of the deadline: %v, %v", c, err)
	}
	for _, paths := range [][]string{nil, {"topic"}, {"name"}, {"nonsense"}, {"filter"}} {
		if _, err := update(&pb.Subscription{}, paths...); status.Code(err) != codes.InvalidArgument {
			t.Errorf("update of %v: %v, want InvalidArgument", paths, err)
		}
	}
	if _, err := update(&pb.Subscription{AckDeadlineSeconds: 5}, "ack_deadline_seconds"); status.Code(err) != codes.InvalidArgument {
		t.Errorf("update to a bad deadline: %v, want InvalidArgument", err)
	}
}

func TestCreateSubscriptionIsIdempotent(t *testing.T) {
	s := broker(t, Subscription{})
	publish(t, s, "x")
	create(t, s, Subscription{AckDeadline: time.Minute, DeadLetterTopic: deadName})
	c, err := subscriber{s: s}.GetSubscription(t.Context(), &pb.GetSubscriptionRequest{Subscription: subName})
	if err != nil || c.AckDeadlineSeconds != 60 || c.DeadLetterPolicy.GetMaxDeliveryAttempts() != 5 {
		t.Errorf("after CreateSubscription again: %v, %v", c, err)
	}
	pullOne(t, s, subName)
	if err := s.CreateSubscription(Subscription{Name: subName, Topic: deadName}); err == nil {
		t.Error("a subscription changed its topic")
	}
}

func TestUnimplemented(t *testing.T) {
	s := broker(t, Subscription{})
	if _, err := (subscriber{s: s}).Seek(t.Context(), &pb.SeekRequest{Subscription: subName}); status.Code(err) != codes.Unimplemented {
		t.Errorf("Seek: %v, want Unimplemented", err)
	}
	if _, err := (subscriber{s: s}).CreateSnapshot(t.Context(), &pb.CreateSnapshotRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("CreateSnapshot: %v, want Unimplemented", err)
	}
}

// "If expiration_policy is not set, a default policy with ttl of 31 days will be used"; "if ttl is not set,
// the associated resource never expires" (proto).
func TestExpirationPolicy(t *testing.T) {
	s := broker(t, Subscription{})
	lasts := func() time.Duration {
		cfg, err := subscriber{s: s}.GetSubscription(t.Context(), &pb.GetSubscriptionRequest{Subscription: subName})
		if err != nil || cfg.ExpirationPolicy == nil {
			t.Fatalf("%v, %v", cfg, err)
		}
		return cfg.ExpirationPolicy.Ttl.AsDuration()
	}
	if got := lasts(); got != 31*24*time.Hour {
		t.Errorf("by default it lasts %v", got)
	}
	if err := s.CreateSubscription(Subscription{Name: subName, Topic: topicName, NeverExpires: true}); err != nil {
		t.Fatal(err)
	}
	if got := lasts(); got != 0 {
		t.Errorf("one that never expires lasts %v", got)
	}
}
