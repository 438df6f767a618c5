package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
	"github.com/seneka-io/seneka/internal/row"
)

// samples are real messages: see testdata/SOURCES.tsv.
var samples = []string{"testdata/cloudwatch/lambda-promtail-event.json.gz", "testdata/cloudwatch/vrl.json.gz"}

// countEvents counts the events of all messages, and one more for what is cut short at the end.
func countEvents(data []byte) (n int) {
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var m struct{ LogEvents []json.RawMessage }
		start := dec.InputOffset()
		if err := dec.Decode(&m); err != nil {
			if len(bytes.TrimSpace(data[start:])) > 0 {
				n++
			}
			return n
		}
		n += len(m.LogEvents)
	}
}

func TestCloudWatch(t *testing.T) {
	formattest.Suite{Format: CloudWatch(), Samples: samples, Records: countEvents}.Run(t)
}

// What VRL makes of its example, we do too.
func TestAgainstVRL(t *testing.T) {
	text, err := os.ReadFile("testdata/vrl_examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Examples []struct {
			Return map[string]any
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil || len(doc.Examples) != 1 {
		t.Fatal(err)
	}
	message := doc.Examples[0].Return
	event := message["log_events"].([]any)[0].(map[string]any)
	var parsed any
	if err := json.Unmarshal([]byte(event["message"].(string)), &parsed); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"event_id": event["id"], "message": event["message"], "event_time": "2020-09-14T19:09:29.039000Z", // VRL writes …29.039Z
		"log_group": message["log_group"], "log_stream": message["log_stream"], "owner": message["owner"],
		"subscription_filters": message["subscription_filters"], "message_json": parsed, // which VRL does not have
	}
	rows := decode(t, string(formattest.Plain(t, samples[1])))
	var got map[string]any
	if err := json.Unmarshal(rows[0].Row, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("error %v\ngot  %v\nwant %v", err, got, want)
	}
}

func decode(t *testing.T, text string) []formattest.Outcome {
	t.Helper()
	return formattest.MustDecode(t, CloudWatch(), strings.NewReader(text))
}

const control = `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1440442987000,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`

func message(events ...string) string {
	return `{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[` + strings.Join(events, ",") + `],"policyLevel":"ACCOUNT"}`
}

func event(id int, more string) string {
	return fmt.Sprintf(`{"id":"%d","timestamp":%d%s}`, id, 1440442987000+id, more)
}

// Messages stand one behind the other; those without events and control messages are none.
func TestMessages(t *testing.T) {
	first := message(event(1, `,"message":"a"`), event(2, `,"message":"[1]","extractedFields":{"x":"1"}`))
	text := control + first + message() + "not JSON\n" + message(event(3, `,"ingestion":{"a":1}`)) + control + `{"a":1}`
	const shared = `"owner":"1","subscription_filters":["f"]`
	want := []string{
		`1 {"event_time":"2015-08-24T19:03:07.001000Z","log_group":"g","log_stream":"s","message":"a","event_id":"1",` + shared + `,"extra":{"policyLevel":"ACCOUNT"}}`,
		`2 {"event_time":"2015-08-24T19:03:07.002000Z","log_group":"g","log_stream":"s","message":"[1]","message_json":[1],"event_id":"2",` + shared + `,"extracted_fields":{"x":"1"},"extra":{"policyLevel":"ACCOUNT"}}`,
		`3 a record is a JSON object, and this is none`,
		`4 {"event_time":"2015-08-24T19:03:07.003000Z","log_group":"g","log_stream":"s","event_id":"3",` + shared + `,"extra":{"logEvents[0].ingestion":{"a":1},"policyLevel":"ACCOUNT"}}`,
		`5 another kind of record: it has no messageType`,
	}
	var got []string
	for _, o := range decode(t, text) {
		got = append(got, fmt.Sprintf("%d %s%s", o.Line, o.Row, o.Reject))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Firehose compresses what CloudWatch Logs has compressed already, each message by itself.
func TestCompressedTwice(t *testing.T) {
	var members bytes.Buffer
	for id := range 3 {
		pack(t, &members, []byte(message(event(id, ""))))
	}
	var file bytes.Buffer
	pack(t, &file, members.Bytes())
	plain, err := format.Decompress(&file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(plain)
	if err != nil || len(decode(t, string(data))) != 3 {
		t.Errorf("%q, error %v", data, err)
	}
}

func pack(t *testing.T, w io.Writer, data []byte) {
	t.Helper()
	zip := gzip.NewWriter(w)
	if _, err := zip.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWrongEvent(t *testing.T) {
	all := decode(t, message(event(1, ""), `{"timestamp":"x"}`)+message(event(2, "")))
	if len(all) != 2 || all[0].Reject != `column log_events.timestamp: "x" is not a number` || all[1].Line != 2 || all[1].Reject != "" {
		t.Errorf("got %v", all)
	}
}

func FuzzCloudWatch(f *testing.F) {
	f.Add(formattest.Plain(f, samples[0]))
	f.Add([]byte(control + message(event(1, `,"message":"{}"`), event(2, "")) + `{"messageType":""}`))
	enc, err := row.NewEncoder(CloudWatch().Spec.Columns)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		jsonlogtest.Stable(t, &format.Format{Spec: row.Spec{Columns: messages.Schema()}, New: messages.Decoder}, data, "")
		all, err := formattest.Decode(CloudWatch(), bytes.NewReader(data), format.Options{MaxRecord: jsonlogtest.Limit})
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range all {
			if o.Line != int64(i+1) {
				t.Fatalf("event %d says it is %d", i+1, o.Line)
			}
		}
		rec := row.NewRecord(len(columns))
		dec := CloudWatch().New(bytes.NewReader(data), format.Options{MaxRecord: jsonlogtest.Limit})
		for dec.Next(rec) == nil {
			if _, err := enc.Append(nil, rec); err != nil {
				if _, refused := err.(*row.ValueError); !refused {
					t.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkCloudWatch(b *testing.B) {
	data := formattest.Plain(b, samples[1])
	const messages = 5000
	formattest.Benchmark(b, CloudWatch(), bytes.Repeat(data, messages), messages)
}
