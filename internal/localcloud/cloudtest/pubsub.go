package cloudtest

import (
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seneka-io/seneka/internal/contract"
)

// Pulled is the subscription of that name at server as the contract has it, by pulling. The caller adds
// Publish, Advance and Attempts; dead is the subscription of the dead-letter topic.
func Pulled(server pb.SubscriberServer, name, dead string) *contract.Subscription {
	return &contract.Subscription{
		Take: func(t *testing.T) (got []contract.Delivery) {
			for _, m := range pull(t, server, name) {
				extend := func(d time.Duration) error {
					_, err := server.ModifyAckDeadline(t.Context(), &pb.ModifyAckDeadlineRequest{Subscription: name, AckIds: []string{m.AckId}, AckDeadlineSeconds: int32(d.Seconds())})
					return err
				}
				acknowledge := func() error {
					_, err := server.Acknowledge(t.Context(), &pb.AcknowledgeRequest{Subscription: name, AckIds: []string{m.AckId}})
					return err
				}
				got = append(got, contract.Delivery{
					Data: string(m.Message.Data), ID: m.Message.MessageId, Attempt: int(m.DeliveryAttempt),
					Ack: acknowledge, Nack: func() error { return extend(0) }, Extend: extend,
				})
			}
			return got
		},
		Dead: func(t *testing.T) (data []string) {
			for _, m := range pull(t, server, dead) {
				data = append(data, string(m.Message.Data))
			}
			return data
		},
		Deadline: 10 * time.Second,
	}
}

// pull returns all that is due now: one answer may hold some of it.
func pull(t *testing.T, server pb.SubscriberServer, name string) (all []*pb.ReceivedMessage) {
	t.Helper()
	for {
		r := &pb.PullRequest{Subscription: name, MaxMessages: 100}
		m := r.ProtoReflect() // by name: the field is deprecated, for those who wait for messages
		m.Set(m.Descriptor().Fields().ByName("return_immediately"), protoreflect.ValueOfBool(true))
		out, err := server.Pull(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.ReceivedMessages) == 0 {
			return all
		}
		all = append(all, out.ReceivedMessages...)
	}
}
