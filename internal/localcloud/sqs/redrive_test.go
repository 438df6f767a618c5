package sqs

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
)

const deadARN = "arn:aws:sqs:us-east-1:000000000000:dead"

// newRedriven serves queue "q", whose messages go to "dead" after two receives.
func newRedriven(t *testing.T, o Options) (b *bench, dead string) {
	t.Helper()
	b = serve(t, o)
	dead = b.create("dead", nil)
	b.url = b.create("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":2}`})
	return b, dead
}

// exhaust receives the one message of q twice and lets it go.
func (b *bench) exhaust() {
	b.t.Helper()
	for range 2 {
		b.one(b.url, 5)
		b.clock.advance(5 * time.Second)
	}
	b.none(b.url)
}

// "When the ReceiveCount for a message exceeds the maxReceiveCount for a queue, Amazon SQS moves
// the message to the dead-letter-queue." API_CreateQueue
// ApproximateReceiveCount is "the number of times a message has been received across all queues".
// API_ReceiveMessage
func TestDeadLetter(t *testing.T) {
	b, dead := newRedriven(t, Options{})
	b.send("poison")
	before := b.one(b.url, 5)
	b.clock.advance(5 * time.Second)
	b.one(b.url, 5)
	b.none(dead)
	b.clock.advance(5 * time.Second)
	b.none(b.url)
	b.counts(b.url, "0", "0", "0")
	b.counts(dead, "1", "0", "0")
	m := b.one(dead, 5)
	want := map[string]string{
		"ApproximateReceiveCount": "3", "DeadLetterQueueSourceArn": "arn:aws:sqs:us-east-1:000000000000:q",
		"SentTimestamp": before.Attributes["SentTimestamp"],
	}
	for k, v := range want {
		if m.Attributes[k] != v {
			t.Errorf("%s = %q, want %q", k, m.Attributes[k], v)
		}
	}
	if *m.MessageId != *before.MessageId || *m.Body != "poison" {
		t.Errorf("dead letter %s %q, want %s", *m.MessageId, *m.Body, *before.MessageId)
	}
}

// A message that is given back early has been received all the same.
func TestDeadLetterCountsReceives(t *testing.T) {
	b, dead := newRedriven(t, Options{})
	b.send("poison")
	for range 2 {
		wantError(t, b.hide(b.one(b.url, 60), 0), "")
	}
	b.none(b.url)
	b.one(dead, 5)
}

// "When a message is moved to a dead-letter queue, the enqueue timestamp is unchanged": it expires
// there by its age. setting-up-dead-letter-queue-retention
func TestDeadLetterKeepsItsAge(t *testing.T) {
	b, dead := newRedriven(t, Options{})
	b.send("poison")
	b.exhaust()
	b.counts(dead, "1", "0", "0")
	b.clock.advance(4*24*time.Hour - 10*time.Second)
	b.counts(dead, "0", "0", "0")
}

func TestNoDeadLetterQueueLeft(t *testing.T) {
	b, dead := newRedriven(t, Options{})
	if _, err := b.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: &dead}); err != nil {
		t.Fatal(err)
	}
	b.send("poison")
	for range 4 {
		b.one(b.url, 5)
		b.clock.advance(5 * time.Second)
	}
}

func TestListDeadLetterSources(t *testing.T) {
	b, dead := newRedriven(t, Options{})
	out, err := b.client.ListDeadLetterSourceQueues(t.Context(), &sdk.ListDeadLetterSourceQueuesInput{QueueUrl: &dead})
	if err != nil || len(out.QueueUrls) != 1 || out.QueueUrls[0] != b.url {
		t.Errorf("sources of dead: %+v, %v", out, err)
	}
	out, err = b.client.ListDeadLetterSourceQueues(t.Context(), &sdk.ListDeadLetterSourceQueuesInput{QueueUrl: &b.url})
	if err != nil || len(out.QueueUrls) != 0 {
		t.Errorf("sources of q: %+v, %v", out, err)
	}
}

// "All redriven messages are considered new messages with a new messageID and enqueueTime".
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func TestMoveTask(t *testing.T) {
	b, dead := newRedriven(t, Options{})
	ctx := t.Context()
	b.send("poison")
	b.exhaust()
	letter := b.one(dead, 5)
	b.clock.advance(5 * time.Second)
	if _, err := b.client.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: &dead, MessageBody: new("sent to the dead-letter queue itself")}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.StartMessageMoveTask(ctx, &sdk.StartMessageMoveTaskInput{SourceArn: new(deadARN)}); err != nil {
		t.Fatal(err)
	}
	m := b.one(b.url, 5)
	if *m.Body != "poison" || *m.MessageId == *letter.MessageId || m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SentTimestamp"] == letter.Attributes["SentTimestamp"] {
		t.Errorf("redriven message %s %q %v", *m.MessageId, *m.Body, m.Attributes)
	}
	b.counts(dead, "1", "0", "0") // it has no source to go back to
	tasks, err := b.client.ListMessageMoveTasks(ctx, &sdk.ListMessageMoveTasksInput{SourceArn: new(deadARN)})
	if err != nil || len(tasks.Results) != 1 {
		t.Fatalf("tasks %+v, %v", tasks, err)
	}
	if r := tasks.Results[0]; *r.Status != "COMPLETED" || r.ApproximateNumberOfMessagesMoved != 1 || *r.ApproximateNumberOfMessagesToMove != 2 {
		t.Errorf("task %+v", r)
	}
	_, err = b.client.StartMessageMoveTask(ctx, &sdk.StartMessageMoveTaskInput{SourceArn: new(deadARN), DestinationArn: new("arn:aws:sqs:us-east-1:000000000000:q")})
	wantError(t, err, "")
	b.one(b.url, 5)
}

func TestMoveTaskErrors(t *testing.T) {
	b, _ := newRedriven(t, Options{})
	tests := []struct {
		name string
		in   sdk.StartMessageMoveTaskInput
		code string
	}{
		{"no such source", sdk.StartMessageMoveTaskInput{SourceArn: new(deadARN + "x")}, "ResourceNotFoundException"},
		{"source is no dead-letter queue", sdk.StartMessageMoveTaskInput{SourceArn: new("arn:aws:sqs:us-east-1:000000000000:q")}, "InvalidParameterValue"},
		{"no such destination", sdk.StartMessageMoveTaskInput{SourceArn: new(deadARN), DestinationArn: new(deadARN + "x")}, "ResourceNotFoundException"},
		{"over 500 a second", sdk.StartMessageMoveTaskInput{SourceArn: new(deadARN), MaxNumberOfMessagesPerSecond: new(int32(501))}, "InvalidParameterValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.client.StartMessageMoveTask(t.Context(), &tt.in)
			wantError(t, err, tt.code)
		})
	}
	_, err := b.client.ListMessageMoveTasks(t.Context(), &sdk.ListMessageMoveTasksInput{SourceArn: new(deadARN + "x")})
	wantError(t, err, "ResourceNotFoundException")
}
