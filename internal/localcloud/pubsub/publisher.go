package pubsub

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.etcd.io/bbolt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// publisher is the service google.pubsub.v1.Publisher.
type publisher struct {
	pb.UnimplementedPublisherServer
	s *Server
}

// CreateTopic implements pb.PublisherServer.
func (p publisher) CreateTopic(_ context.Context, topic *pb.Topic) (*pb.Topic, error) {
	if err := checkName("topics", topic.Name); err != nil {
		return nil, err
	}
	for name, set := range map[string]bool{
		"kms_key_name": topic.KmsKeyName != "", "schema_settings": topic.SchemaSettings != nil,
		"ingestion_data_source_settings": topic.IngestionDataSourceSettings != nil,
		"message_transforms":             len(topic.MessageTransforms) > 0,
		"message_retention_duration":     topic.MessageRetentionDuration != nil,
	} {
		if set {
			return nil, status.Errorf(codes.Unimplemented, "%s of a topic is not supported by the local Pub/Sub.", name)
		}
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.s.topics[topic.Name] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Resource already exists in the project (resource=%s).", topic.Name)
	}
	topic.State = pb.Topic_ACTIVE
	return topic, p.keep(topic)
}

// keep stores topic. The caller holds mu for writing.
func (p publisher) keep(topic *pb.Topic) error {
	err := p.s.db.Update(func(t *bbolt.Tx) error { return put(t, tableTopics, topic.Name, nil, topic) })
	if err == nil {
		p.s.topics[topic.Name] = topic
	}
	return err
}

// UpdateTopic implements pb.PublisherServer for labels.
func (p publisher) UpdateTopic(_ context.Context, r *pb.UpdateTopicRequest) (*pb.Topic, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	old := p.s.topics[r.GetTopic().GetName()]
	if old == nil {
		return nil, notFound(r.GetTopic().GetName())
	}
	topic := proto.CloneOf(old)
	if err := apply(topic, r.Topic, r.UpdateMask, "labels"); err != nil {
		return nil, err
	}
	return topic, p.keep(topic)
}

// GetTopic implements pb.PublisherServer.
func (p publisher) GetTopic(_ context.Context, r *pb.GetTopicRequest) (*pb.Topic, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	if t := p.s.topics[r.Topic]; t != nil {
		return t, nil
	}
	return nil, notFound(r.Topic)
}

// ListTopics implements pb.PublisherServer.
func (p publisher) ListTopics(_ context.Context, r *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	names := slices.Collect(maps.Keys(p.s.topics))
	names, next := page(names, r.Project+"/", r.PageToken, r.PageSize)
	out := &pb.ListTopicsResponse{NextPageToken: next}
	for _, n := range names {
		out.Topics = append(out.Topics, p.s.topics[n])
	}
	return out, nil
}

// page returns the names of one page: in order, with prefix, from token on.
func page(names []string, prefix, token string, size int32) (out []string, next string) {
	slices.Sort(names)
	if size <= 0 {
		size = 100
	}
	for _, n := range names {
		if !strings.HasPrefix(n, prefix) || n < token {
			continue
		}
		if len(out) == int(size) {
			return out, n
		}
		out = append(out, n)
	}
	return out, ""
}

// ListTopicSubscriptions implements pb.PublisherServer.
func (p publisher) ListTopicSubscriptions(_ context.Context, r *pb.ListTopicSubscriptionsRequest) (*pb.ListTopicSubscriptionsResponse, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	if p.s.topics[r.Topic] == nil {
		return nil, notFound(r.Topic)
	}
	var names []string
	for n, u := range p.s.subs {
		if u.topic == r.Topic {
			names = append(names, n)
		}
	}
	names, next := page(names, "", r.PageToken, r.PageSize)
	return &pb.ListTopicSubscriptionsResponse{Subscriptions: names, NextPageToken: next}, nil
}

// DeleteTopic implements pb.PublisherServer: "existing subscriptions to this topic are not deleted,
// but their topic field is set to _deleted_topic_" (proto).
func (p publisher) DeleteTopic(_ context.Context, r *pb.DeleteTopicRequest) (*emptypb.Empty, error) {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topics[r.Topic] == nil {
		return nil, notFound(r.Topic)
	}
	for _, u := range s.subs {
		if u.topic != r.Topic {
			continue
		}
		cfg := proto.CloneOf(u.config())
		cfg.Topic = deletedTopic
		if err := s.keepSubscription(u, cfg); err != nil {
			return nil, err
		}
	}
	err := s.db.Update(func(t *bbolt.Tx) error { return table(t, tableTopics).Delete([]byte(r.Topic)) })
	if err != nil {
		return nil, err
	}
	delete(s.topics, r.Topic)
	return &emptypb.Empty{}, nil
}

// Publish implements pb.PublisherServer. The messages are stored, all or none, before it returns.
func (p publisher) Publish(_ context.Context, r *pb.PublishRequest) (*pb.PublishResponse, error) {
	if n := len(r.Messages); n == 0 || n > maxMessages {
		return nil, invalid("A publish request has between 1 and %d messages, this one has %d.", maxMessages, n)
	}
	if proto.Size(r) > MaxRequestSize {
		return nil, invalid("The request is larger than %d bytes.", MaxRequestSize)
	}
	for _, m := range r.Messages {
		if err := checkMessage(m); err != nil {
			return nil, err
		}
	}
	s := p.s
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.topics[r.Topic] == nil {
		return nil, notFound(r.Topic)
	}
	out := &pb.PublishResponse{}
	arrivals := batch{}
	err := s.db.Update(func(t *bbolt.Tx) error {
		for _, m := range r.Messages {
			m = &pb.PubsubMessage{Data: m.Data, Attributes: m.Attributes, OrderingKey: m.OrderingKey}
			if err := s.store(t, r.Topic, m, arrivals); err != nil {
				return err
			}
			out.MessageIds = append(out.MessageIds, m.MessageId)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	arrivals.deliver()
	return out, nil
}

// batch is what a transaction has stored for each subscription.
type batch map[*subscription][]*item

// deliver offers the messages to their subscribers, once the transaction has ended.
func (b batch) deliver() {
	for u, items := range b {
		u.mu.Lock()
		for _, it := range items {
			u.wait(it)
		}
		u.wake()
		u.mu.Unlock()
	}
}

// store gives m its id and time and stores it once for each subscription of topic. The caller
// holds mu, for reading at least.
func (s *Server) store(t *bbolt.Tx, topic string, m *pb.PubsubMessage, arrivals batch) error {
	seq, err := table(t, tableMessages).NextSequence()
	if err != nil {
		return err
	}
	now := time.Now()
	m.MessageId, m.PublishTime = strconv.FormatUint(seq, 10), timestamppb.New(now)
	r, err := newRecord(now, m)
	if err != nil {
		return err
	}
	for _, u := range s.subs {
		if u.topic != topic {
			continue
		}
		if err := table(t, tableMessages).Put(u.key(seq), r); err != nil {
			return err
		}
		arrivals[u] = append(arrivals[u], &item{seq: seq, size: len(r), at: now})
	}
	return nil
}
