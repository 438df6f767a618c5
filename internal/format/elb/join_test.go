package elb

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
)

const getHome = "GET http://h/ HTTP/1.0"

// outcome is what a test wants of one record: its user agent, or part of the reject's reason.
type outcome struct {
	line   int64
	agent  string
	reject string
	raw    string // "": one line
}

func checkOutcomes(t *testing.T, text string, want []outcome) {
	t.Helper()
	all, err := formattest.Decode(ELB(), strings.NewReader(text), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(want) {
		t.Fatalf("%d records of %q, want %d: %+v", len(all), text, len(want), all)
	}
	lines := strings.SplitAfter(text, "\n")
	for i, o := range all {
		w := want[i]
		offset := len(strings.Join(lines[:w.line-1], ""))
		if w.raw == "" {
			w.raw = strings.TrimRight(lines[w.line-1], "\r\n")
		}
		if o.Line != w.line || o.Offset != int64(offset) || o.Raw != w.raw {
			t.Errorf("record %d: line %d at %d, %q; want %d at %d, %q", i, o.Line, o.Offset, o.Raw, w.line, offset, w.raw)
		}
		if (w.reject == "") != (o.Reject == "") || !strings.Contains(o.Reject, w.reject) {
			t.Errorf("record %d: reject %q, want %q", i, o.Reject, w.reject)
		}
		if w.agent != "" && !strings.Contains(string(o.Row), `"user_agent":"`+w.agent+`"`) {
			t.Errorf("record %d: %s, want the user agent %s", i, o.Row, w.agent)
		}
	}
}

func TestELBBrokenRecords(t *testing.T) {
	const cut = "cut short"
	good, first := whole(getHome, "good"), classicLine(11, -1, "")+` "`+getHome+`" "a`
	const tail = `" DHE-RSA-AES128-SHA TLSv1.2`
	tests := []struct {
		name string
		text string
		want []outcome
	}{
		{"one line ending", first + "\nb" + tail, []outcome{{1, `a\nb`, "", first + "\nb" + tail}}},
		{"between others", good + "\n" + first + "\nb" + tail + "\n" + good + "\n", []outcome{{1, "good", "", ""}, {2, `a\nb`, "", first + "\nb" + tail}, {4, "good", "", ""}}},
		// As in https://github.com/winebarrel/fluent-plugin-elb-access-log/pull/7
		{"two line endings", first + "\n          b\n" + tail + "\n" + good, []outcome{{1, `a\n          b\n`, "", first + "\n          b\n" + tail}, {4, "good", "", ""}}},
		{"CR LF", first + "\r\nb" + tail + "\r\n" + good, []outcome{{1, `a\r\nb`, "", first + "\r\nb" + tail}, {3, "good", "", ""}}},
		{"blank line within", first + "\n\nb" + tail + "\n" + good, []outcome{{1, `a\n\nb`, "", first + "\n\nb" + tail}, {4, "good", "", ""}}},
		{"agent that begins with a line ending", first[:len(first)-1] + "\nb" + tail + "\n" + good, []outcome{{1, `\nb`, "", first[:len(first)-1] + "\nb" + tail}, {3, "good", "", ""}}},
		{"agent that ends with one", first + "\n" + tail + "\n" + good, []outcome{{1, `a\n`, "", first + "\n" + tail}, {3, "good", "", ""}}},
		{"agent whose first line ends like a record", first + `\"x\" b c` + "\nd" + tail, []outcome{{1, `a\\\"x\\\" b c\nd`, "", first + `\"x\" b c` + "\nd" + tail}}},
		{"blanks before it", "  " + first + "\nb" + tail, []outcome{{1, `a\nb`, "", "  " + first + "\nb" + tail}}},
		{"two in a row", first + "\nb" + tail + "\n" + first + "\nc" + tail, []outcome{{1, `a\nb`, "", first + "\nb" + tail}, {3, `a\nc`, "", first + "\nc" + tail}}},
		{"more behind it", first + "\nb" + tail + " x\n" + good, []outcome{{1, `a\nb`, "", first + "\nb" + tail + " x"}, {3, "good", "", ""}}},

		{"three line endings are not joined", first + "\nb\nc\nd" + tail + "\n" + good, []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, "", cut, ""}, {4, "", cut, ""}, {5, "good", "", ""}}},
		{"the next record is not joined", first + "\n" + good, []outcome{{1, "", cut, ""}, {2, "good", "", ""}}},
		{"nor with blanks before it", first + "\n  " + good, []outcome{{1, "", cut, ""}, {2, "good", "", ""}}},
		{"nor behind a blank line", first + "\n\n" + good, []outcome{{1, "", cut, ""}, {3, "good", "", ""}}},
		{"nor behind a piece", first + "\nb\n" + good, []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, "good", "", ""}}},
		{"a record without a time is not joined", first + "\n" + classicLine(15, cTime, "-"), []outcome{{1, "", cut, ""}, {2, "curl/7.38.0", "", ""}}},
		{"nor is another log's line", first + "\n" + with(33, -1, "") + "\n" + good, []outcome{{1, "", cut, ""}, {2, "", "Application Load Balancer", ""}, {3, "good", "", ""}}},
		{"nor one with a quote missing", first + "\n" + strings.Replace(with(16, -1, ""), `"`, "", 1) + "\n" + good, []outcome{{1, "", cut, ""}, {2, "", "Application Load Balancer", ""}, {3, "good", "", ""}}},
		{"what is joined must be a record", first + "\nb\" c d e f\n" + good, []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, "good", "", ""}}},
		{"a piece that failed can begin a record", first + "\nb\n" + first + "\nc" + tail, []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, `a\nc`, "", first + "\nc" + tail}}},
		{"the request is not joined", classicLine(11, -1, "") + ` "GET http://h/` + "\na HTTP/1.0\" \"b" + tail, []outcome{{1, "", cut, ""}, {2, "", cut, ""}}},
		{"nor that of 12 fields", classicLine(11, -1, "") + ` "GET http://h/` + "\na HTTP/1.0\"\n" + good, []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, "good", "", ""}}},
		{"nor cipher and protocol", first + `" "` + "\n\" x\ny z", []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, "", cut, ""}}},
		{"even quotes are not joined", classicLine(13, -1, "") + "\nDHE TLSv1.2\n" + good, []outcome{{1, "", cut, ""}, {2, "", cut, ""}, {3, "good", "", ""}}},
		{"odd quotes of a whole record neither", whole(`GET http://h/" HTTP/1.0`, "a") + "\nb" + tail, []outcome{{1, "a", "", ""}, {2, "", cut, ""}}},
		{"another log's line is not joined to", strings.Replace(with(33, -1, ""), `"`, "", 1) + "\nb" + tail, []outcome{{1, "", "Application Load Balancer", ""}, {2, "", cut, ""}}},
		{"nothing behind", first, []outcome{{1, "", cut, ""}}},
		{"nothing behind but a line ending", first + "\n", []outcome{{1, "", cut, ""}}},
		{"nothing behind but blank lines", first + "\n\n \n\n", []outcome{{1, "", cut, ""}}},
		{"wrong value in it", strings.Replace(first, " 57 ", " 5x ", 1) + "\nb" + tail, []outcome{{1, "", cut, ""}, {2, "", cut, ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkOutcomes(t, tt.text, tt.want) })
	}
}

// A file cut within a broken record loses nothing; nor does one whose reader fails there, which
// makes no reject of what may yet be a record.
func TestELBBrokenRecordCut(t *testing.T) {
	good := whole(getHome, "good")
	broken := whole(getHome, "a\n b\r\n")
	text := good + "\n" + broken + "\n" + good + "\n"
	for n := range text {
		all := decodeAny(t, ELB(), []byte(text[:n]))
		if n > len(good) && all[0].Reject != "" {
			t.Fatalf("cut at %d: %+v", n, all[0])
		}
		lost := errors.New("connection reset")
		got, err := formattest.Decode(ELB(), io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(lost)), format.Options{})
		if err != lost {
			t.Fatalf("cut at %d: error %v", n, err)
		}
		for _, o := range got {
			if o.Reject != "" {
				t.Fatalf("the reader failed after %d bytes: reject of %q", n, o.Raw)
			}
		}
	}
	if all := decodeAny(t, ELB(), []byte(text)); len(all) != 3 || all[1].Reject != "" || all[1].Raw != broken {
		t.Errorf("the whole: %+v", all)
	}
}

// A record that would be over the limit is not joined.
func TestELBBrokenRecordTooLong(t *testing.T) {
	broken, good := whole(getHome, strings.Repeat("a", 200)+"\n b"), whole(getHome, "good")
	for _, limit := range []int{len(broken), len(broken) - 1} {
		all, err := formattest.Decode(ELB(), strings.NewReader(broken+"\n"+good), format.Options{MaxRecord: limit})
		want := 2
		if limit < len(broken) {
			want = 3
		}
		if err != nil || len(all) != want || (all[0].Reject == "") != (want == 2) || all[want-1].Reject != "" {
			t.Errorf("limit %d: %+v, error %v", limit, all, err)
		}
	}
	// Nor with a line that is over it alone.
	first, _, _ := strings.Cut(broken, "\n")
	all, err := formattest.Decode(ELB(), strings.NewReader(first+"\n"+strings.Repeat("b", 1000)+"\n"+good), format.Options{MaxRecord: len(broken)})
	if err != nil || len(all) != 3 || !strings.Contains(all[0].Reject, "cut short") || !strings.Contains(all[1].Reject, "1001 bytes") || all[2].Reject != "" {
		t.Errorf("%+v, error %v", all, err)
	}
}
