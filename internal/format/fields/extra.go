package fields

import "github.com/seneka-io/seneka/internal/row"

// Extra gathers the fields of a record that have no column, as a JSON object of strings by name. Its
// memory is used again for each record.
type Extra struct{ text []byte }

// Reset forgets what was added.
func (e *Extra) Reset() { e.text = e.text[:0] }

// Add adds a field. quotedName is its name as AppendQuoted writes it.
func (e *Extra) Add(quotedName, text []byte) {
	if len(e.text) == 0 {
		e.text = append(e.text, '{')
	} else {
		e.text[len(e.text)-1] = ','
	}
	e.text = append(append(e.text, quotedName...), ':')
	e.text = append(AppendQuoted(e.text, text), '}')
}

// Set sets a JSON column to what was added since the last Reset, or to NULL if nothing was. It holds
// until then.
func (e *Extra) Set(v *row.Value) {
	if len(e.text) == 0 {
		v.SetNull()
	} else {
		v.SetJSON(e.text) // strings alone
	}
}

// AppendQuoted appends text to dst as a JSON string (RFC 8259 section 7). Bytes that are no UTF-8 it
// leaves as they are, for row.Encoder to replace.
func AppendQuoted(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		if c >= ' ' {
			dst = append(dst, '\\', c)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, text[from:]...), '"')
}
