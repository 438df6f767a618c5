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

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
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

// With any one quote of any sample taken away, no line is lost, and no other line changes.
func TestWithoutAQuote(t *testing.T) {
	t.Run("alb", func(t *testing.T) { testWithoutAQuote(t, ALB(), samples, with(33, -1, "")) })
	t.Run("elb", func(t *testing.T) { testWithoutAQuote(t, ELB(), classicSamples, classicLine(15, -1, "")) })
}

func testWithoutAQuote(t *testing.T, f *format.Format, samples []string, after string) {
	for _, file := range samples {
		for line := range bytes.Lines(formattest.Plain(t, file)) {
			for i, c := range line {
				if c != '"' {
					continue
				}
				broken := slices.Concat(line[:i], line[i+1:])
				if broken[len(broken)-1] != '\n' {
					broken = append(broken, '\n')
				}
				all, err := formattest.Decode(f, io.MultiReader(bytes.NewReader(broken), strings.NewReader(after)), format.Options{})
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
		got := rows(t, ALB(), line)[0]
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

func FuzzALB(f *testing.F) {
	for _, file := range samples {
		f.Add(formattest.Plain(f, file))
	}
	for _, line := range []string{with(17, -1, ""), with(33, fAgent, `"a \" b\"" `), with(33, fRequest, `"- http://host:80- "`), with(33, fClient, "[::1]:-")} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all := decodeAny(t, ALB(), data)
		if len(all) == 0 {
			return
		}
		records := 0
		for line := range strings.SplitSeq(string(data), "\n") {
			// A line over the limit is a record even if it is blank.
			if strings.Trim(line, " \t\r") != "" || len(strings.TrimSuffix(line, "\r")) > fuzzLimit {
				records++
			}
		}
		if len(all) != records {
			t.Fatalf("%d rows and rejects of %d records", len(all), records)
		}
	})
}

// fuzzLimit is the longest record that decodeAny lets pass.
const fuzzLimit = 2000

// decodeAny decodes data, whatever it is, and checks that the records say where they stand and,
// with the line endings and blanks between them, make up all of it. A control file has none.
func decodeAny(t *testing.T, f *format.Format, data []byte) []formattest.Outcome {
	t.Helper()
	all, err := formattest.Decode(f, bytes.NewReader(data), format.Options{MaxRecord: fuzzLimit})
	if errors.Is(err, format.ErrControl) || len(data) > format.MaxRaw || errkind.Is(err, errkind.Permanent) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := formattest.Decode(f, bytes.NewReader(data), format.Options{MaxRecord: fuzzLimit})
	if err != nil || fmt.Sprint(all) != fmt.Sprint(again) {
		t.Fatalf("the second time: %v, error %v", again, err)
	}
	if len(data) > 0 && strings.IndexByte("#{[P", data[0]) >= 0 { // no lines of the load balancer's own
		return all
	}
	const between = " \t\r\n"
	seen := 0
	for _, o := range all {
		skipped, rest := data[seen:o.Offset], data[o.Offset:]
		if !bytes.HasPrefix(rest, []byte(o.Raw)) || bytes.Trim(skipped, between) != nil {
			t.Fatalf("the record at %d is %q; skipped before it: %q", o.Offset, o.Raw, skipped)
		}
		if line := 1 + bytes.Count(data[:o.Offset], []byte("\n")); o.Line != int64(line) {
			t.Fatalf("the record at %d says line %d, and stands on %d", o.Offset, o.Line, line)
		}
		seen = int(o.Offset) + len(o.Raw)
	}
	if bytes.Trim(data[seen:], between) != nil {
		t.Fatalf("nothing came of %q", data[seen:])
	}
	return all
}
