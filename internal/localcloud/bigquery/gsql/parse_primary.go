package gsql

import (
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// primary reads an expression that no operator divides.
func (p *parser) primary() expr {
	t := p.peek()
	switch t.kind {
	case tokString:
		p.next()
		return &literal{at: at(t.pos), typ: row.String, text: t.value}
	case tokBytes:
		p.next()
		return &literal{at: at(t.pos), typ: row.Bytes, text: t.value}
	case tokInt:
		p.next()
		return &literal{at: at(t.pos), typ: row.Int64, text: t.value}
	case tokFloat:
		p.next()
		return &literal{at: at(t.pos), typ: row.Float64, text: t.value}
	case tokParam:
		p.next()
		return &param{at: at(t.pos), name: t.value}
	case tokIdent:
		if x := p.keyword(); x != nil {
			return x
		}
		return p.name()
	case tokQuoted:
		return p.name()
	}
	return p.symbolic()
}

// symbolic reads what starts with a punctuation mark.
func (p *parser) symbolic() expr {
	t := p.peek()
	switch {
	case p.accept("?"):
		p.params++
		return &param{at: at(t.pos), index: p.params}
	case p.at("@@"):
		p.unsupported(t.pos, "System variable")
	case p.at("["):
		return p.array(t.pos, nil)
	case p.accept("("):
		return p.parens(t.pos)
	}
	p.unexpected()
	return nil
}

// parens reads, after (, a subquery, a struct (a, b) or an expression.
func (p *parser) parens(pos int) expr {
	if t := p.afterParens(); t.is("SELECT") || t.is("WITH") {
		if !p.at("(") || p.queryAhead() {
			return p.subqueryEnd(pos, "")
		}
	}
	x := p.expr()
	if !p.at(",") {
		p.expect(")")
		return x
	}
	s := &structExpr{at: at(pos), fields: []selectItem{{at: at(x.offset()), x: x}}}
	for p.accept(",") {
		x := p.expr()
		s.fields = append(s.fields, selectItem{at: at(x.offset()), x: x})
	}
	p.expect(")")
	return s
}

// queryAhead tells whether the parentheses that start here hold a query that is an operand of a set
// operation, and not a subquery that is an operand of an expression.
func (p *parser) queryAhead() bool {
	level := 0
	for n := 0; ; n++ {
		switch t := p.ahead(n); {
		case t.kind == tokEOF:
			return false
		case t.is("("):
			level++
		case t.is(")"):
			if level--; level == 0 {
				after := p.ahead(n + 1)
				return after.is("UNION") || after.is("INTERSECT") || after.is("EXCEPT") ||
					after.is("ORDER") || after.is("LIMIT") || after.is(")")
			}
		}
	}
}

// keyword reads what starts with a keyword that has its own grammar; nil if the next one has not.
func (p *parser) keyword() expr {
	t := p.peek()
	switch w := t.upper(); w {
	case "NULL":
		p.next()
		return &literal{at: at(t.pos)}
	case "TRUE", "FALSE":
		p.next()
		return &literal{at: at(t.pos), typ: row.Bool, text: strings.ToLower(w)}
	case "DATE", "DATETIME", "TIME", "TIMESTAMP", "NUMERIC", "DECIMAL", "BIGNUMERIC", "BIGDECIMAL", "JSON":
		if p.ahead(1).kind != tokString {
			return nil
		}
		p.next()
		return &literal{at: at(t.pos), typ: scalars[w].kind, text: p.next().value}
	case "CASE":
		return p.caseExpr()
	case "CAST", "SAFE_CAST":
		return p.cast()
	case "EXTRACT":
		return p.extract()
	case "INTERVAL":
		return p.interval()
	case "EXISTS":
		p.next()
		p.expect("(")
		return p.subqueryEnd(t.pos, "EXISTS")
	case "ARRAY":
		return p.arrayWord()
	case "STRUCT":
		return p.structWord()
	case "IF", "LEFT", "RIGHT", "CURRENT":
		if p.ahead(1).is("(") {
			return p.call(ident{at: at(t.pos), name: p.next().value})
		}
	}
	return nil
}

func (p *parser) subqueryEnd(pos int, kind string) expr {
	s := &subquery{at: at(pos), kind: kind, query: p.query()}
	p.expect(")")
	return s
}

func (p *parser) caseExpr() expr {
	c := &caseExpr{at: at(p.next().pos)}
	if !p.at("WHEN") {
		c.x = p.expr()
	}
	for p.accept("WHEN") {
		w := when{cond: p.expr()}
		p.expect("THEN")
		w.then = p.expr()
		c.whens = append(c.whens, w)
	}
	if len(c.whens) == 0 {
		p.expect("WHEN")
	}
	if p.accept("ELSE") {
		c.other = p.expr()
	}
	p.expect("END")
	return c
}

func (p *parser) cast() expr {
	t := p.next()
	c := &cast{at: at(t.pos), safe: t.upper() == "SAFE_CAST"}
	p.expect("(")
	c.x = p.expr()
	p.expect("AS")
	c.to = p.typeName()
	if p.at("FORMAT") || p.at("AT") {
		p.unsupported(p.peek().pos, "CAST with %s", p.peek().upper())
	}
	p.expect(")")
	return c
}

func (p *parser) extract() expr {
	e := &extract{at: at(p.next().pos)}
	p.expect("(")
	e.part = p.expr()
	p.expect("FROM")
	e.x = p.expr()
	if p.accept("AT", "TIME", "ZONE") {
		e.zone = p.expr()
	}
	p.expect(")")
	return e
}

func (p *parser) interval() expr {
	n := &interval{at: at(p.next().pos)}
	if t := p.peek(); t.kind == tokString {
		p.unsupported(t.pos, "INTERVAL with a string")
	}
	n.n = p.expr()
	n.part = p.ident()
	return n
}

func (p *parser) arrayWord() expr {
	pos := p.next().pos
	if p.accept("(") {
		return p.subqueryEnd(pos, "ARRAY")
	}
	var elem *typ
	if p.accept("<") {
		elem = p.typeName()
		p.closeAngle()
	}
	return p.array(pos, elem)
}

func (p *parser) array(pos int, elem *typ) expr {
	a := &arrayExpr{at: at(pos), elem: elem}
	p.expect("[")
	if !p.at("]") {
		a.elems = p.exprList()
	}
	p.expect("]")
	return a
}

func (p *parser) structWord() expr {
	s := &structExpr{at: at(p.peek().pos)}
	if p.ahead(1).is("<") {
		s.typ = p.typeName()
	} else {
		p.next()
	}
	p.expect("(")
	for !p.at(")") {
		item := selectItem{at: at(p.peek().pos), x: p.expr()}
		if p.accept("AS") {
			id := p.ident()
			item.alias = &id
		}
		s.fields = append(s.fields, item)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return s
}

// typeName reads a type: a scalar's name, ARRAY<T> or STRUCT<name T, …>.
func (p *parser) typeName() *typ {
	defer p.enter()()
	t := p.peek()
	switch {
	case p.accept("ARRAY", "<"):
		elem := p.typeName()
		p.closeAngle()
		return arrayOf(elem)
	case p.accept("STRUCT", "<"):
		return p.structType()
	}
	id := p.anyIdent()
	found := scalars[strings.ToUpper(id.name)]
	switch {
	case strings.EqualFold(id.name, "INTERVAL"), strings.EqualFold(id.name, "GEOGRAPHY"), strings.EqualFold(id.name, "RANGE"):
		p.unsupported(t.pos, "Type %s", strings.ToUpper(id.name))
	case found == nil:
		p.fail(t.pos, "Type not found: %s", id.name)
	case p.at("("):
		p.unsupported(p.peek().pos, "Parameterized type %s", found)
	}
	return found
}

func (p *parser) structType() *typ {
	s := &typ{kind: row.Struct}
	for !p.at(">") && !p.at(">>") {
		f := typeField{}
		if n := p.ahead(1); n.kind == tokIdent || n.kind == tokQuoted {
			f.name = p.ident().name
		}
		f.typ = p.typeName()
		s.fields = append(s.fields, f)
		if !p.accept(",") {
			break
		}
	}
	p.closeAngle()
	return s
}

// closeAngle takes >, which may be the first half of >>.
func (p *parser) closeAngle() {
	if t := p.peek(); t.is(">>") {
		p.toks[p.i].value = ">"
		p.toks[p.i].pos++
		return
	}
	p.expect(">")
}
