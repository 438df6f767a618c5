package observe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/seneka-io/seneka/internal/telemetry"
)

// serve answers Prometheus, and whoever asks after the process's health, on a port of all addresses.
func (t *Telemetry) serve(port int, from sdkmetric.Reader) error {
	l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("SENEKA_METRICS_PORT: %w", err)
	}
	t.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		var data metricdata.ResourceMetrics
		if err := from.Collect(r.Context(), &data); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = expose(w, &data)
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.flush = append(t.flush, func(context.Context) error {
		if err := errors.Join(s.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// Address returns where Prometheus is answered, host:port; empty if it is not.
func (t *Telemetry) Address() string { return t.address }

// expose writes the metrics in Prometheus's text format. OpenTelemetry's exporter for it, with
// Prometheus's library, is seven more modules for this function.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
func expose(to io.Writer, data *metricdata.ResourceMetrics) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "# HELP target_info What process this is.\n# TYPE target_info gauge\ntarget_info%s 1\n", labels(*data.Resource.Set()))
	known := map[string]telemetry.Metric{}
	for _, m := range telemetry.Metrics() {
		known[m.Name] = m
	}
	for _, s := range data.ScopeMetrics {
		if s.Scope == (instrumentation.Scope{Name: scope}) {
			for _, m := range s.Metrics {
				family(w, known[m.Name], m.Data)
			}
		}
	}
	return w.Flush()
}

// family writes one metric.
func family(w io.Writer, m telemetry.Metric, data metricdata.Aggregation) {
	name, kind := m.Prometheus(), "gauge"
	switch m.Kind {
	case telemetry.Counter:
		kind = "counter"
	case telemetry.Histogram:
		kind = "histogram"
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, escape(m.Description), name, kind)
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			fmt.Fprintf(w, "%s%s %d\n", name, labels(p.Attributes), p.Value)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			histogram(w, name, &p)
		}
	}
}

func histogram(w io.Writer, name string, p *metricdata.HistogramDataPoint[float64]) {
	var all uint64
	for i, n := range p.BucketCounts {
		all += n
		bound := math.Inf(1)
		if i < len(p.Bounds) {
			bound = p.Bounds[i]
		}
		fmt.Fprintf(w, "%s_bucket%s %d\n", name, labels(p.Attributes, attribute.String("le", number(bound))), all)
	}
	fmt.Fprintf(w, "%s_sum%s %s\n%s_count%s %d\n", name, labels(p.Attributes), number(p.Sum), name, labels(p.Attributes), p.Count)
}

// number writes a floating-point number as Prometheus reads it.
func number(f float64) string {
	if math.IsInf(f, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// labels writes attributes, and more behind them.
func labels(set attribute.Set, more ...attribute.KeyValue) string {
	pairs := append(set.ToSlice(), more...)
	if len(pairs) == 0 {
		return ""
	}
	var b strings.Builder
	for i, kv := range pairs {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(strings.ReplaceAll(string(kv.Key), ".", "_") + `="` + escape(kv.Value.String()) + `"`)
	}
	return b.String() + "}"
}

var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func escape(s string) string { return escaper.Replace(s) }
