package generate

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/seneka-io/seneka/testdata"
)

// source is one kind of files, and of who writes them.
type source struct {
	zipped, plain        bool // files may be gzipped; and, some of them, plain
	document             bool // a file is one JSON document: what is no record in it spoils all of it
	open, between, close string
	number               string // SQL
	key                  func(i int, end time.Time, zipped bool) string
	samples              func() ([]sample, error)
	// write writes one record and returns its number.
	write func(b *bytes.Buffer, like sample, rng *rand.Rand, at time.Time) int64
}

// sample is a record that others are made after, parted where values are drawn anew.
type sample []string

// names are those of the sources, in an order that is always the same.
var names = []string{"alb", "elb", "cloudtrail", "app"}

var sources = map[string]source{
	"alb": {
		zipped: true, plain: true, number: "received_bytes + 3 * sent_bytes",
		key: func(i int, end time.Time, zipped bool) string {
			return balancerKey(fmt.Sprintf("app.lb-%d.%016x", i%7, i%7), i, end, zipped)
		},
		samples: func() ([]sample, error) { return balancerSamples(testdata.ALB, "alb", albFields) },
		write:   albFields.write,
	},
	"elb": {
		plain: true, number: "received_bytes + 3 * sent_bytes",
		key: func(i int, end time.Time, zipped bool) string {
			return balancerKey(fmt.Sprintf("classic-%d", i%3), i, end, zipped)
		},
		samples: func() ([]sample, error) { return balancerSamples(testdata.ELB, "elb", elbFields) },
		write:   elbFields.write,
	},
	"cloudtrail": {
		zipped: true, document: true, open: `{"Records":[`, between: ",", close: "]}", number: "UNIX_SECONDS(event_time)",
		key: func(i int, end time.Time, _ bool) string {
			return fmt.Sprintf("AWSLogs/123456789012/CloudTrail/us-east-1/%s/123456789012_CloudTrail_us-east-1_%s_%016x.json.gz", end.Format("2006/01/02"), end.Format("20060102T1504Z"), i)
		},
		samples: func() ([]sample, error) { return calls, nil },
		write:   writeCall,
	},
	"app": {
		zipped: true, number: "bytes + 3 * duration_ms",
		key: func(i int, end time.Time, _ bool) string {
			return fmt.Sprintf("app/service-%d/%s/%s-%08x.json.gz", i%5, end.Format("2006/01/02/15"), end.Format("20060102T1504Z"), i)
		},
		samples: func() ([]sample, error) { return messages, nil },
		write:   writeMessage,
	},
}

// AppSchema is that of the table of source "app", as BigQuery writes schemas.
const AppSchema = `[
  {"name": "time", "type": "TIMESTAMP", "description": "When it was written."},
  {"name": "level", "type": "STRING", "description": "INFO, WARN or ERROR."},
  {"name": "service", "type": "STRING", "description": "Who wrote it."},
  {"name": "message", "type": "STRING", "description": "What happened."},
  {"name": "request_id", "type": "STRING", "description": "Of the request that it is about."},
  {"name": "status", "type": "INT64", "description": "HTTP status of the answer."},
  {"name": "bytes", "type": "INT64", "description": "Bytes of the answer."},
  {"name": "duration_ms", "type": "INT64", "description": "Milliseconds until the answer."}
]
`

// balancerKey names a file as AWS does.
func balancerKey(balancer string, i int, end time.Time, zipped bool) string {
	ending := ".log"
	if zipped {
		ending = ".log.gz"
	}
	return fmt.Sprintf("AWSLogs/123456789012/elasticloadbalancing/us-east-1/%s/123456789012_elasticloadbalancing_us-east-1_%s_%s_10.0.%d.%d_%08x%s",
		end.Format("2006/01/02"), balancer, end.Format("20060102T1504Z"), i/250%250, i%250, i, ending)
}

// place says where in a load balancer's line the fields stand that are made anew. The fields before the request
// never hold a blank.
type place struct{ time, received, sent, count int }

var (
	albFields = place{time: 1, received: 10, sent: 11, count: 12}
	elbFields = place{time: 0, received: 9, sent: 10, count: 11}
)

// balancerSamples returns the fields of real lines, parted at blanks.
func balancerSamples(files fs.FS, format string, p place) ([]sample, error) {
	var all []sample
	found, err := fs.Glob(files, path.Join(format, "*.log"))
	if err != nil {
		return nil, err
	}
	for _, name := range found {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(data)) {
			// Samples with no status or no bytes are left out: their sums would be of NULL.
			if f := strings.Split(strings.TrimRight(line, "\r\n"), " "); len(f) > p.count && f[p.received] != "-" && f[p.sent] != "-" {
				all = append(all, f)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no complete sample of format " + format)
	}
	return all, nil
}

func (p place) write(b *bytes.Buffer, like sample, rng *rand.Rand, at time.Time) int64 {
	received, sent := rng.Int64N(1<<20), rng.Int64N(1<<20)
	for i, field := range like {
		switch i {
		case p.time:
			field = at.Format("2006-01-02T15:04:05.000000Z")
		case p.received:
			field = fmt.Sprint(received)
		case p.sent:
			field = fmt.Sprint(sent)
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(field)
	}
	b.WriteByte('\n')
	return received + 3*sent
}

// calls are those that CloudTrail tells of: service, name, parameters.
var calls = []sample{
	{"sts.amazonaws.com", "AssumeRole", `{"roleArn":"arn:aws:iam::123456789012:role/deploy","roleSessionName":"ci","durationSeconds":3600}`},
	{"s3.amazonaws.com", "GetObject", `{"bucketName":"acme-assets","key":"img/logo.png","Host":"acme-assets.s3.amazonaws.com"}`},
	{"ec2.amazonaws.com", "DescribeInstances", `{"instancesSet":{},"filterSet":{"items":[{"name":"tag:env","valueSet":{"items":[{"value":"prod"}]}}]}}`},
	{"kms.amazonaws.com", "Decrypt", `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::acme-assets"}}`},
	{"ecs.amazonaws.com", "UpdateService", `{"cluster":"prod","service":"checkout","desiredCount":4}`},
}

// writeCall writes an event as CloudTrail's record contents say; its number is its time in seconds.
func writeCall(b *bytes.Buffer, like sample, rng *rand.Rand, at time.Time) int64 {
	fmt.Fprintf(b, `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:ci","arn":"arn:aws:sts::123456789012:assumed-role/deploy/ci","accountId":"123456789012"},`+
		`"eventTime":"%s","eventSource":"%s","eventName":"%s","awsRegion":"us-east-1","sourceIPAddress":"10.%d.%d.%d","userAgent":"aws-sdk-go-v2/1.30","requestParameters":%s,"responseElements":null,`+
		`"requestID":"%016x","eventID":"%08x-0000-4000-8000-%012x","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management"}`,
		at.Format(time.RFC3339), like[0], like[1], rng.IntN(256), rng.IntN(256), rng.IntN(256), like[2], rng.Uint64(), rng.Uint32(), rng.Uint64()>>16)
	return at.Unix()
}

// messages are what an application logs: level, status, message.
var messages = []sample{
	{"INFO", "200", "request served"}, {"INFO", "200", "cart restored"}, {"INFO", "304", "not modified"}, {"INFO", "201", "order placed: 3 lines, card ending in 4242"},
	{"WARN", "404", "no such product"}, {"WARN", "429", "customer is over the limit"}, {"ERROR", "502", "payment provider: context deadline exceeded"},
}

func writeMessage(b *bytes.Buffer, like sample, rng *rand.Rand, at time.Time) int64 {
	size, took := rng.Int64N(1<<20), rng.Int64N(2000)
	fmt.Fprintf(b, `{"time":"%s","level":"%s","service":"service-%d","message":"%s","request_id":"%016x","status":%s,"bytes":%d,"duration_ms":%d}`+"\n",
		at.Format("2006-01-02T15:04:05.000000Z"), like[0], rng.IntN(5), like[2], rng.Uint64(), like[1], size, took)
	return size + 3*took
}
