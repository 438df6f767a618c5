package gsql

import (
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// expr translates an expression. A column counts as loose only until it turns out to be part of a
// key that its SELECT groups by.
func (t *translator) expr(e env, x expr) value {
	defer t.enter(x.offset())()
	loose, impure := 0, t.impure
	if e.scope != nil {
		loose = len(e.loose)
	}
	v := t.dispatch(e, x)
	if e.scope != nil && e.keys[v.sql] {
		e.loose = e.loose[:min(loose, len(e.loose))]
	}
	v.pos = x.offset()
	v.impure = v.impure || t.impure > impure
	if len(v.sql) > maxSQL {
		t.fail(x.offset(), "Not enough resources for query planning - the query is too complex")
	}
	return v
}

func (t *translator) dispatch(e env, x expr) value {
	switch x := x.(type) {
	case *literal:
		return t.literal(x)
	case *param:
		return t.param(x)
	case *path:
		return t.path(e, x)
	case *field:
		return t.field(t.expr(e, x.x), x.name)
	case *index:
		return t.index(e, x)
	case *unary:
		return t.unary(e, x)
	case *binary:
		return t.binary(e, x)
	case *logic:
		return t.logic(e, x)
	case *is:
		return t.is(e, x)
	case *between:
		return t.between(e, x)
	case *in:
		return t.in(e, x)
	case *caseExpr:
		return t.caseExpr(e, x)
	case *cast:
		return t.castExpr(e, x)
	case *extract:
		return t.extract(e, x)
	case *interval:
		return t.interval(e, x)
	case *structExpr:
		return t.structExpr(e, x)
	case *arrayExpr:
		return t.arrayExpr(e, x)
	case *subquery:
		return t.subquery(e, x)
	default:
		return t.call(e, x.(*call))
	}
}

// exprs translates a list.
func (t *translator) exprs(e env, list []expr) []value {
	vals := make([]value, len(list))
	for i, x := range list {
		vals[i] = t.expr(e, x)
	}
	return vals
}

// join joins the SQL of values.
func joinSQL(vals []value, sep string) string {
	parts := make([]string, len(vals))
	for i, v := range vals {
		parts[i] = v.sql
	}
	return strings.Join(parts, sep)
}

// boolean translates x, which must be a BOOL.
func (t *translator) boolean(e env, x expr, where string) value {
	v := t.expr(e, x)
	if v.t.kind != row.Bool && v.t.kind != nullType {
		t.fail(x.offset(), "No matching signature for %s for argument types: %s", where, v.t)
	}
	return v
}

func (t *translator) logic(e env, x *logic) value {
	parts := make([]string, len(x.args))
	for i, a := range x.args {
		parts[i] = t.boolean(e, a, "operator "+x.op).sql
	}
	return value{sql: "(" + strings.Join(parts, " "+x.op+" ") + ")", t: tBool}
}

func (t *translator) is(e env, x *is) value {
	v := t.expr(e, x.x)
	op := " IS "
	if x.not {
		op = " IS NOT "
	}
	if x.what != "NULL" && v.t.kind != row.Bool && v.t.kind != nullType {
		t.fail(x.offset(), "No matching signature for operator IS %s for argument types: %s", x.what, v.t)
	}
	return value{sql: "(" + v.sql + op + x.what + ")", t: tBool}
}

func (t *translator) between(e env, x *between) value {
	vals := []value{t.expr(e, x.x), t.expr(e, x.low), t.expr(e, x.high)}
	t.unify(x.offset(), "operator BETWEEN", vals)
	t.comparable(x.offset(), "BETWEEN", vals[0].t)
	op := " BETWEEN "
	if x.not {
		op = " NOT BETWEEN "
	}
	return value{sql: "(" + vals[0].sql + op + vals[1].sql + " AND " + vals[2].sql + ")", t: tBool}
}

func (t *translator) in(e env, x *in) value {
	v := t.expr(e, x.x)
	switch {
	case x.array != nil:
		return t.inArray(e, x, v)
	case x.query != nil:
		return t.inQuery(e, x, v)
	}
	vals := append([]value{v}, t.exprs(e, x.list)...)
	t.unify(x.offset(), "operator IN", vals)
	return value{sql: "(" + vals[0].sql + inWord(x.not) + "(" + joinSQL(vals[1:], ", ") + "))", t: tBool}
}

func inWord(not bool) string {
	if not {
		return " NOT IN "
	}
	return " IN "
}

// inArray is x IN UNNEST(array): false for no elements, NULL if only a NULL may be meant.
func (t *translator) inArray(e env, x *in, v value) value {
	a := t.expr(e, x.array)
	if a.t.kind != arrayType {
		t.fail(x.array.offset(), "Second argument of IN UNNEST must be an array but was %s", a.t)
	}
	elem := t.supertype([]value{v, {t: a.t.elem}})
	if elem == nil {
		t.fail(x.offset(), "No matching signature for operator IN UNNEST for argument types: %s, %s", v.t, a.t)
	}
	args := []value{t.coerce(v, elem), t.coerce(a, arrayOf(elem))}
	sql := t.expand("CASE WHEN coalesce(len($2), 0) = 0 THEN FALSE WHEN $1 IS NULL THEN NULL "+
		"WHEN list_contains($2, $1) THEN TRUE WHEN list_count($2) < len($2) THEN NULL ELSE FALSE END", args)
	if x.not {
		sql = "(NOT " + sql + ")"
	}
	return value{sql: sql, t: tBool}
}

func (t *translator) inQuery(e env, x *in, v value) value {
	t.impure++
	r := t.query(x.query, e.scope)
	if len(r.cols) != 1 {
		t.fail(x.offset(), "Subquery of type IN must have only one output column")
	}
	to := t.supertype([]value{v, {t: r.cols[0].t}})
	if to == nil {
		t.fail(x.offset(), "No matching signature for operator IN for argument types: %s, %s", v.t, r.cols[0].t)
	}
	return value{sql: "(" + t.coerce(v, to).sql + inWord(x.not) + "(" + t.castResult(r, []*typ{to}) + "))", t: tBool}
}

func (t *translator) caseExpr(e env, x *caseExpr) value {
	var b strings.Builder
	b.WriteString("CASE")
	conds, results := t.caseParts(e, x)
	out := t.unify(x.offset(), "CASE", results)
	if x.x != nil {
		vals := append([]value{t.expr(e, x.x)}, conds...)
		t.unify(x.offset(), "CASE", vals)
		b.WriteString(" " + vals[0].sql)
		conds = vals[1:]
	}
	for i := range conds {
		b.WriteString(" WHEN " + conds[i].sql + " THEN " + results[i].sql)
	}
	if x.other != nil {
		b.WriteString(" ELSE " + results[len(results)-1].sql)
	}
	return value{sql: b.String() + " END", t: out}
}

// caseParts translates the conditions and the results, ELSE's being the last.
func (t *translator) caseParts(e env, x *caseExpr) (conds, results []value) {
	for _, w := range x.whens {
		if x.x == nil {
			conds = append(conds, t.boolean(e, w.cond, "CASE"))
		} else {
			conds = append(conds, t.expr(e, w.cond))
		}
		results = append(results, t.expr(e, w.then))
	}
	if x.other != nil {
		results = append(results, t.expr(e, x.other))
	}
	return conds, results
}

// index is array[…] or json[…].
func (t *translator) index(e env, x *index) value {
	v, i := t.expr(e, x.x), t.expr(e, x.i)
	if v.t.kind == row.JSON {
		return t.jsonIndex(x, v, i)
	}
	if v.t.kind != arrayType || t.coercible(i, tInt) < 0 {
		t.fail(x.offset(), "Element access using [] is not supported on values of type %s with an index of type %s", v.t, i.t)
	}
	args := []value{v, t.coerce(i, tInt)}
	n := "$2"
	if !strings.HasSuffix(x.mode, "ORDINAL") {
		n = "$2 + 1"
	}
	tmpl := "CASE WHEN $2 IS NULL OR " + n + " < 1 THEN NULL ELSE $1[" + n + "] END"
	if !strings.HasPrefix(x.mode, "SAFE") {
		tmpl = raise("$1 IS NOT NULL AND ("+n+" < 1 OR "+n+" > len($1))",
			"'Array index ' || CAST($2 AS VARCHAR) || ' is out of bounds'", "$1["+n+"]")
	}
	return value{sql: t.expand(tmpl, args), t: v.t.elem}
}

func (t *translator) jsonIndex(x *index, v, i value) value {
	switch {
	case i.t.kind == row.String && i.literal:
		return value{sql: "json_extract(" + v.sql + ", " + quoteString(jsonMember("$", i.text)) + ")", t: tJSON}
	case i.t.kind == row.Int64 && x.mode == "":
		return value{sql: "json_extract(" + v.sql + ", '$[' || CAST(" + i.sql + " AS VARCHAR) || ']')", t: tJSON}
	}
	t.unsupported(x.offset(), "JSON subscript of type %s", i.t)
	return value{}
}

// subquery is a query as an expression.
func (t *translator) subquery(e env, x *subquery) value {
	t.impure++
	r := t.query(x.query, e.scope)
	if x.kind == "EXISTS" {
		return value{sql: "EXISTS (" + r.sql + ")", t: tBool}
	}
	if len(r.cols) != 1 {
		kind := "Scalar subquery"
		if x.kind == "ARRAY" {
			kind = "ARRAY subquery"
		}
		t.fail(x.offset(), "%s cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values", kind)
	}
	if x.kind == "ARRAY" {
		if r.cols[0].t.kind == arrayType {
			t.fail(x.offset(), "Cannot use array subquery with column of type %s because nested arrays are not supported", r.cols[0].t)
		}
		return value{sql: "coalesce(ARRAY(" + r.sql + "), [])", t: arrayOf(r.cols[0].t)}
	}
	return value{sql: "(" + r.sql + ")", t: r.cols[0].t}
}
