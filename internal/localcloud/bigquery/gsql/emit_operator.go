package gsql

import (
	"slices"

	"github.com/seneka-io/seneka/internal/row"
)

func (t *translator) unary(e env, x *unary) value {
	if x.op == "NOT" {
		return value{sql: "(NOT " + t.boolean(e, x.x, "operator NOT").sql + ")", t: tBool}
	}
	v := t.expr(e, x.x)
	switch {
	case x.op == "~" && (v.t.kind == row.Int64 || v.t.kind == nullType):
		return value{sql: "(~" + v.sql + ")", t: tInt}
	case x.op == "+" && isNumber(v.t):
		return value{sql: v.sql, t: v.t}
	case x.op == "-" && v.t.kind == row.BigNumeric:
		zero := t.coerce(value{sql: "0", t: tInt}, tBigNumeric)
		return value{sql: bigCalc("-", []value{zero, v}), t: v.t}
	case x.op != "~" && isNumber(v.t):
		return value{sql: "(" + x.op + " " + v.sql + ")", t: v.t}
	}
	t.fail(x.offset(), "No matching signature for operator %s for argument types: %s", x.op, v.t)
	return value{}
}

func isNumber(ty *typ) bool {
	switch ty.kind {
	case row.Int64, row.Float64, row.Numeric, row.BigNumeric, nullType:
		return true
	}
	return false
}

func (t *translator) binary(e env, x *binary) value {
	a, b := t.expr(e, x.x), t.expr(e, x.y)
	switch x.op {
	case "=", "<>", "<", ">", "<=", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		return t.compare(x.offset(), x.op, a, b)
	case "LIKE", "NOT LIKE":
		return t.like(x, a, b)
	case "||":
		return t.concat(x.offset(), "operator ||", []value{a, b})
	case "/":
		return t.divide(x, a, b)
	case "+", "-", "*":
		return t.arithmetic(x, a, b)
	}
	return t.bits(x, a, b)
}

// compare translates a comparison. Both sides must be of one type, or become so by themselves.
func (t *translator) compare(pos int, op string, a, b value) value {
	vals := []value{a, b}
	if t.supertype(vals) == nil {
		t.mismatch(pos, op, vals)
	}
	ty := t.unify(pos, "operator "+op, vals)
	if !hasEquality(ty) {
		t.fail(pos, "%s is not defined for arguments of type %s", op, ty)
	}
	if op != "=" && op != "<>" && op[0] != 'I' {
		t.comparable(pos, op, ty)
	}
	return value{sql: "(" + vals[0].sql + " " + op + " " + vals[1].sql + ")", t: tBool}
}

func (t *translator) mismatch(pos int, op string, vals []value) {
	if op == "<>" {
		op = "!="
	}
	t.fail(pos, "No matching signature for operator %s for argument types: %s", op, typeList(vals))
}

// like is LIKE, where a backslash takes % and _ as they are.
func (t *translator) like(x *binary, a, b value) value {
	vals := []value{a, b}
	ty := t.supertype(vals)
	if ty == nil || ty.kind != row.String && ty.kind != nullType {
		t.mismatch(x.offset(), x.op, vals)
	}
	return value{sql: "(" + a.sql + " " + x.op + " " + b.sql + ` ESCAPE '\')`, t: tBool}
}

// concat is || and CONCAT: of strings, bytes or arrays; NULL if any part is.
func (t *translator) concat(pos int, name string, vals []value) value {
	ty := t.supertype(vals)
	if ty == nil {
		t.fail(pos, "No matching signature for %s for argument types: %s", name, typeList(vals))
	}
	switch ty.kind {
	case row.String, row.Bytes, arrayType:
	case nullType:
		ty = tString
	default:
		t.fail(pos, "No matching signature for %s for argument types: %s", name, typeList(vals))
	}
	for i := range vals {
		vals[i] = t.coerce(vals[i], ty)
	}
	return value{sql: "(" + joinSQL(vals, " || ") + ")", t: ty}
}

// arithmetic is + - *. DuckDB raises an error itself when a BIGINT overflows.
func (t *translator) arithmetic(x *binary, a, b value) value {
	if v, ok := t.dateArithmetic(x, a, b); ok {
		return v
	}
	vals := []value{a, b}
	if !isNumber(a.t) || !isNumber(b.t) {
		t.mismatch(x.offset(), x.op, vals)
	}
	ty := t.unify(x.offset(), "operator "+x.op, vals)
	sql := "(" + vals[0].sql + " " + x.op + " " + vals[1].sql + ")"
	switch ty.kind {
	case row.Numeric:
		sql = "CAST(" + sql + " AS " + ty.duck() + ")"
	case row.BigNumeric:
		sql = bigCalc(x.op, vals)
	case nullType:
		ty = tInt
	}
	return value{sql: sql, t: ty}
}

// dateArithmetic is date ± days and date, time or timestamp ± INTERVAL.
func (t *translator) dateArithmetic(x *binary, a, b value) (value, bool) {
	if x.op == "*" {
		return value{}, false
	}
	if x.op == "+" && (a.t.kind == intervalType || a.t.kind == row.Int64) {
		a, b = b, a
	}
	temporal := slices.Contains([]row.Type{row.Date, row.Datetime, row.Timestamp}, a.t.kind)
	sql := "(" + a.sql + " " + x.op + " " + b.sql + ")"
	switch {
	case temporal && b.t.kind == intervalType:
		if a.t.kind == row.Date {
			return value{sql: sql, t: tDatetime}, true
		}
		return value{sql: sql, t: a.t}, true
	case a.t.kind == row.Date && b.t.kind == row.Int64:
		return value{sql: "(" + a.sql + " " + x.op + " CAST(" + b.sql + " AS INTEGER))", t: tDate}, true
	case temporal && x.op == "-" && a.t.equal(b.t):
		t.unsupported(x.offset(), "Difference of two %s values as an INTERVAL (use %s_DIFF)", a.t, a.t)
	}
	return value{}, false
}

// bigCalc is arithmetic of BIGNUMERICs, which DuckDB does not have: package bignumeric does it.
func bigCalc(op string, vals []value) string {
	return "bignumeric_calc('" + op + "', " + joinSQL(vals, ", ") + ")"
}

const divisionByZero = `'division by zero: ' || regexp_replace(CAST($1 AS VARCHAR), '\.0+$', '') || ' / ' || regexp_replace(CAST($2 AS VARCHAR), '\.0+$', '')`

// divide is /, which is never a division of integers and fails at zero.
func (t *translator) divide(x *binary, a, b value) value {
	vals := []value{a, b}
	if !isNumber(a.t) || !isNumber(b.t) {
		t.mismatch(x.offset(), "/", vals)
	}
	ty := t.supertype(vals)
	if ty.kind == row.Int64 || ty.kind == nullType {
		ty = tFloat
	}
	for i := range vals {
		vals[i] = t.coerce(vals[i], ty)
	}
	if ty.kind == row.BigNumeric {
		return value{sql: bigCalc("/", vals), t: ty}
	}
	body := "$1 / $2"
	if ty.kind != row.Float64 {
		body = "CAST($1 / $2 AS " + ty.duck() + ")"
	}
	return value{sql: t.expand("("+raise("$2 = 0", divisionByZero, body)+")", vals), t: ty}
}

// bits is & | ^ << >>.
func (t *translator) bits(x *binary, a, b value) value {
	for _, v := range []value{a, b} {
		if v.t.kind != row.Int64 && v.t.kind != nullType {
			t.mismatch(x.offset(), x.op, []value{a, b})
		}
	}
	if x.op == "^" {
		return value{sql: "xor(" + a.sql + ", " + b.sql + ")", t: tInt}
	}
	return value{sql: "(" + a.sql + " " + x.op + " " + b.sql + ")", t: tInt}
}
