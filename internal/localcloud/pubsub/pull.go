package pubsub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// pullWait is how long a pull waits for a first message: "a bounded amount of time" (proto).
const pullWait = 10 * time.Second

// maxPull is the most messages of one response.
const maxPull = 1000

// ackID names one delivery: of which message, and under which lease.
type ackID struct {
	number, seq, lease uint64
	boot               uint32
}

func (s *Server) ackID(u *subscription, it *item) string {
	return fmt.Sprintf("%x-%x-%x-%x", u.number, it.seq, it.lease, s.boot)
}

// parseAckIDs reads the ids that belong to u; those of another subscription are ignored, as are
// those of messages long gone.
func parseAckIDs(u *subscription, ids []string) ([]ackID, error) {
	if len(ids) == 0 {
		return nil, invalid("No ack ids specified.")
	}
	var out []ackID
	for _, id := range ids {
		var a ackID
		if _, err := fmt.Sscanf(id, "%x-%x-%x-%x", &a.number, &a.seq, &a.lease, &a.boot); err != nil {
			return nil, invalid("You have passed an invalid ACK ID to the service (ack_id=%s).", id)
		}
		if a.number == u.number {
			out = append(out, a)
		}
	}
	return out, nil
}

// Acknowledge implements pb.SubscriberServer. "Acknowledging a message whose ack deadline has
// expired may succeed" (proto): here it always does.
func (b subscriber) Acknowledge(_ context.Context, r *pb.AcknowledgeRequest) (*emptypb.Empty, error) {
	u, err := b.s.find(r.Subscription)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, b.s.ack(u, r.AckIds)
}

func (s *Server) ack(u *subscription, ackIDs []string) error {
	ids, err := parseAckIDs(u, ackIDs)
	if err != nil {
		return err
	}
	seqs := make([]uint64, 0, len(ids))
	for _, id := range ids {
		seqs = append(seqs, id.seq)
	}
	return s.acknowledge(u, seqs)
}

// ModifyAckDeadline implements pb.SubscriberServer; 0 seconds is a nack.
func (b subscriber) ModifyAckDeadline(_ context.Context, r *pb.ModifyAckDeadlineRequest) (*emptypb.Empty, error) {
	u, err := b.s.find(r.Subscription)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, b.s.modify(u, r.AckIds, r.AckDeadlineSeconds)
}

func (s *Server) modify(u *subscription, ackIDs []string, seconds int32) error {
	if seconds < 0 || seconds > 600 {
		return invalid("Invalid ack deadline given: %d; it must be between 0 and 600 seconds.", seconds)
	}
	ids, err := parseAckIDs(u, ackIDs)
	switch {
	case err != nil:
		return err
	case seconds == 0:
		return s.refuse(u, ids)
	default:
		s.extend(u, ids, time.Duration(seconds)*time.Second)
		return nil
	}
}

// pullable returns a subscription without a push endpoint.
func (s *Server) pullable(name string) (*subscription, *pb.Subscription, error) {
	u, err := s.find(name)
	if err != nil {
		return nil, nil, err
	}
	cfg := u.config()
	if cfg.PushConfig.PushEndpoint != "" {
		return nil, nil, status.Error(codes.FailedPrecondition, "This method is not supported for this subscription type.")
	}
	return u, cfg, nil
}

// Pull implements pb.SubscriberServer.
func (b subscriber) Pull(ctx context.Context, r *pb.PullRequest) (*pb.PullResponse, error) {
	u, cfg, err := b.s.pullable(r.Subscription)
	if err != nil {
		return nil, err
	}
	if r.MaxMessages <= 0 {
		return nil, invalid("Invalid max_messages: %d; it must be positive.", r.MaxMessages)
	}
	wait := pullWait
	if returnImmediately(r) {
		wait = 0
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	lease := time.Duration(cfg.AckDeadlineSeconds) * time.Second
	out, err := b.s.next(ctx, u, int(min(r.MaxMessages, maxPull)), lease, nil)
	if errors.Is(err, context.DeadlineExceeded) {
		return &pb.PullResponse{}, nil
	}
	return &pb.PullResponse{ReceivedMessages: received(cfg, out)}, err
}

// returnImmediately reads the field of that name. It is deprecated, in the service as in Go, but
// still does what it says.
func returnImmediately(r *pb.PullRequest) bool {
	m := r.ProtoReflect()
	return m.Get(m.Descriptor().Fields().ByName("return_immediately")).Bool()
}

// received renders deliveries. "If a DeadLetterPolicy is not set on the subscription,
// [delivery_attempt] will be 0" (proto).
func received(cfg *pb.Subscription, out []delivery) []*pb.ReceivedMessage {
	var ms []*pb.ReceivedMessage
	for _, d := range out {
		m := &pb.ReceivedMessage{AckId: d.ackID, Message: d.msg}
		if cfg.DeadLetterPolicy != nil {
			m.DeliveryAttempt = int32(d.attempt)
		}
		ms = append(ms, m)
	}
	return ms
}

// pullStream is a stream that may be sent to by several goroutines.
type pullStream struct {
	pb.Subscriber_StreamingPullServer
	mu sync.Mutex
}

// Send implements pb.Subscriber_StreamingPullServer.
func (s *pullStream) Send(r *pb.StreamingPullResponse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Subscriber_StreamingPullServer.Send(r)
}

// StreamingPull implements pb.SubscriberServer. It holds back messages while the stream has as many
// leased as its first request allows.
func (b subscriber) StreamingPull(bare pb.Subscriber_StreamingPullServer) error {
	stream := &pullStream{Subscriber_StreamingPullServer: bare}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	u, cfg, err := b.s.pullable(first.Subscription)
	if err != nil {
		return err
	}
	if d := first.StreamAckDeadlineSeconds; d < 10 || d > 600 {
		return invalid("Invalid stream ack deadline given: %d; it must be between 10 and 600 seconds.", d)
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	go func() { cancel(b.s.listen(stream, u, first)) }() // ends when this method does: Recv fails then
	f := &flow{maxMessages: first.MaxOutstandingMessages, maxBytes: first.MaxOutstandingBytes}
	lease := time.Duration(first.StreamAckDeadlineSeconds) * time.Second
	for {
		out, err := b.s.next(ctx, u, maxPull, lease, f)
		if cause := context.Cause(ctx); errors.Is(cause, io.EOF) {
			return nil // the client has closed its side
		} else if cause != nil {
			return cause
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.StreamingPullResponse{ReceivedMessages: received(cfg, out)}); err != nil {
			return err
		}
	}
}

// listen does what the requests of a stream ask for, until the client ends it. An empty request is a
// sign of life; a client that speaks protocol version 1 wants one in return.
func (s *Server) listen(stream *pullStream, u *subscription, r *pb.StreamingPullRequest) error {
	answers := r.ProtocolVersion >= 1
	for {
		if answers && r.Subscription == "" && len(r.AckIds) == 0 && len(r.ModifyDeadlineAckIds) == 0 {
			if err := stream.Send(&pb.StreamingPullResponse{}); err != nil {
				return err
			}
		}
		if len(r.AckIds) > 0 {
			if err := s.ack(u, r.AckIds); err != nil {
				return err
			}
		}
		if len(r.ModifyDeadlineSeconds) != len(r.ModifyDeadlineAckIds) {
			return invalid("modify_deadline_seconds and modify_deadline_ack_ids differ in length.")
		}
		for i, id := range r.ModifyDeadlineAckIds {
			if err := s.modify(u, []string{id}, r.ModifyDeadlineSeconds[i]); err != nil {
				return err
			}
		}
		var err error
		if r, err = stream.Recv(); err != nil {
			return err
		}
		if r.Subscription != "" || r.ClientId != "" || r.MaxOutstandingMessages != 0 || r.MaxOutstandingBytes != 0 || r.ProtocolVersion != 0 {
			return invalid("Only the first request of a stream may set its subscription, client, limits and version.")
		}
	}
}
