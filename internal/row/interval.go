package row

import (
	"errors"
	"strconv"
	"strings"
)

// The greatest parts of an INTERVAL, either way: 10,000 years of 366 days each
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#interval_type).
const (
	maxIntervalMonths = 120_000
	maxIntervalDays   = 3_660_000
	maxIntervalMicros = 87_840_000 * 3_600_000_000
)

// IntervalValue is a value of type INTERVAL. Its three parts stand for themselves: a month has no fixed
// number of days, and a day no fixed number of hours.
type IntervalValue struct {
	Months int32
	Days   int32
	Micros int64
}

var (
	errIntervalForm  = errors.New(`no INTERVAL: want "Y-M D H:M:S.F" or ISO 8601 such as "P1Y2M3DT4H5M6.7S"`)
	errIntervalFine  = errors.New("an INTERVAL has no parts of a microsecond")
	errIntervalRange = errors.New("an INTERVAL part is beyond 10000-0 3660000 87840000:0:0")
)

// ParseInterval reads BigQuery's canonical form, "[sign]Y-M [sign]D [sign]H:M:S[.F]", or an ISO 8601
// duration with whole years, months, weeks, days, hours and minutes, each with a sign of its own if
// need be. The error says what is wrong, not with which text. It does not allocate but for errors.
func ParseInterval(text []byte) (IntervalValue, error) {
	p := intervalParser{b: text}
	var ok bool
	if len(text) > 0 && text[0] == 'P' {
		ok = p.iso()
	} else {
		ok = p.canonical()
	}
	switch {
	case !ok:
		return IntervalValue{}, errIntervalForm
	case p.fine:
		return IntervalValue{}, errIntervalFine
	}
	if p.huge || abs(p.months) > maxIntervalMonths || abs(p.days) > maxIntervalDays || abs(p.micros) > maxIntervalMicros {
		return IntervalValue{}, errIntervalRange
	}
	return IntervalValue{int32(p.months), int32(p.days), p.micros}, nil
}

func abs(n int64) int64 { return max(n, -n) }

// String returns the canonical form.
func (v IntervalValue) String() string { return string(v.Append(nil)) }

// Append appends the canonical form to dst, a fraction in three or six digits.
func (v IntervalValue) Append(dst []byte) []byte {
	dst, months := appendSign(dst, int64(v.Months))
	dst = strconv.AppendUint(dst, months/12, 10)
	dst = append(dst, '-')
	dst = strconv.AppendUint(dst, months%12, 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(v.Days), 10)
	dst = append(dst, ' ')
	dst, micros := appendSign(dst, v.Micros)
	seconds, fraction := micros/1e6, micros%1e6
	dst = strconv.AppendUint(dst, seconds/3600, 10)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, seconds/60%60, 10)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, seconds%60, 10)
	if fraction == 0 {
		return dst
	}
	last := uint64(1)
	if fraction%1000 == 0 {
		last = 1000
	}
	dst = append(dst, '.')
	for unit := uint64(100_000); unit >= last; unit /= 10 {
		dst = append(dst, byte('0'+fraction/unit%10))
	}
	return dst
}

func appendSign(dst []byte, n int64) ([]byte, uint64) {
	if n < 0 {
		return append(dst, '-'), uint64(-n)
	}
	return dst, uint64(n)
}

// intervalParser adds up the parts of an INTERVAL.
type intervalParser struct {
	b                    []byte
	i                    int
	months, days, micros int64
	huge                 bool // a number is beyond what any part may be
	fine                 bool // there are parts of a microsecond
}

// canonical reads Y-M D H:M:S[.F].
func (p *intervalParser) canonical() bool {
	sign := p.sign()
	if !p.yearsMonths(sign) || !p.skip(' ') {
		return false
	}
	sign = p.sign()
	days, ok := p.number()
	if !ok || !p.skip(' ') {
		return false
	}
	p.add(&p.days, sign*days, 1)
	sign = p.sign()
	for _, unit := range []int64{3_600_000_000, 60_000_000, 1_000_000} {
		n, ok := p.number()
		if !ok || unit > 1_000_000 && !p.skip(':') {
			return false
		}
		p.add(&p.micros, sign*n, unit)
	}
	return p.fraction(sign) && p.i == len(p.b)
}

// yearsMonths reads Y-M.
func (p *intervalParser) yearsMonths(sign int64) bool {
	years, ok := p.number()
	if !ok || !p.skip('-') {
		return false
	}
	months, ok := p.number()
	p.add(&p.months, sign*years, 12)
	p.add(&p.months, sign*months, 1)
	return ok
}

// iso reads P[nY][nM][nW][nD][T[nH][nM][n[.F]S]]
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast_interval).
func (p *intervalParser) iso() bool {
	p.i++
	date, ok := p.designated("YMWD", false)
	if !ok || !p.skip('T') {
		return ok && date > 0 && p.i == len(p.b)
	}
	clock, ok := p.designated("HMS", true)
	return ok && clock > 0 && p.i == len(p.b)
}

// designated reads numbers, each with one of the units behind it, in their order, and returns how
// many there were. Seconds, and they alone, may have a fraction.
func (p *intervalParser) designated(units string, clock bool) (count int, ok bool) {
	for p.i < len(p.b) && p.b[p.i] != 'T' {
		sign := p.sign()
		n, ok := p.number()
		point := p.i < len(p.b) && p.b[p.i] == '.'
		if !ok || !p.fraction(sign) || p.i == len(p.b) {
			return 0, false
		}
		unit := p.b[p.i]
		at := strings.IndexByte(units, unit)
		if at < 0 || point && unit != 'S' {
			return 0, false
		}
		p.addUnit(unit, clock, sign*n)
		units = units[at+1:]
		p.i++
		count++
	}
	return count, true
}

// addUnit adds n of a unit of ISO 8601, whose M is a minute behind the T and a month before it.
func (p *intervalParser) addUnit(unit byte, clock bool, n int64) {
	switch {
	case unit == 'Y':
		p.add(&p.months, n, 12)
	case unit == 'M' && !clock:
		p.add(&p.months, n, 1)
	case unit == 'W':
		p.add(&p.days, n, 7)
	case unit == 'D':
		p.add(&p.days, n, 1)
	case unit == 'H':
		p.add(&p.micros, n, 3_600_000_000)
	case unit == 'M':
		p.add(&p.micros, n, 60_000_000)
	default:
		p.add(&p.micros, n, 1_000_000)
	}
}

// skip reads c if it comes next.
func (p *intervalParser) skip(c byte) bool {
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *intervalParser) sign() int64 {
	if p.skip('-') {
		return -1
	}
	p.skip('+')
	return 1
}

// number reads digits.
func (p *intervalParser) number() (n int64, ok bool) {
	start := p.i
	for ; p.i < len(p.b) && isDigit(p.b[p.i]); p.i++ {
		if n = n*10 + int64(p.b[p.i]-'0'); n > maxIntervalMicros {
			n, p.huge = maxIntervalMicros, true
		}
	}
	return n, p.i > start
}

// fraction reads a point and the digits behind it, if there are any, as parts of a second.
func (p *intervalParser) fraction(sign int64) bool {
	if !p.skip('.') {
		return true
	}
	start, unit := p.i, int64(100_000)
	for ; p.i < len(p.b) && isDigit(p.b[p.i]); p.i++ {
		digit := int64(p.b[p.i] - '0')
		p.micros += sign * digit * unit
		p.fine = p.fine || unit == 0 && digit != 0
		unit /= 10
	}
	return p.i > start
}

// add adds n units to a part. What would bring a sum near overflow is left out.
func (p *intervalParser) add(part *int64, n, unit int64) {
	const most = 1e18
	if n > most/unit || n < -most/unit {
		p.huge = true
		return
	}
	*part += n * unit
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
