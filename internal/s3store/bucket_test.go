package s3store

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
)

const queueARN = "arn:aws:sqs:us-east-1:000000000000:q"

// The rules that a client puts are those that are read, on the stand-in.
func TestBucket(t *testing.T) {
	b := newBench(t)
	if got, err := b.store.Bucket(t.Context(), "bkt"); err != nil || len(got.Notifications) > 0 || got.EventBridge {
		t.Errorf("a bucket without rules is %+v, %v", got, err)
	}
	_, err := b.client.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String("bkt"), SkipDestinationValidation: aws.Bool(true),
		NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{
			{QueueArn: aws.String(queueARN), Events: []types.Event{"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"}, Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{
				{Name: "prefix", Value: aws.String("my+logs/%C3%BC/")}, {Name: "suffix", Value: aws.String(".gz")}}}}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := facts.SourceBucket{Name: "bkt", Notifications: []facts.Notification{{Target: facts.ToQueue, ARN: queueARN, Events: []string{"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"}, Prefix: "my logs/ü/", Suffix: ".gz"}}}
	if got, err := b.store.Bucket(t.Context(), "bkt"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the bucket is %+v, %v; want %+v", got, err, want)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
func TestBucketOfAllTargets(t *testing.T) {
	b := newBench(t)
	b.proxy.Disturb(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		fmt.Fprint(w, `<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
			<TopicConfiguration><Topic>arn:aws:sns:us-east-1:1:t</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration>
			<CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:us-east-1:1:function:f</CloudFunction><Event>s3:ObjectRemoved:*</Event>
				<Filter><S3Key><FilterRule><Name>Prefix</Name><Value>100%</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration>
			<EventBridgeConfiguration/></NotificationConfiguration>`)
	})
	want := facts.SourceBucket{Name: "bkt", EventBridge: true, Notifications: []facts.Notification{
		{Target: facts.ToTopic, ARN: "arn:aws:sns:us-east-1:1:t", Events: []string{"s3:ObjectCreated:*"}},
		{Target: facts.ToFunction, ARN: "arn:aws:lambda:us-east-1:1:function:f", Events: []string{"s3:ObjectRemoved:*"}, Prefix: "100%"}}}
	if got, err := b.store.Bucket(t.Context(), "bkt"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the bucket is %+v, %v; want %+v", got, err, want)
	}
	b.proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	if _, err := b.store.Bucket(t.Context(), "bkt"); err == nil || !strings.Contains(err.Error(), "s3://bkt") {
		t.Errorf("without permission: %v", err)
	}
}

func TestLacks(t *testing.T) {
	b := newBench(t)
	lacks := func(want ...string) {
		t.Helper()
		if got, err := b.store.Lacks(t.Context(), "bkt", "a/"); err != nil || !slices.Equal(got, want) {
			t.Errorf("it lacks %q, %v; want %q", got, err, want)
		}
	}
	lacks() // there is no key to ask for
	b.put("a/key", []byte("x"))
	lacks()
	refuse := func(method string) cloudtest.Disturbance {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == method {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		}
	}
	b.proxy.Disturb(refuse(http.MethodGet))
	lacks("s3:ListBucket")
	b.proxy.Disturb(refuse(http.MethodHead))
	lacks("s3:GetObject (or kms:Decrypt of its key)")
	b.proxy.Disturb(cloudtest.Status(http.StatusServiceUnavailable))
	if _, err := b.store.Lacks(t.Context(), "bkt", "a/"); !errkind.Is(err, errkind.Transient) {
		t.Errorf("a service that is away: %v", err)
	}
}

// A probe meets what a read would.
func TestProbe(t *testing.T) {
	b := newBench(t)
	e := b.put("key", []byte("some bytes"))
	if err := b.store.Probe(t.Context(), e); err != nil {
		t.Error(err)
	}
	changed, gone := e, object.Event{Source: object.Source{Bucket: "bkt", Key: "none"}}
	changed.ETag = "00000000000000000000000000000000"
	if err := b.store.Probe(t.Context(), changed); !errkind.Is(err, errkind.Exists) {
		t.Errorf("of another version: %v", err)
	}
	if err := b.store.Probe(t.Context(), gone); !errkind.Is(err, errkind.NotFound) {
		t.Errorf("of none: %v", err)
	}
}
