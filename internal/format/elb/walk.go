package elb

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// walk sets the values of a line that is as nearly all are, and reports whether this one is: its fields are parted by
// single spaces, quotes stand only around them, and it has no field too many and none that is wrong. It does what split
// and set do, in one pass over the line and one over its fields.
func (d *decoder) walk(line []byte, values []row.Value) bool {
	if d.layout.outsideIn {
		return false
	}
	d.marks.Find(line, ' ', '"')
	if n := len(d.marks.Bounds) - 1; n < d.layout.needed || n > len(d.layout.fields) {
		return false
	}
	d.ascii, d.decoded = d.marks.ASCII, d.decoded[:0]
	ends, ascii, quotes := d.marks.Bounds[1:], d.ascii, d.marks.Quotes
	there, missing := d.layout.fields[:len(ends)], d.layout.fields[len(ends):]
	next := 0
	for i, end := range ends {
		f, begin, from, to := &there[i], next, next, int(end)
		if next = to + 1; from >= to {
			return false
		}
		if line[from] == '"' {
			if from, to = from+1, to-1; to < from || line[to] != '"' || line[to-1] == '\\' {
				return false
			}
			quotes -= 2
		}
		v := &values[f.at]
		if f.op == opText {
			if to-from == 1 && line[from] == '-' {
				v.SetNull()
			} else {
				v.SetText(line[from:to], ascii)
			}
			continue
		}
		token, done := line[from:to], false
		switch f.op { // what setField does, for most values without a call
		case opInt:
			var n int64
			n, done = scalar.ShortInt(token)
			v.SetInt(n)
		case opFloat:
			var n float64
			n, done = scalar.ShortFloat(token)
			v.SetFloat(n)
		case opTime:
			if len(token) > len("-") {
				n, err := scalar.Time(token)
				v.SetInt(n)
				done = err == nil
			}
		case opRead:
			if f.quoted && from > begin {
				if bytes.Contains(token, []byte(`" `)) {
					return false
				}
				quotes -= bytes.Count(token, []byte{'"'})
			}
			if f.read(d, f, values[f.at:], token) != nil {
				return false
			}
			done = true
		}
		if !done && d.setField(f, values, token) != nil {
			return false
		}
	}
	if quotes != 0 { // there are others, and what stands between them may not belong together
		return false
	}
	for i := range missing {
		if f := &missing[i]; f.op != opRead {
			values[f.at].SetNull()
		} else if f.read(d, f, values[f.at:], none) != nil {
			return false
		}
	}
	d.setExtra(&values[d.layout.extra], nil)
	return true
}
