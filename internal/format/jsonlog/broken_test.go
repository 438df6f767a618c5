package jsonlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// A broken record is a reject, and the ones behind it are as they would be without it.
func TestBroken(t *testing.T) {
	const cut = "REJECT the record is cut short: "
	for name, tt := range map[string]struct{ text, want string }{
		"word":                  {"{\"n\":nan}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected 'a': \"{\\\"n\\\":nan}\"\n2@10 {\"n\":2}"},
		"word, concatenated":    {`{"n":nan}{"n":2}`, "1@0 REJECT no JSON: unexpected 'a': \"{\\\"n\\\":nan}\"\n2@9 {\"n\":2}"},
		"bracket in a string":   {`{"n":01,"s":"}\"{"}{"n":2}`, "1@0 REJECT no JSON: unexpected '1': \"{\\\"n\\\":01,\\\"s\\\":\\\"}\\\\\\\"{\\\"}\"\n2@19 {\"n\":2}"},
		"in an array":           {`[{"n":+1},{"n":2}]`, "1@1 REJECT no JSON: unexpected '+': \"{\\\"n\\\":+1}\"\n2@10 {\"n\":2}"},
		"no bracket":            {"{\"n\":1\n{\"n\":2}\n", "1@0 REJECT no JSON: unexpected '{': \"{\\\"n\\\":1\"\n2@7 {\"n\":2}"},
		"no quote":              {"{\"s\":\"x\n{\"n\":2}\n", "1@0 REJECT no JSON: unexpected '\\n': \"{\\\"s\\\":\\\"x\"\n2@8 {\"n\":2}"},
		"cut in a list":         {"{\"l\":[1,\n{\"n\":2}\n", "1@0 " + cut + "\"{\\\"l\\\":[1,\"\n2@9 {\"n\":2}"},
		"cut within two":        {"{\"o\":{\"a\":[1,\n{\"n\":2}\ngarbage\n{\"n\":3}\n", "1@0 REJECT no JSON: unexpected 'g': \"{\\\"o\\\":{\\\"a\\\":[1,\"\n2@14 {\"n\":2}\n3@22 REJECT " + noObject + ": \"garbage\"\n4@30 {\"n\":3}"},
		"cut at the end":        {"{\"n\":1}\n{\"n\":", "1@0 {\"n\":1}\n2@8 " + cut + "\"{\\\"n\\\":\""},
		"pretty":                {"{\n \"n\": x,\n \"s\": \"y\"\n}\n{\n \"n\": 2\n}\n", "1@0 REJECT no JSON: unexpected 'x': \"{\\n \\\"n\\\": x,\\n \\\"s\\\": \\\"y\\\"\\n}\"\n2@23 {\"n\":2}"},
		"pretty array":          {"[\n  {\n    \"o\": {\"a\": x}\n  },\n  {\n    \"n\": 2\n  }\n]\n", "1@4 REJECT no JSON: unexpected 'x': \"{\\n    \\\"o\\\": {\\\"a\\\": x}\\n  },\"\n2@31 {\"n\":2}"},
		"last of a pretty one":  {"[\n  {\n    \"n\": x\n  }\n]\n", "1@4 REJECT no JSON: unexpected 'x': \"{\\n    \\\"n\\\": x\\n  }\\n]\""},
		"bracket kinds":         {"{\"l\":[1}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected '}': \"{\\\"l\\\":[1}\"\n2@9 {\"n\":2}"},
		"two values":            {"{\"n\":1 2}{\"n\":2}", "1@0 REJECT no JSON: unexpected '2': \"{\\\"n\\\":1 2}\"\n2@9 {\"n\":2}"},
		"comma at the end":      {"{\"n\":1,}{\"n\":2}", "1@0 REJECT no JSON: unexpected '}': \"{\\\"n\\\":1,}\"\n2@8 {\"n\":2}"},
		"single quotes":         {"{'n':1}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected '\\'': \"{'n':1}\"\n2@8 {\"n\":2}"},
		"escape":                {"{\"s\":\"\\x41\"}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected 'x': \"{\\\"s\\\":\\\"\\\\x41\\\"}\"\n2@13 {\"n\":2}"},
		"hex":                   {"{\"s\":\"\\u00g1\"}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected 'g': \"{\\\"s\\\":\\\"\\\\u00g1\\\"}\"\n2@15 {\"n\":2}"},
		"control character":     {"{\"s\":\"\x01\"}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected '\\x01': \"{\\\"s\\\":\\\"\\x01\\\"}\"\n2@10 {\"n\":2}"},
		"NUL":                   {"{\"n\":1\x00}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected '\\x00': \"{\\\"n\\\":1\\x00}\"\n2@9 {\"n\":2}"},
		"unknown member broken": {"{\"z\":[tru]}\n{\"n\":2}", "1@0 REJECT no JSON: unexpected ']': \"{\\\"z\\\":[tru]}\"\n2@12 {\"n\":2}"},
		"closing bracket":       {"}\n{\"n\":2}", "1@0 REJECT " + noObject + ": \"}\"\n2@2 {\"n\":2}"},
	} {
		t.Run(name, func(t *testing.T) { check(t, &small, tt.text, tt.want) })
	}
}

// A record over the limit is a reject, wherever it stands, and the next one is fine.
func TestLongRecords(t *testing.T) {
	const limit = 50
	long := `{"s":"` + strings.Repeat(`x}{\"`, 40) + `","o":{"a":"[{"}}`
	unended := `{"s":"` + strings.Repeat("y", 100)
	pretty := "  {\n    \"o\": {\n" + strings.Repeat("      \"z\": 1,\n", 10) + "      \"a\": 2\n    }\n  }"
	reason := func(n int) string {
		return fmt.Sprintf("REJECT the record is %d bytes long, and at most 50 are read: ", n)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"lines":         {long + "\n{\"n\":2}", fmt.Sprintf("1@0 %s%q\n2@%d {\"n\":2}", reason(len(long)), long, len(long)+1)},
		"concatenated":  {long + "{\"n\":2}", fmt.Sprintf("1@0 %s%q\n2@%d {\"n\":2}", reason(len(long)), long, len(long))},
		"array":         {"[" + long + ",{\"n\":2}]", fmt.Sprintf("1@1 %s%q\n2@%d {\"n\":2}", reason(len(long)), long, len(long)+2)},
		"never ended":   {unended + "\n{\"n\":2}\n", fmt.Sprintf("1@0 %s%q\n2@%d {\"n\":2}", reason(len(unended)+1), unended, len(unended)+1)},
		"not the first": {"1 " + unended + "\n{\"n\":2}\n", fmt.Sprintf("1@0 REJECT %s: \"1\"\n2@2 %s%q\n3@%d {\"n\":2}", noObject, reason(len(unended)+1), unended, len(unended)+3)},
		"pretty":        {"[\n" + pretty + ",\n  {\"n\":2}\n]", fmt.Sprintf("1@4 %s%q\n2@%d {\"n\":2}", reason(len(pretty)-2), pretty[2:], len(pretty)+6)},
		"last":          {"{\"n\":1}" + long, fmt.Sprintf("1@0 {\"n\":1}\n2@7 %s%q", reason(len(long)), long)},
		"no object":     {strings.Repeat("z", 100) + "\n{\"n\":2}", fmt.Sprintf("1@0 REJECT %s: %q\n2@101 {\"n\":2}", noObject, strings.Repeat("z", 100))},
		"at the limit":  {`{"s":"` + strings.Repeat("x", limit-8) + `"}`, fmt.Sprintf("1@0 {\"s\":%q}", strings.Repeat("x", limit-8))},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				got := outcomes(t, &small, r, format.Options{MaxRecord: limit})
				if strings.TrimSpace(got) != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			}
		})
	}
}

// Bytes without end take no memory without end.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 256 << 10
	for name, text := range map[string]string{
		"string": `{"s":"` + strings.Repeat("x", 1000), "nesting": `{"z":` + strings.Repeat("[", 1000), "spaces": "{" + strings.Repeat(" ", 1000),
		"digits": `{"n":` + strings.Repeat("1", 1000), "no object": strings.Repeat("1", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			start, rest := text[:10], text[10:]
			r := io.MultiReader(strings.NewReader(start), io.LimitReader(&repeat{text: rest}, 4<<20))
			d := small.NewDecoder(r, format.Options{MaxRecord: limit})
			rec := row.NewRecord(len(small.Schema()))
			var bad *format.Reject
			if err := d.Next(rec); !errors.As(err, &bad) || len(bad.Raw) > format.MaxRaw {
				t.Fatalf("error %v", err)
			}
			if len(d.buf) > 4*limit || cap(d.parser.stack) > 4*limit {
				t.Errorf("a buffer of %d bytes, a stack of %d", len(d.buf), cap(d.parser.stack))
			}
			if err := d.Next(rec); err != io.EOF {
				t.Errorf("then %v", err)
			}
		})
	}
}

type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// An error of the reader is passed on, and no record is made of what it cut.
func TestReaderFails(t *testing.T) {
	broken := errors.New("connection reset")
	const text = "{\"n\":1}\n {\"n\":2, \"z\":[1,2]}\n[{\"n\":3}] 4 x\n"
	for n := range text {
		all, err := formattest.Decode(asFormat(&small), io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(broken)), format.Options{})
		if err != broken {
			t.Fatalf("after %d bytes: error %v, want the reader's own", n, err)
		}
		for _, o := range all {
			if end := int(o.Offset) + len(o.Raw); end > n || !strings.HasPrefix(text[o.Offset:], o.Raw) {
				t.Fatalf("after %d bytes: a record %q", n, o.Raw)
			}
		}
	}
	_, err := formattest.Decode(asFormat(&small), iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text))), format.Options{})
	if err != iotest.ErrTimeout {
		t.Errorf("error %v", err)
	}
	d := small.NewDecoder(bytes.NewReader(nil), format.Options{})
	d.r = stuck{}
	if err := d.Next(row.NewRecord(len(small.Schema()))); err != io.ErrNoProgress {
		t.Errorf("a reader that reads nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// A record of many tiny values is a reject, for these take far more memory than their text; a list of
// them within the bound does not keep its memory for ever.
func TestManyValues(t *testing.T) {
	for name, text := range map[string]string{"scalars": `{"l":[1` + strings.Repeat(",1", maxValues) + "]}", "objects": `{"items":[{}` + strings.Repeat(",{}", maxValues/2) + "]}"} {
		got := outcomes(t, &small, strings.NewReader(text+`{"n":2}`), format.Options{})
		if !strings.Contains(got, "REJECT column ") || !strings.Contains(got, errValues.Error()) || !strings.HasSuffix(got, fmt.Sprintf("2@%d {\"n\":2}\n", len(text))) {
			t.Errorf("%s: got %.200s", name, got)
		}
	}
	d := small.NewDecoder(strings.NewReader(`{"l":[1`+strings.Repeat(",1", maxValues-1)+`]}{"n":2}`), format.Options{})
	rec := row.NewRecord(len(small.Schema()))
	if err := d.Next(rec); err != nil || len(rec.Values[2].List()) != maxValues {
		t.Fatalf("%d values, error %v", len(rec.Values[2].List()), err)
	}
	if err := d.Next(rec); err != nil || cap(rec.Values[2].List()) > 0 {
		t.Errorf("room for %d values is kept, error %v", cap(rec.Values[2].List()), err)
	}
}

// The keys of what has no column are bounded too.
func TestLongExtra(t *testing.T) {
	name := strings.Repeat("x", 300)
	l := &Layout{Columns: Of([]row.Column{repeated(column(name, row.Struct, column("a", row.Int64)))}), Extra: "extra"}
	text := `{"` + name + `":[{"z":1}` + strings.Repeat(`,{"z":1}`, 50_000) + "]}"
	got := outcomes(t, l, strings.NewReader(text+"{}"), format.Options{})
	if !strings.HasPrefix(got, "1@0 REJECT "+errExtra.Error()) || !strings.HasSuffix(got, fmt.Sprintf("2@%d {}\n", len(text))) {
		t.Errorf("got %.200s", got)
	}
}
