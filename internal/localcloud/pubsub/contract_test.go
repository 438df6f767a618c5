package pubsub

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// settings are the loader's, but for a deadline and a back-off that are soon over.
var settings = Subscription{MinBackoff: 10 * time.Second, MaxBackoff: 10 * time.Second, DeadLetterTopic: deadName, MaxDeliveryAttempts: 5}

func TestContract(t *testing.T) {
	t.Run("pull", func(t *testing.T) {
		contract.TestSubscription(t, synctest.Test, func(t *testing.T) *contract.Subscription { return contractOf(broker(t, settings)) })
	})
	t.Run("push", func(t *testing.T) {
		contract.TestSubscription(t, synctest.Test, func(t *testing.T) *contract.Subscription {
			e := &pushes{}
			c := contractOf(pushBroker(t, settings, e.roundTrip))
			c.Take = func(*testing.T) []contract.Delivery { synctest.Wait(); return e.take() }
			return c
		})
	})
}

func contractOf(s *Server) *contract.Subscription {
	c := cloudtest.Pulled(subscriber{s: s}, subName, deadSub)
	c.Publish = func(t *testing.T, data string) { publish(t, s, data) }
	c.Advance = func(d time.Duration) { time.Sleep(d); synctest.Wait() }
	c.Pause, c.Attempts = settings.MaxBackoff+time.Second, settings.MaxDeliveryAttempts
	return c
}

// pushes is an endpoint whose requests wait until the test answers them, or their time is over.
type pushes struct {
	mu  sync.Mutex
	due []contract.Delivery
}

func (p *pushes) roundTrip(r *http.Request) (*http.Response, error) {
	var body struct {
		Message struct {
			Data      []byte
			MessageID string `json:"messageId"`
		}
		DeliveryAttempt int
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	status := make(chan int, 3) // of which the first counts
	say := func(code int) func() error {
		return func() error { status <- code; synctest.Wait(); return nil }
	}
	p.mu.Lock()
	p.due = append(p.due, contract.Delivery{
		Data: string(body.Message.Data), ID: body.Message.MessageID, Attempt: body.DeliveryAttempt,
		Ack: say(http.StatusNoContent), Nack: say(http.StatusInternalServerError),
	})
	p.mu.Unlock()
	select {
	case code := <-status:
		return answer(code), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (p *pushes) take() []contract.Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.due
	p.due = nil
	return due
}
