//go:build cgo

package vpcflow

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // writes Parquet

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
)

// numbers are the fields that are INT_32 or INT_64 in Parquet, by AWS's documentation of the fields; the
// others are STRING.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html#flow-logs-fields
var numbers = map[string]string{
	"version": "INTEGER", "srcport": "INTEGER", "dstport": "INTEGER", "protocol": "INTEGER", "packets": "BIGINT", "bytes": "BIGINT",
	"start": "BIGINT", "end": "BIGINT", "tcp-flags": "INTEGER", "traffic-path": "INTEGER",
}

// parquetOf returns a log's lines as AWS would deliver them in Parquet: no real file is at hand.
func parquetOf(t *testing.T, text string) []byte {
	t.Helper()
	dir := t.TempDir()
	header, _, _ := strings.Cut(text, "\n")
	columns := ""
	for _, name := range strings.Fields(header) {
		kind := numbers[name]
		if kind == "" {
			kind = "VARCHAR"
		}
		columns += `TRY_CAST(NULLIF("` + name + `", '-') AS ` + kind + `) AS "` + strings.ReplaceAll(name, "-", "_") + `",`
	}
	if err := os.WriteFile(filepath.Join(dir, "x.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("COPY (SELECT " + columns + " FROM read_csv('" + dir + "/x.txt', delim=' ', header=true, all_varchar=true)) TO '" + dir + "/x.parquet' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "x.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A log is the same rows in Parquet as in text.
func TestParquet(t *testing.T) {
	for _, file := range []string{"lambda-promtail.log.gz", "otel_tgw_flow_log.log", "otel_vpc_flow_log_ecs.log"} {
		text := string(formattest.Plain(t, "testdata/vpcflow/"+file))
		want := decode(t, text)
		got, err := formattest.Decode(VPCFlow(), bytes.NewReader(parquetOf(t, text)), format.Options{})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d rows, %v; the text has %d", file, len(got), err, len(want))
		}
		for i := range want {
			if g, w := rowOf(t, got[i]), rowOf(t, want[i]); !reflect.DeepEqual(g, w) || got[i].Line != int64(i+1) {
				t.Errorf("%s, record %d:\ngot  %v\nwant %v", file, i+1, g, w)
			}
		}
	}
}

func TestBrokenParquet(t *testing.T) {
	data := parquetOf(t, "version start new\n2 1620140661 a\n2 99999999999999999 b\n")
	all, err := formattest.Decode(VPCFlow(), bytes.NewReader(data), format.Options{})
	if err != nil || len(all) != 2 || string(all[0].Row) != `{"version":2,"start":"2021-05-04T15:04:21.000000Z","extra":{"new":"a"}}` {
		t.Errorf("%+v, %v", all, err)
	}
	if all[1].Raw != `{"version":2,"start":99999999999999999,"new":"b"}` || !strings.HasPrefix(all[1].Reject, "column start: ") {
		t.Errorf("%+v", all[1])
	}
	if _, err := formattest.Decode(VPCFlow(), bytes.NewReader(data[:len(data)-1]), format.Options{}); !errkind.Is(err, errkind.Permanent) {
		t.Errorf("a file that is cut short: %v", err)
	}
}
