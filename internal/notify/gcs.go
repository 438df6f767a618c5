package notify

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/object"
)

// ObjectFinalize is the event type of a new object, or of a new generation of one.
const ObjectFinalize = "OBJECT_FINALIZE"

// Notification is what Cloud Storage says of one object.
type Notification struct {
	ID        string // of the Pub/Sub message or of the CloudEvent, for logs
	EventType string // only ObjectFinalize is of interest; acknowledge any other
	Object    object.Landed
	EventTime time.Time // when the event occurred; zero if not told
	Published time.Time // when Pub/Sub took the message; zero if not told

	// Only a payload has it, and only that of ObjectFinalize is read: without one its Metadata is
	// nil, else never.
	object.Description
}

// Finalized reads the Cloud Storage notification in m. What the object is follows from the
// message's attributes; a payload that speaks of another object is an error. Errors are of kind
// Permanent.
//
// https://cloud.google.com/storage/docs/pubsub-notifications#attributes
// https://cloud.google.com/storage/docs/json_api/v1/objects#resource
func Finalized(m PushMessage) (Notification, error) {
	n, err := attributes(m)
	if err == nil && n.EventType == ObjectFinalize {
		err = n.payload(m.Attributes["payloadFormat"], m.Data)
	}
	if err != nil {
		seen := fmt.Sprintf("attributes %v data %s", m.Attributes, m.Data[:min(len(m.Data), maxExcerpt)])
		return Notification{}, notUnderstood("Cloud Storage notification in Pub/Sub message "+m.MessageID, []byte(seen), err)
	}
	return n, nil
}

func attributes(m PushMessage) (Notification, error) {
	a := m.Attributes
	if err := required("attribute eventType", a["eventType"], "attribute bucketId", a["bucketId"],
		"attribute objectId", a["objectId"], "attribute objectGeneration", a["objectGeneration"]); err != nil {
		return Notification{}, err
	}
	generation, err := strconv.ParseInt(a["objectGeneration"], 10, 64)
	if err != nil || generation <= 0 {
		return Notification{}, fmt.Errorf("attribute objectGeneration %s is no generation", short(a["objectGeneration"]))
	}
	at, err := parseTime("attribute eventTime", a["eventTime"])
	if err != nil {
		return Notification{}, err
	}
	return Notification{
		ID:        m.MessageID,
		EventType: a["eventType"],
		Object:    object.Landed{Bucket: a["bucketId"], Name: a["objectId"], Generation: generation},
		EventTime: at,
		Published: m.Published,
	}, nil
}

// payload takes in data, which is in the given format.
func (n *Notification) payload(format string, data []byte) error {
	switch format {
	case "NONE":
		return nil
	case "JSON_API_V1":
		return n.resource(data)
	}
	return fmt.Errorf("attribute payloadFormat %s is neither JSON_API_V1 nor NONE", short(format))
}

// resource takes in the object's resource, which must be the one that n names.
func (n *Notification) resource(data []byte) error {
	r, err := parseResource(data)
	if err != nil {
		return err
	}
	if r.Object != n.Object {
		return fmt.Errorf("the attributes name %s, the payload %s", short(n.Object.String()), short(r.Object.String()))
	}
	n.Description = r.Description
	return nil
}

// parseResource reads an object's resource of the JSON API, in which 64-bit numbers are strings and
// checksums are base64 of their big-endian bytes.
func parseResource(data []byte) (n Notification, err error) {
	var r struct {
		Bucket, Name string
		Generation   int64  `json:",string"`
		Size         *int64 `json:",string"`
		MD5Hash      string
		CRC32C       string
		TimeCreated  string
		Metadata     map[string]string
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return Notification{}, fmt.Errorf("payload: %w", err)
	}
	n.Object = object.Landed{Bucket: r.Bucket, Name: r.Name, Generation: r.Generation}
	if r.Size == nil || *r.Size < 0 {
		return Notification{}, errors.New("payload: size is missing or negative")
	}
	if n.MD5, err = checksum("md5Hash", r.MD5Hash, md5.Size); err != nil {
		return Notification{}, err
	}
	sum, err := checksum("crc32c", r.CRC32C, crc32.Size)
	if err != nil {
		return Notification{}, err
	}
	if sum != nil {
		n.CRC32C, n.HasCRC32C = binary.BigEndian.Uint32(sum), true
	}
	if n.Created, err = parseTime("payload: timeCreated", r.TimeCreated); err != nil {
		return Notification{}, err
	}
	n.Size, n.Metadata = *r.Size, r.Metadata
	if n.Metadata == nil {
		n.Metadata = map[string]string{}
	}
	return n, nil
}

// checksum returns the bytes of a checksum of size bytes; nil if there is none.
func checksum(name, text string, size int) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != size {
		return nil, fmt.Errorf("payload: %s %s is not base64 of %d bytes", name, short(text), size)
	}
	return sum, nil
}

// storageEvent begins the types of the CloudEvents that Cloud Storage sends through Eventarc;
// finalizedEvent is the one that says the same as ObjectFinalize.
// https://cloud.google.com/eventarc/docs/event-format
const (
	storageEvent   = "google.cloud.storage.object.v1."
	finalizedEvent = storageEvent + "finalized"
)

// Delivered reads a request that tells of an object of Cloud Storage: the notification in a Pub/Sub
// push, in each shape that Push takes, or a CloudEvent that comes straight from Cloud Storage. The
// error is of kind Permanent. The caller bounds the size of body.
func Delivered(header http.Header, body []byte) (Notification, error) {
	e, err := unwrap(header, body)
	if err != nil || !strings.HasPrefix(e.Type, storageEvent) {
		m, err := Push(header, body)
		if err != nil {
			return Notification{}, err
		}
		return Finalized(m)
	}
	n, err := direct(e)
	if err != nil {
		return Notification{}, notUnderstood("CloudEvent of Cloud Storage", body, err)
	}
	return n, nil
}

// direct reads a CloudEvent whose data is the object's resource.
func direct(e cloudEvent) (n Notification, err error) {
	if e.Type != finalizedEvent {
		return Notification{ID: e.ID, EventType: e.Type}, nil
	}
	if n, err = parseResource(e.Data); err != nil {
		return Notification{}, err
	}
	if err := required("payload: bucket", n.Object.Bucket, "payload: name", n.Object.Name); err != nil {
		return Notification{}, err
	}
	if n.Object.Generation <= 0 {
		return Notification{}, errors.New("payload: generation is missing")
	}
	n.ID, n.EventType = e.ID, ObjectFinalize
	n.EventTime, err = parseTime("CloudEvent time", e.Time)
	n.Published = n.EventTime
	return n, err
}
