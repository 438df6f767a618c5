package row

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// A NUMERIC or BIGNUMERIC travels as its unscaled integer, value × 10^scale, in two's complement,
// least byte first, in as few bytes as hold it: what BigDecimalByteStringEncoder of
// googleapis/java-bigquerystorage writes, to which
// https://cloud.google.com/bigquery/docs/supported-data-types refers.
const (
	numericScale    = 9
	bigNumericScale = 38
)

// maxDecimalExponent is more than any number in range needs, and far from overflow.
const maxDecimalExponent = 1_000_000

var (
	errDecimalForm  = errors.New("no decimal number")
	errDecimalRange = errors.New("out of range")
	errDecimalScale = errors.New("too many digits after the point")
)

// magnitude is an unsigned integer of 256 bits, least word first.
type magnitude [4]uint64

// numericEnd is 10^38, the first unscaled integer beyond NUMERIC.
var numericEnd = magnitude{0x098a224000000000, 0x4b3b4ca85a86c47a}

// grow makes m m×10 + digit. It reports whether the result fits.
func (m *magnitude) grow(digit uint64) bool {
	carry := digit
	for i := range m {
		high, low := bits.Mul64(m[i], 10)
		sum, c := bits.Add64(low, carry, 0)
		m[i], carry = sum, high+c
	}
	return carry == 0
}

func (m *magnitude) less(n *magnitude) bool {
	var borrow uint64
	for i := range m {
		_, borrow = bits.Sub64(m[i], n[i], borrow)
	}
	return borrow != 0
}

// negate makes m its two's complement.
func (m *magnitude) negate() {
	carry := uint64(1)
	for i := range m {
		m[i], carry = bits.Add64(^m[i], 0, carry)
	}
}

// bytes returns m as a signed integer, least byte first, in the fewest bytes.
func (m *magnitude) bytes() (b [32]byte, n int) {
	for i, word := range m {
		binary.LittleEndian.PutUint64(b[8*i:], word)
	}
	sign := byte(int8(b[31]) >> 7) // 0x00 or 0xff
	for n = len(b); n > 1 && b[n-1] == sign && (b[n-2]^sign) < 0x80; n-- {
	}
	return b, n
}

// unscaled reads decimal text as an integer of 10^-scale units and its sign. It does not allocate.
func unscaled(text []byte, scale int) (m magnitude, negative bool, err error) {
	p := decimalParser{b: text}
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		p.i++
	}
	if err := p.mantissa(); err != nil {
		return m, false, err
	}
	exponent, err := p.exponent()
	if err != nil {
		return m, false, err
	}
	if p.m == (magnitude{}) {
		return p.m, false, nil
	}
	shift := exponent + p.last + scale
	if shift < 0 {
		return m, false, errDecimalScale
	}
	for range shift {
		if !p.m.grow(0) {
			return m, false, errDecimalRange
		}
	}
	return p.m, negative, nil
}

// decimalParser reads digits into m up to the last that is not zero, whose power of ten is last.
type decimalParser struct {
	b    []byte
	i    int
	m    magnitude
	last int
}

// mantissa reads digits with at most one point among them.
func (p *decimalParser) mantissa() error {
	digits, zeros, point := 0, 0, -1 // zeros: since the last digit of m
	for ; p.i < len(p.b); p.i++ {
		c := p.b[p.i]
		switch {
		case c == '.' && point < 0:
			point = digits
			continue
		case !isDigit(c):
			return p.end(digits, zeros, point)
		case c == '0':
			zeros++
		default:
			if !p.push(zeros, uint64(c-'0')) {
				return errDecimalRange
			}
			zeros = 0
		}
		digits++
	}
	return p.end(digits, zeros, point)
}

// push adds zeros and then a digit to m. Leading zeros add nothing.
func (p *decimalParser) push(zeros int, digit uint64) bool {
	if p.m != (magnitude{}) {
		for range zeros {
			if !p.m.grow(0) {
				return false
			}
		}
	}
	return p.m.grow(digit)
}

// end sets last behind the mantissa's digits; point is how many of them stand before the point.
func (p *decimalParser) end(digits, zeros, point int) error {
	if digits == 0 {
		return errDecimalForm
	}
	if point < 0 {
		point = digits
	}
	p.last = point - (digits - zeros)
	return nil
}

// exponent reads what may follow the mantissa.
func (p *decimalParser) exponent() (int, error) {
	if p.i == len(p.b) {
		return 0, nil
	}
	if p.b[p.i]|0x20 != 'e' {
		return 0, errDecimalForm
	}
	p.i++
	sign, n := 1, 0
	if p.i < len(p.b) && (p.b[p.i] == '-' || p.b[p.i] == '+') {
		if p.b[p.i] == '-' {
			sign = -1
		}
		p.i++
	}
	start := p.i
	for ; p.i < len(p.b) && isDigit(p.b[p.i]); p.i++ {
		n = min(n*10+int(p.b[p.i]-'0'), maxDecimalExponent)
	}
	if p.i == start || p.i < len(p.b) {
		return 0, errDecimalForm
	}
	return sign * n, nil
}

func appendNumeric(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	m, err := numericOf(v.raw)
	if err != nil {
		return dst, f.refuseDecimal(v.raw, err)
	}
	return m.append(dst), nil
}

func appendBigNumeric(_ *Encoder, dst []byte, f *field, v *Value) ([]byte, error) {
	m, err := bigNumericOf(v.raw)
	if err != nil {
		return dst, f.refuseDecimal(v.raw, err)
	}
	return m.append(dst), nil
}

// numericOf reads ±99999999999999999999999999999.999999999
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types) as an
// integer in two's complement.
func numericOf(text []byte) (magnitude, error) {
	m, negative, err := unscaled(text, numericScale)
	if err == nil && !m.less(&numericEnd) {
		err = errDecimalRange
	}
	if negative {
		m.negate()
	}
	return m, err
}

// bigNumericOf reads -2^255 to 2^255-1, of 10^-38 units each:
// ±578960446186580977117854925043439539266.34992332820282019728792003956564819967, and one more
// below, as an integer in two's complement.
func bigNumericOf(text []byte) (magnitude, error) {
	m, negative, err := unscaled(text, bigNumericScale)
	if negative {
		m.negate()
	}
	if err == nil && m != (magnitude{}) && m[3]>>63 == 1 != negative {
		err = errDecimalRange
	}
	return m, err
}

func (m *magnitude) append(dst []byte) []byte {
	b, n := m.bytes()
	return protowire.AppendBytes(dst, b[:n])
}

// refuseDecimal quotes the start of the text: it may be of any length.
func (f *field) refuseDecimal(text []byte, err error) error {
	return f.refuse("%.100q is no %s: %v", text, f.typ, err)
}
