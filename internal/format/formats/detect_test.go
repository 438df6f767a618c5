package formats

import (
	"strings"
	"testing"
)

const albLine = `http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:tg "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"` + "\n"

func TestDetect(t *testing.T) {
	tests := []struct{ name, file, head, want string }{
		{"a log", "x", albLine, "alb"},
		{"a log with a broken line", "x", albLine + "broken\n", "alb"},
		{"a log whose head ends within a record", "x", strings.Repeat(albLine, Head/len(albLine)+1)[:Head], "alb"},
		{"prose", "x.log", "The quick brown fox\njumps over the lazy dog.\n", ""},
		{"nothing", "x.log", "", ""},
		{"binary", "x.log", "\x00\x01\x02\x03", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, why, err := Detect(tt.file, []byte(tt.head))
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("taken for %s: %s", f.Name, why)
			case tt.want != "" && (err != nil || f.Name != tt.want || why == ""):
				t.Errorf("got %v, %q, %v; want %s", f, why, err, tt.want)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	tests := map[string]int{`{}`: 1, `{"a":1}`: 1, `{"a":{"b":1,"c":2},"d":[1,{"e":2}]}`: 2, `{"a:\"b":"c:d","x":1}`: 2, `7`: 1}
	for text, want := range tests {
		if got := members([]byte(text)); got != want {
			t.Errorf("members(%s) = %d, want %d", text, got, want)
		}
	}
}
