package foreign

import (
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// Google's own stand-in, on a clock of the test's. It cannot push.
func TestSubscriptionContract(t *testing.T) {
	within := func(t *testing.T, test func(*testing.T)) { test(t) }
	contract.TestSubscription(t, within, func(t *testing.T) *contract.Subscription {
		const attempts = 5
		broker := pstest.NewServer()
		t.Cleanup(func() { broker.Close() })
		now := time.Now()
		broker.SetTimeNowFunc(func() time.Time { return now })
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		const landing, parked = "projects/local/topics/landing", "projects/local/topics/dead"
		const loader, dead = "projects/local/subscriptions/loader", "projects/local/subscriptions/dead"
		must(broker.GServer.CreateTopic(t.Context(), &pb.Topic{Name: landing}))
		must(broker.GServer.CreateTopic(t.Context(), &pb.Topic{Name: parked}))
		must(broker.GServer.CreateSubscription(t.Context(), &pb.Subscription{Name: dead, Topic: parked, AckDeadlineSeconds: 10}))
		must(broker.GServer.CreateSubscription(t.Context(), &pb.Subscription{
			Name: loader, Topic: landing, AckDeadlineSeconds: 10,
			DeadLetterPolicy: &pb.DeadLetterPolicy{DeadLetterTopic: parked, MaxDeliveryAttempts: attempts},
		}))
		c := cloudtest.Pulled(&broker.GServer, loader, dead)
		c.Publish = func(_ *testing.T, data string) { broker.Publish(landing, []byte(data), nil) }
		c.Advance = func(d time.Duration) { now = now.Add(d) }
		c.Pause, c.Attempts = time.Second, attempts
		return c
	})
}
