//go:build cgo

package loader

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// Without a schema the columns are those of each file: the table gains what a later one has more, and a
// file that does not go with it is rejected, with the reason.
func TestColumnsOfTheFile(t *testing.T) {
	r := newServices(t)
	cfg := `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q", sources: [
		{name: parquet, match: "s3://src/p/**", format: parquet, table: logs.p},
		{name: csv, match: "s3://src/c/**", format: csv, table: logs.c, csv: {header: present}}]}`
	if err := os.WriteFile(os.Getenv("SENEKA_CONFIG"), []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	app := r.open()
	put := func(key string, data []byte) load.File {
		return r.putData(object.Source{Bucket: "src", Key: key}, data)
	}
	sample := func(name string) load.File {
		return put("p/"+name, formattest.Plain(t, "../../internal/format/parquet/testdata/parquet/"+name+".parquet"))
	}
	first := sample("datapage_v2.snappy")
	r.tryLoad(app, first, load.Loaded)
	r.tryLoad(app, sample("int32_decimal"), load.Loaded)
	r.tryLoad(app, first, load.Duplicate)
	want := []string{"[s3://src/p/datapage_v2.snappy 5 15 0]", "[s3://src/p/int32_decimal 24 <nil> 24]"}
	if got := r.ask("SELECT source_file, COUNT(*), SUM(b), COUNT(value) FROM logs.p GROUP BY 1 ORDER BY 1"); !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	for name, reason := range map[string]string{"nested_lists.snappy": "column a", "alltypes_plain": ""} {
		res, err := app.Load(t.Context(), sample(name))
		if rejected := res.Outcome == load.Rejected; err != nil || rejected != (reason != "") || !strings.Contains(res.Reason, reason) {
			t.Errorf("%s: %+v, %v; want it rejected: %q", name, res, err, reason)
		}
	}
	r.tryLoad(app, put("c/1", []byte("id,First Name\n1,Ann\n")), load.Loaded)
	r.tryLoad(app, put("c/2", []byte("id,age\n2,30\n3,x\n")), load.Loaded)
	want = []string{"[1 Ann <nil>]", "[2 <nil> 30]", "[3 <nil> x]"}
	if got := r.ask("SELECT id, First_Name, age FROM logs.c ORDER BY id"); !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if got := fmt.Sprint(r.ask("SELECT COUNT(*) FROM logs.seneka_loads WHERE outcome = 'rejected'")); got != "[[1]]" {
		t.Errorf("%s files rejected in the log", got)
	}
}
