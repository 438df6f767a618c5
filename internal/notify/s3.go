package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seneka-io/seneka/internal/object"
)

// S3Message is what one SQS message says.
type S3Message struct {
	Events  []object.Event // an object was created; in the order of the message
	Test    bool           // s3:TestEvent, which S3 sends when notifications are configured: delete it
	Ignored int            // records of anything but a creation, such as a removal
}

const (
	// maxMessage is the longest message in bytes that SQS takes.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
	maxMessage = 1 << 20
	// maxName is the longest key or versionId in bytes that S3 gives.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
	maxName = 1024
)

// S3 reads the body of an SQS message in one of these envelopes:
//
//   - an S3 event notification, or the s3:TestEvent;
//   - an EventBridge event of S3;
//   - either of them as the Message of an SNS notification. With raw message delivery SNS adds no
//     envelope.
//
// If one record of a message is not understood the message is not: the error is of kind Permanent,
// and no event is returned.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
func S3(body []byte) (S3Message, error) {
	if len(body) > maxMessage {
		return S3Message{}, notUnderstood("SQS message", body, fmt.Errorf("over %d bytes, more than SQS carries", maxMessage))
	}
	m, err := decodeS3(body, true)
	if err != nil {
		return S3Message{}, notUnderstood("SQS message", body, err)
	}
	return m, nil
}

// envelope has the members by which the envelopes differ.
type envelope struct {
	Records []s3Record // S3

	Service, Event string // s3:TestEvent

	Type, Message, TopicArn string // SNS

	Version    string // EventBridge
	DetailType string `json:"detail-type"`
	Source     string
	Time       string
	Detail     s3Detail
}

func decodeS3(body []byte, wrapped bool) (S3Message, error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return S3Message{}, err
	}
	switch {
	case len(e.Records) > 0:
		return records(e.Records)
	case e.Event == "s3:TestEvent":
		return S3Message{Test: true}, nil
	case e.DetailType != "":
		return eventBridge(e)
	case e.Type == "Notification" && wrapped:
		m, err := decodeS3([]byte(e.Message), false)
		if err != nil {
			return S3Message{}, fmt.Errorf("message of SNS topic %s: %w", short(e.TopicArn), err)
		}
		return m, nil
	case e.Type != "":
		return S3Message{}, fmt.Errorf("SNS type %s", short(e.Type))
	}
	return S3Message{}, errors.New("neither an S3 event nor an SNS notification nor an EventBridge event")
}

// s3Record is one record of an S3 event notification. Structure 2.x only ever grows.
type s3Record struct {
	EventVersion, EventSource, EventName, EventTime string

	S3 struct {
		Bucket struct{ Name string }
		Object struct {
			Key       string // form-encoded: "red flower.jpg" comes as "red+flower.jpg"
			Size      *int64
			ETag      string
			VersionID string
			Sequencer string
		}
	}
}

func records(rs []s3Record) (m S3Message, err error) {
	for i, r := range rs {
		if r.EventSource != "aws:s3" {
			return S3Message{}, fmt.Errorf("Records[%d]: eventSource %s is not aws:s3", i, short(r.EventSource))
		}
		if major(r.EventVersion) != "2" {
			return S3Message{}, fmt.Errorf("Records[%d]: eventVersion %s is not 2.x", i, short(r.EventVersion))
		}
		// Lambda's documentation writes the name without its prefix, S3's with it.
		name := strings.TrimPrefix(r.EventName, "s3:")
		if name == "" {
			return S3Message{}, fmt.Errorf("Records[%d]: eventName is missing", i)
		}
		if !strings.HasPrefix(name, "ObjectCreated:") {
			m.Ignored++
			continue
		}
		event, err := r.event()
		if err != nil {
			return S3Message{}, fmt.Errorf("Records[%d]: %w", i, err)
		}
		m.Events = append(m.Events, event)
	}
	return m, nil
}

func (r s3Record) event() (object.Event, error) {
	o := r.S3.Object
	key, err := url.QueryUnescape(o.Key)
	if err != nil {
		return object.Event{}, fmt.Errorf("key %s is not form-encoded: %w", short(o.Key), err)
	}
	return newEvent(r.S3.Bucket.Name, key, o.ETag, o.VersionID, o.Sequencer, o.Size, r.EventTime)
}

// s3Detail is the detail of an EventBridge event of S3.
type s3Detail struct {
	Version string
	Bucket  struct{ Name string }
	Object  struct {
		Key       string // plain
		Size      *int64
		ETag      string
		VersionID string `json:"version-id"`
		Sequencer string
	}
}

func eventBridge(e envelope) (S3Message, error) {
	d := e.Detail
	switch {
	case e.Source != "aws.s3":
		return S3Message{}, fmt.Errorf("EventBridge source %s is not aws.s3", short(e.Source))
	case e.DetailType != "Object Created":
		return S3Message{Ignored: 1}, nil
	case major(e.Version) != "0" || major(d.Version) != "0":
		return S3Message{}, fmt.Errorf("EventBridge version %s, detail version %s: neither may be other than 0", short(e.Version), short(d.Version))
	}
	event, err := newEvent(d.Bucket.Name, d.Object.Key, d.Object.ETag, d.Object.VersionID, d.Object.Sequencer, d.Object.Size, e.Time)
	if err != nil {
		return S3Message{}, err
	}
	return S3Message{Events: []object.Event{event}}, nil
}

// newEvent checks that what tells a file and its version is there. Only versioned buckets have a
// version ID, and the documentation promises a sequencer for nothing but PUT and DELETE.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
func newEvent(bucket, key, etag, versionID, sequencer string, size *int64, at string) (object.Event, error) {
	etag = strings.Trim(etag, `"`)
	if err := required("bucket name", bucket, "object key", key, "object eTag", etag, "event time", at); err != nil {
		return object.Event{}, err
	}
	if size == nil || *size < 0 {
		return object.Event{}, errors.New("object size is missing or negative")
	}
	if !utf8.ValidString(key) { // a table could not tell it from others
		return object.Event{}, fmt.Errorf("key %s is not UTF-8, as every key in S3 is", short(key))
	}
	for name, value := range map[string]string{"object key": key, "object eTag": etag, "version ID": versionID, "sequencer": sequencer} {
		if len(value) > maxName {
			return object.Event{}, fmt.Errorf("%s %s is %d bytes long, more than the %d that S3 gives", name, short(value), len(value), maxName)
		}
	}
	t, err := awsTime("event time", at)
	if err != nil {
		return object.Event{}, err
	}
	return object.Event{
		Source:    object.Source{Bucket: bucket, Key: key},
		Version:   object.Version{ETag: etag, Size: *size},
		VersionID: versionID,
		Sequencer: sequencer,
		Time:      t,
	}, nil
}

// awsTime reads the time of an event, ISO 8601 by the documentation. S3 writes UTC and says so; moto
// leaves the zone out.
func awsTime(name, value string) (time.Time, error) {
	const withoutZone = "2006-01-02T15:04:05"
	if t, err := time.Parse(withoutZone, value); err == nil {
		return t, nil
	}
	return parseTime(name, value)
}
