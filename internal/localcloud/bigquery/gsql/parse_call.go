package gsql

import "strings"

// name reads a path of names, or the call of a function.
func (p *parser) name() expr {
	first := p.ident()
	x := &path{at: first.at, parts: []ident{first}}
	for p.at(".") && !p.ahead(1).is("*") {
		p.next()
		if len(x.parts) == maxDepth {
			p.fail(p.peek().pos, "Name has more than %d parts", maxDepth)
		}
		x.parts = append(x.parts, p.anyIdent())
	}
	if !p.at("(") {
		if len(x.parts) == 1 && nowNames[strings.ToUpper(first.name)] && !first.quoted {
			return &call{at: first.at, name: strings.ToUpper(first.name)}
		}
		return x
	}
	full := make([]string, len(x.parts))
	for i, part := range x.parts {
		full[i] = part.name
	}
	return p.call(ident{at: first.at, name: strings.Join(full, ".")})
}

// call reads a call's arguments and everything that may follow them.
func (p *parser) call(name ident) expr {
	c := &call{at: name.at, name: strings.ToUpper(name.name)}
	p.expect("(")
	c.distinct = p.accept("DISTINCT")
	if p.at("*") && p.ahead(1).is(")") {
		p.next()
		c.star = true
	} else if !p.at(")") {
		p.callArgs(c)
	}
	p.callModifiers(c)
	p.expect(")")
	if p.accept("OVER") {
		c.over = p.overClause()
	}
	return c
}

func (p *parser) callArgs(c *call) {
	for {
		if t := p.ahead(1); t.is("=>") {
			p.unsupported(p.peek().pos, "Named argument %s of %s", p.peek().value, c.name)
		}
		if p.at("SELECT") {
			p.fail(p.peek().pos, "Syntax error: Unexpected keyword SELECT")
		}
		c.args = append(c.args, p.expr())
		if !p.accept(",") {
			return
		}
	}
}

// callModifiers reads what may stand behind an aggregate's arguments, in its order.
func (p *parser) callModifiers(c *call) {
	if c.nulls = p.acceptAny("IGNORE", "RESPECT"); c.nulls != "" {
		p.expect("NULLS")
	}
	if p.accept("HAVING") {
		if c.having = p.acceptAny("MAX", "MIN"); c.having == "" {
			p.unexpected()
		}
		c.havingBy = p.expr()
	}
	if p.accept("ORDER") {
		p.expect("BY")
		c.order = p.orderItems()
	}
	if p.accept("LIMIT") {
		c.limit = p.count()
	}
}

// overClause reads what follows OVER: a window's name, or a window in parentheses.
func (p *parser) overClause() *window {
	if t := p.peek(); t.isName() {
		return &window{at: at(t.pos), base: p.ident().name}
	}
	return p.window()
}

// window reads ([name] [PARTITION BY …] [ORDER BY …] [frame]), or a name.
func (p *parser) window() *window {
	w := &window{at: at(p.peek().pos)}
	if p.peek().isName() {
		w.base = p.ident().name
		return w
	}
	p.expect("(")
	if t := p.peek(); t.isName() {
		w.base = p.ident().name
	}
	if p.accept("PARTITION") {
		p.expect("BY")
		w.partition = p.exprList()
	}
	if p.accept("ORDER") {
		p.expect("BY")
		w.order = p.orderItems()
	}
	if unit := p.acceptAny("ROWS", "RANGE"); unit != "" {
		w.frame = p.frame(unit)
	}
	p.expect(")")
	return w
}

func (p *parser) frame(unit string) *frame {
	f := &frame{unit: unit, hi: bound{kind: "CURRENT ROW"}}
	if !p.accept("BETWEEN") {
		f.lo = p.bound()
		return f
	}
	f.lo = p.bound()
	p.expect("AND")
	f.hi = p.bound()
	return f
}

func (p *parser) bound() bound {
	if p.accept("CURRENT") {
		p.expect("ROW")
		return bound{kind: "CURRENT ROW"}
	}
	b := bound{}
	if p.accept("UNBOUNDED") {
		b.kind = "UNBOUNDED "
	} else {
		b.n = p.bitOr()
	}
	side := p.acceptAny("PRECEDING", "FOLLOWING")
	if side == "" {
		p.unexpected()
	}
	b.kind += side
	return b
}
