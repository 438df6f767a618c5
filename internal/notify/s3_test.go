package notify

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bySNS wraps message as SNS does for a queue without raw message delivery.
func bySNS(t testing.TB, message []byte) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]string{
		"Type":             "Notification",
		"MessageId":        "63a3f6b6-d533-4a47-aef9-fcf5cf758c76",
		"TopicArn":         "arn:aws:sns:us-west-2:123456789012:logs",
		"Subject":          "Amazon S3 Notification",
		"Message":          string(message),
		"Timestamp":        "2012-03-29T05:12:16.901Z",
		"SignatureVersion": "1",
		"Signature":        "EXAMPLE",
		"SigningCertURL":   "https://sns.us-west-2.amazonaws.com/cert.pem",
		"UnsubscribeURL":   "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func event(bucket, key, etag string, size int64, versionID, sequencer string, at time.Time) object.Event {
	return object.Event{
		Source:    object.Source{Bucket: bucket, Key: key},
		Version:   object.Version{ETag: etag, Size: size},
		VersionID: versionID, Sequencer: sequencer, Time: at,
	}
}

func TestS3Samples(t *testing.T) {
	tests := map[string]S3Message{
		"lambda-promtail_s3-event.json": {Events: []object.Event{event("sourcebucket", "Happy Face.jpg",
			"d41d8cd98f00b204e9800998ecf8427e", 1024, "version", "Happy Sequencer", time.UnixMilli(123).UTC())}},
		"lambda-promtail_s3-event-generated-tags.json": {Events: []object.Event{event("aws-landing-zone-logs-000000000000-eu-central-1",
			"AWSLogs/000000000000/CloudTrail/us-east-1/2026/07/16/example_CloudTrail_us-east-1.json.gz",
			"d41d8cd98f00b204e9800998ecf8427e", 1469, "096fKKXTRTtl3on89fVO.nfljtsv6qko", "0055AED6DCD90281E5",
			time.Date(2026, 7, 16, 18, 42, 13, 683e6, time.UTC))}},
		"lambda-promtail_s3-test-event.json": {Test: true},
		"lambda-promtail_eventbridge-s3-event.json": {Events: []object.Event{event("bucket", "pizza.txt",
			"8adc5937e635f6c9af646f0b23560fae", 100, "", "0064E8E7E6404BABBD", time.Date(2023, 8, 25, 17, 41, 58, 0, time.UTC))}},
	}
	for name, want := range tests {
		for envelope, body := range map[string][]byte{"plain": sample(t, name), "by SNS": bySNS(t, sample(t, name))} {
			if got, err := S3(body); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s:\n got %+v, %v\nwant %+v", name, envelope, got, err, want)
			}
		}
	}
}

// What Lambda hands to a function for SNS and SQS is no SQS message of S3.
func TestS3LambdaShells(t *testing.T) {
	for name, want := range map[string]string{
		"lambda-promtail_sns-event.json": `Records[0]: eventSource "aws:sns" is not aws:s3`,
		"lambda-promtail_sqs-event.json": `Records[0]: eventSource "aws:sqs" is not aws:s3`,
	} {
		checkRefused(t, name, errOf(S3(sample(t, name))), want)
	}
}

func errOf[T any](_ T, err error) error { return err }

// checkRefused asserts an error of kind Permanent that holds want and stays short.
func checkRefused(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || !errkind.Is(err, errkind.Permanent) {
		t.Errorf("%s: error %v of kind %v, want a permanent one with %q", name, err, errkind.Of(err), want)
	} else if len(err.Error()) > 2500 {
		t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
	}
}

// record returns one S3 record with some of its members replaced; "" removes one.
func record(replace ...string) string {
	members := map[string]string{
		"eventVersion": `"2.1"`, "eventSource": `"aws:s3"`, "eventName": `"ObjectCreated:Put"`,
		"eventTime": `"2026-01-02T03:04:05.678Z"`,
		"bucket":    `{"name":"b"}`, "key": `"k"`, "size": `7`, "eTag": `"e"`, "sequencer": `"0A"`,
	}
	for i := 0; i < len(replace); i += 2 {
		members[replace[i]] = replace[i+1]
	}
	join := func(names ...string) string {
		var out []string
		for _, n := range names {
			if members[n] != "" {
				out = append(out, fmt.Sprintf("%q:%s", n, members[n]))
			}
		}
		return strings.Join(out, ",")
	}
	members["object"] = "{" + join("key", "size", "eTag", "sequencer", "versionId") + "}"
	members["s3"] = "{" + join("bucket", "object") + "}"
	return "{" + join("eventVersion", "eventSource", "eventName", "eventTime", "s3", "new") + "}"
}

func message(records ...string) []byte {
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

func TestS3Keys(t *testing.T) {
	for encoded, want := range map[string]string{
		"red+flower.jpg":       "red flower.jpg",
		"red%20flower.jpg":     "red flower.jpg",
		"a%2Bb":                "a+b",
		"dt%3D2026-01-02/x.gz": "dt=2026-01-02/x.gz",
		"%C3%BC/%E6%97%A5":     "ü/日",
		"ü":                    "ü",
		"100%25":               "100%",
		"%2541":                "%41", // decoded once
		"a%0Ab":                "a\nb",
		"dir/":                 "dir/",
		"../../etc":            "../../etc",
	} {
		key, err := json.Marshal(encoded)
		if err != nil {
			t.Fatal(err)
		}
		m, err := S3(message(record("key", string(key))))
		if err != nil || len(m.Events) != 1 || m.Events[0].Key != want {
			t.Errorf("key %q: got %+v, %v; want %q", encoded, m, err, want)
		}
	}
}

func TestS3EventBridgeKeysArePlain(t *testing.T) {
	body := strings.Replace(string(sample(t, "lambda-promtail_eventbridge-s3-event.json")), "pizza.txt", "a+b%20%zz c.gz", 1)
	m, err := S3([]byte(body))
	if err != nil || len(m.Events) != 1 || m.Events[0].Key != "a+b%20%zz c.gz" {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestS3Records(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	plain := event("b", "k", "e", 7, "", "0A", at)
	tests := []struct {
		name string
		body []byte
		want S3Message
	}{
		{"one", message(record()), S3Message{Events: []object.Event{plain}}},
		{"name with prefix", message(record("eventName", `"s3:ObjectCreated:CompleteMultipartUpload"`)), S3Message{Events: []object.Event{plain}}},
		{"quoted ETag", message(record("eTag", `"\"e\""`)), S3Message{Events: []object.Event{plain}}},
		{"later minor version and new members", message(record("eventVersion", `"2.99"`, "new", `{"a":[1]}`)), S3Message{Events: []object.Event{plain}}},
		{"empty object", message(record("size", "0")), S3Message{Events: []object.Event{event("b", "k", "e", 0, "", "0A", at)}}},
		{"no sequencer", message(record("sequencer", "")), S3Message{Events: []object.Event{event("b", "k", "e", 7, "", "", at)}}},
		{"null version ID", message(record("versionId", "null")), S3Message{Events: []object.Event{plain}}},
		{"version ID", message(record("versionId", `"v.1"`)), S3Message{Events: []object.Event{event("b", "k", "e", 7, "v.1", "0A", at)}}},
		{"over 4 GiB", message(record("size", "5497558138880")), S3Message{Events: []object.Event{event("b", "k", "e", 5<<40, "", "0A", at)}}},
		{"other events are ignored", message(
			record("eventName", `"ObjectRemoved:Delete"`, "size", "", "eTag", ""), record(),
			record("eventName", `"s3:ObjectRestore:Completed"`)),
			S3Message{Events: []object.Event{plain}, Ignored: 2}},
		{"removals only", message(record("eventName", `"ObjectRemoved:DeleteMarkerCreated"`)), S3Message{Ignored: 1}},
		{"EventBridge deletion", []byte(`{"version":"0","detail-type":"Object Deleted","source":"aws.s3"}`), S3Message{Ignored: 1}},
	}
	for _, tt := range tests {
		if got, err := S3(tt.body); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", tt.name, got, err, tt.want)
		}
	}
}

// S3 says that its times are UTC; moto's say nothing, have no sequencer and do without most of the rest.
func TestS3TimeWithoutZone(t *testing.T) {
	const byMoto = `{"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
		"eventTime": "2026-11-22T10:02:38.790822", "eventName": "ObjectCreated:Put", "s3": {"s3SchemaVersion": "1.0",
		"configurationId": "x", "bucket": {"name": "logs", "arn": "arn:aws:s3:::logs"},
		"object": {"key": "alb%2Fa+b.gz", "size": 483, "eTag": "1668fd606e61354810fec051d73bd68c"}}}]}`
	m, err := S3([]byte(byMoto))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 10, 2, 38, 790822000, time.UTC)
	if want := event("logs", "alb/a b.gz", "1668fd606e61354810fec051d73bd68c", 483, "", "", at); len(m.Events) != 1 || m.Events[0] != want {
		t.Errorf("got %+v, want %+v", m.Events, want)
	}
}

func TestS3ManyRecordsKeepTheirOrder(t *testing.T) {
	const n = 3000
	rs := make([]string, n)
	for i := range rs {
		rs[i] = record("key", fmt.Sprintf(`"k%d"`, i))
	}
	m, err := S3(bySNS(t, message(rs...)))
	if err != nil || len(m.Events) != n {
		t.Fatalf("%d events, %v", len(m.Events), err)
	}
	for i, e := range m.Events {
		if e.Key != fmt.Sprintf("k%d", i) {
			t.Fatalf("event %d has key %s", i, e.Key)
		}
	}
}

func TestS3Refusals(t *testing.T) {
	eventBridge := string(sample(t, "lambda-promtail_eventbridge-s3-event.json"))
	tests := []struct{ name, body, want string }{
		{"empty", "", "unexpected end of JSON input"},
		{"text", "hello", "invalid character"},
		{"cut off", `{"Records":[`, "unexpected end of JSON input"},
		{"array", "[]", "cannot unmarshal array"},
		{"empty object", "{}", "neither an S3 event nor an SNS notification nor an EventBridge event"},
		{"null", "null", "neither an S3 event"},
		{"no records", `{"Records":[]}`, "neither an S3 event"},
		{"another service's test", `{"Service":"Amazon S3","Event":"s3:OtherEvent"}`, "neither an S3 event"},
		{"huge", `{"x":"` + strings.Repeat("\x01", 1<<20), "more bytes"},
		{"huge value", string(message(record("eventSource", `"`+strings.Repeat("x", 1<<19)+`"`))), "is not aws:s3"},
		{"deep", strings.Repeat("[", 1<<20), "exceeded max depth"},

		{"major version 1", string(message(record("eventVersion", `"1.0"`))), `Records[0]: eventVersion "1.0" is not 2.x`},
		{"major version 3", string(message(record(), record("eventVersion", `"3.0"`))), `Records[1]: eventVersion "3.0" is not 2.x`},
		{"major version 22", string(message(record("eventVersion", `"22.0"`))), `eventVersion "22.0" is not 2.x`},
		{"no version", string(message(record("eventVersion", ""))), `eventVersion "" is not 2.x`},
		{"no event name", string(message(record("eventName", ""))), "Records[0]: eventName is missing"},
		{"no event time", string(message(record("eventTime", ""))), "Records[0]: event time is missing"},
		{"bad event time", string(message(record("eventTime", `"yesterday"`))), `event time "yesterday" is no RFC 3339 time`},
		{"no bucket", string(message(record("bucket", ""))), "bucket name is missing"},
		{"no key", string(message(record("key", ""))), "object key is missing"},
		{"empty key", string(message(record("key", `""`))), "object key is missing"},
		{"no ETag", string(message(record("eTag", ""))), "object eTag is missing"},
		{"quotes for an ETag", string(message(record("eTag", `"\"\""`))), "object eTag is missing"},
		{"no size", string(message(record("size", ""))), "object size is missing or negative"},
		{"negative size", string(message(record("size", "-1"))), "object size is missing or negative"},
		{"size over 63 bits", string(message(record("size", "9223372036854775808"))), "cannot unmarshal number"},
		{"size in words", string(message(record("size", `"7"`))), "cannot unmarshal string"},
		{"key too long", string(message(record("key", `"`+strings.Repeat("k", 1025)+`"`))), "is 1025 bytes long, more than the 1024 that S3 gives"},
		{"ETag too long", string(message(record("eTag", `"`+strings.Repeat("e", 1025)+`"`))), "object eTag"},
		{"sequencer too long", string(message(record("sequencer", `"`+strings.Repeat("0", 1025)+`"`))), "sequencer"},
		{"over a mebibyte", strings.Repeat(" ", 1<<20) + "{}", "over 1048576 bytes, more than SQS carries"},
		{"escape cut off", string(message(record("key", `"a%2"`))), `key "a%2" is not form-encoded`},
		{"not UTF-8", string(message(record("key", `"a%FF"`))), `key "a\xff" is not UTF-8`},
		{"escape of no hex", string(message(record("key", `"%zz"`))), `key "%zz" is not form-encoded`},
		{"one bad record of two", string(message(record(), record("key", `"%"`))), `Records[1]: key "%"`},

		{"SNS subscription", `{"Type":"SubscriptionConfirmation","Message":"You have chosen"}`, `SNS type "SubscriptionConfirmation"`},
		{"SNS text", string(bySNS(t, []byte("Hello from SNS!"))), "message of SNS topic \"arn:aws:sns:us-west-2:123456789012:logs\": invalid character"},
		{"SNS in SNS", string(bySNS(t, bySNS(t, message(record())))), `SNS type "Notification"`},

		{"EventBridge of another source", strings.Replace(eventBridge, "aws.s3", "aws.ec2", 1), `EventBridge source "aws.ec2" is not aws.s3`},
		{"EventBridge version", strings.Replace(eventBridge, `"version": "0"`, `"version": "1"`, 1), `EventBridge version "1"`},
		{"EventBridge detail version", strings.Replace(eventBridge, `    "version": "0"`, `    "version": "9"`, 1), `detail version "9"`},
		{"EventBridge without key", strings.Replace(eventBridge, `"key"`, `"kex"`, 1), "object key is missing"},
	}
	for _, tt := range tests {
		m, err := S3([]byte(tt.body))
		checkRefused(t, tt.name, err, tt.want)
		if !reflect.DeepEqual(m, S3Message{}) {
			t.Errorf("%s: an error and %+v", tt.name, m)
		}
	}
}

func FuzzS3(f *testing.F) {
	for _, name := range []string{"s3-event", "s3-test-event", "sns-event", "sqs-event", "eventbridge-s3-event", "s3-event-generated-tags"} {
		f.Add(sample(f, "lambda-promtail_"+name+".json"))
	}
	f.Add(bySNS(f, message(record(), record("key", `"a+%3D"`))))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := S3(body)
		if err != nil {
			if !errkind.Is(err, errkind.Permanent) || !reflect.DeepEqual(m, S3Message{}) {
				t.Errorf("error %v of kind %v beside %+v", err, errkind.Of(err), m)
			}
			return
		}
		if !m.Test && len(m.Events) == 0 && m.Ignored == 0 {
			t.Error("understood, but says nothing")
		}
		for _, e := range m.Events {
			if e.Bucket == "" || e.Key == "" || e.ETag == "" || e.Size < 0 || e.Time.IsZero() && !strings.Contains(string(body), "0001-01-01") {
				t.Errorf("incomplete event %+v", e)
			}
		}
	})
}
