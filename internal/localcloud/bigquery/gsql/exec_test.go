//go:build cgo

package gsql

import "testing"

// example is a query and its answer, as answer writes it. Most are BigQuery's documentation's own
// (https://cloud.google.com/bigquery/docs/reference/standard-sql), with the results it prints.
type example struct{ query, want string }

// check runs examples. One that does not start with a keyword is an expression.
func check(t *testing.T, examples []example) {
	t.Helper()
	db := openDuckDB(t)
	for _, x := range examples {
		query := x.query
		if !startsQuery(query) {
			query = "SELECT " + query
		}
		if got := answer(db, query, testOptions()); got != x.want {
			s, _ := Translate(query, testOptions())
			if s == nil {
				s = &Statement{}
			}
			t.Errorf("%s\n got %s\nwant %s\n sql %s", query, got, x.want, s.SQL)
		}
	}
}

func startsQuery(q string) bool {
	t := lex(text(q), 0)[0]
	return t.is("SELECT") || t.is("WITH") || t.is("(")
}

func TestStringFunctions(t *testing.T) {
	check(t, []example{
		{"ASCII('abcd'), ASCII('a'), ASCII(''), ASCII(NULL)", "97|97|0|NULL"},
		{"UNICODE('âbcd'), UNICODE('â'), UNICODE(''), UNICODE(NULL)", "226|226|0|NULL"},
		{"CHR(65), CHR(255), CHR(513), CHR(1024), CHR(97), CHR(0), CHR(NULL)", "A|ÿ|ȁ|Ѐ|a||NULL"},
		{"BYTE_LENGTH('абвгд'), BYTE_LENGTH(b'абвгд'), OCTET_LENGTH(NULL)", "10|10|NULL"},
		{"CHAR_LENGTH('абвгд'), CHARACTER_LENGTH('абвгд')", "5|5"},
		{"LENGTH('абвгд'), LENGTH(CAST('абвгд' AS BYTES)), LENGTH(NULL)", "5|10|NULL"},
		{"CONCAT('T.P.', ' ', 'Bar'), CONCAT('a', NULL), CONCAT(b'\\x01', b'\\x02')", "T.P. Bar|NULL|x0102"},
		{"CONTAINS_SUBSTR('the blue house', 'Blue house'), CONTAINS_SUBSTR('the red house', 'blue'), CONTAINS_SUBSTR(NULL, 'a')", "true|false|NULL"},
		{"EDIT_DISTANCE('a', 'b'), EDIT_DISTANCE('aa', 'b'), EDIT_DISTANCE('aa', 'ba')", "1|2|1"},
		{"ENDS_WITH('apple', 'e'), ENDS_WITH('banana', 'e'), ENDS_WITH(NULL, 'e'), ENDS_WITH(b'ab', b'b')", "true|false|NULL|true"},
		{"STARTS_WITH('bar', 'b'), STARTS_WITH('foo', 'b'), STARTS_WITH('foo', NULL)", "true|false|NULL"},
		{"FORMAT('%d', 10), FORMAT('|%10d|', 11), FORMAT('+%010d+', 12), FORMAT(\"%'d\", 123456789)", "10||        11||+0000000012+|123,456,789"},
		{"FORMAT('-%s-', 'abcd efg'), FORMAT('%f %.2f', 1.1, 2.0), FORMAT('%%'), FORMAT('%s', NULL)", "-abcd efg-|1.100000 2.00|%|NULL"},
		{"FORMAT('%t', DATE '2015-09-01'), FORMAT('%T', DATE '2015-09-01'), FORMAT('%t', TIMESTAMP '2015-09-01 12:34:56 America/Los_Angeles')", `2015-09-01|DATE "2015-09-01"|2015-09-01 19:34:56+00`},
		{"FORMAT('%T|%t|%T', 'a\"b', 'a\"b', NULL)", `"a\"b"|a"b|NULL`},
		{"FORMAT('%x %05d %-5d| %5s', 255, 42, 7, 'ab')", "ff 00042 7    |    ab"},
		{"FORMAT('%p', 1)", "error: Format specifier %p of FORMAT at [1:15], which the local BigQuery does not have: see docs/local-sql.md"},
		{"FORMAT('%d')", `error: Too few arguments to FORMAT for pattern "%d" at [1:8]`},
		{"FORMAT('%d', 'x')", "error: Invalid type for argument 2 to FORMAT; Expected integer; Got STRING at [1:21]"},
		{"INITCAP('Hello World-everyone!'), INITCAP('tHe dog BARKS loudly+friendly'), INITCAP(NULL)", "Hello World-Everyone!|The Dog Barks Loudly+Friendly|NULL"},
		{"INSTR('banana', 'an'), INSTR('banana', 'ann'), INSTR('banana', 'an', 3), INSTR(NULL, 'an')", "2|0|4|NULL"},
		{"STRPOS('foo@example.com', '@'), STRPOS('quuxexample.com', '@'), STRPOS(NULL, '@')", "4|0|NULL"},
		{"LEFT('banana', 3), RIGHT('banana', 3), LEFT('ab', 9), LEFT(NULL, 1)", "ban|ana|ab|NULL"},
		{"LEFT('banana', -1)", "error: Second argument in LEFT() cannot be negative"},
		{"LOWER('FOO'), UPPER('foo'), LOWER(NULL)", "foo|FOO|NULL"},
		{"LPAD('abc', 5), LPAD('abc', 2), LPAD('abc', 8, 'def'), LPAD('abc', 5, '-'), LPAD(NULL, 5)", "  abc|ab|defdeabc|--abc|NULL"},
		{"RPAD('abc', 5), RPAD('abc', 8, 'def'), RPAD('abc', 2)", "abc  |abcdefde|ab"},
		{"LPAD('abc', -1)", "error: Second argument in LPAD() cannot be negative"},
		{"TRIM('   apple   '), LTRIM('   apple   '), RTRIM('   apple   '), TRIM('\\t\\n a\\u00a0')", "apple|apple   |   apple|a"},
		{"TRIM('***apple***', '*'), LTRIM('***apple***', '*'), RTRIM('***apple***', '*'), RTRIM('applexxz', 'xyz'), TRIM(NULL)", "apple|apple***|***apple|apple|NULL"},
		{"REPEAT('abc', 3), REPEAT('abc', NULL), REPEAT(NULL, 3), REPEAT('abc', 0)", "abcabcabc|NULL|NULL|"},
		{"REPEAT('abc', -1)", "error: Second argument in REPEAT() cannot be negative"},
		{"REPLACE('apple pie', 'pie', 'cobbler'), REPLACE('abc', '', 'x'), REPLACE(NULL, 'a', 'b')", "apple cobbler|abc|NULL"},
		{"REVERSE('foo'), REVERSE('абвгд'), REVERSE(NULL)", "oof|дгвба|NULL"},
		{"TRANSLATE('This is a cookie', 'sco', 'zku'), TRANSLATE(NULL, 'a', 'b')", "Thiz iz a kuukie|NULL"},
		{"SPLIT('b c d', ' '), SPLIT(''), SPLIT('a,b'), SPLIT('abc', '')", "[b, c, d]|[]|[a, b]|[a, b, c]"},
		{"ARRAY_LENGTH(SPLIT('')), ARRAY_LENGTH(SPLIT(NULL))", "1|NULL"},
		{"SUBSTR('apple', 2), SUBSTR('apple', 2, 2), SUBSTR('apple', -2), SUBSTR('apple', 1, 123), SUBSTR('apple', 123)", "pple|pp|le|apple|"},
		{"SUBSTR('apple', 0), SUBSTR('apple', -100, 2), SUBSTR('apple', 0, 2), SUBSTRING('apple', 3), SUBSTR(NULL, 1)", "apple|ap|ap|ple|NULL"},
		{"SUBSTR('apple', 1, -1)", "error: Third argument in SUBSTR() cannot be negative"},
		{"SUBSTR(b'\\x01\\x02\\x03', 2), SUBSTR(b'\\x01\\x02\\x03', -1), SUBSTR(b'\\x01\\x02\\x03', 0, 2)", "x0203|x03|x0102"},
		{"TO_BASE64(b'\\377\\340'), FROM_BASE64('/+A='), FROM_BASE64(NULL)", "/+A=|xffe0|NULL"},
		{"TO_HEX(b'\\x00\\x01\\x02\\x03\\xAA\\xEE\\xEF\\xFF'), FROM_HEX('00010203aaeeefff'), TO_HEX(b'foobar')", "00010203aaeeefff|x00010203aaeeefff|666f6f626172"},
		{"TO_HEX(MD5('Hello World')), TO_HEX(SHA1('Hello World')), TO_HEX(SHA256(b'abc')), MD5(NULL)", "b10a8db164e0754105b7a99be72e3fe5|0a4d55a8d778e5022fab701977c5d840bbc486d0|ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad|NULL"},
		{"SAFE_CONVERT_BYTES_TO_STRING(b'abc'), SAFE_CONVERT_BYTES_TO_STRING(NULL)", "abc|NULL"},
		{"FARM_FINGERPRINT('x')", "error: Function not found: FARM_FINGERPRINT at [1:8], which the local BigQuery does not have: see docs/local-sql.md"},
		{"UPPER(1)", "error: No matching signature for function UPPER for argument types: INT64 at [1:8]"},
		{"UPPER()", "error: No matching signature for function UPPER with no arguments at [1:8]"},
	})
}

func TestRegexpFunctions(t *testing.T) {
	check(t, []example{
		{"REGEXP_CONTAINS('foo@example.com', r'@[a-zA-Z0-9-]+\\.[a-zA-Z0-9-.]+'), REGEXP_CONTAINS('www.example.net', r'@'), REGEXP_CONTAINS(NULL, 'a')", "true|false|NULL"},
		{"REGEXP_EXTRACT('foo@example.com', r'^[a-zA-Z0-9_.+-]+'), REGEXP_EXTRACT('foo@example.com', r'^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\\.([a-zA-Z0-9-.]+$)')", "foo|com"},
		{"REGEXP_EXTRACT('abc', 'x'), REGEXP_EXTRACT('abc', 'x*'), REGEXP_EXTRACT(NULL, 'x')", "NULL||NULL"},
		{"REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 1), REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 3), REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 4), REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 2, 1), REGEXP_SUBSTR('Hello Helloo and Hellooo', 'H?ello+', 3, 2)", "Hello|Hellooo|NULL|ello|Hellooo"},
		{"REGEXP_EXTRACT('a', '(a)(b)')", "error: Regular expression passed to REGEXP_EXTRACT has 2 capturing groups, but must have at most 1 at [1:28]"},
		{"REGEXP_EXTRACT('a', '(')", "error: Cannot parse regular expression: error parsing regexp: missing closing ): `(` at [1:28]"},
		{"REGEXP_EXTRACT_ALL('Try `func(x)` or `func(y)`', '`(.+?)`'), REGEXP_EXTRACT_ALL('abc', 'x'), REGEXP_EXTRACT_ALL(NULL, 'x')", "[func(x), func(y)]|[]|NULL"},
		{"REGEXP_REPLACE('# Heading', r'^# ([a-zA-Z0-9\\s]+$)', '<h1>\\\\1</h1>'), REGEXP_REPLACE('aaa', 'a', 'b'), REGEXP_REPLACE(NULL, 'a', 'b')", "<h1>Heading</h1>|bbb|NULL"},
		{"REGEXP_CONTAINS('cost $1', r'\\$1'), REGEXP_EXTRACT('cost $12', r'\\$(\\d)\\d$')", "true|1"},
		{"SELECT REGEXP_CONTAINS('a', client) FROM requests", "error: Regular expression of REGEXP_CONTAINS that is not a literal or a parameter at [1:29], which the local BigQuery does not have: see docs/local-sql.md"},
	})
}

func TestMathFunctions(t *testing.T) {
	check(t, []example{
		{"ABS(25), ABS(-25), ABS(-1.5), ABS(NULL)", "25|25|1.5|NULL"},
		{"SIGN(25), SIGN(0), SIGN(-25), SIGN(-2.5)", "1|0|-1|-1.0"},
		{"ROUND(2.0), ROUND(2.3), ROUND(2.8), ROUND(2.5), ROUND(-2.3), ROUND(-2.8), ROUND(-2.5), ROUND(0), ROUND(123.7, -1), ROUND(1.235, 2)", "2.0|2.0|3.0|3.0|-2.0|-3.0|-3.0|0.0|120.0|1.24"},
		{"TRUNC(2.8), TRUNC(-2.8), TRUNC(123.456, 2), TRUNC(NULL)", "2.0|-2.0|123.45|NULL"},
		{"CEIL(2.3), CEIL(-2.3), CEILING(2), FLOOR(2.8), FLOOR(-2.3), FLOOR(NULL)", "3.0|-2.0|2.0|2.0|-3.0|NULL"},
		{"SQRT(25.0), POW(2.0, 3.0), POWER(2, 3), EXP(0.0), LN(1.0), LOG(100.0, 10.0), LOG10(100.0), LOG(1)", "5.0|8.0|8.0|1.0|0.0|2.0|2.0|0.0"},
		{"SQRT(-1)", "error: Argument to SQRT cannot be negative: -1.0"},
		{"LN(0)", "error: LN is undefined for zero or negative value: LN(0.0)"},
		{"DIV(20, 4), DIV(12, -7), DIV(20, 3), DIV(0, 20), DIV(NULL, 1)", "5|-1|6|0|NULL"},
		{"DIV(20, 0)", "error: division by zero: 20 / 0"},
		{"MOD(25, 12), MOD(-25, 12), MOD(25, NULL)", "1|-1|NULL"},
		{"MOD(25, 0)", "error: division by zero: 25 / 0"},
		{"SAFE_DIVIDE(20, 4), SAFE_DIVIDE(0, 20), SAFE_DIVIDE(20, 0), SAFE_DIVIDE(NULL, 1)", "5.0|0.0|NULL|NULL"},
		{"SAFE_ADD(5, 4), SAFE_ADD(9223372036854775807, 1), SAFE_SUBTRACT(5, 4), SAFE_MULTIPLY(20, 4), SAFE_MULTIPLY(9223372036854775807, 2), SAFE_NEGATE(5)", "9|NULL|1|80|NULL|-5"},
		{"IEEE_DIVIDE(20.0, 4.0), IEEE_DIVIDE(25.0, 0.0), IEEE_DIVIDE(-25.0, 0.0), IEEE_DIVIDE(0.0, 0.0), IEEE_DIVIDE(NULL, 1)", "5.0|+Inf|-Inf|NaN|NULL"},
		{"GREATEST(3, 5, 1), GREATEST(1, NULL), LEAST(3, 5, 1), LEAST(1, NULL), GREATEST(1, 2.5), LEAST('b', 'a')", "5|NULL|1|NULL|2.5|a"},
		{"IS_INF(CAST('inf' AS FLOAT64)), IS_NAN(CAST('NaN' AS FLOAT64)), IS_NAN(1.0)", "true|true|false"},
		{"RAND() BETWEEN 0 AND 1, BIT_COUNT(0), BIT_COUNT(5), BIT_COUNT(8)", "true|0|2|1"},
		{"ROUND(SIN(0.0), 2), COS(0), ROUND(ATAN2(1.0, 1.0), 3), ROUND(CBRT(27), 6), TAN(0), ASIN(0), ACOS(1), ATAN(0)", "0.0|1.0|0.785|3.0|0.0|0.0|0.0|0.0"},
		{"ABS(-9223372036854775808)", "error: int64 overflow"},
		{"ROUND(NUMERIC '2.5'), MOD(NUMERIC '5.5', NUMERIC '2'), NUMERIC '1.5' * NUMERIC '2', NUMERIC '1' / NUMERIC '4'", "3|1.5|3|0.25"},
	})
}

func TestConditional(t *testing.T) {
	check(t, []example{
		{"COALESCE('A', 'B', 'C'), COALESCE(NULL, 'B', 'C'), COALESCE(NULL, NULL)", "A|B|NULL"},
		{"IFNULL(NULL, 0), IFNULL(10, 0), NULLIF(0, 0), NULLIF(10, 0)", "0|10|NULL|10"},
		{"IF(60 > 30, 'TRUE', 'FALSE'), IF(NULL, 1, 2), IF(TRUE, 1, 2.5)", "TRUE|2|1.0"},
		{"CASE 1 WHEN 1 THEN 'a' ELSE 'b' END, CASE WHEN FALSE THEN 1 END, CASE NULL WHEN NULL THEN 1 ELSE 2 END", "a|NULL|2"},
		{"CASE WHEN 1 THEN 2 END", "error: No matching signature for CASE for argument types: INT64 at [1:18]"},
		{"IF(1, 2, 3)", "error: No matching signature for function IF for argument types: INT64 at [1:11]"},
		{"IF(TRUE, 1, 'a')", "error: No matching signature for function IF for argument types: INT64, STRING at [1:8]"},
		{"IF(TRUE, 1, ERROR('bad')), IFNULL(2, ERROR('bad'))", "1|2"},
		{"ERROR('my message')", "error: my message"},
		{"SESSION_USER(), LENGTH(GENERATE_UUID())", "me@example.com|36"},
	})
}
