// Package coerce makes values of columns from the text and the JSON values of files with a declared
// schema, by the rules of BigQuery's load jobs. What BigQuery would not take is an error; nothing is
// changed to fit.
//
// The rules, with where they are written:
//
//	all types    https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json#data_types
//	             https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#data_types
//	             https://cloud.google.com/bigquery/docs/data-types
//	BOOL         true and false in any case; in CSV also 1, 0, t, f, yes, no, y, n
//	INT64        decimal digits with a sign or without, in a string too; of JSON numbers also those
//	             with a fraction or an exponent that are whole, such as 1.0
//	FLOAT64      decimal numbers; in strings also NaN, Infinity, inf with a sign or without
//	NUMERIC,     decimal numbers, kept exactly: too many digits are an error
//	BIGNUMERIC
//	STRING       any text; JSON numbers and booleans as they stand
//	BYTES        standard base64, padded or not
//	DATE         YYYY-MM-DD
//	DATETIME     YYYY-MM-DD HH:MM:SS[.fraction], with T or a space
//	TIME         HH:MM:SS[.fraction]
//	TIMESTAMP    see scalar.Timestamp; JSON numbers are seconds since 1970
//	GEOGRAPHY    WKT or GeoJSON, as text; WKB is not read
//	INTERVAL     see row.ParseInterval
//	RANGE        [start, end), either of them UNBOUNDED or NULL; in JSON also an object with the
//	             members start and end
//	JSON         any JSON; in CSV its text
//
// Beyond BigQuery, whose values have microseconds, digits behind these are cut off and not refused.
package coerce

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"

	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// shown is how many characters of a wrong value an error repeats.
const shown = 64

// Field sets v to the value of column c that the text of a CSV file's field stands for. What has to
// be decoded is appended to arena, which is returned; else v refers to text. The mode of c is not
// looked at, and c is no STRUCT.
func Field(arena []byte, v *row.Value, c *row.Column, text []byte) ([]byte, error) {
	if c.Type == row.Bool {
		b, err := boolOf(text)
		v.SetBool(b)
		return arena, err
	}
	return String(arena, v, c, text)
}

// String sets v to the value of column c that the contents of a JSON string stand for. What has to
// be decoded is appended to arena, which is returned; else v refers to text. The mode of c is not
// looked at, and c is neither STRUCT nor JSON.
func String(arena []byte, v *row.Value, c *row.Column, text []byte) ([]byte, error) {
	switch c.Type {
	case row.String, row.JSON:
		v.SetBytes(text)
		return arena, nil
	case row.Bytes:
		return setBase64(arena, v, text)
	case row.Range:
		return arena, setRange(v, c.RangeElement, text)
	default:
		return arena, setString(v, c.Type, text)
	}
}

// setString is String for the types whose values need no memory and no more than their name.
func setString(v *row.Value, t row.Type, text []byte) (err error) {
	var n int64
	switch t {
	case row.Bool:
		b, err := literalOf(text)
		v.SetBool(b)
		return err
	case row.Int64:
		n, err = scalar.Int(unsigned(text))
	case row.Timestamp:
		n, err = scalar.Timestamp(text)
	case row.Datetime:
		n, err = scalar.Datetime(text)
	case row.Date:
		n, err = scalar.Date(text)
	case row.Time:
		n, err = scalar.Clock(text)
	case row.Float64:
		f, err := floatOf(text)
		v.SetFloat(f)
		return err
	case row.Numeric, row.BigNumeric:
		v.SetBytes(text)
		return row.CheckDecimal(t, text)
	case row.Interval:
		v.SetBytes(text)
		_, err := row.ParseInterval(text)
		return quoted(text, err)
	case row.Geography:
		v.SetBytes(text)
		return quoted(text, row.CheckGeography(text))
	default:
		return fmt.Errorf("no text is a %s", t)
	}
	v.SetInt(n)
	return err
}

// quoted puts the text that is wrong before an error that does not have it.
func quoted(text []byte, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%.*q is %w", shown, text, err)
}

// unsigned cuts off a plus.
func unsigned(text []byte) []byte {
	if len(text) > 1 && text[0] == '+' && text[1] != '-' {
		return text[1:]
	}
	return text
}

// Number sets v to the value of column c that the JSON number in text stands for; v may refer to
// text. c is neither STRUCT nor JSON.
func Number(v *row.Value, c *row.Column, text []byte) error {
	switch c.Type {
	case row.Int64:
		n, err := intOf(text)
		v.SetInt(n)
		return err
	case row.Float64:
		f, err := scalar.Float(text)
		v.SetFloat(f)
		return err
	case row.Numeric, row.BigNumeric:
		v.SetBytes(text)
		return row.CheckDecimal(c.Type, text)
	case row.String:
		v.SetBytes(text)
		return nil
	case row.Timestamp:
		n, err := epochOf(text)
		v.SetInt(n)
		return err
	default:
		return fmt.Errorf("the number %.*s is not a %s", shown, text, c.Type)
	}
}

var trueText, falseText = []byte("true"), []byte("false")

// Bool sets v to the value of column c that a JSON true or false stands for. c is neither STRUCT
// nor JSON.
func Bool(v *row.Value, c *row.Column, b bool) error {
	switch {
	case c.Type == row.Bool:
		v.SetBool(b)
		return nil
	case c.Type != row.String:
		return fmt.Errorf("%t is not a %s", b, c.Type)
	case b:
		v.SetBytes(trueText)
	default:
		v.SetBytes(falseText)
	}
	return nil
}

// intOf reads a JSON number that is whole, though it may be written 1.0 or 1e3.
func intOf(text []byte) (int64, error) {
	n, err := scalar.Int(text)
	if err == nil || !bytes.ContainsAny(text, ".eE") {
		return n, err
	}
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	if len(bytes.Trim(fraction, "0")) == 0 && !bytes.ContainsAny(whole, "eE") {
		return scalar.Int(whole)
	}
	// So few digits are a float64 of their own: nothing is rounded.
	const digits, largest = 15, 1e15
	f, err := scalar.Float(text)
	if err != nil || len(text) > digits || f != math.Trunc(f) || math.Abs(f) > largest {
		return 0, fmt.Errorf("the number %.*s is not an INT64", shown, text)
	}
	return int64(f), nil
}

// epochOf reads a JSON number of seconds since 1970 into microseconds.
func epochOf(text []byte) (int64, error) {
	if !bytes.ContainsAny(text, "eE") {
		return scalar.Epoch(text)
	}
	f, err := scalar.Float(text)
	if err != nil || f*1e6 < row.MinTimestamp || f*1e6 > row.MaxTimestamp {
		return 0, fmt.Errorf("the number %.*s is not within the years 1 to 9999 as seconds since 1970", shown, text)
	}
	return int64(math.Round(f * 1e6)), nil
}

// infinities are the words for what is no decimal number but a FLOAT64.
var infinities = []struct {
	word  string
	value float64
}{
	{"NaN", math.NaN()},
	{"Infinity", math.Inf(1)}, {"+Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)},
	{"inf", math.Inf(1)}, {"+inf", math.Inf(1)}, {"-inf", math.Inf(-1)},
}

func floatOf(text []byte) (float64, error) {
	f, err := scalar.Float(text)
	if err == nil {
		return f, nil
	}
	for _, w := range infinities {
		if equalFold(text, w.word) {
			return w.value, nil
		}
	}
	return 0, err
}

// equalFold reports whether text is word in any case.
func equalFold(text []byte, word string) bool {
	return len(text) == len(word) && bytes.EqualFold(text, []byte(word))
}

// literalOf reads true or false.
func literalOf(text []byte) (value bool, err error) {
	switch {
	case equalFold(text, "true"):
		return true, nil
	case equalFold(text, "false"):
		return false, nil
	}
	return false, fmt.Errorf("%.*q is not a BOOL such as true or false", shown, text)
}

// boolOf reads the words that CSV files have for true and false.
func boolOf(text []byte) (value bool, err error) {
	for _, word := range []string{"true", "t", "yes", "y", "1"} {
		if equalFold(text, word) {
			return true, nil
		}
	}
	for _, word := range []string{"false", "f", "no", "n", "0"} {
		if equalFold(text, word) {
			return false, nil
		}
	}
	return literalOf(text)
}

// setBase64 decodes text to the end of arena.
func setBase64(arena []byte, v *row.Value, text []byte) ([]byte, error) {
	start := len(arena)
	coding := base64.StdEncoding
	if len(text)%4 != 0 {
		coding = base64.RawStdEncoding
	}
	decoded, err := coding.AppendDecode(arena, text)
	if err != nil {
		return arena, fmt.Errorf("%.*q is not base64, as the text of BYTES is", shown, text)
	}
	v.SetBytes(decoded[start:])
	return decoded, nil
}

var errRange = errors.New(`not a RANGE such as "[2006-01-02, UNBOUNDED)"`)

// setRange reads [start, end).
func setRange(v *row.Value, element row.Type, text []byte) error {
	n := len(text)
	if n < 2 || text[0] != '[' || text[n-1] != ')' {
		return quoted(text, errRange)
	}
	start, end, ok := bytes.Cut(text[1:n-1], []byte(","))
	if !ok {
		return quoted(text, errRange)
	}
	v.SetList()
	for _, bound := range [...][]byte{start, end} {
		b := v.Append()
		bound = bytes.TrimSpace(bound)
		if equalFold(bound, "UNBOUNDED") || equalFold(bound, "NULL") {
			continue
		}
		if err := setString(b, element, bound); err != nil {
			return err
		}
	}
	return nil
}
