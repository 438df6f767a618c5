package gsql

import (
	"errors"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

// fewTables is a catalog of the tables local.logs.t and u.
type fewTables struct{}

func (fewTables) Table(t row.Table) (TableDef, bool) {
	if t == (row.Table{Project: "local", Dataset: "logs", Name: "u"}) {
		return TableDef{SQLName: "u", Columns: row.Schema{
			{Name: "g", Type: row.Geography}, {Name: "i", Type: row.Interval}, {Name: "b", Type: row.BigNumeric},
			{Name: "r", Type: row.Range, RangeElement: row.Date},
		}}, true
	}
	if t != (row.Table{Project: "local", Dataset: "logs", Name: "t"}) {
		return TableDef{}, false
	}
	return TableDef{SQLName: "t", Columns: row.Schema{
		{Name: "status", Type: row.Int64}, {Name: "client", Type: row.String}, {Name: "time", Type: row.Timestamp},
		{Name: "tags", Type: row.String, Mode: row.Repeated}, {Name: "extra", Type: row.JSON},
	}}, true
}

func pureOptions() Options {
	return Options{DefaultProject: "local", DefaultDataset: "logs", Catalog: fewTables{}}
}

// refusals are queries and the errors that they are answered with.
var refusals = []struct{ query, want string }{
	{"", "Syntax error: Unexpected end of statement at [1:1]"},
	{"SELEC 1", `Syntax error: Unexpected identifier "SELEC" at [1:1]`},
	{"SELECT", "Syntax error: Unexpected end of script at [1:7]"},
	{"SELECT FROM t", "Syntax error: Unexpected keyword FROM at [1:8]"},
	{"SELECT 1 1", `Syntax error: Expected end of input but got integer literal "1" at [1:10]`},
	{"SELECT (1", `Syntax error: Expected ")" but got end of script at [1:10]`},
	{"SELECT\n  'a", "Syntax error: Unclosed string literal at [2:3]"},
	{"SELECT '''a", "Syntax error: Unclosed triple-quoted string literal at [1:8]"},
	{"SELECT `a", "Syntax error: Unclosed identifier literal at [1:8]"},
	{"SELECT ``", "Syntax error: Invalid empty identifier at [1:8]"},
	{`SELECT '\q'`, `Syntax error: Illegal escape sequence: \q at [1:8]`},
	{`SELECT '\xff'`, `Syntax error: Illegal escape sequence: \x at [1:8]`},
	{"SELECT $1", `Syntax error: Illegal input character "$" at [1:8]`},
	{"SELECT /* x", "Syntax error: Unclosed comment at [1:8]"},
	{"SELECT 12ab", "Syntax error: Missing whitespace between literal and alias at [1:10]"},
	{"SELECT 9223372036854775808", "Invalid integer literal: 9223372036854775808 at [1:8]"},
	{"SELECT FOO(1)", "Function not found: FOO at [1:8]" + seeDoc},
	{"SELECT NET.HOST('x')", "Function not found: NET.HOST at [1:8]" + seeDoc},
	{"SELECT SAFE.NOPE('x')", "Function not found: SAFE.NOPE at [1:8]" + seeDoc},
	{"SELECT SAFE.SUM(1)", "SAFE. with SUM at [1:8]" + seeDoc},
	{"SELECT x FROM t", "Unrecognized name: x at [1:8]"},
	{"SELECT statsu FROM t", "Unrecognized name: statsu at [1:8]"},
	{"SELECT statu FROM t", "Unrecognized name: statu; Did you mean status? at [1:8]"},
	{"SELECT t.nope FROM t", "Name nope not found inside t at [1:10]"},
	{"SELECT * FROM nope", "Not found: Table local:logs.nope was not found in location US"},
	{"SELECT * FROM p.d.nope", "Not found: Table p:d.nope was not found in location US"},
	{"SELECT * FROM a.b.c.d", "Invalid table name: a.b.c.d at [1:15]"},
	{"SELECT *", "SELECT * must have a FROM clause at [1:8]"},
	{"SELECT * EXCEPT (nope) FROM t", "Column nope in SELECT * EXCEPT or REPLACE list does not exist at [1:18]"},
	{"SELECT status.x FROM t", "Cannot access field x on a value with type INT64 at [1:15]"},
	{"SELECT status FROM t GROUP BY 2", "GROUP BY is out of SELECT column number range: 2 at [1:31]"},
	{"SELECT status FROM t ORDER BY 2", "ORDER BY column number item is out of range. Column numbers must be between 1 and 1 at [1:31]"},
	{"SELECT tags FROM t ORDER BY tags", "ORDER BY does not support expressions of type ARRAY<STRING> at [1:29]"},
	{"SELECT extra, COUNT(*) FROM t GROUP BY extra", "Grouping by expressions of type JSON is not allowed at [1:40]"},
	{"SELECT status AS a, client AS a FROM t", "Duplicate column names in the result are not supported. Found duplicate(s): a at [1:1]"},
	{"SELECT 1 UNION SELECT 2", "Syntax error: Expected keyword ALL but got keyword SELECT at [1:16]"},
	{"SELECT 1 UNION ALL SELECT 2 EXCEPT DISTINCT SELECT 3", "Syntax error: Different set operations cannot be used in the same query without using parentheses for grouping at [1:29]"},
	{"SELECT 1 INTERSECT ALL SELECT 2", "INTERSECT ALL at [1:24]" + seeDoc},
	{"SELECT 1; SELECT 2", "More than one statement at [1:11]" + seeDoc},
	{"SELECT 1; DROP TABLE t", "More than one statement at [1:11]" + seeDoc},
	{"DELETE FROM t WHERE TRUE", "Statement DELETE at [1:1]" + seeDoc},
	{"INSERT INTO t VALUES (1)", "Statement INSERT at [1:1]" + seeDoc},
	{"UPDATE t SET a = 1", "Statement UPDATE at [1:1]" + seeDoc},
	{"MERGE t USING u ON FALSE WHEN MATCHED THEN DELETE", "Statement MERGE at [1:1]" + seeDoc},
	{"CREATE TABLE x AS SELECT 1", "Statement CREATE at [1:1]" + seeDoc},
	{"drop table t", "Statement DROP at [1:1]" + seeDoc},
	{"DECLARE x INT64", "Statement DECLARE at [1:1]" + seeDoc},
	{"WITH x AS (SELECT 1) DELETE FROM t", "Statement DELETE at [1:22]" + seeDoc},
	{"WITH RECURSIVE x AS (SELECT 1) SELECT 1", "WITH RECURSIVE at [1:6]" + seeDoc},
	{"FROM t |> WHERE status = 1", "Pipe syntax at [1:1]" + seeDoc},
	{"SELECT 1 FROM t |> LIMIT 1", "Pipe syntax at [1:17]" + seeDoc},
	{"SELECT * FROM t PIVOT(COUNT(*) FOR status IN (200))", "PIVOT at [1:17]" + seeDoc},
	{"SELECT * FROM t UNPIVOT(a FOR b IN (c))", "UNPIVOT at [1:17]" + seeDoc},
	{"SELECT * FROM t TABLESAMPLE SYSTEM (10 PERCENT)", "TABLESAMPLE at [1:17]" + seeDoc},
	{"SELECT * FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", "FOR SYSTEM_TIME AS OF at [1:17]" + seeDoc},
	{"SELECT * FROM t NATURAL JOIN t AS u", "NATURAL JOIN at [1:17]" + seeDoc},
	{"SELECT * FROM `logs.t_*`", "Wildcard table `logs.t_*` at [1:15]" + seeDoc},
	{"SELECT * FROM logs.t_*", "Wildcard table at [1:22]" + seeDoc},
	{"SELECT status FROM t GROUP BY CUBE(status)", "GROUP BY CUBE at [1:31]" + seeDoc},
	{"SELECT client LIKE ANY ('a', 'b') FROM t", "LIKE ANY at [1:20]" + seeDoc},
	{"SELECT CAST(1 AS STRING FORMAT '9')", "CAST with FORMAT at [1:25]" + seeDoc},
	{"SELECT CAST('a' AS STRING(5))", "Parameterized type STRING at [1:26]" + seeDoc},
	{"SELECT CAST(NULL AS GEOGRAPHY)", "Type GEOGRAPHY at [1:21]" + seeDoc},
	{"SELECT INTERVAL '1-2' YEAR TO MONTH", "INTERVAL with a string at [1:17]" + seeDoc},
	{"SELECT g = g FROM u", "= is not defined for arguments of type GEOGRAPHY at [1:10]"},
	{"SELECT r FROM u ORDER BY r", "ORDER BY does not support expressions of type RANGE<DATE> at [1:26]"},
	{"SELECT COUNT(*) FROM u GROUP BY g", "Grouping by expressions of type GEOGRAPHY is not allowed at [1:33]"},
	{"SELECT COUNT(DISTINCT r) FROM u", "Aggregate functions with DISTINCT cannot be used with arguments of type RANGE<DATE> at [1:8]"},
	{"SELECT MAX(g) FROM u", "MAX is not defined for arguments of type GEOGRAPHY at [1:12]"},
	{"SELECT ST_X(g) FROM u", "Function not found: ST_X at [1:8]" + seeDoc},
	{"SELECT RANGE_START(r) FROM u", "Function not found: RANGE_START at [1:8]" + seeDoc},
	{"SELECT TO_JSON_STRING(g) FROM u", "TO_JSON_STRING of type GEOGRAPHY at [1:8]" + seeDoc},
	{"SELECT TO_JSON(STRUCT(i)) FROM u", "TO_JSON of type INTERVAL at [1:8]" + seeDoc},
	{"SELECT CAST(i AS STRING) FROM u", "Invalid cast from INTERVAL to STRING at [1:8]"},
	{"SELECT [b] || [1] FROM u", "No matching signature for operator || for argument types: ARRAY<BIGNUMERIC>, ARRAY<INT64> at [1:12]"},
	{"SELECT @@error", "System variable at [1:8]" + seeDoc},
	{"SELECT JSON_VALUE(extra, path => '$.a') FROM t", "Named argument path of JSON_VALUE at [1:26]" + seeDoc},
	{"SELECT client FROM t ORDER BY client COLLATE 'und:ci'", "COLLATE at [1:38]" + seeDoc},
	{"SELECT @x", "Query parameter 'x' not found at [1:8]"},
	{"SELECT ?", "Query parameter number 1 not found at [1:8]"},
	{"SELECT status FROM t LIMIT -1", `Syntax error: Unexpected "-" at [1:28]`},
	{"SELECT status FROM t LIMIT 'a'", `Syntax error: Unexpected string literal "a" at [1:28]`},
	{"SELECT 1 FROM t JOIN t AS u", "Syntax error: Expected keyword ON or keyword USING but got end of script at [1:28]"},
	{"SELECT 1 FROM t JOIN t AS u USING (nope)", "Column nope in USING clause not found on left side of join at [1:36]"},
	{"SELECT 1 FROM UNNEST(5)", "Values referenced in UNNEST must be arrays. UNNEST contains expression of type INT64 at [1:15]"},
	{"WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1", "Duplicate alias a for WITH subquery at [1:23]"},
	{"SELECT ARRAY(SELECT tags FROM t)", "Cannot use array subquery with column of type ARRAY<STRING> because nested arrays are not supported at [1:8]"},
	{"SELECT status IN (SELECT 1, 2) FROM t", "Subquery of type IN must have only one output column at [1:15]"},
	{"SELECT AS VALUE 1, 2", "SELECT AS VALUE query must have exactly one column at [1:1]"},
}

// TestRefusals: what is not GoogleSQL gets BigQuery's words; what is, but is not in the subset, is
// named and the page that lists the subset is pointed to.
func TestRefusals(t *testing.T) {
	for _, tt := range refusals {
		_, err := Translate(tt.query, pureOptions())
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.query, err, tt.want)
		}
	}
}

// TestNothingElseReachesDuckDB: DuckDB's own functions, settings, files and syntax stay out of
// reach.
func TestNothingElseReachesDuckDB(t *testing.T) {
	for _, query := range []string{
		"SELECT * FROM 'file.csv'", `SELECT * FROM "file.csv"`, "SELECT * FROM `file.csv`", "SELECT * FROM file.csv",
		"SELECT * FROM read_csv('x')", "SELECT * FROM duckdb_settings()", "SELECT * FROM `duckdb_settings()`",
		"SELECT * FROM range(3)", "SELECT read_text('x')", "SELECT getenv('HOME')", "SELECT current_setting('x')",
		"SELECT list_transform([1], x -> x)", "SELECT * FROM sqlite_master", "SELECT * FROM information_schema.schemata",
		"SELECT * FROM pg_catalog.pg_tables", "PRAGMA version", "ATTACH 'x' AS y", "COPY t TO 'x'", "INSTALL httpfs", "LOAD httpfs",
		"SELECT 1::INT", "SELECT status FROM t WHERE client ILIKE 'a'", "SELECT {'a': 1}", "SELECT COLUMNS(*) FROM t",
		"SELECT rowid FROM t", "SELECT t.rowid FROM t", "SELECT * FROM t POSITIONAL JOIN t AS u", "SELECT * FROM t ASOF JOIN t AS u USING (status)",
		"VALUES (1)", "TABLE t", "SUMMARIZE t", "EXPLAIN SELECT 1", "SELECT * FROM (VALUES (1))", "SELECT $1", "SELECT 'a' GLOB 'b'",
		"SELECT #1", "SELECT regexp_matches('a', 'b')", "SELECT error('x') FROM t SELECT 1", "SELECT t1.status FROM t",
		"SELECT 1 FROM w1", "SELECT let.a1", "SELECT a FROM t LIMIT 50%", "SELECT 1 -- \n; DROP TABLE t",
	} {
		s, err := Translate(query, pureOptions())
		if err == nil {
			t.Errorf("%s\nbecame %s", query, s.SQL)
		}
	}
}

// TestQuotingHolds: what looks like an end of a literal or a name stays inside of it.
func TestQuotingHolds(t *testing.T) {
	const evil = `x'; DROP TABLE t; --"`
	tests := []struct {
		query string
		o     Options
		want  string
	}{
		{`SELECT "x'; DROP TABLE t; --\"" AS a`, pureOptions(), `SELECT 'x''; DROP TABLE t; --"' AS "a"`},
		{"SELECT 1 AS `a\"; DROP TABLE t`", pureOptions(), `SELECT CAST(1 AS BIGINT) AS "a""; DROP TABLE t"`},
		{"SELECT @p AS a", Options{Params: []Param{{Name: "p", Type: row.Column{Type: row.String}, Value: evil}}}, `SELECT 'x''; DROP TABLE t; --"' AS "a"`},
		{`SELECT 'a\0b' AS a`, pureOptions(), ``},
		{`SELECT 'a\000b' AS a`, pureOptions(), `SELECT ('a' || chr(0) || 'b') AS "a"`},
		{`SELECT b'\x00\xff' AS a`, pureOptions(), `SELECT from_hex('00ff') AS "a"`},
	}
	for _, tt := range tests {
		s, err := Translate(tt.query, tt.o)
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%s became %s", tt.query, s.SQL)
		case tt.want != "" && (err != nil || s.SQL != tt.want):
			t.Errorf("%s\n got %v %v\nwant %s", tt.query, s, err, tt.want)
		}
	}
}

// TestHostileDepth: nesting and growth are bounded by an error, quickly.
func TestHostileDepth(t *testing.T) {
	deep := func(open, inner, closing string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
	}
	tests := []struct{ name, query string }{
		{"parentheses", deep("(", "1", ")", 100000)},
		{"open parentheses", deep("(", "", "", 100000)},
		{"not", deep("NOT ", "TRUE", "", 100000)},
		{"minus", deep("- ", "status", "", 100000)},
		{"arrays", deep("ARRAY<", "INT64", ">", 100000)},
		{"subqueries", deep("(SELECT ", "1", ")", 100000)},
		{"from", "SELECT 1 FROM " + strings.Repeat("(", 100000)},
		{"case", deep("CASE WHEN ", "TRUE", " THEN 1 END", 100000)},
		{"a long sum", "SELECT 1" + strings.Repeat(" + 1", 100000)},
		{"a long text", "SELECT '" + strings.Repeat("a", 2<<20) + "'"},
		{"a long index", "SELECT extra" + strings.Repeat("[0]", 100000) + " FROM t"},
		{"a long path", "SELECT extra" + strings.Repeat(".a", 100000) + " FROM t"},
		{"substrings that double", deep("SUBSTR(", "client", ", 2)", 90) + " FROM t"},
		{"initial query", strings.Repeat("SELECT * FROM (", 100000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Translate(tt.query, pureOptions())
			var e *Error
			switch {
			case err == nil && len(s.SQL) > maxSQL:
				t.Errorf("%d bytes of SQL from %d", len(s.SQL), len(tt.query))
			case err != nil && !errors.As(err, &e):
				t.Errorf("error is a %T", err)
			}
		})
	}
}
