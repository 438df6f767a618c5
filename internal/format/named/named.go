// Package named puts the fields of text logs that a header line names, in any order and number, into
// the columns of these names. What has no column goes to a JSON column called extra.
package named

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/row"
)

// Field is a column, and how a field sets it. Without Set no field does, but the format itself.
type Field struct {
	row.Column
	Set fields.Setter
}

// Text is a field that is kept as it stands.
func Text(name, description string) Field {
	return Field{fields.Column(name, row.String, description), fields.Text}
}

// Int is a field that holds a whole number.
func Int(name, description string) Field {
	return Field{fields.Column(name, row.Int64, description), fields.Int}
}

// Float is a field that holds a number with a fraction.
func Float(name, description string) Field {
	return Field{fields.Column(name, row.Float64, description), fields.Float}
}

// Layout is the fields that a format knows, in the order of their columns.
type Layout []Field

// Columns returns the columns of all fields, and extra.
func (l Layout) Columns() row.Schema {
	all := make(row.Schema, 0, len(l)+1)
	for _, f := range l {
		all = append(all, f.Column)
	}
	return append(all, row.Column{
		Name: "extra", Type: row.JSON, Mode: row.Nullable,
		Description: "Fields without a column, as an object of texts by name; those behind the last one that the header names are called field_ and their position. NULL if there are none.",
	})
}

// unknown stands for a field without a column.
const unknown = -1

// index returns the place of the named field, or unknown.
func (l Layout) index(name string) int {
	column := ColumnOf(name)
	return slices.IndexFunc(l, func(f Field) bool { return f.Name == column && f.Set != nil })
}

// ColumnOf returns the column's name of a field: cs_user_agent for cs(User-Agent).
func ColumnOf(name string) string {
	return strings.TrimRight(columnOf.Replace(strings.ToLower(name)), "_")
}

var columnOf = strings.NewReplacer("-", "_", "(", "_", ")", "")

// isName reports whether token begins with a lower-case letter and has letters, digits and the signs
// of names only.
func isName(token []byte) bool {
	for _, c := range token {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '(', c == ')':
		default:
			return false
		}
	}
	return len(token) > 0 && token[0] >= 'a' && token[0] <= 'z'
}

// MaxFields is the most fields that a line may have. It bounds the memory that one takes.
const MaxFields = 10_000

// Header says which fields the lines behind it hold. Its memory is used again for each line.
type Header struct {
	layout Layout
	text   []byte   // the names, as given last
	at     []int    // places in layout of the line's fields, in order
	quoted [][]byte // names of the line's fields as JSON, and of those behind them
	extra  fields.Extra
}

// NewHeader returns a header of layout that names no fields yet.
func NewHeader(layout Layout) *Header { return &Header{layout: layout} }

// SetIfNames is Set if the tokens of line all look like names and at least one of them is known, as
// those of a header line without a mark of its own must. It reports whether they do.
func (h *Header) SetIfNames(line []byte, tokens [][]byte) bool {
	if !h.is(line) {
		if slices.ContainsFunc(tokens, func(token []byte) bool { return !isName(token) }) {
			return false
		}
		if !slices.ContainsFunc(tokens, func(token []byte) bool { return h.layout.index(string(token)) != unknown }) {
			return false
		}
	}
	h.Set(line)
	return true
}

func (h *Header) is(text []byte) bool { return len(h.at) > 0 && bytes.Equal(text, h.text) }

// Set makes the words of text, parted by spaces and tabs, the names of the fields. If a name is there
// twice, its column is that of the first. It allocates nothing if text is the same as before.
func (h *Header) Set(text []byte) {
	if h.is(text) {
		return
	}
	h.text = append(h.text[:0], text...)
	h.at, h.quoted = h.at[:0], nil
	seen := make([]bool, len(h.layout))
	for name := range strings.FieldsSeq(string(text)) {
		if len(h.at) == MaxFields {
			break
		}
		i := h.layout.index(name)
		if i != unknown {
			if seen[i] {
				i = unknown
			} else {
				seen[i] = true
			}
		}
		h.at = append(h.at, i)
		h.quoted = append(h.quoted, fields.AppendQuoted(nil, []byte(name)))
	}
}

// Len returns how many fields are named.
func (h *Header) Len() int { return len(h.at) }

// Read sets the values of a record, one for each column of the layout and extra, from the fields of a
// line; columns that it has no field for become NULL. The error names the column that is wrong, or says
// that there are too many fields.
func (h *Header) Read(values []row.Value, tokens [][]byte) error {
	if len(tokens) > MaxFields {
		return fmt.Errorf("the line has more than %d fields", MaxFields)
	}
	for i := range values[:len(h.layout)] {
		values[i].SetNull()
	}
	h.extra.Reset()
	for i, token := range tokens {
		if i >= len(h.at) || h.at[i] == unknown {
			h.keep(i, token)
			continue
		}
		f := &h.layout[h.at[i]]
		if err := f.Set(&values[h.at[i]], token); err != nil {
			return fields.Wrong(&f.Column, err)
		}
	}
	h.extra.Set(&values[len(h.layout)])
	return nil
}

// keep puts a field without a column to extra.
func (h *Header) keep(i int, token []byte) {
	if len(token) == 0 || fields.IsNone(token) {
		return
	}
	for len(h.quoted) <= i {
		h.quoted = append(h.quoted, fmt.Appendf(nil, `"field_%d"`, len(h.quoted)+1))
	}
	h.extra.Add(h.quoted[i], token)
}

// Split appends the parts of line between separators to dst. Several spaces part as one does. What is
// behind the first MaxFields stays together.
func Split(dst [][]byte, line []byte, separator byte) [][]byte {
	for len(dst) < MaxFields {
		i := bytes.IndexByte(line, separator)
		if i < 0 {
			break
		}
		if i > 0 || separator != ' ' {
			dst = append(dst, line[:i])
		}
		line = line[i+1:]
	}
	if len(line) == 0 && separator == ' ' {
		return dst
	}
	return append(dst, line)
}
