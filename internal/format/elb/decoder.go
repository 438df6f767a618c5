// Package elb reads the logs of AWS Elastic Load Balancing: one record a line, fields separated by
// spaces and told apart by their position, text quoted. AWS adds fields at the end only, and asks
// readers to expect ones that they do not know. A Classic Load Balancer writes the line endings of
// clients as they are, so that its records take several lines at times.
package elb

import (
	"bytes"
	"fmt"
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/format/marks"
	"github.com/seneka-io/seneka/internal/row"
)

// layout is what a line of one of the logs consists of.
type layout struct {
	format string // its name
	fields []field
	needed int // fields that every line ever written has
	// outsideIn says that lines are split by splitClassic.
	outsideIn bool
	extra     int // the place of the column extra
	// telling are names of fields by which a JSON object is told to be of this log.
	telling []string
	// joins is how many line endings a record may hold, all of them in the field at index agent.
	joins, agent int
}

// newLayout returns l with the places of its columns.
func newLayout(l layout) *layout {
	for i := range l.fields {
		l.fields[i].at = l.extra
		l.extra += len(l.fields[i].columns)
	}
	return &l
}

// isControl reports whether line is the text of ELBAccessLogTestFile, or of the objects like it of
// the other logs, which AWS writes when somebody switches a log on: Enable AccessLog for ELB: ...
func isControl(line []byte) bool {
	return bytes.HasPrefix(line, []byte("Enable ")) && bytes.Contains(line, []byte("Log for ELB"))
}

// columns returns the table's columns: those of each field in turn, and extra.
func (l *layout) columns() row.Schema {
	var all row.Schema
	for _, f := range l.fields {
		all = append(all, f.columns...)
	}
	return append(all, row.Column{
		Name: "extra", Type: row.String, Mode: row.Repeated,
		Description: "Fields behind the last one that has a column, in order, as text without quotes; \"-\" stands for no value.",
	})
}

// decoder reads the lines of one file. Its slices are used again for each line.
type decoder struct {
	layout  *layout
	lines   *lines.Reader
	tokens  [][]byte
	marks   marks.Line // for walk
	ascii   bool       // the tokens are: nobody has to look at them again
	escapes bool       // the request line has any
	decoded []byte     // its parts with them undone
}

func (l *layout) decoder(r io.Reader, o format.Options) format.Decoder {
	return &decoder{layout: l, lines: lines.NewReader(r, o), tokens: make([][]byte, 0, len(l.fields)+1)}
}

// Next implements format.Decoder.
func (d *decoder) Next(rec *row.Record) error {
	line, err := d.lines.Next()
	if err != nil {
		return err
	}
	if line.Number == 1 && isControl(line.Text) {
		return format.ErrControl
	}
	if wrong := d.parse(line.Text, rec.Values); wrong != nil {
		var whole bool
		if line, whole, err = d.join(line, rec.Values); err != nil {
			return err
		}
		if !whole {
			return line.Reject(d.layout.explain(line.Text, wrong))
		}
	}
	rec.Line, rec.Offset, rec.Raw = line.Number, line.Offset, line.Text
	return nil
}

// maxBlanks is how many spaces a line may have: each may begin a value, which takes far more memory
// than its text. The longest request line and header that a load balancer takes have 16 KiB each.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const maxBlanks = 64 << 10

// checkBlanks returns an error if line has more spaces, or tabs, than that.
func checkBlanks(line []byte) error {
	if len(line) <= maxBlanks {
		return nil
	}
	if n := max(bytes.Count(line, []byte{' '}), bytes.Count(line, []byte{'\t'})); n > maxBlanks {
		return fmt.Errorf("the line has %d spaces, and no load balancer writes over %d", n, maxBlanks)
	}
	return nil
}

// parse sets the values of one line.
func (d *decoder) parse(line []byte, values []row.Value) (err error) {
	if err := checkBlanks(line); err != nil {
		return err
	}
	if d.walk(line, values) {
		return nil
	}
	if d.tokens, err = d.layout.tokens(d.tokens[:0], line); err != nil {
		return err
	}
	if len(d.tokens) < d.layout.needed {
		return fmt.Errorf("the line is cut short: it has %d fields, and a record has %d or more", len(d.tokens), d.layout.needed)
	}
	d.ascii = row.IsASCII(line)
	return d.set(values)
}

// tokens appends the fields of line to dst, without their quotes.
func (l *layout) tokens(dst [][]byte, line []byte) ([][]byte, error) {
	if l.outsideIn {
		return splitClassic(dst, line)
	}
	return split(dst, line)
}

// set sets the values from the tokens, one for each field in order, and those behind them.
func (d *decoder) set(values []row.Value) error {
	d.decoded = d.decoded[:0]
	all := d.layout.fields
	for i := range all {
		token := none
		if i < len(d.tokens) {
			token = d.tokens[i]
		}
		if err := d.setField(&all[i], values, token); err != nil {
			return err
		}
	}
	d.setExtra(&values[d.layout.extra], d.tokens[min(len(d.tokens), len(all)):])
	return nil
}

// setField sets the values of one field from its token.
func (d *decoder) setField(f *field, values []row.Value, token []byte) (err error) {
	v := &values[f.at]
	switch {
	case f.op == opRead:
		return f.read(d, f, values[f.at:], token)
	case fields.IsNone(token):
		v.SetNull()
	case f.op == opText:
		v.SetText(token, d.ascii)
	case f.op == opInt:
		err = fields.Int(v, token)
	case f.op == opFloat:
		err = fields.Float(v, token)
	default:
		err = fields.Time(v, token)
	}
	if err != nil {
		return fields.Wrong(&f.columns[0], err)
	}
	return nil
}

// setExtra sets a list of texts, none of which stands for no value.
func (d *decoder) setExtra(v *row.Value, surplus [][]byte) {
	v.SetList()
	for _, token := range surplus {
		v.Append().SetText(token, d.ascii)
	}
}

// text sets v to the text as it stands, or to NULL.
func (d *decoder) text(v *row.Value, token []byte) {
	if fields.IsNone(token) {
		v.SetNull()
	} else {
		v.SetText(token, d.ascii)
	}
}

// split appends the fields of line to dst, without their quotes. Any number of spaces separates
// them. A field that begins with a quote ends at the first quote before a space or the end of the
// line that has no backslash before it; an inner quote is written \x22, \x00000022 or \".
func split(dst [][]byte, line []byte) ([][]byte, error) {
	for at := 0; at < len(line); at++ { // at each turn behind the space that ends a field
		switch line[at] {
		case ' ':
		case '"':
			n := closing(line[at:])
			if n < 0 {
				return nil, fmt.Errorf("the line is cut short: the quote before field %d is never closed", len(dst)+1)
			}
			dst = append(dst, line[at+1:at+n])
			at += n + 1
		default:
			n := bytes.IndexByte(line[at:], ' ')
			if n < 0 {
				return append(dst, line[at:]), nil
			}
			dst = append(dst, line[at:at+n])
			at += n
		}
	}
	return dst, nil
}

// cutToken cuts line behind its first token, which spaces may stand before.
func cutToken(line []byte) (token, rest []byte) {
	for len(line) > 0 && line[0] == ' ' {
		line = line[1:]
	}
	n := bytes.IndexByte(line, ' ')
	if n < 0 {
		n = len(line)
	}
	return line[:n], line[n:]
}

// closing returns the index of the quote that closes the one at line[0], or -1.
func closing(line []byte) int {
	for at := 1; ; at++ {
		i := bytes.IndexByte(line[at:], '"')
		if i < 0 {
			return -1
		}
		at += i
		if (at+1 == len(line) || line[at+1] == ' ') && (line[at-1] != '\\' || !escaped(line[1:at])) {
			return at
		}
	}
}

// escaped reports whether what stands behind before is escaped by the last backslash of it.
func escaped(before []byte) bool {
	n := len(before)
	for n > 0 && before[n-1] == '\\' {
		n--
	}
	return (len(before)-n)%2 == 1
}
