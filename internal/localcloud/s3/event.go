package s3

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// created tells of one object that was made.
type created struct {
	region  string
	name    string // ObjectCreated:Put and so on
	key     string
	version *version
	call    *call
}

// The structure of an event, version 2.1.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type (
	eventRecord struct {
		EventVersion      string        `json:"eventVersion"`
		EventSource       string        `json:"eventSource"`
		AWSRegion         string        `json:"awsRegion"`
		EventTime         string        `json:"eventTime"`
		EventName         string        `json:"eventName"`
		UserIdentity      principal     `json:"userIdentity"`
		RequestParameters eventRequest  `json:"requestParameters"`
		ResponseElements  eventResponse `json:"responseElements"`
		S3                eventS3       `json:"s3"`
	}
	principal struct {
		PrincipalID string `json:"principalId"`
	}
	eventRequest struct {
		SourceIPAddress string `json:"sourceIPAddress"`
	}
	eventResponse struct {
		RequestID string `json:"x-amz-request-id"`
		HostID    string `json:"x-amz-id-2"`
	}
	eventS3 struct {
		SchemaVersion   string      `json:"s3SchemaVersion"`
		ConfigurationID string      `json:"configurationId"`
		Bucket          eventBucket `json:"bucket"`
		Object          eventObject `json:"object"`
	}
	eventBucket struct {
		Name          string    `json:"name"`
		OwnerIdentity principal `json:"ownerIdentity"`
		ARN           string    `json:"arn"`
	}
	eventObject struct {
		Key       string `json:"key"`
		Size      int64  `json:"size"`
		ETag      string `json:"eTag"`
		VersionID string `json:"versionId,omitempty"`
		Sequencer string `json:"sequencer"`
	}
	eventRecords struct {
		Records []eventRecord `json:"Records"`
	}
)

const localPrincipal = "LOCAL"

// events returns what the bucket's notifications say of c, one event per configuration that
// matches. They have no ID yet.
func (b *bucket) events(c created) []event {
	var out []event
	for _, q := range b.notify.Queues {
		if q.matches(c.name, c.key) {
			out = append(out, event{Queue: q.QueueARN, Body: c.body(b.name, q.ID)})
		}
	}
	return out
}

func (c created) body(bucketName, configurationID string) string {
	v := c.version
	return toJSON(eventRecords{[]eventRecord{{
		EventVersion:      "2.1",
		EventSource:       "aws:s3",
		AWSRegion:         c.region,
		EventTime:         stamp(v.Modified),
		EventName:         c.name,
		UserIdentity:      principal{"AWS:" + localPrincipal},
		RequestParameters: eventRequest{c.call.ip},
		ResponseElements:  eventResponse{c.call.requestID, c.call.hostID},
		S3: eventS3{
			SchemaVersion:   "1.0",
			ConfigurationID: configurationID,
			Bucket:          eventBucket{bucketName, principal{localPrincipal}, "arn:aws:s3:::" + bucketName},
			Object:          eventObject{encodeKey(c.key), v.Size, v.ETag, v.ID, sequencer(v.Seq)},
		},
	}}})
}

// encodeKey returns the key as events hold it: form-encoded, "red flower.jpg" as "red+flower.jpg",
// with its slashes kept.
func encodeKey(key string) string {
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}

// sequencer returns a sequence number as events hold it: hexadecimal, to be compared as text.
func sequencer(seq uint64) string { return fmt.Sprintf("%018X", seq) }

// stamp is ISO 8601 in UTC with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// testEvent is what a queue gets when notifications to it are set.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
type testEvent struct {
	Service   string
	Event     string
	Time      string
	Bucket    string
	RequestID string `json:"RequestId"`
	HostID    string `json:"HostId"`
}

// toJSON marshals one of the types above, which always marshal.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
