package sqsqueue

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/forward"
)

const maxReceives = 3

func TestContract(t *testing.T) {
	contract.TestQueue(t, func(t *testing.T) *contract.Queue {
		b := newBench(t)
		dead := b.deadLetters()
		return &contract.Queue{
			Send: func(_ *testing.T, body string) { b.send(body) },
			Take: b.take,
			Delete: func(ctx context.Context, receipt string) error {
				return b.queue.Delete(ctx, forward.Message{Receipt: receipt})
			},
			Hide: func(ctx context.Context, receipt string, visibility time.Duration) error {
				return b.queue.Hide(ctx, forward.Message{Receipt: receipt}, visibility)
			},
			Advance:     b.advance,
			Dead:        func(*testing.T) []string { return b.bodies(dead) },
			MaxReceives: maxReceives,
		}
	})
}

// deadLetters gives the queue a dead-letter queue and returns its URL.
func (b *bench) deadLetters() (url string) {
	b.Helper()
	_, arn, err := b.server.CreateQueue("dead", nil)
	if err != nil {
		b.Fatal(err)
	}
	_, err = b.client.SetQueueAttributes(b.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &b.url, Attributes: map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arn, maxReceives),
	}})
	if err != nil {
		b.Fatal(err)
	}
	return b.url[:len(b.url)-len("q")] + "dead"
}

// take receives what a look without waiting finds, through the adapter.
func (b *bench) take(t *testing.T, most int, visibility time.Duration) (got []contract.Message) {
	t.Helper()
	b.proxy.Disturb(shortPoll)
	defer b.proxy.Disturb(nil)
	messages, err := b.queue.Receive(t.Context(), most, visibility)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		got = append(got, contract.Message{Body: string(m.Body), Receipt: m.Receipt})
	}
	return got
}

// shortPoll makes a long poll one that does not wait: the clock of the test stands still.
func shortPoll(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	body = bytes.Replace(body, []byte(`"WaitTimeSeconds":20`), []byte(`"WaitTimeSeconds":0`), 1)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	next.ServeHTTP(w, r)
}

func (b *bench) bodies(url string) (bodies []string) {
	b.Helper()
	out, err := b.client.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}
