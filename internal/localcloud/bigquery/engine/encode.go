package engine

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// encodeRows checks rows against the schema and turns them into what DuckDB's appender takes.
func encodeRows(cols row.Schema, rows [][]any) ([][]driver.Value, error) {
	out := make([][]driver.Value, len(rows))
	for i, r := range rows {
		if len(r) != len(cols) {
			return nil, fmt.Errorf("row %d: %d values for %d columns", i, len(r), len(cols))
		}
		out[i] = make([]driver.Value, len(r))
		for j, v := range r {
			enc, err := encodeColumn(&cols[j], v)
			if err != nil {
				return nil, fmt.Errorf("row %d, column %s: %w", i, cols[j].Name, err)
			}
			out[i][j] = enc
		}
	}
	return out, nil
}

// encodeColumn encodes a column's or a field's value, by its mode.
func encodeColumn(c *row.Column, v any) (any, error) {
	switch {
	case c.Mode == row.Repeated:
		return encodeList(c, v)
	case v != nil:
		return encodeValue(c, v)
	case c.Mode == row.Required:
		return nil, errors.New("NULL in a REQUIRED column")
	}
	return nil, nil
}

func encodeList(c *row.Column, v any) (any, error) {
	list, ok := v.([]any)
	if v != nil && !ok {
		return nil, fmt.Errorf("%T is no value of a REPEATED column", v)
	}
	out := make([]any, len(list))
	for i, e := range list {
		if e == nil {
			return nil, fmt.Errorf("element %d is NULL, which an array cannot hold", i)
		}
		enc, err := encodeValue(c, e)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		out[i] = enc
	}
	return out, nil
}

func encodeValue(c *row.Column, v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, only(c, row.Bool, v)
	case int64:
		return v, only(c, row.Int64, v)
	case float64:
		return v, only(c, row.Float64, v)
	case []byte:
		return v, only(c, row.Bytes, v)
	case time.Duration:
		return encodeTime(c, v)
	case string:
		return encodeText(c, v)
	case time.Time:
		return encodeDate(c, v)
	case row.IntervalValue:
		return duckInterval(v), only(c, row.Interval, v)
	case []any:
		return encodeStruct(c, v)
	}
	return nil, mismatch(c, v)
}

func only(c *row.Column, t row.Type, v any) error {
	if c.Type != t {
		return mismatch(c, v)
	}
	return nil
}

func mismatch(c *row.Column, v any) error { return fmt.Errorf("a Go %T is no %s", v, c.Type) }

func encodeText(c *row.Column, s string) (any, error) {
	switch c.Type {
	case row.String:
		if !utf8.ValidString(s) {
			return nil, errors.New("the text is not valid UTF-8")
		}
		return s, nil
	case row.JSON:
		if !json.Valid([]byte(s)) {
			return nil, errors.New("the text is not JSON")
		}
		return json.RawMessage(s), nil
	case row.Numeric:
		return scaledNumeric(s)
	case row.BigNumeric:
		stored, err := bignumeric.Encode(s)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		return stored, nil
	case row.Geography:
		wkt, err := row.AppendWKT(nil, []byte(s))
		return string(wkt), err
	}
	return nil, mismatch(c, s)
}

var (
	decimalForm = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?$`)
	decimalEnd  = new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil) // 38 digits in all
)

// scaledNumeric returns decimal text as an integer of 10^-9 units.
func scaledNumeric(s string) (*big.Int, error) {
	const scale = 9
	m := decimalForm.FindStringSubmatch(s)
	if m == nil || m[2]+m[3] == "" {
		return nil, fmt.Errorf("%q is no decimal number", s)
	}
	fraction := strings.TrimRight(m[3], "0")
	if len(fraction) > scale {
		return nil, fmt.Errorf("%q has more than %d digits after the point", s, scale)
	}
	n, _ := new(big.Int).SetString(m[1]+m[2]+fraction+strings.Repeat("0", scale-len(fraction)), 10)
	if n.CmpAbs(decimalEnd) >= 0 {
		return nil, fmt.Errorf("%q has more than %d digits before the point", s, 38-scale)
	}
	return n, nil
}

// encodeDate takes years 1 to 9999, BigQuery's range.
func encodeDate(c *row.Column, t time.Time) (any, error) {
	if c.Type != row.Timestamp && c.Type != row.Date && c.Type != row.Datetime {
		return nil, mismatch(c, t)
	}
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("year %d is outside of 1 to 9999", y)
	}
	return t.UTC(), nil
}

func encodeTime(c *row.Column, d time.Duration) (any, error) {
	if d < 0 || d >= 24*time.Hour {
		return nil, fmt.Errorf("%v is no time of day", d)
	}
	return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Add(d), only(c, row.Time, d)
}

// encodeStruct encodes a STRUCT, or a RANGE, which starts before it ends.
func encodeStruct(c *row.Column, values []any) (any, error) {
	fields := fieldsOf(c)
	if len(fields) == 0 {
		return nil, mismatch(c, values)
	}
	if len(values) != len(fields) {
		return nil, fmt.Errorf("%d values for %d fields", len(values), len(fields))
	}
	m := make(map[string]any, len(values))
	for i := range fields {
		v, err := encodeColumn(&fields[i], values[i])
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", fields[i].Name, err)
		}
		m[fields[i].Name] = v
	}
	if c.Type == row.Range {
		start, startOK := m["start"].(time.Time)
		end, endOK := m["end"].(time.Time)
		if startOK && endOK && !start.Before(end) {
			return nil, fmt.Errorf("a RANGE from %s to %s does not start before it ends", start.Format(time.RFC3339Nano), end.Format(time.RFC3339Nano))
		}
	}
	return m, nil
}
