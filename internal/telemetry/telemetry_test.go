package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

// Whatever a program logs, in either form, no credential of a request stands in it.
func TestLoggerMasksCredentials(t *testing.T) {
	const leak = "Put https://host/o?upload_id=canary: Authorization: Bearer canary"
	for _, form := range []string{"json", "text"} {
		var out bytes.Buffer
		log, err := Logger(&out, func(name string) string {
			return map[string]string{"SENEKA_LOG_FORMAT": form, "SENEKA_LOG_LEVEL": "debug"}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		log.With("with", leak).WithGroup("group").Debug(leak, "text", leak, "error", errors.New(leak))
		if got := out.String(); strings.Contains(got, "canary") || strings.Count(got, "https://host/o?upload_id=REDACTED") != 4 {
			t.Errorf("%s: %s", form, got)
		}
	}
}

func TestLoggerRefusesSettings(t *testing.T) {
	for name, value := range map[string]string{"SENEKA_LOG_LEVEL": "loud", "SENEKA_LOG_FORMAT": "xml"} {
		_, err := Logger(&bytes.Buffer{}, func(n string) string { return map[string]string{name: value}[n] })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: error %v", name, value, err)
		}
	}
}

// A line of the JSON form carries the trace of its context in the fields that Cloud Logging reads, and
// none where there is none; the text form is for people.
func TestLoggerNamesTheTrace(t *testing.T) {
	in := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{0x4b, 15: 1}, SpanID: trace.SpanID{7: 2}, TraceFlags: trace.FlagsSampled})
	ctx := trace.ContextWithSpanContext(t.Context(), in)
	line := func(form string, ctx context.Context, with func(*slog.Logger) *slog.Logger) string {
		var out bytes.Buffer
		log, err := Logger(&out, func(name string) string { return map[string]string{"SENEKA_LOG_FORMAT": form}[name] })
		if err != nil {
			t.Fatal(err)
		}
		with(log).WarnContext(ctx, "hello")
		return out.String()
	}
	for _, tt := range []struct {
		name string
		ctx  context.Context
		with func(*slog.Logger) *slog.Logger
		want map[string]any
	}{
		{"in a project", ctx, func(l *slog.Logger) *slog.Logger { return InProject(l.With("a", "b"), "acme").With("c", "d") }, map[string]any{
			"severity": "WARNING", "message": "hello", "a": "b", "c": "d",
			"logging.googleapis.com/trace":  "projects/acme/traces/4b000000000000000000000000000001",
			"logging.googleapis.com/spanId": "0000000000000002", "logging.googleapis.com/trace_sampled": true,
		}},
		{"in none", ctx, func(l *slog.Logger) *slog.Logger { return l }, map[string]any{
			"severity": "WARNING", "message": "hello", "logging.googleapis.com/trace": "4b000000000000000000000000000001",
			"logging.googleapis.com/spanId": "0000000000000002", "logging.googleapis.com/trace_sampled": true,
		}},
		{"without a trace", t.Context(), func(l *slog.Logger) *slog.Logger { return InProject(l, "acme") }, map[string]any{"severity": "WARNING", "message": "hello"}},
	} {
		var got map[string]any
		if err := json.Unmarshal([]byte(line("json", tt.ctx, tt.with)), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "time")
		if !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := line("text", ctx, func(l *slog.Logger) *slog.Logger { return InProject(l, "acme") }); !strings.HasSuffix(got, "level=WARN msg=hello\n") {
		t.Errorf("the text form is %q", got)
	}
}

func TestPrometheusNames(t *testing.T) {
	for _, tt := range []struct {
		m    Metric
		want string
	}{
		{Metric{Name: "a.files", Kind: Counter, Unit: "{file}"}, "a_files_total"},
		{Metric{Name: "a.bytes", Kind: Counter, Unit: "By"}, "a_bytes_total"},
		{Metric{Name: "a.age", Kind: Histogram, Unit: "s"}, "a_age_seconds"},
		{Metric{Name: "a.used", Kind: UpDownCounter, Unit: "By"}, "a_used_bytes"},
	} {
		if got := tt.m.Prometheus(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.m.Name, got, tt.want)
		}
	}
}

// Every name is one that Google's Telemetry API takes, and stands once.
func TestNames(t *testing.T) {
	metric, attribute := regexp.MustCompile(`^[a-z][a-z0-9_.]*$`), regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	seen := map[string]bool{}
	unique := func(name string) {
		if seen[name] {
			t.Errorf("%s stands twice", name)
		}
		seen[name] = true
	}
	for _, m := range Metrics() {
		unique(m.Name)
		if !metric.MatchString(m.Name) || m.Description == "" || m.Unit == "" {
			t.Errorf("%+v is not whole", m)
		}
		if (m.Kind == Histogram) != (len(m.Buckets) > 0) || !slices.IsSorted(m.Buckets) {
			t.Errorf("%s is a %s with buckets %v", m.Name, m.Kind, m.Buckets)
		}
		for _, a := range m.Attributes {
			if !attribute.MatchString(a) {
				t.Errorf("%s has the attribute %q", m.Name, a)
			}
		}
	}
	for _, s := range Spans() {
		unique(s.Name)
	}
	for _, c := range Calls() {
		unique(c.Span())
	}
}
