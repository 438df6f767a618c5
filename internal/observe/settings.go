package observe

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"cloud.google.com/go/compute/metadata"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/seneka-io/seneka/internal/config"
)

// googleEndpoint is Google Cloud's, for traces and metrics as the SDK exports them.
// https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview
const googleEndpoint = "https://telemetry.googleapis.com"

// destination is what is exported, and where to.
type destination struct {
	traces, metrics export // by OTLP
	google          bool   // with the credentials of this place
	port            int64  // for Prometheus; 0: none
}

// export is where one signal goes to.
type export struct {
	on  bool
	url string // empty: the SDK reads it from the environment
}

// destinationOf reads the environment. The zero one means that nothing is exported.
func destinationOf(getenv func(string) string) (to destination, err error) {
	if to.port, err = config.Number(getenv, "SENEKA_METRICS_PORT", 0, 0, 65535); err != nil {
		return destination{}, err
	}
	google := false
	switch v := getenv("SENEKA_TELEMETRY"); v {
	case "":
	case "google":
		google = true
	default:
		return destination{}, fmt.Errorf("SENEKA_TELEMETRY is %q: write google, or leave it out", v)
	}
	if p := getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return destination{}, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: Seneka exports by http/protobuf, which collectors take on port 4318", p)
	}
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return to, nil
	}
	signal := func(name, path string) export {
		named := getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_"+name+"_ENDPOINT") != ""
		switch {
		case getenv("OTEL_"+name+"_EXPORTER") == "none":
			return export{}
		case named:
			return export{on: true}
		case google:
			return export{on: true, url: googleEndpoint + path}
		}
		return export{}
	}
	to.traces, to.metrics = signal("TRACES", "/v1/traces"), signal("METRICS", "/v1/metrics")
	to.google = google && (to.traces.on || to.metrics.on)
	return to, nil
}

// metadataPatience is how long the metadata server of Cloud Run is asked: it is on the same machine.
const metadataPatience = 2 * time.Second

// describe says what process this is. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last
// word. Google's API needs gcp.project_id, an instance and a location.
// https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/v1.metrics
func describe(ctx context.Context, s Settings) (*resource.Resource, error) {
	attrs := []attribute.KeyValue{
		attribute.String("service.name", s.Service),
		attribute.String("service.version", s.Version),
		attribute.String("gcp.project_id", s.Project),
	}
	host, _ := os.Hostname()
	instance := cmp.Or(host, "unknown") + "-" + rand.Text()[:8] // a process that starts again counts from zero
	switch {
	case s.Getenv("K_SERVICE") != "": // Cloud Run and its functions
		id, region := cloudRun(ctx)
		instance = cmp.Or(id, instance)
		attrs = append(attrs, attribute.String("cloud.provider", "gcp"), attribute.String("cloud.platform", "gcp_cloud_run"),
			attribute.String("cloud.region", region), attribute.String("faas.name", s.Getenv("K_SERVICE")),
			attribute.String("faas.version", s.Getenv("K_REVISION")), attribute.String("faas.instance", instance))
	case s.Getenv("ECS_CONTAINER_METADATA_URI_V4") != "":
		attrs = append(attrs, attribute.String("cloud.provider", "aws"), attribute.String("cloud.platform", "aws_ecs"),
			attribute.String("cloud.region", s.Getenv("AWS_REGION")))
	}
	attrs = append(attrs, attribute.String("service.instance.id", instance))
	return resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attrs...), resource.WithFromEnv())
}

// cloudRun returns the instance's identity and region; empty where they are not told.
func cloudRun(ctx context.Context) (id, region string) {
	ctx, cancel := context.WithTimeout(ctx, metadataPatience)
	defer cancel()
	id, _ = metadata.InstanceIDWithContext(ctx)
	where, _ := metadata.GetWithContext(ctx, "instance/region") // projects/1/regions/europe-west1
	if where != "" {
		region = path.Base(where)
	}
	return id, region
}
