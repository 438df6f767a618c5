package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cloud.google.com/go/civil"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// previewPrinter prints what comes of a file: rows to standard output, all else to standard error.
type previewPrinter struct {
	*preview
	out, err io.Writer
	printed  int
	cells    []table.Row // of --table
	shown    int         // rejects that were printed for a person
}

// maxShownRejects is how many rejects a person is shown; with --json it is all of them.
const maxShownRejects = 20

func newPreviewPrinter(p *preview) *previewPrinter {
	return &previewPrinter{preview: p, out: p.cmd.OutOrStdout(), err: p.cmd.ErrOrStderr()}
}

// row prints one row, unless the limit is reached.
func (p *previewPrinter) row(rec *row.Record) error {
	if p.options.limit >= 0 && p.printed >= p.options.limit {
		return nil
	}
	p.printed++
	columns := p.format.Spec.Columns
	values := recordMembers(columns, rec.Values)
	switch {
	case p.options.json:
		data, err := encode(values)
		if err == nil {
			_, err = fmt.Fprintf(p.out, "%s\n", data)
		}
		return err
	case p.options.table:
		line := make(table.Row, len(values))
		for i, v := range values {
			line[i] = cell(v.value, "NULL")
		}
		p.cells = append(p.cells, line)
		return nil
	default:
		return p.list(rec.Line, values)
	}
}

// list prints a row's columns that hold something.
func (p *previewPrinter) list(line int64, values members) error {
	_, err := io.WriteString(p.out, rowList(line, values))
	return err
}

// rowList returns a row's columns that hold something, a line each.
func rowList(line int64, values members) string {
	width := 0
	for _, v := range values {
		if v.value != nil {
			width = max(width, len(v.name))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "── line %d ──\n", line)
	for _, v := range values {
		if list, ok := v.value.([]any); v.value != nil && (!ok || len(list) > 0) {
			fmt.Fprintf(&b, "%-*s  %s\n", width, v.name, cell(v.value, ""))
		}
	}
	return b.String()
}

// rowsEnd prints the table, without the columns that hold nothing in any row.
func (p *previewPrinter) rowsEnd() error {
	if !p.options.table || len(p.cells) == 0 {
		return nil
	}
	var columns row.Schema
	header, cells := table.Row{}, make([]table.Row, len(p.cells))
	for i, c := range p.format.Spec.Columns {
		if !slices.ContainsFunc(p.cells, func(line table.Row) bool { return line[i] != "NULL" && line[i] != "[]" }) {
			continue
		}
		columns, header = append(columns, c), append(header, c.Name)
		for n, line := range p.cells {
			cells[n] = append(cells[n], line[i])
		}
	}
	_, err := fmt.Fprintln(p.out, asTable(header, cells, numbersRight(columns)))
	return err
}

// reject prints a record that could not be parsed.
func (p *previewPrinter) reject(bad *format.Reject) error {
	if p.options.json {
		data, err := encode(members{{"line", bad.Line}, {"offset", bad.Offset}, {"reason", bad.Reason}, {"raw", strings.ToValidUTF8(string(bad.Raw), "\ufffd")}})
		if err == nil {
			_, err = fmt.Fprintf(p.err, "%s\n", data)
		}
		return err
	}
	if p.shown++; p.shown > maxShownRejects {
		return nil
	}
	_, err := fmt.Fprintf(p.err, "line %d, byte %d: %s: %s\n", bad.Line, bad.Offset, visible(bad.Reason), visible(shorten(string(bad.Raw), 200)))
	return err
}

func (p *previewPrinter) control() error {
	p.why += "; it is a control object, which is not loaded"
	return nil
}

// summary says what the file is and holds.
func (p *previewPrinter) summary() error {
	rate := float64(p.bytes) / 1e6 / max(p.took.Seconds(), 1e-9)
	if p.options.json {
		found := members{{"file", p.name}, {"format", p.format.Name}, {"why", p.why}, {"rows", p.rows}, {"rejects", p.rejects},
			{"unknown_fields", p.unknown}, {"bytes", p.bytes}, {"mb_per_second", math.Round(rate*10) / 10}}
		if p.replaced > 0 {
			found = append(found, member{"replaced_utf8", p.replaced})
		}
		data, err := encode(found)
		if err == nil {
			_, err = fmt.Fprintf(p.err, "%s\n", data)
		}
		return err
	}
	if more := p.shown - maxShownRejects; more > 0 {
		fmt.Fprintf(p.err, "... rejects left out: %d; --json prints all\n", more)
	}
	if left := p.rows - int64(p.printed); left > 0 {
		fmt.Fprintf(p.err, "... rows left out: %d; --limit %d prints all\n", left, p.rows)
	}
	replaced := ""
	if p.replaced > 0 {
		replaced = fmt.Sprintf(", %d values with invalid UTF-8 replaced", p.replaced)
	}
	_, err := fmt.Fprintf(p.err, "%s: %s, %s: %s; %d rows, %d rejects, %d unknown fields%s; %.1f MB/s\n",
		p.name, p.format.Name, p.why, bytesText(p.bytes), p.rows, p.rejects, p.unknown, replaced, rate)
	return err
}

// shorten cuts text to n bytes.
func shorten(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n] + "..."
}

// cell returns a value as it stands in a table.
func cell(v any, null string) string {
	switch v := v.(type) {
	case nil:
		return null
	case string:
		return visible(v)
	case json.RawMessage:
		return visible(string(v))
	case members, []any:
		data, err := encode(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return visible(string(data))
	default:
		return fmt.Sprint(v)
	}
}

// recordMembers returns a record's values by column, as seneka query prints them once they are loaded.
func recordMembers(columns row.Schema, values []row.Value) members {
	m := make(members, len(columns))
	for i := range columns {
		m[i] = member{columns[i].Name, plainValue(&columns[i], &values[i])}
	}
	return m
}

func plainValue(c *row.Column, v *row.Value) any {
	switch {
	case c.Mode == row.Repeated:
		element := *c
		element.Mode = row.Nullable
		list := make([]any, len(v.List()))
		for i := range v.List() {
			list[i] = plainValue(&element, &v.List()[i])
		}
		return list
	case v.IsNull():
		return nil
	case c.Type == row.Struct:
		return recordMembers(c.Fields, v.List())
	case c.Type == row.Range:
		bounds := c.Bounds()
		return "[" + cell(plainValue(&bounds[0], &v.List()[0]), "UNBOUNDED") + ", " + cell(plainValue(&bounds[1], &v.List()[1]), "UNBOUNDED") + ")"
	case v.Kind() == row.KindInt:
		return plainInt(c.Type, v.Int())
	case v.Kind() == row.KindFloat:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return fmt.Sprint(v.Float()) // JSON has no such number
		}
		return v.Float()
	case c.Type == row.Bytes:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	case c.Type == row.JSON && json.Valid(v.Bytes()):
		return json.RawMessage(strings.Clone(string(v.Bytes())))
	case !utf8.Valid(v.Bytes()):
		return strings.ToValidUTF8(string(v.Bytes()), "\ufffd")
	default:
		return string(v.Bytes())
	}
}

// plainInt returns what a whole number stands for.
func plainInt(t row.Type, n int64) any {
	at := time.UnixMicro(n).UTC()
	switch t {
	case row.Bool:
		return n != 0
	case row.Timestamp:
		return at.Format("2006-01-02 15:04:05.999999 UTC")
	case row.Datetime:
		return trimFraction(civil.DateTimeOf(at).String())
	case row.Date:
		return civil.DateOf(time.Unix(n*86400, 0).UTC()).String()
	case row.Time:
		return trimFraction(civil.TimeOf(at).String())
	default:
		return n
	}
}
