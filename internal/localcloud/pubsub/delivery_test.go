package pubsub

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// "If the subscriber does not acknowledge the message before the ack deadline, the message is sent
// again": https://cloud.google.com/pubsub/docs/lease-management
func TestAckDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{AckDeadline: 20 * time.Second})
		id := publish(t, s, "x")
		first := pullOne(t, s, subName)
		time.Sleep(20*time.Second - time.Nanosecond)
		wantNone(t, s, subName)
		time.Sleep(time.Nanosecond)
		second := pullOne(t, s, subName)
		if second.Message.MessageId != id || second.AckId == first.AckId {
			t.Errorf("redelivered as message %s under %s, want %s under an id other than %s", second.Message.MessageId, second.AckId, id, first.AckId)
		}
		ack(t, s, subName, second.AckId)
		time.Sleep(time.Hour)
		wantNone(t, s, subName)
	})
}

// ModifyAckDeadline counts from the call; 0 is a nack.
// https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#modifyackdeadlinerequest
func TestModifyAckDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{})
		publish(t, s, "x")
		m := pullOne(t, s, subName)
		time.Sleep(9 * time.Second)
		modify(t, s, 60, m.AckId)
		time.Sleep(60*time.Second - time.Nanosecond)
		wantNone(t, s, subName)
		time.Sleep(time.Nanosecond)
		again := pullOne(t, s, subName)

		modify(t, s, 0, m.AckId) // the lease that it names is over
		modify(t, s, 600, m.AckId)
		wantNone(t, s, subName)
		modify(t, s, 0, again.AckId)
		pullOne(t, s, subName) // at once: there is no retry policy
	})
}

// "Acknowledging a message whose ack deadline has expired may succeed" and "acknowledging a message
// more than once will not result in an error" (proto).
func TestLateAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{})
		publish(t, s, "x")
		m := pullOne(t, s, subName)
		time.Sleep(time.Minute)
		ack(t, s, subName, m.AckId)
		ack(t, s, subName, m.AckId, m.AckId)
		wantNone(t, s, subName)
	})
}

// "Retry delay will be exponential based on provided minimum and maximum backoffs", after nacks and
// after missed deadlines (proto, RetryPolicy).
func TestRetryPolicy(t *testing.T) {
	for _, how := range []string{"nack", "deadline"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := broker(t, Subscription{MinBackoff: 10 * time.Second, MaxBackoff: time.Minute})
				publish(t, s, "x")
				for _, wait := range []int{10, 20, 40, 60, 60} {
					m := pullOne(t, s, subName)
					if how == "nack" {
						modify(t, s, 0, m.AckId)
					} else {
						time.Sleep(10 * time.Second) // the ack deadline
						wantNone(t, s, subName)      // sees it
					}
					time.Sleep(time.Duration(wait)*time.Second - time.Nanosecond)
					wantNone(t, s, subName)
					time.Sleep(time.Nanosecond)
				}
				pullOne(t, s, subName)
			})
		})
	}
}

// "The number of delivery attempts is 1 + (the sum of number of NACKs and number of times the ack
// deadline has been exceeded for the message)"; "if a DeadLetterPolicy is not set on the
// subscription, this will be 0" (proto). Each subscription has its own count.
func TestDeliveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{DeadLetterTopic: deadName})
		other := Subscription{Name: "projects/local/subscriptions/other", Topic: topicName, DeadLetterTopic: deadName}
		plain := Subscription{Name: "projects/local/subscriptions/plain", Topic: topicName}
		for _, sub := range []Subscription{other, plain} {
			if err := s.CreateSubscription(sub); err != nil {
				t.Fatal(err)
			}
		}
		publish(t, s, "x")
		for want := range int32(3) {
			m := pullOne(t, s, subName)
			if m.DeliveryAttempt != want+1 {
				t.Errorf("delivery attempt %d, want %d", m.DeliveryAttempt, want+1)
			}
			modify(t, s, 0, m.AckId)
		}
		if m := pullOne(t, s, other.Name); m.DeliveryAttempt != 1 {
			t.Errorf("first delivery of the other subscription is attempt %d", m.DeliveryAttempt)
		}
		if m := pullOne(t, s, plain.Name); m.DeliveryAttempt != 0 {
			t.Errorf("without a dead-letter policy the attempt is %d, want 0", m.DeliveryAttempt)
		}
	})
}

// https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
func TestDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{DeadLetterTopic: deadName, MaxDeliveryAttempts: 6})
		id := publish(t, s, "poison", "k", "v")
		published := time.Now().UTC()
		for i := range 6 {
			m := pullOne(t, s, subName)
			if m.DeliveryAttempt != int32(i+1) {
				t.Errorf("delivery attempt %d, want %d", m.DeliveryAttempt, i+1)
			}
			if i%2 == 0 {
				modify(t, s, 0, m.AckId)
			} else {
				time.Sleep(10 * time.Second)
				synctest.Wait()
			}
		}
		wantNone(t, s, subName)
		m := pullOne(t, s, deadSub)
		want := map[string]string{
			"k": "v",
			"CloudPubSubDeadLetterSourceDeliveryCount":       "6",
			"CloudPubSubDeadLetterSourceSubscription":        "loader",
			"CloudPubSubDeadLetterSourceSubscriptionProject": "local",
			"CloudPubSubDeadLetterSourceTopicPublishTime":    published.Format("2006-01-02T15:04:05.000+00:00"),
		}
		if got := fmt.Sprint(m.Message.Attributes); got != fmt.Sprint(want) {
			t.Errorf("attributes of the dead letter\n got %s\nwant %v", got, want)
		}
		if string(m.Message.Data) != "poison" || m.Message.MessageId == id {
			t.Errorf("dead letter %q as message %s, want the data under a new id", m.Message.Data, m.Message.MessageId)
		}
		ack(t, s, deadSub, m.AckId)
		time.Sleep(time.Hour)
		wantNone(t, s, deadSub)
		wantNone(t, s, subName)
	})
}

// A lease that nobody comes back to ends in the dead-letter topic all the same.
func TestDeadLetterWithoutSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{DeadLetterTopic: deadName})
		publish(t, s, "x")
		for range 4 {
			modify(t, s, 0, pullOne(t, s, subName).AckId)
		}
		pullOne(t, s, subName)
		time.Sleep(12 * time.Second)
		pullOne(t, s, deadSub)
	})
}

// A message that cannot be forwarded stays, and is delivered again.
func TestDeadLetterTopicGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{DeadLetterTopic: deadName})
		publish(t, s, "x")
		if _, err := (publisher{s: s}).DeleteTopic(t.Context(), &pb.DeleteTopicRequest{Topic: deadName}); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			modify(t, s, 0, pullOne(t, s, subName).AckId)
		}
		wantNone(t, s, subName)
		time.Sleep(buryRetry)
		m := pullOne(t, s, subName)
		if err := s.CreateTopic(deadName); err != nil {
			t.Fatal(err)
		}
		modify(t, s, 0, m.AckId)
		wantNone(t, s, subName)
	})
}

// "message_retention_duration: how long to retain unacknowledged messages" (proto).
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{})
		set := &pb.UpdateSubscriptionRequest{Subscription: &pb.Subscription{Name: subName, MessageRetentionDuration: seconds(600)}, UpdateMask: mask("message_retention_duration")}
		if _, err := (subscriber{s: s}).UpdateSubscription(t.Context(), set); err != nil {
			t.Fatal(err)
		}
		publish(t, s, "old")
		time.Sleep(9 * time.Minute)
		publish(t, s, "new")
		time.Sleep(2 * time.Minute)
		if m := pullOne(t, s, subName); string(m.Message.Data) != "new" {
			t.Errorf("message %q was kept", m.Message.Data)
		}
	})
}

// "The Pub/Sub service may return fewer … waits (for a bounded amount of time) until at least one
// message is available" (proto, PullRequest).
func TestPullWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := broker(t, Subscription{})
		start := time.Now()
		out, err := subscriber{s: s}.Pull(t.Context(), &pb.PullRequest{Subscription: subName, MaxMessages: 1})
		if err != nil || len(out.ReceivedMessages) != 0 || time.Since(start) != pullWait {
			t.Errorf("empty pull: %v, %v after %v; want nothing after %v", out, err, time.Since(start), pullWait)
		}
		start = time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			publish(t, s, "x")
			publish(t, s, "y")
		}()
		out, err = subscriber{s: s}.Pull(t.Context(), &pb.PullRequest{Subscription: subName, MaxMessages: 1})
		if err != nil || len(out.ReceivedMessages) != 1 || time.Since(start) != 3*time.Second {
			t.Errorf("pull: %v, %v after %v; want one message after 3 s", out, err, time.Since(start))
		}
	})
}

func TestNoMessageFromBeforeTheSubscription(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	if err := s.CreateTopic(topicName); err != nil {
		t.Fatal(err)
	}
	publish(t, s, "before")
	create(t, s, Subscription{})
	publish(t, s, "after")
	if m := pullOne(t, s, subName); string(m.Message.Data) != "after" {
		t.Errorf("got %q", m.Message.Data)
	}
}

func TestInvalidAckID(t *testing.T) {
	s := broker(t, Subscription{})
	for _, ids := range [][]string{nil, {"garbage"}, {""}} {
		_, err := subscriber{s: s}.Acknowledge(t.Context(), &pb.AcknowledgeRequest{Subscription: subName, AckIds: ids})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("Acknowledge(%q) = %v, want InvalidArgument", ids, err)
		}
	}
	publish(t, s, "x")
	m := pullOne(t, s, subName)
	ack(t, s, deadSub, m.AckId) // another subscription's: no error, no effect
	modify(t, s, 0, m.AckId)
	pullOne(t, s, subName)
}

// A response stays below what clients take in one gRPC message.
func TestPullBatchIsBounded(t *testing.T) {
	s := broker(t, Subscription{})
	for range 8 {
		publish(t, s, strings.Repeat("x", 600<<10))
	}
	if n := len(pull(t, s, subName)); n != 2 {
		t.Errorf("a pull of 600 KiB messages returned %d of them, want 2", n)
	}
}
