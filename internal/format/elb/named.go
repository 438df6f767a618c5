package elb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/format/parquet"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// anyDecoder returns a decoder of lines or of what CloudWatch's delivery of the same logs writes, in which
// the customer chose the fields and their order: JSON objects, lines under W3C's #Fields:, or Parquet. There
// fields are found by the names of the documentation, client:port or client_port.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
func (l *layout) anyDecoder(r io.Reader, o format.Options) format.Decoder {
	return format.Choose(r, func(first []byte, in io.Reader) format.Decoder {
		switch {
		case first[0] == '{' || first[0] == '[':
			return l.objects(in, o)
		case first[0] == '#':
			return &headedDecoder{named: named{decoder: decoder{layout: l}}, lines: lines.NewReader(in, o), wrong: errNoFields}
		case bytes.HasPrefix(first, []byte(pq.Magic)):
			n := &named{decoder: decoder{layout: l}}
			return parquet.TextDecoder(in, o, n.setHeader, n.setNamed)
		default:
			return l.decoder(in, o)
		}
	})
}

// allNames returns what the field is called where fields are named.
func (f *field) allNames() []string {
	if f.names == nil {
		return []string{f.columns[0].Name}
	}
	return f.names
}

// unknown stands for a field without a column.
const unknown = -1

// named sets values from fields that have names.
type named struct {
	decoder
	header []string
	at     []int  // the place of each field of header in the layout, or unknown
	kept   []byte // what has no column
	ends   []int  // of each field in kept
}

// setHeader takes the names of the fields. An error says that they are those of another log.
func (n *named) setHeader(names []string) error {
	n.header, n.at = names, n.at[:0]
	told := false
	for _, name := range names {
		n.at = append(n.at, n.layout.index(name))
		told = told || slices.Contains(n.layout.telling, normal(name))
	}
	if !told {
		return fmt.Errorf("these are fields of another log: none of them is %s", strings.Join(n.layout.telling, ", "))
	}
	return nil
}

// normal returns a name as the layouts have it.
func normal(name string) string { return strings.ToLower(strings.ReplaceAll(name, "-", "_")) }

// index returns the place of the field that is called name, or unknown.
func (l *layout) index(name string) int {
	name = normal(name)
	return slices.IndexFunc(l.fields, func(f field) bool { return slices.Contains(f.allNames(), name) })
}

// setNamed sets values from the fields that the header names, in order. What has no column goes to extra
// as name=value.
func (n *named) setNamed(values []row.Value, texts [][]byte) error {
	n.tokens, n.kept, n.ends = n.tokens[:0], n.kept[:0], n.ends[:0]
	for range n.layout.fields {
		n.tokens = append(n.tokens, none)
	}
	for i, text := range texts {
		text = unquote(text)
		switch {
		case i < len(n.at) && n.at[i] != unknown:
			if !fields.IsNone(text) { // a field may be named twice
				n.tokens[n.at[i]] = text
			}
		case !fields.IsNone(text):
			if i < len(n.header) {
				n.kept = append(append(n.kept, n.header[i]...), '=')
			}
			n.kept = append(n.kept, text...)
			n.ends = append(n.ends, len(n.kept))
		}
	}
	start := 0
	for _, end := range n.ends {
		n.tokens = append(n.tokens, n.kept[start:end])
		start = end
	}
	return n.set(values)
}

// headedDecoder reads lines whose fields a line before them names.
type headedDecoder struct {
	named
	lines *lines.Reader
	texts [][]byte
	wrong error // with the header
}

var errNoFields = errors.New("no line with #Fields: stands before it")

// Next implements format.Decoder.
func (d *headedDecoder) Next(rec *row.Record) error {
	for {
		line, err := d.lines.Next()
		if err != nil {
			return err
		}
		if line.Text[0] == '#' {
			if names, ok := bytes.CutPrefix(line.Text, []byte("#Fields:")); ok {
				if d.wrong = d.setHeader(strings.Fields(string(names))); d.wrong != nil {
					return line.Reject(d.wrong.Error())
				}
			}
			continue
		}
		err = d.wrong
		if err == nil {
			err = d.read(line.Text, rec.Values)
		}
		if err != nil {
			return line.Reject(err.Error())
		}
		rec.Line, rec.Offset, rec.Raw = line.Number, line.Offset, line.Text
		return nil
	}
}

// read sets the values of a line. Tabs part its fields if it has any, and spaces otherwise.
func (d *headedDecoder) read(line []byte, values []row.Value) (err error) {
	if err := checkBlanks(line); err != nil {
		return err
	}
	if bytes.IndexByte(line, '\t') < 0 {
		if d.texts, err = split(d.texts[:0], line); err != nil {
			return err
		}
		return d.setNamed(values, d.texts)
	}
	d.texts = d.texts[:0]
	for more := true; more; {
		var text []byte
		text, line, more = bytes.Cut(line, []byte{'\t'})
		d.texts = append(d.texts, text)
	}
	return d.setNamed(values, d.texts)
}

// unquote cuts off the quotes around text.
func unquote(text []byte) []byte {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		return text[1 : n-1]
	}
	return text
}

// objectDecoder takes the members of JSON objects for the fields of a line.
type objectDecoder struct {
	named
	objects format.Decoder
	object  *row.Record
	texts   [][]byte
}

// objects returns a decoder of JSON objects.
func (l *layout) objects(r io.Reader, o format.Options) format.Decoder {
	members, names := jsonlog.Layout{Extra: "extra", ConflictsToExtra: true}, []string{}
	for i := range l.fields {
		for _, name := range l.fields[i].allNames() {
			m := jsonlog.Member(name, row.String, "")
			if slices.Contains(l.telling, name) {
				m = m.Essential()
			}
			members.Columns, names = append(members.Columns, m), append(names, name)
		}
	}
	d := &objectDecoder{named: named{decoder: decoder{layout: l}}, objects: members.Decoder(r, o), object: row.NewRecord(len(names) + 1)}
	_ = d.setHeader(names) // they are the layout's own
	return d
}

// Next implements format.Decoder. Of two members for one field the one that is there counts.
func (d *objectDecoder) Next(rec *row.Record) error {
	if err := d.objects.Next(d.object); err != nil {
		return err
	}
	rec.Line, rec.Offset, rec.Raw = d.object.Line, d.object.Offset, d.object.Raw
	d.texts = d.texts[:0]
	for i := range d.object.Values {
		if v := &d.object.Values[i]; !v.IsNull() {
			d.texts = append(d.texts, v.Bytes())
		} else {
			d.texts = append(d.texts, none)
		}
	}
	if err := d.setNamed(rec.Values, d.texts); err != nil {
		return &format.Reject{Line: rec.Line, Offset: rec.Offset, Reason: err.Error(), Raw: bytes.Clone(rec.Raw[:min(len(rec.Raw), format.MaxRaw)])}
	}
	return nil
}
