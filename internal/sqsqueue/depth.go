package sqsqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Depth is how many messages lie in a queue, as SQS counts them: approximately, and some seconds
// late.
type Depth struct {
	Waiting  int64 // to be received, delayed ones included
	InFlight int64 // received, neither deleted nor given back
}

// counts are the attributes that Depth is made of.
var counts = []types.QueueAttributeName{
	types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
}

// Depth returns the depth of the queue.
func (q *Queue) Depth(ctx context.Context) (Depth, error) {
	a, err := q.attributes(ctx, counts...)
	if err != nil {
		return Depth{}, err
	}
	n := make([]int64, len(counts))
	for i, name := range counts {
		if n[i], err = strconv.ParseInt(a[string(name)], 10, 64); err != nil {
			return Depth{}, fmt.Errorf("SQS says %s is %q", name, a[string(name)])
		}
	}
	return Depth{Waiting: n[0] + n[1], InFlight: n[2]}, nil
}

// DeadLetters returns the queue that this one parks messages in, and nil if it has none.
func (q *Queue) DeadLetters(ctx context.Context) (*Queue, error) {
	a, err := q.attributes(ctx, types.QueueAttributeNameRedrivePolicy)
	policy := a[string(types.QueueAttributeNameRedrivePolicy)]
	if err != nil || policy == "" {
		return nil, err
	}
	var redrive struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(policy), &redrive); err != nil {
		return nil, fmt.Errorf("the queue's RedrivePolicy %q: %w", policy, err)
	}
	target, err := arn.Parse(redrive.Target)
	if err != nil {
		return nil, fmt.Errorf("the queue's RedrivePolicy %q: %w", policy, err)
	}
	out, err := q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &target.Resource, QueueOwnerAWSAccountId: &target.AccountID})
	if err != nil {
		return nil, err
	}
	return &Queue{q.client, aws.ToString(out.QueueUrl)}, nil
}

// URL returns the queue's URL.
func (q *Queue) URL() string { return q.url }

func (q *Queue) attributes(ctx context.Context, names ...types.QueueAttributeName) (map[string]string, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}
