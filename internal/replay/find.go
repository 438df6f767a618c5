package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/seneka-io/seneka/internal/facts"
)

// Buckets tells how buckets of Cloud Storage are set up. Safe for concurrent use.
type Buckets interface {
	// Bucket returns a bucket; errkind.NotFound if there is none.
	Bucket(ctx context.Context, name string) (facts.Bucket, error)
}

// Topics tells how Pub/Sub is set up. Safe for concurrent use.
type Topics interface {
	// Topic returns a topic, and Subscription a subscription; errkind.NotFound if there is none.
	Topic(ctx context.Context, name string) (facts.Topic, error)
	Subscription(ctx context.Context, name string) (facts.Subscription, error)
}

// ErrNoDeadLetters means that nothing keeps what the loader could not do.
var ErrNoDeadLetters = errors.New("the landing bucket's subscriptions have no dead-letter topic")

// Parked is where the loader's dead letters wait, and where they go back to.
type Parked struct {
	Subscription string // of the dead-letter topic, that can be pulled from
	Topic        string // of the landing bucket's notifications
}

// FindParked follows the landing bucket's notifications to their topic, its subscriptions, and those of
// their dead-letter topics. A subscription that is named, projects/P/subscriptions/S, is taken as the
// one where they wait.
func FindParked(ctx context.Context, b Buckets, t Topics, landing, named string) (Parked, error) {
	bucket, err := b.Bucket(ctx, landing)
	if err != nil {
		return Parked{}, err
	}
	if named != "" && len(bucket.Notifications) > 0 {
		return Parked{named, bucket.Notifications[0].Topic}, nil
	}
	var unread string
	for _, n := range bucket.Notifications {
		topic, err := t.Topic(ctx, n.Topic)
		if err != nil {
			return Parked{}, err
		}
		for _, name := range topic.Subscriptions {
			s, err := t.Subscription(ctx, name)
			if err != nil {
				return Parked{}, err
			}
			if s.PushEndpoint == "" || s.DeadLetterTopic == "" { // another's
				continue
			}
			parked, err := pullable(ctx, t, s.DeadLetterTopic)
			if err != nil {
				return Parked{}, err
			}
			if parked != "" {
				return Parked{parked, n.Topic}, nil
			}
			unread = s.DeadLetterTopic
		}
	}
	if unread != "" {
		return Parked{}, fmt.Errorf("%s has no subscription that can be pulled from: what comes there is lost", unread)
	}
	return Parked{}, ErrNoDeadLetters
}

// pullable returns a subscription of the topic that can be pulled from; empty if there is none.
func pullable(ctx context.Context, t Topics, topic string) (string, error) {
	dead, err := t.Topic(ctx, topic)
	if err != nil {
		return "", err
	}
	for _, name := range dead.Subscriptions {
		s, err := t.Subscription(ctx, name)
		if err != nil {
			return "", err
		}
		if s.PushEndpoint == "" {
			return name, nil
		}
	}
	return "", nil
}
