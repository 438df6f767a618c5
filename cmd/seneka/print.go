package main

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"
	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/row"
)

// printTable prints a result for people: as a table, or, where that is wider than the terminal, as a
// list of each row's columns.
func printTable(w io.Writer, rows *bqquery.Rows) error {
	var cells []table.Row
	err := each(rows, func(values []bigquery.Value) error {
		line := make(table.Row, len(values))
		for i, v := range values {
			line[i] = visible(text(v, rows.Columns[i], "NULL"))
		}
		cells = append(cells, line)
		return nil
	})
	if err != nil {
		return err
	}
	header := make(table.Row, len(rows.Columns))
	for i, c := range rows.Columns {
		header[i] = c.Name
	}
	printed := asTable(header, cells, numbersRight(rows.Columns))
	if width := terminalWidth(w); width > 0 && textalign.LongestLineLen(printed) > width {
		printed = asList(header, cells, width)
	}
	of := "rows"
	if len(cells) == 1 {
		of = "row"
	}
	_, err = fmt.Fprintf(w, "%s\n%d %s\n", printed, len(cells), of)
	return err
}

func asTable(header table.Row, cells []table.Row, columns []table.ColumnConfig) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = textalign.FormatDefault // as the columns are called
	t.SetColumnConfigs(columns)
	t.AppendHeader(header)
	t.AppendRows(cells)
	return t.Render()
}

// asList prints each row as lines of a column's name and its value.
func asList(header table.Row, cells []table.Row, width int) string {
	names := 0
	for _, h := range header {
		names = max(names, textalign.StringWidth(fmt.Sprint(h)))
	}
	var b strings.Builder
	for n, line := range cells {
		fmt.Fprintf(&b, "%s\n", textalign.Pad(fmt.Sprintf("── row %d ", n+1), width, '─'))
		for i, cell := range line {
			fmt.Fprintf(&b, "%s  %s\n", textalign.Pad(fmt.Sprint(header[i]), names, ' '), cell)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// visible writes control characters as escapes: a log holds what strangers sent, and a terminal
// obeys some of them.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// terminalWidth returns the columns of the terminal that w is; 0 for anything else.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// numbersRight aligns numbers as people compare them.
func numbersRight(columns row.Schema) []table.ColumnConfig {
	var configs []table.ColumnConfig
	for i, c := range columns {
		if isNumeric(c) {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: textalign.AlignRight, AlignHeader: textalign.AlignRight})
		}
	}
	return configs
}

func isNumeric(c row.Column) bool {
	switch c.Type {
	case row.Int64, row.Float64, row.Numeric, row.BigNumeric:
		return c.Mode != row.Repeated
	default:
		return false
	}
}

// printCSV prints a result as RFC 4180 says, NULL as nothing.
func printCSV(w io.Writer, rows *bqquery.Rows) error {
	out := csv.NewWriter(w)
	header := func() error {
		names := make([]string, len(rows.Columns))
		for i, c := range rows.Columns {
			names[i] = c.Name
		}
		return out.Write(names)
	}
	first := true
	err := each(rows, func(values []bigquery.Value) error {
		if first {
			first = false
			if err := header(); err != nil {
				return err
			}
		}
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = text(v, rows.Columns[i], "")
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	if first {
		if err := header(); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// printJSON prints a result as an array of objects, one a line.
func printJSON(w io.Writer, rows *bqquery.Rows) error {
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	separator := "\n"
	err := each(rows, func(values []bigquery.Value) error {
		data, err := encode(membersOf(values, rows.Columns))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s  %s", separator, data)
		separator = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if separator == "\n" { // of no rows
		end = "]\n"
	}
	_, err = io.WriteString(w, end)
	return err
}

func each(rows *bqquery.Rows, do func(values []bigquery.Value) error) error {
	for {
		values, ok, err := rows.Next()
		if err != nil || !ok {
			return err
		}
		if err := do(values); err != nil {
			return err
		}
	}
}

// text returns a value as it stands in a table's cell.
func text(v bigquery.Value, c row.Column, null string) string {
	switch v := plain(v, c).(type) {
	case nil:
		return null
	case string:
		return v
	case json.RawMessage:
		return string(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case members, []any:
		data, err := encode(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(data)
	default:
		return fmt.Sprint(v)
	}
}

// plain turns a value of the client library into one that encoding/json writes as BigQuery's own
// tools do.
func plain(v bigquery.Value, c row.Column) any {
	if list, ok := v.([]bigquery.Value); ok {
		if c.Mode != row.Repeated {
			return membersOf(list, c.Fields)
		}
		c.Mode = row.Nullable
		elements := make([]any, len(list))
		for i, e := range list {
			elements[i] = plain(e, c)
		}
		return elements
	}
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999 UTC")
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case *big.Rat:
		return decimal(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v) // JSON has no such number
		}
		return v
	case string:
		if bigquery.FieldType(c.Type) == bigquery.JSONFieldType && json.Valid([]byte(v)) {
			return json.RawMessage(v)
		}
		return v
	case nil, bool, int64:
		return v
	case civil.Time, civil.DateTime:
		return trimFraction(fmt.Sprint(v))
	case *bigquery.IntervalValue:
		return interval(v)
	case *bigquery.RangeValue:
		return "[" + bound(v.Start) + ", " + bound(v.End) + ")"
	default:
		return fmt.Sprint(v) // civil dates
	}
}

// trimFraction takes off a time the zeros behind its fraction's last digit.
func trimFraction(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// interval returns an INTERVAL as BigQuery writes it. The client library's own text has the sign of
// negative seconds inside of their fraction.
func interval(v *bigquery.IntervalValue) string {
	seconds := int64(v.Hours)*3600 + int64(v.Minutes)*60 + int64(v.Seconds)
	return row.IntervalValue{
		Months: v.Years*12 + v.Months, Days: v.Days, Micros: seconds*1e6 + int64(math.Round(float64(v.SubSecondNanos)/1000)),
	}.String()
}

// bound returns the start or the end of a RANGE.
func bound(v bigquery.Value) string {
	return text(v, row.Column{}, "UNBOUNDED")
}

// decimal returns a NUMERIC or BIGNUMERIC exactly: both have a finite number of decimals.
func decimal(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}

// encode is json.Marshal that leaves <, > and & as they are, which a URL is full of.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// members is an object whose members keep the order of the columns.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (m members) MarshalJSON() ([]byte, error) {
	data := []byte{'{'}
	for i, e := range m {
		name, err := encode(e.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(e.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			data = append(data, ',')
		}
		data = append(append(append(data, name...), ':'), value...)
	}
	return append(data, '}'), nil
}

func membersOf(values []bigquery.Value, columns []row.Column) members {
	m := make(members, len(columns))
	for i, c := range columns {
		m[i] = member{c.Name, plain(values[i], c)}
	}
	return m
}
