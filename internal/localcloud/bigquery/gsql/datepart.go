package gsql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// datePart is a part of a date as functions take it. Of a WEEK, weekday is its first day, counted
// from Monday = 0; iso is set for ISOWEEK, which is a WEEK from Monday with numbers of its own.
type datePart struct {
	name    string
	weekday int
	iso     bool
}

// weekdays are what WEEK(…) takes, in the order of datePart.weekday.
var weekdays = []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}

// partNames are the date parts by the shortest unit first.
var partNames = words(`MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK ISOWEEK MONTH QUARTER YEAR ISOYEAR
	DAYOFWEEK DAYOFYEAR DATE DATETIME TIME`)

// datePart reads a part: a name, or WEEK(MONDAY).
func (t *translator) datePart(x expr) datePart {
	switch x := x.(type) {
	case *path:
		name := strings.ToUpper(x.parts[0].name)
		if len(x.parts) == 1 && partNames[name] {
			p := datePart{name: name}
			if name == "WEEK" {
				p.weekday = 6
			}
			if name == "ISOWEEK" {
				p.name, p.iso = "WEEK", true
			}
			return p
		}
	case *call:
		if p, ok := x.args0(); ok && x.name == "WEEK" {
			for i, day := range weekdays {
				if strings.EqualFold(p, day) {
					return datePart{name: "WEEK", weekday: i}
				}
			}
		}
	}
	t.fail(x.offset(), "A valid date part name is required")
	return datePart{}
}

// args0 returns the only argument of a call if it is a name.
func (x *call) args0() (string, bool) {
	if len(x.args) != 1 {
		return "", false
	}
	p, ok := x.args[0].(*path)
	if !ok || len(p.parts) != 1 {
		return "", false
	}
	return p.parts[0].name, true
}

// allow gives up if a part is not among those that a function takes.
func (c *callSite) allow(p datePart, pos int, parts string) {
	if !words(parts)[p.name] {
		c.fail(pos, "%s does not support the %s date part", c.fn.name, p.name)
	}
}

// The parts that functions of each type take.
const (
	dateParts  = "DAY WEEK MONTH QUARTER YEAR ISOYEAR"
	clockParts = "MICROSECOND MILLISECOND SECOND MINUTE HOUR"
)

// extractSQL are the templates of EXTRACT from a DATE, TIME or DATETIME.
var extractSQL = map[string]string{
	"MICROSECOND": "extract(microsecond FROM $1) % 1000000",
	"MILLISECOND": "extract(millisecond FROM $1) % 1000",
	"SECOND":      "extract(second FROM $1)",
	"MINUTE":      "extract(minute FROM $1)",
	"HOUR":        "extract(hour FROM $1)",
	"DAYOFWEEK":   "extract(dow FROM $1) + 1",
	"DAY":         "extract(day FROM $1)",
	"DAYOFYEAR":   "extract(doy FROM $1)",
	"MONTH":       "extract(month FROM $1)",
	"QUARTER":     "extract(quarter FROM $1)",
	"YEAR":        "extract(year FROM $1)",
	"ISOYEAR":     "extract(isoyear FROM $1)",
}

// extract is EXTRACT(part FROM x [AT TIME ZONE zone]).
func (t *translator) extract(e env, x *extract) value {
	p, v := t.datePart(x.part), t.expr(e, x.x)
	switch {
	case v.t.kind == row.Timestamp:
		v = value{sql: t.local(e, v, x.zone), t: tDatetime, impure: v.impure}
	case x.zone != nil:
		t.fail(x.offset(), "EXTRACT from %s does not support AT TIME ZONE", v.t)
	}
	if !extractable(p.name, v.t) {
		t.fail(x.offset(), "EXTRACT from %s does not support the %s date part", v.t, p.name)
	}
	switch {
	case p.name == "DATE":
		return value{sql: "CAST(" + v.sql + " AS DATE)", t: tDate}
	case p.name == "TIME":
		return value{sql: "CAST(" + v.sql + " AS TIME)", t: tTime}
	case p.name == "DATETIME":
		return v
	case p.iso:
		return value{sql: "extract(week FROM " + v.sql + ")", t: tInt}
	case p.name == "WEEK":
		sql := fmt.Sprintf("((extract(doy FROM $1) - 1 + 7 - (extract(isodow FROM $1) - 1 - %d + 7) %% 7) // 7)", p.weekday)
		return value{sql: t.expand(sql, []value{v}), t: tInt}
	}
	return value{sql: t.expand("("+extractSQL[p.name]+")", []value{v}), t: tInt}
}

// extractable reports whether values of a type have a part.
func extractable(part string, ty *typ) bool {
	clock := words(clockParts)[part]
	switch ty.kind {
	case row.Date:
		return !clock && part != "TIME" && part != "DATETIME" && part != "DATE"
	case row.Time:
		return clock
	}
	return ty.kind == row.Datetime
}

// local returns a TIMESTAMP's DATETIME in a time zone: UTC if zone is nil.
func (t *translator) local(e env, v value, zone expr) string {
	if zone == nil {
		return "timezone('UTC', " + v.sql + ")"
	}
	z := t.zone(e, zone)
	if minutes, ok := zoneOffset(z.text); ok && z.literal {
		return fmt.Sprintf("(timezone('UTC', %s) + to_minutes(%d))", v.sql, minutes)
	}
	return "timezone(" + z.sql + ", " + v.sql + ")"
}

// instant returns the TIMESTAMP of a DATETIME in a time zone: UTC if zone is nil.
func (t *translator) instant(e env, sql string, zone expr) string {
	if zone == nil {
		return "timezone('UTC', " + sql + ")"
	}
	z := t.zone(e, zone)
	if minutes, ok := zoneOffset(z.text); ok && z.literal {
		return fmt.Sprintf("timezone('UTC', %s - to_minutes(%d))", sql, minutes)
	}
	return "timezone(" + z.sql + ", " + sql + ")"
}

// zone translates a time zone: a name, or an offset like +05:30.
func (t *translator) zone(e env, x expr) value {
	v := t.expr(e, x)
	if v.t.kind != row.String {
		t.fail(x.offset(), "A time zone must be a STRING but is %s", v.t)
	}
	if _, ok := zoneOffset(v.text); v.literal && !ok && !isZoneName(v.text) {
		t.fail(x.offset(), "Invalid time zone: %s", v.text)
	}
	return v
}

// zoneOffset reads ±H[H][:MM] as minutes.
func zoneOffset(s string) (int, bool) {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, mins, _ := strings.Cut(s[1:], ":")
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi("0" + mins)
	if err != nil || err2 != nil || h > 14 || m > 59 || len(hours) > 2 {
		return 0, false
	}
	if s[0] == '-' {
		return -h*60 - m, true
	}
	return h*60 + m, true
}

// intervalSQL are DuckDB's makers of an INTERVAL of n units.
var intervalSQL = map[string]string{
	"MICROSECOND": "to_microseconds($1)", "MILLISECOND": "to_microseconds($1 * 1000)",
	"SECOND": "to_microseconds($1 * 1000000)", "MINUTE": "to_minutes($1)", "HOUR": "to_hours($1)",
	"DAY": "to_days(CAST($1 AS INTEGER))", "WEEK": "to_days(CAST($1 * 7 AS INTEGER))",
	"MONTH": "to_months(CAST($1 AS INTEGER))", "QUARTER": "to_months(CAST($1 * 3 AS INTEGER))",
	"YEAR": "to_years(CAST($1 AS INTEGER))",
}

// interval is INTERVAL n part.
func (t *translator) interval(e env, x *interval) value {
	p := t.datePart(&path{at: x.part.at, parts: []ident{x.part}})
	n := t.expr(e, x.n)
	tmpl := intervalSQL[p.name]
	if tmpl == "" {
		t.fail(x.part.offset(), "Unsupported INTERVAL part %s", p.name)
	}
	if t.coercible(n, tInt) < 0 {
		t.fail(x.offset(), "INTERVAL expects an INT64 but got %s", n.t)
	}
	return value{sql: t.expand(tmpl, []value{t.coerce(n, tInt)}), t: tInterval, text: p.name}
}
