package elb

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/format/lines"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// join parses a line that is no record with those behind it, if it looks like the start of a record
// that a client's line endings broke: it begins with a time and leaves a quote open. It takes lines
// until the quotes are even, and none that begins with a time, for that is the next record.
//
// If whole is false the line is returned as it was, and those behind it are still to come.
func (d *decoder) join(line lines.Line, values []row.Value) (_ lines.Line, whole bool, err error) {
	if d.layout.joins == 0 || !open(line.Text) || !startsWithTime(line.Text) {
		return line, false, nil
	}
	seen := len(line.Text)
	for range d.layout.joins {
		longer, ok, err := d.lines.Join()
		if err != nil {
			return line, false, err
		}
		if !ok || startsWithTime(longer.Text[seen:]) {
			break
		}
		if seen = len(longer.Text); open(longer.Text) {
			continue
		}
		if d.parse(longer.Text, values) == nil && d.brokenInAgent() {
			return longer, true, nil
		}
		break
	}
	return d.lines.Unjoin(), false, nil
}

// brokenInAgent reports whether all line endings of the tokens are within the user agent.
func (d *decoder) brokenInAgent() bool {
	for i, token := range d.tokens {
		if i != d.layout.agent && bytes.IndexByte(token, '\n') >= 0 {
			return false
		}
	}
	return true
}

// open reports whether the number of quotes in text is odd.
func open(text []byte) bool { return bytes.Count(text, []byte{'"'})%2 == 1 }

func startsWithTime(text []byte) bool {
	token, _ := cutToken(bytes.TrimLeft(text, blanks+"\r\n"))
	return isTime(token)
}

func isTime(token []byte) bool {
	_, err := scalar.Time(token)
	return err == nil
}
