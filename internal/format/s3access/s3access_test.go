package s3access

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// samples are real log files: see testdata/SOURCES.tsv.
var samples = []string{
	"testdata/s3access/awsdocs.log", "testdata/s3access/lambda-promtail.log", "testdata/s3access/logstash.log",
	"testdata/s3access/ncbi.log", "testdata/s3access/opensearch.log", "testdata/s3access/otel.log",
}

func TestS3Access(t *testing.T) {
	formattest.Suite{Format: S3Access(), Samples: samples, Records: formattest.CountLines}.Run(t)
}

func TestWithoutAQuote(t *testing.T) {
	formattest.WithoutEachQuote(t, S3Access(), samples, with(27, -1, ""))
}

// sample is a line of every documented field, as it stands in the line.
var sample = []string{
	"79a59df900b949e5", "amzn-s3-demo-bucket", "[06/Feb/2019:00:00:38 +0000]", "192.0.2.3", "arn:aws:iam::123456789012:user/a", "3E57427F3EXAMPLE",
	"REST.GET.OBJECT", "photos/2019/08/puppy%2520a.jpg", `"GET /photos/puppy.jpg?x=1 HTTP/1.1"`, "206", "NoSuchKey", "3462992", "9007199254740991", "70", "10",
	`"http://www.example.com/a"`, `"curl/7.15.1"`, "3HL4kqtJlcpXrof3", "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2=", "SigV4", "ECDHE-RSA-AES128-GCM-SHA256", "AuthHeader",
	"s3.us-west-1.amazonaws.com", "TLSv1.2", "arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP", "Yes", "us-east-1",
}

// Places of fields in sample.
const (
	fIP = 3 + iota
	fRequester
	fRequestID
	fOperation
	fKey
	fURI
	fStatus
	fError
	fSent
	fSize
	fTotal
	fTurn
	fReferer
	fAgent
	fVersion
	fHost
	fSignature
)

// with returns sample's first n fields as a line, field i replaced by value.
func with(n, i int, value string) string {
	fields := slices.Clone(sample[:n])
	if i >= 0 {
		fields[i] = value
	}
	return strings.Join(fields, " ")
}

func decode(t *testing.T, text string) []formattest.Outcome {
	t.Helper()
	return formattest.MustDecode(t, S3Access(), strings.NewReader(text))
}

type want map[string]any

func TestQuirks(t *testing.T) {
	const identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1ABC"
	list := func(v ...any) any { return v }
	whole := func(column string, value any) want {
		return want{column: value, "host_id": sample[fHost], "source_region": "us-east-1", "extra": nil}
	}
	agent := func(value string) string { return with(27, fAgent, value) }
	tests := []struct {
		name string
		line string
		want want
	}{
		{"27 fields", with(27, -1, ""), want{"bucket_owner": sample[0], "bucket": sample[1], "time": "2019-02-06T00:00:38.000000Z", "remote_ip": "192.0.2.3", "requester": sample[fRequester],
			"request_id": sample[fRequestID], "operation": "REST.GET.OBJECT", "key": sample[fKey], "request_uri": "GET /photos/puppy.jpg?x=1 HTTP/1.1", "http_status": 206.0, "error_code": "NoSuchKey",
			"bytes_sent": 3462992.0, "object_size": 9007199254740991.0, "total_time": 70.0, "turn_around_time": 10.0, "referer": "http://www.example.com/a", "user_agent": "curl/7.15.1",
			"version_id": "3HL4kqtJlcpXrof3", "host_id": sample[fHost], "signature_version": "SigV4", "cipher_suite": sample[20], "auth_type": "AuthHeader", "host_header": sample[22],
			"tls_version": "TLSv1.2", "access_point_arn": sample[24], "acl_required": "Yes", "source_region": "us-east-1", "extra": nil}},
		{"18 fields, before 2019", with(18, -1, ""), want{"version_id": "3HL4kqtJlcpXrof3", "user_agent": "curl/7.15.1", "host_id": nil}},
		{"24 fields", with(24, -1, ""), want{"tls_version": "TLSv1.2", "access_point_arn": nil}},
		{"25 fields", with(25, -1, ""), want{"access_point_arn": sample[24], "acl_required": nil}},
		{"26 fields", with(26, -1, ""), want{"acl_required": "Yes", "source_region": nil}},
		{"more fields", with(27, -1, "") + ` - x-id=a "b c" "d`, want{"source_region": "us-east-1", "extra": list("-", "x-id=a", "b c", `"d`)}},
		{"the lines of 2019 with one before host_id", with(24, fHost, "odd "+sample[fHost]), want{"version_id": "3HL4kqtJlcpXrof3", "host_id": sample[fHost], "signature_version": "SigV4", "tls_version": "TLSv1.2", "extra": list("odd")}},
		{"spaces around", "  " + with(27, -1, "") + "  ", whole("user_agent", "curl/7.15.1")},
		{"CR LF", with(27, -1, "") + "\r\n", whole("key", sample[fKey])},

		{"zone", with(27, 2, "[06/Feb/2019:00:00:38 -0330]"), whole("time", "2019-02-06T03:30:38.000000Z")},
		{"no time", with(27, 2, "-"), whole("time", nil)},
		{"empty brackets", with(27, 2, "[]"), whole("time", nil)},
		{"AWS itself", with(27, fIP, "-"), whole("remote_ip", nil)},
		{"nobody", with(27, fRequester, "-"), whole("requester", nil)},
		{"an identity with spaces", with(27, fRequester, identity), whole("requester", identity)},
		{"an identity in quotes", with(27, fRequester, `"`+identity+`"`), whole("requester", identity)},
		{"a request ID like a UUID", with(27, fRequestID, "8A2B-11-22"), whole("request_id", "8A2B-11-22")},
		{"an unknown operation", with(27, fOperation, "GLACIER.X"), whole("operation", "GLACIER.X")},
		{"SOAP", with(27, fOperation, "SOAP.ListBucket"), whole("operation", "SOAP.ListBucket")},
		{"batch", with(27, fOperation, "BATCH.DELETE.OBJECT"), whole("operation", "BATCH.DELETE.OBJECT")},
		{"no key", with(27, fKey, "-"), whole("key", nil)},

		{"no request, bare", with(27, fURI, "-"), whole("request_uri", nil)},
		{"no request, quoted", with(27, fURI, `"-"`), whole("request_uri", nil)},
		{"quotes in the request", with(27, fURI, `"GET /a"b" "c HTTP/1.1"`), whole("request_uri", `GET /a"b" "c HTTP/1.1`)},
		{"a request like a status", with(27, fURI, `"GET /" 200 - x HTTP/1.1"`), whole("request_uri", `GET /" 200 - x HTTP/1.1`)},
		{"nothing but dashes", with(27, fStatus, "-"), whole("http_status", nil)},
		{"no error", with(27, fError, "-"), whole("error_code", nil)},
		{"nothing sent", with(27, fSent, "-"), whole("bytes_sent", nil)},

		{"no referer, bare", with(27, fReferer, "-"), whole("referer", nil)},
		{"no referer, quoted", with(27, fReferer, `"-"`), whole("referer", nil)},
		{"quotes in the referer", with(27, fReferer, `"http://a/"b"/"`), whole("referer", `http://a/"b"/`)},
		{"a quoted space in the referer", with(27, fReferer, `"http://a/?q=" "b"`), whole("referer", `http://a/?q=" "b`)},
		{"spaces in the referer", with(27, fReferer, `"referrer with spaces"`), whole("referer", "referrer with spaces")},
		{"no agent, bare", agent("-"), whole("user_agent", nil)},
		{"no agent, quoted", agent(`"-"`), whole("user_agent", nil)},
		{"neither", strings.Replace(agent("-"), sample[fReferer], "-", 1), whole("referer", nil)},
		{"empty agent", agent(`""`), whole("user_agent", "")},
		{"bare quotes in the agent", agent(`"a "b" c"`), whole("user_agent", `a "b" c`)},
		{"escaped quotes in the agent", agent(`"aws-cli/1.16 \"Python\"/2.7 \"x\" y"`), whole("user_agent", `aws-cli/1.16 \"Python\"/2.7 \"x\" y`)},
		{"an agent like a tail", agent(`"a" b c SigV4 d"`), whole("user_agent", `a" b c SigV4 d`)},
		{"a backslash at the end of the agent", agent(`"D:\\a\"`), whole("user_agent", `D:\\a\`)},
		{"bytes that are no UTF-8", agent("\"caf\xe9\""), whole("user_agent", "caf\uFFFD")},
		{"unsigned", strings.Replace(with(27, fSignature, "-"), "AuthHeader", "-", 1), want{"signature_version": nil, "auth_type": nil, "host_id": sample[fHost], "user_agent": "curl/7.15.1"}},
		{"nothing at all", strings.TrimSpace(strings.Repeat("- ", 27)), want{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := decode(t, tt.line)
			if len(all) != 1 || all[0].Reject != "" {
				t.Fatalf("got %+v", all)
			}
			got := want{}
			if err := json.Unmarshal(all[0].Row, &got); err != nil {
				t.Fatal(err)
			}
			for column, value := range tt.want {
				if fmt.Sprint(got[column]) != fmt.Sprint(value) {
					t.Errorf("%s = %#v, want %#v", column, got[column], value)
				}
			}
			if len(tt.want) == 0 && len(got) != 0 {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	tests := []struct{ name, line, reason string }{
		{"fields without end", with(27, -1, "") + strings.Repeat(" x", maxFields), "the line has more than 10000 fields"},
		{"one word", "garbage", "it has 1 fields, and a record has 18 or more"},
		{"cut within the time", with(2, -1, "") + " [06/Feb/2019", "the bracket before the time is never closed"},
		{"cut before the request", with(8, -1, ""), "it has 8 fields"},
		{"cut within the request", with(8, -1, "") + ` "GET /a`, "no status and sizes stand behind field 9"},
		{"cut within the sizes", with(13, -1, ""), "no status and sizes stand behind field 9"},
		{"cut before the referer", with(15, -1, ""), "it has 15 fields"},
		{"cut within the referer", with(15, -1, "") + ` "http`, "the quote before the referer is never closed"},
		{"cut within the agent", with(16, -1, "") + ` "curl`, "no quote stands before field 17"},
		{"cut within an agent behind no referer", with(15, -1, "") + ` - "curl`, "the quote before the user agent is never closed"},
		{"cut behind no referer", with(15, -1, "") + ` -`, "it has 16 fields"},
		{"cut behind the agent", with(17, -1, ""), "it has 17 fields"},
		{"no quote before the request", with(27, fURI, `GET / HTTP/1.1"`), "no quote stands before field 9"},
		{"no quote before the referer", with(27, fReferer, `http://a"`), "no quote stands before field 16"},
		{"no time", with(27, 2, "[2019-02-06T00:00:38Z]"), `column time: "2019-02-06T00:00:38Z" is not a time`},
		{"year 0", with(27, 2, "[06/Feb/0000:00:00:38 +0000]"), "is not within the years 1 to 9999"},
		{"no status", strings.Replace(with(27, fStatus, "20x"), sample[fURI], "-", 1), `column http_status: "20x" is not a number`},
		{"too large", with(27, fSize, "9223372036854775808"), "no status and sizes"},
		{"an ELB log", `http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817`, "it has 4 fields"},
	}
	good := with(27, -1, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := decode(t, good+"\n"+tt.line+"\r\n"+good)
			if len(all) != 3 || all[0].Reject != "" || all[2].Reject != "" {
				t.Fatalf("the lines around it suffered: %+v", all)
			}
			if got := all[1]; !strings.Contains(got.Reject, tt.reason) || got.Line != 2 || got.Raw != tt.line {
				t.Errorf("line %d, %q: reason %q, want it to say %q", got.Line, got.Raw, got.Reject, tt.reason)
			}
		})
	}
}

func TestNothingIsLeftOver(t *testing.T) {
	all := decode(t, with(24, fHost, "odd "+sample[fHost])+"\n"+with(27, -1, "")+" more\n"+strings.TrimSpace(strings.Repeat("- ", 18)))
	if got := string(all[2].Row); got != "{}" {
		t.Errorf("a line of nothing gives %s", got)
	}
	if strings.Contains(string(all[1].Row), "odd") {
		t.Errorf("the line before shows in %s", all[1].Row)
	}
}

func TestAllocatesNothing(t *testing.T) {
	text := with(24, fHost, "odd "+sample[fHost]) + "\n" + with(27, fAgent, `"a "b" c"`) + " more\n"
	rec := row.NewRecord(len(S3Access().Spec.Columns))
	dec := S3Access().New(strings.NewReader(strings.Repeat(text, 1000)), format.Options{})
	if n := testing.AllocsPerRun(900, func() {
		if err := dec.Next(rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestLongLine(t *testing.T) {
	long := with(27, fAgent, `"`+strings.Repeat("u", 300<<10)+`"`)
	for _, limit := range []int{0, len(long), len(long) - 1} {
		all, err := formattest.Decode(S3Access(), strings.NewReader(long+"\n"+with(27, -1, "")), format.Options{MaxRecord: limit})
		if err != nil || len(all) != 2 || all[1].Reject != "" || (all[0].Reject != "") != (limit == len(long)-1) {
			t.Fatalf("limit %d: %d records, reject %q, error %v", limit, len(all), all[0].Reject, err)
		}
	}
}

func TestFileTime(t *testing.T) {
	for key, want := range map[string]string{
		"logs/2013-11-01-21-32-16-E568B2907131C0C0":                                              "2013-11-01T21:32:16Z",
		"access2013-11-01-21-32-16-E568B2907131C0C0":                                             "2013-11-01T21:32:16Z",
		"p/123456789012/us-west-2/source-bucket/2023/03/01/2023-03-01-21-00-00-E568B2907131C0C0": "2023-03-01T21:00:00Z",
		"2023-02-29-21-32-16-E568B2907131C0C0":                                                   "",
		"0000-01-01-21-32-16-E568B2907131C0C0":                                                   "",
		"logs/2013-11-01-21-32-16-E568B2907131C0C0.gz":                                           "",
		"E568B2907131C0C0": "", "": "",
	} {
		got := ""
		if at, ok := S3Access().FileTime(key); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("FileTime(%q) = %q, want %q", key, got, want)
		}
	}
}

func FuzzS3Access(f *testing.F) {
	for _, file := range samples {
		f.Add(formattest.Plain(f, file))
	}
	for _, line := range []string{with(27, fAgent, `"a" b c SigV4 d"`), with(24, fHost, "odd x"), with(27, fURI, `"GET /a"b" "c HTTP/1.1"`), with(27, fReferer, "-") + ` "x`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, data []byte) { formattest.Lines(t, S3Access(), data) })
}

func BenchmarkS3Access(b *testing.B) {
	formattest.Benchmark(b, S3Access(), []byte(strings.Repeat(with(27, -1, "")+"\n", 10_000)), 10_000)
}
