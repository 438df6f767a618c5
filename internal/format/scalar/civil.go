package scalar

import (
	"bytes"
	"fmt"
)

// The forms that BigQuery's load jobs take in CSV and JSON files
// (https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json#data_types and
// https://cloud.google.com/bigquery/docs/data-types).

// Timestamp returns the time b in microseconds since 1970-01-01 UTC. It reads
//
//	a date, YYYY-MM-DD or YYYY/MM/DD; T or a space; HH:MM[:SS[.fraction]]; and Z, UTC, an offset
//	such as +09:00, +0900 or +9, or nothing, which is UTC
//
// and seconds since 1970 as Epoch does. Digits behind the microseconds are cut off. Zones by name,
// such as Asia/Tokyo, are errors, and so is a date without a time.
func Timestamp(b []byte) (int64, error) {
	if len(b) < 5 || b[4] != '-' && b[4] != '/' {
		return Epoch(b)
	}
	days, rest, ok := dateOf(b, b[4])
	if !ok || len(rest) == 0 || rest[0] != 'T' && rest[0] != 't' && rest[0] != ' ' {
		return 0, notTimestamp(b)
	}
	clock, rest, ok := clockOf(rest[1:], true)
	if !ok {
		return 0, notTimestamp(b)
	}
	east, ok := zoneOf(rest)
	if !ok {
		return 0, notTimestamp(b)
	}
	micros := int64(days)*microsPerDay + clock - int64(east)*1e6
	if micros < minTime || micros > maxTime {
		return 0, fmt.Errorf("%.*q is not within the years 1 to 9999", shown, b)
	}
	return micros, nil
}

const microsPerDay = 86_400 * 1_000_000

func notTimestamp(b []byte) error {
	return fmt.Errorf("%.*q is not a TIMESTAMP such as 2006-01-02T15:04:05.999999Z or 1136214245.999999", shown, b)
}

// Epoch returns the decimal number b, seconds since 1970-01-01 UTC, in microseconds. Digits behind
// the microseconds are cut off.
func Epoch(b []byte) (int64, error) {
	digits, negative := sign(b)
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	seconds, err := Int(whole)
	if err != nil || whole[0] == '-' {
		return 0, notTimestamp(b)
	}
	micros := int64(0)
	for i := range 6 {
		micros *= 10
		if i < len(fraction) {
			micros += int64(fraction[i] - '0')
		}
	}
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, notTimestamp(b)
		}
	}
	const beyond = 1e12 // seconds, more than the years 1 to 9999 have
	if seconds < beyond {
		if micros += seconds * 1e6; negative {
			micros = -micros
		}
	}
	if seconds >= beyond || micros < minTime || micros > maxTime {
		return 0, fmt.Errorf("%.*q is not within the years 1 to 9999 as seconds since 1970", shown, b)
	}
	return micros, nil
}

// Datetime returns the civil time b in microseconds since 1970-01-01: YYYY-MM-DD, T or a space,
// HH:MM:SS[.fraction]. A zone is an error. Digits behind the microseconds are cut off.
func Datetime(b []byte) (int64, error) {
	days, rest, ok := dateOf(b, '-')
	if ok && len(rest) > 0 && (rest[0] == 'T' || rest[0] == 't' || rest[0] == ' ') {
		if clock, rest, ok := clockOf(rest[1:], false); ok && len(rest) == 0 {
			return int64(days)*microsPerDay + clock, nil
		}
	}
	return 0, fmt.Errorf("%.*q is not a DATETIME such as 2006-01-02 15:04:05.999999", shown, b)
}

// Date returns the date b, YYYY-MM-DD, in days since 1970-01-01.
func Date(b []byte) (int64, error) {
	days, rest, ok := dateOf(b, '-')
	if !ok || len(rest) > 0 {
		return 0, fmt.Errorf("%.*q is not a DATE such as 2006-01-02", shown, b)
	}
	return int64(days), nil
}

// Clock returns the time of day b, HH:MM:SS[.fraction], in microseconds since midnight. Digits
// behind the microseconds are cut off.
func Clock(b []byte) (int64, error) {
	micros, rest, ok := clockOf(b, false)
	if !ok || len(rest) > 0 {
		return 0, fmt.Errorf("%.*q is not a TIME such as 15:04:05.999999", shown, b)
	}
	return micros, nil
}

// dateOf reads YYYY-MM-DD with that separator, within the years 1 to 9999.
func dateOf(b []byte, separator byte) (days int, rest []byte, ok bool) {
	if len(b) < 10 || b[4] != separator || b[7] != separator {
		return 0, nil, false
	}
	century, ok1 := pair(b)
	year, ok2 := pair(b[2:])
	month, ok3 := pair(b[5:])
	day, ok4 := pair(b[8:])
	year += 100 * century
	if !ok1 || !ok2 || !ok3 || !ok4 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, nil, false
	}
	return daysSince1970(year, month, day), b[10:], true
}

// clockOf reads HH:MM:SS[.fraction], and without the seconds if short is set.
func clockOf(b []byte, short bool) (micros int64, rest []byte, ok bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, nil, false
	}
	hour, ok1 := pair(b)
	minute, ok2 := pair(b[3:])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, nil, false
	}
	micros, rest = int64(hour*3600+minute*60)*1e6, b[5:]
	if len(rest) < 3 || rest[0] != ':' {
		return micros, rest, short
	}
	second, ok3 := pair(rest[1:])
	if !ok3 || second > 59 {
		return 0, nil, false
	}
	fraction, rest, ok := fractionOf(rest[3:])
	return micros + int64(second)*1e6 + fraction, rest, ok
}

// pair reads two digits.
func pair(b []byte) (n int, ok bool) {
	hi, lo := b[0]-'0', b[1]-'0'
	return 10*int(hi) + int(lo), hi <= 9 && lo <= 9
}

// zoneOf reads what offsetOf does, and also UTC and offsets such as +0900, +09, +9 and +9:30, with a
// space before them or not.
func zoneOf(b []byte) (east int, ok bool) {
	if len(b) > 0 && b[0] == ' ' {
		if b = b[1:]; len(b) == 0 {
			return 0, false
		}
	}
	if east, ok = offsetOf(b); ok {
		return east, true
	}
	if string(b) == "UTC" || string(b) == "z" {
		return 0, true
	}
	if len(b) < 2 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, minutes, colon := bytes.Cut(b[1:], []byte(":"))
	if !colon && len(hours) == 4 {
		hours, minutes, colon = hours[:2], hours[2:], true
	}
	h, err1 := Int(hours)
	m, err2 := Int(minutes)
	if !colon {
		m, err2 = 0, nil
	}
	if err1 != nil || err2 != nil || len(hours) > 2 || colon && len(minutes) != 2 || h < 0 || m < 0 || h > 23 || m > 59 {
		return 0, false
	}
	east = int(h*3600 + m*60)
	if b[0] == '-' {
		east = -east
	}
	return east, true
}
