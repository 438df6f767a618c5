package jsonlog

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

func column(name string, t row.Type, fields ...row.Column) row.Column {
	return row.Column{Name: name, Type: t, Mode: row.Nullable, Fields: fields}
}

func repeated(c row.Column) row.Column {
	c.Mode = row.Repeated
	return c
}

// small is a table of a few columns.
var small = Layout{
	Columns: Of([]row.Column{
		column("n", row.Int64), column("s", row.String), repeated(column("l", row.Int64)),
		column("o", row.Struct, column("a", row.String), column("b", row.Float64)),
		repeated(column("items", row.Struct, column("id", row.Int64))), column("j", row.JSON),
	}),
	Extra: "extra",
}

// within is small for files whose records stand in an outer object.
var within = Layout{Columns: small.Columns, Extra: "extra", Within: "Records"}

func asFormat(l *Layout) *format.Format {
	return &format.Format{Name: "test", Spec: row.Spec{Columns: l.Schema()}, New: l.Decoder}
}

// outcomes renders what comes of text, a line for each record: its number, offset and row or reason.
func outcomes(t *testing.T, l *Layout, r io.Reader, o format.Options) string {
	t.Helper()
	all, err := formattest.Decode(asFormat(l), r, o)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range all {
		fmt.Fprintf(&b, "%d@%d ", o.Line, o.Offset)
		if o.Reject != "" {
			fmt.Fprintf(&b, "REJECT %s: %q\n", o.Reject, o.Raw)
		} else {
			fmt.Fprintf(&b, "%s\n", o.Row)
		}
	}
	return b.String()
}

// check compares what comes of text with want, however the text is read.
func check(t *testing.T, l *Layout, text, want string) {
	t.Helper()
	for name, r := range map[string]io.Reader{
		"at once": strings.NewReader(text), "by bytes": iotest.OneByteReader(strings.NewReader(text)), "with EOF": iotest.DataErrReader(strings.NewReader(text)),
	} {
		if got := outcomes(t, l, r, format.Options{}); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s, %q:\ngot\n%s\nwant\n%s", name, text, got, want)
		}
	}
}

func TestLayouts(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":         {"", ""},
		"spaces":          {" \r\n\t\n", ""},
		"lines":           {"{\"n\":1}\n{\"n\":2}\n", "1@0 {\"n\":1}\n2@8 {\"n\":2}"},
		"CR LF, blanks":   {"{\"n\":1}\r\n\r\n  {\"n\":2}", "1@0 {\"n\":1}\n2@13 {\"n\":2}"},
		"byte order mark": {"\xef\xbb\xbf{\"n\":1}", "1@3 {\"n\":1}"},
		"concatenated":    {`{"n":1}{"n":2} {"n":3}`, "1@0 {\"n\":1}\n2@7 {\"n\":2}\n3@15 {\"n\":3}"},
		"with commas":     {"{\"n\":1},\n{\"n\":2}", "1@0 {\"n\":1}\n2@9 {\"n\":2}"},
		"RFC 7464":        {"\x1e{\"n\":1}\n\x1e{\"n\":2}\n", "1@1 {\"n\":1}\n2@10 {\"n\":2}"},
		"pretty":          {"{\n  \"n\": 1,\n  \"j\": { \"a\" : [ 1, 2 ] }\n}\n{\n  \"n\": 2\n}\n", "1@0 {\"n\":1,\"j\":{\"a\":[1,2]}}\n2@40 {\"n\":2}"},
		"array":           {` [ {"n":1}, {"n":2} ] `, "1@3 {\"n\":1}\n2@12 {\"n\":2}"},
		"arrays by line":  {"[{\"n\":1},{\"n\":2}]\n[{\"n\":3}]\n[]\n", "1@1 {\"n\":1}\n2@9 {\"n\":2}\n3@19 {\"n\":3}"},
		"empty object":    {"{}", "1@0 {}"},
		"scalars":         {"1 \"x\" {\"n\":1}\nnull\n[2,{\"n\":2}]\n", "1@0 REJECT " + noObject + ": \"1\"\n2@2 REJECT " + noObject + ": \"\\\"x\\\"\"\n3@6 {\"n\":1}\n4@14 REJECT " + noObject + ": \"null\"\n5@20 REJECT " + noObject + ": \"2\"\n6@22 {\"n\":2}"},
		"no JSON":         {"hello, world\n{\"n\":1}\n", "1@0 REJECT " + noObject + ": \"hello, world\"\n2@13 {\"n\":1}"},
		"array cut short": {`[{"n":1},`, "1@1 {\"n\":1}\n2@9 REJECT the file ends before the array of its records does: \"\""},
	} {
		t.Run(name, func(t *testing.T) { check(t, &small, tt.text, tt.want) })
	}
}

func TestWithin(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"alone":            {`{"Records":[{"n":1},{"n":2}]}`, "1@12 {\"n\":1}\n2@20 {\"n\":2}"},
		"empty":            {`{"Records":[]}`, ""},
		"escaped name":     {`{"\u0052ecords":[{"n":1}]}`, "1@17 {\"n\":1}"},
		"others around":    {`{"a":{"Records":[1]},"n":9,"Records":[{"n":1}],"b":[{"n":2}],"c":3}{"n":4}`, "1@38 {\"n\":1}\n2@67 {\"n\":4}"},
		"twice":            {`{"Records":[{"n":1}],"Records":[{"n":2}]}`, "1@12 {\"n\":1}\n2@32 {\"n\":2}"},
		"one behind other": {"{\"Records\":[{\"n\":1}]}\n{\"Records\":[{\"n\":2}]}", "1@12 {\"n\":1}\n2@34 {\"n\":2}"},
		"inner name":       {`{"Records":[{"Records":[1],"n":1}]}`, "1@12 {\"n\":1,\"extra\":{\"Records\":[1]}}"},
		"no array":         {`{"Records":1}`, `1@0 {"extra":{"Records":1}}`},
		"cut in a record":  {`{"Records":[{"n":1},{"n":`, "1@12 {\"n\":1}\n2@20 REJECT the record is cut short: \"{\\\"n\\\":\""},
		"cut behind one":   {`{"Records":[{"n":1}`, "1@12 {\"n\":1}\n2@19 REJECT the file ends before the array of its records does: \"\""},
		"cut behind all":   {`{"Records":[{"n":1}]`, "1@12 {\"n\":1}\n2@20 REJECT the file ends before the object around its records does: \"\""},
		"broken behind":    {"{\"Records\":[{\"n\":1}];}\n{\"n\":2}", "1@12 {\"n\":1}\n2@20 REJECT no JSON behind the array of records: \";}\"\n3@23 {\"n\":2}"},
	} {
		t.Run(name, func(t *testing.T) { check(t, &within, tt.text, tt.want) })
	}
}
