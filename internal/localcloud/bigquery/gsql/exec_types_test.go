//go:build cgo

package gsql

import "testing"

const (
	greatestBig = "578960446186580977117854925043439539266.34992332820282019728792003956564819967"
	leastBig    = "-578960446186580977117854925043439539266.34992332820282019728792003956564819968"
)

// BIGNUMERIC has 76 digits, and a part of a 77th
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types).
func TestBigNumeric(t *testing.T) {
	big := func(s string) string { return "BIGNUMERIC '" + s + "'" }
	check(t, []example{
		{big(greatestBig) + ", " + big(leastBig), greatestBig + "|" + leastBig},
		{big("1e-38") + " + " + big("1") + ", 1 - " + big("1e-38"), "1.00000000000000000000000000000000000001|0.99999999999999999999999999999999999999"},
		{big("12345678901234567890") + " * " + big("1000000000000000000.5"), "12345678901234567896172839450617283945"},
	})
	check(t, []example{
		{big("3") + " * " + big("1.5") + ", 1 / " + big("3"), "4.5|0.33333333333333333333333333333333333333"},
		{"-" + big("1.5") + ", ABS(" + big("-1.5") + "), +" + big("2"), "-1.5|1.5|2"},
		{"ROUND(" + big("2.5") + "), ROUND(" + big("-2.45") + ", 1), TRUNC(" + big("-2.9") + "), CEIL(" + big("2.1") + "), FLOOR(" + big("-2.1") + ")", "3|-2.5|-2|3|-3"},
		{big(greatestBig) + " > " + big(leastBig) + ", " + big("-1") + " < 0, " + big("1.50") + " = NUMERIC '1.5', " + big("2") + " BETWEEN 1 AND 3", "true|true|true|true"},
		{"CAST(" + big("2.5") + " AS INT64), CAST(" + big("-0.1") + " AS FLOAT64), CAST(" + big("1.0000000005") + " AS NUMERIC), CAST(" + big("1e-38") + " AS STRING)", "3|-0.1|1.000000001|0.00000000000000000000000000000000000001"},
		{"CAST(9223372036854775807 AS BIGNUMERIC), CAST(NUMERIC '0.000000001' AS BIGNUMERIC), CAST(0.5 AS BIGNUMERIC), CAST(' 1e2 ' AS BIGNUMERIC)", "9223372036854775807|0.000000001|0.5|100"},
		{"SAFE_CAST('x' AS BIGNUMERIC), SAFE_CAST('1e39' AS BIGNUMERIC), SAFE_CAST(CAST('inf' AS FLOAT64) AS BIGNUMERIC), SAFE_CAST(" + big("1e19") + " AS INT64)", "NULL|NULL|NULL|NULL"},
		{"GREATEST(" + big("2") + ", 10), IF(TRUE, 1, " + big("2.5") + "), COALESCE(NULL, " + big("7") + ")", "10|1|7"},
		{"TO_JSON_STRING(STRUCT(" + big("1.50") + " AS b)), FORMAT('%t %T', " + big("1.50") + ", " + big("2") + ")", `{"b":1.5}|1.5 BIGNUMERIC "2"`},
	})
	check(t, []example{
		{"SELECT SUM(x), AVG(x), MIN(x), MAX(x), COUNT(DISTINCT x) FROM UNNEST([" + big("1") + ", " + big("-2.5") + ", NULL, " + big("10") + ", 10]) AS x", "18.5|4.625|-2.5|10|3"},
		{"SELECT SUM(b), AVG(b) FROM special WHERE FALSE", "NULL|NULL"},
		{"SELECT x, SUM(x) OVER (ORDER BY x) FROM UNNEST([" + big("10") + ", " + big("-1") + ", " + big("2") + "]) AS x ORDER BY x", "-1|-1; 2|1; 10|11"},
		{"SELECT x, COUNT(*) FROM UNNEST([" + big("1.0") + ", 1, " + big("2") + "]) AS x GROUP BY x ORDER BY x DESC", "2|1; 1|2"},
		{big(greatestBig) + " + " + big("1e-38"), "error: BIGNUMERIC overflow: " + greatestBig + " + 0.00000000000000000000000000000000000001"},
		{big("1") + " / 0", "error: division by zero: 1 / 0"},
		{"CAST('1x' AS BIGNUMERIC)", "error: Invalid BIGNUMERIC value: 1x"},
		{big("1e-39"), "error: Invalid BIGNUMERIC literal at [1:8]"},
	})
}

func TestSpecialColumns(t *testing.T) {
	check(t, []example{
		{"SELECT * FROM special", "POINT(1 2)|1-2 0 0:0:0|{start:2020-01-01, end:NULL}|1.5"},
		{"SELECT ARRAY_AGG(g), ARRAY_AGG(i), ARRAY_AGG(r) FROM special", "[POINT(1 2)]|[1-2 0 0:0:0]|[{start:2020-01-01, end:NULL}]"},
		{"SELECT s.g, s.r IS NULL FROM (SELECT STRUCT(g, r) AS s FROM special)", "POINT(1 2)|false"},
		{"SELECT COUNT(g), COUNT(r), ANY_VALUE(g) FROM special", "1|1|POINT(1 2)"},
		{"SELECT DATE '2024-01-31' + i, i > INTERVAL 1 YEAR, MAX(i) FROM special GROUP BY i", "2025-03-31T00:00:00|true|1-2 0 0:0:0"},
		{"INTERVAL 1 DAY, INTERVAL -90 MINUTE, INTERVAL 5 QUARTER, INTERVAL 2 WEEK", "0-0 1 0:0:0|0-0 0 -1:30:0|1-3 0 0:0:0|0-0 14 0:0:0"},
	})
}
