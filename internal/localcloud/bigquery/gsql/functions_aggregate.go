package gsql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// agg makes an aggregate of overloads.
func agg(name string, overloads ...overload) function {
	f := fn(name, overloads...)
	f.class = aggregate
	return f
}

// aggSpecial makes an aggregate that is written by code.
func aggSpecial(name string, least, most int, emit func(*callSite, string) value) function {
	return function{name: name, class: aggregate, min: least, max: most, emitAgg: emit}
}

func aggregateFunctions() []function {
	avg := agg("AVG", sig("f:f", "avg"), sig("n:n", "avg|CAST($1 AS DECIMAL(38,9))"), sig("N:N", "list|bignumeric_avg($1)"))
	return slices.Concat(statisticalFunctions(), []function{
		aggSpecial("COUNT", 0, 1, emitCount),
		aggSpecial("COUNTIF", 1, 1, emitCountif),
		agg("SUM", sig("i:i", "sum|CAST($1 AS BIGINT)"), sig("f:f", "sum"),
			sig("n:n", "sum|CAST($1 AS DECIMAL(38,9))"), sig("N:N", "list|bignumeric_sum($1)")),
		avg,
		aggSpecial("MIN", 1, 1, emitMinMax),
		aggSpecial("MAX", 1, 1, emitMinMax),
		aggSpecial("MIN_BY", 2, 2, emitBy),
		aggSpecial("MAX_BY", 2, 2, emitBy),
		aggSpecial("ANY_VALUE", 1, 1, emitAnyValue),
		aggSpecial("ARRAY_AGG", 1, 1, emitArrayAgg),
		aggSpecial("ARRAY_CONCAT_AGG", 1, 1, emitArrayConcatAgg),
		aggSpecial("STRING_AGG", 1, 2, emitStringAgg),
		aggSpecial("APPROX_COUNT_DISTINCT", 1, 1, emitApproxCount),
		aggSpecial("APPROX_QUANTILES", 2, 2, emitApproxQuantiles),
		agg("LOGICAL_AND", sig("B:B", "bool_and")),
		agg("LOGICAL_OR", sig("B:B", "bool_or")),
		agg("BIT_AND", sig("i:i", "bit_and")),
		agg("BIT_OR", sig("i:i", "bit_or")),
		agg("BIT_XOR", sig("i:i", "bit_xor")),
	})
}

func statisticalFunctions() []function {
	var list []function
	for _, f := range [][2]string{
		{"STDDEV", "stddev_samp"}, {"STDDEV_SAMP", "stddev_samp"}, {"STDDEV_POP", "stddev_pop"},
		{"VARIANCE", "var_samp"}, {"VAR_SAMP", "var_samp"}, {"VAR_POP", "var_pop"},
	} {
		list = append(list, agg(f[0], sig("f:f", f[1])))
	}
	for _, name := range []string{"CORR", "COVAR_POP", "COVAR_SAMP"} {
		list = append(list, agg(name, sig("ff:f", strings.ToLower(name))))
	}
	return list
}

func emitCount(c *callSite, over string) value {
	if c.call.star {
		return c.finish("count", []value{{sql: "*"}}, tInt, "", over)
	}
	if len(c.call.args) == 0 {
		c.noSignature(nil)
	}
	v := c.arg(0)
	if c.call.distinct && !hasEquality(v.t) {
		c.fail(c.call.offset(), "Aggregate functions with DISTINCT cannot be used with arguments of type %s", v.t)
	}
	return c.finish("count", []value{v}, tInt, "", over)
}

func emitCountif(c *callSite, over string) value {
	v := c.boolean(c.env, c.call.args[0], "aggregate function COUNTIF")
	if c.call.distinct {
		c.unsupported(c.call.offset(), "COUNTIF(DISTINCT)")
	}
	return c.finish("count", []value{{sql: "*"}}, tInt, v.sql, over)
}

func emitMinMax(c *callSite, over string) value {
	v := c.arg(0)
	c.comparable(c.call.args[0].offset(), c.fn.name, v.t)
	return c.finish(strings.ToLower(c.fn.name), []value{v}, v.t, "", over)
}

func emitBy(c *callSite, over string) value {
	x, by := c.arg(0), c.arg(1)
	c.comparable(c.call.args[1].offset(), c.fn.name, by.t)
	duck := map[string]string{"MIN_BY": "arg_min_null", "MAX_BY": "arg_max_null"}[c.fn.name]
	return c.finish(duck, []value{x, by}, x.t, "", over)
}

// emitAnyValue is ANY_VALUE(x [HAVING MAX|MIN y]).
func emitAnyValue(c *callSite, over string) value {
	v := c.arg(0)
	if c.call.having == "" {
		return c.finish("any_value", []value{v}, v.t, "", over)
	}
	by := c.expr(c.env, c.call.havingBy)
	duck := map[string]string{"MIN": "arg_min_null", "MAX": "arg_max_null"}[c.call.having]
	return c.finish(duck, []value{v, by}, v.t, "", over)
}

// emitArrayAgg is ARRAY_AGG([DISTINCT] x [IGNORE NULLS] [ORDER BY …] [LIMIT n]).
func emitArrayAgg(c *callSite, over string) value {
	v := c.arg(0)
	if v.t.kind == arrayType {
		c.fail(c.call.offset(), "The argument to ARRAY_AGG must not be an array type but was %s", v.t)
	}
	filter := ""
	if c.call.nulls == "IGNORE" {
		filter = v.sql + " IS NOT NULL"
	}
	out := c.finish("list"+c.limited(), []value{v}, arrayOf(v.t), filter, over)
	return out
}

// limited returns the wrap that cuts a list to LIMIT.
func (c *callSite) limited() string {
	if c.call.limit == nil {
		return ""
	}
	return "|($1)[1:" + c.count(c.call.limit) + "]"
}

func emitArrayConcatAgg(c *callSite, over string) value {
	v := c.arg(0)
	if v.t.kind != arrayType || c.call.limit != nil {
		c.noSignature([]value{v})
	}
	return c.finish("list|flatten($1)", []value{v}, v.t, v.sql+" IS NOT NULL", over)
}

// emitStringAgg is STRING_AGG([DISTINCT] x [, separator] [ORDER BY …] [LIMIT n]).
func emitStringAgg(c *callSite, over string) value {
	v, sep := c.arg(0), "','"
	if v.t.kind != row.String && v.t.kind != nullType {
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	if c.has(1) {
		sep = quoteString(c.constantText(1, "Separator"))
	}
	if c.call.limit == nil && !c.call.distinct {
		return c.finish("string_agg", []value{v, {sql: sep}}, tString, "", over)
	}
	wrap := c.limited()
	if wrap == "" {
		wrap = "|$1"
	}
	wrap = "|array_to_string(" + wrap[1:] + ", " + escapeTemplate(sep) + ")"
	return c.finish("list"+wrap, []value{v}, tString, v.sql+" IS NOT NULL", over)
}

// emitApproxCount is exact: see docs/local-sql.md.
func emitApproxCount(c *callSite, over string) value {
	if over != "" {
		c.unsupported(c.call.offset(), "APPROX_COUNT_DISTINCT over a window")
	}
	return value{sql: "count(DISTINCT " + c.arg(0).sql + ")", t: tInt}
}

// emitApproxQuantiles is exact too: the n+1 boundaries of n parts.
func emitApproxQuantiles(c *callSite, over string) value {
	v, n := c.arg(0), c.arg(1)
	c.comparable(c.call.offset(), c.fn.name, v.t)
	parts, err := strconv.Atoi(n.text)
	if err != nil || n.t.kind != row.Int64 || parts < 1 || parts > 10000 {
		c.fail(c.call.args[1].offset(), "The second argument to APPROX_QUANTILES must be a positive integer literal or parameter")
	}
	at := make([]string, parts+1)
	for i := range at {
		at[i] = fmt.Sprintf("%d/%d", i, parts)
	}
	return c.finish("quantile_disc", []value{v, {sql: "[" + strings.Join(at, ", ") + "]"}}, arrayOf(v.t), "", over)
}

// windowFn makes a function that needs OVER.
func windowFn(f function, ordered, frameless bool) function {
	f.class, f.ordered, f.frameless = windowOnly, ordered, frameless
	return f
}

func windowFunctions() []function {
	var list []function
	for _, name := range []string{"ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST"} {
		out := ":i"
		if name == "PERCENT_RANK" || name == "CUME_DIST" {
			out = ":f"
		}
		list = append(list, windowFn(fn(name, sig(out, strings.ToLower(name))), name != "ROW_NUMBER", true))
	}
	list = append(list, windowFn(fn("NTILE", sig("i:i", "ntile")), true, true))
	for _, name := range []string{"LAG", "LEAD"} {
		list = append(list, windowFn(function{name: name, min: 1, max: 3, emitAgg: emitShift}, true, true))
	}
	for _, name := range []string{"FIRST_VALUE", "LAST_VALUE"} {
		list = append(list, windowFn(function{name: name, min: 1, max: 1, nulls: true, emitAgg: emitNth}, true, false))
	}
	list = append(list, windowFn(function{name: "NTH_VALUE", min: 2, max: 2, nulls: true, emitAgg: emitNth}, true, false))
	for _, name := range []string{"PERCENTILE_CONT", "PERCENTILE_DISC"} {
		list = append(list, windowFn(function{name: name, min: 2, max: 2, emitAgg: emitPercentile}, false, true))
	}
	return list
}

// emitShift is LAG and LEAD.
func emitShift(c *callSite, over string) value {
	args := []value{c.arg(0)}
	if c.has(1) {
		args = append(args, c.typed(1, tInt))
	}
	ty := args[0].t
	if c.has(2) {
		vals := []value{args[0], c.arg(2)}
		ty = c.unify(c.call.offset(), "function "+c.fn.name, vals)
		args = []value{vals[0], args[1], vals[1]}
	}
	return c.finish(strings.ToLower(c.fn.name), args, ty, "", over)
}

// emitNth is FIRST_VALUE, LAST_VALUE and NTH_VALUE.
func emitNth(c *callSite, over string) value {
	args := []value{c.arg(0)}
	if c.has(1) {
		args = append(args, c.typed(1, tInt))
	}
	return c.finish(strings.ToLower(c.fn.name), args, args[0].t, "", over)
}

func emitPercentile(c *callSite, over string) value {
	v, p, duck := c.arg(0), c.typed(1, tFloat), "quantile_disc"
	if c.fn.name == "PERCENTILE_CONT" {
		v, duck = c.typed(0, tFloat), "quantile_cont"
	}
	return c.finish(duck, []value{v, p}, v.t, "", over)
}
