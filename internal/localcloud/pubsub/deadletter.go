package pubsub

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.etcd.io/bbolt"
)

// buryRetry is when a message whose dead-letter topic is gone is delivered again.
const buryRetry = 10 * time.Second

// bury forwards messages to the dead-letter topic of u: each leaves u and arrives there in one
// transaction, so it is forwarded once. They are in no queue; the caller holds no lock.
// https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
func (s *Server) bury(u *subscription, dead []*item) {
	if len(dead) == 0 {
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	cfg := u.config()
	topic := cfg.GetDeadLetterPolicy().GetDeadLetterTopic()
	if s.topics[topic] == nil {
		s.opts.Log.Error("pubsub: the dead-letter topic is gone, messages stay", "topic", topic, "subscription", cfg.Name, "messages", len(dead))
		u.restore(dead)
		return
	}
	arrivals := batch{}
	err := s.db.Update(func(t *bbolt.Tx) error {
		for _, it := range dead {
			r := record(table(t, tableMessages).Get(u.key(it.seq)))
			if r == nil {
				continue // acknowledged meanwhile
			}
			m, err := r.message()
			if err != nil {
				return err
			}
			if err := s.store(t, topic, deadLetter(m, cfg.Name, it.failures), arrivals); err != nil {
				return err
			}
			if err := table(t, tableMessages).Delete(u.key(it.seq)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.opts.Log.Error("pubsub: cannot forward to the dead-letter topic, messages stay", "topic", topic, "err", err)
		u.restore(dead)
		return
	}
	u.mu.Lock()
	for _, it := range dead {
		delete(u.items, it.seq)
	}
	u.mu.Unlock()
	arrivals.deliver()
}

// restore puts items that could not be forwarded back among the waiting.
func (u *subscription) restore(items []*item) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, it := range items {
		if u.items[it.seq] == it {
			it.at = time.Now().Add(buryRetry)
			u.wait(it)
		}
	}
	u.wake()
}

// deadLetter returns m as it is forwarded, under a new id.
func deadLetter(m *pb.PubsubMessage, subscription string, deliveries int) *pb.PubsubMessage {
	parts := strings.Split(subscription, "/")
	attrs := maps.Clone(m.Attributes)
	if attrs == nil {
		attrs = map[string]string{}
	}
	attrs["CloudPubSubDeadLetterSourceDeliveryCount"] = strconv.Itoa(deliveries)
	attrs["CloudPubSubDeadLetterSourceSubscription"] = parts[3]
	attrs["CloudPubSubDeadLetterSourceSubscriptionProject"] = parts[1]
	attrs["CloudPubSubDeadLetterSourceTopicPublishTime"] = m.PublishTime.AsTime().Format("2006-01-02T15:04:05.000+00:00")
	return &pb.PubsubMessage{Data: m.Data, Attributes: attrs, OrderingKey: m.OrderingKey}
}

// keepTime ends leases whose subscriber never asks again, and drops messages past their
// retention.
func (s *Server) keepTime() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-tick.C:
			s.mu.RLock()
			subs := slices.Collect(maps.Values(s.subs))
			s.mu.RUnlock()
			for _, u := range subs {
				s.keepTimeOf(u, now)
			}
		}
	}
}

func (s *Server) keepTimeOf(u *subscription, now time.Time) {
	dead, err := s.expire(u, now)
	s.bury(u, dead)
	if err == nil {
		err = s.dropOld(u, now)
	}
	if err != nil {
		s.opts.Log.Error("pubsub: cannot end leases", "subscription", u.config().Name, "err", err)
	}
}

// dropOld forgets the messages older than the subscription's retention, which nobody has
// acknowledged: "message_retention_duration … from the moment a message is published" (proto).
func (s *Server) dropOld(u *subscription, now time.Time) error {
	limit := now.Add(-u.config().MessageRetentionDuration.AsDuration())
	var old []uint64
	err := s.db.View(func(t *bbolt.Tx) error {
		c := table(t, tableMessages).Cursor()
		for k, v := c.Seek(u.key(0)); u.owns(k) && record(v).published().Before(limit); k, v = c.Next() {
			old = append(old, seqOf(k))
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	return s.acknowledge(u, old)
}
