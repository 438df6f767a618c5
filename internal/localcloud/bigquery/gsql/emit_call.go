package gsql

import (
	"slices"
	"strings"
)

// callSite is a function call being translated.
type callSite struct {
	*translator
	env  env
	call *call
	fn   *function
	safe bool // called as SAFE.name
}

// call translates a function call: an aggregate, a window function or a plain one.
func (t *translator) call(e env, x *call) value {
	name, safe := strings.CutPrefix(x.name, "SAFE.")
	fn := t.functions[name]
	if fn == nil {
		t.unsupported(x.offset(), "Function not found: %s", x.name)
	}
	c := &callSite{translator: t, env: e, call: x, fn: fn, safe: safe}
	if len(x.args) < fn.min || fn.max >= 0 && len(x.args) > fn.max {
		c.noSignature(t.exprs(e, x.args))
	}
	if x.star && name != "COUNT" {
		t.fail(x.offset(), "Argument * can only be used in COUNT(*)")
	}
	if fn.class == plain {
		c.refuseModifiers()
		return c.plain()
	}
	if safe {
		t.unsupported(x.offset(), "SAFE. with %s", name)
	}
	return c.aggregate()
}

// refuseModifiers gives up at what only aggregates and window functions may carry.
func (c *callSite) refuseModifiers() {
	switch x := c.call; {
	case x.over != nil:
		c.fail(x.offset(), "Function %s does not support an OVER clause", c.fn.name)
	case x.distinct:
		c.fail(x.offset(), "Function %s does not support DISTINCT in arguments", c.fn.name)
	case x.nulls != "" || x.having != "" || x.order != nil || x.limit != nil:
		c.fail(x.offset(), "Function %s does not support the modifiers of an aggregate", c.fn.name)
	}
}

// plain translates a function of one row.
func (c *callSite) plain() value {
	if c.fn.emit != nil {
		return c.safely(c.fn.emit(c))
	}
	return c.template(c.exprs(c.env, c.call.args))
}

// template picks the overload that fits the arguments and writes it.
func (c *callSite) template(args []value) value {
	o := c.overload(args)
	vals := make([]value, len(args))
	for i, a := range args {
		vals[i] = c.coerce(a, o.in[i])
	}
	tmpl := o.sql
	if o.guard != "" {
		tmpl = raise(o.guard, o.message, tmpl)
	}
	return c.safely(value{sql: c.expand(tmpl, vals), t: o.out, impure: slices.ContainsFunc(args, func(a value) bool { return a.impure })})
}

// safely makes an error NULL if the function was called with SAFE.
func (c *callSite) safely(v value) value {
	if !c.safe {
		return v
	}
	if v.impure {
		c.unsupported(c.call.offset(), "SAFE.%s of an aggregate, a subquery or a random number", c.fn.name)
	}
	v.sql = "TRY(" + v.sql + ")"
	return v
}

// overload returns the overload that is nearest to the arguments' types.
func (c *callSite) overload(args []value) *overload {
	var best *overload
	least := 0
	for i := range c.fn.overloads {
		o := &c.fn.overloads[i]
		if cost := c.cost(o, args); cost >= 0 && (best == nil || cost < least) {
			best, least = o, cost
		}
	}
	if best == nil {
		c.noSignature(args)
	}
	return best
}

func (c *callSite) cost(o *overload, args []value) int {
	if len(o.in) != len(args) {
		return -1
	}
	sum := 0
	for i, a := range args {
		d := c.coercible(a, o.in[i])
		if d < 0 {
			return -1
		}
		sum += d
	}
	return sum
}

// noSignature gives up at arguments that the function does not take.
func (c *callSite) noSignature(args []value) {
	if len(args) == 0 {
		c.fail(c.call.offset(), "No matching signature for function %s with no arguments", c.fn.name)
	}
	c.fail(c.call.offset(), "No matching signature for function %s for argument types: %s", c.fn.name, typeList(args))
}

// arg translates argument i.
func (c *callSite) arg(i int) value { return c.expr(c.env, c.call.args[i]) }

// typed translates argument i, which must become a value of that type.
func (c *callSite) typed(i int, ty *typ) value {
	v := c.arg(i)
	if c.coercible(v, ty) < 0 {
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	return c.coerce(v, ty)
}

// constantText returns argument i, which must be a STRING literal or parameter.
func (c *callSite) constantText(i int, what string) string {
	v := c.arg(i)
	if v.t.kind != "STRING" || !v.literal {
		c.unsupported(c.call.args[i].offset(), "%s of %s that is not a literal or a parameter", what, c.fn.name)
	}
	return v.text
}

// has reports whether argument i is there.
func (c *callSite) has(i int) bool { return i < len(c.call.args) }
