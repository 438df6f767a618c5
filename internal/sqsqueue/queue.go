// Package sqsqueue is the adapter to Amazon SQS.
package sqsqueue

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/seneka-io/seneka/internal/forward"
)

// longPoll is how long a receive waits for messages, the most that SQS takes.
const longPoll = 20 * time.Second

// Queue is one SQS queue. Safe for concurrent use.
type Queue struct {
	client *sqs.Client
	url    string
}

// New returns the queue at url, with the configuration's credentials and region.
func New(cfg aws.Config, url string) *Queue { return &Queue{Client(cfg), url} }

// Receive implements forward.Queue.
func (q *Queue) Receive(ctx context.Context, most int, visibility time.Duration) ([]forward.Message, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &q.url,
		MaxNumberOfMessages:         int32(min(most, 10)),
		WaitTimeSeconds:             int32(longPoll / time.Second),
		VisibilityTimeout:           seconds(visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	messages := make([]forward.Message, len(out.Messages))
	for i, m := range out.Messages {
		messages[i] = forward.Message{
			ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: []byte(aws.ToString(m.Body)),
			Sent: sent(m, now), Received: now,
		}
	}
	return messages, nil
}

// sent is when SQS took the message; now where it does not say.
func sent(m types.Message, now time.Time) time.Time {
	ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return now
	}
	return time.UnixMilli(ms)
}

// Delete implements forward.Queue.
func (q *Queue) Delete(ctx context.Context, m forward.Message) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &m.Receipt})
	return err
}

// Hide implements forward.Queue.
func (q *Queue) Hide(ctx context.Context, m forward.Message, visibility time.Duration) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &m.Receipt, VisibilityTimeout: seconds(visibility),
	})
	return err
}

// seconds rounds up: a message is hidden for no less than was asked for.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }
