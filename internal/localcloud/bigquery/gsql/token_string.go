package gsql

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// stringPrefix tells whether a string or bytes literal starts here: the length of its prefix
// (r, b, rb, br or none), or -1.
func (l *lexer) stringPrefix() (n int, bytes, raw bool) {
	for n = range 3 {
		switch l.peek(n) {
		case '\'', '"':
			return n, bytes, raw
		case 'r', 'R':
			if raw {
				return -1, false, false
			}
			raw = true
		case 'b', 'B':
			if bytes {
				return -1, false, false
			}
			bytes = true
		default:
			return -1, false, false
		}
	}
	return -1, false, false
}

// stringLiteral scans a literal in one of its forms: '…', "…", ”'…”' and """…""".
func (l *lexer) stringLiteral(prefix int, bytes, raw bool) token {
	start := l.pos
	l.pos += prefix
	quote := string(l.src[l.pos : l.pos+1])
	triple := strings.Repeat(quote, 3)
	if strings.HasPrefix(string(l.src[l.pos:]), triple) {
		quote = triple
	}
	l.pos += len(quote)
	body := l.quotedBody(start, quote, literalName(bytes, len(quote) == 3))
	t := token{kind: tokString, value: body}
	if bytes {
		t.kind = tokBytes
	}
	if !raw {
		t.value = l.unescape(start, body, bytes)
	}
	if !bytes && !utf8.ValidString(t.value) {
		l.src.fail(start, "Syntax error: Structurally invalid UTF8 string")
	}
	return t
}

func literalName(bytes, triple bool) string {
	name := "string literal"
	if bytes {
		name = "bytes literal"
	}
	if triple {
		return "triple-quoted " + name
	}
	return name
}

// quotedBody returns what stands up to the closing quote and moves behind it. A backslash keeps the
// character after it from closing the literal, in raw ones too.
func (l *lexer) quotedBody(start int, quote, name string) string {
	from := l.pos
	for l.pos < len(l.src) {
		switch {
		case strings.HasPrefix(string(l.src[l.pos:]), quote):
			body := string(l.src[from:l.pos])
			l.pos += len(quote)
			return strings.ReplaceAll(body, "\r\n", "\n")
		case l.peek(0) == '\\':
			l.pos += 2
		case l.peek(0) == '\n' && len(quote) == 1:
			l.src.fail(start, "Syntax error: Unclosed %s", name)
		default:
			l.pos++
		}
	}
	l.src.fail(start, "Syntax error: Unclosed %s", name)
	return ""
}

// backquoted scans an identifier in backquotes, which may hold dots: `project.dataset.table`.
func (l *lexer) backquoted() token {
	start := l.pos
	l.pos++
	body := l.quotedBody(start, "`", "identifier literal")
	if body == "" {
		l.src.fail(start, "Syntax error: Invalid empty identifier")
	}
	return token{kind: tokQuoted, value: l.unescape(start, body, false)}
}

// escapes are the escape sequences of one letter.
var escapes = map[byte]byte{
	'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
	'\\': '\\', '?': '?', '"': '"', '\'': '\'', '`': '`',
}

// unescape replaces the escape sequences of body; start is where errors point.
func (l *lexer) unescape(start int, body string, bytes bool) string {
	if !strings.Contains(body, `\`) {
		return body
	}
	var b strings.Builder
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			b.WriteByte(body[i])
			i++
			continue
		}
		out, n := escape(body[i+1:], bytes)
		if n == 0 {
			l.src.fail(start, `Syntax error: Illegal escape sequence: \%.1s`, body[i+1:])
		}
		b.WriteString(out)
		i += 1 + n
	}
	return b.String()
}

// escape decodes the escape sequence that s starts with, after its backslash, and returns what it
// means and how long it is: 0 if it is not one.
func escape(s string, bytes bool) (string, int) {
	if s == "" {
		return "", 0
	}
	if c, ok := escapes[s[0]]; ok {
		return string([]byte{c}), 1
	}
	switch c := s[0]; {
	case c == 'x' || c == 'X':
		return codeEscape(s, 1, 3, 16, bytes)
	case c >= '0' && c <= '3':
		return codeEscape(s, 0, 3, 8, bytes)
	case c == 'u' && !bytes:
		return codeEscape(s, 1, 5, 16, false)
	case c == 'U' && !bytes:
		return codeEscape(s, 1, 9, 16, false)
	}
	return "", 0
}

// codeEscape decodes the digits s[from:to]. In a string, \x and octal reach only ASCII.
func codeEscape(s string, from, to, base int, bytes bool) (string, int) {
	if len(s) < to {
		return "", 0
	}
	n, err := strconv.ParseUint(s[from:to], base, 32)
	switch short := to == 3; {
	case err != nil:
		return "", 0
	case bytes:
		return string([]byte{byte(n)}), to
	case short && n > 0x7f, !utf8.ValidRune(rune(n)):
		return "", 0
	}
	return string(rune(n)), to
}
