//go:build cgo

package elb

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // writes Parquet

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
)

// A row is the same in Parquet, all of texts: no real file is at hand.
func TestNamedFieldsInParquet(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func(names, line []string) []byte {
		var columns []string
		for i, name := range names {
			columns = append(columns, "'"+string(unquote([]byte(line[i])))+"' AS \""+strings.ReplaceAll(name, ":", "_")+`"`)
		}
		file := filepath.Join(t.TempDir(), "x.parquet")
		if _, err := db.Exec("COPY (SELECT " + strings.Join(columns, ",") + ") TO '" + file + "' (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, d := range deliveries {
		line := d.line[:len(d.names)]
		want := formattest.MustDecode(t, d.format, strings.NewReader(lineOf(line, -1, "")))[0].Row
		got, err := formattest.Decode(d.format, bytes.NewReader(write(d.names, line)), format.Options{})
		if err != nil || len(got) != 1 || string(got[0].Row) != string(want) {
			t.Errorf("%s: error %v\ngot  %+v\nwant %s", d.format.Name, err, got, want)
		}
	}
	got, err := formattest.Decode(ALB(), bytes.NewReader(write([]string{"elb_status_code"}, []string{"OK"})), format.Options{})
	if err != nil || len(got) != 1 || got[0].Reject == "" || got[0].Raw != `{"elb_status_code":"OK"}` {
		t.Errorf("no number: %+v, %v", got, err)
	}
	if _, err := formattest.Decode(ALB(), bytes.NewReader(write([]string{"a"}, []string{"b"})), format.Options{}); !errkind.Is(err, errkind.Permanent) {
		t.Errorf("columns of something else: %v", err)
	}
}
