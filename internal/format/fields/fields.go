// Package fields puts the fields of AWS's text logs into the values of a row. AWS writes "-" where a
// field has no value, and so does it become NULL, whatever the column's type.
package fields

import (
	"fmt"

	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// Setter sets v from a field's text, to which v may keep a reference. The error says what is wrong
// with the text.
type Setter func(v *row.Value, text []byte) error

// IsNone reports whether text is how AWS writes that there is no value.
func IsNone(text []byte) bool { return len(text) == 1 && text[0] == '-' }

// Text sets a STRING to the text as it stands.
func Text(v *row.Value, text []byte) error {
	if IsNone(text) {
		v.SetNull()
	} else {
		v.SetBytes(text)
	}
	return nil
}

// Int sets an INT64; an empty text is NULL, as with all that are not text.
func Int(v *row.Value, text []byte) error {
	if n, ok := scalar.ShortInt(text); ok {
		v.SetInt(n)
		return nil
	}
	if empty(v, text) {
		return nil
	}
	n, err := scalar.Int(text)
	v.SetInt(n)
	return err
}

// Float sets a FLOAT64.
func Float(v *row.Value, text []byte) error {
	if empty(v, text) {
		return nil
	}
	n, err := scalar.Float(text)
	v.SetFloat(n)
	return err
}

// Time sets a TIMESTAMP from a time as scalar.Time reads it.
func Time(v *row.Value, text []byte) error {
	if empty(v, text) {
		return nil
	}
	micros, err := scalar.Time(text)
	v.SetInt(micros)
	return err
}

// UnixSeconds sets a TIMESTAMP from whole seconds since 1970.
func UnixSeconds(v *row.Value, text []byte) error { return unix(v, text, 1) }

// UnixMillis sets a TIMESTAMP from whole milliseconds since 1970.
func UnixMillis(v *row.Value, text []byte) error { return unix(v, text, 1000) }

func unix(v *row.Value, text []byte, perSecond int64) error {
	if empty(v, text) {
		return nil
	}
	micros, err := scalar.Unix(text, perSecond)
	v.SetInt(micros)
	return err
}

// empty reports whether text is no value, and makes v NULL then.
func empty(v *row.Value, text []byte) bool {
	if len(text) > 0 && !IsNone(text) {
		return false
	}
	v.SetNull()
	return true
}

// Wrong returns the error of a column whose Setter failed.
func Wrong(c *row.Column, err error) error { return fmt.Errorf("column %s: %w", c.Name, err) }

// Column returns a NULLABLE column.
func Column(name string, t row.Type, description string) row.Column {
	return row.Column{Name: name, Type: t, Mode: row.Nullable, Description: description}
}
