package elb

import (
	"bytes"
	"fmt"

	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// field is one field of a line: the columns it fills, and how.
type field struct {
	columns row.Schema
	// read sets the first len(f.columns) values from token.
	read func(d *decoder, f *field, values []row.Value, token []byte) error
}

// none is how AWS writes a field without a value, quoted or not; a field that a line lacks is the
// same to us.
var none = []byte("-")

func isNone(token []byte) bool { return len(token) == 1 && token[0] == '-' }

func column(name string, t row.Type, description string) row.Column {
	return row.Column{Name: name, Type: t, Mode: row.Nullable, Description: description}
}

// text is a field that is kept as it stands.
func text(name, description string) field {
	return field{row.Schema{column(name, row.String, description)}, readText}
}

func readText(_ *decoder, _ *field, values []row.Value, token []byte) error {
	setText(&values[0], token)
	return nil
}

func setText(v *row.Value, token []byte) {
	if isNone(token) {
		v.SetNull()
	} else {
		v.SetBytes(token)
	}
}

// trimmed is a text field that AWS pads with spaces at times.
func trimmed(name, description string) field {
	return field{row.Schema{column(name, row.String, description)}, readTrimmed}
}

func readTrimmed(_ *decoder, _ *field, values []row.Value, token []byte) error {
	setText(&values[0], bytes.Trim(token, " "))
	return nil
}

// integer is a field that holds a whole number.
func integer(name, description string) field {
	return field{row.Schema{column(name, row.Int64, description)}, readInteger}
}

func readInteger(_ *decoder, f *field, values []row.Value, token []byte) error {
	return setInteger(&values[0], &f.columns[0], token)
}

func setInteger(v *row.Value, c *row.Column, token []byte) error {
	if len(token) == 0 || isNone(token) {
		v.SetNull()
		return nil
	}
	n, err := scalar.Int(token)
	if err != nil {
		return wrong(c, err)
	}
	v.SetInt(n)
	return nil
}

func wrong(c *row.Column, err error) error { return fmt.Errorf("column %s: %w", c.Name, err) }

// decimal is a field that holds a number with a fraction.
func decimal(name, description string) field {
	return field{row.Schema{column(name, row.Float64, description)}, readDecimal}
}

func readDecimal(_ *decoder, f *field, values []row.Value, token []byte) error {
	if len(token) == 0 || isNone(token) {
		values[0].SetNull()
		return nil
	}
	n, err := scalar.Float(token)
	if err != nil {
		return wrong(&f.columns[0], err)
	}
	values[0].SetFloat(n)
	return nil
}

// timestamp is a field that holds a time.
func timestamp(name, description string) field {
	return field{row.Schema{column(name, row.Timestamp, description)}, readTimestamp}
}

func readTimestamp(_ *decoder, f *field, values []row.Value, token []byte) error {
	if len(token) == 0 || isNone(token) {
		values[0].SetNull()
		return nil
	}
	micros, err := scalar.Time(token)
	if err != nil {
		return wrong(&f.columns[0], err)
	}
	values[0].SetInt(micros)
	return nil
}

// endpoint is a field that holds an address and a port.
func endpoint(name, address, port string) field {
	return field{row.Schema{column(name+"_ip", row.String, address), column(name+"_port", row.Int64, port)}, readEndpoint}
}

func readEndpoint(_ *decoder, f *field, values []row.Value, token []byte) error {
	if isNone(token) {
		values[0].SetNull()
		values[1].SetNull()
		return nil
	}
	host, port := splitPort(token)
	setText(&values[0], host)
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
	return field{row.Schema{{Name: name, Type: row.String, Mode: row.Repeated, Description: description}}, readTexts}
}

func readTexts(_ *decoder, _ *field, values []row.Value, token []byte) error {
	v := &values[0]
	v.SetList()
	if isNone(token) {
		return nil
	}
	for item := range items(token) {
		v.Append().SetBytes(item)
	}
	return nil
}

// integers is a field that holds a list of whole numbers, separated by spaces. An element without
// a value is 0, for a list holds no NULL and its positions mean something.
func integers(name, description string) field {
	return field{row.Schema{{Name: name, Type: row.Int64, Mode: row.Repeated, Description: description}}, readIntegers}
}

func readIntegers(_ *decoder, f *field, values []row.Value, token []byte) error {
	v := &values[0]
	v.SetList()
	if isNone(token) {
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
