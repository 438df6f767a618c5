//go:build cgo

package gsql

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// now is the time that queries of tests run at.
var now = time.Date(2024, 3, 10, 12, 34, 56, 789_000_000, time.UTC)

// testCatalog is a catalog in memory, by project.dataset.name.
type testCatalog map[string]TableDef

func (c testCatalog) Table(t row.Table) (TableDef, bool) {
	def, ok := c[t.String()]
	return def, ok
}

// testOptions are the surroundings of most tests.
func testOptions(params ...Param) Options {
	return Options{DefaultProject: "local", DefaultDataset: "logs", Catalog: tables, Params: params, Now: now, User: "me@example.com"}
}

// tables are what queries of tests can read. Roster, PlayerStats and the like are those of
// BigQuery's documentation.
var tables = testCatalog{
	"local.logs.requests": {SQLName: `main."requests"`, Columns: row.Schema{
		{Name: "time", Type: row.Timestamp}, {Name: "client", Type: row.String}, {Name: "status", Type: row.Int64},
		{Name: "seconds", Type: row.Float64}, {Name: "tags", Type: row.String, Mode: row.Repeated},
		{Name: "tls", Type: row.Struct, Fields: []row.Column{{Name: "cipher", Type: row.String}, {Name: "version", Type: row.Int64}}},
		{Name: "extra", Type: row.JSON},
		{Name: "targets", Type: row.Struct, Mode: row.Repeated, Fields: []row.Column{{Name: "ip", Type: row.String}, {Name: "status", Type: row.Int64}}},
	}},
	"local.logs.slow":                      {View: "SELECT client, seconds FROM logs.requests WHERE seconds > 1"},
	"local.logs.loop":                      {View: "SELECT * FROM logs.loop"},
	"local.logs.INFORMATION_SCHEMA.TABLES": {SQLName: `(SELECT 'requests' AS table_name)`, Columns: row.Schema{{Name: "table_name", Type: row.String}}},
	"other-project.d.Case":                 {SQLName: `(SELECT CAST(7 AS BIGINT) AS "n")`, Columns: row.Schema{{Name: "n", Type: row.Int64}}},
	"local.logs.special": {SQLName: `(SELECT 'POINT(1 2)' AS g, INTERVAL 14 MONTH AS i, {'start': DATE '2020-01-01', 'end': NULL::DATE} AS r, bignumeric('1.5') AS b)`,
		Columns: row.Schema{{Name: "g", Type: row.Geography}, {Name: "i", Type: row.Interval}, {Name: "r", Type: row.Range, RangeElement: row.Date}, {Name: "b", Type: row.BigNumeric}}},
	"local.logs.Roster":      {SQLName: `main."Roster"`, Columns: row.Schema{{Name: "LastName", Type: row.String}, {Name: "SchoolID", Type: row.Int64}}},
	"local.logs.PlayerStats": {SQLName: `main."PlayerStats"`, Columns: row.Schema{{Name: "LastName", Type: row.String}, {Name: "OpponentID", Type: row.Int64}, {Name: "PointsScored", Type: row.Int64}}},
	"local.logs.TeamMascot":  {SQLName: `main."TeamMascot"`, Columns: row.Schema{{Name: "SchoolID", Type: row.Int64}, {Name: "Mascot", Type: row.String}}},
}

const fixtures = `
CREATE TABLE requests (time TIMESTAMPTZ, client VARCHAR, status BIGINT, seconds DOUBLE, tags VARCHAR[],
	tls STRUCT(cipher VARCHAR, version BIGINT), extra JSON, targets STRUCT(ip VARCHAR, status BIGINT)[]);
INSERT INTO requests VALUES
	('2024-01-01 00:00:00+00', '10.0.0.1', 200, 0.5, ['a', 'b'], {'cipher': 'AES', 'version': 12}, '{"k": "v", "n": [1, 2]}', [{'ip': 'x', 'status': 200}, {'ip': 'y', 'status': 500}]),
	('2024-01-01 01:00:00+00', '10.0.0.2', 404, 1.5, ['b'], {'cipher': 'AES', 'version': 13}, NULL, []),
	('2024-01-02 00:00:00+00', '10.0.0.1', 500, 2.5, NULL, NULL, '{"k": null}', NULL),
	('2024-01-02 00:00:00.5+00', NULL, NULL, NULL, [], {'cipher': NULL, 'version': NULL}, '{}', NULL);
CREATE TABLE Roster AS SELECT LastName, CAST(SchoolID AS BIGINT) AS SchoolID FROM (VALUES ('Adams', 50), ('Buchanan', 52), ('Coolidge', 52), ('Davis', 51), ('Eisenhower', 77)) t(LastName, SchoolID);
CREATE TABLE PlayerStats AS SELECT LastName, CAST(OpponentID AS BIGINT) AS OpponentID, CAST(PointsScored AS BIGINT) AS PointsScored FROM (VALUES ('Adams', 51, 3), ('Buchanan', 77, 0), ('Coolidge', 77, 1), ('Adams', 52, 4), ('Buchanan', 50, 13)) t(LastName, OpponentID, PointsScored);
CREATE TABLE TeamMascot AS SELECT CAST(SchoolID AS BIGINT) AS SchoolID, Mascot FROM (VALUES (50, 'Jaguars'), (51, 'Knights'), (52, 'Lakers'), (53, 'Mustangs')) t(SchoolID, Mascot);`

// openDuckDB returns a database of its own, which can load no extension and read no file.
func openDuckDB(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "?autoinstall_known_extensions=false&autoload_known_extensions=false")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	registerFunctions(t, db)
	for _, s := range []string{"SET TimeZone = 'UTC'", "SET enable_external_access = false", "SET lock_configuration = true", fixtures} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func registerFunctions(t testing.TB, db *sql.DB) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := bignumeric.Register(conn); err != nil {
		t.Fatal(err)
	}
}

// answer runs a query and writes its rows: columns with | between them, rows with a semicolon. An
// error, of the translation or the run, is written as BigQuery words it.
func answer(db *sql.DB, query string, o Options) string {
	s, err := Translate(query, o)
	if err != nil {
		return "error: " + err.Error()
	}
	rows, err := db.Query(s.SQL)
	if err != nil {
		return "error: " + RuntimeMessage(err.Error())
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		vals, dest := make([]any, len(s.Columns)), make([]any, len(s.Columns))
		for i := range vals {
			dest[i] = &vals[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return "scan: " + err.Error()
		}
		parts := make([]string, len(vals))
		for i, v := range vals {
			parts[i] = render(v, s.Columns[i])
		}
		lines = append(lines, strings.Join(parts, "|"))
	}
	if err := rows.Err(); err != nil {
		return "error: " + RuntimeMessage(err.Error())
	}
	return strings.Join(lines, "; ")
}

// render writes a value by the type that the translator says it has.
func render(v any, c row.Column) string {
	if v == nil {
		return "NULL"
	}
	if c.Mode == row.Repeated {
		elem := c
		elem.Mode = row.Nullable
		list, ok := v.([]any)
		parts := make([]string, len(list))
		for i, e := range list {
			parts[i] = render(e, elem)
		}
		if !ok {
			return fmt.Sprintf("%T is no list", v)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return renderScalar(v, c)
}

func renderScalar(v any, c row.Column) string {
	switch v := v.(type) {
	case duckdb.Interval:
		return row.IntervalValue{Months: v.Months, Days: v.Days, Micros: v.Micros}.String()
	case map[string]any:
		if c.Type == row.JSON {
			break
		}
		if c.Type == row.Range {
			c.Fields = c.Bounds()
		}
		parts := make([]string, len(c.Fields))
		for i, f := range c.Fields {
			parts[i] = f.Name + ":" + render(v[f.Name], f)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case time.Time:
		layout := map[row.Type]string{row.Date: "2006-01-02", row.Datetime: "2006-01-02T15:04:05.999999",
			row.Timestamp: "2006-01-02 15:04:05.999999+00", row.Time: "15:04:05.999999"}[c.Type]
		if layout == "" {
			return fmt.Sprintf("a time is no %s", c.Type)
		}
		return v.UTC().Format(layout)
	case []byte:
		if c.Type == row.BigNumeric {
			return bignumeric.Decode(v)
		}
		return "x" + hex.EncodeToString(v)
	case float64:
		if c.Type == row.JSON {
			break
		}
		if c.Type != row.Float64 {
			return fmt.Sprintf("%T is no %s", v, c.Type)
		}
		if math.Abs(v) < 1e15 && v == math.Trunc(v) {
			return fmt.Sprintf("%.1f", v)
		}
		return fmt.Sprint(v)
	case duckdb.Decimal:
		return v.String()
	case int64:
		if c.Type == row.Int64 || c.Type == row.JSON {
			return fmt.Sprint(v)
		}
		return fmt.Sprintf("int64 is no %s", c.Type)
	case bool, string:
		if c.Type != row.JSON {
			return fmt.Sprint(v)
		}
	}
	if c.Type == row.JSON {
		b, err := json.Marshal(v)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	return fmt.Sprintf("%T is no %s", v, c.Type)
}
