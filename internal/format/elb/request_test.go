package elb

import (
	"fmt"
	"testing"
)

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
		{"GET http://h:0/ HTTP/1.1", "GET", "http://h:0/", "HTTP/1.1", "h", "0", "/", null},
		{"GET http://h:/ HTTP/1.1", "GET", "http://h:/", "HTTP/1.1", "h", null, "/", null},
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
			got := rows(t, ALB(), with(33, fRequest, `"`+tt.request+`"`))[0]
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
