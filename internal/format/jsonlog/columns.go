package jsonlog

import (
	"strings"

	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// Member returns the column of a member: its name is the member's in snake case. A STRUCT has fields.
func Member(member string, t row.Type, description string, fields ...Column) Column {
	return Column{
		Column: row.Column{Name: snake(member), Type: t, Mode: row.Nullable, Description: description},
		Member: member,
		Fields: fields,
	}
}

// List is Member for an array.
func List(member string, t row.Type, description string, fields ...Column) Column {
	c := Member(member, t, description, fields...)
	c.Mode = row.Repeated
	return c
}

// Essential makes a column one of those that tell the kind of an object: a record in which all of them are NULL is
// of another kind, and a reject.
func (c Column) Essential() Column {
	c.essential = true
	return c
}

// Derived returns a column without a member: it is NULL until the format sets it.
func Derived(name string, t row.Type, description string) Column {
	return Column{Column: row.Column{Name: name, Type: t, Mode: row.Nullable, Description: description}, derived: true}
}

// With makes set the column's Set.
func (c Column) With(set func(v *row.Value, text []byte) error) Column {
	c.Set = set
	return c
}

// Dash is a Column.Set for a STRING whose "-" stands for no value.
func Dash(v *row.Value, text []byte) error {
	if len(text) == 1 && text[0] == '-' {
		v.SetNull()
	} else {
		v.SetBytes(text)
	}
	return nil
}

// Millis is a Column.Set for a TIMESTAMP that is a whole number of milliseconds since 1970.
func Millis(v *row.Value, text []byte) error {
	n, err := scalar.Int(text)
	if err != nil {
		return err
	}
	const perMilli = 1000
	v.SetInt(min(max(n, row.MinTimestamp/perMilli-1), row.MaxTimestamp/perMilli+1) * perMilli) // beyond them the encoder refuses it
	return nil
}

// Inner looks for JSON within text. The zero Inner is ready; it serves one goroutine.
type Inner struct{ scanner scanner }

// Set sets v, of a JSON column, to text if that is a JSON object or array that BigQuery takes, and
// else to NULL.
func (n *Inner) Set(v *row.Value, text []byte) {
	v.SetNull()
	s := &n.scanner
	*s = scanner{b: text, stack: s.stack}
	s.space()
	if c := s.peek(); c != '{' && c != '[' || s.skip() != nil {
		return
	}
	if s.space(); s.i == len(text) && row.CheckJSON(text) == nil {
		v.SetBytes(text)
	}
}

// snake returns a name such as sourceIPAddress as source_ip_address.
func snake(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if isUpper(c) {
			if i > 0 && name[i-1] != '_' && (!isUpper(name[i-1]) || i+1 < len(name) && isLower(name[i+1])) {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
