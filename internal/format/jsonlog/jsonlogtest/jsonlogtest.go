// Package jsonlogtest checks formats of JSON records against encoding/json.
package jsonlogtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/row"
)

// Counter returns a function that counts the records of a file, and as one more what is cut short at
// its end. within is that of the layout.
func Counter(within string) func(data []byte) int {
	return func(data []byte) int {
		n := 0
		dec := json.NewDecoder(bytes.NewReader(data))
		for {
			var value json.RawMessage
			start := dec.InputOffset()
			if err := dec.Decode(&value); err != nil {
				rest := bytes.TrimSpace(data[start:])
				if len(rest) > 0 {
					n += 1 + len(elements(rest, within))
				}
				return n
			}
			if records, whole := unwrap(value, within); whole {
				n++
			} else {
				n += len(records)
			}
		}
	}
}

// unwrap returns the records within value, or that value is one itself.
func unwrap(value json.RawMessage, within string) (records []json.RawMessage, whole bool) {
	if value[0] == '[' {
		return elements(value, within), false
	}
	var outer map[string]json.RawMessage
	if json.Unmarshal(value, &outer) != nil || within == "" || len(outer[within]) == 0 || outer[within][0] != '[' {
		return []json.RawMessage{value}, true
	}
	return elements(outer[within], within), false
}

// elements returns the whole elements of the array that data begins with, or that is the first
// member of the object that it begins with, if it is called within.
func elements(data []byte, within string) (all []json.RawMessage) {
	dec := json.NewDecoder(bytes.NewReader(data))
	open, _ := dec.Token()
	if open == json.Delim('{') {
		if name, _ := dec.Token(); name != within || within == "" {
			return nil
		}
		open, _ = dec.Token()
	}
	if open != json.Delim('[') {
		return nil
	}
	for dec.More() {
		var element json.RawMessage
		if dec.Decode(&element) != nil {
			return all
		}
		all = append(all, element)
	}
	return all
}

// Records returns the records of a whole file.
func Records(t testing.TB, data []byte, within string) (all []json.RawMessage) {
	t.Helper()
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		records, _ := unwrap(value, within)
		all = append(all, records...)
	}
	return all
}

// Agree checks that each row of the sample holds what encoding/json reads from its record: all of
// it, in the columns of the layout, and nothing else but the columns in derived.
func Agree(t *testing.T, f *format.Format, l *jsonlog.Layout, file string, derived ...string) {
	t.Helper()
	data := formattest.Plain(t, file)
	rows, err := formattest.Decode(f, bytes.NewReader(data), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	records := Records(t, data, l.Within)
	if len(rows) != len(records) {
		t.Fatalf("%s: %d rows of %d records", file, len(rows), len(records))
	}
	for i, record := range records {
		extra := map[string]any{}
		want := expected(l.Columns, object(t, record), "", extra)
		if len(extra) > 0 {
			want[l.Extra] = extra
		}
		got := object(t, rows[i].Row)
		for _, name := range derived {
			delete(got, name)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s, record %d %s:\ngot  %v\nwant %v\nof %s", file, i+1, rows[i].Reject, got, want, record)
		}
	}
}

func object(t testing.TB, data []byte) map[string]any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var o map[string]any
	if err := dec.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

// expected returns the row of an object, and puts what has no column into extra.
func expected(columns []jsonlog.Column, o map[string]any, path string, extra map[string]any) map[string]any {
	want := map[string]any{}
	known := map[string]bool{}
	for i := range columns {
		c := &columns[i]
		member := c.Member
		if member == "" {
			member = c.Name
		}
		known[member] = true
		if v := value(c, o[member], path+member, extra); v != nil {
			want[c.Name] = v
		}
	}
	for member, v := range o {
		if !known[member] {
			extra[path+member] = v
		}
	}
	return want
}

// value returns what formattest makes of a value of column c, nil if that is nothing.
func value(c *jsonlog.Column, v any, path string, extra map[string]any) any {
	list, isList := v.([]any)
	switch {
	case v == nil, c.Mode == row.Repeated && len(list) == 0:
		return nil
	case c.Mode == row.Repeated && isList:
		element := *c
		element.Mode = row.Nullable
		var all []any
		for i, v := range list {
			all = append(all, value(&element, v, fmt.Sprintf("%s[%d]", path, i), extra))
		}
		return all
	case c.Type == row.JSON:
		return v
	case c.Type == row.Struct:
		return expected(c.Fields, v.(map[string]any), path+".", extra)
	case c.Type == row.Timestamp:
		return timestamp(v)
	case c.Type == row.Bool:
		return map[any]json.Number{true: "1", false: "0"}[v]
	case c.Type == row.Int64:
		return json.Number(fmt.Sprint(v))
	case c.Set != nil && v == "-":
		return nil
	default:
		return fmt.Sprint(v)
	}
}

func timestamp(v any) string {
	at, err := time.Parse(time.RFC3339, fmt.Sprint(v))
	if n, ok := v.(json.Number); ok {
		var millis int64
		millis, err = n.Int64()
		at = time.UnixMilli(millis).UTC()
	}
	return at.Format("2006-01-02T15:04:05.000000Z") + errorText(err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Limit is the longest record in bytes that Stable lets pass.
const Limit = 2000

// Stable decodes data, whatever it is, twice. It checks that both times give the same, that the
// records stand where they say, in order, none within another, that the encoder takes the rows or
// knows why not, and, where all of data is JSON objects, that there are as many.
func Stable(t *testing.T, f *format.Format, data []byte, within string) {
	t.Helper()
	all, err := formattest.Decode(f, bytes.NewReader(data), format.Options{MaxRecord: Limit})
	if errors.Is(err, format.ErrControl) {
		return
	}
	again, err2 := formattest.Decode(f, bytes.NewReader(data), format.Options{MaxRecord: Limit})
	if err != nil || err2 != nil || !reflect.DeepEqual(all, again) {
		t.Fatalf("errors %v and %v; %v\nand then\n%v", err, err2, all, again)
	}
	end := 0
	for i, o := range all {
		if o.Line != int64(i+1) || int(o.Offset) < end || !bytes.HasPrefix(data[o.Offset:], []byte(o.Raw)) {
			t.Fatalf("record %d, behind byte %d, says that it is the %d-th, at %d, and is %q of %q", i+1, end, o.Line, o.Offset, o.Raw, data)
		}
		if gap := data[end:o.Offset]; within == "" && len(bytes.Trim(gap, " \t\r\n,[]\x1e\xef\xbb\xbf")) > 0 {
			t.Fatalf("nothing came of %q before the record at %d", gap, o.Offset)
		}
		end = int(o.Offset) + len(o.Raw)
	}
	if rest := data[end:]; within == "" && len(all) > 0 && len(all[len(all)-1].Raw) < format.MaxRaw && len(bytes.Trim(rest, " \t\r\n,[]\x1e\xef\xbb\xbf")) > 0 {
		t.Fatalf("nothing came of %q at the end", rest)
	}
	encode(t, f, data)
}

// encode checks that the encoder takes the rows of data, or refuses a value.
func encode(t *testing.T, f *format.Format, data []byte) {
	t.Helper()
	enc, err := row.NewEncoder(f.Spec.Columns)
	if err != nil {
		t.Fatal(err)
	}
	rec := row.NewRecord(len(f.Spec.Columns))
	dec := f.New(bytes.NewReader(data), format.Options{MaxRecord: Limit})
	for {
		err := dec.Next(rec)
		var bad *format.Reject
		if err != nil && !errors.As(err, &bad) {
			return
		}
		if err != nil {
			continue
		}
		var refused *row.ValueError
		_, err = enc.Append(nil, rec)
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("%s: %v", rec.Raw, err)
		}
		if err == nil {
			formattest.ValidJSON(t, f.Spec.Columns, rec.Values)
		}
	}
}
