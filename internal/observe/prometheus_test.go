package observe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// sampleLine is a sample as the text format has it: name, labels and value.
var sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)$`)

// scrape reads the metrics as Prometheus does: the values by name and labels, and the types by name.
func scrape(t *testing.T, address string) (samples map[string]float64, types map[string]string) {
	t.Helper()
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("%s, %q", resp.Status, got)
	}
	samples, types = map[string]float64{}, map[string]string{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			types[name] = kind
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no sample: %q", line)
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		key := m[1] + "{" + m[2] + "}"
		if _, ok := samples[key]; ok {
			t.Errorf("%s stands twice", key)
		}
		samples[key] = value
	}
	return samples, types
}

func TestPrometheus(t *testing.T) {
	o := open(t, "seneka-forwarder", "SENEKA_METRICS_PORT", freePort(t))
	defer mustClose(t, o)
	c := &clouds{}
	forwardOne(t, o, c)
	loadOne(t, o, c, "", loaded, nil)
	other := loaded
	other.Target.Source = "a \"b\"\\\nc"
	_, end := o.Loads()(context.Background(), load.File{Attrs: object.Attrs{Event: event}})
	end(other, nil)

	got, types := scrape(t, o.Address())
	for key, want := range map[string]float64{
		`seneka_forwarder_files_total{outcome="forwarded"}`:                                 1,
		`seneka_forwarder_bytes_total{direction="written"}`:                                 2,
		`seneka_forwarder_inflight{}`:                                                       0,
		`seneka_forwarder_queue_age_seconds_bucket{le="1"}`:                                 0,
		`seneka_forwarder_queue_age_seconds_bucket{le="2"}`:                                 1,
		`seneka_forwarder_queue_age_seconds_bucket{le="3600"}`:                              1,
		`seneka_forwarder_queue_age_seconds_bucket{le="+Inf"}`:                              1,
		`seneka_forwarder_queue_age_seconds_sum{}`:                                          2,
		`seneka_forwarder_queue_age_seconds_count{}`:                                        1,
		`seneka_loader_rows_total{source="alb"}`:                                            40,
		`seneka_loader_rows_total{source="a \"b\"\\\nc"}`:                                   40,
		`seneka_loader_freshness_seconds_bucket{source="alb",le="5"}`:                       1,
		`seneka_calls_duration_seconds_count{call="append",service="bigquery",status="ok"}`: 2,
	} {
		if value, ok := got[key]; !ok || value != want {
			t.Errorf("%s is %v (there: %v), want %v", key, value, ok, want)
		}
	}
	for _, m := range telemetry.Metrics() {
		want := map[telemetry.Kind]string{telemetry.Counter: "counter", telemetry.Histogram: "histogram"}[m.Kind]
		if want == "" {
			want = "gauge"
		}
		if types[m.Prometheus()] != want {
			t.Errorf("%s is a %q, want a %s", m.Prometheus(), types[m.Prometheus()], want)
		}
	}
	if got["go_memory_used_bytes{}"] < 1<<20 || got["go_goroutine_count{}"] < 2 {
		t.Errorf("memory %v, goroutines %v", got["go_memory_used_bytes{}"], got["go_goroutine_count{}"])
	}
	about := ""
	for key := range got {
		if strings.HasPrefix(key, "target_info{") {
			about = key
		}
	}
	if !strings.Contains(about, `service_name="seneka-forwarder"`) || !strings.Contains(about, `service_version="1.2.3"`) {
		t.Errorf("the process is described by %q", about)
	}

	again, _ := scrape(t, o.Address())
	if again["seneka_loader_rows_total{source=\"alb\"}"] != 40 {
		t.Error("a second scrape finds other numbers")
	}
	resp, err := http.Get("http://" + o.Address() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "ok\n" {
		t.Errorf("health is %q", body)
	}
}

func TestPortTaken(t *testing.T) {
	port := freePort(t)
	o := open(t, "s", "SENEKA_METRICS_PORT", port)
	defer mustClose(t, o)
	if _, err := Open(t.Context(), settings(t, "s")); err == nil || !strings.Contains(fmt.Sprint(err), "SENEKA_METRICS_PORT") {
		t.Errorf("error %v", err)
	}
}
