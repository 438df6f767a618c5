package elb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// samples are real log files: see SOURCES.tsv beside them.
var samples = []string{
	"../../../testdata/alb/lambda-promtail.log.gz",
	"../../../testdata/alb/otel.log",
	"../../../testdata/alb/plaso.log",
	"../../../testdata/alb/vrl.log",
}

func TestALB(t *testing.T) {
	formattest.Suite{Format: ALB(), Samples: samples, Records: countLines}.Run(t)
}

// countLines counts the lines of data that are not blank, by other means than the decoder's.
func countLines(data []byte) (n int) {
	for line := range strings.SplitSeq(string(data), "\n") {
		if strings.Trim(line, " \t\r") != "" {
			n++
		}
	}
	return n
}

// A line of every documented field, by name. Tests change some of them.
var sample = []string{
	"https", "2018-07-02T22:23:00.186641Z", "app/my-loadbalancer/50dc6c495c0c9188",
	"192.168.131.39:2817", "10.0.0.1:80", "0.086", "0.048", "0.037", "200", "201", "0", "57",
	`"GET https://www.example.com:443/a/b?x=1&y=2 HTTP/1.1"`, `"curl/7.46.0"`,
	"ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2",
	"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067",
	`"Root=1-58337281-1d84f3d73c47ec4e58577259"`, `"www.example.com"`,
	`"arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"`,
	"1", "2018-07-02T22:22:48.364000Z", `"authenticate,forward"`, `"-"`, `"-"`,
	`"10.0.0.1:80"`, `"201"`, `"Ambiguous"`, `"UndefinedContentLengthSemantics"`,
	"TID_1234abcd5678ef90", `"m.example.com"`, `"/v2"`, `"TransformSuccess"`,
}

// Positions of fields in sample.
const (
	fTime = 1 + iota
	fELB
	fClient
	fTarget
	fRequestTime
	fTargetTime
	fResponseTime
	fStatus
	fTargetStatus
	fReceived
	fSent
	fRequest
	fAgent
	fCipher
	fTLS
	fGroup
	fTrace
	fDomain
	fCert
	fRule
	fCreated
	fActions
	fRedirect
	fError
	fTargets
	fStatuses
)

// with returns sample's first n fields as a line, field i replaced by value.
func with(n, i int, value string) string {
	fields := slices.Clone(sample[:n])
	if i >= 0 {
		fields[i] = value
	}
	return strings.Join(fields, " ")
}

// rows decodes text, which must hold no reject.
func rows(t *testing.T, text string) []map[string]any {
	t.Helper()
	all, err := formattest.Decode(ALB(), strings.NewReader(text), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for _, o := range all {
		if o.Reject != "" {
			t.Fatalf("line %d rejected: %s", o.Line, o.Reject)
		}
		row := map[string]any{}
		if err := json.Unmarshal(o.Row, &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// null stands for NULL or an empty list.
var null any

func TestALBQuirks(t *testing.T) {
	type want map[string]any
	list := func(v ...any) any { return v }
	tests := []struct {
		name string
		line string
		want want
	}{
		{"17 fields of 2016", with(17, -1, ""), want{"target_group_arn": sample[16], "trace_id": null, "extra": null, "target_port_list": null}},
		{"20 fields", with(20, -1, ""), want{"chosen_cert_arn": strings.Trim(sample[19], `"`), "matched_rule_priority": null}},
		{"21 fields", with(21, -1, ""), want{"matched_rule_priority": 1.0, "request_creation_time": null}},
		{"25 fields", with(25, -1, ""), want{"error_reason": null, "actions_executed": "authenticate,forward", "target_port_list": null}},
		{"27 fields", with(27, -1, ""), want{"target_port_list": list("10.0.0.1:80"), "target_status_code_list": list(201.0), "classification": null}},
		{"29 fields", with(29, -1, ""), want{"classification_reason": "UndefinedContentLengthSemantics", "conn_trace_id": null}},
		{"30 fields, TID of 2024", with(30, -1, ""), want{"conn_trace_id": "TID_1234abcd5678ef90", "transformed_host": null}},
		{"33 fields, transforms of 2025", with(33, -1, ""), want{"transformed_host": "m.example.com", "transformed_uri": "/v2", "request_transform_status": "TransformSuccess", "extra": null}},
		{"36 fields", with(33, -1, "") + ` 10.1.2.3 "-" "x y"`, want{"request_transform_status": "TransformSuccess", "extra": list("10.1.2.3", "-", "x y")}},
		{"60 fields", with(33, -1, "") + strings.Repeat(" z", 27), want{"extra": list(slices.Repeat([]any{"z"}, 27)...)}},
		{"many spaces between fields", "  " + strings.Join(sample, "    ") + "   ", want{"type": "https", "request_transform_status": "TransformSuccess", "extra": null}},
		{"CR LF", with(33, -1, "") + "\r\n", want{"request_transform_status": "TransformSuccess"}},

		{"IPv4", with(33, -1, ""), want{"client_ip": "192.168.131.39", "client_port": 2817.0, "target_ip": "10.0.0.1", "target_port": 80.0}},
		{"IPv6 in brackets", with(33, fClient, "[2001:db8::1]:443"), want{"client_ip": "2001:db8::1", "client_port": 443.0}},
		{"IPv6 bare", with(33, fTarget, "2001:db8::1:443"), want{"target_ip": "2001:db8::1", "target_port": 443.0}},
		{"IPv6 without port", with(33, fClient, "[2001:db8::1]"), want{"client_ip": "2001:db8::1", "client_port": null}},
		{"no port", with(33, fClient, "192.0.2.1"), want{"client_ip": "192.0.2.1", "client_port": null}},
		{"port unknown", with(33, fClient, "192.0.2.1:-"), want{"client_ip": "192.0.2.1", "client_port": null}},
		{"masked address", with(33, fClient, "12.34.178.90.32:40860"), want{"client_ip": "12.34.178.90.32", "client_port": 40860.0}},
		{"Lambda target", with(33, fTarget, "-"), want{"target_ip": null, "target_port": null}},

		{"nothing, bare", with(33, fCipher, "-"), want{"ssl_cipher": null}},
		{"nothing, quoted", with(33, fAgent, `"-"`), want{"user_agent": null}},
		{"nothing in a number", with(33, fTargetStatus, "-"), want{"target_status_code": null}},
		{"nothing in a quoted number", with(33, fTargetStatus, `"-"`), want{"target_status_code": null}},
		{"empty number", with(33, fTargetStatus, `""`), want{"target_status_code": null}},
		{"nothing in a timing", with(33, fTargetTime, "-"), want{"target_processing_time": null}},
		{"no time", with(33, fTime, "-"), want{"time": null, "elb": sample[fELB]}},
		{"-1 in timings", with(33, fTargetTime, "-1"), want{"target_processing_time": -1.0}},
		{"-1 as rule", with(33, fRule, "-1"), want{"matched_rule_priority": -1.0}},
		{"no rule", with(33, fRule, "-"), want{"matched_rule_priority": null}},
		{"more than 32 bits", with(33, fReceived, "9007199254740991"), want{"received_bytes": 9007199254740991.0}},
		{"microseconds of processing", with(33, fTargetTime, "0.000073"), want{"target_processing_time": 0.000073}},
		{"empty actions", with(33, fActions, `""`), want{"actions_executed": ""}},
		{"time without zone", with(33, fTime, "2018-07-02T22:23:00.186641"), want{"time": "2018-07-02T22:23:00.186641Z"}},
		{"time with zone", with(33, fTime, "2018-07-02T22:23:00+09:00"), want{"time": "2018-07-02T13:23:00.000000Z"}},
		{"nanoseconds are cut off", with(33, fTime, "2018-07-02T22:23:00.123456789Z"), want{"time": "2018-07-02T22:23:00.123456Z"}},

		{`\x22 in the agent`, with(33, fAgent, `"a \x22b\x22 c"`), want{"user_agent": `a \x22b\x22 c`, "ssl_cipher": sample[fCipher]}},
		{`\x00000022 in the agent`, with(33, fAgent, `"a \x00000022 c"`), want{"user_agent": `a \x00000022 c`, "ssl_cipher": sample[fCipher]}},
		{`\" in the agent`, with(33, fAgent, `"a \" b\"" `), want{"user_agent": `a \" b\"`, "ssl_cipher": sample[fCipher]}},
		{`bare quote within a word`, with(33, fAgent, `"a"b c"`), want{"user_agent": `a"b c`, "ssl_cipher": sample[fCipher]}},
		{`escaped backslash before the quote`, with(33, fAgent, `"a\\"`), want{"user_agent": `a\\`, "ssl_cipher": sample[fCipher]}},
		{"quote inside a bare field", with(33, fCipher, `a"b`), want{"ssl_cipher": `a"b`}},
		{"bytes that are no UTF-8", with(33, fAgent, "\"caf\xe9\""), want{"user_agent": "caf\uFFFD"}},

		{"lists without quotes", with(27, -1, "")[:0] + strings.Join(sample[:fTargets], " ") + ` 10.0.0.66:9000 200 "-" "-" TID_1`, want{"target_port_list": list("10.0.0.66:9000"), "target_status_code_list": list(200.0), "conn_trace_id": "TID_1"}},
		{"lists of several", with(33, fTargets, `"10.0.0.1:80 10.0.0.2:80  [::1]:80"`), want{"target_port_list": list("10.0.0.1:80", "10.0.0.2:80", "[::1]:80")}},
		{"status codes of several", with(33, fStatuses, `"502 - 200"`), want{"target_status_code_list": list(502.0, 0.0, 200.0)}},
		{"empty lists", with(33, fTargets, `"-"`), want{"target_port_list": null}},
		{"empty list", with(33, fStatuses, `""`), want{"target_status_code_list": null}},

		{"leading space in the domain", with(33, fDomain, `" www.example.com"`), want{"domain_name": "www.example.com"}},
		{"domain of nothing with a space", with(33, fDomain, `" -"`), want{"domain_name": null}},
		{"session reused", with(33, fCert, `"session-reused"`), want{"chosen_cert_arn": "session-reused"}},
		{"long trace", with(33, fTrace, `"Self=1-2;Root=1-3;CalledFrom=x"`), want{"trace_id": "Self=1-2;Root=1-3;CalledFrom=x"}},
		{"unknown type", with(33, 0, "h3"), want{"type": "h3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rows(t, tt.line)
			if len(got) != 1 {
				t.Fatalf("%d rows", len(got))
			}
			for column, value := range tt.want {
				if fmt.Sprint(got[0][column]) != fmt.Sprint(value) {
					t.Errorf("%s = %#v, want %#v", column, got[0][column], value)
				}
			}
		})
	}
}

func TestALBRequest(t *testing.T) {
	// The columns of request in order, NULL as "-".
	const null = "-"
	tests := []struct {
		request                                 string
		method, url, protocol, host, port, path string
		query                                   string
	}{
		{"GET https://www.example.com:443/a/b?x=1&y=2 HTTP/1.1", "GET", "https://www.example.com:443/a/b?x=1&y=2", "HTTP/1.1", "www.example.com", "443", "/a/b", "x=1&y=2"},
		{"GET https://h:443/ HTTP/2", "GET", "https://h:443/", "HTTP/2", "h", "443", "/", null},
		{"GET http://h:80/?", "GET", "http://h:80/?", null, "h", "80", "/", ""},
		{"GET http://h:80/?a?b=/ HTTP/1.0", "GET", "http://h:80/?a?b=/", "HTTP/1.0", "h", "80", "/", "a?b=/"},
		{"GET http://h:80/a b  c HTTP/1.1", "GET", "http://h:80/a b  c", "HTTP/1.1", "h", "80", "/a b  c", null},
		{"GET http://h:80/a HTTP/1.1 b", "GET", "http://h:80/a HTTP/1.1 b", null, "h", "80", "/a HTTP/1.1 b", null},
		{"GET http://h:80/ HTTP/11", "GET", "http://h:80/ HTTP/11", null, "h", "80", "/ HTTP/11", null},
		{"- http://host:80- ", null, "http://host:80-", null, "host", "80", null, null},
		{"- http://host-1.elb.amazonaws.com:80- -", null, "http://host-1.elb.amazonaws.com:80-", null, "host-1.elb.amazonaws.com", "80", null, null},
		{"GET http://h:80/ ", "GET", "http://h:80/", null, "h", "80", "/", null},
		{"--x http://h:80/ HTTP/1.1", "--x", "http://h:80/", "HTTP/1.1", "h", "80", "/", null},
		{"GET http://[2001:db8::1]:80/a HTTP/1.1", "GET", "http://[2001:db8::1]:80/a", "HTTP/1.1", "2001:db8::1", "80", "/a", null},
		{"GET http://[2001:db8::1]/ HTTP/1.1", "GET", "http://[2001:db8::1]/", "HTTP/1.1", "2001:db8::1", null, "/", null},
		{"GET http://my_host.example.com:80/ HTTP/1.1", "GET", "http://my_host.example.com:80/", "HTTP/1.1", "my_host.example.com", "80", "/", null},
		{"GET http://:80/ HTTP/1.1", "GET", "http://:80/", "HTTP/1.1", null, "80", "/", null},
		{"GET http://h:port/ HTTP/1.1", "GET", "http://h:port/", "HTTP/1.1", null, null, null, null},
		{"GET http://h:99999/ HTTP/1.1", "GET", "http://h:99999/", "HTTP/1.1", null, null, null, null},
		{"GET http://h:-1/ HTTP/1.1", "GET", "http://h:-1/", "HTTP/1.1", null, null, null, null},
		{"GET http://u:p@h:80/ HTTP/1.1", "GET", "http://u:p@h:80/", "HTTP/1.1", "h", "80", "/", null},
		{"GET http://h:80/%zz%2 HTTP/1.1", "GET", "http://h:80/%zz%2", "HTTP/1.1", "h", "80", "/%zz%2", null},
		{"GET http://h:80/# HTTP/1.1", "GET", "http://h:80/#", "HTTP/1.1", "h", "80", "/#", null},
		{"GET http://h HTTP/1.1", "GET", "http://h", "HTTP/1.1", "h", null, null, null},
		{"GET /a?next=http://evil/ HTTP/1.1", "GET", "/a?next=http://evil/", "HTTP/1.1", null, null, null, null},
		{`GET http://h:80/\x22\xE3\x81\x82?q=\x5C\x00000022 HTTP/1.1`, "GET", `http://h:80/"あ?q=\"`, "HTTP/1.1", "h", "80", `/"あ`, `q=\"`},
		{`GET http://h:80/\"\\\q\x\xf HTTP/1.1`, "GET", `http://h:80/"\\q\x\xf`, "HTTP/1.1", "h", "80", `/"\\q\x\xf`, null},
		{`GET http://h:80/\xFF HTTP/1.1`, "GET", "http://h:80/\uFFFD", "HTTP/1.1", "h", "80", "/\uFFFD", null},
		{"GET HTTP/1.1", "GET", null, "HTTP/1.1", null, null, null, null},
		{"GET ", "GET", null, null, null, null, null, null},
		{"GET", "GET", null, null, null, null, null, null},
		{"- -", null, null, null, null, null, null, null},
		{" ", null, null, null, null, null, null, null},
		{"", null, null, null, null, null, null, null},
		{"-", null, null, null, null, null, null, null},
	}
	for _, tt := range tests {
		t.Run(tt.request, func(t *testing.T) {
			got := rows(t, with(33, fRequest, `"`+tt.request+`"`))[0]
			want := []string{tt.request, tt.method, tt.url, tt.protocol, tt.host, tt.port, tt.path, tt.query}
			for i, column := range []string{"request", "request_method", "request_url", "request_protocol", "request_host", "request_port", "request_path", "request_query"} {
				value := null
				if v, ok := got[column]; ok {
					value = fmt.Sprint(v)
				}
				if value != want[i] {
					t.Errorf("%s = %q, want %q", column, value, want[i])
				}
			}
			if got["user_agent"] != "curl/7.46.0" {
				t.Errorf("user_agent = %v: the fields behind the request moved", got["user_agent"])
			}
		})
	}
}

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

// A decoder uses its memory again: what one line holds must not show in the next.
func TestALBNothingIsLeftOver(t *testing.T) {
	full, bare := with(33, -1, "")+" more", strings.Join(slices.Concat([]string{"http", "-", "-", "-", "-"}, slices.Repeat([]string{"-"}, 12)), " ")
	want := rows(t, bare)[0]
	if len(want) != 1 {
		t.Fatalf("a line of nothing gives %v", want)
	}
	for _, broken := range []string{"", "\n" + with(33, fStatuses, `"200 x"`)} {
		all, err := formattest.Decode(ALB(), strings.NewReader(full+broken+"\n"+bare), format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(all[len(all)-1].Row); got != `{"type":"http"}` {
			t.Errorf("behind a full line the same line gives %s", got)
		}
	}
}

// With any one quote of any sample taken away, no line is lost, and no other line changes.
func TestALBWithoutAQuote(t *testing.T) {
	for _, file := range samples {
		for line := range bytes.Lines(formattest.Plain(t, file)) {
			after := with(33, -1, "")
			for i, c := range line {
				if c != '"' {
					continue
				}
				broken := slices.Concat(line[:i], line[i+1:])
				if broken[len(broken)-1] != '\n' {
					broken = append(broken, '\n')
				}
				all, err := formattest.Decode(ALB(), io.MultiReader(bytes.NewReader(broken), strings.NewReader(after)), format.Options{})
				if err != nil || len(all) != 2 || all[1].Reject != "" {
					t.Fatalf("%q: %d records, error %v", broken, len(all), err)
				}
			}
		}
	}
}

// The examples of VRL's documentation carry what VRL makes of them.
func TestALBAgainstVRL(t *testing.T) {
	text, err := os.ReadFile("testdata/vrl_examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Examples []struct {
			Source string
			Return map[string]any
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Examples) != 2 {
		t.Fatalf("%d examples", len(doc.Examples))
	}
	literal := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	for _, e := range doc.Examples {
		line, err := strconv.Unquote(literal.FindString(e.Source))
		if err != nil {
			t.Fatal(err)
		}
		want := fromVRL(e.Return)
		// VRL drops what it does not know, and these are younger than it.
		got := rows(t, line)[0]
		for _, column := range []string{"request", "request_host", "request_port", "request_path"} {
			if got[column] == nil {
				t.Errorf("no %s", column)
			}
			delete(got, column)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
}

// fromVRL gives VRL's fields our names and types: the address and the port of client and target are
// one there, status codes and priorities are text, and two names are VRL's own.
func fromVRL(fields map[string]any) map[string]any {
	row := map[string]any{}
	for name, v := range fields {
		if list, ok := v.([]any); v == nil || ok && len(list) == 0 {
			continue
		}
		switch name {
		case "client_host":
			host, port, _ := strings.Cut(v.(string), ":")
			n, _ := strconv.ParseFloat(port, 64)
			row["client_ip"], row["client_port"] = host, n
		case "timestamp":
			row["time"] = v
		case "traceability_id":
			row["conn_trace_id"] = v
		case "elb_status_code", "target_status_code", "matched_rule_priority":
			row[name], _ = strconv.ParseFloat(v.(string), 64)
		default:
			row[name] = v
		}
	}
	return row
}

func TestFileTime(t *testing.T) {
	const dir = "prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2016/05/01/"
	tests := []struct{ key, want string }{
		{dir + "123456789012_elasticloadbalancing_us-east-2_app.my-loadbalancer.1234567890abcdef_20140215T2340Z_172.160.001.192_20sg8hgm.log.gz", "2014-02-15T23:40:00Z"},
		{"a_20240229T0000Z_b", "2024-02-29T00:00:00Z"},
		{"a_20230229T0000Z_b", ""},
		{"a_00000101T0000Z_b", ""},
		{"x_20140215T2340Z_y/plain.log", ""},
		{"a-20140215T2340Z-b", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got := ""
		if at, ok := ALB().FileTime(tt.key); ok {
			got = at.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("FileTime(%q) = %q, want %q", tt.key, got, tt.want)
		}
	}
}

func FuzzALB(f *testing.F) {
	for _, file := range samples {
		f.Add(formattest.Plain(f, file))
	}
	for _, line := range []string{with(17, -1, ""), with(33, fAgent, `"a \" b\"" `), with(33, fRequest, `"- http://host:80- "`), with(33, fClient, "[::1]:-")} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 2000
		first, err := formattest.Decode(ALB(), bytes.NewReader(data), format.Options{MaxRecord: limit})
		if errors.Is(err, format.ErrControl) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		records := 0
		for line := range strings.SplitSeq(string(data), "\n") {
			// A line over the limit is a record even if it is blank.
			if strings.Trim(line, " \t\r") != "" || len(strings.TrimSuffix(line, "\r")) > limit {
				records++
			}
		}
		if len(first) != records {
			t.Fatalf("%d rows and rejects of %d records", len(first), records)
		}
		again, err := formattest.Decode(ALB(), bytes.NewReader(data), format.Options{MaxRecord: limit})
		if err != nil || fmt.Sprint(first) != fmt.Sprint(again) {
			t.Fatalf("the second time: %v, error %v", again, err)
		}
		for _, o := range first {
			if !strings.Contains(string(data), o.Raw) {
				t.Fatalf("raw %q is not of the file", o.Raw)
			}
		}
	})
}

// BenchmarkALB parses the same lines again and again: MB/s of text, and rows.
func BenchmarkALB(b *testing.B) {
	data := formattest.Plain(b, "../../../testdata/alb/vrl.log")
	data = bytes.Repeat(append(bytes.TrimSpace(data), '\n'), 1<<20/len(data))
	rec := row.NewRecord(len(ALB().Spec.Columns))
	f := ALB()
	rows := 0
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		dec := f.New(bytes.NewReader(data), format.Options{})
		for dec.Next(rec) == nil {
			rows++
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
