package gsql

import (
	"slices"
	"strings"
)

// each makes an overload for every letter of types, which stands for x in the signature.
func each(types, signature, sql string) []overload {
	var list []overload
	for _, c := range types {
		list = append(list, sig(strings.ReplaceAll(signature, "x", string(c)), sql))
	}
	return list
}

// rounding makes ROUND and its kin: FLOAT64 for integers, NUMERIC for itself.
func rounding(name, duck string) function {
	return fn(name,
		sig("f:f", duck+"($1)"),
		sig("n:n", "CAST("+duck+"($1) AS DECIMAL(38,9))"),
		sig("N:N", "bignumeric_round('"+strings.ToUpper(duck)+"', $1, 0)"))
}

func mathFunctions() []function {
	return slices.Concat(
		arithmeticFunctions(),
		roundingFunctions(),
		trigonometricFunctions(),
		also(fn("POW", sig("ff:f", "pow($1, $2)")), "POWER"),
		[]function{
			fn("SQRT", guarded("f:f", "$1 < 0", "'Argument to SQRT cannot be negative: ' || CAST($1 AS VARCHAR)", "sqrt($1)")),
			fn("EXP", sig("f:f", "exp($1)")),
			fn("LN", guarded("f:f", "$1 <= 0", "'LN is undefined for zero or negative value: LN(' || CAST($1 AS VARCHAR) || ')'", "ln($1)")),
			fn("LOG", guarded("f:f", "$1 <= 0", "'LOG is undefined for zero or negative value: LOG(' || CAST($1 AS VARCHAR) || ')'", "ln($1)"),
				guarded("ff:f", "$1 <= 0 OR $2 <= 0 OR $2 = 1", "'LOG is undefined for these arguments'", "(ln($1) / ln($2))")),
			fn("LOG10", guarded("f:f", "$1 <= 0", "'LOG10 is undefined for zero or negative value: LOG10(' || CAST($1 AS VARCHAR) || ')'", "log10($1)")),
			fn("IS_INF", sig("f:B", "isinf($1)")),
			fn("IS_NAN", sig("f:B", "isnan($1)")),
			special("GREATEST", 1, -1, emitExtreme),
			special("LEAST", 1, -1, emitExtreme),
			special("RAND", 0, 0, emitRand),
			fn("BIT_COUNT", sig("i:i", "CAST(bit_count($1) AS BIGINT)")),
		})
}

func arithmeticFunctions() []function {
	const zero = `'division by zero: ' || CAST($1 AS VARCHAR) || ' / ' || CAST($2 AS VARCHAR)`
	return []function{
		fn("ABS", append(each("ifn", "x:x", "abs($1)"),
			sig("N:N", "bignumeric(ltrim(bignumeric_text($1), '-'))"))...),
		fn("SIGN", sig("i:i", "CAST(sign($1) AS BIGINT)"), sig("f:f", "CAST(sign($1) AS DOUBLE)"), sig("n:n", "CAST(sign($1) AS DECIMAL(38,9))")),
		fn("DIV", guarded("ii:i", "$2 = 0", zero, "$1 // $2")),
		fn("MOD", guarded("ii:i", "$2 = 0", zero, "$1 % $2"),
			guarded("nn:n", "$2 = 0", zero, "CAST($1 % $2 AS DECIMAL(38,9))")),
		fn("SAFE_DIVIDE", sig("ff:f", "CASE WHEN $2 = 0 THEN NULL ELSE $1 / $2 END"),
			sig("nn:n", "CASE WHEN $2 = 0 THEN NULL ELSE CAST($1 / $2 AS DECIMAL(38,9)) END")),
		fn("SAFE_ADD", sig("ii:i", "TRY_CAST(CAST($1 AS HUGEINT) + $2 AS BIGINT)"), sig("ff:f", "($1 + $2)")),
		fn("SAFE_SUBTRACT", sig("ii:i", "TRY_CAST(CAST($1 AS HUGEINT) - $2 AS BIGINT)"), sig("ff:f", "($1 - $2)")),
		fn("SAFE_MULTIPLY", sig("ii:i", "TRY_CAST(CAST($1 AS HUGEINT) * $2 AS BIGINT)"), sig("ff:f", "($1 * $2)")),
		fn("SAFE_NEGATE", sig("i:i", "TRY_CAST(-CAST($1 AS HUGEINT) AS BIGINT)"), sig("f:f", "(-$1)")),
		fn("IEEE_DIVIDE", sig("ff:f", "($1 / $2)")),
	}
}

func roundingFunctions() []function {
	round := rounding("ROUND", "round")
	round.max = 2
	round.overloads = append(round.overloads,
		sig("fi:f", "round($1, CAST($2 AS INTEGER))"),
		sig("ni:n", "CAST(round($1, CAST($2 AS INTEGER)) AS DECIMAL(38,9))"),
		sig("Ni:N", "bignumeric_round('ROUND', $1, $2)"))
	trunc := rounding("TRUNC", "trunc")
	trunc.max = 2
	trunc.overloads = append(trunc.overloads, sig("fi:f", "(trunc($1 * pow(10, $2)) / pow(10, $2))"))
	return slices.Concat([]function{round, trunc}, also(rounding("CEIL", "ceil"), "CEILING"), []function{rounding("FLOOR", "floor")})
}

func trigonometricFunctions() []function {
	list := []function{fn("ATAN2", sig("ff:f", "atan2($1, $2)"))}
	for _, name := range []string{"SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "CBRT"} {
		list = append(list, fn(name, sig("f:f", strings.ToLower(name)+"($1)")))
	}
	return list
}

// emitExtreme is GREATEST and LEAST: NULL if any argument is, where DuckDB passes over it.
func emitExtreme(c *callSite) value {
	args := c.exprs(c.env, c.call.args)
	ty := c.unify(c.call.offset(), "function "+c.fn.name, args)
	c.comparable(c.call.offset(), c.fn.name, ty)
	if len(args) > 9 {
		c.unsupported(c.call.offset(), "%s of more than 9 arguments", c.fn.name)
	}
	var nulls, list []string
	for i := range args {
		n := "$" + string(rune('1'+i))
		nulls, list = append(nulls, n+" IS NULL"), append(list, n)
	}
	tmpl := "CASE WHEN " + strings.Join(nulls, " OR ") + " THEN NULL ELSE " +
		strings.ToLower(c.fn.name) + "(" + strings.Join(list, ", ") + ") END"
	return value{sql: c.expand(tmpl, args), t: ty}
}

func emitRand(c *callSite) value {
	c.impure++
	return value{sql: "random()", t: tFloat, impure: true}
}
