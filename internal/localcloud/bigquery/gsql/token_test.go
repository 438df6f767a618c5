package gsql

import (
	"fmt"
	"strings"
	"testing"
)

// tokens writes the tokens of src: kind:value, with spaces between them.
func tokens(src string) (s string) {
	defer func() {
		if e, ok := recover().(*Error); ok {
			s = "error: " + e.Message
		}
	}()
	names := map[kind]string{tokIdent: "id", tokQuoted: "quoted", tokString: "str", tokBytes: "bytes", tokInt: "int",
		tokFloat: "float", tokParam: "param", tokSymbol: "sym"}
	var parts []string
	for _, t := range lex(text(src), 0) {
		if t.kind != tokEOF {
			parts = append(parts, fmt.Sprintf("%s:%s", names[t.kind], t.value))
		}
	}
	return strings.Join(parts, " ")
}

func TestLex(t *testing.T) {
	tests := []struct{ src, want string }{
		{"", ""},
		{" \t\r\n\v\f", ""},
		{"a1 _b SELECT", "id:a1 id:_b id:SELECT"},
		{"'a' \"b\"", "str:a str:b"},
		{`'it''s'`, "str:it str:s"},
		{`"it's" 'say "x"'`, `str:it's str:say "x"`},
		{"'''a'b''c''' \"\"\"x\ny\"\"\"", "str:a'b''c str:x\ny"},
		{`'' "" '''x'''`, "str: str: str:x"},
		{`'\a\b\f\n\r\t\v\\\?\"\'\` + "`'", "str:\a\b\f\n\r\t\v\\?\"'`"},
		{`'\x41\101\u00e9\U0001F600'`, "str:AAé😀"},
		{`r'\n\'x' R"\d+"`, `str:\n\'x str:\d+`},
		{`b'\xff\377a' B"x"`, "bytes:\xff\xffa bytes:x"},
		{`rb'\x' bR"\y" br'''\z'''`, `bytes:\x bytes:\y bytes:\z`},
		{`r 'a' rr'b'`, "id:r str:a id:rr str:b"},
		{"'a\r\nb'", "error: Syntax error: Unclosed string literal at [1:1]"},
		{"'''a\r\nb'''", "str:a\nb"},
		{"`a b` `p-q.d.t`", "quoted:a b quoted:p-q.d.t"},
		{"`a\\`b`", "quoted:a`b"},
		{"1 0x1F 0XaB 007", "int:1 int:0x1F int:0XaB int:007"},
		{"1.5 .5 1. 1e10 1E-3 1.5e+2", "float:1.5 float:.5 float:1. float:1e10 float:1E-3 float:1.5e+2"},
		{"1e", "error: Syntax error: Missing whitespace between literal and alias at [1:2]"},
		{"a.b t.`c`", "id:a sym:. id:b id:t sym:. quoted:c"},
		{"@p @_q ?", "param:p param:_q sym:?"},
		{"@@x", "sym:@@ id:x"},
		{"a<=b>=c<>d!=e||f<<g>>h=>i|>j", "id:a sym:<= id:b sym:>= id:c sym:<> id:d sym:!= id:e sym:|| id:f sym:<< id:g sym:>> id:h sym:=> id:i sym:|> id:j"},
		{"a-- b\nc# d\ne/* f\n*/g", "id:a id:c id:e id:g"},
		{"a/**/b/* * / */c", "id:a id:b id:c"},
		{"- -1 a-b", "sym:- sym:- int:1 id:a sym:- id:b"},
		{"a\u00a0b", `error: Syntax error: Illegal input character "\u00a0" at [1:2]`},
		{"'é' $", "error: Syntax error: Illegal input character \"$\" at [1:5]"},
		{"x\n  'abc", "error: Syntax error: Unclosed string literal at [2:3]"},
		{`'\x4'`, `error: Syntax error: Illegal escape sequence: \x at [1:1]`},
		{`'\ud800'`, `error: Syntax error: Illegal escape sequence: \u at [1:1]`},
		{`b'\u0041'`, `error: Syntax error: Illegal escape sequence: \u at [1:1]`},
		{`'\`, "error: Syntax error: Unclosed string literal at [1:1]"},
		{"'\xff'", "error: Syntax error: Structurally invalid UTF8 string at [1:1]"},
	}
	for _, tt := range tests {
		if got := tokens(tt.src); got != tt.want {
			t.Errorf("%q\n got %q\nwant %q", tt.src, got, tt.want)
		}
	}
}

func TestPlace(t *testing.T) {
	const src = text("ab\ncé d\n")
	for _, tt := range []struct{ pos, line, column int }{{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {4, 2, 2}, {6, 2, 3}, {99, 3, 1}, {-1, 1, 1}} {
		if line, column := src.place(tt.pos); line != tt.line || column != tt.column {
			t.Errorf("place(%d) = %d:%d, want %d:%d", tt.pos, line, column, tt.line, tt.column)
		}
	}
}
