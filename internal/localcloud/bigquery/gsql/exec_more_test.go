//go:build cgo

package gsql

import (
	"strings"
	"testing"
)

// TestAnalystQueries: queries as people ask them of logs, where the parts above meet.
func TestAnalystQueries(t *testing.T) {
	long := "CONCAT(client, '" + strings.Repeat("x", 120) + "')"
	check(t, []example{
		{"SELECT SUBSTR(" + long + ", 1, 8) AS p, COUNT(*) FROM requests WHERE client IS NOT NULL GROUP BY p ORDER BY p", "10.0.0.1|2; 10.0.0.2|1"},
		{"SELECT SUBSTR(" + long + ", 1, 8), COUNT(*) FROM requests WHERE client IS NOT NULL GROUP BY SUBSTR(" + long + ", 1, 8) ORDER BY 1", "10.0.0.1|2; 10.0.0.2|1"},
		{"SELECT client, ROUND(SAFE_DIVIDE(COUNT(*), SUM(COUNT(*)) OVER ()) * 100, 1) AS share FROM requests GROUP BY client ORDER BY share DESC, client", "10.0.0.1|50.0; NULL|25.0; 10.0.0.2|25.0"},
		{"SELECT status / SUM(status) OVER () > 0.4 FROM requests WHERE status > 200 ORDER BY status", "true; true"},
		{"SELECT day, COUNT(r.time) AS n FROM UNNEST(GENERATE_DATE_ARRAY('2024-01-01', '2024-01-03')) AS day LEFT JOIN requests AS r ON DATE(r.time) = day GROUP BY day ORDER BY day", "2024-01-01|2; 2024-01-02|2; 2024-01-03|0"},
		{"SELECT TIMESTAMP_TRUNC(time, HOUR) AS hour, COUNTIF(status >= 500) AS errors, ROUND(100 * COUNTIF(status >= 500) / COUNT(*), 2) AS pct FROM requests GROUP BY hour HAVING errors > 0 ORDER BY hour", "2024-01-02 00:00:00+00|1|50.0"},
		{"SELECT client, ARRAY_AGG(STRUCT(status, seconds) ORDER BY time DESC LIMIT 1)[OFFSET(0)].status AS last FROM requests WHERE client IS NOT NULL GROUP BY client ORDER BY client", "10.0.0.1|500; 10.0.0.2|404"},
		{"SELECT tag, COUNT(*) AS n, STRING_AGG(DISTINCT client ORDER BY client) AS clients FROM requests, UNNEST(tags) AS tag GROUP BY tag ORDER BY n DESC", "b|2|10.0.0.1,10.0.0.2; a|1|10.0.0.1"},
		{"SELECT APPROX_QUANTILES(seconds, 100)[OFFSET(50)] AS p50, APPROX_QUANTILES(seconds, 100)[OFFSET(99)] AS p99 FROM requests", "1.5|2.5"},
		{"WITH s AS (SELECT client, time, TIMESTAMP_DIFF(time, LAG(time) OVER (PARTITION BY client ORDER BY time), SECOND) AS gap FROM requests) SELECT client, MAX(gap) FROM s GROUP BY 1 HAVING MAX(gap) IS NOT NULL", "10.0.0.1|86400"},
		{"SELECT COUNT(*) FROM requests WHERE time BETWEEN '2024-01-01' AND TIMESTAMP_ADD('2024-01-01', INTERVAL 90 MINUTE) AND EXTRACT(HOUR FROM time) IN (0, 1)", "2"},
		{"SELECT status FROM requests WHERE DATE(time) = '2024-01-01' AND client LIKE '10.%' ORDER BY seconds DESC LIMIT 1", "404"},
		{"SELECT t.ip, r.status FROM requests AS r CROSS JOIN r.targets AS t WHERE t.status <> r.status", "y|200"},
		{"SELECT REGEXP_EXTRACT(client, r'^(\\d+)\\.') AS net, IFNULL(JSON_VALUE(extra, '$.k'), 'none') AS k, COUNT(*) FROM requests GROUP BY net, k ORDER BY net, k", "NULL|none|1; 10|none|2; 10|v|1"},
		{"SELECT client FROM requests WHERE status IN (SELECT MAX(status) FROM requests) OR status = (SELECT MIN(status) FROM requests) GROUP BY client", "10.0.0.1"},
		{"SELECT client, (SELECT AS STRUCT COUNT(*) AS n, MAX(s.status) AS m FROM requests AS s WHERE s.client = r.client).m AS m FROM requests AS r WHERE client IS NOT NULL GROUP BY client ORDER BY client", "10.0.0.1|500; 10.0.0.2|404"},
		{"SELECT * FROM (SELECT client, RANK() OVER (ORDER BY seconds DESC) AS pos FROM requests) WHERE pos <= 2 ORDER BY pos", "10.0.0.1|1; 10.0.0.2|2"},
		{"SELECT a.client, b.client FROM requests AS a JOIN requests AS b ON a.client = b.client AND a.time < b.time", "error: Duplicate column names in the result are not supported. Found duplicate(s): client at [1:1]"},
		{"SELECT tls.cipher, MIN(tls.version) FROM requests GROUP BY tls.cipher ORDER BY 1", "NULL|NULL; AES|12"},
		{"SELECT tls, COUNT(*) FROM requests WHERE tls.cipher = 'AES' GROUP BY tls ORDER BY tls.version", "{cipher:AES, version:12}|1; {cipher:AES, version:13}|1"},
		{"SELECT CAST(status AS STRING) || '-' || client FROM requests WHERE seconds > 1 ORDER BY 1 DESC", "500-10.0.0.1; 404-10.0.0.2"},
		{"SELECT SAFE.TIMESTAMP('x'), SAFE.DATE(2024, 13, 1), SAFE.SUBSTR('a', 1, -1), SAFE.PARSE_TIMESTAMP('%F', '2024-01-01'), SAFE.REPEAT('a', -1), SAFE.LN(0), SAFE.FROM_HEX('zz')", "error: Could not cast literal \"x\" to type TIMESTAMP at [1:23]"},
		{"SELECT SAFE.DATE(2024, 13, 1), SAFE.SUBSTR('a', 1, -1), SAFE.PARSE_TIMESTAMP('%F', '2024-01-01'), SAFE.REPEAT('a', -1), SAFE.LN(0), SAFE.FROM_HEX('zz'), SAFE.ERROR('x')", "NULL|NULL|2024-01-01 00:00:00+00|NULL|NULL|NULL|NULL"},
		{"SELECT SAFE.SUBSTR(MAX(client), 1) FROM requests", "error: SAFE.SUBSTR of an aggregate, a subquery or a random number at [1:8], which the local BigQuery does not have: see docs/local-sql.md"},
	})
}

// TestParametersRun: a parameter means the same as its literal.
func TestParametersRun(t *testing.T) {
	db := openDuckDB(t)
	o := testOptions(
		Param{Name: "from", Type: tTimestamp.column(""), Value: "2024-01-02 00:00:00 UTC"},
		Param{Name: "day", Type: tString.column(""), Value: "2024-01-02"},
		Param{Name: "text", Type: tString.column(""), Value: `a'b"c\n`},
		Param{Name: "list", Type: arrayOf(tInt).column(""), Value: []any{"200", "404"}},
		Param{Name: "n", Type: tInt.column(""), Value: "1"},
	)
	for _, x := range []example{
		{"SELECT COUNT(*) FROM requests WHERE time >= @from", "2"},
		{"SELECT COUNT(*) FROM requests WHERE time >= @day", "2"},
		{"SELECT COUNT(*) FROM requests WHERE status IN UNNEST(@list)", "2"},
		{"SELECT @text, LENGTH(@text), ARRAY_LENGTH(@list)", `a'b"c\n|7|2`},
		{"SELECT status FROM requests ORDER BY status DESC LIMIT @n OFFSET @n", "404"},
		{"SELECT @N + 1, @n / 2", "2|0.5"},
	} {
		if got := answer(db, x.query, o); got != x.want {
			t.Errorf("%s\n got %s\nwant %s", x.query, got, x.want)
		}
	}
}
