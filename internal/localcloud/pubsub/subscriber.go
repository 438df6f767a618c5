package pubsub

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"slices"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.etcd.io/bbolt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// subscriber is the service google.pubsub.v1.Subscriber.
type subscriber struct {
	pb.UnimplementedSubscriberServer
	s *Server
}

// CreateSubscription implements pb.SubscriberServer.
func (b subscriber) CreateSubscription(_ context.Context, cfg *pb.Subscription) (*pb.Subscription, error) {
	if err := checkName("subscriptions", cfg.Name); err != nil {
		return nil, err
	}
	cfg = proto.CloneOf(cfg)
	if err := complete(cfg); err != nil {
		return nil, err
	}
	cfg.State = pb.Subscription_ACTIVE
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs[cfg.Name] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Resource already exists in the project (resource=%s).", cfg.Name)
	}
	if err := s.checkTopics(cfg); err != nil {
		return nil, err
	}
	u := newSubscription(0, cfg)
	err := s.db.Update(func(t *bbolt.Tx) (err error) {
		if u.number, err = table(t, tableSubs).NextSequence(); err != nil {
			return err
		}
		return u.put(t, cfg)
	})
	if err != nil {
		return nil, err
	}
	s.subs[cfg.Name] = u
	s.setPump(u)
	return cfg, nil
}

// checkTopics reports a topic of cfg that is not there. The caller holds mu.
func (s *Server) checkTopics(cfg *pb.Subscription) error {
	if cfg.Topic != deletedTopic && s.topics[cfg.Topic] == nil {
		return notFound(cfg.Topic)
	}
	if p := cfg.DeadLetterPolicy; p != nil && s.topics[p.DeadLetterTopic] == nil {
		return notFound(p.DeadLetterTopic)
	}
	return nil
}

func (u *subscription) put(t *bbolt.Tx, cfg *pb.Subscription) error {
	return put(t, tableSubs, cfg.Name, binary.BigEndian.AppendUint64(nil, u.number), cfg)
}

// keepSubscription gives u another configuration. The caller holds Server.mu for writing.
func (s *Server) keepSubscription(u *subscription, cfg *pb.Subscription) error {
	if err := s.db.Update(func(t *bbolt.Tx) error { return u.put(t, cfg) }); err != nil {
		return err
	}
	u.topic = cfg.Topic
	u.mu.Lock()
	u.cfg = cfg
	u.wake()
	u.mu.Unlock()
	s.setPump(u)
	return nil
}

// update changes a subscription by f.
func (s *Server) update(name string, f func(*pb.Subscription) error) (*pb.Subscription, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.subs[name]
	if u == nil {
		return nil, notFound(name)
	}
	cfg := proto.CloneOf(u.config())
	if err := f(cfg); err != nil {
		return nil, err
	}
	if err := complete(cfg); err != nil {
		return nil, err
	}
	if err := s.checkTopics(cfg); err != nil {
		return nil, err
	}
	return cfg, s.keepSubscription(u, cfg)
}

// reconfigure gives the subscription the settings of want.
func (s *Server) reconfigure(want *pb.Subscription) error {
	_, err := s.update(want.Name, func(cfg *pb.Subscription) error {
		if cfg.Topic != want.Topic {
			return status.Errorf(codes.FailedPrecondition, "The subscription belongs to topic %s: delete it first.", cfg.Topic)
		}
		cfg.PushConfig, cfg.AckDeadlineSeconds = want.PushConfig, want.AckDeadlineSeconds
		cfg.RetryPolicy, cfg.DeadLetterPolicy, cfg.ExpirationPolicy = want.RetryPolicy, want.DeadLetterPolicy, want.ExpirationPolicy
		return nil
	})
	return err
}

// UpdateSubscription implements pb.SubscriberServer.
func (b subscriber) UpdateSubscription(_ context.Context, r *pb.UpdateSubscriptionRequest) (*pb.Subscription, error) {
	return b.s.update(r.GetSubscription().GetName(), func(cfg *pb.Subscription) error {
		return apply(cfg, r.Subscription, r.UpdateMask, "push_config", "ack_deadline_seconds", "retry_policy",
			"dead_letter_policy", "message_retention_duration", "labels", "expiration_policy")
	})
}

// ModifyPushConfig implements pb.SubscriberServer.
func (b subscriber) ModifyPushConfig(_ context.Context, r *pb.ModifyPushConfigRequest) (*emptypb.Empty, error) {
	_, err := b.s.update(r.Subscription, func(cfg *pb.Subscription) error {
		cfg.PushConfig = r.PushConfig
		return nil
	})
	return &emptypb.Empty{}, err
}

// find returns the subscription.
func (s *Server) find(name string) (*subscription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if u := s.subs[name]; u != nil {
		return u, nil
	}
	return nil, notFound(name)
}

// GetSubscription implements pb.SubscriberServer.
func (b subscriber) GetSubscription(_ context.Context, r *pb.GetSubscriptionRequest) (*pb.Subscription, error) {
	u, err := b.s.find(r.Subscription)
	if err != nil {
		return nil, err
	}
	return u.config(), nil
}

// ListSubscriptions implements pb.SubscriberServer.
func (b subscriber) ListSubscriptions(_ context.Context, r *pb.ListSubscriptionsRequest) (*pb.ListSubscriptionsResponse, error) {
	b.s.mu.RLock()
	defer b.s.mu.RUnlock()
	names, next := page(slices.Collect(maps.Keys(b.s.subs)), r.Project+"/", r.PageToken, r.PageSize)
	out := &pb.ListSubscriptionsResponse{NextPageToken: next}
	for _, n := range names {
		out.Subscriptions = append(out.Subscriptions, b.s.subs[n].config())
	}
	return out, nil
}

// DeleteSubscription implements pb.SubscriberServer: "all messages retained in the subscription are
// immediately dropped" (proto).
func (b subscriber) DeleteSubscription(_ context.Context, r *pb.DeleteSubscriptionRequest) (*emptypb.Empty, error) {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.subs[r.Subscription]
	if u == nil {
		return nil, notFound(r.Subscription)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	err := s.db.Update(func(t *bbolt.Tx) error {
		for seq := range u.items {
			if err := table(t, tableMessages).Delete(u.key(seq)); err != nil {
				return err
			}
		}
		return table(t, tableSubs).Delete([]byte(r.Subscription))
	})
	if err != nil {
		return nil, err
	}
	delete(s.subs, r.Subscription)
	if u.stopPump != nil {
		u.stopPump()
	}
	u.gone, u.items, u.waiting, u.leased = true, map[uint64]*item{}, nil, nil
	u.wake()
	return &emptypb.Empty{}, nil
}

// owns reports whether a key of the messages is u's.
func (u *subscription) owns(key []byte) bool {
	return key != nil && bytes.HasPrefix(key, binary.BigEndian.AppendUint64(nil, u.number))
}

func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[8:]) }
