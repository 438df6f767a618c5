package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// rewritten reports whether BigQuery gives values of the column back in another form than they were
// written in, so that they cannot be compared: GEOGRAPHY and INTERVAL.
func rewritten(c *row.Column) bool {
	return c.Type == row.Geography || c.Type == row.Interval || slices.ContainsFunc(c.Fields, func(f row.Column) bool { return rewritten(&f) })
}

// equal reports whether a, as a decoder makes it of the column c, is what stands as b in a table's
// column t.
func equal(c, t *row.Column, a, b *row.Value) bool {
	switch {
	case c.Mode == row.Repeated:
		return equalLists(c, t, a.List(), b.List()) // empty and NULL are the same in BigQuery
	case a.IsNull() || b.IsNull():
		return a.IsNull() == b.IsNull()
	case c.Type == row.Struct:
		return equalStructs(c, t, a.List(), b.List())
	case c.Type == row.Range:
		bounds := c.Bounds()
		return len(a.List()) == 2 && len(b.List()) == 2 && equal(&bounds[0], &bounds[0], &a.List()[0], &b.List()[0]) && equal(&bounds[1], &bounds[1], &a.List()[1], &b.List()[1])
	case a.Kind() != b.Kind():
		return false
	case a.Kind() == row.KindInt:
		return a.Int() == b.Int()
	case a.Kind() == row.KindFloat:
		return a.Float() == b.Float() || math.IsNaN(a.Float()) && math.IsNaN(b.Float())
	}
	return equalBytes(c.Type, a.Bytes(), b.Bytes())
}

func equalBytes(t row.Type, a, b []byte) bool {
	switch t {
	case row.Numeric, row.BigNumeric:
		x, okX := new(big.Rat).SetString(string(a))
		y, okY := new(big.Rat).SetString(string(b))
		return okX && okY && x.Cmp(y) == 0
	case row.JSON:
		return equalJSON(a, b)
	case row.String:
		return bytes.Equal(bytes.ToValidUTF8(a, []byte("\ufffd")), b) // as row.Encoder does
	default:
		return bytes.Equal(a, b)
	}
}

func equalLists(c, t *row.Column, a, b []row.Value) bool {
	one, other := *c, *t
	one.Mode, other.Mode = row.Nullable, row.Nullable
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equal(&one, &other, &a[i], &b[i]) {
			return false
		}
	}
	return true
}

// equalStructs compares by the names of the fields. What the table has more is NULL in our rows.
func equalStructs(c, t *row.Column, a, b []row.Value) bool {
	if len(a) != len(c.Fields) || len(b) != len(t.Fields) {
		return false
	}
	for i := range c.Fields {
		at := slices.IndexFunc(t.Fields, func(f row.Column) bool { return strings.EqualFold(f.Name, c.Fields[i].Name) })
		if at < 0 || !equal(&c.Fields[i], &t.Fields[at], &a[i], &b[at]) {
			return false
		}
	}
	return true
}

// equalJSON compares two texts by what they mean, as BigQuery keeps it: the order of members and the
// form of a number do not count, and of members of one name the first one does.
func equalJSON(a, b []byte) bool {
	x, errX := parseJSON(bytes.ToValidUTF8(a, []byte("\ufffd")))
	y, errY := parseJSON(b)
	return errX == nil && errY == nil && sameJSON(x, y)
}

func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := jsonValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more behind the value: %w", err)
	}
	return v, nil
}

func jsonValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := jsonValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		members := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := jsonValue(d)
			if err != nil {
				return nil, err
			}
			if _, known := members[name.(string)]; !known {
				members[name.(string)] = v
			}
		}
		_, err := d.Token()
		return members, err
	default:
		return token, nil
	}
}

func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if w, ok := b[name]; !ok || !sameJSON(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameJSON)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a.String(), b.String())
	default:
		return a == b
	}
}

// sameNumber compares as BigQuery keeps numbers of JSON: whole ones of 64 bits exactly, others as
// FLOAT64.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX == nil && errY == nil {
		return x == y
	}
	f, errF := strconv.ParseFloat(a, 64)
	g, errG := strconv.ParseFloat(b, 64)
	return errF == nil && errG == nil && f == g
}

// most is how many bytes of a value are shown.
const most = 200

// show returns a value for a person.
func show(c *row.Column, v *row.Value) string {
	text := showWhole(c, v)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func showWhole(c *row.Column, v *row.Value) string {
	switch v.Kind() {
	case row.KindNull:
		return "NULL"
	case row.KindInt:
		return showInt(c.Type, v.Int())
	case row.KindFloat:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case row.KindBytes:
		if c.Type == row.Bytes {
			return base64.StdEncoding.EncodeToString(v.Bytes())
		}
		return string(v.Bytes())
	}
	element := *c
	element.Mode = row.Nullable
	fields := c.Fields
	if c.Type == row.Range {
		fields = c.Bounds()
	}
	var parts []string
	for i := range v.List() {
		if c.Mode == row.Repeated {
			parts = append(parts, showWhole(&element, &v.List()[i]))
		} else if i < len(fields) {
			parts = append(parts, fields[i].Name+": "+showWhole(&fields[i], &v.List()[i]))
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func showInt(t row.Type, n int64) string {
	switch t {
	case row.Bool:
		return strconv.FormatBool(n != 0)
	case row.Timestamp, row.Datetime:
		return time.UnixMicro(n).UTC().Format("2006-01-02 15:04:05.999999")
	case row.Date:
		return time.Unix(n*86400, 0).UTC().Format(time.DateOnly)
	case row.Time:
		return time.UnixMicro(n).UTC().Format("15:04:05.999999")
	default:
		return strconv.FormatInt(n, 10)
	}
}
