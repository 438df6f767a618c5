package write

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// The ranges of DATE, in days, and TIMESTAMP, in microseconds, since 1970-01-01: years 1 to 9999
// (supported-data-types; GoogleSQL data types).
const (
	minDate      = -719_162
	maxDate      = 2_932_896
	minTimestamp = minDate * 86_400_000_000
	maxTimestamp = (maxDate+1)*86_400_000_000 - 1
)

func toTimestamp(k protoreflect.Kind) converter {
	read := integerOf(k)
	if read == nil || k == protoreflect.EnumKind {
		return nil
	}
	return func(s scalar) (any, error) {
		us := read(s.num)
		if us < minTimestamp || us > maxTimestamp {
			return nil, fmt.Errorf("timestamp field value is out of range: %d", us)
		}
		return time.UnixMicro(us).UTC(), nil
	}
}

func toDate(k protoreflect.Kind) converter {
	if k == protoreflect.StringKind {
		return func(s scalar) (any, error) {
			t, err := time.Parse("2006-1-2", string(s.raw))
			if err != nil || t.Year() < 1 {
				return nil, fmt.Errorf("invalid date: %s", clip(s.raw))
			}
			return t, nil
		}
	}
	read := integerOf(k)
	if read == nil || k == protoreflect.EnumKind || k == protoreflect.Uint32Kind || k == protoreflect.Fixed32Kind {
		return nil
	}
	return func(s scalar) (any, error) {
		days := read(s.num)
		if days < minDate || days > maxDate {
			return nil, fmt.Errorf("date field value is out of range: %d", days)
		}
		return time.Unix(days*86_400, 0).UTC(), nil
	}
}

// toCivil is for DATETIME and TIME: a literal, or 64 bits as Google's CivilTimeEncoder packs them.
func toCivil[T any](k protoreflect.Kind, unpack func(int64) (T, bool), parse func(string) (T, bool)) converter {
	switch k {
	case protoreflect.StringKind:
		return func(s scalar) (any, error) {
			v, ok := parse(string(s.raw))
			if !ok {
				return nil, fmt.Errorf("invalid civil time: %s", clip(s.raw))
			}
			return v, nil
		}
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		read := integerOf(k)
		return func(s scalar) (any, error) {
			v, ok := unpack(read(s.num))
			if !ok {
				return nil, fmt.Errorf("invalid packed civil time: %d", read(s.num))
			}
			return v, nil
		}
	}
	return nil
}

// bits takes the lowest n bits off *v.
func bits(v *int64, n uint) int {
	low := int(*v & (1<<n - 1))
	*v >>= n
	return low
}

// unpackTime reads, from the lowest bit: 20 bits of microseconds, 6 of seconds, 6 of minutes, 5
// of hours.
func unpackTime(v int64) (time.Duration, bool) {
	us, sec, mins, hour := bits(&v, 20), bits(&v, 6), bits(&v, 6), bits(&v, 5)
	d := time.Duration(hour)*time.Hour + time.Duration(mins)*time.Minute +
		time.Duration(sec)*time.Second + time.Duration(us)*time.Microsecond
	return d, v == 0 && us < 1e6 && sec < 60 && mins < 60 && hour < 24
}

// unpackDatetime reads the 37 bits of a time, then 5 of the day, 4 of the month, 14 of the year.
func unpackDatetime(v int64) (time.Time, bool) {
	clock, ok := unpackTime(v & (1<<37 - 1))
	v >>= 37
	day, month, year := bits(&v, 5), bits(&v, 4), bits(&v, 14)
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	exists := t.Day() == day && t.Month() == time.Month(month) && t.Year() == year
	return t.Add(clock), ok && v == 0 && exists && year >= 1 && year <= 9999
}

// parseDatetime reads a DATETIME literal: YYYY-[M]M-[D]D, then T or a space and a TIME, or no time.
func parseDatetime(s string) (time.Time, bool) {
	day, clock := s, ""
	if i := strings.IndexAny(s, "Tt "); i >= 0 {
		day, clock = s[:i], s[i+1:]
		if clock == "" {
			return time.Time{}, false
		}
	}
	t, err := time.Parse("2006-1-2", day)
	if err != nil || t.Year() < 1 {
		return time.Time{}, false
	}
	if clock == "" {
		return t, true
	}
	d, ok := parseTime(clock)
	return t.Add(d), ok
}

// parseTime reads a TIME literal: [H]H:[M]M:[S]S[.DDDDDD].
func parseTime(s string) (time.Duration, bool) {
	whole, fraction, dotted := strings.Cut(s, ".")
	if dotted && (fraction == "" || len(fraction) > 6) {
		return 0, false
	}
	t, err := time.Parse("15:4:5", whole)
	if err != nil {
		return 0, false
	}
	d := t.Sub(t.Truncate(24 * time.Hour))
	unit := 100 * time.Millisecond
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		d += time.Duration(c-'0') * unit
		unit /= 10
	}
	return d, true
}
