package bqquery

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"

	"github.com/seneka-io/seneka/internal/row"
)

// setValue makes dst what a decoder would have made of the value that stands in the table: the same
// kinds and units.
func setValue(dst *row.Value, v bigquery.Value, c *row.Column) error {
	if list, ok := v.([]bigquery.Value); ok {
		return setList(dst, list, c)
	}
	switch v := v.(type) {
	case nil:
		dst.SetNull()
	case bool:
		dst.SetBool(v)
	case int64:
		dst.SetInt(v)
	case float64:
		dst.SetFloat(v)
	case string:
		dst.SetBytes([]byte(v))
	case []byte:
		dst.SetBytes(v)
	case *big.Rat: // a NUMERIC or BIGNUMERIC has a finite number of decimals
		digits, _ := v.FloatPrec()
		dst.SetBytes([]byte(v.FloatString(digits)))
	case time.Time:
		dst.SetTime(v)
	case civil.Date:
		dst.SetInt(v.In(time.UTC).Unix() / (24 * 60 * 60))
	case civil.DateTime:
		dst.SetTime(v.In(time.UTC))
	case civil.Time:
		dst.SetInt(int64(v.Hour)*3_600_000_000 + int64(v.Minute)*60_000_000 + int64(v.Second)*1_000_000 + int64(v.Nanosecond)/1000)
	case *bigquery.IntervalValue:
		dst.SetBytes([]byte(intervalOf(v).String()))
	case *bigquery.RangeValue:
		return setRange(dst, v, c)
	default:
		return fmt.Errorf("a value of Go type %T is not known", v)
	}
	return nil
}

// setList sets a REPEATED value, or a STRUCT.
func setList(dst *row.Value, list []bigquery.Value, c *row.Column) error {
	element := *c
	element.Mode = row.Nullable
	if c.Mode != row.Repeated && len(list) != len(c.Fields) {
		return fmt.Errorf("%d values for %d fields", len(list), len(c.Fields))
	}
	dst.SetList()
	for i, v := range list {
		of := &element
		if c.Mode != row.Repeated {
			of = &c.Fields[i]
		}
		if err := setValue(dst.Append(), v, of); err != nil {
			return err
		}
	}
	return nil
}

func setRange(dst *row.Value, v *bigquery.RangeValue, c *row.Column) error {
	bounds := c.Bounds()
	dst.SetList()
	for i, bound := range []bigquery.Value{v.Start, v.End} {
		if err := setValue(dst.Append(), bound, &bounds[i]); err != nil {
			return err
		}
	}
	return nil
}

// intervalOf returns an INTERVAL. The client library's own text has the sign of negative seconds
// inside of their fraction.
func intervalOf(v *bigquery.IntervalValue) row.IntervalValue {
	seconds := int64(v.Hours)*3600 + int64(v.Minutes)*60 + int64(v.Seconds)
	return row.IntervalValue{
		Months: v.Years*12 + v.Months, Days: v.Days, Micros: seconds*1e6 + int64(math.Round(float64(v.SubSecondNanos)/1000)),
	}
}
