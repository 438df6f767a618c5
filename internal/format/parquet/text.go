package parquet

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// isText reports whether a column holds texts, or bytes that may be one.
func isText(n *pq.Node) bool {
	return n.Kind == pq.ByteArray && n.Logical != pq.Decimal
}

// appendText appends a single value as a text; quoted says that it is none of JSON's own numbers and
// words.
func appendText(dst []byte, n *pq.Node, d *pq.Datum) (text []byte, quoted bool) {
	switch n.Logical {
	case pq.Decimal:
		text, err := appendDecimal(dst, n, d)
		if err != nil {
			return append(dst, err.Error()...), true
		}
		return text, false
	case pq.UUID:
		b := d.Bytes
		return fmt.Appendf(dst, "%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
	case pq.Date:
		return time.Unix(d.Int*86400, 0).UTC().AppendFormat(dst, time.DateOnly), true
	case pq.Time, pq.Timestamp:
		return appendTime(dst, n, d), true
	case pq.Unsigned:
		return strconv.AppendUint(dst, unsigned(n, d), 10), false
	case pq.Float16:
		return appendFloat(dst, half(d.Bytes))
	}
	switch n.Kind {
	case pq.Boolean:
		return strconv.AppendBool(dst, d.Int != 0), false
	case pq.Int32, pq.Int64:
		return strconv.AppendInt(dst, d.Int, 10), false
	case pq.Int96:
		return appendTime(dst, n, d), true
	case pq.Float, pq.Double:
		return appendFloat(dst, d.Float)
	}
	if n.Kind == pq.ByteArray && n.Logical != pq.None {
		return append(dst, d.Bytes...), true
	}
	return base64.StdEncoding.AppendEncode(dst, d.Bytes), true
}

func appendFloat(dst []byte, f float64) (text []byte, quoted bool) {
	return strconv.AppendFloat(dst, f, 'g', -1, 64), math.IsNaN(f) || math.IsInf(f, 0)
}

func appendTime(dst []byte, n *pq.Node, d *pq.Datum) []byte {
	micros, err := microsOf(n, d)
	switch {
	case err != nil && n.Kind == pq.Int96:
		return base64.StdEncoding.AppendEncode(dst, d.Bytes)
	case err != nil:
		return strconv.AppendInt(dst, d.Int, 10)
	}
	layout := "2006-01-02T15:04:05.999999Z"
	switch {
	case n.Logical == pq.Time:
		layout = "15:04:05.999999"
	case n.Local:
		layout = "2006-01-02T15:04:05.999999"
	}
	return time.UnixMicro(micros).UTC().AppendFormat(dst, layout)
}

// appendJSON appends a value as JSON.
func appendJSON(dst []byte, s *shape, d *pq.Datum) []byte {
	switch {
	case d.Null:
		return append(dst, "null"...)
	case s.elem != nil:
		dst = append(dst, '[')
		elements := s.elements(d)
		for i := range elements {
			dst = append(appendJSON(dst, s.elem, s.element(&elements[i])), ',')
		}
		return closed(dst, '[', ']')
	case s.node.Kind == pq.Group:
		dst = append(dst, '{')
		for i, f := range s.fields {
			dst = append(fields.AppendQuoted(dst, []byte(f.name)), ':')
			dst = append(appendJSON(dst, f, &d.List[i]), ',')
		}
		return closed(dst, '{', '}')
	case s.node.Logical == pq.JSON && row.CheckJSON(d.Bytes) == nil:
		return append(dst, d.Bytes...)
	}
	start := len(dst)
	dst, quoted := appendText(dst, s.node, d)
	if !quoted {
		return dst
	}
	text := string(dst[start:])
	return fields.AppendQuoted(dst[:start], []byte(text))
}

// closed puts the end of a list or an object in place of the last comma.
func closed(dst []byte, open, end byte) []byte {
	if dst[len(dst)-1] == open {
		return append(dst, end)
	}
	dst[len(dst)-1] = end
	return dst
}

// unsigned returns a whole number without a sign.
func unsigned(n *pq.Node, d *pq.Datum) uint64 {
	if n.Kind == pq.Int32 {
		return uint64(uint32(d.Int))
	}
	return uint64(d.Int)
}

// half returns the number of two bytes: IEEE 754 binary16, little endian.
func half(b []byte) float64 {
	bits := binary.LittleEndian.Uint16(b)
	sign, exponent, fraction := 1-2*float64(bits>>15), int(bits>>10&0x1f), float64(bits&0x3ff)
	switch {
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	case exponent < 0x1f:
		return sign * math.Ldexp(fraction+1024, exponent-25)
	case fraction == 0:
		return math.Inf(int(sign))
	}
	return math.NaN()
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

// julianEpoch is 1970-01-01 as a Julian day.
const julianEpoch = 2440588

var errYears = errors.New("it is not within the years 1 to 9999")

// microsOf returns a time of day, or since 1970-01-01, in microseconds. What is less is cut off.
func microsOf(n *pq.Node, d *pq.Datum) (int64, error) {
	if n.Kind == pq.Int96 { // as Impala and Spark write it: nanoseconds of the day, and the Julian day
		day := int64(int32(binary.LittleEndian.Uint32(d.Bytes[8:]))) - julianEpoch
		nanos := int64(binary.LittleEndian.Uint64(d.Bytes))
		if day < row.MinDate || day > row.MaxDate || nanos < 0 || nanos >= microsPerDay*1000 {
			return 0, errYears
		}
		return day*microsPerDay + nanos/1000, nil
	}
	micros := d.Int
	switch n.Unit {
	case 1_000:
		if d.Int < row.MinTimestamp/1000 || d.Int > row.MaxTimestamp/1000 {
			return 0, errYears
		}
		micros = d.Int * 1000
	case 1_000_000_000:
		micros = d.Int / 1000
		if d.Int%1000 < 0 {
			micros--
		}
	}
	switch {
	case n.Logical == pq.Time && (micros < 0 || micros >= microsPerDay):
		return 0, errors.New("it is not within a day")
	case micros < row.MinTimestamp || micros > row.MaxTimestamp:
		return 0, errYears
	}
	return micros, nil
}

// appendDecimal appends a decimal number with its point.
func appendDecimal(dst []byte, n *pq.Node, d *pq.Datum) ([]byte, error) {
	const most = 512 // bytes of a number; 77 digits take 32
	start := len(dst)
	switch {
	case n.Kind == pq.Int32 || n.Kind == pq.Int64:
		dst = strconv.AppendInt(dst, d.Int, 10)
	case len(d.Bytes) > most:
		return dst, fmt.Errorf("a decimal number of %d bytes", len(d.Bytes))
	default:
		dst = twosComplement(d.Bytes).Append(dst, 10)
	}
	if n.Scale == 0 {
		return dst, nil
	}
	digits := string(dst[start:])
	dst = dst[:start]
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	for len(digits) <= n.Scale {
		digits = "0" + digits
	}
	point := len(digits) - n.Scale
	return append(append(append(dst, digits[:point]...), '.'), digits[point:]...), nil
}

// twosComplement returns the number of b, big endian.
func twosComplement(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
