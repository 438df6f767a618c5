package gsql

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// floored is integer division of µs that rounds towards the past.
func floored(units string) string {
	return "((epoch_us($1) - ((epoch_us($1) % " + units + ") + " + units + ") % " + units + ") // " + units + ")"
}

func timeFunctions() []function {
	var list []function
	for _, name := range []string{"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME"} {
		list = append(list, special(name, 0, 1, emitNow))
	}
	return append(list,
		special("DATE", 1, 3, emitDate),
		special("DATETIME", 1, 6, emitDatetime),
		special("TIMESTAMP", 1, 2, emitTimestamp),
		special("TIME", 1, 3, emitTime),
		special("STRING", 1, 2, emitString),
		fn("UNIX_SECONDS", sig("t:i", floored("1000000"))),
		fn("UNIX_MILLIS", sig("t:i", floored("1000"))),
		fn("UNIX_MICROS", sig("t:i", "epoch_us($1)")),
		fn("UNIX_DATE", sig("d:i", "date_diff('day', DATE '1970-01-01', $1)")),
		fn("TIMESTAMP_SECONDS", sig("i:t", "make_timestamptz($1 * 1000000)")),
		fn("TIMESTAMP_MILLIS", sig("i:t", "make_timestamptz($1 * 1000)")),
		fn("TIMESTAMP_MICROS", sig("i:t", "make_timestamptz($1)")),
		fn("DATE_FROM_UNIX_DATE", sig("i:d", "(DATE '1970-01-01' + CAST($1 AS INTEGER))")),
		special("LAST_DAY", 1, 2, emitLastDay),
	)
}

// nowNames are the functions that may be written without parentheses.
var nowNames = words("CURRENT_TIMESTAMP CURRENT_DATE CURRENT_DATETIME CURRENT_TIME")

// emitNow is CURRENT_…: one and the same time in all of a query.
func emitNow(c *callSite) value {
	now := value{sql: "CAST('" + c.opts.Now.UTC().Format("2006-01-02 15:04:05.000000") + "+00' AS TIMESTAMPTZ)", t: tTimestamp}
	if c.fn.name == "CURRENT_TIMESTAMP" {
		if c.has(0) {
			c.noSignature(c.exprs(c.env, c.call.args))
		}
		return now
	}
	ty := map[string]*typ{"CURRENT_DATE": tDate, "CURRENT_DATETIME": tDatetime, "CURRENT_TIME": tTime}[c.fn.name]
	return value{sql: "CAST(" + c.local(c.env, now, c.optional(0)) + " AS " + ty.duck() + ")", t: ty}
}

// optional returns argument i, or nil.
func (c *callSite) optional(i int) expr {
	if !c.has(i) {
		return nil
	}
	return c.call.args[i]
}

// datetimeOf translates argument i, of a type with a date, as a DATETIME; the time zone is argument
// zone, which only a TIMESTAMP may have.
func (c *callSite) datetimeOf(i, zone int) value {
	v := c.arg(i)
	if v.t.kind == row.String && v.literal {
		v = c.literalTime(v)
	}
	switch {
	case v.t.kind == row.Timestamp:
		return value{sql: c.local(c.env, v, c.optional(zone)), t: tDatetime, impure: v.impure}
	case c.has(zone):
		c.noSignature(c.exprs(c.env, c.call.args))
	case v.t.kind == row.Date || v.t.kind == nullType:
		return value{sql: "CAST(" + v.sql + " AS TIMESTAMP)", t: tDatetime, impure: v.impure}
	case v.t.kind != row.Datetime:
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	return v
}

// literalTime reads a STRING literal as a DATETIME or, if it has a time zone, a TIMESTAMP.
func (c *callSite) literalTime(v value) value {
	if _, ok := civil(row.Datetime, v.text); ok {
		return c.coerce(v, tDatetime)
	}
	return c.coerce(v, tTimestamp)
}

// emitDate is DATE(y, m, d), DATE(datetime) and DATE(timestamp[, zone]).
func emitDate(c *callSite) value {
	if len(c.call.args) == 3 {
		args := []value{c.typed(0, tInt), c.typed(1, tInt), c.typed(2, tInt)}
		return value{sql: "make_date(" + joinSQL(args, ", ") + ")", t: tDate}
	}
	return value{sql: "CAST(" + c.datetimeOf(0, 1).sql + " AS DATE)", t: tDate}
}

// emitDatetime is DATETIME(y, m, d, h, m, s), DATETIME(date[, time]) and DATETIME(timestamp[, zone]).
func emitDatetime(c *callSite) value {
	switch n := len(c.call.args); {
	case n == 6:
		args := make([]value, 6)
		for i := range args {
			args[i] = c.typed(i, tInt)
		}
		return value{sql: "make_timestamp(" + joinSQL(args, ", ") + ")", t: tDatetime}
	case n > 2:
		c.noSignature(c.exprs(c.env, c.call.args))
	case n == 2 && c.arg(0).t.kind == row.Date:
		return value{sql: "(" + c.arg(0).sql + " + " + c.typed(1, tTime).sql + ")", t: tDatetime}
	}
	return c.datetimeOf(0, 1)
}

// emitTimestamp is TIMESTAMP(string | date | datetime | timestamp [, zone]).
func emitTimestamp(c *callSite) value {
	v := c.arg(0)
	if v.t.kind == row.String && v.literal && !c.has(1) {
		return c.coerce(v, tTimestamp)
	}
	switch v.t.kind {
	case row.Timestamp:
		if !c.has(1) {
			return v
		}
	case row.String:
		if !c.has(1) {
			return c.cast(c.call.offset(), v, tTimestamp, false)
		}
		local := c.cast(c.call.offset(), v, tDatetime, false)
		return value{sql: c.instant(c.env, local.sql, c.optional(1)), t: tTimestamp}
	case row.Date, row.Datetime, nullType:
		return value{sql: c.instant(c.env, "CAST("+v.sql+" AS TIMESTAMP)", c.optional(1)), t: tTimestamp}
	}
	c.noSignature(c.exprs(c.env, c.call.args))
	return value{}
}

// emitTime is TIME(h, m, s), TIME(datetime) and TIME(timestamp[, zone]).
func emitTime(c *callSite) value {
	if len(c.call.args) == 3 {
		args := []value{c.typed(0, tInt), c.typed(1, tInt), c.typed(2, tInt)}
		return value{sql: "make_time(" + joinSQL(args, ", ") + ")", t: tTime}
	}
	return value{sql: "CAST(" + c.datetimeOf(0, 1).sql + " AS TIME)", t: tTime}
}

// emitString is STRING(timestamp[, zone]), STRING(date or time) and STRING(json).
func emitString(c *callSite) value {
	v := c.arg(0)
	switch {
	case v.t.kind == row.JSON && !c.has(1):
		return c.jsonScalar(v, tString)
	case v.t.kind == row.Timestamp && c.has(1):
		return c.zonedString(v)
	case c.has(1) || !slices.Contains([]row.Type{row.Timestamp, row.Date, row.Datetime, row.Time}, v.t.kind):
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	return c.cast(c.call.offset(), v, tString, false)
}

// zonedString writes a TIMESTAMP in a zone, with its offset: +05:30, or -08 if it has no minutes.
func (c *callSite) zonedString(v value) value {
	local := value{sql: c.local(c.env, v, c.optional(1)), t: tDatetime}
	utc := value{sql: c.local(c.env, v, nil), t: tDatetime}
	const offset = "date_diff('minute', $2, $1)"
	tmpl := "(" + stampSQL + " || CASE WHEN " + offset + " < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(" + offset +
		") // 60 AS VARCHAR), 2, '0') || CASE WHEN " + offset + " % 60 = 0 THEN '' ELSE ':' || lpad(CAST(abs(" + offset +
		") % 60 AS VARCHAR), 2, '0') END)"
	return value{sql: c.expand(tmpl, []value{local, utc}), t: tString}
}

func emitLastDay(c *callSite) value {
	v, p := c.datetimeOf(0, 9), datePart{name: "MONTH"}
	if c.has(1) {
		p = c.datePart(c.call.args[1])
		c.allow(p, c.call.args[1].offset(), "WEEK MONTH QUARTER YEAR ISOYEAR")
	}
	next := "(" + truncSQL(p) + " + " + substitute(intervalSQL[lastDayUnit(p)], func(int) string { return "1" }) + ")"
	if p.name == "ISOYEAR" {
		next = "date_trunc('week', make_date(extract(isoyear FROM $1) + 1, 1, 4))"
	}
	return value{sql: c.expand("(CAST("+next+" AS DATE) - 1)", []value{v}), t: tDate}
}

func lastDayUnit(p datePart) string {
	if p.name == "ISOYEAR" {
		return "YEAR"
	}
	return p.name
}

// truncSQL is the template that cuts a DATETIME or DATE to a part.
func truncSQL(p datePart) string {
	switch {
	case p.name == "ISOYEAR":
		return "date_trunc('week', make_date(extract(isoyear FROM $1), 1, 4))"
	case p.name == "WEEK" && p.weekday > 0:
		return fmt.Sprintf("(date_trunc('week', $1 - to_days(%d)) + to_days(%d))", p.weekday, p.weekday)
	}
	return "date_trunc('" + strings.ToLower(p.name) + "', $1)"
}

// unitMicros are the parts of a fixed length.
var unitMicros = map[string]int64{
	"MICROSECOND": 1, "MILLISECOND": 1000, "SECOND": time.Second.Microseconds(), "MINUTE": time.Minute.Microseconds(),
	"HOUR": time.Hour.Microseconds(), "DAY": 24 * time.Hour.Microseconds(),
}
