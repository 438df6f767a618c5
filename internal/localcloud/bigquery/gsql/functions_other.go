package gsql

import "github.com/seneka-io/seneka/internal/row"

func conditionalFunctions() []function {
	return []function{
		special("IF", 3, 3, emitIf),
		special("IFNULL", 2, 2, emitCoalesce),
		special("COALESCE", 1, -1, emitCoalesce),
		special("NULLIF", 2, 2, emitNullif),
	}
}

func emitIf(c *callSite) value {
	cond := c.boolean(c.env, c.call.args[0], "function IF")
	vals := []value{c.arg(1), c.arg(2)}
	ty := c.unify(c.call.offset(), "function IF", vals)
	return value{sql: "CASE WHEN " + cond.sql + " THEN " + vals[0].sql + " ELSE " + vals[1].sql + " END", t: ty}
}

func emitCoalesce(c *callSite) value {
	vals := c.exprs(c.env, c.call.args)
	ty := c.unify(c.call.offset(), "function "+c.fn.name, vals)
	return value{sql: "coalesce(" + joinSQL(vals, ", ") + ")", t: ty}
}

func emitNullif(c *callSite) value {
	vals := []value{c.arg(0), c.arg(1)}
	ty := c.unify(c.call.offset(), "function NULLIF", vals)
	return value{sql: "nullif(" + joinSQL(vals, ", ") + ")", t: ty}
}

func otherFunctions() []function {
	return []function{
		special("GENERATE_UUID", 0, 0, emitUUID),
		special("SESSION_USER", 0, 0, emitUser),
		special("ERROR", 1, 1, emitError),
	}
}

func emitUUID(c *callSite) value {
	c.impure++
	return value{sql: "CAST(uuid() AS VARCHAR)", t: tString, impure: true}
}

func emitUser(c *callSite) value {
	return value{sql: quoteString(c.opts.User), t: tString}
}

// emitError fails when it is evaluated. Its type is that of NULL: it fits anywhere.
func emitError(c *callSite) value {
	v := c.typed(0, tString)
	return value{sql: c.expand("("+raise("TRUE", "coalesce($1, 'NULL')", "NULL")+")", []value{v}), t: &typ{kind: row.Int64}}
}
