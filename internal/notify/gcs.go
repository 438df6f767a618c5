package notify

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/seneka-io/seneka/internal/object"
)

// ObjectFinalize is the event type of a new object, or of a new generation of one.
const ObjectFinalize = "OBJECT_FINALIZE"

// Notification is what Cloud Storage says of one object.
type Notification struct {
	EventType string // only ObjectFinalize is of interest; acknowledge any other
	Object    object.Landed
	EventTime time.Time // when the event occurred; zero if not told
	Published time.Time // when Pub/Sub took the message; zero if not told

	// Only a payload has these, and only that of ObjectFinalize is read.
	Size      int64 // bytes
	CRC32C    uint32
	HasCRC32C bool
	Metadata  map[string]string // custom metadata; nil without a payload, else not nil
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

// resource takes in the object's resource of the JSON API, in which 64-bit numbers are strings and
// the CRC32C is base64 of its big-endian bytes.
func (n *Notification) resource(data []byte) error {
	var r struct {
		Bucket, Name string
		Generation   int64  `json:",string"`
		Size         *int64 `json:",string"`
		CRC32C       string
		Metadata     map[string]string
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	if named := (object.Landed{Bucket: r.Bucket, Name: r.Name, Generation: r.Generation}); named != n.Object {
		return fmt.Errorf("the attributes name %s, the payload %s", short(n.Object.String()), short(named.String()))
	}
	if r.Size == nil || *r.Size < 0 {
		return errors.New("payload: size is missing or negative")
	}
	if r.CRC32C != "" {
		sum, err := base64.StdEncoding.DecodeString(r.CRC32C)
		if err != nil || len(sum) != 4 {
			return fmt.Errorf("payload: crc32c %s is not base64 of four bytes", short(r.CRC32C))
		}
		n.CRC32C, n.HasCRC32C = binary.BigEndian.Uint32(sum), true
	}
	n.Size, n.Metadata = *r.Size, r.Metadata
	if n.Metadata == nil {
		n.Metadata = map[string]string{}
	}
	return nil
}
