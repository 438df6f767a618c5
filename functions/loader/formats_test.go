//go:build cgo

package loader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
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

// loadedFormats are the formats with a file of each, and a table of each file. Files are real ones,
// but those below testdata, which are made after the documentation.
var loadedFormats = []struct{ table, format, file, more string }{
	{"alb", "alb", "../../testdata/alb/vrl.log", ""},
	{"elb", "elb", "../../testdata/elb/plaso.log", ""},
	{"nlb", "nlb", "../../internal/format/elb/testdata/nlb/lambda-promtail.log.gz", ""},
	{"alb_connection", "alb_connection", "../../internal/format/elb/testdata/alb_connection/awsdocs.log", ""},
	{"alb_healthcheck", "alb_healthcheck", "../../internal/format/elb/testdata/alb_healthcheck/awsdocs.log", ""},
	{"s3access", "s3access", "../../internal/format/s3access/testdata/s3access/ncbi.log", ""},
	{"cloudfront", "cloudfront", "../../internal/format/cloudfront/testdata/cloudfront/opensearch.log", ""},
	{"cloudfront_v2", "cloudfront", "testdata/cloudfront-v2.json", ""},
	{"cloudfront_w3c", "cloudfront", "testdata/cloudfront-v2.log", ""},
	{"vpcflow", "vpcflow", "../../internal/format/vpcflow/testdata/vpcflow/otel_vpc_flow_log_multi.log", ""},
	{"vpcflow_ecs", "vpcflow", "../../internal/format/vpcflow/testdata/vpcflow/otel_vpc_flow_log_ecs.log", ""},
	{"vpcflow_tgw", "vpcflow", "../../internal/format/vpcflow/testdata/vpcflow/otel_tgw_flow_log.log", ""},
	{"cloudtrail", "cloudtrail", "../../internal/format/cloudtrail/testdata/cloudtrail/invictus-1dM7GQM67kudSyGD.json.gz", ""},
	{"waf", "waf", "../../internal/format/waf/testdata/waf/opensearch.log", ""},
	{"route53resolver", "route53resolver", "../../internal/format/route53/testdata/route53resolver/awsdocs.json", ""},
	{"cloudwatch", "cloudwatch", "../../internal/format/cloudwatch/testdata/cloudwatch/vrl.json.gz", ""},
	{"firelens", "firelens", "../../internal/format/firelens/testdata/firelens/aws-samples.jsonl", ""},
	{"ndjson", "ndjson", "../../internal/format/ndjson/testdata/ndjson/app.jsonl", ", schema: app.json, partition: {column: day, by: day}"},
	{"parquet", "parquet", "../../internal/format/parquet/testdata/parquet/datapage_v2.snappy.parquet", ""},
	{"csv", "csv", "../../internal/format/csv/testdata/csv/quotes_and_newlines.csv", ", schema: pair.json"},
	{"tsv", "tsv", "testdata/orders.tsv", ", schema: orders.json, partition: {column: placed, by: day}"},
}

// schemas are the schema files that the configuration names.
var schemas = map[string]string{
	"app.json":    "../../internal/format/ndjson/testdata/app.json",
	"pair.json":   "testdata/pair.json",
	"orders.json": "testdata/orders.json",
}

var (
	isoDate = regexp.MustCompile(`\b20\d\d-\d\d-\d\d`)
	clfDate = regexp.MustCompile(`\b\d\d/[A-Z][a-z][a-z]/20\d\d:`)
	epoch   = regexp.MustCompile(`\b1[0-9]{9}(?:[0-9]{3})?\b`)
)

// recent returns the contents of a sample with every date and every time since 1970 moved to
// yesterday: rows that are ten years old are rejects, and queries ask for the last days.
func recent(t *testing.T, file string) []byte {
	t.Helper()
	return recentText(formattest.Plain(t, file))
}

func recentText(data []byte) []byte {
	day := time.Now().UTC().AddDate(0, 0, -1).Truncate(24 * time.Hour)
	data = isoDate.ReplaceAll(data, []byte(day.Format(time.DateOnly)))
	data = clfDate.ReplaceAll(data, []byte(day.Format("02/Jan/2006:")))
	return epoch.ReplaceAllFunc(data, func(digits []byte) []byte {
		n, _ := strconv.ParseInt(string(digits), 10, 64)
		if unit := int64(1000); len(digits) > 10 {
			return strconv.AppendInt(nil, day.Unix()*unit+n%(86400*unit), 10)
		}
		return strconv.AppendInt(nil, day.Unix()+n%86400, 10)
	})
}

// Each format goes from a landing object into its table, and every value of every row is there.
func TestFormatsEndToEnd(t *testing.T) {
	r := newServices(t)
	cfg := `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q", sources: [`
	for _, f := range loadedFormats {
		cfg += fmt.Sprintf("{name: %s, match: \"s3://src/%s/**\", format: %s, table: logs.%s%s},", f.table, f.table, f.format, f.table, f.more)
	}
	files := map[string][]byte{"": []byte(cfg + "]}")}
	for name, file := range schemas {
		files[name] = formattest.Plain(t, file)
	}
	app, parsed := r.configure(files)
	client, err := bqquery.New(t.Context(), "local", bqquery.EmulatorOptions(r.bq.REST)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, tt := range loadedFormats {
		t.Run(tt.table, func(t *testing.T) {
			f, err := formatOf(t.Context(), &parsed.Sources[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			data := recent(t, tt.file)
			if f.Inspect != nil {
				if f, err = f.Inspect(bytes.NewReader(data), format.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			file := r.putData(object.Source{Bucket: "src", Key: tt.table + "/file"}, data)
			res, err := app.Load(t.Context(), file)
			if err != nil || res.Outcome != load.Loaded || res.Rejects != 0 {
				t.Fatalf("%+v, %v", res, err)
			}
			want, err := formattest.Decode(f, bytes.NewReader(data), format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := rowsOf(t, client, tt.table)
			if len(got) != len(want) || len(want) == 0 {
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

// configure starts a loader with the configuration that files holds by the empty name, and beside it
// the other files.
func (r *requests) configure(files map[string][]byte) (*App, *config.Config) {
	r.Helper()
	path := os.Getenv("SENEKA_CONFIG")
	for name, data := range files {
		target := path
		if name != "" {
			target = filepath.Join(filepath.Dir(path), name)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, data, 0o600)); err != nil {
			r.Fatal(err)
		}
	}
	parsed, err := config.Load(r.Context(), path, nil, formats.Known())
	if err != nil {
		r.Fatal(err)
	}
	return r.open(), parsed
}

// putData lays the copy of an S3 object into landing.
func (r *requests) putData(source object.Source, data []byte) load.File {
	r.Helper()
	attrs := object.Attrs{Event: object.Event{Source: source, Version: object.Version{ETag: "e", Size: 1}, Time: time.Now()}}
	name := source.Bucket + "/" + source.Key
	w := r.store.Bucket("landing").Object(name).NewWriter(r.Context())
	w.Metadata = attrs.Metadata()
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		r.Fatal(err)
	}
	return load.File{Landed: object.Landed{Bucket: "landing", Name: name, Generation: w.Attrs().Generation}, Attrs: attrs}
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
	case civil.Time:
		return v.String() + ".000000" // no sample has fractions
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
		number, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return json.Number(number)
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
