package sqs

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func TestCreateQueue(t *testing.T) {
	b := newTestQueue(t, map[string]string{"VisibilityTimeout": "45"})
	tests := []struct {
		name, queue string
		attrs       map[string]string
		code        string
	}{
		{"exact same names and values: the existing queue", "q", map[string]string{"VisibilityTimeout": "45"}, ""},
		{"no attributes: the existing queue", "q", nil, ""},
		{"a default spelled out: the existing queue", "q", map[string]string{"DelaySeconds": "0"}, ""},
		{"different value", "q", map[string]string{"VisibilityTimeout": "46"}, "QueueAlreadyExists"},
		{"80 characters", strings.Repeat("a", 80), nil, ""},
		{"81 characters", strings.Repeat("a", 81), nil, "InvalidParameterValue"},
		{"letters, digits, hyphens, underscores only", "a.b", nil, "InvalidParameterValue"},
		{"FIFO is not served", "a.fifo", map[string]string{"FifoQueue": "true"}, "InvalidParameterValue"},
		{"VisibilityTimeout 0", "v0", map[string]string{"VisibilityTimeout": "0"}, ""},
		{"VisibilityTimeout 43200", "v1", map[string]string{"VisibilityTimeout": "43200"}, ""},
		{"VisibilityTimeout 43201", "v2", map[string]string{"VisibilityTimeout": "43201"}, "InvalidAttributeValue"},
		{"DelaySeconds 901", "v3", map[string]string{"DelaySeconds": "901"}, "InvalidAttributeValue"},
		{"DelaySeconds not a number", "v3", map[string]string{"DelaySeconds": "soon"}, "InvalidAttributeValue"},
		{"retention 59", "v4", map[string]string{"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"},
		{"retention 1209601", "v4", map[string]string{"MessageRetentionPeriod": "1209601"}, "InvalidAttributeValue"},
		{"wait 21", "v5", map[string]string{"ReceiveMessageWaitTimeSeconds": "21"}, "InvalidAttributeValue"},
		{"message size 1048576", "v6", map[string]string{"MaximumMessageSize": "1048576"}, ""},
		{"message size 1048577", "v7", map[string]string{"MaximumMessageSize": "1048577"}, "InvalidAttributeValue"},
		{"unknown attribute", "v8", map[string]string{"Colour": "red"}, "InvalidAttributeName"},
		{"dead-letter queue", "d1", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q","maxReceiveCount":3}`}, ""},
		{"maxReceiveCount as a string", "d2", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q","maxReceiveCount":"3"}`}, ""},
		{"maxReceiveCount 1001", "d3", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q","maxReceiveCount":1001}`}, "InvalidAttributeValue"},
		{"dead-letter queue that is not there", "d4", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:nowhere","maxReceiveCount":3}`}, "InvalidAttributeValue"},
		{"policy without a target", "d5", map[string]string{"RedrivePolicy": `{"maxReceiveCount":3}`}, "InvalidAttributeValue"},
		{"policy that is no JSON", "d6", map[string]string{"RedrivePolicy": `three`}, "InvalidAttributeValue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: &tt.queue, Attributes: tt.attrs})
			wantError(t, err, tt.code)
		})
	}
}

// "If you delete a queue, you must wait at least 60 seconds before creating a queue with the same
// name." API_CreateQueue
func TestDeleteQueue(t *testing.T) {
	b := newTestQueue(t, nil)
	ctx := t.Context()
	if _, err := b.client.DeleteQueue(ctx, &sdk.DeleteQueueInput{QueueUrl: &b.url}); err != nil {
		t.Fatal(err)
	}
	_, err := b.client.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: &b.url, MessageBody: new("x")})
	if typed := new(types.QueueDoesNotExist); !errors.As(err, &typed) {
		t.Errorf("send to a deleted queue: %v, want the SDK's QueueDoesNotExist", err)
	}
	_, err = b.client.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: new("q")})
	wantError(t, err, "AWS.SimpleQueueService.QueueDeletedRecently")
	b.clock.advance(time.Minute)
	b.create("q", nil)
	b.none(b.url)
}

func TestQueueURLs(t *testing.T) {
	b := newTestQueue(t, nil)
	ctx := t.Context()
	got, err := b.client.GetQueueUrl(ctx, &sdk.GetQueueUrlInput{QueueName: new("q")})
	if err != nil || *got.QueueUrl != b.url {
		t.Errorf("GetQueueUrl = %v, %v; want %s", got, err, b.url)
	}
	_, err = b.client.GetQueueUrl(ctx, &sdk.GetQueueUrlInput{QueueName: new("other")})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	_, err = b.client.GetQueueUrl(ctx, &sdk.GetQueueUrlInput{QueueName: new("q"), QueueOwnerAWSAccountId: new("123456789012")})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	_, err = b.client.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: new("http://h/123456789012/q"), MessageBody: new("x")})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	_, err = b.client.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: new("http://other-name:1/000000000000/q"), MessageBody: new("x")})
	wantError(t, err, "")
}

func TestBaseURLIsAskedEachTime(t *testing.T) {
	base := "http://first:1"
	b := serve(t, Options{BaseURL: func() string { return base }, AccountID: "42"})
	base = "http://second:2"
	url, arn, err := b.server.CreateQueue("q", nil)
	if err != nil || url != "http://second:2/42/q" || arn != "arn:aws:sqs:us-east-1:42:q" {
		t.Errorf("CreateQueue = %s, %s, %v", url, arn, err)
	}
}

func TestListQueuesPages(t *testing.T) {
	b := serve(t, Options{})
	for _, name := range []string{"b2", "a1", "b1", "b3"} {
		b.create(name, nil)
	}
	var got []string
	pages := sdk.NewListQueuesPaginator(b.client, &sdk.ListQueuesInput{QueueNamePrefix: new("b"), MaxResults: new(int32(2))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.QueueUrls {
			got = append(got, u[strings.LastIndex(u, "/")+1:])
		}
	}
	if !slices.Equal(got, []string{"b1", "b2", "b3"}) {
		t.Errorf("listed %v", got)
	}
}

func TestQueueAttributes(t *testing.T) {
	b := newTestQueue(t, map[string]string{"VisibilityTimeout": "45", "Policy": "{}"})
	ctx := t.Context()
	want := map[string]string{
		"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "VisibilityTimeout": "45", "MessageRetentionPeriod": "345600",
		"DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "MaximumMessageSize": "1048576", "Policy": "{}",
		"CreatedTimestamp": "1767323045", "LastModifiedTimestamp": "1767323045",
	}
	got := b.attributes(b.url)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s = %q, want %q", k, got[k], v)
		}
	}
	b.clock.advance(time.Second)
	_, err := b.client.SetQueueAttributes(ctx, &sdk.SetQueueAttributesInput{QueueUrl: &b.url, Attributes: map[string]string{"DelaySeconds": "7", "Policy": ""}})
	if err != nil {
		t.Fatal(err)
	}
	got = b.attributes(b.url)
	if got["DelaySeconds"] != "7" || got["VisibilityTimeout"] != "45" || got["Policy"] != "" || got["LastModifiedTimestamp"] != "1767323046" {
		t.Errorf("after SetQueueAttributes: %v", got)
	}
	_, err = b.client.SetQueueAttributes(ctx, &sdk.SetQueueAttributesInput{QueueUrl: &b.url, Attributes: map[string]string{"DelaySeconds": ""}})
	wantError(t, err, "InvalidAttributeValue")
	_, err = b.client.GetQueueAttributes(ctx, &sdk.GetQueueAttributesInput{QueueUrl: &b.url, AttributeNames: []types.QueueAttributeName{"Colour"}})
	wantError(t, err, "InvalidAttributeName")
	none, err := b.client.GetQueueAttributes(ctx, &sdk.GetQueueAttributesInput{QueueUrl: &b.url})
	if err != nil || len(none.Attributes) != 0 {
		t.Errorf("without names: %v, %v; want empty results", none, err)
	}
}

// "Deletes available messages in a queue (including in-flight messages)"; once a minute.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
func TestPurgeQueue(t *testing.T) {
	b := newTestQueue(t, nil)
	b.send("a")
	b.send("b")
	held := b.receive(b.url, 30)
	b.send("c")
	purge := func() error {
		_, err := b.client.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: &b.url})
		return err
	}
	wantError(t, purge(), "")
	b.counts(b.url, "0", "0", "0")
	wantError(t, b.remove(held[0].ReceiptHandle), "")
	wantError(t, purge(), "AWS.SimpleQueueService.PurgeQueueInProgress")
	b.clock.advance(time.Minute)
	wantError(t, purge(), "")
}

func TestProtocolErrors(t *testing.T) {
	b := newTestQueue(t, nil)
	web := httptest.NewServer(b.server)
	defer web.Close()
	tests := []struct {
		name, method, target, body, code string
	}{
		{"query protocol", "POST", "", "Action=ListQueues", "InvalidAction"},
		{"GET", "GET", "AmazonSQS.ListQueues", "", "InvalidAction"},
		{"unknown action", "POST", "AmazonSQS.Dance", "{}", "AWS.SimpleQueueService.UnsupportedOperation"},
		{"no JSON", "POST", "AmazonSQS.ListQueues", "<x>", "SerializationException"},
		{"wrong type", "POST", "AmazonSQS.ListQueues", `{"MaxResults":"many"}`, "SerializationException"},
		{"missing URL", "POST", "AmazonSQS.SendMessage", `{"MessageBody":"x"}`, "MissingParameter"},
		{"endless body", "POST", "AmazonSQS.SendMessage", strings.Repeat(" ", maxRequest+1), "AWS.SimpleQueueService.BatchRequestTooLong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, web.URL, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Amz-Target", tt.target)
			res, err := web.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got := res.Header.Get("X-Amzn-Query-Error"); res.StatusCode != http.StatusBadRequest || got != tt.code+";Sender" {
				t.Errorf("status %d, x-amzn-query-error %q, want 400, %s;Sender", res.StatusCode, got, tt.code)
			}
		})
	}
}

// Attributes set by this process are those that clients read.
func TestSetAttributes(t *testing.T) {
	b := newTestQueue(t, nil)
	if err := b.server.SetAttributes("q", map[string]string{"ReceiveMessageWaitTimeSeconds": "20"}); err != nil {
		t.Fatal(err)
	}
	out, err := b.client.GetQueueAttributes(t.Context(), &sdk.GetQueueAttributesInput{QueueUrl: &b.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil || out.Attributes["ReceiveMessageWaitTimeSeconds"] != "20" {
		t.Errorf("attributes %v, %v", out.Attributes, err)
	}
	if b.server.SetAttributes("none", nil) == nil || b.server.SetAttributes("q", map[string]string{"DelaySeconds": "901"}) == nil {
		t.Error("a queue that is not there, or a value out of range, is taken")
	}
}
