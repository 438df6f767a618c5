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

// classicSamples are real log files: see SOURCES.tsv beside them.
var classicSamples = []string{
	"../../../testdata/elb/logstash.log",
	"../../../testdata/elb/otel.log",
	"../../../testdata/elb/plaso.log",
}

func TestELB(t *testing.T) {
	formattest.Suite{Format: ELB(), Samples: classicSamples, Records: countLines}.Run(t)
}

// The fields of a line.
var classicSample = []string{
	"2015-05-13T23:39:43.945958Z", "my-loadbalancer", "192.168.131.39:2817", "10.0.0.1:80",
	"0.000086", "0.001048", "0.001337", "200", "201", "0", "57",
	`"GET https://www.example.com:443/a/b?x=1&y=2 HTTP/1.1"`, `"curl/7.38.0"`, "DHE-RSA-AES128-SHA", "TLSv1.2",
}

// Positions of fields in classicSample.
const (
	cTime = iota
	cELB
	cClient
	cBackend
	cRequestTime
	cBackendTime
	cResponseTime
	cStatus
	cBackendStatus
	cReceived
	cSent
	cRequest
	cAgent
	cCipher
	cTLS
)

// classicLine returns classicSample's first n fields as a line, field i replaced by value.
func classicLine(n, i int, value string) string { return lineOf(classicSample[:n], i, value) }

// old and whole return a line of 12 and of 15 fields, with request, and with request and agent.
func old(request string) string { return classicLine(12, cRequest, `"`+request+`"`) }
func whole(request, agent string) string {
	return classicLine(11, -1, "") + ` "` + request + `" "` + agent + `" DHE-RSA-AES128-SHA TLSv1.2`
}

func TestELBQuirks(t *testing.T) {
	type want map[string]any
	list := func(v ...any) any { return v }
	const get = "GET https://www.example.com:443/a/b?x=1&y=2 HTTP/1.1"
	tests := []struct {
		name string
		line string
		want want
	}{
		{"12 fields", classicLine(12, -1, ""), want{"sent_bytes": 57.0, "request": get, "user_agent": null, "ssl_cipher": null, "ssl_protocol": null, "extra": null}},
		{"15 fields", classicLine(15, -1, ""), want{"request": get, "user_agent": "curl/7.38.0", "ssl_cipher": "DHE-RSA-AES128-SHA", "ssl_protocol": "TLSv1.2", "extra": null}},
		{"parts of the request", classicLine(15, -1, ""), want{"request_method": "GET", "request_url": "https://www.example.com:443/a/b?x=1&y=2", "request_protocol": "HTTP/1.1", "request_host": "www.example.com", "request_port": 443.0, "request_path": "/a/b", "request_query": "x=1&y=2"}},
		{"more fields", classicLine(15, -1, "") + ` x "-" "y \" z"`, want{"user_agent": "curl/7.38.0", "ssl_protocol": "TLSv1.2", "extra": list("x", "-", `y \" z`)}},
		{"more fields that end like a record", classicLine(15, -1, "") + ` "x" y z`, want{"user_agent": "curl/7.38.0", "ssl_protocol": "TLSv1.2", "extra": list("x", "y", "z")}},
		{"more fields without TLS", whole(get, "a")[:strings.LastIndex(whole(get, "a"), " DHE")] + ` - - "x" y`, want{"user_agent": "a", "ssl_cipher": null, "ssl_protocol": null, "extra": list("x", "y")}},
		{"blanks before, between and behind", " \t " + strings.Join(classicSample[:11], "   ") + `  "` + get + `" "a"   -  - ` + "\t", want{"time": "2015-05-13T23:39:43.945958Z", "sent_bytes": 57.0, "request": get, "user_agent": "a", "ssl_protocol": null}},
		{"blanks before and behind 12 fields", "  " + classicLine(12, -1, "") + "  ", want{"request": get, "user_agent": null}},
		{"CR LF", classicLine(15, -1, "") + "\r\n", want{"ssl_protocol": "TLSv1.2"}},
		{"CR LF behind 12 fields", classicLine(12, -1, "") + "\r\n", want{"request": get}},

		{"time without fraction and zone", classicLine(15, cTime, "2017-08-10T18:25:56"), want{"time": "2017-08-10T18:25:56.000000Z"}},
		{"time without zone", classicLine(12, cTime, "2017-08-10T18:25:56.5"), want{"time": "2017-08-10T18:25:56.500000Z"}},
		{"time with zone", classicLine(12, cTime, "2017-08-10T18:25:56+09:00"), want{"time": "2017-08-10T09:25:56.000000Z"}},
		{"no time", classicLine(15, cTime, "-"), want{"time": null, "elb": "my-loadbalancer"}},
		{"IPv6", classicLine(15, cClient, "2001:db8::1:443"), want{"client_ip": "2001:db8::1", "client_port": 443.0}},
		{"no backend", classicLine(15, cBackend, "-"), want{"backend_ip": null, "backend_port": null}},
		{"backend", classicLine(15, -1, ""), want{"backend_ip": "10.0.0.1", "backend_port": 80.0, "backend_status_code": 201.0, "backend_processing_time": 0.001048}},
		{"-1 in a timing", classicLine(15, cRequestTime, "-1"), want{"request_processing_time": -1.0}},
		{"nothing in a timing", classicLine(15, cBackendTime, "-"), want{"backend_processing_time": null, "response_processing_time": 0.001337}},
		{"-1 bytes received", classicLine(15, cReceived, "-1"), want{"received_bytes": -1.0}},
		{"-1 bytes sent", classicLine(12, cSent, "-1"), want{"sent_bytes": -1.0}},
		{"more bytes than 32 bits count", classicLine(12, cSent, "9007199254740991"), want{"sent_bytes": 9007199254740991.0}},
		{"status 0", classicLine(15, cStatus, "0"), want{"elb_status_code": 0.0}},
		{"no status", classicLine(15, cBackendStatus, "-"), want{"elb_status_code": 200.0, "backend_status_code": null}},
		{"TCP", `2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -`,
			want{"elb_status_code": null, "backend_status_code": null, "received_bytes": 82.0, "request": "- - - ", "request_method": null, "request_url": null, "request_protocol": null, "request_path": null, "user_agent": null, "ssl_cipher": null}},
		{"SSL", `2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.001065 0.000015 0.000023 - - 57 502 "- - - " "-" ECDHE-ECDSA-AES128-GCM-SHA256 TLSv1.2`,
			want{"request_url": null, "user_agent": null, "ssl_cipher": "ECDHE-ECDSA-AES128-GCM-SHA256", "ssl_protocol": "TLSv1.2"}},
		{"TCP before 2015", old("- - - "), want{"request": "- - - ", "request_url": null}},
		{"nothing at all in the request", whole("-", "a"), want{"request": null, "request_method": null, "user_agent": "a"}},

		{"quote in the URL", whole(`GET http://h:80/a"b HTTP/1.1`, "c"), want{"request_path": `/a"b`, "user_agent": "c"}},
		{"quotes in the URL", whole(`GET http://h:80/?q="a b" HTTP/1.1`, "c"), want{"request_query": `q="a b"`, "request_protocol": "HTTP/1.1", "user_agent": "c"}},
		{"quotes around a space in the URL", whole(`GET http://h:80/?q=" " HTTP/1.1`, "c"), want{"request_query": `q=" "`, "user_agent": "c"}},
		{"cipher and protocol in the URL", whole(`GET http://h:80/" - - HTTP/1.1`, "c"), want{"request_path": `/" - -`, "user_agent": "c", "extra": null}},
		{"quote in the URL of 12 fields", old(`GET http://h:80/a"b HTTP/1.1`), want{"request_path": `/a"b`, "user_agent": null}},
		{"quotes in the URL of 12 fields", old(`GET http://h:80/?q="a b" HTTP/1.1`), want{"request_query": `q="a b"`, "user_agent": null}},
		{"quote and two words in the URL of 12 fields", old(`GET http://h:80/" a b HTTP/1.1`), want{"request_path": `/" a b`}},
		{"quotes around a space in the URL of 12 fields", old(`GET http://h:80/?q=" " HTTP/1.1`), want{"request_query": `q=" "`, "user_agent": null}},
		{"quote and cipher in the URL of 12 fields", old(`GET http://h:80/" - - HTTP/1.1`), want{"request_path": `/" - -`, "extra": null}},
		{"escaped quotes around the agent", whole(get, `\"nlp.example research\"`), want{"request": get, "user_agent": `\"nlp.example research\"`, "ssl_protocol": "TLSv1.2"}},
		{"escaped quotes within the agent", whole(get, `a \" b\" - - c`), want{"request": get, "user_agent": `a \" b\" - - c`, "extra": null}},
		{"agent that ends in a backslash", whole(get, `a\\`), want{"request": get, "user_agent": `a\\`, "ssl_protocol": "TLSv1.2"}},
		{"bare quotes in the agent", whole(get, `a"b "c" d`), want{"request": get, "user_agent": `a"b "c" d`}},
		{"agent of a space", whole(get, " "), want{"request": get, "user_agent": " "}},
		{"empty agent", whole(get, ""), want{"request": get, "user_agent": ""}},
		{"empty request", whole("", "a"), want{"request": "", "request_method": null, "user_agent": "a"}},
		{"unknown cipher and protocol", classicLine(13, -1, "") + " cipher protocol", want{"user_agent": "curl/7.38.0", "ssl_cipher": "cipher", "ssl_protocol": "protocol"}},
		{"SSL version", classicLine(15, cTLS, "SSLv3"), want{"ssl_protocol": "SSLv3"}},
		{"no URL", whole("GET ", "a"), want{"request": "GET ", "request_method": "GET", "request_url": null, "user_agent": "a"}},
		{"bytes that are no UTF-8", whole(get, "caf\xe9"), want{"user_agent": "caf\uFFFD"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rows(t, ELB(), tt.line)
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

// The request's columns are those of alb, under the same names and with the same types.
func TestELBRequestAsALB(t *testing.T) {
	for _, c := range ELB().Spec.Columns {
		if !strings.HasPrefix(c.Name, "request_") || strings.HasSuffix(c.Name, "_time") {
			continue
		}
		i := ALB().Spec.Columns.Index(c.Name)
		if i < 0 || ALB().Spec.Columns[i].Type != c.Type {
			t.Errorf("alb has no such column %s", c.Name)
		}
	}
}

// A decoder uses its memory again: what one line holds must not show in the next.
func TestELBNothingIsLeftOver(t *testing.T) {
	bare := "- my-loadbalancer" + strings.Repeat(" -", 9) + ` "-"`
	for _, before := range []string{
		classicLine(15, -1, "") + " more",
		whole("GET http://h/ HTTP/1.0", "a\nb") + " more",
		classicLine(15, -1, "") + " more\n" + classicLine(15, cSent, "x"),
	} {
		all, err := formattest.Decode(ELB(), strings.NewReader(before+"\n"+bare), format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(all[len(all)-1].Row); got != `{"elb":"my-loadbalancer"}` {
			t.Errorf("behind %q the line gives %s", before, got)
		}
	}
}

func TestELBAllocatesNothing(t *testing.T) {
	lines := []string{
		classicLine(12, -1, ""),
		whole(`GET http://h:80/"a"?b=\x22 HTTP/1.1`, `\"a\"`) + ` surplus "x y"`,
	}
	rec := row.NewRecord(len(ELB().Spec.Columns))
	dec := ELB().New(strings.NewReader(strings.Repeat(strings.Join(lines, "\n")+"\n", 1000)), format.Options{})
	allocs := testing.AllocsPerRun(500, func() {
		for range lines {
			if err := dec.Next(rec); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for %d records, want none", allocs, len(lines))
	}
}

func FuzzELB(f *testing.F) {
	for _, file := range classicSamples {
		f.Add(formattest.Plain(f, file))
	}
	agent := whole("GET http://h/ HTTP/1.0", "a\n\r\nb")
	for _, text := range []string{agent, agent[:len(agent)-30] + "\n" + agent, old(`GET http://h/" " HTTP/1.1`), classicLine(13, -1, ""), with(33, -1, ""), agent + `x "y"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range decodeAny(t, ELB(), data) {
			more := strings.Split(o.Raw, "\n")[1:]
			if len(more) > 0 && (o.Reject != "" || len(more) > classic.joins) || slices.ContainsFunc(more, func(s string) bool { return startsWithTime([]byte(s)) }) {
				t.Fatalf("one record of %q, reject %q", o.Raw, o.Reject)
			}
			var row struct {
				Request string
				Agent   string `json:"user_agent"`
			}
			if o.Reject == "" && json.Unmarshal(o.Row, &row) != nil || strings.Contains(row.Request, "\n") || strings.Count(row.Agent, "\n") != len(more) {
				t.Fatalf("line endings went astray: %s", o.Row)
			}
		}
	})
}
