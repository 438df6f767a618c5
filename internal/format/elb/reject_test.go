package elb

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// formats are those of the package.
var formats = []*format.Format{ALB(), ELB(), NLB(), ALBConnection(), ALBHealthCheck()}

// badLine is a line, and part of why it is rejected.
type badLine struct{ name, line, reason string }

func TestALBRejects(t *testing.T) {
	testRejects(t, ALB(), with(33, -1, ""), []badLine{
		{"cut short", with(16, -1, ""), "the line is cut short: it has 16 fields, and a record has 17 or more"},
		{"one word", "garbage", "it has 1 fields"},
		{"cut within a quote", with(19, fDomain, `"www.exa`), "the quote before field 19 is never closed"},
		{"a classic load balancer's line", `2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -`, "the line is of a Classic Load Balancer's access log: its format is elb, not alb"},
		{"a network load balancer's line", `tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - ECDHE-RSA-AES128-SHA tlsv12 - my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com - - -`, "the line is of a Network Load Balancer's access log: its format is nlb, not alb"},
		{"no number", with(33, fStatus, "abc"), `column elb_status_code: "abc" is not a number`},
		{"a number and more", with(33, fStatus, "200x"), `column elb_status_code: "200x" is not a number`},
		{"too large", with(33, fReceived, "9223372036854775808"), `column received_bytes: "9223372036854775808" is too large a number`},
		{"no decimal", with(33, fTargetTime, "0.0.1"), `column target_processing_time: "0.0.1" is not a number`},
		{"NaN", with(33, fTargetTime, "NaN"), `column target_processing_time: "NaN" is not a number`},
		{"no time", with(33, fTime, "yesterday"), `column time: "yesterday" is not a time`},
		{"no such day", with(33, fCreated, "2023-02-29T00:00:00Z"), `column request_creation_time: "2023-02-29T00:00:00Z" is not a time`},
		{"year 0", with(33, fTime, "0000-01-01T00:00:00Z"), `column time: "0000-01-01T00:00:00Z" is not within the years 1 to 9999`},
		{"year 10000 in UTC", with(33, fTime, "9999-12-31T23:59:59-01:00"), "is not within the years 1 to 9999"},
		{"no port", with(33, fClient, "192.0.2.1:http"), `column client_port: "http" is not a number`},
		{"no status in the list", with(33, fStatuses, `"200 ok"`), `column target_status_code_list: "ok" is not a number`},
		{"a value of any length", with(33, fStatus, strings.Repeat("9x", 1000)), `column elb_status_code: "` + strings.Repeat("9x", 32) + `" is not a number`},
		{"the control text later on", "Enable AccessLog for ELB: x", "cut short"},
	})
}

func TestELBRejects(t *testing.T) {
	const notAll = "cut short: user agent, cipher and protocol are not all there"
	testRejects(t, ELB(), classicLine(15, -1, ""), []badLine{
		{"one word", "garbage", "it has 1 fields, and a record has 12 or more"},
		{"cut in front of the request", classicLine(11, -1, ""), "it has 11 fields"},
		{"cut within the request", classicLine(11, -1, "") + ` "GET http://h`, "cut short, or a quote"},
		{"cut at the request's quote", classicLine(11, -1, "") + ` "`, "cut short, or a quote"},
		{"cut at the user agent's quote", classicLine(12, -1, "") + ` "`, notAll},
		{"cut within the user agent", classicLine(12, -1, "") + ` "curl`, notAll},
		{"cut within the user agent, behind two words", classicLine(12, -1, "") + ` "a b`, notAll},
		{"cut behind the user agent", classicLine(13, -1, ""), notAll},
		{"cut behind the cipher", classicLine(14, -1, ""), notAll},
		{"cut behind a TCP connection's request", strings.Replace(classicLine(13, -1, ""), classicSample[cRequest], `"- - - "`, 1), notAll},
		{"no quote before the request", strings.Replace(classicLine(15, -1, ""), `"`, "", 1), "no quote stands before field 12"},
		{"a field too many before the request", "x " + classicLine(15, -1, ""), "no quote stands before field 12"},
		{"no quote before the user agent", strings.Replace(classicLine(15, -1, ""), `"curl`, "curl", 1), "a quote around the request or the user agent is missing"},
		{"a quote open behind the last field", classicLine(15, -1, "") + ` "x`, "the quote before field 16 is never closed"},
		{"no time", classicLine(15, cTime, "2017-08-10"), `column time: "2017-08-10" is not a time`},
		{"year 0", classicLine(12, cTime, "0000-01-01T00:00:00"), "is not within the years 1 to 9999"},
		{"no status", classicLine(15, cStatus, "OK"), `column elb_status_code: "OK" is not a number`},
		{"no port", classicLine(15, cBackend, "10.0.0.1:http"), `column backend_port: "http" is not a number`},
		{"no timing", classicLine(12, cResponseTime, "NaN"), `column response_processing_time: "NaN" is not a number`},
		{"an application load balancer's line", with(33, -1, ""), "the line is of an Application Load Balancer's access log: its format is alb, not elb"},
		{"one of 2016", with(17, -1, ""), "the line is of an Application Load Balancer's access log: its format is alb, not elb"},
		{"a network load balancer's line", `tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - - - - - -`, "its format is nlb, not elb"},
		{"a connection log's line", "2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036", "connection log: its format is alb_connection, not elb"},
	})
}

// testRejects checks that each line is rejected for its reason, and the lines around it are not.
func testRejects(t *testing.T, f *format.Format, good string, tests []badLine) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, err := formattest.Decode(f, strings.NewReader(good+"\n\n"+tt.line+"\r\n"+good), format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(all) != 3 || all[0].Reject != "" || all[2].Reject != "" || !bytes.Equal(all[0].Row, all[2].Row) {
				t.Fatalf("the lines around it suffered: %+v", all)
			}
			got := all[1]
			if !strings.Contains(got.Reject, tt.reason) {
				t.Errorf("reason %q, want it to say %q", got.Reject, tt.reason)
			}
			if got.Line != 3 || got.Offset != int64(len(good)+2) || got.Raw != tt.line {
				t.Errorf("line %d at %d: %q; want 3 at %d: %q", got.Line, got.Offset, got.Raw, len(good)+2, tt.line)
			}
		})
	}
}

func TestControlFile(t *testing.T) {
	for i, f := range formats {
		text := []string{"Enable AccessLog for ELB: app/my-lb/50dc6c495c0c9188 at 2019-01-01T00:00:00.000Z", "Enable ConnectionLog for ELB: app/my-lb"}[i%2]
		dec := f.New(strings.NewReader(text), format.Options{})
		if err := dec.Next(row.NewRecord(len(f.Spec.Columns))); !errors.Is(err, format.ErrControl) {
			t.Errorf("%s: error %v, want ErrControl", f.Name, err)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	for _, text := range []string{"", "\n", " \r\n\n"} {
		for _, f := range formats {
			dec := f.New(strings.NewReader(text), format.Options{})
			if err := dec.Next(row.NewRecord(len(f.Spec.Columns))); err != io.EOF {
				t.Errorf("%s: %q: error %v, want io.EOF", f.Name, text, err)
			}
		}
	}
}

func TestALBLongLine(t *testing.T) {
	long := with(33, fAgent, `"`+strings.Repeat("u", 300<<10)+`"`)
	for _, limit := range []int{0, len(long), len(long) - 1} {
		all, err := formattest.Decode(ALB(), strings.NewReader(long+"\n"+with(33, -1, "")), format.Options{MaxRecord: limit})
		if err != nil || len(all) != 2 || all[1].Reject != "" {
			t.Fatalf("limit %d: %d records, error %v", limit, len(all), err)
		}
		if tooLong := limit == len(long)-1; (all[0].Reject != "") != tooLong {
			t.Errorf("limit %d: reject %q", limit, all[0].Reject)
		}
	}
}
