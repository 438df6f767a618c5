package gsql

import (
	"slices"

	"github.com/seneka-io/seneka/internal/row"
)

func arrayFunctions() []function {
	return []function{
		special("ARRAY_LENGTH", 1, 1, emitArrayLength),
		special("ARRAY_CONCAT", 1, -1, emitArrayConcat),
		special("ARRAY_REVERSE", 1, 1, emitArrayReverse),
		special("ARRAY_FIRST", 1, 1, emitArrayEnd),
		special("ARRAY_LAST", 1, 1, emitArrayEnd),
		special("ARRAY_TO_STRING", 2, 3, emitArrayToString),
		special("GENERATE_ARRAY", 2, 3, emitGenerateArray),
		special("GENERATE_DATE_ARRAY", 2, 3, emitGenerateDates),
		special("GENERATE_TIMESTAMP_ARRAY", 3, 3, emitGenerateDates),
	}
}

// array translates argument i, which must be an array.
func (c *callSite) array(i int) value {
	v := c.arg(i)
	if v.t.kind != arrayType {
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	return v
}

func emitArrayLength(c *callSite) value { return value{sql: "len(" + c.array(0).sql + ")", t: tInt} }

func emitArrayReverse(c *callSite) value {
	v := c.array(0)
	return value{sql: "list_reverse(" + v.sql + ")", t: v.t}
}

func emitArrayConcat(c *callSite) value {
	args := make([]value, len(c.call.args))
	for i := range args {
		args[i] = c.array(i)
	}
	ty := c.unify(c.call.offset(), "function ARRAY_CONCAT", args)
	return value{sql: "(" + joinSQL(args, " || ") + ")", t: ty}
}

func emitArrayEnd(c *callSite) value {
	v, i := c.array(0), "1"
	if c.fn.name == "ARRAY_LAST" {
		i = "len($1)"
	}
	tmpl := raise("len($1) = 0", "'"+c.fn.name+" cannot get the element of an empty array'", "$1["+i+"]")
	return value{sql: c.expand("("+tmpl+")", []value{v}), t: v.t.elem}
}

// emitArrayToString is ARRAY_TO_STRING(array, separator[, text for NULL]).
func emitArrayToString(c *callSite) value {
	v := c.array(0)
	if k := v.t.elem.kind; k != row.String && k != nullType {
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	args := []value{v, c.typed(1, tString)}
	if !c.has(2) {
		return value{sql: c.expand("array_to_string(list_filter($1, lambda item: item IS NOT NULL), $2)", args), t: tString}
	}
	args = append(args, c.typed(2, tString))
	return value{sql: c.expand("array_to_string(list_transform($1, lambda item: coalesce(item, $3)), $2)", args), t: tString}
}

// emitGenerateArray is GENERATE_ARRAY(start, end[, step]), the end included.
func emitGenerateArray(c *callSite) value {
	args := []value{c.arg(0), c.arg(1), {sql: "CAST(1 AS BIGINT)", t: tInt, literal: true, text: "1"}}
	if c.has(2) {
		args[2] = c.arg(2)
	}
	ty := c.unify(c.call.offset(), "function GENERATE_ARRAY", args)
	body := "generate_series($1, $2, $3)"
	switch ty.kind {
	case row.Int64:
	case row.Float64, row.Numeric:
		d := "CAST(floor(($2 - $1) / $3 + 1e-9) AS BIGINT)"
		body = "list_transform(generate_series(0, " + d + "), lambda i: CAST($1 + i * $3 AS " + ty.duck() + "))"
	default:
		c.noSignature(args)
	}
	tmpl := raise("$3 = 0", "'Sequence step cannot be 0.'", "CASE WHEN $1 IS NULL OR $2 IS NULL OR $3 IS NULL THEN NULL ELSE "+body+" END")
	return value{sql: c.expand("("+tmpl+")", args), t: arrayOf(ty)}
}

// emitGenerateDates is GENERATE_DATE_ARRAY(start, end[, INTERVAL n part]) and the same of TIMESTAMP.
func emitGenerateDates(c *callSite) value {
	ty, allowed := tDate, "DAY WEEK MONTH QUARTER YEAR"
	if c.fn.name == "GENERATE_TIMESTAMP_ARRAY" {
		ty, allowed = tTimestamp, clockParts+" DAY"
	}
	args := []value{c.typed(0, ty), c.typed(1, ty), {sql: "to_days(1)", t: tInterval}}
	if c.has(2) {
		args[2] = c.arg(2)
		if args[2].t.kind != intervalType {
			c.noSignature(args)
		}
		c.allow(datePart{name: args[2].text}, c.call.args[2].offset(), allowed)
	}
	sql := c.expand("generate_series($1, $2, $3)", args)
	if ty == tDate {
		sql = "CAST(" + sql + " AS DATE[])"
	}
	return value{sql: sql, t: arrayOf(ty), impure: slices.ContainsFunc(args, func(v value) bool { return v.impure })}
}
