package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
)

// Describe returns how the queue is set up; errkind.NotFound if there is no such queue.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func (q *Queue) Describe(ctx context.Context) (facts.Queue, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return facts.Queue{}, classify(fmt.Errorf("queue %s: %w", q.url, err))
	}
	a := out.Attributes
	f := facts.Queue{
		URL: q.url, ARN: a["QueueArn"], Policy: a["Policy"], KMSKey: a["KmsMasterKeyId"], FirstInFirst: a["FifoQueue"] == "true",
		Visibility: secondsOf(a["VisibilityTimeout"]), Retention: secondsOf(a["MessageRetentionPeriod"]), ReceiveWait: secondsOf(a["ReceiveMessageWaitTimeSeconds"]),
	}
	f.Waiting = numberOf(a["ApproximateNumberOfMessages"]) + numberOf(a["ApproximateNumberOfMessagesDelayed"])
	f.InFlight = numberOf(a["ApproximateNumberOfMessagesNotVisible"])
	if text := a["RedrivePolicy"]; text != "" {
		var policy struct {
			DeadLetterTargetArn string
			MaxReceiveCount     any // a number, which many write as a string
		}
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return facts.Queue{}, fmt.Errorf("queue %s: its RedrivePolicy %s: %w", q.url, text, err)
		}
		f.DeadLetters, f.MaxReceives = policy.DeadLetterTargetArn, numberOf(fmt.Sprint(policy.MaxReceiveCount))
	}
	return f, nil
}

// numberOf returns the number in an attribute; 0 of one that is not there.
func numberOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func secondsOf(text string) time.Duration { return time.Duration(numberOf(text)) * time.Second }

// Other returns the queue of an ARN, in the same region; errkind.NotFound if there is none.
func (q *Queue) Other(ctx context.Context, arn string) (*Queue, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("%q is no ARN of a queue", arn))
	}
	out, err := q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parts[5], QueueOwnerAWSAccountId: &parts[4]})
	if err != nil {
		return nil, classify(fmt.Errorf("queue %s: %w", arn, err))
	}
	return &Queue{q.client, aws.ToString(out.QueueUrl)}, nil
}

// URL returns the queue's address.
func (q *Queue) URL() string { return q.url }

// DeadLetters are the messages of a dead-letter queue, and the queue that they go back to. Safe for
// concurrent use.
type DeadLetters struct{ from, to *Queue }

// DeadLetters returns the messages of dead, to go back to q.
func (q *Queue) DeadLetters(dead *Queue) *DeadLetters { return &DeadLetters{dead, q} }

// Take implements deadletter.Box. It waits a second: a longer look asks all of SQS's servers, as a
// short one does not.
func (d *DeadLetters) Take(ctx context.Context, most int, hold time.Duration) ([]deadletter.Letter, error) {
	out, err := d.from.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &d.from.url, MaxNumberOfMessages: int32(min(most, 10)), WaitTimeSeconds: 1, VisibilityTimeout: seconds(hold),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return nil, classify(fmt.Errorf("receive from %s: %w", d.from.url, err))
	}
	letters := make([]deadletter.Letter, len(out.Messages))
	for i, m := range out.Messages {
		letters[i] = deadletter.Letter{
			ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: []byte(aws.ToString(m.Body)), Sent: sent(m, time.Time{}),
			Tries: max(0, numberOf(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])-1), // this look is none
		}
	}
	return letters, nil
}

// Resend implements deadletter.Box. The forwarder reads nothing of a message but its body.
func (d *DeadLetters) Resend(ctx context.Context, l deadletter.Letter) error {
	_, err := d.to.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &d.to.url, MessageBody: aws.String(string(l.Body))})
	if err != nil {
		return classify(fmt.Errorf("send to %s: %w", d.to.url, err))
	}
	return nil
}

// Remove implements deadletter.Box.
func (d *DeadLetters) Remove(ctx context.Context, l deadletter.Letter) error {
	_, err := d.from.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &d.from.url, ReceiptHandle: &l.Receipt})
	if err != nil {
		return classify(fmt.Errorf("delete from %s: %w", d.from.url, err))
	}
	return nil
}

// Release implements deadletter.Box.
func (d *DeadLetters) Release(ctx context.Context, l deadletter.Letter) error {
	_, err := d.from.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &d.from.url, ReceiptHandle: &l.Receipt})
	return err
}

// classify gives an error of the API its kind.
func classify(err error) error {
	var gone *types.QueueDoesNotExist
	var resp *awshttp.ResponseError
	switch {
	case errors.As(err, &gone):
		return errkind.With(errkind.NotFound, err)
	case errors.As(err, &resp) && resp.HTTPStatusCode() >= http.StatusBadRequest && resp.HTTPStatusCode() < http.StatusInternalServerError:
		return errkind.With(errkind.Permanent, err)
	default:
		return errkind.With(errkind.Transient, err)
	}
}
