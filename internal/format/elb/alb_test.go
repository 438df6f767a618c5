package elb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

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
func with(n, i int, value string) string { return lineOf(sample[:n], i, value) }

// lineOf returns fields as a line, field i replaced by value.
func lineOf(fields []string, i int, value string) string {
	fields = slices.Clone(fields)
	if i >= 0 {
		fields[i] = value
	}
	return strings.Join(fields, " ")
}

// rows decodes text, which must hold no reject.
func rows(t *testing.T, f *format.Format, text string) []map[string]any {
	t.Helper()
	all, err := formattest.Decode(f, strings.NewReader(text), format.Options{})
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
		{"36 fields", with(33, -1, "") + ` 10.1.2.3 "-" "x y"`, want{"request_transform_status": "TransformSuccess", "ip_address": "10.1.2.3", "extra": list("-", "x y")}},
		{"60 fields", with(33, -1, "") + strings.Repeat(" z", 27), want{"extra": list(slices.Repeat([]any{"z"}, 26)...)}},
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

		{"lists without quotes", strings.Join(sample[:fTargets], " ") + ` 10.0.0.66:9000 200 "-" "-" TID_1`, want{"target_port_list": list("10.0.0.66:9000"), "target_status_code_list": list(200.0), "conn_trace_id": "TID_1"}},
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
			got := rows(t, ALB(), tt.line)
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

// A decoder uses its memory again: what one line holds must not show in the next.
func TestALBNothingIsLeftOver(t *testing.T) {
	full, bare := with(33, -1, "")+" more", strings.Join(slices.Concat([]string{"http", "-", "-", "-", "-"}, slices.Repeat([]string{"-"}, 12)), " ")
	want := rows(t, ALB(), bare)[0]
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

func TestALBAllocatesNothing(t *testing.T) {
	line := with(33, fRequest, `"GET http://h:80/\x22a\x22?b=\x5C HTTP/1.1"`) + ` surplus "x y"` + "\n" + with(33, fTargets, `"10.0.0.1:80 10.0.0.2:80"`) + "\n"
	rec := row.NewRecord(len(ALB().Spec.Columns))
	file := strings.NewReader(strings.Repeat(line, 1000))
	dec := alb.decoder(file, format.Options{})
	allocs := testing.AllocsPerRun(500, func() {
		for range 2 {
			if err := dec.Next(rec); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for two lines, want none", allocs)
	}
	if n := cap(dec.(*decoder).decoded); n > 1000 {
		t.Errorf("the text without escapes takes %d bytes, and grows", n)
	}
}
