package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// decodeColumn turns what the driver read into a column's value. NULL reads as an empty array.
func decodeColumn(c *row.Column, v any) (any, error) {
	if c.Mode != row.Repeated {
		return decodeValue(c, v)
	}
	list, ok := v.([]any)
	if v != nil && !ok {
		return nil, unexpected(c, v)
	}
	out := make([]any, len(list))
	for i, e := range list {
		d, err := decodeValue(c, e)
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

func decodeValue(c *row.Column, v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, float64:
		return v, nil
	case []byte:
		if c.Type == row.BigNumeric {
			return bignumeric.Decode(v), nil
		}
		return v, nil
	case int64:
		return v, nil
	case int32:
		return int64(v), nil
	case *big.Int:
		return decodeInt(v)
	case string:
		if c.Type == row.JSON {
			return canonicalJSON(v)
		}
		return v, nil
	case time.Time:
		if c.Type == row.Time {
			return v.Sub(time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, time.UTC)), nil
		}
		return v.UTC(), nil
	case map[string]any:
		return decodeStruct(c, v)
	}
	if text, ok := decimalText(v); ok {
		return text, nil
	}
	if i, ok := intervalValue(v); ok {
		return i, nil
	}
	return nil, unexpected(c, v)
}

// decodeInt takes DuckDB's 128-bit integers, which sums of integers are.
func decodeInt(n *big.Int) (any, error) {
	if !n.IsInt64() {
		return nil, queryOverflow(n)
	}
	return n.Int64(), nil
}

func decodeStruct(c *row.Column, m map[string]any) (any, error) {
	fields := fieldsOf(c)
	out := make([]any, len(fields))
	for i := range fields {
		v, err := decodeColumn(&fields[i], m[fields[i].Name])
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", fields[i].Name, err)
		}
		out[i] = v
	}
	return out, nil
}

// canonicalJSON writes JSON text as BigQuery shows it: no spaces, members sorted by name.
func canonicalJSON(text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("stored JSON: %w", err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("stored JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func unexpected(c *row.Column, v any) error {
	return fmt.Errorf("DuckDB returned a Go %T for a %s %s", v, modeOf(*c), c.Type)
}
