package gsql

import (
	"strings"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	tokEOF    kind = iota
	tokIdent       // an unquoted identifier, keywords included
	tokQuoted      // an identifier in backquotes
	tokString      // a string literal; value is unescaped
	tokBytes       // a bytes literal; value is unescaped
	tokInt         // decimal or 0x…
	tokFloat       // a number with a point or an exponent
	tokParam       // @name; value is the name
	tokSymbol      // an operator or a punctuation mark
)

// token is one lexical element of GoogleSQL
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical).
type token struct {
	kind     kind
	value    string // unescaped, without quotes; of an identifier as written
	pos, end int    // bytes of the source
}

// upper returns the keyword that t may be: its text in capitals if it is unquoted, else "".
func (t token) upper() string {
	if t.kind != tokIdent {
		return ""
	}
	return strings.ToUpper(t.value)
}

// describe names t as BigQuery's syntax errors do.
func (t token) describe() string {
	switch t.kind {
	case tokEOF:
		return "end of script"
	case tokIdent:
		if reserved[t.upper()] {
			return "keyword " + t.upper()
		}
		return `identifier "` + t.value + `"`
	case tokQuoted:
		return "identifier `" + t.value + "`"
	case tokString:
		return `string literal "` + t.value + `"`
	case tokBytes:
		return "bytes literal"
	case tokInt:
		return `integer literal "` + t.value + `"`
	case tokFloat:
		return `floating point literal "` + t.value + `"`
	case tokParam:
		return `"@"`
	default:
		return `"` + t.value + `"`
	}
}

// symbols are the operators of more than one character, longest first where one begins another.
var symbols = []string{"<=", ">=", "<>", "!=", "||", "<<", ">>", "=>", "|>", "+=", "-=", "@@", "->"}

// lexer cuts src into tokens.
type lexer struct {
	src text
	pos int
}

// lex returns all tokens of src from byte offset pos on, the last one tokEOF.
func lex(src text, pos int) []token {
	l := &lexer{src: src, pos: pos}
	var toks []token
	for {
		t := l.next()
		toks = append(toks, t)
		if t.kind == tokEOF {
			return toks
		}
	}
}

func (l *lexer) peek(i int) byte {
	if l.pos+i < len(l.src) {
		return l.src[l.pos+i]
	}
	return 0
}

// next returns the next token.
func (l *lexer) next() token {
	l.skipSpace()
	start := l.pos
	if start >= len(l.src) {
		return token{kind: tokEOF, pos: start, end: start}
	}
	t := l.scan()
	t.pos, t.end = start, l.pos
	return t
}

func (l *lexer) scan() token {
	c := l.peek(0)
	if prefix, bytes, raw := l.stringPrefix(); prefix >= 0 {
		return l.stringLiteral(prefix, bytes, raw)
	}
	switch {
	case isIdentStart(c):
		return token{kind: tokIdent, value: l.word()}
	case c == '`':
		return l.backquoted()
	case isDigit(c), c == '.' && isDigit(l.peek(1)):
		return l.number()
	case c == '@' && isIdentStart(l.peek(1)):
		l.pos++
		return token{kind: tokParam, value: l.word()}
	}
	return l.symbol()
}

func (l *lexer) symbol() token {
	for _, s := range symbols {
		if strings.HasPrefix(string(l.src[l.pos:]), s) {
			l.pos += len(s)
			return token{kind: tokSymbol, value: s}
		}
	}
	if !strings.ContainsRune("()[]{},.;+-*/=<>~&|^?:@", rune(l.peek(0))) {
		r, _ := utf8.DecodeRuneInString(string(l.src[l.pos:]))
		l.src.fail(l.pos, "Syntax error: Illegal input character %q", string(r))
	}
	l.pos++
	return token{kind: tokSymbol, value: string(l.src[l.pos-1 : l.pos])}
}

// skipSpace passes over white space and the three kinds of comment.
func (l *lexer) skipSpace() {
	for l.pos < len(l.src) {
		c, d := l.peek(0), l.peek(1)
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			l.pos++
		case c == '#', c == '-' && d == '-':
			l.skipTo("\n", len(l.src))
		case c == '/' && d == '*':
			start := l.pos
			l.pos += 2
			if !l.skipTo("*/", -1) {
				l.src.fail(start, "Syntax error: Unclosed comment")
			}
		default:
			return
		}
	}
}

// skipTo moves behind the next mark, or to orElse if there is none.
func (l *lexer) skipTo(mark string, orElse int) bool {
	i := strings.Index(string(l.src[l.pos:]), mark)
	if i < 0 {
		l.pos = max(orElse, l.pos)
		return false
	}
	l.pos += i + len(mark)
	return true
}

func (l *lexer) word() string {
	start := l.pos
	for isIdentPart(l.peek(0)) {
		l.pos++
	}
	return string(l.src[start:l.pos])
}

// number scans an INT64 or FLOAT64 literal.
func (l *lexer) number() token {
	start, k := l.pos, tokInt
	if l.peek(0) == '0' && (l.peek(1) == 'x' || l.peek(1) == 'X') {
		l.pos += 2
		l.word()
		return token{kind: tokInt, value: string(l.src[start:l.pos])}
	}
	l.digits()
	if l.peek(0) == '.' {
		k = tokFloat
		l.pos++
		l.digits()
	}
	if c := l.peek(0) | 0x20; c == 'e' && l.exponent() {
		k = tokFloat
	}
	if isIdentStart(l.peek(0)) {
		l.src.fail(l.pos, "Syntax error: Missing whitespace between literal and alias")
	}
	return token{kind: k, value: string(l.src[start:l.pos])}
}

// exponent passes over e, a sign and digits; it moves nothing if that is not what follows.
func (l *lexer) exponent() bool {
	i := 1
	if c := l.peek(i); c == '+' || c == '-' {
		i++
	}
	if !isDigit(l.peek(i)) {
		return false
	}
	l.pos += i
	l.digits()
	return true
}

func (l *lexer) digits() {
	for isDigit(l.peek(0)) {
		l.pos++
	}
}

func isDigit(c byte) bool      { return c >= '0' && c <= '9' }
func isIdentStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isIdentPart(c byte) bool  { return isIdentStart(c) || isDigit(c) }
