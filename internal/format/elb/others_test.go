package elb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// Lines of every documented field.
var (
	nlbSample = strings.Fields(`tls 2.0 2020-04-01T08:51:42 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 ` +
		`15 arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - ECDHE-RSA-AES128-SHA tlsv12 - www.example.com h2 http/1.1 "h2","http/1.1" 2020-04-01T08:51:20`)
	connectionSample = strings.Split(`2023-10-04T17:05:15.514108Z|203.0.113.1|36280|443|TLSv1.2|ECDHE-RSA-AES128-GCM-SHA256|4.036|"CN=amazondomains.com, O=end Entity,C=US"|`+
		`NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z|FEF257372D5C14D4|Success|TID_3180a73013c8ca4bac2f731159d4b0fe|X25519|app/my-lb/50dc6c495c0c9188|10.0.0.7`, "|")
	healthSample = strings.Fields(`http 2025-10-31T12:44:59.875678Z 0.019584011 172.31.20.97:80 HCLogsTestIPs PASS 200 - app/my-lb/50dc6c495c0c9188 10.0.0.7`)
)

// others are the formats beside alb and elb.
var others = []struct {
	format  *format.Format
	sample  []string
	samples []string
}{
	{NLB(), nlbSample, []string{"testdata/nlb/otel.log", "testdata/nlb/lambda-promtail.log.gz"}},
	{ALBConnection(), connectionSample, []string{"testdata/alb_connection/awsdocs.log"}},
	{ALBHealthCheck(), healthSample, []string{"testdata/alb_healthcheck/awsdocs.log"}},
}

func TestOthers(t *testing.T) {
	for _, o := range others {
		t.Run(o.format.Name, func(t *testing.T) {
			formattest.Suite{Format: o.format, Samples: o.samples, Records: countLines}.Run(t)
			testWithoutAQuote(t, o.format, o.samples, lineOf(o.sample, -1, ""))
		})
	}
}

func TestOthersQuirks(t *testing.T) {
	type want map[string]any
	list := func(v ...any) any { return v }
	line := func(i int, value string) func([]string) string {
		return func(sample []string) string { return lineOf(sample, i, value) }
	}
	first := func(n int) func([]string) string {
		return func(sample []string) string { return lineOf(sample[:n], -1, "") }
	}
	tests := []struct {
		name   string
		format int // of others
		line   func(sample []string) string
		want   want
	}{
		{"nlb whole", 0, line(-1, ""), want{"type": "tls", "version": "2.0", "time": "2020-04-01T08:51:42.000000Z", "client_ip": "72.21.218.154", "client_port": 51341.0, "destination_port": 443.0,
			"connection_time": 5.0, "tls_handshake_time": 2.0, "incoming_tls_alert": "15", "chosen_cert_serial": nil, "alpn_be_protocol": "http/1.1",
			"alpn_client_preference_list": list("h2", "http/1.1"), "tls_connection_creation_time": "2020-04-01T08:51:20.000000Z", "extra": nil}},
		{"nlb of 16 fields", 0, first(16), want{"tls_protocol_version": "tlsv12", "tls_named_group": nil, "alpn_client_preference_list": nil}},
		{"nlb with more fields", 0, func(s []string) string { return lineOf(s, -1, "") + ` x "y z"` }, want{"extra": list("x", "y z")}},
		{"nlb without a handshake", 0, line(8, "-"), want{"tls_handshake_time": nil}},
		{"nlb with a hexadecimal alert", 0, line(11, "0x2f"), want{"incoming_tls_alert": "0x2f"}},
		{"nlb over IPv6", 0, line(5, "2001:db8::1:443"), want{"client_ip": "2001:db8::1", "client_port": 443.0}},
		{"nlb over IPv6 in brackets", 0, line(6, "[2001:db8::1]:443"), want{"destination_ip": "2001:db8::1", "destination_port": 443.0}},
		{"nlb without ALPN", 0, line(20, "-"), want{"alpn_client_preference_list": nil}},
		{"nlb, one protocol", 0, line(20, `"h2"`), want{"alpn_client_preference_list": list("h2")}},
		{"nlb, a list of nothing", 0, line(20, `""`), want{"alpn_client_preference_list": nil}},

		{"connection whole", 1, line(-1, ""), want{"client_port": 36280.0, "tls_handshake_latency": 4.036, "leaf_client_cert_subject": "CN=amazondomains.com, O=end Entity,C=US",
			"leaf_client_cert_not_before": "2023-09-21T22:43:21.000000Z", "leaf_client_cert_not_after": "2026-06-17T22:43:21.000000Z", "tls_keyexchange": "X25519", "ip_address": "10.0.0.7", "extra": nil}},
		{"connection of 11 fields", 1, first(11), want{"tls_verify_status": "Success", "conn_trace_id": nil}},
		{"connection of 12 fields", 1, first(12), want{"conn_trace_id": connectionSample[11], "elb": nil}},
		{"connection with more fields", 1, func(s []string) string { return lineOf(s, -1, "") + " -" }, want{"extra": list("-")}},
		{"connection without TLS", 1, func(s []string) string { return strings.Join(s[:4], " ") + strings.Repeat(" -", 11) }, want{"listener_port": 443.0, "tls_protocol": nil, "leaf_client_cert_not_before": nil}},
		{"connection that failed", 1, line(10, "Failed:ClientCertUntrusted"), want{"tls_verify_status": "Failed:ClientCertUntrusted"}},
		{"connection with half a validity", 1, line(8, "NotBefore=2023-09-21T22:43:21Z"), want{"leaf_client_cert_not_before": "2023-09-21T22:43:21.000000Z", "leaf_client_cert_not_after": nil}},
		{"connection with a quoted validity", 1, line(8, `"NotBefore=2023-09-21T22:43:21Z; NotAfter=2026-06-17T22:43:21Z"`), want{"leaf_client_cert_not_after": "2026-06-17T22:43:21.000000Z"}},
		{"connection with another validity", 1, line(8, "NotAfter=Sep21"), want{"leaf_client_cert_validity": "NotAfter=Sep21", "leaf_client_cert_not_after": nil}},

		{"health check whole", 2, line(-1, ""), want{"type": "http", "latency": 0.019584011, "target_addr": "172.31.20.97:80", "status": "PASS", "status_code": 200.0, "reason_code": nil, "elb": "app/my-lb/50dc6c495c0c9188", "ip_address": "10.0.0.7"}},
		{"health check of 8 fields", 2, first(8), want{"status_code": 200.0, "elb": nil}},
		{"health check of a Lambda function", 2, line(3, "arn:aws:lambda:us-east-1:123456789012:function:f:1"), want{"target_addr": "arn:aws:lambda:us-east-1:123456789012:function:f:1"}},
		{"health check without an answer", 2, line(6, "-"), want{"status_code": nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := others[tt.format]
			got := rows(t, o.format, tt.line(o.sample))[0]
			for column, value := range tt.want {
				if fmt.Sprint(got[column]) != fmt.Sprint(value) {
					t.Errorf("%s = %#v, want %#v", column, got[column], value)
				}
			}
		})
	}
}

func TestOthersReject(t *testing.T) {
	tests := [][]badLine{{
		{"cut short", lineOf(nlbSample[:15], -1, ""), "it has 15 fields, and a record has 16 or more"},
		{"no number", lineOf(nlbSample, 7, "5ms"), `column connection_time: "5ms" is not a number`},
		{"no time", lineOf(nlbSample, 21, "yesterday"), "column tls_connection_creation_time"},
		{"no port", lineOf(nlbSample, 5, "192.0.2.1:http"), "column client_port"},
		{"an access log's line", with(33, -1, ""), "Application Load Balancer's access log: its format is alb, not nlb"},
	}, {
		{"cut short", lineOf(connectionSample[:10], -1, ""), "the line is cut short"},
		{"cut within the subject", `2023-10-04T17:05:15Z 203.0.113.1 36280 443 TLSv1.2 cipher 4.036 "CN=a`, "the quote before field 8 is never closed"},
		{"no port", lineOf(connectionSample, 3, "https"), `column listener_port: "https" is not a number`},
		{"a health check log's line", lineOf(healthSample, -1, ""), "its format is alb_healthcheck, not alb_connection"},
	}, {
		{"cut short", lineOf(healthSample[:7], -1, ""), "the line is cut short"},
		{"no latency", lineOf(healthSample, 2, "fast"), `column latency: "fast" is not a number`},
		{"a connection log's line", lineOf(connectionSample, -1, ""), "its format is alb_connection, not alb_healthcheck"},
		{"a classic load balancer's line", classicLine(15, -1, ""), "its format is elb, not alb_healthcheck"},
	}}
	for i, o := range others {
		t.Run(o.format.Name, func(t *testing.T) { testRejects(t, o.format, lineOf(o.sample, -1, ""), tests[i]) })
	}
}

// A decoder uses its memory again: what one line holds must not show in the next.
func TestOthersLeaveNothingOver(t *testing.T) {
	for _, o := range others {
		bare := strings.TrimSpace(strings.Repeat("- ", len(o.sample)))
		all, err := formattest.Decode(o.format, strings.NewReader(lineOf(o.sample, -1, "")+" more\n"+bare), format.Options{})
		if err != nil || len(all) != 2 || string(all[1].Row) != "{}" {
			t.Errorf("%s: a line of nothing gives %+v, error %v", o.format.Name, all, err)
		}
	}
}

func TestOthersAllocateNothing(t *testing.T) {
	for _, o := range others {
		rec := row.NewRecord(len(o.format.Spec.Columns))
		dec := o.format.New(strings.NewReader(strings.Repeat(lineOf(o.sample, -1, "")+" more\n", 1000)), format.Options{})
		if n := testing.AllocsPerRun(500, func() {
			if err := dec.Next(rec); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a row", o.format.Name, n)
		}
	}
}

func FuzzNLB(f *testing.F)            { fuzzOther(f, 0) }
func FuzzALBConnection(f *testing.F)  { fuzzOther(f, 1) }
func FuzzALBHealthCheck(f *testing.F) { fuzzOther(f, 2) }

func fuzzOther(f *testing.F, i int) {
	o := others[i]
	for _, file := range o.samples {
		f.Add(formattest.Plain(f, file))
	}
	f.Add([]byte(lineOf(o.sample, -1, "") + ` x "y z"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, got := range decodeAny(t, o.format, data) {
			if got.Reject == "" && !json.Valid(got.Row) {
				t.Fatalf("row %s", got.Row)
			}
		}
	})
}

func BenchmarkNLB(b *testing.B)            { benchmark(b, NLB(), repeated(nlbSample)) }
func BenchmarkALBConnection(b *testing.B)  { benchmark(b, ALBConnection(), repeated(connectionSample)) }
func BenchmarkALBHealthCheck(b *testing.B) { benchmark(b, ALBHealthCheck(), repeated(healthSample)) }

// repeated returns a traffic of one line n times.
func repeated(sample []string) func(n int) []byte {
	return func(n int) []byte { return []byte(strings.Repeat(lineOf(sample, -1, "")+"\n", n)) }
}
