package notify

import (
	"crypto/md5"
	"encoding/json"
	"hash/crc32"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// finalize returns the attributes of a notification with some of them replaced; "" removes one.
func finalize(replace ...string) map[string]string {
	a := map[string]string{
		"notificationConfig":  "projects/_/buckets/landing/notificationConfigs/3",
		"eventType":           "OBJECT_FINALIZE",
		"payloadFormat":       "JSON_API_V1",
		"bucketId":            "landing",
		"objectId":            "b/a b+ü.gz",
		"objectGeneration":    "1767323045678901",
		"eventTime":           "2026-01-02T03:04:05.678901Z",
		"overwroteGeneration": "1",
	}
	for i := 0; i < len(replace); i += 2 {
		if a[replace[i]] = replace[i+1]; replace[i+1] == "" {
			delete(a, replace[i])
		}
	}
	return a
}

// resource returns an object resource of the JSON API, likewise; values are JSON.
func resource(replace ...string) string {
	r := map[string]json.RawMessage{
		"kind":         json.RawMessage(`"storage#object"`),
		"id":           json.RawMessage(`"landing/b/a b+ü.gz/1767323045678901"`),
		"bucket":       json.RawMessage(`"landing"`),
		"name":         json.RawMessage(`"b/a b+ü.gz"`),
		"generation":   json.RawMessage(`"1767323045678901"`),
		"contentType":  json.RawMessage(`"application/gzip"`),
		"size":         json.RawMessage(`"9"`),
		"md5Hash":      json.RawMessage(`"JfnnlDI7RTiF9RgfG2JNCw=="`),
		"crc32c":       json.RawMessage(`"4waSgw=="`),
		"etag":         json.RawMessage(`"CLq="`),
		"timeCreated":  json.RawMessage(`"2026-01-02T03:04:05.678Z"`),
		"storageClass": json.RawMessage(`"STANDARD"`),
		"metadata":     json.RawMessage(`{"seneka-bucket":"b"}`),
	}
	for i := 0; i < len(replace); i += 2 {
		if r[replace[i]] = json.RawMessage(replace[i+1]); replace[i+1] == "" {
			delete(r, replace[i])
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return "{" // not JSON: the replacement was not
	}
	return string(b)
}

func notification() Notification {
	sum := md5.Sum([]byte("123456789"))
	return Notification{
		ID:        "m1",
		EventType: ObjectFinalize,
		Object:    object.Landed{Bucket: "landing", Name: "b/a b+ü.gz", Generation: 1767323045678901},
		EventTime: time.Date(2026, 1, 2, 3, 4, 5, 678901e3, time.UTC),
		Published: pushed().Published,
		Description: object.Description{
			Size: 9, MD5: sum[:],
			// The CRC32C of "123456789", the check value of the algorithm's catalogue.
			CRC32C: crc32.Checksum([]byte("123456789"), crc32.MakeTable(crc32.Castagnoli)), HasCRC32C: true,
			Created: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Metadata: map[string]string{"seneka-bucket": "b"},
		},
	}
}

func finalized(attributes map[string]string, data string) (Notification, error) {
	return Finalized(PushMessage{MessageID: "m1", Published: pushed().Published, Attributes: attributes, Data: []byte(data)})
}

func TestFinalized(t *testing.T) {
	with := func(change func(*Notification)) Notification {
		n := notification()
		change(&n)
		return n
	}
	bare := func(n *Notification) { n.Description = object.Description{} }
	tests := []struct {
		name       string
		attributes map[string]string
		data       string
		want       Notification
	}{
		{"with payload", finalize(), resource(), notification()},
		{"without payload", finalize("payloadFormat", "NONE"), "", with(bare)},
		{"no custom metadata", finalize(), resource("metadata", ""), with(func(n *Notification) { n.Metadata = map[string]string{} })},
		{"no checksum", finalize(), resource("crc32c", ""), with(func(n *Notification) { n.CRC32C, n.HasCRC32C = 0, false })},
		{"checksum 0", finalize(), resource("crc32c", `"AAAAAA=="`), with(func(n *Notification) { n.CRC32C = 0 })},
		{"composed of parts: no MD5", finalize(), resource("md5Hash", ""), with(func(n *Notification) { n.MD5 = nil })},
		{"no time of creation", finalize(), resource("timeCreated", ""), with(func(n *Notification) { n.Created = time.Time{} })},
		{"empty object", finalize(), resource("size", `"0"`), with(func(n *Notification) { n.Size = 0 })},
		{"event time in seconds, no configuration", finalize("eventTime", "2026-01-02T03:04:05+09:00", "notificationConfig", ""), resource(),
			with(func(n *Notification) { n.EventTime = time.Date(2026, 1, 1, 18, 4, 5, 0, time.UTC) })},
		{"no event time", finalize("eventTime", ""), resource(), with(func(n *Notification) { n.EventTime = time.Time{} })},
		{"deletion, its payload unread", finalize("eventType", "OBJECT_DELETE"), "{", with(func(n *Notification) { bare(n); n.EventType = "OBJECT_DELETE" })},
		{"an event type of tomorrow", finalize("eventType", "OBJECT_MOVED", "payloadFormat", "V2"), "", with(func(n *Notification) { bare(n); n.EventType = "OBJECT_MOVED" })},
	}
	for _, tt := range tests {
		if got, err := finalized(tt.attributes, tt.data); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", tt.name, got, err, tt.want)
		}
	}
}

func TestFinalizedRefusals(t *testing.T) {
	tests := []struct {
		name       string
		attributes map[string]string
		data       string
		want       string
	}{
		{"no attributes", nil, resource(), "in Pub/Sub message m1 not understood: attribute eventType is missing"},
		{"no event type", finalize("eventType", ""), resource(), "attribute eventType is missing"},
		{"no bucket", finalize("bucketId", ""), resource(), "attribute bucketId is missing"},
		{"no object", finalize("objectId", ""), resource(), "attribute objectId is missing"},
		{"no generation", finalize("objectGeneration", ""), resource(), "attribute objectGeneration is missing"},
		{"generation 0", finalize("objectGeneration", "0"), resource(), `attribute objectGeneration "0" is no generation`},
		{"generation in words", finalize("objectGeneration", "one"), resource(), `attribute objectGeneration "one" is no generation`},
		{"generation over 63 bits", finalize("objectGeneration", "9223372036854775808"), resource(), "is no generation"},
		{"event time", finalize("eventTime", "now"), resource(), `attribute eventTime "now" is no RFC 3339 time`},
		{"no payload format", finalize("payloadFormat", ""), resource(), `attribute payloadFormat "" is neither JSON_API_V1 nor NONE`},
		{"payload format of tomorrow", finalize("payloadFormat", "JSON_API_V2"), resource(), `attribute payloadFormat "JSON_API_V2"`},

		{"empty payload", finalize(), "", "payload: unexpected end of JSON input"},
		{"payload of no JSON", finalize(), "hello", "payload: invalid character"},
		{"huge payload", finalize(), strings.Repeat("x", 1<<20), "payload: invalid character"},
		{"another bucket", finalize(), resource("bucket", `"other"`), `the attributes name "gs://landing/b/a b+ü.gz#1767323045678901", the payload "gs://other/`},
		{"another name", finalize(), resource("name", `"b/c"`), `the payload "gs://landing/b/c#1767323045678901"`},
		{"another generation", finalize(), resource("generation", `"2"`), `the payload "gs://landing/b/a b+ü.gz#2"`},
		{"no identity", finalize(), resource("name", ""), `the payload "gs://landing/#`},
		{"generation as a number", finalize(), resource("generation", "2"), "payload: json:"},
		{"no size", finalize(), resource("size", ""), "payload: size is missing or negative"},
		{"negative size", finalize(), resource("size", `"-1"`), "payload: size is missing or negative"},
		{"size in words", finalize(), resource("size", `"many"`), "payload: json:"},
		{"checksum of five bytes", finalize(), resource("crc32c", `"AAAAAAA="`), `payload: crc32c "AAAAAAA=" is not base64 of 4 bytes`},
		{"checksum of no base64", finalize(), resource("crc32c", `"!"`), `payload: crc32c "!" is not`},
		{"MD5 of four bytes", finalize(), resource("md5Hash", `"4waSgw=="`), `payload: md5Hash "4waSgw==" is not base64 of 16 bytes`},
		{"time of creation", finalize(), resource("timeCreated", `"now"`), `payload: timeCreated "now" is no RFC 3339 time`},
		{"metadata of no text", finalize(), resource("metadata", `{"a":1}`), "payload: json:"},
	}
	for _, tt := range tests {
		n, err := finalized(tt.attributes, tt.data)
		checkRefused(t, tt.name, err, tt.want)
		if !reflect.DeepEqual(n, Notification{}) {
			t.Errorf("%s: an error and %+v", tt.name, n)
		}
	}
}

func FuzzFinalized(f *testing.F) {
	a := finalize()
	f.Add(a["eventType"], a["payloadFormat"], a["bucketId"], a["objectId"], a["objectGeneration"], []byte(resource()))
	f.Add("OBJECT_DELETE", "NONE", "b", "o", "1", []byte(nil))
	f.Fuzz(func(t *testing.T, eventType, format, bucket, name, generation string, data []byte) {
		n, err := finalized(finalize("eventType", eventType, "payloadFormat", format, "bucketId", bucket,
			"objectId", name, "objectGeneration", generation), string(data))
		switch {
		case err != nil && !errkind.Is(err, errkind.Permanent):
			t.Errorf("error %v of kind %v", err, errkind.Of(err))
		case err == nil && (n.Object.Bucket != bucket || n.Object.Name != name || n.Object.Generation <= 0 || n.Size < 0):
			t.Errorf("attributes of %s/%s gave %+v", bucket, name, n)
		}
	})
}

// A CloudEvent that comes straight from Cloud Storage says the same as the notification.
func TestDelivered(t *testing.T) {
	headers := header("Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "e1", "ce-time", "2026-01-02T03:04:05.678901Z",
		"ce-source", "//storage.googleapis.com/projects/_/buckets/landing", "ce-subject", "objects/b/a b", "ce-type", finalizedEvent)
	want := notification()
	want.ID, want.Published = "e1", want.EventTime

	got, err := Delivered(headers, []byte(resource()))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("binary:\n got %+v, %v\nwant %+v", got, err, want)
	}
	body := `{"specversion":"1.0","id":"e1","time":"2026-01-02T03:04:05.678901Z","type":"` + finalizedEvent + `","data":` + resource() + `}`
	got, err = Delivered(header("Content-Type", "application/cloudevents+json"), []byte(body))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("structured:\n got %+v, %v\nwant %+v", got, err, want)
	}
	headers.Set("Ce-Type", storageEvent+"deleted")
	if got, err := Delivered(headers, []byte(resource())); err != nil || got.EventType == ObjectFinalize {
		t.Errorf("deleted: %+v, %v; want another event type", got, err)
	}
}

func TestDeliveredRefusals(t *testing.T) {
	headers := header("Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "e1", "ce-type", finalizedEvent)
	for name, body := range map[string]string{
		"no bucket":     `{"name":"n","generation":"1","size":"1"}`,
		"no name":       `{"bucket":"b","generation":"1","size":"1"}`,
		"no generation": `{"bucket":"b","name":"n","size":"1"}`,
		"no size":       `{"bucket":"b","name":"n","generation":"1"}`,
		"not JSON":      `hello`,
	} {
		if got, err := Delivered(headers, []byte(body)); !errkind.Is(err, errkind.Permanent) || err == nil {
			t.Errorf("%s: %+v, %v; want a permanent error", name, got, err)
		}
	}
	if got, err := Delivered(header("Content-Type", "application/json"), []byte("hello")); err == nil {
		t.Errorf("neither push nor event: %+v, want an error", got)
	}
}
