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

// deliveries are the logs that CloudWatch delivers too, with a line of all fields and what AWS calls these.
var deliveries = []struct {
	format *format.Format
	names  []string
	line   []string
}{
	{ALB(), strings.Fields(`type time elb client:port target:port request_processing_time target_processing_time response_processing_time elb_status_code target_status_code
		received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time
		actions_executed redirect_url error_reason target:port_list target_status_code_list classification classification_reason conn_trace_id
		transformed_host transformed_uri request_transform_status`), sample},
	{NLB(), strings.Fields(`type version time elb listener client:port destination:port connection_time tls_handshake_time received_bytes sent_bytes incoming_tls_alert
		chosen_cert_arn chosen_cert_serial tls_cipher tls_protocol_version tls_named_group domain_name alpn_fe_protocol alpn_be_protocol alpn_client_preference_list
		tls_connection_creation_time`), nlbSample},
	{ALBConnection(), strings.Fields(`timestamp client_ip client_port listener_port tls_protocol tls_cipher tls_handshake_latency leaf_client_cert_subject leaf_client_cert_validity
		leaf_client_cert_serial_number tls_verify_status conn_trace_id tls_keyexchange elb ip_address`), connectionSample},
	{ALBHealthCheck(), strings.Fields(`type time latency target_addr target_group_id status status_code reason_code elb ip_address`), healthSample},
}

// objectOf returns a line as a JSON object, all of whose values are texts without the quotes around them.
func objectOf(t *testing.T, names, line []string) string {
	t.Helper()
	o := map[string]string{}
	for i, name := range names {
		o[name] = string(unquote([]byte(line[i])))
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The row is the same by position, in JSON and under a header, whatever the order.
func TestNamedFields(t *testing.T) {
	for _, d := range deliveries {
		t.Run(d.format.Name, func(t *testing.T) {
			line := d.line[:len(d.names)]
			want := string(formattest.MustDecode(t, d.format, strings.NewReader(lineOf(line, -1, "")))[0].Row)
			underscored := slices.Clone(d.names)
			for i, name := range underscored {
				underscored[i] = strings.ReplaceAll(name, ":", "_")
			}
			backwards := func(s []string) []string {
				s = slices.Clone(s)
				slices.Reverse(s)
				return s
			}
			const w3c = "#Version: 1.0\n#Fields: "
			for name, text := range map[string]string{
				"JSON":                    objectOf(t, d.names, line),
				"JSON, underscores":       objectOf(t, underscored, line),
				"spaces":                  w3c + strings.Join(d.names, " ") + "\n" + lineOf(line, -1, ""),
				"spaces, other order":     w3c + strings.Join(backwards(d.names), " ") + "\r\n" + lineOf(backwards(line), -1, "") + "\r\n",
				"tabs":                    w3c + strings.Join(underscored, "\t") + "\n" + strings.Join(line, "\t"),
				"a list of JSON objects":  "[\n" + objectOf(t, d.names, line) + "]",
				"hyphens and capitals":    strings.ToUpper(w3c[14:]) + "\n" + w3c + strings.ToUpper(strings.ReplaceAll(strings.Join(underscored, " "), "_", "-")) + "\n" + lineOf(line, -1, ""),
				"a header again":          w3c + "elb new\n" + w3c + strings.Join(d.names, " ") + "\n\n" + lineOf(line, -1, ""),
				"fields behind the named": w3c + strings.Join(d.names, " ") + "\n" + lineOf(line, -1, "") + " -",
			} {
				all := formattest.MustDecode(t, d.format, strings.NewReader(text))
				if len(all) != 1 || string(all[0].Row) != want {
					t.Errorf("%s:\ngot  %+v\nwant %s", name, all, want)
				}
			}
		})
	}
}

func TestNamedQuirks(t *testing.T) {
	const nothing = `{"elb":"app/x/1"`
	for text, want := range map[string]string{
		`{"elb":"app/x/1"}`: nothing + `}`,
		`{"elb":"app/x/1","elb_status_code":200,"client:port":"[2001:db8::1]:443","new":{"a":1},"target:port":"-"}`: nothing +
			`,"client_ip":"2001:db8::1","client_port":443,"elb_status_code":200,"extra":["{\"new\":{\"a\":1}}"]}`,
		`{"elb":"app/x/1","user_agent":["x"]}`:                     `{"elb":"app/x/1","extra":["{\"user_agent\":[\"x\"]}"]}`,
		`{"elb":"app/x/1","elb_status_code":"OK"}`:                 `column elb_status_code: "OK" is not a number`,
		`{"time":"2026-01-02T03:04:05Z","type":"x"}`:               "another kind of record: it has neither elb nor elb_status_code",
		"#Fields: elb new time\napp/x/1 a b":                       `column time: "b" is not a time such as 2006-01-02T15:04:05.999999Z`,
		"#Fields: elb new\napp/x/1 a b":                            `{"elb":"app/x/1","extra":["new=a","b"]}`,
		"#Fields: elb elb\napp/x/1 -":                              nothing + `}`,
		"#Version: 1.0\n#!/bin/sh\nls":                             "no line with #Fields: stands before it",
		"#Fields: elb new\n\"app/x/1":                              "the line is cut short: the quote before field 1 is never closed",
		"#Fields: date time\n":                                     "these are fields of another log: none of them is elb, elb_status_code, target_group_arn, target_status_code",
		"#Fields: elb\n" + "x" + strings.Repeat("\t", maxBlanks+1): "the line has 65537 spaces, and no load balancer writes over 65536",
	} {
		all := formattest.MustDecode(t, ALB(), strings.NewReader(text))
		if len(all) != 1 || string(all[0].Row)+all[0].Reject != want {
			t.Errorf("%.60q:\ngot  %+v\nwant %s", text, all, want)
		}
	}
}

func TestNamedAllocateNothing(t *testing.T) {
	for _, d := range deliveries {
		line := d.line[:len(d.names)]
		for kind, text := range map[string]string{
			"JSON": strings.Repeat(objectOf(t, d.names, line)+"\n", 1000),
			"W3C":  "#Fields: " + strings.Join(d.names, " ") + "\n" + strings.Repeat(lineOf(line, -1, "")+" more\n", 1000),
		} {
			rec := row.NewRecord(len(d.format.Spec.Columns))
			dec := d.format.New(strings.NewReader(text), format.Options{})
			if n := testing.AllocsPerRun(500, func() {
				if err := dec.Next(rec); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s, %s: %v allocations a row", d.format.Name, kind, n)
			}
		}
	}
}

func FuzzNamed(f *testing.F) {
	for i, d := range deliveries {
		f.Add(i, []byte("#Fields: "+strings.Join(d.names, " ")+" new\n"+lineOf(d.line[:len(d.names)], -1, "")+" x"))
		f.Add(i, fmt.Appendf(nil, `{"elb":"x","%s":"%s","new":[1]}`, d.names[3], strings.Trim(d.line[3], `"`)))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		for _, got := range decodeAny(t, deliveries[uint(i)%uint(len(deliveries))].format, data) {
			if got.Reject == "" && !json.Valid(got.Row) {
				t.Fatalf("row %s", got.Row)
			}
		}
	})
}
