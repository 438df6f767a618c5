package main

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"time"

	"cloud.google.com/go/bigquery"
	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/row"
)

// printTable prints a result for people.
func printTable(w io.Writer, rows *bqquery.Rows) error {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	n := 0
	err := each(rows, func(values []bigquery.Value) error {
		cells := make(table.Row, len(values))
		for i, v := range values {
			cells[i] = text(v, rows.Columns[i], "NULL")
		}
		t.AppendRow(cells)
		n++
		return nil
	})
	if err != nil {
		return err
	}
	header := make(table.Row, len(rows.Columns))
	for i, c := range rows.Columns {
		header[i] = c.Name
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(numbersRight(rows.Columns))
	t.Style().Format.Header = textalign.FormatDefault // as the columns are called
	t.Render()
	_, err = fmt.Fprintf(w, "%d rows\n", n)
	return err
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
		data, err := json.Marshal(membersOf(values, rows.Columns))
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
	_, err = io.WriteString(w, "\n]\n")
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
		data, err := json.Marshal(v)
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
	case *bigquery.IntervalValue:
		return interval(v)
	case *bigquery.RangeValue:
		return "[" + bound(v.Start) + ", " + bound(v.End) + ")"
	default:
		return fmt.Sprint(v) // civil dates and times
	}
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
		name, err := json.Marshal(e.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.value)
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
