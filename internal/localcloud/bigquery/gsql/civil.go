package gsql

import (
	"fmt"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// civil reads a DATE, DATETIME, TIME or TIMESTAMP as GoogleSQL writes them and returns it as DuckDB
// does. A time zone is allowed in a TIMESTAMP only; without one it is UTC
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#date_and_time_literals).
func civil(ty row.Type, s string) (string, bool) {
	if ty == row.Time {
		clock, rest, ok := readClock(s)
		return clock, ok && rest == ""
	}
	var y, m, d int
	rest, ok := readNumbers(s, '-', &y, &m, &d)
	date := fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	if _, err := time.Parse(time.DateOnly, date); err != nil || !ok || y == 0 {
		return "", false
	}
	if ty == row.Date {
		return date, rest == ""
	}
	clock := "00:00:00"
	if len(rest) > 1 && strings.ContainsRune(" Tt", rune(rest[0])) && isDigit(rest[1]) {
		if clock, rest, ok = readClock(rest[1:]); !ok {
			return "", false
		}
	}
	if ty == row.Datetime {
		return date + " " + clock, rest == ""
	}
	zone, ok := readZone(rest)
	return date + " " + clock + zone, ok
}

// readNumbers reads numbers of one to four digits with sep between them and returns what follows.
func readNumbers(s string, sep byte, out ...*int) (string, bool) {
	for i, p := range out {
		if i > 0 {
			if s == "" || s[0] != sep {
				return s, false
			}
			s = s[1:]
		}
		n := 0
		for n < len(s) && n < 4 && isDigit(s[n]) {
			*p = *p*10 + int(s[n]-'0')
			n++
		}
		if n == 0 || n > 2 && i > 0 {
			return s, false
		}
		s = s[n:]
	}
	return s, true
}

// readClock reads H:M:S with up to six digits behind a point.
func readClock(s string) (clock, rest string, ok bool) {
	var h, m, sec int
	rest, ok = readNumbers(s, ':', &h, &m, &sec)
	if !ok || h > 23 || m > 59 || sec > 59 {
		return "", rest, false
	}
	clock = fmt.Sprintf("%02d:%02d:%02d", h, m, sec)
	if strings.HasPrefix(rest, ".") {
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n > 7 {
			return "", rest, false
		}
		clock, rest = clock+strings.TrimSuffix(rest[:n], "."), rest[n:]
	}
	return clock, rest, true
}

// readZone reads what may follow the time of a TIMESTAMP: nothing, Z, an offset or a zone's name.
func readZone(s string) (string, bool) {
	s = strings.TrimPrefix(s, " ")
	switch {
	case s == "", s == "Z", s == "z":
		return "+00", true
	case s[0] == '+' || s[0] == '-':
		var h, m int
		rest, ok := readNumbers(s[1:], ':', &h, &m)
		if !ok {
			m = 0
			rest = strings.TrimLeft(s[1:], "0123456789")
		}
		return fmt.Sprintf("%c%02d:%02d", s[0], h, m), rest == "" && h <= 14 && m <= 59
	}
	return " " + s, isZoneName(s)
}

// isZoneName reports whether s looks like a name of the time zone database; DuckDB knows which exist.
func isZoneName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isIdentPart(c) && c != '/' && c != '-' && c != '+' {
			return false
		}
	}
	return s != "" && isIdentStart(s[0])
}
