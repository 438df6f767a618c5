package gsql

import (
	"fmt"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// kinds are the types that date functions are named after.
var kinds = []*typ{tDate, tDatetime, tTimestamp, tTime}

func dateArithmeticFunctions() []function {
	var list []function
	for _, ty := range kinds {
		name := string(ty.kind)
		list = append(list,
			special(name+"_ADD", 2, 2, emitDateAdd),
			special(name+"_SUB", 2, 2, emitDateAdd),
			special(name+"_DIFF", 3, 3, emitDateDiff),
			special(name+"_TRUNC", 2, 3, emitDateTrunc))
	}
	return list
}

// kind returns the type that the function is named after.
func (c *callSite) kind() *typ {
	prefix, _, _ := strings.Cut(c.fn.name, "_")
	return scalars[prefix]
}

// parts returns the date parts that a function of that type takes.
func parts(ty *typ) string {
	switch ty.kind {
	case row.Date:
		return dateParts
	case row.Time:
		return clockParts
	case row.Timestamp:
		return clockParts + " DAY"
	}
	return clockParts + " " + dateParts
}

// emitDateAdd is DATE_ADD(x, INTERVAL n part) and its kin.
func emitDateAdd(c *callSite) value {
	n, ok := c.call.args[1].(*interval)
	if !ok {
		c.fail(c.call.args[1].offset(), "%s expects an INTERVAL as its second argument", c.fn.name)
	}
	v, step := c.temporal(0), c.expr(c.env, n)
	c.allow(datePart{name: step.text}, n.offset(), strings.Replace(parts(v.t), "ISOYEAR", "", 1))
	op := " + "
	if strings.HasSuffix(c.fn.name, "_SUB") {
		op = " - "
	}
	sql := "(" + v.sql + op + step.sql + ")"
	if v.t.kind == row.Date {
		sql = "CAST(" + sql + " AS DATE)"
	}
	return value{sql: sql, t: v.t}
}

// temporal translates argument i: of the function's type or, where BigQuery takes it, another that
// has a date.
func (c *callSite) temporal(i int) value {
	v, ty := c.arg(i), c.kind()
	if v.t.kind == ty.kind || v.t.kind == row.String && v.literal || v.t.kind == nullType {
		return c.typed(i, ty)
	}
	switch v.t.kind {
	case row.Date, row.Datetime, row.Timestamp:
		if ty.kind == row.Date || ty.kind == row.Datetime && v.t.kind == row.Date {
			return v
		}
	}
	return c.typed(i, ty)
}

// emitDateDiff is DATE_DIFF(a, b, part) and its kin. TIMESTAMP_DIFF and TIME_DIFF count the whole
// units that have passed, the others the boundaries between units.
func emitDateDiff(c *callSite) value {
	a, b := c.temporal(0), c.temporal(1)
	ty := c.supertype([]value{a, b})
	if ty == nil {
		c.noSignature([]value{a, b})
	}
	args := []value{c.coerce(a, ty), c.coerce(b, ty)}
	pos := c.call.args[2].offset()
	p := c.datePart(c.call.args[2])
	c.allow(p, pos, parts(ty))
	var tmpl string
	switch {
	case ty.kind == row.Timestamp:
		tmpl = fmt.Sprintf("((epoch_us($1) - epoch_us($2)) // %d)", unitMicros[p.name])
	case p.name == "WEEK":
		first := truncSQL(p)
		tmpl = "(date_diff('day', " + strings.ReplaceAll(first, "$1", "$2") + ", " + first + ") // 7)"
	case p.name == "ISOYEAR":
		tmpl = "(extract(isoyear FROM $1) - extract(isoyear FROM $2))"
	default:
		tmpl = "date_diff('" + strings.ToLower(p.name) + "', $2, $1)"
	}
	return value{sql: c.expand(tmpl, args), t: tInt}
}

// emitDateTrunc is DATE_TRUNC(x, part) and its kin; a TIMESTAMP may have a time zone.
func emitDateTrunc(c *callSite) value {
	v := c.temporal(0)
	p := c.datePart(c.call.args[1])
	allowed := parts(v.t)
	if v.t.kind == row.Timestamp {
		allowed = clockParts + " " + dateParts
	}
	c.allow(p, c.call.args[1].offset(), allowed)
	switch {
	case v.t.kind == row.Timestamp:
		local := value{sql: c.local(c.env, v, c.optional(2)), t: tDatetime, impure: v.impure}
		return value{sql: c.instant(c.env, "CAST("+c.expand(truncSQL(p), []value{local})+" AS TIMESTAMP)", c.optional(2)), t: tTimestamp}
	case c.has(2):
		c.noSignature(c.exprs(c.env, c.call.args[:1]))
	case v.t.kind == row.Time:
		tmpl := fmt.Sprintf("CAST(make_timestamp(epoch_us($1) - epoch_us($1) %% %d) AS TIME)", unitMicros[p.name])
		return value{sql: c.expand(tmpl, []value{v}), t: tTime}
	}
	return value{sql: "CAST(" + c.expand(truncSQL(p), []value{v}) + " AS " + v.t.duck() + ")", t: v.t}
}
