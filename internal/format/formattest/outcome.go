package formattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// Outcome is what came of one record: its columns as JSON without those that are NULL or empty
// lists, or why it was rejected.
type Outcome struct {
	Line   int64           `json:"line"`
	Offset int64           `json:"offset"`
	Row    json.RawMessage `json:"row,omitempty"`
	Reject string          `json:"reject,omitempty"`
	Raw    string          `json:"-"`
}

// Decode returns what comes of each record of r, and the error that ended it, nil at its end.
func Decode(f *format.Format, r io.Reader, o format.Options) (all []Outcome, err error) {
	dec := f.New(r, o)
	rec := row.NewRecord(len(f.Spec.Columns))
	for {
		err := dec.Next(rec)
		var bad *format.Reject
		switch {
		case err == nil:
			all = append(all, Outcome{Line: rec.Line, Offset: rec.Offset, Row: appendStruct(nil, f.Spec.Columns, rec.Values), Raw: string(rec.Raw)})
		case errors.As(err, &bad):
			all = append(all, Outcome{Line: bad.Line, Offset: bad.Offset, Reject: bad.Reason, Raw: string(bad.Raw)})
		case err == io.EOF:
			return all, nil
		default:
			return all, err
		}
	}
}

// appendStruct appends the values as a JSON object.
func appendStruct(dst []byte, columns row.Schema, values []row.Value) []byte {
	dst = append(dst, '{')
	for i := range columns {
		v := &values[i]
		if v.IsNull() || v.Kind() == row.KindList && len(v.List()) == 0 {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, columns[i].Name)
		dst = append(dst, ':')
		dst = appendValue(dst, &columns[i], v)
	}
	return append(dst, '}')
}

func appendValue(dst []byte, c *row.Column, v *row.Value) []byte {
	switch {
	case v.Kind() == row.KindList && c.Mode == row.Repeated:
		element := *c
		element.Mode = row.Nullable
		dst = append(dst, '[')
		for i := range v.List() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, &element, &v.List()[i])
		}
		return append(dst, ']')
	case v.Kind() == row.KindList:
		return appendStruct(dst, c.Fields, v.List())
	case v.Kind() == row.KindNull:
		return append(dst, "null"...)
	case c.Type == row.Timestamp:
		return appendJSON(dst, time.UnixMicro(v.Int()).UTC().Format("2006-01-02T15:04:05.000000Z"))
	case c.Type == row.Date:
		return appendJSON(dst, time.Unix(v.Int()*86400, 0).UTC().Format(time.DateOnly))
	case c.Type == row.Time:
		return appendJSON(dst, time.UnixMicro(v.Int()).UTC().Format("15:04:05.000000"))
	case v.Kind() == row.KindInt:
		return appendJSON(dst, v.Int())
	case v.Kind() == row.KindFloat && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return appendJSON(dst, fmt.Sprint(v.Float()))
	case v.Kind() == row.KindFloat:
		return appendJSON(dst, v.Float())
	case c.Type == row.JSON && json.Valid(v.Bytes()):
		return append(dst, bytes.ToValidUTF8(v.Bytes(), []byte("\uFFFD"))...)
	case c.Type == row.JSON:
		return appendJSON(dst, fmt.Sprintf("no JSON: %q", v.Bytes()))
	default: // the encoder replaces what is no UTF-8, and counts it
		return appendJSON(dst, string(bytes.ToValidUTF8(v.Bytes(), []byte("\uFFFD"))))
	}
}

func appendJSON(dst []byte, v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return append(dst, fmt.Sprintf("%q", err)...)
	}
	return append(dst, bytes.TrimSpace(buf.Bytes())...)
}

// MustDecode is Decode without options, of data that a decoder reads to its end.
func MustDecode(t testing.TB, f *format.Format, r io.Reader) []Outcome {
	t.Helper()
	all, err := Decode(f, r, format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ValidJSON checks that what the encoder took as JSON is JSON: it does not look at what a decoder vouches for.
func ValidJSON(t testing.TB, columns []row.Column, values []row.Value) {
	t.Helper()
	for i := range columns {
		c, v := columns[i], &values[i]
		switch {
		case c.Mode == row.Repeated:
			c.Mode = row.Nullable
			for j := range v.List() {
				ValidJSON(t, []row.Column{c}, v.List()[j:j+1])
			}
		case c.Type == row.Struct && !v.IsNull():
			ValidJSON(t, c.Fields, v.List())
		case c.Type == row.JSON && !v.IsNull():
			if err := row.CheckJSON(v.Bytes()); err != nil {
				t.Fatalf("column %s holds no JSON: %v: %.1000q", c.Name, err, v.Bytes())
			}
		}
	}
}
