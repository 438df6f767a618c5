package gsql

import "strings"

// query reads [WITH …] body [ORDER BY …] [LIMIT … [OFFSET …]].
func (p *parser) query() *query {
	defer p.enter()()
	q := &query{at: at(p.peek().pos)}
	if p.accept("WITH") {
		q.with = p.ctes()
	}
	q.body = p.queryBody()
	if p.accept("ORDER") {
		p.expect("BY")
		q.order = p.orderItems()
	}
	if p.accept("LIMIT") {
		q.limit = p.count()
		if p.accept("OFFSET") {
			q.skip = p.count()
		}
	}
	if p.at("|>") {
		p.unexpected()
	}
	return q
}

func (p *parser) ctes() []cte {
	if p.at("RECURSIVE") {
		p.unsupported(p.peek().pos, "WITH RECURSIVE")
	}
	var list []cte
	for {
		c := cte{name: p.ident()}
		p.expect("AS", "(")
		c.query = p.query()
		p.expect(")")
		list = append(list, c)
		if !p.accept(",") {
			return list
		}
	}
}

// count reads what LIMIT and OFFSET take: an integer or a parameter.
func (p *parser) count() expr {
	if t := p.peek(); t.kind != tokInt && t.kind != tokParam && !t.is("?") {
		p.unexpected()
	}
	return p.primary()
}

// queryBody reads SELECTs joined by set operators, which associate to the left and must be alike.
func (p *parser) queryBody() queryBody {
	x := p.queryTerm()
	first := ""
	for {
		pos := p.peek().pos
		op := p.setOperator()
		if op == "" {
			return x
		}
		if first != "" && (first != op || strings.HasPrefix(op, "EXCEPT")) {
			p.fail(pos, "Syntax error: Different set operations cannot be used in the same query without using parentheses for grouping")
		}
		first = op
		x = &setOperation{at: at(pos), op: op, x: x, y: p.queryTerm()}
	}
}

// setOperator takes UNION, INTERSECT or EXCEPT and returns DuckDB's word for it, or "".
func (p *parser) setOperator() string {
	op := p.acceptAny("UNION", "INTERSECT", "EXCEPT")
	if op == "" {
		return ""
	}
	switch p.acceptAny("ALL", "DISTINCT") {
	case "ALL":
		if op != "UNION" {
			p.unsupported(p.peek().pos, "%s ALL", op)
		}
		return "UNION ALL"
	case "DISTINCT":
		return op
	}
	p.expect("ALL")
	return ""
}

func (p *parser) queryTerm() queryBody {
	if p.accept("(") {
		q := p.query()
		p.expect(")")
		return q
	}
	if !p.at("SELECT") {
		t := p.peek()
		if statements[t.upper()] {
			p.unsupported(t.pos, "Statement %s", t.upper())
		}
		p.unexpected()
	}
	return p.selectBody()
}

func (p *parser) selectBody() *selectBody {
	s := &selectBody{at: at(p.next().pos)}
	if !p.accept("ALL") {
		s.distinct = p.accept("DISTINCT")
	}
	if p.accept("AS", "STRUCT") {
		s.as = "STRUCT"
	} else if p.accept("AS", "VALUE") {
		s.as = "VALUE"
	}
	s.items = p.selectItems()
	if p.accept("FROM") {
		s.from = p.fromClause()
	}
	if p.accept("WHERE") {
		s.where = p.expr()
	}
	if p.at("GROUP") {
		s.group = p.groupBy()
	}
	if p.accept("HAVING") {
		s.having = p.expr()
	}
	if p.accept("QUALIFY") {
		s.qualify = p.expr()
	}
	if p.accept("WINDOW") {
		s.windows = p.namedWindows()
	}
	return s
}

func (p *parser) selectItems() []selectItem {
	items := []selectItem{p.selectItem()}
	for p.accept(",") {
		if p.at("FROM") { // a comma may follow the last item
			break
		}
		items = append(items, p.selectItem())
	}
	return items
}

func (p *parser) selectItem() selectItem {
	item := selectItem{at: at(p.peek().pos)}
	if p.accept("*") {
		p.starModifiers(&item)
		return item
	}
	item.x = p.expr()
	if p.accept(".", "*") {
		p.starModifiers(&item)
		return item
	}
	item.alias = p.alias()
	return item
}

// starModifiers reads what may follow *: EXCEPT (…) and REPLACE (…).
func (p *parser) starModifiers(item *selectItem) {
	item.star = true
	if p.accept("EXCEPT", "(") {
		item.except = p.identList()
	}
	if p.accept("REPLACE", "(") {
		for {
			r := selectItem{at: at(p.peek().pos), x: p.expr()}
			p.expect("AS")
			id := p.ident()
			r.alias = &id
			item.replace = append(item.replace, r)
			if !p.accept(",") {
				break
			}
		}
		p.expect(")")
	}
}

// identList reads names up to the closing parenthesis.
func (p *parser) identList() []ident {
	list := []ident{p.ident()}
	for p.accept(",") {
		list = append(list, p.ident())
	}
	p.expect(")")
	return list
}

func (p *parser) groupBy() *groupBy {
	g := &groupBy{at: at(p.next().pos)}
	p.expect("BY")
	if p.accept("ALL") {
		g.all = true
		return g
	}
	if t := p.peek(); t.is("GROUPING") || t.is("CUBE") {
		p.unsupported(t.pos, "GROUP BY %s", t.upper())
	}
	if g.rollup = p.accept("ROLLUP", "("); g.rollup {
		g.keys = p.exprList()
		p.expect(")")
		return g
	}
	g.keys = p.exprList()
	return g
}

func (p *parser) orderItems() []orderItem {
	list := []orderItem{p.orderItem()}
	for p.accept(",") {
		list = append(list, p.orderItem())
	}
	return list
}

func (p *parser) orderItem() orderItem {
	o := orderItem{x: p.expr()}
	if p.at("COLLATE") {
		p.unsupported(p.peek().pos, "COLLATE")
	}
	if !p.accept("ASC") {
		o.desc = p.accept("DESC")
	}
	if p.accept("NULLS") {
		first := p.accept("FIRST")
		if !first {
			p.expect("LAST")
		}
		o.nullsFirst = &first
	}
	return o
}

func (p *parser) namedWindows() map[string]*window {
	named := make(map[string]*window)
	for {
		id := p.ident()
		p.expect("AS")
		if _, twice := named[strings.ToLower(id.name)]; twice {
			p.fail(id.offset(), "Duplicate window alias %s", id.name)
		}
		named[strings.ToLower(id.name)] = p.window()
		if !p.accept(",") {
			return named
		}
	}
}
