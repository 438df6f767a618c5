package loader

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/object"
)

// route makes a Router of one ndjson source, whose settings are more, from a configuration in Cloud
// Storage whose schema file is schema.
func route(t *testing.T, more, schema string) (spec string, err error) {
	t.Helper()
	text := `project: acme-logs
landing: gs://acme-landing
ledger: gs://acme-ledger
queue: https://sqs.us-east-1.amazonaws.com/123456789012/seneka
sources:
  - {name: app, match: "s3://app/{team}/**", format: ndjson, table: "logs.app_{team}"` + more + "}\n"
	cfg, err := config.Parse("gs://conf/etc/seneka.yaml", []byte(text), formats.Known())
	if err != nil {
		t.Fatal(err)
	}
	open := func(_ context.Context, bucket, name string) (io.ReadCloser, error) {
		if bucket != "conf" || name != "etc/schemas/app.json" {
			return nil, errkind.With(errkind.NotFound, fmt.Errorf("no object %s in %s", name, bucket))
		}
		return io.NopCloser(strings.NewReader(schema)), nil
	}
	router, err := Router(t.Context(), cfg, open)
	if err != nil {
		return "", err
	}
	target, ok := router(object.Source{Bucket: "app", Key: "web/x.json"})
	if !ok || target.Table.Name != "app_web" || target.Format.Name != "ndjson" {
		t.Fatalf("target %+v, %v", target, ok)
	}
	for _, c := range target.Format.Spec.Columns {
		spec += c.Name + " " + string(c.Type) + ", "
	}
	return spec + "by " + target.Format.Spec.PartitionBy, nil
}

func TestRouterReadsSchemas(t *testing.T) {
	const schema = `[{"name":"day","type":"DATE"},{"name":"n","type":"INTEGER"}]`
	for _, tt := range []struct{ more, schema, want string }{
		{", schema: schemas/app.json, partition: {column: day, by: day}", schema, "day DATE, n INT64, extra JSON, by day"},
		{", schema: gs://conf/etc/schemas/app.json, on_conflict: extra", schema, "day DATE, n INT64, extra JSON, by loaded_at"},
		{", schema: schemas/app.json, partition: {column: n, by: day}", schema, "source app: partition column n: must not be of type INT64"},
		{", schema: schemas/app.json", "{}", "source app: gs://conf/etc/schemas/app.json: schema: want a JSON array of fields"},
		{", schema: other.json", schema, "source app: schema gs://conf/etc/other.json: no object etc/other.json in conf"},
		{"", schema, "source app: the format has no columns of its own"},
	} {
		got, err := route(t, tt.more, tt.schema)
		if err != nil {
			got = err.Error()
			if !errkind.Is(err, errkind.Permanent) && !errkind.Is(err, errkind.NotFound) {
				t.Errorf("%s: %v is of kind %v", tt.more, err, errkind.Of(err))
			}
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.more, got, tt.want)
		}
	}
}
