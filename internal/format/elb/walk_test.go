package elb

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/marks"
	"github.com/seneka-io/seneka/internal/row"
)

// walked are the layouts whose lines are walked.
var walked = []*layout{alb, nlb, connection, healthCheck}

// checkWalk checks that a line that is walked has the values that split and set give it, and reports whether it is.
func checkWalk(t *testing.T, l *layout, line []byte) bool {
	t.Helper()
	quick, slow := l.decoder(nil, format.Options{}).(*decoder), l.decoder(nil, format.Options{}).(*decoder)
	got, want := row.NewRecord(l.extra+1), row.NewRecord(l.extra+1)
	if !quick.walk(line, got.Values) {
		return false
	}
	var err error
	if slow.tokens, err = split(nil, line); err != nil {
		t.Fatalf("%s: %q is walked, and is no line: %v", l.format, line, err)
	}
	slow.ascii = row.IsASCII(line)
	if err := slow.set(want.Values); err != nil || len(slow.tokens) < l.needed {
		t.Fatalf("%s: %q is walked, and has %d tokens, and error %v", l.format, line, len(slow.tokens), err)
	}
	if show(got.Values) != show(want.Values) {
		t.Fatalf("%s: %q is walked to\n%s, want\n%s", l.format, line, show(got.Values), show(want.Values))
	}
	return true
}

// show returns all that an encoder sees of values.
func show(values []row.Value) string {
	var b bytes.Buffer
	for _, v := range values {
		switch v.Kind() {
		case row.KindInt:
			fmt.Fprintf(&b, "%d ", v.Int())
		case row.KindFloat:
			fmt.Fprintf(&b, "%g ", v.Float())
		case row.KindBytes:
			fmt.Fprintf(&b, "%q ", v.Bytes())
		case row.KindList:
			fmt.Fprintf(&b, "[%s] ", show(v.List()))
		default:
			b.WriteString("NULL ")
		}
	}
	return b.String()
}

// linesOf returns lines of every layout that is walked.
func linesOf(t testing.TB) (lines [][]byte) {
	for _, file := range samples {
		lines = append(lines, bytes.Split(formattest.Plain(t, file), []byte("\n"))...)
	}
	for _, l := range others {
		for _, file := range l.samples {
			lines = append(lines, bytes.Split(formattest.Plain(t, file), []byte("\n"))...)
		}
	}
	preferences := slices.Index(nlbSample, `"h2","http/1.1"`)
	for _, list := range []string{
		`"h2"," http/1.1"`, `"h2","" x"`, `"a","b","c d"`, `"a"",b"`, `x"a 2020-01-01T00:00:00 b"y`, `x"a b"y`, `a","b",c d"`,
	} {
		lines = append(lines, []byte(lineOf(nlbSample, preferences, list)))
	}
	for _, agent := range []string{`"a\" b"`, `"a\\" b`, `"a" b"`, `"a"b"`, `"`, `""`, `" "`} {
		lines = append(lines, []byte(with(33, fAgent, agent)))
	}
	return append(lines, []byte(with(33, -1, "")), []byte(with(17, -1, "")), []byte(with(33, fRequest, `"GET http://h:80/\x22 HTTP/1.1"`)))
}

// Nearly all lines are walked, and have the values that they have otherwise; so do lines with a byte or two changed.
func TestWalk(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	total, all := 0, bytes.Split(bytes.TrimSpace(traffic(200)), []byte("\n"))
	for _, line := range all {
		if checkWalk(t, alb, line) {
			total++
		}
	}
	if total != len(all) {
		t.Errorf("%d of %d lines are walked", total, len(all))
	}
	for _, line := range linesOf(t) {
		for range 60 {
			changed := bytes.Clone(line)
			for range rng.IntN(3) {
				if len(changed) == 0 {
					break
				}
				at, with := rng.IntN(len(changed)), []byte(` "\-:./?@[0x`+"\t\xff")
				switch c := with[rng.IntN(len(with))]; rng.IntN(3) {
				case 0:
					changed[at] = c
				case 1:
					changed = append(changed[:at], changed[at+1:]...)
				default:
					changed = append(changed[:at], append([]byte{c}, changed[at:]...)...)
				}
			}
			for _, l := range walked {
				checkWalk(t, l, changed)
			}
		}
	}
}

// A line has the same values on both sides of the length that is walked.
func TestWalkEnds(t *testing.T) {
	for n := marks.MaxLine - 1; n <= marks.MaxLine+1; n++ {
		line := with(33, fAgent, `"a"`)
		line = with(33, fAgent, `"`+strings.Repeat("a", n-len(line)+1)+`"`)
		d := alb.decoder(nil, format.Options{}).(*decoder)
		values := row.NewRecord(alb.extra + 1).Values
		if walked := d.walk([]byte(line), values); len(line) != n || walked != (n <= marks.MaxLine) {
			t.Errorf("%d bytes, walked: %v", len(line), walked)
		}
		if got := rows(t, ALB(), line)[0]["user_agent"]; len(fmt.Sprint(got)) != n-len(with(33, fAgent, `""`)) {
			t.Errorf("%d bytes: the user agent has %d", n, len(fmt.Sprint(got)))
		}
	}
}

func FuzzWalk(f *testing.F) {
	for _, line := range linesOf(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, l := range walked {
			checkWalk(t, l, line)
		}
		checkRequest(t, line)
	})
}

// checkRequest checks that a request line that is usual has the parts that it has otherwise.
func checkRequest(t *testing.T, line []byte) bool {
	t.Helper()
	d := alb.decoder(nil, format.Options{}).(*decoder)
	got, want := row.NewRecord(requestQuery+1), row.NewRecord(requestQuery+1)
	if !d.setUsual(got.Values, line) {
		return false
	}
	d.setParts(want.Values, line)
	if show(got.Values) != show(want.Values) {
		t.Fatalf("%q: %s, want %s", line, show(got.Values), show(want.Values))
	}
	return true
}

func TestUsualRequest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, line := range []string{
		"GET https://www.example.com:443/a/b?x=1&y=2 HTTP/1.1", "POST http://h:80/ HTTP/2.0", "- http://h/?a?b HTTP/1.0", "GET http://-:1/ HTTP/9.9",
	} {
		if !checkRequest(t, []byte(line)) {
			t.Errorf("%s is not usual", line)
		}
		for range 20_000 {
			changed := []byte(line)
			for range 1 + rng.IntN(2) {
				changed[rng.IntN(len(changed))] = " :/?#@[]-.9HTPhx6"[rng.IntN(17)]
			}
			checkRequest(t, changed)
		}
	}
	for _, line := range []string{"GET http://h:65536/ HTTP/1.1", "GET http://h: HTTP/1.1", "GET http://:80/ HTTP/1.1", "GET  HTTP/1.1", "HTTP/1.1", " HTTP/1.1", "GET http://h:/ HTTP/1.1",
		"GET http://u@h:80/ HTTP/1.1", "GET http://[1]:80/ HTTP/1.1", "GET http://h?a/ HTTP/1.1", "GET http://h#a/ HTTP/1.1"} {
		if checkRequest(t, []byte(line)) {
			t.Errorf("%s is usual", line)
		}
	}
}
