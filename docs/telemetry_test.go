package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/seneka-io/seneka/internal/telemetry"
)

// The tables of docs/telemetry.md are those of the code, word for word.
func TestTelemetryTables(t *testing.T) {
	data, err := os.ReadFile("telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	var metrics, spans, calls strings.Builder
	for _, m := range telemetry.Metrics() {
		attrs := "–"
		if len(m.Attributes) > 0 {
			attrs = "`" + strings.Join(m.Attributes, "`, `") + "`"
		}
		fmt.Fprintf(&metrics, "| `%s` | `%s` | %s, %s | %s | %s |\n", m.Name, m.Prometheus(), m.Kind, m.Unit, attrs, m.Description)
	}
	for _, s := range telemetry.Spans() {
		fmt.Fprintf(&spans, "| `%s` | %s |\n", s.Name, s.Description)
	}
	for _, c := range telemetry.Calls() {
		fmt.Fprintf(&calls, "| `%s` | %s |\n", c.Span(), c.Description)
	}
	for name, rows := range map[string]string{"metrics": metrics.String(), "spans": spans.String(), "calls": calls.String()} {
		if !strings.Contains(string(data), "| --- |\n"+rows+"\n") {
			t.Errorf("the table of %s is to have these rows and no others:\n%s", name, rows)
		}
	}
	for _, m := range telemetry.Metrics() {
		if m.Kind == telemetry.Histogram && !strings.Contains(string(data), buckets(m)) {
			t.Errorf("the buckets of %s are not named: %s", m.Name, buckets(m))
		}
	}
}

func buckets(m telemetry.Metric) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(m.Buckets), " ", ", "), "[]")
}

// The fields that docs/telemetry.md promises of a line are those that a line has.
func TestTelemetryLogFields(t *testing.T) {
	data, err := os.ReadFile("telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log, err := telemetry.Logger(&out, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	in := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})
	telemetry.InProject(log, "acme").InfoContext(trace.ContextWithSpanContext(t.Context(), in), "hello")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	_, logs, _ := strings.Cut(string(data), "\n## Logs\n")
	logs, _, _ = strings.Cut(logs, "\n## ")
	var named []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(logs, -1) {
		named = append(named, m[1])
	}
	slices.Sort(named)
	if want := slices.Sorted(maps.Keys(line)); !slices.Equal(named, want) {
		t.Errorf("the page names the fields %q, a line has %q", named, want)
	}
}
