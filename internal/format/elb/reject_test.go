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

func TestALBRejects(t *testing.T) {
	tests := []struct {
		name, line, reason string
	}{
		{"cut short", with(16, -1, ""), "the line is cut short: it has 16 fields, and a record has 17 or more"},
		{"one word", "garbage", "it has 1 fields"},
		{"cut within a quote", with(19, fDomain, `"www.exa`), "the quote before field 19 is never closed"},
		{"a classic load balancer's line", `2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -`, "it has 15 fields"},
		{"a network load balancer's line", `tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - ECDHE-RSA-AES128-SHA tlsv12 - my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com - - -`, `column time: "2.0" is not a time`},
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
	}
	good := with(33, -1, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, err := formattest.Decode(ALB(), strings.NewReader(good+"\n\n"+tt.line+"\r\n"+good), format.Options{})
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

func TestALBControlFile(t *testing.T) {
	const text = "Enable AccessLog for ELB: app/my-lb/50dc6c495c0c9188 at 2019-01-01T00:00:00.000Z"
	dec := ALB().New(strings.NewReader(text), format.Options{})
	if err := dec.Next(row.NewRecord(len(ALB().Spec.Columns))); !errors.Is(err, format.ErrControl) {
		t.Errorf("error %v, want ErrControl", err)
	}
}

func TestALBEmptyFile(t *testing.T) {
	for _, text := range []string{"", "\n", " \r\n\n"} {
		dec := ALB().New(strings.NewReader(text), format.Options{})
		if err := dec.Next(row.NewRecord(len(ALB().Spec.Columns))); err != io.EOF {
			t.Errorf("%q: error %v, want io.EOF", text, err)
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
