//go:build cgo

package cloudfront

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // writes Parquet

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
)

// A row is the same in Parquet, where all values are texts and the names have underscores, by AWS's
// documentation: no real file is at hand.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
func TestParquet(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var columns []string
	for i, name := range strings.Fields(legacy) {
		name = strings.TrimRight(strings.NewReplacer("-", "_", "(", "_", ")", "_").Replace(strings.ToLower(name)), "_")
		columns = append(columns, "'"+strings.ReplaceAll(sample[i], "'", "''")+"' AS \""+name+`"`)
	}
	file := filepath.Join(t.TempDir(), "x.parquet")
	if _, err := db.Exec("COPY (SELECT " + strings.Join(columns, ",") + ", '-' AS asn, 'dt_1' AS distribution_tenant_id) TO '" + file + "' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := formattest.Decode(CloudFront(), bytes.NewReader(data), format.Options{})
	want := decode(t, strings.Replace(header(), "\n#Fields: "+legacy, "\n#Fields: "+legacy+" asn distribution_tenant_id", 1)+with(33, -1, "")+"\t-\tdt_1")
	if err != nil || len(got) != 1 || string(got[0].Row) != string(want[0].Row) || !strings.Contains(string(want[0].Row), `"extra":{"distribution_tenant_id":"dt_1"}`) {
		t.Errorf("error %v\ngot  %+v\nwant %+v", err, got, want)
	}
}
