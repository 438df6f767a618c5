package elb

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/row"
)

// field is one field of a line: the columns it fills, and how.
type field struct {
	columns row.Schema
	at      int // the place of the first one in the table
	op      op
	// read sets the first len(f.columns) of values from token, where op says so.
	read func(d *decoder, f *field, values []row.Value, token []byte) error
	// quoted says that quotes may stand within the field, before a comma or a text.
	quoted bool
	// names are what the field is called where fields are named; none: as its first column.
	names []string
}

// op says how a field's values are set.
type op uint8

const (
	opRead op = iota // by the field's read
	opText           // the only column holds the text as it stands
	opInt
	opFloat
	opTime
)

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
	return field{columns: row.Schema{fields.Column(name, row.String, description)}, op: opText}
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
	return field{columns: row.Schema{fields.Column(name, row.Int64, description)}, op: opInt}
}

func setInteger(v *row.Value, c *row.Column, token []byte) error {
	if err := fields.Int(v, token); err != nil {
		return fields.Wrong(c, err)
	}
	return nil
}

// decimal is a field that holds a number with a fraction.
func decimal(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.Float64, description)}, op: opFloat}
}

// timestamp is a field that holds a time.
func timestamp(name, description string) field {
	return field{columns: row.Schema{fields.Column(name, row.Timestamp, description)}, op: opTime}
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
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == ':' && b[len(b)-1] != ']' {
			host, port = b[:i], b[i+1:]
			break
		}
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
	for len(token) > 0 {
		var item []byte
		if item, token = cutToken(token); len(item) > 0 {
			v.Append().SetText(item, d.ascii)
		}
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
	for len(token) > 0 {
		var item []byte
		if item, token = cutToken(token); len(item) == 0 {
			continue
		}
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
