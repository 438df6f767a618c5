//go:build cgo

package gsql

import (
	"errors"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
)

// unreadable are the errors that blame the SQL. Others blame a value: DuckDB works out constants early.
var unreadable = map[duckdb.ErrorType]bool{
	duckdb.ErrorTypeParser: true, duckdb.ErrorTypeSyntax: true, duckdb.ErrorTypeBinder: true, duckdb.ErrorTypeCatalog: true,
}

// FuzzTranslate: Translate never panics, its errors are *Error, and DuckDB can read what it accepts.
func FuzzTranslate(f *testing.F) {
	db := openDuckDB(f)
	for _, q := range []string{
		"SELECT client, COUNT(*) AS n FROM requests WHERE time >= '2024-01-01' GROUP BY client HAVING n > 1 ORDER BY n DESC LIMIT 5",
		"WITH a AS (SELECT 1 AS x) SELECT * EXCEPT (x) FROM a, UNNEST([1, 2]) AS y WITH OFFSET o JOIN a AS b USING (x)",
		"SELECT SUM(status) OVER (PARTITION BY client ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM requests",
		"SELECT CAST('1' AS INT64), r'\\d', b'x', [1][OFFSET(0)], STRUCT(1 AS a).a, CASE WHEN TRUE THEN 1 END, @p, ?",
		"SELECT EXTRACT(WEEK(MONDAY) FROM time), DATE_ADD(DATE '2024-01-01', INTERVAL 1 DAY), FORMAT_TIMESTAMP('%F', time) FROM requests",
		"SELECT JSON_VALUE(extra, '$.k'), extra.a[0], TO_JSON_STRING(r), SAFE.SUBSTR(client, 1) FROM requests AS r",
		"SELECT 1 UNION ALL (SELECT 2) EXCEPT DISTINCT SELECT 3",
		"SELECT ARRAY(SELECT AS STRUCT x FROM UNNEST(tags) AS x), EXISTS(SELECT 1), 1 IN (SELECT 2) FROM requests",
		"SELECT * FROM requests r, r.targets t WHERE t.status NOT IN (1, 2) AND client NOT LIKE 'a%'",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s, err := Translate(query, testOptions())
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%q: error is a %T", query, err)
			}
			return
		}
		st, err := db.Prepare(s.SQL)
		if err == nil {
			_ = st.Close()
		}
		var e *duckdb.Error
		if errors.As(err, &e) && unreadable[e.Type] {
			t.Fatalf("%q\nbecame %q\n%v", query, s.SQL, err)
		}
	})
}
