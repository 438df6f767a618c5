package gsql

import "strings"

// fromClause reads items joined by commas and JOINs, which associate to the left.
func (p *parser) fromClause() fromItem {
	x := p.fromItem()
	for {
		pos := p.peek().pos
		if p.accept(",") {
			x = &join{at: at(pos), kind: "CROSS", x: x, y: p.fromItem()}
			continue
		}
		kind := p.joinKind()
		if kind == "" {
			return x
		}
		j := &join{at: at(pos), kind: kind, x: x, y: p.fromItem()}
		p.joinCondition(j)
		x = j
	}
}

// joinKind takes the words up to JOIN and returns which join it is, or "".
func (p *parser) joinKind() string {
	if p.at("NATURAL") {
		p.unsupported(p.peek().pos, "NATURAL JOIN")
	}
	kind := p.acceptAny("JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL")
	switch kind {
	case "", "JOIN":
		return strings.Replace(kind, "JOIN", "INNER", 1)
	case "LEFT", "RIGHT", "FULL":
		p.accept("OUTER")
	}
	p.expect("JOIN")
	return kind
}

func (p *parser) joinCondition(j *join) {
	switch {
	case j.kind == "CROSS":
	case p.accept("ON"):
		j.on = p.expr()
	case p.accept("USING"):
		p.expect("(")
		j.using = p.identList()
	default:
		if _, array := j.y.(*unnest); array || isArrayPath(j.y) {
			return // every element of the array: no condition is needed
		}
		t := p.peek()
		p.fail(t.pos, "Syntax error: Expected keyword ON or keyword USING but got %s", t.describe())
	}
}

// isArrayPath reports whether item may be an array of a table before it: alias.column.
func isArrayPath(item fromItem) bool {
	t, ok := item.(*tableRef)
	return ok && len(t.parts) > 1
}

func (p *parser) fromItem() fromItem {
	defer p.enter()()
	t := p.peek()
	var item fromItem
	switch {
	case p.accept("UNNEST"):
		item = p.unnest(t.pos)
	case p.at("("):
		item = p.parenthesized()
	case t.kind == tokString:
		p.fail(t.pos, "Syntax error: Unexpected %s", t.describe())
	default:
		item = p.tableRef()
	}
	p.refuseTableSuffix()
	return item
}

// refuseTableSuffix gives up at what may follow a table in GoogleSQL but not here.
func (p *parser) refuseTableSuffix() {
	for _, w := range []string{"PIVOT", "UNPIVOT", "TABLESAMPLE", "MATCH_RECOGNIZE"} {
		if p.at(w) && (w == "TABLESAMPLE" || p.ahead(1).is("(")) {
			p.unsupported(p.peek().pos, "%s", w)
		}
	}
	if p.at("FOR", "SYSTEM_TIME") || p.at("FOR", "SYSTEM") {
		p.unsupported(p.peek().pos, "FOR SYSTEM_TIME AS OF")
	}
}

func (p *parser) unnest(pos int) *unnest {
	u := &unnest{at: at(pos)}
	p.expect("(")
	u.x = p.expr()
	p.expect(")")
	u.alias = p.alias()
	u.withOffset, u.offsetAlias = p.withOffset()
	return u
}

// withOffset reads [WITH OFFSET [[AS] alias]].
func (p *parser) withOffset() (bool, *ident) {
	if !p.accept("WITH", "OFFSET") {
		return false, nil
	}
	return true, p.alias()
}

// parenthesized reads a subquery or joins in parentheses.
func (p *parser) parenthesized() fromItem {
	pos := p.next().pos
	if n := p.afterParens(); (n.is("SELECT") || n.is("WITH")) && (!p.at("(") || p.queryAhead()) {
		d := &derived{at: at(pos), query: p.query()}
		p.expect(")")
		d.alias = p.alias()
		return d
	}
	item := p.fromClause()
	p.expect(")")
	return item
}

// afterParens returns the first token ahead that is no opening parenthesis.
func (p *parser) afterParens() token {
	n := 0
	for p.ahead(n).is("(") {
		n++
	}
	return p.ahead(n)
}

func (p *parser) tableRef() *tableRef {
	t := &tableRef{at: at(p.peek().pos), parts: p.tablePath()}
	if p.at("(") {
		p.unsupported(t.offset(), "Table-valued function %s", t.parts[len(t.parts)-1].name)
	}
	if p.at("*") {
		p.unsupported(p.peek().pos, "Wildcard table")
	}
	t.alias = p.alias()
	t.withOffset, t.offsetAlias = p.withOffset()
	return t
}

// tablePath reads a table's name: project.dataset.table, all of it or parts of it in backquotes,
// the project with dashes.
func (p *parser) tablePath() []ident {
	parts := p.tablePart(p.dashedIdent())
	for p.accept(".") {
		parts = append(parts, p.tablePart(p.anyIdent())...)
	}
	return parts
}

// tablePart splits an identifier in backquotes at its points.
func (p *parser) tablePart(id ident) []ident {
	if !id.quoted {
		return []ident{id}
	}
	if strings.HasSuffix(id.name, "*") {
		p.unsupported(id.offset(), "Wildcard table `%s`", id.name)
	}
	var parts []ident
	for s := range strings.SplitSeq(id.name, ".") {
		if s == "" {
			p.fail(id.offset(), "Invalid table name: `%s`", id.name)
		}
		parts = append(parts, ident{at: id.at, name: s, quoted: true})
	}
	return parts
}

// dashedIdent takes a name that may hold dashes: my-project.
func (p *parser) dashedIdent() ident {
	id := p.ident()
	end := p.toks[p.i-1].end
	if id.quoted || end >= len(p.text) || p.text[end] != '-' {
		return id
	}
	for end < len(p.text) && (isIdentPart(p.text[end]) || p.text[end] == '-' && p.text[end+1:] != "" && isIdentPart(p.text[end+1])) {
		end++
	}
	id.name = string(p.text[id.offset():end])
	p.relex(end)
	return id
}
