package jsonlog

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// FuzzScan compares what is JSON, and how it is rewritten, with encoding/json.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"a" : [1, -0.5e+3, true, false, null, "x\"\\\/\b\f\n\r\té😀"], "b":{}}`, `"\ud800\udc00\ud800"`, `"\ud800\u0041"`,
		`01`, `1.`, `-`, `1e`, `[1,]`, `{"a"}`, `{"a":1,}`, `"` + "\x1f" + `"`, `tru`, `nul`, `[`, `"\u12g4"`, "\"\xff\"", `[[[[{"a":[{}]}]]]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := scanner{b: data}
		err := s.skip()
		if s.space(); err == nil && s.i < len(data) {
			err = errSyntax
		}
		if valid := json.Valid(data); valid != (err == nil) {
			t.Fatalf("%q: valid %v, and we say %v", data, valid, err)
		}
		if err != nil {
			return
		}
		raw := bytes.TrimSpace(data)
		if !s.half {
			var want bytes.Buffer
			if err := json.Compact(&want, raw); err != nil || !bytes.Equal(appendCompact(nil, raw), want.Bytes()) {
				t.Fatalf("%q: got %q, want %q, error %v", raw, appendCompact(nil, raw), want.Bytes(), err)
			}
		}
		if text := appendCompact(nil, raw); !json.Valid(text) || !bytes.Equal(appendCompact(nil, text), text) {
			t.Fatalf("%q: %q", raw, text)
		}
		if raw[0] == '"' && !s.half && utf8.Valid(raw) {
			var want string
			if err := json.Unmarshal(raw, &want); err != nil || string(appendUnescaped(nil, raw[1:len(raw)-1])) != want {
				t.Fatalf("%q: got %q, want %q, error %v", raw, appendUnescaped(nil, raw[1:len(raw)-1]), want, err)
			}
		}
	})
}

// A special character is found at every place of a word and behind it.
func TestPlain(t *testing.T) {
	for length := range 40 {
		for _, c := range []string{`"`, `\`, "\x00", "\x1f"} {
			s := scanner{b: []byte(strings.Repeat("\xff", length) + c + `""`)}
			if s.plain(); s.i != length {
				t.Errorf("%q behind %d bytes is found at %d", c, length, s.i)
			}
		}
		for _, c := range []string{"a", " ", "!", "#", "[", "]", "\x7f", "\x80", "\xa2", "\xdc"} {
			s := scanner{b: []byte(strings.Repeat(c, length))}
			if s.plain(); s.i != length {
				t.Errorf("%d times %q: stopped at %d", length, c, s.i)
			}
		}
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"eventTime": "event_time", "sourceIPAddress": "source_ip_address", "requestID": "request_id", "webaclId": "webacl_id",
		"ja3Fingerprint": "ja3_fingerprint", "requestBodySizeInspectedByWAF": "request_body_size_inspected_by_waf", "Rdata": "rdata", "vpc_id": "vpc_id", "a": "a",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// No record costs an allocation, whatever is in it: unknown members, spaces, escapes, another order.
func TestSteadyState(t *testing.T) {
	text := `{"n":1,"s":"a\u00e9","l":[1,2],"o":{"a":"x","b":1.5},"items":[{"id":1},{"id":2}],"j":{"a" : [1]}}
{"j":[],"items":[],"S":"x","z":{"a": 1},"n":"7"}
`
	d := small.Decoder(&repeat{text: text}, format.Options{})
	rec := row.NewRecord(len(small.Schema()))
	two := func() {
		for range 2 {
			if err := d.Next(rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(2000, two); n != 0 {
		t.Errorf("%v allocations for two records", n)
	}
}
