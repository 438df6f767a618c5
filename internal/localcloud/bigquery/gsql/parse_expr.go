package gsql

import "strings"

// expr reads an expression. The functions below it are the levels of precedence, loosest first
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#operator_precedence).
func (p *parser) expr() expr {
	defer p.enter()()
	return p.logic("OR", func() expr { return p.logic("AND", p.not) })
}

func (p *parser) exprList() []expr {
	list := []expr{p.expr()}
	for p.accept(",") {
		list = append(list, p.expr())
	}
	return list
}

// logic reads a chain of AND or of OR.
func (p *parser) logic(op string, operand func() expr) expr {
	x := operand()
	if !p.at(op) {
		return x
	}
	l := &logic{at: at(x.offset()), op: op, args: []expr{x}}
	for p.accept(op) {
		l.args = append(l.args, operand())
	}
	return l
}

func (p *parser) not() expr {
	pos := p.peek().pos
	if !p.accept("NOT") {
		return p.comparison()
	}
	defer p.enter()()
	return &unary{at: at(pos), op: "NOT", x: p.not()}
}

// comparison reads an operand and at most a few comparisons behind it.
func (p *parser) comparison() expr {
	x := p.bitOr()
	for {
		t := p.peek()
		var y expr
		switch {
		case t.kind == tokSymbol:
			y = p.compare(x)
		case t.is("IS"):
			y = p.is(x)
		default:
			y = p.notable(x)
		}
		if y == nil {
			return x
		}
		x = y
	}
}

func (p *parser) compare(x expr) expr {
	t := p.peek()
	op := p.acceptAny("=", "<=", ">=", "<>", "!=", "<", ">")
	if op == "" {
		return nil
	}
	if op == "!=" {
		op = "<>"
	}
	return &binary{at: at(t.pos), op: op, x: x, y: p.bitOr()}
}

func (p *parser) is(x expr) expr {
	pos := p.next().pos
	not := p.accept("NOT")
	if p.accept("DISTINCT", "FROM") {
		op := "IS DISTINCT FROM"
		if not {
			op = "IS NOT DISTINCT FROM"
		}
		return &binary{at: at(pos), op: op, x: x, y: p.bitOr()}
	}
	what := p.acceptAny("NULL", "TRUE", "FALSE")
	if what == "" {
		p.unexpected()
	}
	return &is{at: at(pos), x: x, not: not, what: what}
}

// notable reads the comparisons that may have NOT before them: IN, BETWEEN, LIKE.
func (p *parser) notable(x expr) expr {
	pos := p.peek().pos
	not := p.at("NOT") && (p.ahead(1).is("IN") || p.ahead(1).is("BETWEEN") || p.ahead(1).is("LIKE"))
	if not {
		p.next()
	}
	switch p.acceptAny("IN", "BETWEEN", "LIKE") {
	case "IN":
		return p.in(pos, x, not)
	case "BETWEEN":
		b := &between{at: at(pos), x: x, not: not, low: p.bitOr()}
		p.expect("AND")
		b.high = p.bitOr()
		return b
	case "LIKE":
		if t := p.peek(); (t.is("ANY") || t.is("SOME") || t.is("ALL")) && p.ahead(1).kind == tokSymbol {
			p.unsupported(t.pos, "LIKE %s", t.upper())
		}
		op := "LIKE"
		if not {
			op = "NOT LIKE"
		}
		return &binary{at: at(pos), op: op, x: x, y: p.bitOr()}
	}
	return nil
}

func (p *parser) in(pos int, x expr, not bool) expr {
	n := &in{at: at(pos), x: x, not: not}
	if p.accept("UNNEST") {
		p.expect("(")
		n.array = p.expr()
		p.expect(")")
		return n
	}
	p.expect("(")
	if t := p.afterParens(); t.is("SELECT") || t.is("WITH") {
		n.query = p.query()
	} else {
		n.list = p.exprList()
	}
	p.expect(")")
	return n
}

// chain reads operands joined by any of ops, to the left.
func (p *parser) chain(operand func() expr, ops ...string) expr {
	x := operand()
	for {
		pos := p.peek().pos
		if p.peek().kind != tokSymbol {
			return x
		}
		op := p.acceptAny(ops...)
		if op == "" {
			return x
		}
		x = &binary{at: at(pos), op: op, x: x, y: operand()}
	}
}

func (p *parser) bitOr() expr  { return p.chain(p.bitXor, "|") }
func (p *parser) bitXor() expr { return p.chain(p.bitAnd, "^") }
func (p *parser) bitAnd() expr { return p.chain(p.shift, "&") }
func (p *parser) shift() expr  { return p.chain(p.sum, "<<", ">>") }
func (p *parser) sum() expr    { return p.chain(p.product, "+", "-") }

func (p *parser) product() expr { return p.chain(p.unary, "*", "/", "||") }

func (p *parser) unary() expr {
	t := p.peek()
	if t.kind != tokSymbol {
		return p.postfix()
	}
	op := p.acceptAny("-", "+", "~")
	if op == "" {
		return p.postfix()
	}
	defer p.enter()()
	x := p.unary()
	if l, ok := x.(*literal); ok && op == "-" && (l.typ == "INT64" || l.typ == "FLOAT64") && !strings.HasPrefix(l.text, "-") {
		return &literal{at: at(t.pos), typ: l.typ, text: "-" + l.text}
	}
	return &unary{at: at(t.pos), op: op, x: x}
}

// postfix reads .name and [index] behind an expression.
func (p *parser) postfix() expr {
	x := p.primary()
	for {
		t := p.peek()
		switch {
		case t.is(".") && !p.ahead(1).is("*"):
			p.next()
			x = &field{at: at(t.pos), x: x, name: p.anyIdent()}
		case p.accept("["):
			x = p.index(t.pos, x)
		default:
			return x
		}
	}
}

func (p *parser) index(pos int, x expr) expr {
	n := &index{at: at(pos), x: x}
	for _, mode := range []string{"OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"} {
		if p.accept(mode, "(") {
			n.mode = mode
		}
	}
	n.i = p.expr()
	if n.mode != "" {
		p.expect(")")
	}
	p.expect("]")
	return n
}
