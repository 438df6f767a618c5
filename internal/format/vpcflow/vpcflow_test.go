package vpcflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/row"
)

// samples are real log files: see testdata/SOURCES.tsv.
var samples = []string{
	"testdata/vpcflow/lambda-promtail.log.gz", "testdata/vpcflow/otel_tgw_flow_log.log",
	"testdata/vpcflow/otel_vpc_flow_log_ecs.log", "testdata/vpcflow/otel_vpc_flow_log_multi.log",
}

// records counts the lines that are not blank and no header, all of which begin with the version.
func records(data []byte) int {
	n := formattest.CountLines(data)
	for line := range strings.SplitSeq(string(data), "\n") {
		if strings.HasPrefix(line, "version") {
			n--
		}
	}
	return n
}

func TestVPCFlow(t *testing.T) {
	formattest.Suite{Format: VPCFlow(), Samples: samples, Records: records}.Run(t)
}

func decode(t *testing.T, text string) []formattest.Outcome {
	t.Helper()
	return formattest.MustDecode(t, VPCFlow(), strings.NewReader(text))
}

type want map[string]any

func rowOf(t *testing.T, o formattest.Outcome) want {
	t.Helper()
	got := want{}
	if err := json.Unmarshal(o.Row, &got); err != nil {
		t.Fatalf("%v: %+v", err, o)
	}
	return got
}

// The examples of VRL's documentation carry what VRL makes of them. It leaves times as numbers, and
// knows the names of the fields from its caller.
func TestAgainstVRL(t *testing.T) {
	text, err := os.ReadFile("testdata/vrl_examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Examples []struct {
			Source string
			Return want
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil || len(doc.Examples) != 4 {
		t.Fatalf("%d examples, error %v", len(doc.Examples), err)
	}
	literal := regexp.MustCompile(`"[^"]*"`)
	for _, e := range doc.Examples {
		var file strings.Builder
		parts := literal.FindAllString(e.Source, -1)
		for i := len(parts) - 1; i >= 0; i-- {
			fmt.Fprintln(&file, strings.Trim(parts[i], `"`))
		}
		all := decode(t, file.String())
		if len(all) != 1 {
			t.Fatalf("%q: %+v", file.String(), all)
		}
		got := rowOf(t, all[0])
		for column, value := range e.Return {
			if column == "start" || column == "end" {
				value = time.Unix(int64(value.(float64)), 0).UTC().Format("2006-01-02T15:04:05.000000Z")
			}
			if got[column] != value {
				t.Errorf("%s = %v, VRL says %v", column, got[column], value)
			}
			delete(got, column)
		}
		if len(got) > 0 {
			t.Errorf("VRL has nothing of %v", got)
		}
	}
}

const (
	header = version2 + "\n"
	flow   = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"
	noData = "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA"
)

func TestShapes(t *testing.T) {
	whole := want{"version": 2.0, "account_id": "123456789010", "interface_id": "eni-1235b8ca123456789", "srcaddr": "172.31.16.139", "dstaddr": "172.31.16.21", "srcport": 20641.0, "dstport": 22.0,
		"protocol": 6.0, "packets": 20.0, "bytes": 4249.0, "start": "2014-12-14T04:06:50.000000Z", "end": "2014-12-14T04:07:50.000000Z", "action": "ACCEPT", "log_status": "OK"}
	and := func(w want, column string, value any) want {
		all := maps.Clone(w)
		all[column] = value
		return all
	}
	extra := func(name, value string) want { return want{name: value} }
	tests := []struct {
		name, text string
		want       []want
	}{
		{"default", header + flow, []want{whole}},
		{"no header", flow, []want{whole}},
		{"underscores in the header", strings.ReplaceAll(header, "-", "_") + flow, []want{whole}},
		{"CR LF", strings.ReplaceAll(header+flow, "\n", "\r\n") + "\r\n", []want{whole}},
		{"spaces", "  " + strings.ReplaceAll(header, " ", "  ") + strings.ReplaceAll(flow, " ", "   ") + " ", []want{whole}},
		{"a header again", header + flow + "\n" + header + flow, []want{whole, whole}},
		{"another header", header + flow + "\nend start action\n1 0 REJECT", []want{whole, {"end": "1970-01-01T00:00:01.000000Z", "start": "1970-01-01T00:00:00.000000Z", "action": "REJECT"}}},
		{"a header of one", "srcaddr\n10.0.0.1", []want{{"srcaddr": "10.0.0.1"}}},
		{"only a header", header, nil},
		{"exported from CloudWatch", "2014-12-14T04:06:50.000Z " + flow, []want{and(whole, "extra", extra("timestamp", "2014-12-14T04:06:50.000Z"))}},
		{"NODATA", header + noData, []want{{"version": 2.0, "account_id": "123456789010", "interface_id": "eni-1235b8ca123456789", "start": "2015-05-10T18:01:16.000000Z", "end": "2015-05-10T18:02:14.000000Z", "log_status": "NODATA"}}},
		{"SKIPDATA without times", "version start end log-status\n2 - - SKIPDATA", []want{{"version": 2.0, "log_status": "SKIPDATA"}}},
		{"an unknown owner", header + strings.Replace(flow, "123456789010", "unknown", 1), []want{and(whole, "account_id", "unknown")}},
		{"IPv6", "srcaddr dstaddr\n2001:db8::1 ::", []want{{"srcaddr": "2001:db8::1", "dstaddr": "::"}}},
		{"unknown fields", "srcaddr new-field\n10.0.0.1 x\"y\n10.0.0.2 -", []want{{"srcaddr": "10.0.0.1", "extra": extra("new-field", `x"y`)}, {"srcaddr": "10.0.0.2"}}},
		{"more values than names", "srcaddr action\n10.0.0.1 ACCEPT x -", []want{{"srcaddr": "10.0.0.1", "action": "ACCEPT", "extra": extra("field_3", "x")}}},
		{"more without a header", flow + " x", []want{and(whole, "extra", extra("field_15", "x"))}},
		{"a name twice", "action action\nACCEPT REJECT", []want{{"action": "ACCEPT", "extra": extra("action", "REJECT")}}},
		{"extra and seneka's names in the header", "srcaddr extra\n10.0.0.1 x", []want{{"srcaddr": "10.0.0.1", "extra": extra("extra", "x")}}},
		{"later versions", "reject-reason resource-id encryption-status interface-type traffic-path\nBPA nat-1 3 nat_gateway 8", []want{{"reject_reason": "BPA", "resource_id": "nat-1", "encryption_status": 3.0, "interface_type": "nat_gateway", "traffic_path": 8.0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := decode(t, tt.text)
			if len(all) != len(tt.want) {
				t.Fatalf("got %+v", all)
			}
			for i, w := range tt.want {
				if got := rowOf(t, all[i]); fmt.Sprint(got) != fmt.Sprint(w) {
					t.Errorf("row %d:\ngot  %v\nwant %v", i, got, w)
				}
			}
		})
	}
}

func TestRejects(t *testing.T) {
	tests := []struct{ name, header, line, reason string }{
		{"cut short", header, strings.TrimSuffix(flow, " ACCEPT OK"), "the line is cut short: it has 12 fields, and its header names 14"},
		{"cut short without a header", "", "2 123456789010 eni-1", "it has 3 fields"},
		{"another version without a header", "", strings.Replace(flow, "2", "5", 1), `"5" is not version 2`},
		{"garbage without a header", "", "garbage", "no header line stands before it"},
		{"a time and no more", "", "2014-12-14T04:06:50.000Z", "is not version 2"},
		{"fields without end", header, flow + strings.Repeat(" x", named.MaxFields), "the line has more than 10000 fields"},
		{"no port", header, strings.Replace(flow, "20641", "ssh", 1), `column srcport: "ssh" is not a number`},
		{"no time", header, strings.Replace(flow, "1418530010", "2014-12-14T04:06:50Z", 1), "column start: "},
		{"a time far off", header, strings.Replace(flow, "1418530070", "253402300800", 1), `column end: "253402300800" is not within the years 1 to 9999`},
		{"too large", header, strings.Replace(flow, "4249", "9223372036854775808", 1), "column bytes: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := decode(t, tt.header+tt.line+"\n"+flow)
			if len(all) != 2 || all[1].Reject != "" {
				t.Fatalf("got %+v", all)
			}
			if got := all[0]; !strings.Contains(got.Reject, tt.reason) || got.Raw != tt.line || got.Offset != int64(len(tt.header)) {
				t.Errorf("at %d, %q: reason %q, want it to say %q", got.Offset, got.Raw, got.Reject, tt.reason)
			}
		})
	}
}

func TestNothingIsLeftOver(t *testing.T) {
	all := decode(t, header+flow+" x\n"+noData+"\naction\nREJECT")
	if got := string(all[2].Row); got != `{"action":"REJECT"}` {
		t.Errorf("got %s", got)
	}
	if strings.Contains(string(all[1].Row), "extra") {
		t.Errorf("the line before shows in %s", all[1].Row)
	}
}

func TestAllocatesNothing(t *testing.T) {
	rec := row.NewRecord(len(VPCFlow().Spec.Columns))
	dec := VPCFlow().New(strings.NewReader("new-field "+header+strings.Repeat(`a"b `+flow+" x y\n", 1000)), format.Options{})
	if n := testing.AllocsPerRun(900, func() {
		if err := dec.Next(rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Replace(flow, "eni-1235b8ca123456789", strings.Repeat("e", 300<<10), 1)
	for _, limit := range []int{0, len(long), len(long) - 1} {
		all, err := formattest.Decode(VPCFlow(), strings.NewReader(header+long+"\n"+flow), format.Options{MaxRecord: limit})
		if err != nil || len(all) != 2 || all[1].Reject != "" || (all[0].Reject != "") != (limit == len(long)-1) {
			t.Fatalf("limit %d: %d records, error %v", limit, len(all), err)
		}
	}
}

func TestFileTime(t *testing.T) {
	for _, key := range []string{
		"AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz",
		"AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/hour=16/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz",
	} {
		if at, ok := VPCFlow().FileTime(key); !ok || at.Format(time.RFC3339) != "2018-06-20T16:20:00Z" {
			t.Errorf("FileTime(%q) = %v, %v", key, at, ok)
		}
	}
}

func FuzzVPCFlow(f *testing.F) {
	for _, file := range samples {
		f.Add(formattest.Plain(f, file))
	}
	for _, text := range []string{flow, noData + " x", "2014-12-14T04:06:50.000Z " + flow, "a b srcaddr\n\" \\ \x01\nstart end\n1 2 3"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range formattest.Lines(t, VPCFlow(), data) {
			if o.Reject == "" && !json.Valid(o.Row) {
				t.Fatalf("row %s", o.Row)
			}
		}
	})
}

func BenchmarkVPCFlow(b *testing.B) {
	formattest.Benchmark(b, VPCFlow(), []byte(header+strings.Repeat(flow+"\n", 10_000)), 10_000)
}
