// Package pubsubqueue is the adapter to Google Cloud Pub/Sub: how topics and subscriptions are set up,
// and the dead letters of a subscription.
package pubsubqueue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
)

// Client talks to Pub/Sub. It is made once per process, safe for concurrent use, and closed.
type Client struct {
	topics *pubsub.TopicAdminClient
	subs   *pubsub.SubscriptionAdminClient

	pullWait time.Duration // for a first message
}

// New connects to Pub/Sub, or to the stand-in that PUBSUB_EMULATOR_HOST names.
func New(ctx context.Context, opts ...option.ClientOption) (*Client, error) {
	topics, err := pubsub.NewTopicAdminClient(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	subs, err := pubsub.NewSubscriptionAdminClient(ctx, opts...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to Pub/Sub: %w", err), topics.Close())
	}
	wait := 3 * time.Second
	if os.Getenv("PUBSUB_EMULATOR_HOST") != "" {
		wait = 200 * time.Millisecond // a stand-in has no servers that know of different messages
	}
	return &Client{topics, subs, wait}, nil
}

// Close releases the client's connections.
func (c *Client) Close() error { return errors.Join(c.topics.Close(), c.subs.Close()) }

// Topic returns a topic, projects/P/topics/T; errkind.NotFound if there is none.
func (c *Client) Topic(ctx context.Context, name string) (facts.Topic, error) {
	t := facts.Topic{Name: name}
	subs := c.topics.ListTopicSubscriptions(ctx, &pb.ListTopicSubscriptionsRequest{Topic: name})
	for {
		sub, err := subs.Next()
		if errors.Is(err, iterator.Done) {
			return t, nil
		}
		if err != nil {
			return t, classify(fmt.Errorf("subscriptions of %s: %w", name, err))
		}
		t.Subscriptions = append(t.Subscriptions, sub)
	}
}

// Subscription returns a subscription, projects/P/subscriptions/S; errkind.NotFound if there is none.
func (c *Client) Subscription(ctx context.Context, name string) (facts.Subscription, error) {
	s, err := c.subs.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: name})
	if err != nil {
		return facts.Subscription{}, classify(fmt.Errorf("subscription %s: %w", name, err))
	}
	push, retry, dead := s.GetPushConfig(), s.GetRetryPolicy(), s.GetDeadLetterPolicy()
	return facts.Subscription{
		Name: s.GetName(), Topic: s.GetTopic(), PushEndpoint: push.GetPushEndpoint(), Unwrapped: push.GetNoWrapper() != nil,
		Audience: push.GetOidcToken().GetAudience(), ServiceAccount: push.GetOidcToken().GetServiceAccountEmail(),
		Filter: s.GetFilter(), Ordered: s.GetEnableMessageOrdering(), Exact: s.GetEnableExactlyOnceDelivery(),
		AckDeadline: time.Duration(s.GetAckDeadlineSeconds()) * time.Second, Retention: s.GetMessageRetentionDuration().AsDuration(),
		Expires: s.GetExpirationPolicy().GetTtl().AsDuration(),
		Retry:   retry != nil, MinPause: retry.GetMinimumBackoff().AsDuration(), MaxPause: retry.GetMaximumBackoff().AsDuration(),
		DeadLetterTopic: dead.GetDeadLetterTopic(), DeliveryAttempts: int(dead.GetMaxDeliveryAttempts()),
	}, nil
}

// DeadLetters are the dead letters that wait in a subscription of a dead-letter topic. Safe for
// concurrent use.
type DeadLetters struct {
	client *Client
	sub    string // that they wait in
	topic  string // that they go back to
}

// DeadLetters returns those that wait in sub and go back to topic.
func (c *Client) DeadLetters(sub, topic string) *DeadLetters { return &DeadLetters{c, sub, topic} }

// What Pub/Sub adds to a message that it forwards to a dead-letter topic.
// https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
const (
	deadPrefix    = "CloudPubSubDeadLetterSource"
	deadDelivered = deadPrefix + "DeliveryCount"
	deadPublished = deadPrefix + "TopicPublishTime"
)

// maxHold is the longest that Pub/Sub keeps a message back.
const maxHold = 600 * time.Second

// Take implements deadletter.Box. An empty pull is no word that there are no messages, so it asks twice.
func (d *DeadLetters) Take(ctx context.Context, most int, hold time.Duration) ([]deadletter.Letter, error) {
	var got []*pb.ReceivedMessage
	for range 2 {
		var err error
		if got, err = d.pull(ctx, most); err != nil {
			return nil, err
		}
		if len(got) > 0 {
			break
		}
	}
	letters := make([]deadletter.Letter, len(got))
	var ids []string
	for i, m := range got {
		ids = append(ids, m.AckId)
		letters[i] = letterOf(m)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return letters, d.modify(ctx, ids, min(hold, maxHold))
}

func (d *DeadLetters) pull(ctx context.Context, most int) ([]*pb.ReceivedMessage, error) {
	wait, cancel := context.WithTimeout(ctx, d.client.pullWait)
	defer cancel()
	out, err := d.client.subs.Pull(wait, &pb.PullRequest{Subscription: d.sub, MaxMessages: int32(min(most, 1000))})
	switch {
	case err == nil:
		return out.ReceivedMessages, nil
	case status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil:
		return nil, nil // the wait is over
	default:
		return nil, classify(fmt.Errorf("pull from %s: %w", d.sub, err))
	}
}

func letterOf(m *pb.ReceivedMessage) deadletter.Letter {
	l := deadletter.Letter{ID: m.Message.GetMessageId(), Receipt: m.AckId, Body: m.Message.GetData(), Attributes: maps.Clone(m.Message.GetAttributes()), Sent: m.Message.GetPublishTime().AsTime()}
	l.Tries, _ = strconv.Atoi(l.Attributes[deadDelivered]) // 0 where Pub/Sub does not say
	if t, err := time.Parse(time.RFC3339Nano, l.Attributes[deadPublished]); err == nil {
		l.Sent = t
	}
	maps.DeleteFunc(l.Attributes, func(name, _ string) bool { return strings.HasPrefix(name, deadPrefix) })
	return l
}

// Resend implements deadletter.Box: it publishes the message as it was, under a new ID.
func (d *DeadLetters) Resend(ctx context.Context, l deadletter.Letter) error {
	_, err := d.client.topics.Publish(ctx, &pb.PublishRequest{Topic: d.topic, Messages: []*pb.PubsubMessage{{Data: l.Body, Attributes: l.Attributes}}})
	if err != nil {
		return classify(fmt.Errorf("publish to %s: %w", d.topic, err))
	}
	return nil
}

// Remove implements deadletter.Box.
func (d *DeadLetters) Remove(ctx context.Context, l deadletter.Letter) error {
	err := d.client.subs.Acknowledge(ctx, &pb.AcknowledgeRequest{Subscription: d.sub, AckIds: []string{l.Receipt}})
	if err != nil {
		return classify(fmt.Errorf("acknowledge in %s: %w", d.sub, err))
	}
	return nil
}

// Release implements deadletter.Box.
func (d *DeadLetters) Release(ctx context.Context, l deadletter.Letter) error {
	return d.modify(ctx, []string{l.Receipt}, 0)
}

func (d *DeadLetters) modify(ctx context.Context, ids []string, hold time.Duration) error {
	err := d.client.subs.ModifyAckDeadline(ctx, &pb.ModifyAckDeadlineRequest{Subscription: d.sub, AckIds: ids, AckDeadlineSeconds: int32(hold / time.Second)})
	if err != nil {
		return classify(fmt.Errorf("hold messages of %s: %w", d.sub, err))
	}
	return nil
}

// classify gives an error of the API its kind.
func classify(err error) error {
	switch status.Code(err) {
	case codes.NotFound:
		return errkind.With(errkind.NotFound, err)
	case codes.InvalidArgument, codes.FailedPrecondition, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented:
		return errkind.With(errkind.Permanent, err)
	default:
		return errkind.With(errkind.Transient, err)
	}
}
