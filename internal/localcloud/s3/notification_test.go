package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (b *bench) notify(configurations ...types.QueueConfiguration) error {
	_, err := b.client.PutBucketNotificationConfiguration(b.t.Context(), &sdk.PutBucketNotificationConfigurationInput{
		Bucket: new("bkt"), NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: configurations},
	})
	return err
}

// conf is a configuration for the queue with events and a filter.
func conf(prefix, suffix string, events ...types.Event) types.QueueConfiguration {
	q := types.QueueConfiguration{QueueArn: new(queueARN), Events: events}
	var rules []types.FilterRule
	if prefix != "" {
		rules = append(rules, types.FilterRule{Name: "prefix", Value: &prefix})
	}
	if suffix != "" {
		rules = append(rules, types.FilterRule{Name: "suffix", Value: &suffix})
	}
	if rules != nil {
		q.Filter = &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: rules}}
	}
	return q
}

const anyCreated types.Event = "s3:ObjectCreated:*"

// The structure is that of
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html, field
// by field and in its order.
func TestEventStructure(t *testing.T) {
	b := serve(t, Options{Now: fixed, Region: "eu-west-1"})
	q := conf("", "", anyCreated)
	q.Id = new("testConfigRule")
	wantError(t, b.notify(q), "")
	b.put("dir/red flower+ü.jpg", "body")
	body := b.queue.wait(t, 2)[1]
	ids := regexp.MustCompile(`"x-amz-request-id":"[0-9A-F]{16}","x-amz-id-2":"[0-9a-f]{48}"`)
	if !ids.MatchString(body) {
		t.Errorf("no response elements in %s", body)
	}
	want := `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-01-02T03:04:05.678Z",` +
		`"eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AWS:LOCAL"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},` +
		`"responseElements":{},"s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule","bucket":{"name":"bkt",` +
		`"ownerIdentity":{"principalId":"LOCAL"},"arn":"arn:aws:s3:::bkt"},"object":{"key":"dir/red+flower%2B%C3%BC.jpg","size":4,` +
		`"eTag":"841a2d689ad86bd1611447453c22c6fc","sequencer":"001886CAF2450D6320"}}}]}`
	if got := ids.ReplaceAllString(body, ""); got != want {
		t.Errorf("event\n%s\nwant\n%s", got, want)
	}
}

func TestEventNames(t *testing.T) {
	b := serve(t, Options{})
	wantError(t, b.notify(conf("", "", anyCreated)), "")
	b.queue.wait(t, 1)
	b.put("k", "x")
	if _, err := b.client.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: new("bkt"), Key: new("copy"), CopySource: new("bkt/k")}); err != nil {
		t.Fatal(err)
	}
	id := b.begin()
	p := b.part(id, 1, []byte("part"))
	done, err := b.complete(id, p)
	if err != nil {
		t.Fatal(err)
	}
	b.post("form", "posted")
	want := map[string]eventObject{
		"ObjectCreated:Put":                     {Key: "k", Size: 1, ETag: "9dd4e461268c8034f5c8564e155c67a6"},
		"ObjectCreated:Copy":                    {Key: "copy", Size: 1, ETag: "9dd4e461268c8034f5c8564e155c67a6"},
		"ObjectCreated:CompleteMultipartUpload": {Key: "k", Size: 4, ETag: strings.Trim(*done.ETag, `"`)},
		"ObjectCreated:Post":                    {Key: "form", Size: 6, ETag: fmt.Sprintf("%x", md5.Sum([]byte("posted")))},
	}
	for _, r := range b.queue.records(t, 5) {
		got := r.S3.Object
		w := want[r.EventName]
		w.Sequencer = got.Sequencer
		if got != w || !regexp.MustCompile(`^[0-9A-F]{18}$`).MatchString(got.Sequencer) {
			t.Errorf("%s: %+v, want %+v", r.EventName, got, w)
		}
		delete(want, r.EventName)
	}
	for name := range want {
		t.Errorf("no event %s", name)
	}
}

// post uploads a browser's form.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
func (b *bench) post(key, body string) {
	b.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("key", key)
	file, err := w.CreateFormFile("file", "f")
	if err != nil {
		b.t.Fatal(err)
	}
	_, _ = file.Write([]byte(body))
	w.Close()
	res, err := http.Post(b.url+"/bkt", w.FormDataContentType(), &form)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if res.StatusCode/100 != 2 {
		b.t.Fatalf("POST: %s", res.Status)
	}
}

// Deletes and failed writes make no event, and an event tells its own version.
func TestEventsOfVersions(t *testing.T) {
	b := serve(t, Options{})
	b.versioning(types.BucketVersioningStatusEnabled)
	wantError(t, b.notify(conf("", "", anyCreated)), "")
	put := b.put("k", "x")
	b.delete("k", "")
	_, err := b.client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: new("bkt"), Key: new("k"), Body: strings.NewReader(""), IfMatch: new("*")})
	wantError(t, err, "NoSuchKey")
	last := b.put("k", "y")
	records := b.queue.records(t, 3)
	if len(records) != 2 {
		t.Fatalf("%d events, want 2: %+v", len(records), records)
	}
	got := map[string]bool{records[0].S3.Object.VersionID: true, records[1].S3.Object.VersionID: true}
	if !got[*put.VersionId] || !got[*last.VersionId] {
		t.Errorf("events of versions %v, want %s and %s", got, *put.VersionId, *last.VersionId)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
func TestFilters(t *testing.T) {
	tests := []struct {
		name string
		conf QueueConfiguration
		key  string
		kind string
		want bool
	}{
		{"all", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}}, "k", "Put", true},
		{"its own kind", QueueConfiguration{Events: []string{"s3:ObjectCreated:Copy"}}, "k", "Copy", true},
		{"another kind", QueueConfiguration{Events: []string{"s3:ObjectCreated:Copy"}}, "k", "Put", false},
		{"prefix", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Prefix: "logs/"}, "logs/a", "Put", true},
		{"not the prefix", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Prefix: "logs/"}, "log", "Put", false},
		{"suffix", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Suffix: ".gz"}, "a.gz", "Put", true},
		{"not the suffix", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Suffix: ".gz"}, "a.gz.tmp", "Put", false},
		{"both", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Prefix: "a", Suffix: "z"}, "a.z", "Put", true},
		{"space as +", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Prefix: "a+b"}, "a b/c", "Put", true},
		{"encoded", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Prefix: "a%2Bb"}, "a+b", "Put", true},
		{"wildcards are none", QueueConfiguration{Events: []string{"s3:ObjectCreated:*"}, Suffix: "*"}, "abc", "Put", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.conf.matches("ObjectCreated:"+tt.kind, tt.key); got != tt.want {
				t.Errorf("matches = %v, want %v", got, tt.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
func TestNotificationErrors(t *testing.T) {
	b := serve(t, Options{})
	put := func(n types.NotificationConfiguration) error {
		_, err := b.client.PutBucketNotificationConfiguration(t.Context(), &sdk.PutBucketNotificationConfigurationInput{Bucket: new("bkt"), NotificationConfiguration: &n})
		return err
	}
	queues := func(q ...types.QueueConfiguration) types.NotificationConfiguration {
		return types.NotificationConfiguration{QueueConfigurations: q}
	}
	twice := conf("a", "", anyCreated)
	twice.Filter.Key.FilterRules = append(twice.Filter.Key.FilterRules, types.FilterRule{Name: "Prefix", Value: new("b")})
	middle := conf("a", "", anyCreated)
	middle.Filter.Key.FilterRules[0].Name = "middle"
	noARN := conf("", "", anyCreated)
	noARN.QueueArn = new("https://queue")
	sameID := []types.QueueConfiguration{conf("a", "", anyCreated), conf("b", "", anyCreated)}
	sameID[0].Id, sameID[1].Id = new("x"), new("x")
	tests := []struct {
		name string
		n    types.NotificationConfiguration
		code string
	}{
		{"topics", types.NotificationConfiguration{TopicConfigurations: []types.TopicConfiguration{{TopicArn: new("arn:aws:sns:us-east-1:0:t"), Events: []types.Event{anyCreated}}}}, "NotImplemented"},
		{"functions", types.NotificationConfiguration{LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{LambdaFunctionArn: new("arn:aws:lambda:us-east-1:0:function:f"), Events: []types.Event{anyCreated}}}}, "NotImplemented"},
		{"EventBridge", types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}}, "NotImplemented"},
		{"events of deletes", queues(conf("", "", "s3:ObjectRemoved:*")), "NotImplemented"},
		{"no such event", queues(conf("", "", "s3:ObjectCreated:Magic")), "InvalidArgument"},
		{"no event of S3", queues(conf("", "", "Created")), "InvalidArgument"},
		{"no ARN", queues(noARN), "InvalidArgument"},
		{"two prefixes", queues(twice), "InvalidArgument"},
		{"no such rule", queues(middle), "InvalidArgument"},
		{"the same ID", queues(sameID...), "InvalidArgument"},
		{"overlap: no filters", queues(conf("", "", anyCreated), conf("", "", anyCreated)), "InvalidArgument"},
		{"overlap: a prefix of the other", queues(conf("a", "", anyCreated), conf("a/b", "", "s3:ObjectCreated:Put")), "InvalidArgument"},
		{"overlap: prefix here, suffix there", queues(conf("a", "", anyCreated), conf("", ".gz", anyCreated)), "InvalidArgument"},
		{"no overlap: other prefixes", queues(conf("a", "", anyCreated), conf("b", "", anyCreated)), ""},
		{"no overlap: other events", queues(conf("", "", "s3:ObjectCreated:Put"), conf("", ".gz", "s3:ObjectCreated:Copy")), ""},
		{"no overlap: other suffixes", queues(conf("a", ".gz", anyCreated), conf("a", ".log", anyCreated)), ""},
		{"nothing: notifications off", queues(), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, put(tt.n), tt.code) })
	}
	_, err := b.client.PutBucketNotificationConfiguration(t.Context(), &sdk.PutBucketNotificationConfigurationInput{
		Bucket: new("nowhere"), NotificationConfiguration: new(queues(conf("", "", anyCreated))),
	})
	wantError(t, err, "NoSuchBucket")
	_, err = b.client.GetBucketNotificationConfiguration(t.Context(), &sdk.GetBucketNotificationConfigurationInput{Bucket: new("nowhere")})
	wantError(t, err, "NoSuchBucket")
}

func TestNotificationIsKept(t *testing.T) {
	b := serve(t, Options{})
	wantError(t, b.notify(conf("logs/", ".gz", anyCreated, "s3:ObjectCreated:Put")), "")
	for range 2 {
		got, err := b.client.GetBucketNotificationConfiguration(t.Context(), &sdk.GetBucketNotificationConfigurationInput{Bucket: new("bkt")})
		if err != nil || len(got.QueueConfigurations) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		q := got.QueueConfigurations[0]
		if *q.QueueArn != queueARN || *q.Id == "" || len(q.Events) != 2 || len(q.Filter.Key.FilterRules) != 2 || *q.Filter.Key.FilterRules[0].Value != "logs/" {
			t.Errorf("%+v", q)
		}
		b = b.restarted()
	}
}

// "Amazon S3 sends the following test message": the fields of the user guide. A queue that does not
// take it fails the whole call.
func TestTestEvent(t *testing.T) {
	b := serve(t, Options{Now: fixed})
	b.queue.fail(errors.New("no such queue"))
	wantError(t, b.notify(conf("", "", anyCreated)), "InvalidArgument")
	got, err := b.client.GetBucketNotificationConfiguration(t.Context(), &sdk.GetBucketNotificationConfigurationInput{Bucket: new("bkt")})
	if err != nil || len(got.QueueConfigurations) != 0 {
		t.Errorf("a refused configuration is there: %+v, %v", got, err)
	}
	_, err = b.client.PutBucketNotificationConfiguration(t.Context(), &sdk.PutBucketNotificationConfigurationInput{
		Bucket: new("bkt"), SkipDestinationValidation: new(true),
		NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{conf("", "", anyCreated)}},
	})
	wantError(t, err, "")
	b.queue.fail(nil)
	wantError(t, b.notify(conf("a", "", anyCreated), conf("b", "", anyCreated)), "")
	bodies := b.queue.wait(t, 1)
	var e map[string]string
	if err := json.Unmarshal([]byte(bodies[0]), &e); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 1 || e["Service"] != "Amazon S3" || e["Event"] != "s3:TestEvent" || e["Time"] != "2026-01-02T03:04:05.678Z" || e["Bucket"] != "bkt" || len(e["RequestId"]) != 16 || e["HostId"] == "" {
		t.Errorf("test events %v", bodies)
	}
}

// The local cloud sets its notifications at every start: only a change is one.
func TestSetNotification(t *testing.T) {
	b := serve(t, Options{})
	want := QueueConfiguration{QueueARN: queueARN, Events: []string{"s3:ObjectCreated:*"}}
	for range 2 {
		for range 2 {
			if err := b.server.SetNotification(t.Context(), "bkt", want); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(b.queue.wait(t, 1)); n != 1 {
			t.Errorf("%d test events, want 1", n)
		}
		b = b.restarted()
	}
	want.Prefix = "x"
	if err := b.server.SetNotification(t.Context(), "bkt", want); err != nil {
		t.Fatal(err)
	}
	b.queue.wait(t, 2)
	if err := b.server.SetNotification(t.Context(), "nowhere", want); err == nil {
		t.Error("a bucket that is not there took notifications")
	}
	if err := b.server.SetNotification(t.Context(), "bkt", QueueConfiguration{}); err == nil {
		t.Error("a configuration of nothing was taken")
	}
	if err := b.server.SetNotification(t.Context(), "bkt"); err != nil {
		t.Error(err)
	}
}

func TestNoQueuesHere(t *testing.T) {
	s, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket("bkt"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNotification(context.Background(), "bkt", QueueConfiguration{QueueARN: queueARN, Events: []string{"s3:ObjectCreated:*"}}); err == nil {
		t.Error("a server without queues took notifications")
	}
}
