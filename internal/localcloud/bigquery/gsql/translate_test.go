package gsql

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// TestPrecedence: the parentheses of the SQL show how the text was read.
func TestPrecedence(t *testing.T) {
	short := strings.NewReplacer("CAST(1 AS BIGINT)", "1", "CAST(2 AS BIGINT)", "2", "CAST(3 AS BIGINT)", "3", "CAST(-1 AS BIGINT)", "-1",
		"SELECT ", "", ` AS "f0_"`, "")
	tests := []struct{ query, want string }{
		{"1 + 2 * 3", "(1 + (2 * 3))"},
		{"1 - 2 - 3", "((1 - 2) - 3)"},
		{"(1 - 2) * 3", "((1 - 2) * 3)"},
		{"- 1 + 2", "(-1 + 2)"},
		{"-(1) + 2", "(-1 + 2)"},
		{"- -1", "(- -1)"},
		{"~1 & 2", "((~1) & 2)"},
		{"1 | 2 & 3", "(1 | (2 & 3))"},
		{"1 | 2 ^ 3", "(1 | xor(2, 3))"},
		{"1 & 2 << 3", "(1 & (2 << 3))"},
		{"1 << 2 + 3", "(1 << (2 + 3))"},
		{"1 + 2 = 3", "((1 + 2) = 3)"},
		{"1 | 2 > 3", "((1 | 2) > 3)"},
		{"NOT 1 = 2", "(NOT (1 = 2))"},
		{"NOT TRUE AND FALSE", "((NOT TRUE) AND FALSE)"},
		{"TRUE OR FALSE AND TRUE", "(TRUE OR (FALSE AND TRUE))"},
		{"TRUE OR FALSE OR TRUE", "(TRUE OR FALSE OR TRUE)"},
		{"1 BETWEEN 2 AND 3 AND TRUE", "((1 BETWEEN 2 AND 3) AND TRUE)"},
		{"1 NOT BETWEEN 2 AND 3 OR TRUE", "((1 NOT BETWEEN 2 AND 3) OR TRUE)"},
		{"1 + 1 IN (2, 3)", "((1 + 1) IN (2, 3))"},
		{"1 IS NULL = FALSE", "((1 IS NULL) = FALSE)"},
		{"'a' || 'b' LIKE 'c'", `(('a' || 'b') LIKE 'c' ESCAPE '\')`},
		{"1 != 2", "(1 <> 2)"},
		{"1 IS NOT DISTINCT FROM 2", "(1 IS NOT DISTINCT FROM 2)"},
	}
	for _, tt := range tests {
		s, err := Translate("SELECT "+tt.query, pureOptions())
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
		} else if got := short.Replace(s.SQL); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.query, got, tt.want)
		}
	}
}

// TestAccepted: forms of GoogleSQL that must parse and resolve; what they mean is tested with DuckDB.
func TestAccepted(t *testing.T) {
	for _, query := range []string{
		"SELECT 1;", "SELECT ALL status FROM t", "(SELECT 1)", "((SELECT 1))", "SELECT status, FROM t", "select STATUS from t;",
		"SELECT status s FROM t u", "SELECT `status` AS `select` FROM `t`", "SELECT t.`status` FROM t",
		"SELECT (SELECT 1) + (SELECT 2)", "SELECT ((SELECT 1))", "SELECT ((SELECT 1) UNION ALL (SELECT 2) LIMIT 1)", "SELECT ((SELECT 1) + 2)",
		"SELECT * FROM ((SELECT 1 AS a) UNION ALL SELECT 2)", "SELECT * FROM (((SELECT 1 AS a)))", "SELECT 1 FROM (t AS a CROSS JOIN t AS b)",
		"SELECT 1 FROM t INNER JOIN t AS b ON TRUE LEFT OUTER JOIN t AS c USING (status)", "SELECT COUNT(*) FROM t AS a, t AS b JOIN t AS c ON a.status = c.status",
		"SELECT ARRAY<STRUCT<a INT64, b ARRAY<INT64>>>[]", "SELECT CAST(NULL AS STRUCT<INT64, x STRING>)", "SELECT CAST([] AS ARRAY<INT64>)",
		"SELECT IF(TRUE, 1, 2), LEFT('a', 1), RIGHT('a', 1), DATE('2024-01-01'), TIME(1, 2, 3)", "SELECT DATE '2024-01-01' AS date, 1 AS offset, 2 AS time",
		"SELECT date FROM (SELECT 1 AS date)", "SELECT status FROM t QUALIFY ROW_NUMBER() OVER () = 1", "SELECT SUM(status) OVER w FROM t WINDOW w AS (PARTITION BY client)",
		"SELECT COUNT(DISTINCT client) AS count FROM t HAVING count > 1", "SELECT client FROM t GROUP BY t.client", "SELECT MAX(status) FROM t GROUP BY client ORDER BY client",
		"SELECT CURRENT_DATE, CURRENT_TIMESTAMP", "SELECT EXTRACT(DATE FROM time AT TIME ZONE 'UTC') FROM t", "SELECT TIMESTAMP_TRUNC(time, WEEK(MONDAY)) FROM t",
		"SELECT x FROM t, t.tags AS x WITH OFFSET AS i ORDER BY i", "SELECT x FROM t LEFT JOIN UNNEST(tags) AS x ON TRUE", "SELECT extra.a.b[0]['c'] FROM t",
		"SELECT t FROM t", "SELECT ANY_VALUE(t) FROM t", "SELECT TO_JSON_STRING(t) FROM t", "SELECT * EXCEPT (tags) REPLACE (1 AS status) FROM t",
		"SELECT (SELECT MAX(x) FROM UNNEST(t.tags) AS x) FROM t", "SELECT status IN (SELECT u.status FROM t AS u WHERE u.client = t.client) FROM t",
		"SELECT SUM(IF(status > 1, 1, 0)) / COUNT(*) FROM t", "SELECT DATE(time), COUNTIF(status = 5) FROM t GROUP BY DATE(time)",
		"SELECT client, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC) FROM t GROUP BY client", "SELECT CASE client WHEN 'a' THEN 1 END FROM t",
		"SELECT 1 UNION ALL (SELECT 2 ORDER BY 1 LIMIT 1)", "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM a JOIN b USING (x)",
	} {
		if _, err := Translate(query, pureOptions()); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestColumns(t *testing.T) {
	s, err := Translate("SELECT status AS s, 1.5, tags, extra, STRUCT(1 AS a, [DATE '2024-01-01'] AS b) AS st, NULL, COUNT(*) OVER () AS n, b'x' AS `by` FROM t", pureOptions())
	if err != nil {
		t.Fatal(err)
	}
	col := func(name string, ty row.Type, mode row.Mode, fields ...row.Column) row.Column {
		return row.Column{Name: name, Type: ty, Mode: mode, Fields: fields}
	}
	want := row.Schema{
		col("s", row.Int64, row.Nullable), col("f0_", row.Float64, row.Nullable), col("tags", row.String, row.Repeated),
		col("extra", row.JSON, row.Nullable),
		col("st", row.Struct, row.Nullable, col("a", row.Int64, row.Nullable), col("b", row.Date, row.Repeated)),
		col("f1_", row.Int64, row.Nullable), col("n", row.Int64, row.Nullable), col("by", row.Bytes, row.Nullable),
	}
	if !reflect.DeepEqual(s.Columns, want) || s.Kind != "SELECT" {
		t.Errorf("columns\n got %+v\nwant %+v", s.Columns, want)
	}
}

func TestParams(t *testing.T) {
	scalar := func(name string, ty row.Type, v any) Param {
		return Param{Name: name, Type: row.Column{Type: ty}, Value: v}
	}
	list := Param{Name: "l", Type: row.Column{Type: row.String, Mode: row.Repeated}, Value: []any{"a", nil}}
	st := Param{Name: "s", Type: row.Column{Type: row.Struct, Fields: []row.Column{{Name: "x", Type: row.Int64}}}, Value: []any{"5"}}
	tests := []struct {
		query string
		p     []Param
		want  string
	}{
		{"SELECT @i", []Param{scalar("i", row.Int64, "5")}, `CAST(5 AS BIGINT)`},
		{"SELECT @I", []Param{scalar("i", row.Int64, "5")}, `CAST(5 AS BIGINT)`},
		{"SELECT ?", []Param{scalar("", row.String, "a'b")}, `'a''b'`},
		{"SELECT ? = ?", []Param{scalar("", row.String, "a"), scalar("", row.String, "b")}, `('a' = 'b')`},
		{"SELECT @b", []Param{scalar("b", row.Bytes, "/w==")}, `from_hex('ff')`},
		{"SELECT @b", []Param{scalar("b", row.Bool, "TRUE")}, `TRUE`},
		{"SELECT @f", []Param{scalar("f", row.Float64, "NaN")}, `CAST('NaN' AS DOUBLE)`},
		{"SELECT @d", []Param{scalar("d", row.Date, "2024-01-02")}, `CAST('2024-01-02' AS DATE)`},
		{"SELECT @t", []Param{scalar("t", row.Timestamp, "2024-01-02 03:04:05.5-08:00")}, `CAST('2024-01-02 03:04:05.5-08:00' AS TIMESTAMPTZ)`},
		{"SELECT @n", []Param{scalar("n", row.String, nil)}, `CAST(NULL AS VARCHAR)`},
		{"SELECT @l", []Param{list}, `CAST(['a', CAST(NULL AS VARCHAR)] AS VARCHAR[])`},
		{"SELECT @s.x", []Param{st}, `struct_extract(struct_pack("x" := CAST(5 AS BIGINT)), 'x')`},
		{"SELECT @i", []Param{scalar("i", row.Int64, "x")}, `error: Unable to coerce query parameter value "x" to INT64 at [1:8]`},
		{"SELECT @b", []Param{scalar("b", row.Bytes, "!")}, "error: Invalid value of query parameter of type BYTES: not base64 at [1:8]"},
		{"SELECT @s", []Param{{Name: "s", Type: st.Type, Value: []any{}}}, "error: Invalid value of query parameter of type STRUCT<x INT64> at [1:8]"},
		{"SELECT @s", []Param{{Name: "s", Type: st.Type, Value: 5}}, "error: Invalid value of query parameter of type STRUCT<x INT64> at [1:8]"},
	}
	for _, tt := range tests {
		s, err := Translate(tt.query, Options{Params: tt.p, Now: time.Unix(0, 0)})
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else {
			got, _, _ = strings.Cut(strings.TrimPrefix(s.SQL, "SELECT "), " AS \"")
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.query, got, tt.want)
		}
	}
}

// TestErrorFields: an error knows its place and the REST API's reason.
func TestErrorFields(t *testing.T) {
	_, err := Translate("SELECT 1,\n  nope", pureOptions())
	var e *Error
	if !errors.As(err, &e) || e.Line != 2 || e.Column != 3 || e.Reason != "invalidQuery" {
		t.Errorf("got %#v", err)
	}
	_, err = Translate("SELECT * FROM nope", pureOptions())
	if !errors.As(err, &e) || e.Line != 0 || e.Reason != "notFound" {
		t.Errorf("got %#v", err)
	}
}

func TestRuntimeMessage(t *testing.T) {
	tests := []struct{ duck, want string }{
		{"Conversion Error: Could not convert string 'BigQuery: it's bad' to BOOL when casting\n\nLINE 1: x", "it's bad"},
		{"Out of Range Error: Overflow in addition of INT64 (1 + 2)!", "int64 overflow"},
		{"Invalid Input Error: something else\nLINE 1", "something else"},
		{"plain", "plain"},
	}
	for _, tt := range tests {
		if got := RuntimeMessage(tt.duck); got != tt.want {
			t.Errorf("RuntimeMessage(%q) = %q, want %q", tt.duck, got, tt.want)
		}
	}
}

func TestJSONPath(t *testing.T) {
	for in, want := range map[string]string{
		"$": "$", "$.a": `$."a"`, "$.a.b[0]": `$."a"."b"[0]`, "$['a.b'].c": `$."a.b"."c"`, `$["x"]`: `$."x"`, "$[1][2]": "$[1][2]",
		`$.a"b`: `$."a\"b"`, "": "", "a": "", "$.": "", "$..a": "", "$[": "", "$[x]": "", "$['a": "", "$[-1]": "", "$.a[*]": "", "$x": "",
	} {
		got, ok := jsonPath(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("jsonPath(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestCivil(t *testing.T) {
	tests := []struct {
		ty       row.Type
		in, want string
	}{
		{row.Date, "2024-1-2", "2024-01-02"}, {row.Date, "2024-02-30", ""}, {row.Date, "2024-01-02 00:00:00", ""}, {row.Date, "0000-01-01", ""}, {row.Date, "", ""},
		{row.Time, "1:2:3.5", "01:02:03.5"}, {row.Time, "24:00:00", ""}, {row.Time, "10:00", ""},
		{row.Datetime, "2024-01-02", "2024-01-02 00:00:00"}, {row.Datetime, "2024-01-02T03:04:05.123456", "2024-01-02 03:04:05.123456"}, {row.Datetime, "2024-01-02 03:04:05Z", ""},
		{row.Timestamp, "2024-01-02", "2024-01-02 00:00:00+00"}, {row.Timestamp, "2024-01-02 03:04:05Z", "2024-01-02 03:04:05+00"},
		{row.Timestamp, "2024-01-02 03:04:05+5:30", "2024-01-02 03:04:05+05:30"}, {row.Timestamp, "2024-01-02 03:04:05-08", "2024-01-02 03:04:05-08:00"},
		{row.Timestamp, "2024-01-02 03:04:05 Asia/Tokyo", "2024-01-02 03:04:05 Asia/Tokyo"}, {row.Timestamp, "2024-01-02 03:04:05 'x", ""},
		{row.Timestamp, "2024-01-02 03:04:05+25", ""}, {row.Timestamp, "2024-01-02 03:04:05.1234567", ""}, {row.Timestamp, "2024-01-02 03:04", ""},
	}
	for _, tt := range tests {
		got, ok := civil(tt.ty, tt.in)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("civil(%s, %q) = %q, %v; want %q", tt.ty, tt.in, got, ok, tt.want)
		}
	}
}
