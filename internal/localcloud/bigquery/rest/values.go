package rest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// cell is a value and record a row or STRUCT, as the API writes them:
// https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list.
type cell struct {
	V any `json:"v"`
}

type record struct {
	F []cell `json:"f"`
}

// timestamps writes a TIMESTAMP in the form that the client asked for.
type timestamps func(t time.Time) string

// timestampForm reads formatOptions, by default seconds as a floating point number.
func timestampForm(useInt64, outputFormat string) (timestamps, error) {
	switch outputFormat {
	case "", "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED":
		if useInt64 == "true" {
			return microseconds, nil
		}
		return seconds, nil
	case "INT64":
		return microseconds, nil
	case "FLOAT64":
		return seconds, nil
	case "ISO8601_STRING":
		return func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }, nil
	}
	return nil, badRequest("Invalid value for formatOptions.timestampOutputFormat: %q", outputFormat)
}

func microseconds(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// seconds writes every digit, which a float64 of the seconds would not have: 1.7726007671234E9.
func seconds(t time.Time) string {
	micros := t.UnixMicro()
	if micros == 0 {
		return "0.0"
	}
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	digits := strconv.FormatInt(micros, 10)
	fraction := strings.TrimRight(digits[1:], "0")
	if fraction == "" {
		fraction = "0"
	}
	return fmt.Sprintf("%s%s.%sE%d", sign, digits[:1], fraction, len(digits)-1-6)
}

// rowJSON writes a row.
func (f timestamps) rowJSON(cols []row.Column, values []any) (json.RawMessage, error) {
	return json.Marshal(f.record(cols, values))
}

func (f timestamps) record(cols []row.Column, values []any) record {
	r := record{F: make([]cell, len(cols))}
	for i := range cols {
		r.F[i].V = f.column(&cols[i], values[i])
	}
	return r
}

func (f timestamps) column(c *row.Column, v any) any {
	list, ok := v.([]any)
	if c.Mode != row.Repeated || !ok {
		return f.value(c, v)
	}
	cells := make([]cell, len(list))
	for i, e := range list {
		cells[i].V = f.value(c, e)
	}
	return cells
}

func (f timestamps) value(c *row.Column, v any) any {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return float(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case time.Duration:
		return wallClock(time.Time{}.Add(v), "15:04:05")
	case time.Time:
		return f.date(c.Type, v)
	case row.IntervalValue:
		return v.String()
	case []any:
		if c.Type == row.Range {
			return f.bounds(c, v)
		}
		return f.record(c.Fields, v)
	default: // nil and text
		return v
	}
}

// bounds writes a RANGE, "[start, end)".
func (f timestamps) bounds(c *row.Column, v []any) string {
	text := [2]string{"UNBOUNDED", "UNBOUNDED"}
	for i, bound := range v {
		if t, ok := bound.(time.Time); ok {
			text[i] = f.date(c.RangeElement, t)
		}
	}
	return "[" + text[0] + ", " + text[1] + ")"
}

func (f timestamps) date(t row.Type, v time.Time) string {
	switch t {
	case row.Date:
		return v.Format(time.DateOnly)
	case row.Datetime:
		return wallClock(v, "2006-01-02T15:04:05")
	default:
		return f(v)
	}
}

// wallClock writes six digits of a second's fraction, or none if it is zero.
func wallClock(t time.Time, layout string) string {
	if t.Nanosecond() != 0 {
		layout += ".000000"
	}
	return t.Format(layout)
}

// float writes a FLOAT64 so that it reads back the same and is never taken for an integer.
func float(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	case math.IsNaN(v):
		return "NaN"
	}
	if abs := math.Abs(v); v != 0 && (abs < 1e-3 || abs >= 1e7) {
		text := strconv.FormatFloat(v, 'E', -1, 64)
		mantissa, exponent, _ := strings.Cut(text, "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		sign := strings.TrimSuffix(exponent[:1], "+")
		return mantissa + "E" + sign + strings.TrimLeft(exponent[1:], "0")
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
