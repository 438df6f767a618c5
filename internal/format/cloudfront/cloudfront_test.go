package cloudfront

import (
	"bytes"
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
var samples = []string{"testdata/cloudfront/lambda-promtail.log.gz", "testdata/cloudfront/logstash.tsv", "testdata/cloudfront/opensearch.log"}

// records counts the lines that are not blank and no header.
func records(data []byte) int {
	n := formattest.CountLines(data)
	for line := range strings.SplitSeq(string(data), "\n") {
		if strings.HasPrefix(line, "#") {
			n--
		}
	}
	return n
}

func TestCloudFront(t *testing.T) {
	formattest.Suite{Format: CloudFront(), Samples: samples, Records: records}.Run(t)
}

// sample is a row of the legacy log, field by field.
var sample = []string{
	"2019-12-04", "21:02:31", "LAX1", "392", "192.0.2.100", "GET", "d111111abcdef8.cloudfront.net", "/index%20a.html", "200", "https://example.com/", "Mozilla/5.0%20(X;%20%22y%22)",
	"a=b%2520c", "c=1", "Hit", "SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==", "www.example.com", "https", "23", "0.001", "10.3.200.121,\\x2010.56.14.213", "TLSv1.2",
	"ECDHE-RSA-AES128-GCM-SHA256", "Hit", "HTTP/2.0", "Processed", "2", "11040", "0.002", "OriginShieldHit", "text/html", "78", "0", "77",
}

// Places of fields in sample.
const (
	fTime   = 1
	fStatus = 8
	fAgent  = 10
)

const version = "#Version: 1.0\n"

func header() string { return version + "#Fields: " + legacy + "\n" }

// with returns sample's first n fields as a row, field i replaced by value.
func with(n, i int, value string) string {
	fields := slices.Clone(sample[:n])
	if i >= 0 {
		fields[i] = value
	}
	return strings.Join(fields, "\t")
}

func decode(t *testing.T, text string) []formattest.Outcome {
	t.Helper()
	return formattest.MustDecode(t, CloudFront(), strings.NewReader(text))
}

type want map[string]any

func TestQuirks(t *testing.T) {
	all33 := want{"event_time": "2019-12-04T21:02:31.000000Z", "date": "2019-12-04", "time": "21:02:31.000000", "x_edge_location": "LAX1", "sc_bytes": 392.0, "c_ip": "192.0.2.100", "cs_method": "GET",
		"cs_host": sample[6], "cs_uri_stem": "/index%20a.html", "sc_status": 200.0, "cs_referer": sample[9], "cs_user_agent": sample[fAgent], "cs_user_agent_decoded": `Mozilla/5.0 (X; "y")`,
		"cs_uri_query": "a=b%2520c", "cs_cookie": "c=1", "x_edge_result_type": "Hit", "x_edge_request_id": sample[14], "x_host_header": "www.example.com", "cs_protocol": "https", "cs_bytes": 23.0,
		"time_taken": 0.001, "x_forwarded_for": sample[19], "ssl_protocol": "TLSv1.2", "ssl_cipher": sample[21], "x_edge_response_result_type": "Hit", "cs_protocol_version": "HTTP/2.0", "fle_status": "Processed",
		"fle_encrypted_fields": 2.0, "c_port": 11040.0, "time_to_first_byte": 0.002, "x_edge_detailed_result_type": "OriginShieldHit", "sc_content_type": "text/html", "sc_content_len": 78.0,
		"sc_range_start": 0.0, "sc_range_end": 77.0, "extra": nil}
	extra := func(name, value string) map[string]any { return map[string]any{name: value} }
	const v2 = "#Fields: asn\tc-country\ttimestamp(ms)\tdate\ttime\torigin-fbl\torigin-lbl\tcache-behavior-path-pattern\tnew(Field)\n"
	tests := []struct {
		name, text string
		want       want
	}{
		{"33 fields", header() + with(33, -1, ""), all33},
		{"no header", with(33, -1, ""), all33},
		{"names between tabs", strings.ReplaceAll(header(), " ", "\t") + with(33, -1, ""), all33},
		{"names without a directive", legacy + "\n" + with(33, -1, ""), all33},
		{"values between spaces", header() + strings.ReplaceAll(with(33, -1, ""), "\t", " "), all33},
		{"CR LF", strings.ReplaceAll(header(), "\n", "\r\n") + with(33, -1, "") + "\r\n", all33},
		{"a header again", header() + version + "\n" + header() + with(33, -1, ""), all33},
		{"12 fields of 2008", with(12, -1, ""), want{"cs_uri_query": "a=b%2520c", "cs_cookie": nil}},
		{"18 fields", with(18, -1, ""), want{"cs_bytes": 23.0, "time_taken": nil}},
		{"23 fields", with(23, -1, ""), want{"x_edge_response_result_type": "Hit", "cs_protocol_version": nil}},
		{"32 fields under a header of 33", header() + with(32, -1, ""), want{"sc_range_start": 0.0, "sc_range_end": nil, "extra": nil}},
		{"more values than names", header() + with(33, -1, "") + "\tx\t-\t", want{"sc_range_end": 77.0, "extra": extra("field_34", "x")}},
		{"status 000", with(33, fStatus, "000"), want{"sc_status": 0.0}},
		{"nothing", with(33, fStatus, "-"), want{"sc_status": nil}},
		{"empty", with(33, fStatus, ""), want{"sc_status": nil}},
		{"no agent", with(33, fAgent, "-"), want{"cs_user_agent": nil, "cs_user_agent_decoded": nil}},
		{"an agent without escapes", with(33, fAgent, "curl/7.46.0"), want{"cs_user_agent_decoded": "curl/7.46.0"}},
		{"an agent encoded twice", with(33, fAgent, "a%2520b"), want{"cs_user_agent": "a%2520b", "cs_user_agent_decoded": "a%20b"}},
		{"an agent with signs that are no escapes", with(33, fAgent, "100%%zz%e3%81%82%f%"), want{"cs_user_agent_decoded": "100%%zzあ%f%"}},
		{"an agent that is no UTF-8", with(33, fAgent, "caf%e9"), want{"cs_user_agent": "caf%e9", "cs_user_agent_decoded": "caf\uFFFD"}},
		{"a space in a value", with(33, 19, "10.3.200.121, 10.56.14.213"), want{"x_forwarded_for": "10.3.200.121, 10.56.14.213"}},
		{"v2, any fields", v2 + "64496\tJP\t1575493351123\t2019-12-04\t21:02:31\t0.1\t0.2\t*.html\tx", want{"asn": 64496.0, "c_country": "JP", "event_time": "2019-12-04T21:02:31.123000Z",
			"timestamp_ms": "2019-12-04T21:02:31.123000Z", "origin_fbl": 0.1, "origin_lbl": 0.2, "cache_behavior_path_pattern": "*.html", "extra": extra("new(Field)", "x"), "cs_user_agent_decoded": nil}},
		{"v2, milliseconds missing", v2 + "64496\tJP\t-\t2019-12-04\t21:02:31\t0.1\t0.2\t*.html\t-", want{"event_time": "2019-12-04T21:02:31.000000Z", "timestamp_ms": nil, "extra": nil}},
		{"v2, seconds", "#Fields: timestamp c-ip\n1575493351\t::1", want{"event_time": "2019-12-04T21:02:31.000000Z", "c_ip": "::1"}},
		{"v2, a date only", "#Fields: date c-ip\n2019-12-04\t::1", want{"event_time": "2019-12-04T00:00:00.000000Z"}},
		{"v2, a time only", "#Fields: c-ip time\n::1\t21:02:31", want{"event_time": nil, "time": "21:02:31.000000"}},
		{"v2, one field", "#Fields: c-ip\n::1", want{"c_ip": "::1", "event_time": nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := decode(t, tt.text)
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
		})
	}
}

// A row and the object of the same fields are the same, whatever their order.
func TestJSON(t *testing.T) {
	object := map[string]string{}
	for i, name := range strings.Fields(legacy) {
		object[name] = sample[i]
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	row := decode(t, with(33, -1, ""))[0].Row
	all := decode(t, string(text)+"\n"+string(text)+`{"c-ip":"-"}`+"\n"+`{"c-ip":"::1","asn":64496,"timestamp(ms)":"1575493351123","new":{"a":1}} {"sc-status":"OK"}`)
	want := []string{string(row), string(row), "{}",
		`{"event_time":"2019-12-04T21:02:31.123000Z","c_ip":"::1","timestamp_ms":"2019-12-04T21:02:31.123000Z","asn":64496,"extra":{"new":{"a":1}}}`, ""}
	if len(all) != len(want) {
		t.Fatalf("got %+v", all)
	}
	for i := range want {
		if got := string(all[i].Row); got != want[i] {
			t.Errorf("object %d:\ngot  %s\nwant %s", i+1, got, want[i])
		}
	}
	if got := all[4].Reject; !strings.Contains(got, "sc_status") {
		t.Errorf("reject %q", got)
	}
}

// The columns are the same for both kinds of files.
func TestJSONColumns(t *testing.T) {
	text, object := layout.Columns(), objects.Schema()
	if len(text) != len(object) {
		t.Fatalf("%d columns and %d", len(text), len(object))
	}
	for i := range text {
		if text[i].Name != object[i].Name || text[i].Type != object[i].Type || objects.Columns[min(i, len(layout)-1)].Member == "" && layout[min(i, len(layout)-1)].Set != nil {
			t.Errorf("column %s is %s of JSON", text[i].Name, object[i].Name)
		}
	}
}

func TestRejects(t *testing.T) {
	tests := []struct{ name, header, line, reason string }{
		{"cut short", header(), with(11, -1, ""), "the line is cut short: it has 11 fields, and a record has 12 or more"},
		{"cut short under a short header", "#Fields: date time c-ip\n", "2019-12-04\t21:02:31", "it has 2 fields, and a record has 3 or more"},
		{"garbage", "", "garbage", "it has 1 fields"},
		{"no date", header(), with(33, 0, "04/12/2019"), `column date: "04/12/2019" is not a DATE`},
		{"no such day", header(), with(33, 0, "2019-02-29"), "column date: "},
		{"no time", header(), with(33, fTime, "25:00:00"), "column time: "},
		{"no status", header(), with(33, fStatus, "OK"), `column sc_status: "OK" is not a number`},
		{"a real-time log", "", "1573158122.023\t" + with(33, -1, ""), `column date: "1573158122.023" is not a DATE`},
		{"milliseconds beyond all years", "#Fields: timestamp(ms)\n", "253402300800000", "is not within the years 1 to 9999"},
		{"fields without end", header(), with(33, -1, "") + strings.Repeat("\tx", 10_000), "the line has more than 10000 fields"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := decode(t, tt.header+tt.line+"\n"+header()+with(33, -1, ""))
			if len(all) != 2 || all[1].Reject != "" {
				t.Fatalf("the lines around it suffered: %+v", all)
			}
			if got := all[0]; !strings.Contains(got.Reject, tt.reason) || got.Raw != tt.line || got.Offset != int64(len(tt.header)) {
				t.Errorf("at %d: reason %q, want it to say %q", got.Offset, got.Reject, tt.reason)
			}
		})
	}
}

func TestNothingIsLeftOver(t *testing.T) {
	all := decode(t, header()+with(33, -1, "")+"\tx\n"+strings.TrimSpace(strings.Repeat("-\t", 33))+"\n#Fields: c-ip\n::1")
	if string(all[1].Row) != "{}" || string(all[2].Row) != `{"c_ip":"::1"}` {
		t.Errorf("got %s and %s", all[1].Row, all[2].Row)
	}
}

func TestAllocatesNothing(t *testing.T) {
	rec := row.NewRecord(len(CloudFront().Spec.Columns))
	dec := CloudFront().New(strings.NewReader(header()+strings.Repeat(with(33, -1, "")+"\tx\"\n", 1000)), format.Options{})
	if n := testing.AllocsPerRun(900, func() {
		if err := dec.Next(rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestLongLine(t *testing.T) {
	long := with(33, fAgent, strings.Repeat("u%20", 75<<10))
	for _, limit := range []int{0, len(long), len(long) - 1} {
		all, err := formattest.Decode(CloudFront(), strings.NewReader(header()+long+"\n"+with(33, -1, "")), format.Options{MaxRecord: limit})
		if err != nil || len(all) != 2 || all[1].Reject != "" || (all[0].Reject != "") != (limit == len(long)-1) {
			t.Fatalf("limit %d: %d records, error %v", limit, len(all), err)
		}
	}
}

func TestFileTime(t *testing.T) {
	for key, want := range map[string]string{
		"prefix/EMLARXS9EXAMPLE.2019-11-14-20.RT4KCN4SGK9.gz":                                "2019-11-14T20:00:00Z",
		"EMLARXS9EXAMPLE.2019-11-14-20.RT4KCN4SGK9.gz":                                       "2019-11-14T20:00:00Z",
		"AWSLogs/DistributionId=E1/year=2024/month=12/day=01/E1.2024-12-01-05.abcdef12.json": "2024-12-01T05:00:00Z",
		"a.2019-11-14-20.b/E1.gz":                                                            "", "E1.2019-02-29-20.x.gz": "", "E1.0000-01-01-20.x.gz": "", "": "",
	} {
		got := ""
		if at, ok := CloudFront().FileTime(key); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("FileTime(%q) = %q, want %q", key, got, want)
		}
	}
}

func FuzzCloudFront(f *testing.F) {
	for _, file := range samples {
		f.Add(formattest.Plain(f, file))
	}
	for _, text := range []string{with(33, fAgent, "%25%zz%"), "#Fields: time timestamp(ms) x\n1 2 3", "c-ip date\n::1 2019-12-04", `{"date":"2019-12-04","cs(User-Agent)":"a%20b","x":"-"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("{")) || bytes.HasPrefix(data, []byte("[")) {
			if _, err := formattest.Decode(CloudFront(), bytes.NewReader(data), format.Options{}); err != nil {
				t.Fatal(err)
			}
			return // its records are not lines: see package jsonlog
		}
		for _, o := range formattest.Lines(t, CloudFront(), data) {
			if o.Reject == "" && !json.Valid(o.Row) {
				t.Fatalf("row %s", o.Row)
			}
		}
	})
}

func BenchmarkCloudFront(b *testing.B) {
	formattest.Benchmark(b, CloudFront(), []byte(header()+strings.Repeat(with(33, -1, "")+"\n", 10_000)), 10_000)
}
