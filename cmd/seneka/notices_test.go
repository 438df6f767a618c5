package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// eventCopy returns another message of S3's about a file, in one of the three envelopes that it may
// come in. It is older than any that the local S3 sends.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
func eventCopy(t *testing.T, rng *rand.Rand, bucket string, f logFile, etag string) string {
	t.Helper()
	type object = map[string]any
	const at, sequencer = "2026-01-01T00:00:00.000Z", "000000000000000000"
	s3Event := object{"Records": []object{{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": at, "eventName": "ObjectCreated:Put",
		"s3": object{
			"s3SchemaVersion": "1.0", "configurationId": "copy", "bucket": object{"name": bucket},
			"object": object{"key": url.QueryEscape(f.key), "size": len(f.data), "eTag": etag, "sequencer": sequencer},
		},
	}}}
	switch rng.IntN(3) {
	case 0:
		return marshal(t, s3Event)
	case 1:
		return marshal(t, object{"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:000000000000:logs", "Message": marshal(t, s3Event), "Timestamp": at})
	default:
		return marshal(t, object{
			"version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3", "time": at,
			"detail": object{"version": "0", "bucket": object{"name": bucket}, "object": object{"key": f.key, "size": len(f.data), "etag": etag, "sequencer": sequencer}},
		})
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// send puts a message into the queue of S3's events.
func (p *pipeline) send(t *testing.T, body string) {
	t.Helper()
	if err := p.trySend(t.Context(), body); err != nil {
		t.Fatal(err)
	}
}

// trySend is send in a cloud that may be away.
func (p *pipeline) trySend(ctx context.Context, body string) error {
	_, err := p.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &p.ready.QueueURL, MessageBody: &body})
	return err
}

const landingTopic = "projects/local/topics/seneka-landing"

// notes are the notifications of the landing bucket, as a subscription of the test's own gets them.
// It publishes every other one again at once, so that two deliveries of it go on at a time.
type notes struct {
	mu   sync.Mutex
	seen map[string]bool   // by object and generation
	new  []*pubsub.Message // that fresh did not return yet
}

// collectNotes starts to collect the notifications.
func (p *pipeline) collectNotes(t *testing.T) *notes {
	t.Helper()
	const name = "projects/local/subscriptions/test"
	if _, err := p.pubsub.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: name, Topic: landingTopic}); err != nil {
		t.Fatal(err)
	}
	n := &notes{seen: map[string]bool{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for t.Context().Err() == nil {
			p.pull(t, name, n)
		}
	}()
	t.Cleanup(func() { <-ended })
	return n
}

// pull takes what waits in the subscription. By single requests: a streaming pull of the client library
// does not end while the service is away.
func (p *pipeline) pull(t *testing.T, subscription string, n *notes) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	api := p.pubsub.SubscriptionAdminClient
	pulled, err := api.Pull(ctx, &pubsubpb.PullRequest{Subscription: subscription, MaxMessages: 100})
	if err != nil || len(pulled.GetReceivedMessages()) == 0 {
		select { // nothing came, or the cloud is being started again
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
		}
		return
	}
	var acks []string
	for _, r := range pulled.GetReceivedMessages() {
		acks = append(acks, r.GetAckId())
		m := &pubsub.Message{Data: r.GetMessage().GetData(), Attributes: r.GetMessage().GetAttributes()}
		if nth := n.add(m); nth%2 == 1 {
			_ = p.tryPublish(ctx, m) // where the cloud goes away it is one copy less
		}
	}
	// One that is not acknowledged comes again, and is known by then.
	_ = api.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{Subscription: subscription, AckIds: acks})
}

// add keeps a notification and returns how many objects' there are with it; 0 for a copy.
func (n *notes) add(m *pubsub.Message) (nth int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := m.Attributes["objectId"] + "#" + m.Attributes["objectGeneration"]
	if n.seen[id] {
		return 0
	}
	n.seen[id] = true
	n.new = append(n.new, m)
	return len(n.seen)
}

// fresh returns the notifications that came since it was called last.
func (n *notes) fresh() []*pubsub.Message {
	n.mu.Lock()
	defer n.mu.Unlock()
	fresh := n.new
	n.new = nil
	return fresh
}

// await waits until the notifications of so many objects have come.
func (n *notes) await(t *testing.T, objects int) {
	t.Helper()
	await(t, "notifications of the landing bucket", func() (bool, string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		return len(n.seen) == objects, fmt.Sprintf("those of %d objects came, want %d", len(n.seen), objects)
	})
}

// publish publishes a notification again.
func (p *pipeline) publish(t *testing.T, m *pubsub.Message) {
	t.Helper()
	if err := p.tryPublish(t.Context(), m); err != nil && t.Context().Err() == nil {
		t.Error(err)
	}
}

// tryPublish is publish in a cloud that may be away.
func (p *pipeline) tryPublish(ctx context.Context, m *pubsub.Message) error {
	again := &pubsubpb.PubsubMessage{Data: m.Data, Attributes: m.Attributes}
	_, err := p.pubsub.TopicAdminClient.Publish(ctx, &pubsubpb.PublishRequest{Topic: landingTopic, Messages: []*pubsubpb.PubsubMessage{again}})
	return err
}

// checkParked fails the test if a notification was parked in the dead-letter topic.
func (p *pipeline) checkParked(t *testing.T) {
	t.Helper()
	parked, err := p.pubsub.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{
		Subscription: "projects/local/subscriptions/seneka-dead-letter", MaxMessages: 10, ReturnImmediately: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(parked.GetReceivedMessages()); n > 0 {
		t.Errorf("%d notifications were parked: %v", n, parked.GetReceivedMessages())
	}
}
