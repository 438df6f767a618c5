package cloudfront

import (
	"bytes"

	"github.com/seneka-io/seneka/internal/row"
)

// derived sets the columns that depend on others. Its memory is used again for each record.
type derived struct{ agent []byte }

func (d *derived) set(values []row.Value) {
	setEventTime(values)
	d.setDecoded(&values[agentDecodedColumn], &values[agentColumn])
}

// setEventTime sets the event time from the field that tells it best.
func setEventTime(values []row.Value) {
	switch {
	case !values[millisColumn].IsNull():
		values[eventColumn].SetInt(values[millisColumn].Int())
	case !values[secondsColumn].IsNull():
		values[eventColumn].SetInt(values[secondsColumn].Int())
	case !values[dateColumn].IsNull():
		const microsADay = 86400e6
		values[eventColumn].SetInt(values[dateColumn].Int()*microsADay + timeOfDay(&values[timeColumn]))
	}
}

func timeOfDay(v *row.Value) int64 {
	if v.IsNull() {
		return 0
	}
	return v.Int()
}

// setDecoded sets v to the text of from with its percent-encoding undone, once.
func (d *derived) setDecoded(v, from *row.Value) {
	switch {
	case from.IsNull():
		v.SetNull()
	case bytes.IndexByte(from.Bytes(), '%') < 0:
		v.SetBytes(from.Bytes())
	default:
		d.agent = appendDecoded(d.agent[:0], from.Bytes())
		v.SetBytes(d.agent)
	}
}

// appendDecoded appends text to dst, %XX undone. A percent sign that begins no such escape stands for
// itself.
func appendDecoded(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' && i+2 < len(text) {
			if hi, lo := hexDigit(text[i+1]), hexDigit(text[i+2]); hi < 16 && lo < 16 {
				c, i = hi<<4|lo, i+2
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// hexDigit returns the value of c, or 16 if it is no digit.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	default:
		return 16
	}
}
