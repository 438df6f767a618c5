package elb

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/row"
)

// field is one field of a line: the columns it fills, and how.
type field struct {
	columns row.Schema
	// asText says that the only column holds the text as it stands.
	asText bool
	// set sets the value of the only column, where it is no such text.
	set fields.Setter
	// read sets the first len(f.columns) values from token, where there is no set.
	read func(d *decoder, f *field, values []row.Value, token []byte) error
	// names are what the field is called where fields are named; none: as its first column.
	names []string
}

// called gives a field the names that it has where fields are named.
func (f field) called(names ...string) field {
	f.names = names
	return f
}

// none is how AWS writes a field without a value, quoted or not; a field that a line lacks is the
// same to us.
var none = []byte("-")

// text is a field that is kept as it stands.
func text(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.String, description)}, asText: true}
}

// trimmed is a text field that AWS pads with spaces at times.
func trimmed(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.String, description)}, read: readTrimmed}
}

func readTrimmed(d *decoder, _ *field, values []row.Value, token []byte) error {
	d.text(&values[0], bytes.Trim(token, " "))
	return nil
}

// integer is a field that holds a whole number.
func integer(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.Int64, description)}, set: fields.Int}
}

func setInteger(v *row.Value, c *row.Column, token []byte) error {
	if err := fields.Int(v, token); err != nil {
		return fields.Wrong(c, err)
	}
	return nil
}

// decimal is a field that holds a number with a fraction.
func decimal(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.Float64, description)}, set: fields.Float}
}

// timestamp is a field that holds a time.
func timestamp(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.Timestamp, description)}, set: fields.Time}
}

// endpoint is a field that holds an address and a port.
func endpoint(name, address, port string) field {
	return field{
		columns: row.Schema{fields.Column(name+"_ip", row.String, address), fields.Column(name+"_port", row.Int64, port)},
		read:    readEndpoint,
		names:   []string{name + ":port", name + "_port"},
	}
}

func readEndpoint(d *decoder, f *field, values []row.Value, token []byte) error {
	if fields.IsNone(token) {
		values[0].SetNull()
		values[1].SetNull()
		return nil
	}
	host, port := splitPort(token)
	d.text(&values[0], host)
	return setInteger(&values[1], &f.columns[1], port)
}

// splitPort splits an address from its port at the last colon, for AWS writes IPv6 addresses with
// brackets and without. The brackets are cut off. An address without a port gives an empty one.
func splitPort(b []byte) (host, port []byte) {
	host = b
	if i := bytes.LastIndexByte(b, ':'); i >= 0 && b[len(b)-1] != ']' {
		host, port = b[:i], b[i+1:]
	}
	if n := len(host); n >= 2 && host[0] == '[' && host[n-1] == ']' {
		host = host[1 : n-1]
	}
	return host, port
}

// texts is a field that holds a list of texts, separated by spaces.
func texts(name, description string) field {
	return field{columns: row.Schema{{Name: name, Type: row.String, Mode: row.Repeated, Description: description}}, read: readTexts}
}

func readTexts(d *decoder, _ *field, values []row.Value, token []byte) error {
	v := &values[0]
	v.SetList()
	if fields.IsNone(token) {
		return nil
	}
	for item := range items(token) {
		v.Append().SetText(item, d.ascii)
	}
	return nil
}

// integers is a field that holds a list of whole numbers, separated by spaces. An element without
// a value is 0, for a list holds no NULL and its positions mean something.
func integers(name, description string) field {
	return field{columns: row.Schema{{Name: name, Type: row.Int64, Mode: row.Repeated, Description: description}}, read: readIntegers}
}

func readIntegers(_ *decoder, f *field, values []row.Value, token []byte) error {
	v := &values[0]
	v.SetList()
	if fields.IsNone(token) {
		return nil
	}
	for item := range items(token) {
		e := v.Append()
		if err := setInteger(e, &f.columns[0], item); err != nil {
			return err
		}
		if e.IsNull() {
			e.SetInt(0)
		}
	}
	return nil
}

// items yields the parts of list between its spaces.
func items(list []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(list) > 0 {
			item, rest, _ := bytes.Cut(list, []byte(" "))
			if len(item) > 0 && !yield(item) {
				return
			}
			list = rest
		}
	}
}
