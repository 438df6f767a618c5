package gsql

import (
	"strings"
)

// aggregate translates an aggregate or window function.
func (c *callSite) aggregate() value {
	x := c.call
	if x.over == nil {
		return c.groupAggregate()
	}
	if !c.env.win {
		c.fail(x.offset(), "Analytic function %s not allowed in %s", c.fn.name, c.env.clause)
	}
	c.impure++
	inner := c.env
	inner.win = false
	inner.clause = "window function"
	return c.build(inner, c.over(inner))
}

// groupAggregate translates an aggregate over the rows of a group. Its arguments see only FROM.
func (c *callSite) groupAggregate() value {
	x := c.call
	switch {
	case c.fn.class == windowOnly:
		c.fail(x.offset(), "Window function %s requires an OVER clause", c.fn.name)
	case c.env.scope == nil || !c.env.agg:
		if c.env.clause == "aggregate" {
			c.fail(x.offset(), "Aggregations of aggregations are not allowed")
		}
		c.fail(x.offset(), "Aggregate function %s not allowed in %s", c.fn.name, c.env.clause)
	}
	c.impure++
	c.env.aggs++
	loose := len(c.env.loose)
	v := c.build(env{scope: c.env.scope, clause: "aggregate"}, "")
	c.env.loose = c.env.loose[:loose]
	return v
}

// build writes name(arguments) with everything inside and behind it; over is the OVER clause.
func (c *callSite) build(e env, over string) value {
	c.env = e
	if c.fn.emitAgg != nil {
		return c.fn.emitAgg(c, over)
	}
	args := c.exprs(e, c.call.args)
	o := c.overload(args)
	vals := make([]value, len(args))
	for i, a := range args {
		vals[i] = c.coerce(a, o.in[i])
	}
	return c.finish(o.sql, vals, o.out, "", over)
}

// finish writes the call. A template is the call's name, or "name|wrap" where wrap is a template of
// the finished call, like CAST($1 AS BIGINT). filter is a condition on the rows.
func (c *callSite) finish(tmpl string, args []value, out *typ, filter, over string) value {
	c.checkModifiers(over)
	name, wrap, _ := strings.Cut(tmpl, "|")
	list := joinSQL(args, ", ")
	if c.call.distinct {
		list = "DISTINCT " + list
	}
	order := ""
	if len(c.call.order) > 0 {
		order = c.orderBy(c.env, c.call.order, nil)
	}
	if c.fn.class == windowOnly && c.call.nulls != "" {
		order = " " + c.call.nulls + " NULLS"
	}
	sql := name + "(" + list + order + ")"
	if filter != "" {
		sql += " FILTER (WHERE " + filter + ")"
	}
	sql += over
	if wrap != "" {
		sql = substitute(wrap, func(int) string { return sql })
	}
	return value{sql: sql, t: out}
}

// checkModifiers gives up at modifiers that this function does not take.
func (c *callSite) checkModifiers(over string) {
	x, list := c.call, strings.HasSuffix(c.fn.name, "_AGG")
	switch {
	case x.distinct && c.fn.class == windowOnly:
		c.fail(x.offset(), "Function %s does not support DISTINCT in arguments", c.fn.name)
	case x.distinct && over != "":
		c.unsupported(x.offset(), "DISTINCT in a window function")
	case len(x.order) > 0 && over != "":
		c.fail(x.offset(), "An ORDER BY clause in arguments is not supported for analytic function %s", c.fn.name)
	case len(x.order) > 0 && !list:
		c.fail(x.offset(), "ORDER BY in arguments is not supported by %s", c.fn.name)
	case x.limit != nil && !list:
		c.fail(x.offset(), "LIMIT in arguments is not supported by %s", c.fn.name)
	case x.nulls != "" && c.fn.name != "ARRAY_AGG" && !c.fn.nulls:
		c.fail(x.offset(), "IGNORE NULLS and RESPECT NULLS in arguments are not supported by %s", c.fn.name)
	case x.having != "" && c.fn.name != "ANY_VALUE":
		c.unsupported(x.offset(), "HAVING in the arguments of %s", c.fn.name)
	}
}

// over writes OVER (…), with named windows written out.
func (c *callSite) over(e env) string {
	w := c.resolveWindow(e, c.call.over, 0)
	var parts []string
	if len(w.partition) > 0 {
		vals := c.exprs(e, w.partition)
		for i, v := range vals {
			if !hasEquality(v.t) {
				c.fail(w.partition[i].offset(), "Partitioning by expressions of type %s is not allowed", v.t)
			}
		}
		parts = append(parts, "PARTITION BY "+joinSQL(vals, ", "))
	}
	if len(w.order) > 0 {
		o := e
		o.clause = "ORDER BY clause"
		parts = append(parts, strings.TrimSpace(c.orderBy(o, w.order, nil)))
	} else if c.fn.ordered {
		c.fail(c.call.offset(), "Window ORDER BY is required for analytic function %s", c.fn.name)
	}
	if w.frame != nil {
		if c.fn.frameless {
			c.fail(c.call.offset(), "Window framing clause is not allowed for analytic function %s", c.fn.name)
		}
		parts = append(parts, c.frame(e, w.frame))
	}
	return " OVER (" + strings.Join(parts, " ") + ")"
}

// resolveWindow merges a window with the named one that it builds on.
func (c *callSite) resolveWindow(e env, w *window, depth int) *window {
	if w.base == "" {
		return w
	}
	named := e.windows[strings.ToLower(w.base)]
	if named == nil || depth > maxDepth {
		c.fail(w.offset(), "Unrecognized window alias %s", w.base)
	}
	base := *c.resolveWindow(e, named, depth+1)
	if w.partition != nil || w.order != nil && base.order != nil {
		c.fail(w.offset(), "A window that extends window alias %s cannot replace its PARTITION BY or ORDER BY", w.base)
	}
	if w.order != nil {
		base.order = w.order
	}
	if w.frame != nil {
		base.frame = w.frame
	}
	return &base
}

func (c *callSite) frame(e env, f *frame) string {
	return f.unit + " BETWEEN " + c.bound(e, f.lo) + " AND " + c.bound(e, f.hi)
}

func (c *callSite) bound(e env, b bound) string {
	if b.n == nil {
		return b.kind
	}
	v := c.expr(e, b.n)
	if !isNumber(v.t) || !v.literal || strings.HasPrefix(v.text, "-") {
		c.fail(b.n.offset(), "Window framing expression must be a non-negative literal or parameter")
	}
	return v.sql + " " + b.kind
}
