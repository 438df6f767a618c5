package replay

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/facts"
)

// setup is how a deployment is set up: what subscriptions a topic has, and each subscription.
type setup struct {
	bucket facts.Bucket
	topics map[string][]string
	subs   map[string]facts.Subscription
}

func (s setup) Bucket(context.Context, string) (facts.Bucket, error) { return s.bucket, nil }

func (s setup) Topic(_ context.Context, name string) (facts.Topic, error) {
	subs, ok := s.topics[name]
	if !ok {
		return facts.Topic{}, notFound
	}
	return facts.Topic{Name: name, Subscriptions: subs}, nil
}

func (s setup) Subscription(_ context.Context, name string) (facts.Subscription, error) {
	sub := s.subs[name]
	sub.Name = name
	return sub, nil
}

func TestFindParked(t *testing.T) {
	bucket := facts.Bucket{Notifications: []facts.LandingNotification{{Topic: "landed"}}}
	push := facts.Subscription{PushEndpoint: "https://loader", DeadLetterTopic: "dead"}
	for _, tt := range []struct {
		name  string
		s     setup
		named string
		want  Parked
		fails string
	}{
		{"all there", setup{bucket, map[string][]string{"landed": {"other", "loader"}, "dead": {"alerts", "parked"}}, map[string]facts.Subscription{"loader": push, "alerts": {PushEndpoint: "https://alerts"}}}, "", Parked{"parked", "landed"}, ""},
		{"named", setup{bucket: bucket}, "mine", Parked{"mine", "landed"}, ""},
		{"no dead-letter topic", setup{bucket, map[string][]string{"landed": {"loader"}}, map[string]facts.Subscription{"loader": {PushEndpoint: "https://loader"}}}, "", Parked{}, ErrNoDeadLetters.Error()},
		{"no notifications", setup{}, "mine", Parked{}, ErrNoDeadLetters.Error()},
		{"nobody keeps them", setup{bucket, map[string][]string{"landed": {"loader"}, "dead": nil}, map[string]facts.Subscription{"loader": push}}, "", Parked{}, "what comes there is lost"},
		{"the topic is gone", setup{bucket: bucket}, "", Parked{}, "no such object"},
		{"the dead-letter topic is gone", setup{bucket, map[string][]string{"landed": {"loader"}}, map[string]facts.Subscription{"loader": push}}, "", Parked{}, "no such object"},
	} {
		got, err := FindParked(t.Context(), tt.s, tt.s, "landing", tt.named)
		if got != tt.want || (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%s: %+v, %v; want %+v, %q", tt.name, got, err, tt.want, tt.fails)
		}
	}
	if _, err := FindParked(t.Context(), setup{}, setup{}, "landing", ""); !errors.Is(err, ErrNoDeadLetters) {
		t.Errorf("no notifications: %v", err)
	}
}
