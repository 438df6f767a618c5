package notify

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// pushBody is the example of https://cloud.google.com/pubsub/docs/push#receive_push with a delivery
// attempt, which Pub/Sub adds when the subscription has a dead-letter topic.
const pushBody = `{
    "deliveryAttempt": 5,
    "message": {
        "attributes": {
            "key": "value"
        },
        "data": "SGVsbG8gQ2xvdWQgUHViL1N1YiEgSGVyZSBpcyBteSBtZXNzYWdlIQ==",
        "messageId": "2070443601311540",
        "message_id": "2070443601311540",
        "publishTime": "2021-02-26T19:13:55.749Z",
        "publish_time": "2021-02-26T19:13:55.749Z"
    },
   "subscription": "projects/myproject/subscriptions/mysubscription"
}`

func pushed() PushMessage {
	return PushMessage{
		MessageID:       "2070443601311540",
		Published:       time.Date(2021, 2, 26, 19, 13, 55, 749e6, time.UTC),
		Attributes:      map[string]string{"key": "value"},
		Data:            []byte("Hello Cloud Pub/Sub! Here is my message!"),
		Subscription:    "projects/myproject/subscriptions/mysubscription",
		DeliveryAttempt: 5,
	}
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// structured returns a CloudEvent in the JSON format around one more member.
func structured(member string) string {
	return `{"specversion":"1.0","id":"2070443601311540","source":"//pubsub.googleapis.com/projects/p/topics/t",` +
		`"type":"` + messagePublished + `","datacontenttype":"application/json","time":"2021-02-26T19:13:55.749Z",` + member + `}`
}

var (
	jsonType   = header("Content-Type", "application/json")
	structType = header("Content-Type", "application/cloudevents+json; charset=utf-8")
	binaryType = header("Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "2070443601311540",
		"ce-source", "//pubsub.googleapis.com/projects/p/topics/t", "ce-type", messagePublished, "ce-time", "2021-02-26T19:13:55.749Z")
)

func TestPushShapes(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		body   string
	}{
		{"raw", jsonType, pushBody},
		{"raw without headers", nil, pushBody},
		{"raw with a content type of no use", header("Content-Type", ";;"), pushBody},
		{"CloudEvent binary", binaryType, pushBody},
		{"CloudEvent structured", structType, structured(`"data":` + pushBody)},
		{"CloudEvent structured in base64", structType, structured(`"data_base64":"` + base64.StdEncoding.EncodeToString([]byte(pushBody)) + `"`)},
		{"CloudEvent 1.1", structType, strings.Replace(structured(`"data":`+pushBody), `"1.0"`, `"1.1"`, 1)},
		{"one spelling", jsonType, strings.NewReplacer(`"message_id": "2070443601311540",`, "", `"publish_time"`, `"x"`).Replace(pushBody)},
		{"the other spelling", jsonType, strings.NewReplacer(`"messageId": "2070443601311540",`, "", `"publishTime"`, `"x"`).Replace(pushBody)},
	}
	for _, tt := range tests {
		if got, err := Push(tt.header, []byte(tt.body)); err != nil || !reflect.DeepEqual(got, pushed()) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", tt.name, got, err, pushed())
		}
	}
}

func TestPushOptionalMembers(t *testing.T) {
	got, err := Push(jsonType, []byte(`{"message":{"messageId":"1"}}`))
	if want := (PushMessage{MessageID: "1"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestPushRefusals(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		body   string
		want   string
	}{
		{"empty", jsonType, "", "unexpected end of JSON input"},
		{"text", jsonType, "hello", "invalid character"},
		{"unwrapped", jsonType, `{"kind":"storage#object","name":"a"}`, "message is missing; payload unwrapping must be off"},
		{"null message", jsonType, `{"message":null}`, "message is missing"},
		{"message is text", jsonType, `{"message":"a"}`, "cannot unmarshal string"},
		{"no message ID", jsonType, `{"message":{"data":"YQ=="}}`, "messageId is missing"},
		{"data is no base64", jsonType, `{"message":{"data":"%%%","messageId":"1"}}`, "illegal base64 data"},
		{"publish time", jsonType, `{"message":{"messageId":"1","publishTime":"soon"}}`, `publishTime "soon" is no RFC 3339 time`},
		{"attribute of no text", jsonType, `{"message":{"messageId":"1","attributes":{"a":1}}}`, "cannot unmarshal number"},
		{"delivery attempt", jsonType, `{"message":{"messageId":"1"},"deliveryAttempt":"5"}`, "cannot unmarshal string"},
		{"huge", jsonType, `{"message":"` + strings.Repeat("x", 1<<20), "more bytes"},
		{"deep", jsonType, strings.Repeat(`{"message":`, 1<<18), "exceeded max depth"},

		{"binary of another type", header("ce-specversion", "1.0", "ce-type", "google.cloud.storage.object.v1.finalized"), pushBody, `CloudEvent type "google.cloud.storage.object.v1.finalized" is not google.cloud.pubsub`},
		{"binary without a type", header("ce-specversion", "1.0"), pushBody, `CloudEvent type is missing`},
		{"binary of version 0.3", header("ce-specversion", "0.3", "ce-type", messagePublished), pushBody, `CloudEvent specversion "0.3" is not 1.x`},
		{"batched", header("Content-Type", "application/cloudevents-batch+json"), "[]", `content type "application/cloudevents-batch+json" is not application/cloudevents+json`},
		{"structured in Avro", header("Content-Type", "application/cloudevents+avro"), "x", `content type "application/cloudevents+avro"`},
		{"structured of version 2", structType, strings.Replace(structured(`"data":{}`), `"1.0"`, `"2.0"`, 1), `CloudEvent specversion "2.0" is not 1.x`},
		{"structured without version", structType, `{"type":"` + messagePublished + `"}`, `CloudEvent specversion "" is not 1.x`},
		{"structured without data", structType, structured(`"x":1`), "CloudEvent without data"},
		{"structured with null", structType, structured(`"data":null`), "message is missing"},
		{"structured with data twice", structType, structured(`"data":{},"data_base64":""`), "both data and data_base64"},
		{"structured with bad base64", structType, structured(`"data_base64":"*"`), "data_base64: illegal base64"},
		{"structured with text", structType, structured(`"data":"e30="`), "cannot unmarshal string"},
		{"structured cut off", structType, `{"specversion`, "unexpected end of JSON input"},
	}
	for _, tt := range tests {
		_, err := Push(tt.header, []byte(tt.body))
		checkRefused(t, tt.name, err, tt.want)
	}
}

func FuzzPush(f *testing.F) {
	f.Add("application/json", "", "", []byte(pushBody))
	f.Add("application/json", "1.0", messagePublished, []byte(pushBody))
	f.Add("application/cloudevents+json", "", "", []byte(structured(`"data":`+pushBody)))
	f.Add("application/cloudevents+json", "", "", []byte(structured(`"data_base64":"e30="`)))
	body, err := json.Marshal(map[string]any{"message": map[string]any{"messageId": "1", "attributes": finalize("x", "y"), "data": []byte(resource("x", "y"))}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("application/json", "", "", body)
	f.Fuzz(func(t *testing.T, contentType, version, typ string, body []byte) {
		m, err := Push(header("Content-Type", contentType, "ce-specversion", version, "ce-type", typ), body)
		if err == nil && m.MessageID == "" {
			t.Error("a message without an ID")
		}
		if err == nil {
			_, err = Finalized(m)
		}
		if err != nil && !errkind.Is(err, errkind.Permanent) {
			t.Errorf("error %v of kind %v", err, errkind.Of(err))
		}
	})
}
