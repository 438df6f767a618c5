package cloudtrail

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
	"github.com/seneka-io/seneka/internal/row"
)

// The smaller of the real files: see testdata/SOURCES.tsv.
var samples = []string{
	"testdata/cloudtrail/lambda-promtail.json.gz", "testdata/cloudtrail/invictus-lKy08gyrqqRJyzsn.json.gz",
	"testdata/cloudtrail/invictus-1vnLavRRp0ek1mP4.json.gz",
}

func TestCloudTrail(t *testing.T) {
	formattest.Suite{Format: CloudTrail(), Samples: samples, Records: jsonlogtest.Counter("Records")}.Run(t)
}

// Every real file gives what encoding/json reads from it.
func TestAgreement(t *testing.T) {
	files, err := filepath.Glob("testdata/cloudtrail/*.gz")
	if err != nil || len(files) != 12 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, file := range files {
		jsonlogtest.Agree(t, CloudTrail(), &layout, file)
	}
}

// An event as AWS's documentation shows it, but for what it elides.
const event = `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"Mary","new":1},"eventTime":"2023-07-19T21:11:57Z","eventSource":"s3.amazonaws.com",` +
	`"eventName":"PutObject","requestParameters":{"x-amz-acl":"a","tagging":1,"Tagging":[2]},"readOnly":false,"resources":[{"ARN":"arn:aws:s3:::b"}],"newMember":{"a":[]}}`

func decode(t *testing.T, text string) []formattest.Outcome {
	t.Helper()
	return formattest.MustDecode(t, CloudTrail(), strings.NewReader(text))
}

func TestEvent(t *testing.T) {
	const want = `{"event_version":"1.11","event_time":"2023-07-19T21:11:57.000000Z","event_source":"s3.amazonaws.com","event_name":"PutObject",` +
		`"user_identity":{"type":"IAMUser","user_name":"Mary"},"request_parameters":{"x-amz-acl":"a","tagging":1,"Tagging":[2]},"read_only":0,` +
		`"resources":[{"ARN":"arn:aws:s3:::b"}],"extra":{"userIdentity.new":1,"newMember":{"a":[]}}}`
	// In the array of a file, and one a line as other tools write them.
	for _, text := range []string{`{"Records":[` + event + `,` + event + `]}`, event + "\n" + event + "\n"} {
		all := decode(t, text)
		if len(all) != 2 || string(all[0].Row) != want || string(all[1].Row) != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, all, want)
		}
	}
}

func TestNoEvent(t *testing.T) {
	all := decode(t, `{"Records":[{"eventID":"x"},`+event+`,{"eventTime":"yesterday"},{"eventName":"x"}]}`)
	if len(all) != 4 || all[0].Reject != "another kind of record: it has neither eventTime nor eventName" || all[1].Reject != "" ||
		!strings.HasPrefix(all[2].Reject, `column event_time: "yesterday" is not a TIMESTAMP`) || string(all[3].Row) != `{"event_name":"x"}` {
		t.Errorf("got %v", all)
	}
}

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
func TestDigestIsControl(t *testing.T) {
	digest := `{"awsAccountId":"111122223333","digestStartTime":"2015-08-17T14:01:31Z","digestEndTime":"2015-08-17T15:01:31Z","logFiles":[{"s3Bucket":"b"}]}`
	rec := row.NewRecord(len(CloudTrail().Spec.Columns))
	if err := CloudTrail().New(strings.NewReader(digest), format.Options{}).Next(rec); !errors.Is(err, format.ErrControl) {
		t.Errorf("error %v", err)
	}
	// The name in an event is no sign of one.
	named := strings.Replace(event, "Mary", `a \"digestStartTime\"`, 1)
	if err := CloudTrail().New(strings.NewReader(named), format.Options{}).Next(rec); err != nil {
		t.Error(err)
	}
	if err := CloudTrail().New(strings.NewReader(`{"Records":[]}`), format.Options{}).Next(rec); err != io.EOF {
		t.Errorf("no events: %v", err)
	}
}

func TestFileTime(t *testing.T) {
	at, ok := CloudTrail().FileTime("AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/123456789012_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz")
	if !ok || at.Format("2006-01-02T15:04Z07:00") != "2023-07-10T11:45Z" {
		t.Errorf("got %s, %v", at, ok)
	}
}

func FuzzCloudTrail(f *testing.F) {
	for _, file := range samples[:2] {
		f.Add(formattest.Plain(f, file))
	}
	f.Add([]byte(event + "\n{\"Records\":[" + event + ",{}],\"a\":1}"))
	f.Fuzz(func(t *testing.T, data []byte) { jsonlogtest.Stable(t, CloudTrail(), data, "Records") })
}

func BenchmarkCloudTrail(b *testing.B) {
	data := formattest.Plain(b, "testdata/cloudtrail/invictus-zs3JGxETHr59VpkX.json.gz")
	const files = 20
	formattest.Benchmark(b, CloudTrail(), bytes.Repeat(data, files), files*len(jsonlogtest.Records(b, data, "Records")))
}
