//go:build cgo

package parquet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format/formattest"
)

// BenchmarkParquet measures a table such as Spark or Athena exports, by codec, in MB of the file.
func BenchmarkParquet(b *testing.B) {
	const rows = 20_000
	const table = `SELECT i AS id, TIMESTAMPTZ '2026-11-01 00:00:00+00' + to_microseconds(i * 1234567) AS "time", ['INFO', 'WARN'][i % 2 + 1] AS level,
		'request ' || hash(i) || ' was answered' AS message, hash(i) % 1000000 / 1000000.0 AS duration, 200 + (hash(i) % 4) * 100 AS status,
		(i / 100)::DECIMAL(18,2) AS total, CASE WHEN i % 3 > 0 THEN ['web', 'eu-west-1'] END AS tags, {'id': hash(i) % 1000, 'name': 'user ' || i % 1000} AS user
		FROM range(ROWS) t(i)`
	db := openDuckDB(b)
	for _, codec := range []string{"snappy", "zstd"} {
		file := filepath.Join(b.TempDir(), codec)
		if _, err := db.Exec("COPY (" + strings.Replace(table, "ROWS", fmt.Sprint(rows), 1) + ") TO '" + file + "' (FORMAT parquet, COMPRESSION " + codec + ")"); err != nil {
			b.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(codec, func(b *testing.B) { formattest.Benchmark(b, inspected(b, data), data, rows) })
	}
}
