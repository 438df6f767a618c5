//go:build cgo

package bignumeric

import (
	"database/sql"
	"strings"
	"testing"
)

func TestFunctions(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := Register(conn); err != nil {
		t.Fatal(err)
	}
	// n('…') is a number. The last two rows are of a table of 1.5, NULL and 2.
	for expr, want := range map[string]string{
		"n('  1.50 ')": "1.5",
		"n('0.000000000000000000000000000000000000005')":            "0.00000000000000000000000000000000000001",
		"n('-0.000000000000000000000000000000000000004')":           "0",
		"bignumeric_double(0.1)":                                    "0.10000000000000000555111512312578270212",
		"bignumeric_calc('+', n('" + greatest + "'), n('-1e-38'))":  strings.TrimSuffix(greatest, "7") + "6",
		"bignumeric_calc('-', n('1'), n('1e-38'))":                  "0.99999999999999999999999999999999999999",
		"bignumeric_calc('*', n('1e-19'), n('-1e-19'))":             "-0.00000000000000000000000000000000000001",
		"bignumeric_calc('/', n('2'), n('-3'))":                     "-0.66666666666666666666666666666666666667",
		"bignumeric_round('ROUND', n('-2.5'), 0)":                   "-3",
		"bignumeric_round('ROUND', n('2.45'), 1)":                   "2.5",
		"bignumeric_round('ROUND', n('1250'), -2)":                  "1300",
		"bignumeric_round('TRUNC', n('-2.9'), 0)":                   "-2",
		"bignumeric_round('CEIL', n('-2.9'), 0)":                    "-2",
		"bignumeric_round('CEIL', n('2.1'), 0)":                     "3",
		"bignumeric_round('FLOOR', n('-2.1'), 0)":                   "-3",
		"bignumeric_round('ROUND', n('1.5'), -9223372036854775807)": "0",
		"bignumeric_sum([n('1.5'), NULL, n('2')])":                  "3.5",
		"bignumeric_avg([n('1.5'), NULL, n('2')])":                  "1.75",
		"coalesce(bignumeric_sum(CAST([NULL] AS BLOB[])), n('7'))":  "7",
		"coalesce(bignumeric_avg(CAST([] AS BLOB[])), n('7'))":      "7",
		"coalesce(bignumeric_calc('+', NULL, n('1')), n('7'))":      "7",
		"coalesce(TRY(n('x')), n('7'))":                             "7",

		"n('1x')":                  "Invalid BIGNUMERIC value: 1x",
		"n('1e39')":                "BIGNUMERIC overflow",
		"bignumeric_double('nan')": "Illegal conversion of non-finite floating point number to BIGNUMERIC: NaN",
		"bignumeric_calc('+', n('" + greatest + "'), n('1e-38'))": "BIGNUMERIC overflow: " + greatest + " + 0.00000000000000000000000000000000000001",
		"bignumeric_calc('/', n('1'), n('0'))":                    "division by zero: 1 / 0",
		"bignumeric_round('CEIL', n('" + greatest + "'), 0)":      "BIGNUMERIC overflow",
	} {
		var got string
		err := conn.QueryRowContext(t.Context(), "SELECT bignumeric_text("+strings.ReplaceAll(expr, "n('", "bignumeric('")+")").Scan(&got)
		if err != nil {
			_, got, _ = strings.Cut(err.Error(), "API error: ")
		}
		if got != want {
			t.Errorf("%s is %s, %v; want %s", expr, got, err, want)
		}
	}
}
