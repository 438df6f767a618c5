// Package scalar reads the values that log fields hold: whole numbers, decimal numbers and times.
// A value that is none is an error that names it, so that its line can become a reject.
package scalar

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"time"
)

// shown is how many characters of a wrong value an error repeats.
const shown = 64

// Int returns the decimal number b, with a minus sign or without.
func Int(b []byte) (int64, error) {
	if n, ok := ShortInt(b); ok {
		return n, nil
	}
	return longInt(b)
}

// ShortInt returns the number b, if it is of one to eight digits and b has a capacity of eight.
func ShortInt(b []byte) (n int64, ok bool) {
	digits, ok := word(b)
	return int64(number(digits)), ok && notDigits(digits) == 0
}

// word returns up to eight bytes of text as a number each, less that of the digit zero, the last one on top, with
// zeros below the first. ok is false if there are more, or none, or if b's capacity is below eight.
func word(b []byte) (digits uint64, ok bool) {
	n := len(b)
	if uint(n-1) >= 8 || cap(b) < 8 {
		return 0, false
	}
	return (binary.LittleEndian.Uint64(b[:8]) ^ zeros) << (-8 * n & 63), true
}

// notDigits has the top bit of each byte set that is no digit.
func notDigits(digits uint64) uint64 { return (digits + limits | digits) & tops }

// number returns what eight digits mean, the first one in the lowest byte.
func number(digits uint64) uint64 {
	digits = digits*10 + digits>>8
	return (digits&0x000000ff000000ff*(100+1_000_000<<32) + digits>>16&0x000000ff000000ff*(1+10_000<<32)) >> 32
}

func longInt(b []byte) (int64, error) {
	digits, negative := sign(b)
	if len(digits) == 0 {
		return 0, notNumber(b)
	}
	var n uint64
	for i, c := range digits {
		if c < '0' || c > '9' {
			return 0, notNumber(b)
		}
		if i >= 18 && n >= math.MaxUint64/10 {
			return 0, tooLarge(b)
		}
		n = 10*n + uint64(c-'0')
	}
	switch {
	case negative && n <= -math.MinInt64:
		return int64(-n), nil
	case !negative && n <= math.MaxInt64:
		return int64(n), nil
	}
	return 0, tooLarge(b)
}

// pow10 are the powers of ten that a float64 holds exactly, as far as Float needs them.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Float returns the float64 nearest to the decimal number b: a sign, digits with a point or
// without, an exponent or none. Infinities, NaN and hexadecimal are no numbers.
func Float(b []byte) (float64, error) {
	if f, ok := ShortFloat(b); ok {
		return f, nil
	}
	return longFloat(b)
}

// ShortFloat returns the number b, if it is of digits and a point, eight at most, and b has a capacity of eight.
func ShortFloat(b []byte) (f float64, ok bool) {
	digits, ok := word(b)
	if !ok {
		return 0, false
	}
	other := notDigits(digits)
	if other == 0 {
		return float64(number(digits)), true
	}
	// The byte of the point is cut out.
	at := bits.TrailingZeros64(other) & 0x38
	if other&(other-1) != 0 || byte(digits>>(at&63)) != '.'^'0' || len(b) == 1 {
		return 0, false
	}
	below := uint64(1)<<(at&63) - 1
	return float64(number(digits&below<<8|digits&^(below<<8|0xff))) / pow10[(56-at)>>3], true
}

func longFloat(b []byte) (float64, error) {
	digits, negative := sign(b)
	if len(digits) >= len(pow10) {
		return slowFloat(b)
	}
	// Fewer than 16 digits and a small power of ten are exact, hence their quotient is the nearest.
	var n uint64
	point := -1
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			n = 10*n + uint64(c-'0')
		case c == '.' && point < 0:
			point = i
		default:
			return slowFloat(b)
		}
	}
	f := float64(n)
	if point >= 0 {
		f /= pow10[len(digits)-point-1]
	}
	if len(digits) == 0 || len(digits) == 1 && point == 0 {
		return 0, notNumber(b)
	}
	if negative {
		f = -f
	}
	return f, nil
}

// slowFloat leaves the rare shapes to strconv, less the syntax that only Go has.
func slowFloat(b []byte) (float64, error) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, notNumber(b)
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	switch {
	case err == nil:
		return f, nil
	case math.IsInf(f, 0):
		return 0, tooLarge(b)
	default:
		return 0, notNumber(b)
	}
}

func sign(b []byte) (digits []byte, negative bool) {
	if len(b) > 0 && b[0] == '-' {
		return b[1:], true
	}
	return b, false
}

func notNumber(b []byte) error { return fmt.Errorf("%.*q is not a number", shown, b) }
func tooLarge(b []byte) error  { return fmt.Errorf("%.*q is too large a number", shown, b) }

// The times that a TIMESTAMP column takes, in microseconds since 1970.
// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#timestamp_type
var (
	minTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC).UnixMicro()
)

// Time returns the RFC 3339 time b in microseconds since 1970-01-01 UTC, with up to nine digits of
// fraction of which those behind the sixth are cut off. A time without a zone is UTC. A time
// outside the years 1 to 9999 is an error, for it would fail a whole load.
func Time(b []byte) (int64, error) {
	micros, ok := timeOf(b)
	if !ok {
		return 0, fmt.Errorf("%.*q is not a time such as 2006-01-02T15:04:05.999999Z", shown, b)
	}
	if micros < minTime || micros > maxTime {
		return 0, outside(b)
	}
	return micros, nil
}

// seconds is the length of a time up to its seconds: 2006-01-02T15:04:05.
const seconds = 19

// The digits of a time are read eight bytes at once: what is left of them without the digit zeros and the signs
// of a template is 0 to 9 where a digit stands, and 0 where a sign does.
const (
	dateZeros  = 0x2d30302d30303030 // 0000-00-
	clockZeros = 0x30303a3030543030 // 00T00:00
	microZeros = 0x5a3030303030302e // .000000Z

	// Added to a byte, these reach 0x80 where it is more than it may be.
	dateLimits  = 0x7f76767f76767676
	clockLimits = 0x76767f76767f7676
	microLimits = 0x7f7676767676767f

	zeros  = 0x3030303030303030
	limits = 0x7676767676767676
	tops   = 0x8080808080808080
)

// tensOf returns, in each byte of which the one behind it is a digit too, the number of the two.
func tensOf(digits uint64) uint64 { return digits*10 + digits>>8 }

func timeOf(b []byte) (micros int64, ok bool) {
	if len(b) < seconds {
		return 0, false
	}
	date, clock := binary.LittleEndian.Uint64(b)^dateZeros, binary.LittleEndian.Uint64(b[8:])^clockZeros
	if ((date+dateLimits)|date|(clock+clockLimits)|clock)&tops != 0 || b[16] != ':' {
		return 0, false
	}
	second, ok := pair(b[17:])
	if !ok {
		return 0, false
	}
	date, clock = tensOf(date), tensOf(clock)
	year, month, day := 100*int(byte(date))+int(byte(date>>16)), int(byte(date>>40)), int(byte(clock))
	hour, minute := int(byte(clock>>24)), int(byte(clock>>48))
	if month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	s := int64(daysSince1970(year, month, day))*86400 + int64(hour*3600+minute*60+second)
	if rest := b[seconds:]; len(rest) == len(".999999Z") {
		fraction := binary.LittleEndian.Uint64(rest) ^ microZeros
		if ((fraction+microLimits)|fraction)&tops == 0 {
			fraction = tensOf(fraction >> 8)
			return s*1e6 + int64(byte(fraction))*10_000 + int64(byte(fraction>>16))*100 + int64(byte(fraction>>32)), true
		}
	}
	fraction, rest, ok := fractionOf(b[seconds:])
	if !ok {
		return 0, false
	}
	offset, ok := offsetOf(rest)
	return (s-int64(offset))*1e6 + fraction, ok
}

// fractionOf reads .999999999 into microseconds.
func fractionOf(b []byte) (micros int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	b = b[1:]
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		if n < 6 {
			micros = 10*micros + int64(b[n]-'0')
		}
		n++
	}
	for i := n; i < 6; i++ {
		micros *= 10
	}
	return micros, b[n:], n >= 1 && n <= 9
}

// offsetOf reads a zone into seconds east of UTC: Z, +09:00, -03:30, or nothing.
func offsetOf(b []byte) (east int, ok bool) {
	switch {
	case len(b) == 0, len(b) == 1 && b[0] == 'Z':
		return 0, true
	case len(b) != len("+09:00"), b[0] != '+' && b[0] != '-', b[3] != ':':
		return 0, false
	}
	for _, i := range [...]int{1, 2, 4, 5} {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
	}
	hours, minutes := int(b[1]-'0')*10+int(b[2]-'0'), int(b[4]-'0')*10+int(b[5]-'0')
	east = hours*3600 + minutes*60
	if b[0] == '-' {
		east = -east
	}
	return east, hours <= 23 && minutes <= 59
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	default:
		return 31
	}
}

// daysSince1970 counts days by years that begin in March, so that the leap day is a year's last.
func daysSince1970(year, month, day int) int {
	if month <= 2 {
		year, month = year-1, month+12
	}
	year += 400 // a whole cycle of leap years: never negative
	const fromYearMinus400 = 719468 + 146097
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - fromYearMinus400
}
