//go:build cgo

package parquet

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/seneka-io/seneka/internal/format"
)

// open returns a DuckDB in memory.
func openDuckDB(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// ours returns the records of a file as JSON values.
func ours(t testing.TB, file string) (all []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := NewTexts(bytes.NewReader(data), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		switch err := texts.next(); err {
		case nil:
			dec := json.NewDecoder(bytes.NewReader(appendJSON(nil, texts.root, &texts.datum)))
			dec.UseNumber()
			var o map[string]any
			if err := dec.Decode(&o); err != nil {
				t.Fatal(err)
			}
			all = append(all, normal(o).(map[string]any))
		case io.EOF:
			return all
		default:
			t.Fatal(err)
		}
	}
}

// theirs returns the records of a file as DuckDB reads them.
func theirs(t testing.TB, db *sql.DB, file string) (all []map[string]any) {
	t.Helper()
	rows, err := db.Query("SELECT * FROM read_parquet('" + file + "')")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		o := map[string]any{}
		for i, name := range names {
			o[name] = normal(values[i])
		}
		all = append(all, o)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// normal brings values of both to one form.
func normal(v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case json.Number:
		return number(v.String())
	case string:
		return moment(v)
	case []byte:
		if len(v) == 16 { // no BLOB of these files is
			return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
		}
		return base64.StdEncoding.EncodeToString(v)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.999999")
	case duckdb.Decimal:
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(v.Scale)), nil)
		return number(new(big.Rat).SetFrac(v.Value, unit).FloatString(int(v.Scale)))
	case float32:
		return normal(float64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
		return number(fmt.Sprint(v))
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = normal(v[i])
		}
		return all
	case map[string]any:
		o := map[string]any{}
		for name := range v {
			o[name] = normal(v[name])
		}
		return o
	case duckdb.OrderedMap:
		all := []any{}
		for i, k := range v.Keys() {
			all = append(all, map[string]any{"key": normal(k), "value": normal(v.Values()[i])})
		}
		return all
	default:
		return number(fmt.Sprint(v))
	}
}

// number is a number without what does not matter in its text.
func number(text string) any {
	var f float64
	if _, err := fmt.Sscan(text, &f); err == nil && len(text) < 15 {
		return fmt.Sprint(f)
	}
	if strings.Contains(text, ".") && !strings.Contains(text, "e") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// moment is a text, or a date or a time as DuckDB's driver has it.
func moment(text string) string {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999Z", "2006-01-02T15:04:05.999999"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Format("2006-01-02T15:04:05.999999")
		}
	}
	if at, err := time.Parse("15:04:05.999999", text); err == nil {
		return "0001-01-01T" + at.Format("15:04:05.999999")
	}
	return text
}

// compareRows compares what was read of a file.
func compareRows(t *testing.T, got, want []map[string]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, and DuckDB reads %d", len(got), len(want))
	}
	for i := range want {
		for name := range want[i] {
			if !reflect.DeepEqual(got[i][name], want[i][name]) {
				t.Fatalf("record %d, %s:\ngot  %#v\nwant %#v", i+1, name, got[i][name], want[i][name])
			}
		}
		if len(got[i]) != len(want[i]) {
			t.Fatalf("record %d: columns %v and %v", i+1, got[i], want[i])
		}
	}
}

// DuckDB reads the same of the samples, but for times that no table of BigQuery holds.
func TestSamplesAgainstDuckDB(t *testing.T) {
	db := openDuckDB(t)
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got, want := ours(t, file), theirs(t, db, file)
			if filepath.Base(file) == "int96_from_spark.parquet" {
				got, want = slices.Delete(got, 5, 6), slices.Delete(want, 5, 6)
			}
			compareRows(t, got, want)
		})
	}
}

// everyType makes rows of every type that DuckDB writes, with NULLs, repetitions and long texts.
const everyType = `SELECT i::BIGINT AS i, (i % 3 = 0) AS b, (i % 100 - 50)::TINYINT AS i8, (-i)::SMALLINT AS i16, i * 1000 AS i32,
	(i % 256)::UTINYINT AS u8, i::USMALLINT AS u16, (4000000000 + i)::UINTEGER AS u32, (18446744073709551615 - i)::UBIGINT AS u64,
	i / 7.0::FLOAT AS f, i / 7.0::DOUBLE AS d, CASE WHEN i % 5 = 0 THEN 'NaN'::DOUBLE END AS nan,
	(i / 100)::DECIMAL(4,2) AS d4, (-i / 100)::DECIMAL(9,3) AS d9, (i * 1234567.891)::DECIMAL(18,4) AS d18, (i * -1234567890.123)::DECIMAL(38,10) AS d38,
	CASE WHEN i % 2 = 0 THEN 'text ' || (i % 10) END AS s, 'prefix of all/' || i AS p, repeat('x', (i * 37 % 2000)::INT) AS long,
	encode('bytes' || i) AS blob, DATE '1970-01-01' + (i * 7 - 1000)::INT AS day, TIME '00:00:00' + to_microseconds(i * 1234567) AS clock,
	TIMESTAMP '2024-05-06 07:08:09.123456' + to_microseconds(i * 999999) AS ts, (TIMESTAMP '1960-05-06 07:08:09.123' + to_seconds(i))::TIMESTAMP_MS AS ms,
	TIMESTAMPTZ '2024-05-06 07:08:09+00' + to_microseconds(i) AS tz, uuid_value AS u, (CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END)::ENUM('a', 'b') AS e,
	CASE WHEN i % 4 > 0 THEN range((i % 4)::BIGINT) END AS list, [[i, NULL], [], NULL, [7]] AS lists,
	CASE WHEN i % 6 > 0 THEN {'x': i, 'y': CASE WHEN i % 3 > 0 THEN {'z': ['a', NULL, 'b' || i]} END} END AS struct,
	[{'k': i, 'l': [i % 2]}, NULL] AS structs, MAP {'key': i} AS map, NULL::INT AS never
	FROM range(ROWS) t(i), (SELECT '4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::UUID AS uuid_value)`

// What DuckDB writes, in whatever codec and encoding, is read as DuckDB itself reads it.
func TestFilesOfDuckDB(t *testing.T) {
	db := openDuckDB(t)
	for options, rows := range map[string]string{
		"compression uncompressed": "300", "compression snappy": "300", "compression gzip": "300", "compression zstd": "300",
		"compression brotli": "300", "compression lz4_raw": "300", "parquet_version v2": "500", "parquet_version v2, dictionary_size_limit 1": "500",
		"dictionary_size_limit 1, row_group_size 2048": "2500",
	} {
		t.Run(options, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.parquet")
			if _, err := db.Exec("COPY (" + strings.Replace(everyType, "ROWS", rows, 1) + ") TO '" + file + "' (FORMAT parquet, " + options + ")"); err != nil {
				t.Fatal(err)
			}
			compareRows(t, ours(t, file), theirs(t, db, file))
		})
	}
}
