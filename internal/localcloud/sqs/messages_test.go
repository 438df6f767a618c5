package sqs

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestSendReceiveDelete(t *testing.T) {
	b := newTestQueue(t, nil)
	body := "line\nbreak\tünïcode 𝄞 <&>\u2028"
	b.send(body)
	b.counts(b.url, "1", "0", "0")
	b.clock.advance(1500 * time.Millisecond)
	m := b.one(b.url, 30)
	sum := md5.Sum([]byte(body))
	if *m.Body != body || *m.MD5OfBody != hex.EncodeToString(sum[:]) {
		t.Errorf("received %q, %s", *m.Body, *m.MD5OfBody)
	}
	want := map[string]string{
		"ApproximateReceiveCount": "1", "SenderId": "AIDALOCAL",
		"SentTimestamp": "1767323045000", "ApproximateFirstReceiveTimestamp": "1767323046500",
	}
	for k, v := range want {
		if m.Attributes[k] != v {
			t.Errorf("%s = %q, want %q", k, m.Attributes[k], v)
		}
	}
	b.counts(b.url, "0", "0", "1")
	b.none(b.url)
	wantError(t, b.remove(m.ReceiptHandle), "")
	b.counts(b.url, "0", "0", "0")
	wantError(t, b.remove(m.ReceiptHandle), "") // again: succeeds
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func TestSendLimits(t *testing.T) {
	b := newTestQueue(t, nil)
	attr := func(typ, value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: &typ, StringValue: &value}
	}
	eleven := map[string]types.MessageAttributeValue{}
	for i := range 11 {
		eleven[fmt.Sprint("a", i)] = attr("String", "v")
	}
	tests := []struct {
		name  string
		body  string
		delay int32
		attrs map[string]types.MessageAttributeValue
		code  string
	}{
		{"the maximum is 1 MiB", strings.Repeat("x", 1<<20), 0, nil, ""},
		{"one byte more", strings.Repeat("x", 1<<20+1), 0, nil, "InvalidParameterValue"},
		{"attributes count", strings.Repeat("x", 1<<20-8), 0, map[string]types.MessageAttributeValue{"n": attr("String", "vv")}, "InvalidParameterValue"},
		{"empty", "", 0, nil, "MissingParameter"},
		{"#x9 #xA #xD #x20 #xD7FF #xE000 #xFFFD #x10000 #x10FFFF", "\t\n\r \uD7FF\uE000\uFFFD\U00010000\U0010FFFF", 0, nil, ""},
		{"#x0", "a\x00b", 0, nil, "InvalidMessageContents"},
		{"#xB", "a\x0bb", 0, nil, "InvalidMessageContents"},
		{"#xFFFE", "a\uFFFEb", 0, nil, "InvalidMessageContents"},
		{"delay 900", "x", 900, nil, ""},
		{"delay 901", "x", 901, nil, "InvalidParameterValue"},
		{"10 attributes", "x", 0, eleven, "InvalidParameterValue"},
		{"custom type", "x", 0, map[string]types.MessageAttributeValue{"a.b": attr("Number.int", "1")}, ""},
		{"unknown type", "x", 0, map[string]types.MessageAttributeValue{"a": attr("Date", "1")}, "InvalidParameterValue"},
		{"reserved name", "x", 0, map[string]types.MessageAttributeValue{"AWS.a": attr("String", "1")}, "InvalidParameterValue"},
		{"periods in succession", "x", 0, map[string]types.MessageAttributeValue{"a..b": attr("String", "1")}, "InvalidParameterValue"},
		{"empty value", "x", 0, map[string]types.MessageAttributeValue{"a": attr("String", "")}, "InvalidParameterValue"},
		{"text in a binary", "x", 0, map[string]types.MessageAttributeValue{"a": attr("Binary", "1")}, "InvalidParameterValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.client.SendMessage(t.Context(), &sdk.SendMessageInput{
				QueueUrl: &b.url, MessageBody: &tt.body, DelaySeconds: tt.delay, MessageAttributes: tt.attrs,
			})
			wantError(t, err, tt.code)
		})
	}
}

// The digest is the one of the developer guide's algorithm: name, type and value, each with its
// length, in the order of the names.
func TestMessageAttributes(t *testing.T) {
	b := newTestQueue(t, nil)
	out, err := b.client.SendMessage(t.Context(), &sdk.SendMessageInput{
		QueueUrl: &b.url, MessageBody: new("x"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"my.text": {DataType: new("String"), StringValue: new("v")},
			"bin":     {DataType: new("Binary"), BinaryValue: []byte{0, 1}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: new("String"), StringValue: new("Root=1")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum([]byte("\x00\x00\x00\x03bin\x00\x00\x00\x06Binary\x02\x00\x00\x00\x02\x00\x01" +
		"\x00\x00\x00\x07my.text\x00\x00\x00\x06String\x01\x00\x00\x00\x01v"))
	if want := hex.EncodeToString(sum[:]); *out.MD5OfMessageAttributes != want {
		t.Errorf("MD5OfMessageAttributes %s, want %s", *out.MD5OfMessageAttributes, want)
	}
	for _, tt := range []struct {
		names []string
		want  int
	}{{nil, 0}, {[]string{"All"}, 2}, {[]string{".*"}, 2}, {[]string{"my.*"}, 1}, {[]string{"bin"}, 1}, {[]string{"other"}, 0}} {
		got, err := b.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{
			QueueUrl: &b.url, MessageAttributeNames: tt.names, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"AWSTraceHeader"},
		})
		if err != nil || len(got.Messages) != 1 || len(got.Messages[0].MessageAttributes) != tt.want {
			t.Fatalf("names %v: %+v, %v; want %d attributes", tt.names, got, err, tt.want)
		}
		if a := got.Messages[0].Attributes; a["AWSTraceHeader"] != "Root=1" || len(a) != 1 {
			t.Errorf("system attributes %v, want the trace only", a)
		}
		b.clock.advance(30 * time.Second)
	}
}

func TestDelay(t *testing.T) {
	b := newTestQueue(t, map[string]string{"DelaySeconds": "10"})
	b.send("queue's delay")
	_, err := b.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &b.url, MessageBody: new("own delay"), DelaySeconds: 20})
	if err != nil {
		t.Fatal(err)
	}
	b.counts(b.url, "0", "2", "0")
	b.none(b.url)
	b.clock.advance(10 * time.Second)
	if m := b.one(b.url, 30); *m.Body != "queue's delay" {
		t.Errorf("received %q", *m.Body)
	}
	b.counts(b.url, "0", "1", "1")
	b.clock.advance(10 * time.Second)
	b.one(b.url, 30)
}

// "Amazon SQS automatically deletes messages left in a queue longer than the retention period
// configured for the queue." API_DeleteMessage
func TestRetention(t *testing.T) {
	b := newTestQueue(t, map[string]string{"MessageRetentionPeriod": "60"})
	b.send("old")
	b.clock.advance(30 * time.Second)
	b.send("young")
	held := b.receive(b.url, 43200)
	b.clock.advance(30 * time.Second)
	b.counts(b.url, "0", "0", "1")
	b.clock.advance(30 * time.Second)
	b.counts(b.url, "0", "0", "0")
	wantError(t, b.remove(held[0].ReceiptHandle), "")
}

func TestReceiveLimits(t *testing.T) {
	b := newTestQueue(t, nil)
	for _, in := range []*sdk.ReceiveMessageInput{
		{MaxNumberOfMessages: 11}, {MaxNumberOfMessages: -1}, {VisibilityTimeout: 43201}, {WaitTimeSeconds: 21},
	} {
		in.QueueUrl = &b.url
		_, err := b.client.ReceiveMessage(t.Context(), in)
		wantError(t, err, "InvalidParameterValue")
	}
	for range 15 {
		b.send("x")
	}
	out, err := b.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: &b.url})
	if err != nil || len(out.Messages) != 1 {
		t.Errorf("the default is one message: %d, %v", len(out.Messages), err)
	}
	if got := b.receive(b.url, 30); len(got) != 10 {
		t.Errorf("received %d messages, want 10", len(got))
	}
}

func TestOldestFirst(t *testing.T) {
	b := newTestQueue(t, nil)
	for i := range 5 {
		b.send(strconv.Itoa(i))
	}
	for i, m := range b.receive(b.url, 30) {
		if *m.Body != strconv.Itoa(i) {
			t.Errorf("message %d is %q", i, *m.Body)
		}
	}
}

// Close answers polls, with nothing, and refuses what comes after.
func TestClose(t *testing.T) {
	b := serve(t, Options{Now: time.Now})
	b.url = b.create("q", nil)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			out, err := b.client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: &b.url, WaitTimeSeconds: 20})
			if err == nil && len(out.Messages) != 0 {
				t.Errorf("received %v", out.Messages)
			}
		})
	}
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	_, err := b.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &b.url, MessageBody: new("late")})
	wantError(t, err, "InternalFailure")
	if err := b.server.Send(t.Context(), "arn:aws:sqs:us-east-1:000000000000:q", "late"); err == nil {
		t.Error("Send after Close succeeded")
	}
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
func TestBatches(t *testing.T) {
	b := newTestQueue(t, nil)
	entry := func(id, body string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
	}
	var eleven []types.SendMessageBatchRequestEntry
	for i := range 11 {
		eleven = append(eleven, entry(strconv.Itoa(i), "x"))
	}
	half := strings.Repeat("x", 1<<19)
	tests := []struct {
		name    string
		entries []types.SendMessageBatchRequestEntry
		code    string
		ok, bad int
	}{
		{"empty", []types.SendMessageBatchRequestEntry{}, "AWS.SimpleQueueService.EmptyBatchRequest", 0, 0},
		{"eleven", eleven, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 0, 0},
		{"ten", eleven[:10], "", 10, 0},
		{"same id twice", []types.SendMessageBatchRequestEntry{entry("a", "x"), entry("a", "y")}, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 0, 0},
		{"bad id", []types.SendMessageBatchRequestEntry{entry("a b", "x")}, "AWS.SimpleQueueService.InvalidBatchEntryId", 0, 0},
		{"1 MiB in all", []types.SendMessageBatchRequestEntry{entry("a", half), entry("b", half)}, "", 2, 0},
		{"more in all", []types.SendMessageBatchRequestEntry{entry("a", half), entry("b", half), entry("c", "x")}, "AWS.SimpleQueueService.BatchRequestTooLong", 0, 0},
		{"each by its own", []types.SendMessageBatchRequestEntry{entry("a", "x"), entry("b", "\x01")}, "", 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := b.client.SendMessageBatch(t.Context(), &sdk.SendMessageBatchInput{QueueUrl: &b.url, Entries: tt.entries})
			wantError(t, err, tt.code)
			if err == nil && (len(out.Successful) != tt.ok || len(out.Failed) != tt.bad) {
				t.Errorf("%d succeeded, %d failed, want %d, %d", len(out.Successful), len(out.Failed), tt.ok, tt.bad)
			}
			if err == nil && tt.bad == 1 && (*out.Failed[0].Code != "InvalidMessageContents" || !out.Failed[0].SenderFault) {
				t.Errorf("failure %+v", out.Failed[0])
			}
		})
	}
}

func BenchmarkSend(b *testing.B) {
	for name, dir := range map[string]string{"memory": "", "journal": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			q := serve(b, Options{Dir: dir, Now: time.Now})
			q.url = q.create("q", nil)
			body := strings.Repeat("x", 700)
			b.SetParallelism(16)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					q.send(body)
				}
			})
		})
	}
}

func BenchmarkReceiveDelete(b *testing.B) {
	q := serve(b, Options{Dir: b.TempDir(), Now: time.Now})
	q.url = q.create("q", nil)
	for range b.N {
		if err := q.server.Send(b.Context(), "arn:aws:sqs:us-east-1:000000000000:q", "x"); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	b.SetParallelism(8)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			for _, m := range q.receive(q.url, 30) {
				if err := q.remove(m.ReceiptHandle); err != nil {
					b.Error(err)
				}
			}
		}
	})
}
