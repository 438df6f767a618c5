package sqsqueue

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

func TestDeadLettersContract(t *testing.T) {
	contract.TestDeadLetters(t, func(t *testing.T) *contract.DeadLetters {
		b := newBench(t)
		b.deadLetters()
		box := b.box()
		letter := func(l contract.Letter) deadletter.Letter {
			return deadletter.Letter{Body: []byte(l.Body), Receipt: l.Receipt}
		}
		return &contract.DeadLetters{
			Bury: func(t *testing.T, body string) {
				b.send(body)
				for range maxReceives {
					b.take(t, 10, time.Second)
					b.advance(2 * time.Second)
				}
				b.take(t, 10, time.Second) // this one moves it
			},
			Tries: maxReceives,
			Take: func(t *testing.T, most int, hold time.Duration) (got []contract.Letter) {
				b.proxy.Disturb(noWait)
				defer b.proxy.Disturb(nil)
				letters, err := box.Take(t.Context(), most, hold)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range letters {
					got = append(got, contract.Letter{Body: string(l.Body), Receipt: l.Receipt, Tries: l.Tries})
				}
				return got
			},
			Resend:  func(ctx context.Context, l contract.Letter) error { return box.Resend(ctx, letter(l)) },
			Remove:  func(ctx context.Context, l contract.Letter) error { return box.Remove(ctx, letter(l)) },
			Release: func(ctx context.Context, l contract.Letter) error { return box.Release(ctx, letter(l)) },
			Arrived: func(*testing.T) (got []contract.Letter) {
				for _, body := range b.bodies(b.url) {
					got = append(got, contract.Letter{Body: body})
				}
				return got
			},
			Advance: b.advance,
		}
	})
}

// box finds the dead-letter queue as a program does, by the queue's own attributes.
func (b *bench) box() *DeadLetters {
	b.Helper()
	f, err := b.queue.Describe(b.Context())
	if err != nil || f.MaxReceives != maxReceives {
		b.Fatalf("the queue is %+v, %v", f, err)
	}
	dead, err := b.queue.Other(b.Context(), f.DeadLetters)
	if err != nil || !strings.HasSuffix(dead.URL(), "/dead") {
		b.Fatalf("the dead-letter queue is %v, %v", dead, err)
	}
	return b.queue.DeadLetters(dead)
}

// noWait makes a receive one that does not wait: the clock of the test stands still.
func noWait(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	body = bytes.Replace(body, []byte(`"WaitTimeSeconds":1`), []byte(`"WaitTimeSeconds":0`), 1)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	next.ServeHTTP(w, r)
}

func TestDescribe(t *testing.T) {
	b := newBench(t)
	_, err := b.client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &b.url, Attributes: map[string]string{
		"VisibilityTimeout": "45", "MessageRetentionPeriod": "86400", "ReceiveMessageWaitTimeSeconds": "20", "Policy": `{"Statement":[]}`, "KmsMasterKeyId": "alias/k",
	}})
	if err != nil {
		t.Fatal(err)
	}
	b.send("one", "two", "three")
	b.receive(1, time.Minute)
	f, err := b.queue.Describe(t.Context())
	if err != nil || f.ARN != b.arn || f.Name() != "q" || f.Visibility != 45*time.Second || f.Retention != 24*time.Hour || f.ReceiveWait != 20*time.Second ||
		f.Policy != `{"Statement":[]}` || f.KMSKey != "alias/k" || f.DeadLetters != "" || f.Waiting != 2 || f.InFlight != 1 || f.FirstInFirst {
		t.Errorf("the queue is %+v, %v", f, err)
	}
	// The maximum as a string, as Terraform's jsonencode makes it of one.
	dead := b.deadLetters()
	_, err = b.client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &b.url, Attributes: map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"` + strings.TrimSuffix(b.arn, "q") + `dead","maxReceiveCount":"7"}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := b.queue.Describe(t.Context()); err != nil || f.MaxReceives != 7 || !strings.HasSuffix(f.DeadLetters, ":dead") || dead == "" {
		t.Errorf("the queue is %+v, %v", f, err)
	}
}

func TestDescribeFails(t *testing.T) {
	b := newBench(t)
	gone := New(cloudtest.AWS(t, b.url[:strings.LastIndex(b.url, "/000")]), b.url+"x")
	if _, err := gone.Describe(t.Context()); !errkind.Is(err, errkind.NotFound) {
		t.Errorf("a queue that is not there: %v", err)
	}
	for arn, want := range map[string]errkind.Kind{"arn:aws:sqs:us-east-1:000000000000:none": errkind.NotFound, "q": errkind.Permanent} {
		if _, err := b.queue.Other(t.Context(), arn); !errkind.Is(err, want) {
			t.Errorf("queue of %q: %v, want kind %v", arn, err, want)
		}
	}
	box := b.queue.DeadLetters(b.queue)
	for status, want := range map[int]errkind.Kind{403: errkind.Permanent, 503: errkind.Transient} {
		b.proxy.Disturb(cloudtest.Status(status))
		for name, err := range map[string]error{
			"Describe": second(b.queue.Describe(t.Context())), "Take": second(box.Take(t.Context(), 1, time.Second)),
			"Resend": box.Resend(t.Context(), deadletter.Letter{Body: []byte("m")}), "Remove": box.Remove(t.Context(), deadletter.Letter{Receipt: "r"}),
		} {
			if err == nil || errkind.Of(err) != want {
				t.Errorf("%s answered %d: %v of kind %v, want %v", name, status, err, errkind.Of(err), want)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }
