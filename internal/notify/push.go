package notify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
)

// PushMessage is a Pub/Sub message as a push subscription delivers it.
type PushMessage struct {
	MessageID       string // unique within the topic; the same for each delivery of a message
	Published       time.Time
	Attributes      map[string]string
	Data            []byte
	Subscription    string // projects/P/subscriptions/S
	DeliveryAttempt int    // 1, 2, …; 0 without a dead-letter topic
}

// messagePublished is the type of the CloudEvent that Eventarc makes of a Pub/Sub message.
// https://cloud.google.com/eventarc/docs/event-format
const messagePublished = "google.cloud.pubsub.topic.v1.messagePublished"

// Push reads the request of a Pub/Sub push subscription in one of three shapes: the body that
// Pub/Sub itself sends, the same body as the data of a CloudEvent in binary mode, and a CloudEvent
// in structured mode around it. Unwrapped messages, which have no such body, are not understood.
// The error is of kind Permanent. The caller bounds the size of body.
//
// https://cloud.google.com/pubsub/docs/push#receive_push
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
func Push(header http.Header, body []byte) (PushMessage, error) {
	e, err := unwrap(header, body)
	if err == nil && e.Type != "" && e.Type != messagePublished {
		err = fmt.Errorf("CloudEvent type %s is not %s", short(e.Type), messagePublished)
	}
	if err != nil {
		return PushMessage{}, notUnderstood("Pub/Sub push", body, err)
	}
	m, err := decodePush(e.Data)
	if err != nil {
		return PushMessage{}, notUnderstood("Pub/Sub push", body, err)
	}
	return m, nil
}

// cloudEvent is the part of a CloudEvent that is looked at. Type is empty where the request is none:
// Data is then the whole body.
type cloudEvent struct {
	Type, ID, Time string
	Data           []byte
}

// unwrap returns the CloudEvent that a request is, in binary or structured mode.
func unwrap(header http.Header, body []byte) (cloudEvent, error) {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err == nil && strings.HasPrefix(media, "application/cloudevents") {
		if media != "application/cloudevents+json" {
			return cloudEvent{}, fmt.Errorf("content type %s is not application/cloudevents+json", short(media))
		}
		return parseStructured(body)
	}
	if version := header.Get("Ce-Specversion"); version != "" {
		e := cloudEvent{header.Get("Ce-Type"), header.Get("Ce-Id"), header.Get("Ce-Time"), body}
		return e, checkCloudEvent(version, e.Type)
	}
	return cloudEvent{Data: body}, nil
}

// parseStructured reads a CloudEvent in the JSON format.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
func parseStructured(body []byte) (cloudEvent, error) {
	var e struct {
		SpecVersion, Type, ID, Time string
		Data                        json.RawMessage
		Base64                      *string `json:"data_base64"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return cloudEvent{}, err
	}
	if err := checkCloudEvent(e.SpecVersion, e.Type); err != nil {
		return cloudEvent{}, err
	}
	event := cloudEvent{e.Type, e.ID, e.Time, e.Data}
	switch {
	case e.Base64 != nil && e.Data != nil:
		return cloudEvent{}, errors.New("CloudEvent with both data and data_base64")
	case e.Base64 != nil:
		data, err := base64.StdEncoding.DecodeString(*e.Base64)
		if err != nil {
			return cloudEvent{}, fmt.Errorf("CloudEvent data_base64: %w", err)
		}
		event.Data = data
	case e.Data == nil:
		return cloudEvent{}, errors.New("CloudEvent without data")
	}
	return event, nil
}

func checkCloudEvent(specVersion, typ string) error {
	if major(specVersion) != "1" {
		return fmt.Errorf("CloudEvent specversion %s is not 1.x", short(specVersion))
	}
	return required("CloudEvent type", typ)
}

// decodePush reads {"message": {…}, "subscription": …}. Pub/Sub sends some members in two
// spellings; the documented one goes first.
func decodePush(data []byte) (PushMessage, error) {
	var p struct {
		Message *struct {
			Data         []byte // base64
			Attributes   map[string]string
			MessageID    string
			MessageID2   string `json:"message_id"`
			PublishTime  string
			PublishTime2 string `json:"publish_time"`
		}
		Subscription    string
		DeliveryAttempt int
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return PushMessage{}, err
	}
	if p.Message == nil {
		return PushMessage{}, errors.New("message is missing; payload unwrapping must be off for the subscription")
	}
	m := p.Message
	if m.MessageID == "" {
		m.MessageID = m.MessageID2
	}
	if m.PublishTime == "" {
		m.PublishTime = m.PublishTime2
	}
	if err := required("messageId", m.MessageID); err != nil {
		return PushMessage{}, err
	}
	published, err := parseTime("publishTime", m.PublishTime)
	if err != nil {
		return PushMessage{}, err
	}
	return PushMessage{m.MessageID, published, m.Attributes, m.Data, p.Subscription, p.DeliveryAttempt}, nil
}
