package pubsub

import "testing"

func TestDepth(t *testing.T) {
	s := broker(t, Subscription{})
	want := func(d Depth, when string) {
		t.Helper()
		if got, err := s.Depth(subName); err != nil || got != d {
			t.Errorf("%s: %+v and %v, want %+v", when, got, err, d)
		}
	}
	want(Depth{}, "at first")
	publish(t, s, "one")
	publish(t, s, "two")
	want(Depth{Waiting: 2}, "published")
	messages := pull(t, s, subName)
	want(Depth{InFlight: 2}, "pulled")
	ack(t, s, subName, messages[0].AckId)
	ack(t, s, subName, messages[0].AckId)
	want(Depth{InFlight: 1, Acknowledged: 1}, "one acknowledged, twice")
	if _, err := s.Depth("projects/local/subscriptions/no-such"); err == nil {
		t.Error("no error for a subscription that is not there")
	}
}
