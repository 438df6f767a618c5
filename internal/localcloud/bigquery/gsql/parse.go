package gsql

import "strings"

// maxLength is BigQuery's limit for a query's text, in bytes.
const maxLength = 1 << 20

// maxDepth bounds how deep queries and expressions may nest in each other.
const maxDepth = 100

// parser reads tokens by recursive descent. It gives up by panic, see text.
type parser struct {
	text
	toks   []token
	i      int
	depth  int
	params int // positional parameters seen
}

// parse reads the one statement that src is.
func parse(src text) *query {
	if len(src) > maxLength {
		src.fail(0, "The query is too large. The maximum standard SQL query length is 1024.00K characters")
	}
	p := &parser{text: src, toks: lex(src, 0)}
	p.refuseStatement()
	q := p.query()
	p.accept(";")
	if t := p.peek(); t.kind != tokEOF {
		if strings.EqualFold(t.value, "SELECT") || statements[t.upper()] {
			p.unsupported(t.pos, "More than one statement")
		}
		p.fail(t.pos, "Syntax error: Expected end of input but got %s", t.describe())
	}
	return q
}

// refuseStatement gives up if the text starts like a statement that is not a query.
func (p *parser) refuseStatement() {
	if t := p.peek(); statements[t.upper()] {
		p.unsupported(t.pos, "Statement %s", t.upper())
	} else if t.kind == tokEOF {
		p.fail(t.pos, "Syntax error: Unexpected end of statement")
	}
	if t := p.peek(); t.upper() == "FROM" {
		p.unsupported(t.pos, "Pipe syntax")
	}
}

// enter counts one more level of nesting until the returned function is called.
func (p *parser) enter() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.peek().pos, "Query is nested too deeply: more than %d levels", maxDepth)
	}
	return func() { p.depth-- }
}

func (p *parser) peek() token { return p.toks[p.i] }

// ahead returns the token n behind the next one.
func (p *parser) ahead(n int) token { return p.toks[min(p.i+n, len(p.toks)-1)] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != tokEOF {
		p.i++
	}
	return t
}

// is reports whether t is the keyword or symbol w.
func (t token) is(w string) bool {
	return t.kind == tokSymbol && t.value == w || t.kind == tokIdent && strings.EqualFold(t.value, w)
}

// at reports whether the next tokens are these keywords or symbols.
func (p *parser) at(words ...string) bool {
	for n, w := range words {
		if !p.ahead(n).is(w) {
			return false
		}
	}
	return true
}

// accept takes the next tokens if they are these keywords or symbols.
func (p *parser) accept(words ...string) bool {
	if !p.at(words...) {
		return false
	}
	p.i += len(words)
	return true
}

// acceptAny takes the next token if it is one of words and returns which, in capitals.
func (p *parser) acceptAny(words ...string) string {
	for _, w := range words {
		if p.accept(w) {
			return w
		}
	}
	return ""
}

// expect takes these keywords or symbols or gives up.
func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			t := p.peek()
			p.fail(t.pos, "Syntax error: Expected %s but got %s", expected(w), t.describe())
		}
	}
}

func expected(w string) string {
	if isIdentStart(w[0]) {
		return "keyword " + w
	}
	return `"` + w + `"`
}

// unexpected gives up at the next token.
func (p *parser) unexpected() {
	t := p.peek()
	if t.is("|>") {
		p.unsupported(t.pos, "Pipe syntax")
	}
	p.fail(t.pos, "Syntax error: Unexpected %s", t.describe())
}

// isName reports whether t can be a name.
func (t token) isName() bool {
	return t.kind == tokQuoted || t.kind == tokIdent && !reserved[t.upper()]
}

// ident takes a name.
func (p *parser) ident() ident {
	if !p.peek().isName() {
		p.unexpected()
	}
	return p.anyIdent()
}

// anyIdent takes a name that may be a keyword, as after a point.
func (p *parser) anyIdent() ident {
	t := p.peek()
	if t.kind != tokIdent && t.kind != tokQuoted {
		p.unexpected()
	}
	p.i++
	return ident{at: at(t.pos), name: t.value, quoted: t.kind == tokQuoted}
}

// alias takes [AS] name, or nothing.
func (p *parser) alias() *ident {
	if p.accept("AS") {
		id := p.ident()
		return &id
	}
	if t := p.peek(); t.isName() && !(tableSuffixes[t.upper()] && p.ahead(1).is("(")) {
		id := p.ident()
		return &id
	}
	return nil
}

// tableSuffixes are operators behind a table that look like its alias.
var tableSuffixes = words("PIVOT UNPIVOT MATCH_RECOGNIZE")

// relex cuts the text anew from byte offset pos on.
func (p *parser) relex(pos int) {
	p.toks = append(p.toks[:p.i:p.i], lex(p.text, pos)...)
}
