package sqs

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestVisibilityTimeout(t *testing.T) {
	b := newTestQueue(t, map[string]string{"VisibilityTimeout": "60"})
	b.send("x")
	b.one(b.url, 0) // the queue's own timeout
	b.clock.advance(59 * time.Second)
	b.none(b.url)
	b.clock.advance(time.Second)
	m := b.one(b.url, 10) // "VisibilityTimeout – hidden from subsequent retrieve requests", API_ReceiveMessage
	if m.Attributes["ApproximateReceiveCount"] != "2" || m.Attributes["ApproximateFirstReceiveTimestamp"] != "1767323045000" {
		t.Errorf("second receive: %v", m.Attributes)
	}
	b.clock.advance(10 * time.Second)
	b.one(b.url, 30)
}

// "the 10 seconds begin to count from the time that you make the ChangeMessageVisibility call."
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
func TestChangeVisibility(t *testing.T) {
	b := newTestQueue(t, nil)
	b.send("x")
	m := b.one(b.url, 60)
	b.clock.advance(15 * time.Second)
	wantError(t, b.hide(m, 10), "")
	b.clock.advance(9 * time.Second)
	b.none(b.url)
	b.clock.advance(time.Second)
	m = b.one(b.url, 60)
	wantError(t, b.hide(m, 0), "") // given back
	b.counts(b.url, "1", "0", "0")
	b.one(b.url, 60)
}

// "If you attempt to set the VisibilityTimeout to a value greater than the maximum time left,
// Amazon SQS returns an error"; extending "does not reset the 12 hour maximum".
func TestTwelveHourCap(t *testing.T) {
	b := newTestQueue(t, nil)
	b.send("x")
	m := b.one(b.url, 43200)
	wantError(t, b.hide(m, 43200), "")
	wantError(t, b.hide(m, 43201), "InvalidParameterValue")
	wantError(t, b.hide(m, -1), "InvalidParameterValue")
	b.clock.advance(time.Hour)
	wantError(t, b.hide(m, 11*3600+1), "InvalidParameterValue")
	wantError(t, b.hide(m, 11*3600), "")
	b.clock.advance(11 * time.Hour)
	b.one(b.url, 30)
}

func TestReceiptHandles(t *testing.T) {
	b := newTestQueue(t, nil)
	other := b.create("other", nil)
	b.send("x")
	first := b.one(b.url, 10)
	foreign := handle{"other", *first.MessageId, "r"}.String()
	tampered := (*first.ReceiptHandle)[:len(*first.ReceiptHandle)-8] + "AAAAAAA="
	for _, bad := range []string{"", "garbage", "Z2FyYmFnZQ==", foreign, tampered} {
		if bad != "" { // the SDK itself refuses none
			wantError(t, b.remove(&bad), "ReceiptHandleIsInvalid")
		}
		wantError(t, b.hide(types.Message{ReceiptHandle: &bad}, 1), "ReceiptHandleIsInvalid")
	}
	err := b.remove(new("garbage"))
	if typed := new(types.ReceiptHandleIsInvalid); !errors.As(err, &typed) {
		t.Errorf("%v is not the SDK's ReceiptHandleIsInvalid", err)
	}
	_, err = b.client.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: &other, ReceiptHandle: first.ReceiptHandle})
	wantError(t, err, "ReceiptHandleIsInvalid")

	b.clock.advance(10 * time.Second) // visible again, not yet received again
	wantError(t, b.hide(first, 10), "AWS.SimpleQueueService.MessageNotInflight")
	second := b.one(b.url, 30)
	if *second.ReceiptHandle == *first.ReceiptHandle {
		t.Error("a second receive has the handle of the first one")
	}
	// "If you use an old ReceiptHandle, the request will succeed, but the message might not be
	// deleted." API_DeleteMessage
	wantError(t, b.remove(first.ReceiptHandle), "")
	b.counts(b.url, "0", "0", "1")
	wantError(t, b.hide(first, 10), "AWS.SimpleQueueService.MessageNotInflight")
	wantError(t, b.hide(second, 10), "")
	wantError(t, b.remove(second.ReceiptHandle), "")
	b.counts(b.url, "0", "0", "0")
	wantError(t, b.hide(second, 10), "InvalidParameterValue") // deleted
}

// A handle works after its timeout as long as nobody else received the message.
func TestLateDelete(t *testing.T) {
	b := newTestQueue(t, nil)
	b.send("x")
	m := b.one(b.url, 10)
	b.clock.advance(time.Minute)
	wantError(t, b.remove(m.ReceiptHandle), "")
	b.none(b.url)
}

func TestBatchesOfHandles(t *testing.T) {
	b := newTestQueue(t, nil)
	b.send("a")
	b.send("b")
	got := b.receive(b.url, 30)
	ctx := t.Context()
	hidden, err := b.client.ChangeMessageVisibilityBatch(ctx, &sdk.ChangeMessageVisibilityBatchInput{QueueUrl: &b.url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: new("good"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0},
		{Id: new("bad"), ReceiptHandle: new("garbage"), VisibilityTimeout: 1},
		{Id: new("long"), ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 43201},
	}})
	if err != nil || len(hidden.Successful) != 1 || len(hidden.Failed) != 2 ||
		*hidden.Failed[0].Code != "ReceiptHandleIsInvalid" || *hidden.Failed[1].Code != "InvalidParameterValue" {
		t.Errorf("ChangeMessageVisibilityBatch = %+v, %v", hidden, err)
	}
	b.counts(b.url, "1", "0", "1")
	deleted, err := b.client.DeleteMessageBatch(ctx, &sdk.DeleteMessageBatchInput{QueueUrl: &b.url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: new("a"), ReceiptHandle: got[0].ReceiptHandle},
		{Id: new("bad"), ReceiptHandle: new("garbage")},
		{Id: new("b"), ReceiptHandle: got[1].ReceiptHandle},
	}})
	if err != nil || len(deleted.Successful) != 2 || len(deleted.Failed) != 1 || *deleted.Failed[0].Id != "bad" {
		t.Errorf("DeleteMessageBatch = %+v, %v", deleted, err)
	}
	b.counts(b.url, "0", "0", "0")
	_, err = b.client.DeleteMessageBatch(ctx, &sdk.DeleteMessageBatchInput{QueueUrl: &b.url, Entries: []types.DeleteMessageBatchRequestEntry{}})
	wantError(t, err, "AWS.SimpleQueueService.EmptyBatchRequest")
}

// "there can be a maximum of approximately 120,000 in flight messages ... If you reach this limit,
// Amazon SQS returns the OverLimit error message." API_ChangeMessageVisibility
func TestOverLimit(t *testing.T) {
	b := newTestQueue(t, nil)
	b.send("one more")
	q := b.server.queues["q"]
	for i := range maxInFlight {
		m := &message{ID: strconv.Itoa(i), Sent: b.clock.Now(), Visible: b.clock.Now().Add(time.Hour)}
		q.messages[m.ID] = m
		q.inflight.put(m)
	}
	_, err := b.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: &b.url})
	wantError(t, err, "OverLimit")
	q.remove(q.messages["7"])
	b.one(b.url, 30)
}

func FuzzParseHandle(f *testing.F) {
	f.Add(handle{"q", "id", "r"}.String())
	f.Add(base64.StdEncoding.EncodeToString([]byte("00000000 q id r")))
	f.Add(strings.Repeat(" ", 9))
	q := &queue{name: "q"}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHandle(q, s)
		if err == nil && (h.String() != s || h.queue != "q") {
			t.Errorf("parseHandle(%q) = %+v", s, h)
		}
	})
}
