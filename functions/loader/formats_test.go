//go:build cgo

package loader

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// loadedFormats are formats with a real file of each, below internal/format.
var loadedFormats = []struct{ format, file, more string }{
	{"cloudtrail", "cloudtrail/testdata/cloudtrail/invictus-1dM7GQM67kudSyGD.json.gz", ""},
	{"waf", "waf/testdata/waf/opensearch.log", ""},
	{"route53resolver", "route53/testdata/route53resolver/awsdocs.json", ""},
	{"cloudwatch", "cloudwatch/testdata/cloudwatch/vrl.json.gz", ""},
	{"firelens", "firelens/testdata/firelens/aws-samples.jsonl", ""},
	{"ndjson", "ndjson/testdata/ndjson/app.jsonl", ", schema: app.json, partition: {column: day, by: day}"},
}

// Each format goes from a landing object into its table, and every value of every row is there.
func TestFormatsEndToEnd(t *testing.T) {
	r := newRequests(t)
	cfg := `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q", sources: [`
	for _, f := range loadedFormats {
		cfg += fmt.Sprintf("{name: %s, match: \"s3://src/%s/**\", format: %s, table: logs.%s%s},", f.format, f.format, f.format, f.format, f.more)
	}
	path := os.Getenv("SENEKA_CONFIG")
	schema, err := os.ReadFile("../../internal/format/ndjson/testdata/app.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{path: []byte(cfg + "]}"), filepath.Join(filepath.Dir(path), "app.json"): schema} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	app := r.open()
	parsed, err := config.Load(t.Context(), path, nil, formats.Known())
	if err != nil {
		t.Fatal(err)
	}
	client, err := bqquery.New(t.Context(), "local", bqquery.EmulatorOptions(r.bq.REST)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, tt := range loadedFormats {
		t.Run(tt.format, func(t *testing.T) {
			f, err := formatOf(t.Context(), &parsed.Sources[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			data := formattest.Plain(t, "../../internal/format/"+tt.file)
			file := r.putData(tt.format+"/file", data)
			res, err := app.Load(t.Context(), file)
			if err != nil || res.Outcome != load.Loaded || res.Rejects != 0 {
				t.Fatalf("%+v, %v", res, err)
			}
			want, err := formattest.Decode(f, bytes.NewReader(data), format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := rowsOf(t, client, tt.format)
			if len(got) != len(want) {
				t.Fatalf("%d rows in the table, %d of the file", len(got), len(want))
			}
			for n := range want {
				var expected map[string]any
				decodeNumbers(t, want[n].Row, &expected)
				if expected[f.Spec.PartitionBy] == nil && got[n][f.Spec.PartitionBy] != nil { // the file's time
					delete(got[n], f.Spec.PartitionBy)
				}
				if !reflect.DeepEqual(got[n], expected) {
					t.Errorf("row %d:\ngot  %v\nwant %v", n+1, got[n], expected)
				}
			}
		})
	}
}

// putData lays a plain file into landing.
func (r *requests) putData(key string, data []byte) load.File {
	r.Helper()
	attrs := object.Attrs{Event: object.Event{Source: object.Source{Bucket: "src", Key: key}, Version: object.Version{ETag: "e", Size: 1}, Time: time.Now()}}
	w := r.store.Bucket("landing").Object("src/" + key).NewWriter(r.Context())
	w.Metadata = attrs.Metadata()
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		r.Fatal(err)
	}
	return load.File{Landed: object.Landed{Bucket: "landing", Name: "src/" + key, Generation: w.Attrs().Generation}, Attrs: attrs}
}

// rowsOf returns a table's rows in the order of their file, as formattest renders them.
func rowsOf(t *testing.T, client *bqquery.Client, table string) (all []map[string]any) {
	t.Helper()
	rows, err := client.Query(t.Context(), "SELECT * FROM logs."+table+" ORDER BY source_line")
	if err != nil {
		t.Fatal(err)
	}
	for {
		values, ok, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		o := render(t, rows.Columns, values)
		for _, own := range []string{"source_file", "source_line", "loaded_at"} {
			if o[own] == nil {
				t.Errorf("no %s", own)
			}
			delete(o, own)
		}
		all = append(all, o)
	}
}

func render(t *testing.T, columns []row.Column, values []bigquery.Value) map[string]any {
	o := map[string]any{}
	for i := range columns {
		if v := renderValue(t, &columns[i], values[i]); v != nil {
			o[columns[i].Name] = v
		}
	}
	return o
}

func renderValue(t *testing.T, c *row.Column, v bigquery.Value) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []bigquery.Value:
		if c.Mode != row.Repeated {
			return any(render(t, c.Fields, v))
		}
		element := *c
		element.Mode = row.Nullable
		var list []any
		for _, e := range v {
			list = append(list, renderValue(t, &element, e))
		}
		if len(list) == 0 {
			return nil
		}
		return list
	case bool:
		return map[bool]json.Number{true: "1", false: "0"}[v]
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	case civil.Date:
		return v.String()
	case *big.Rat:
		return strings.TrimRight(v.FloatString(38), "0")
	case string:
		if c.Type == row.JSON {
			var inner any
			decodeNumbers(t, []byte(v), &inner)
			return inner
		}
		return v
	default:
		return json.Number(fmt.Sprint(v))
	}
}

func decodeNumbers(t *testing.T, data []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}
