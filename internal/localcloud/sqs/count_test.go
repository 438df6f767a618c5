package sqs

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestDepth(t *testing.T) {
	b := newTestQueue(t, nil)
	want := func(d Depth, when string) {
		t.Helper()
		if got, err := b.server.Depth("q"); err != nil || got != d {
			t.Errorf("%s: %+v and %v, want %+v", when, got, err, d)
		}
	}
	want(Depth{}, "at first")
	b.send("one")
	b.send("two")
	want(Depth{Waiting: 2}, "sent")
	messages := b.receive(b.url, 60)
	want(Depth{InFlight: 2}, "received")
	for range 2 { // the second time it is gone, which is no error
		if _, err := b.client.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: messages[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
	want(Depth{InFlight: 1, Deleted: 1}, "one deleted")
	b.clock.advance(time.Minute)
	want(Depth{Waiting: 1, Deleted: 1}, "the other's time is over")
	if _, err := b.server.Depth("no-such"); err == nil {
		t.Error("no error for a queue that is not there")
	}
}
