package observe

import (
	"context"
	"runtime/metrics"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/redact"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// instruments is telemetry.Metrics, ready to be counted with, by name.
type instruments struct {
	counters   map[string]metric.Int64Counter
	levels     map[string]metric.Int64UpDownCounter
	histograms map[string]metric.Float64Histogram
	calls      map[telemetry.Call]map[string]metric.MeasurementOption // attributes of a call, by its status
}

// newInstruments makes every metric of the table.
func newInstruments(m metric.Meter) (instruments, error) {
	i := instruments{
		counters: map[string]metric.Int64Counter{}, levels: map[string]metric.Int64UpDownCounter{},
		histograms: map[string]metric.Float64Histogram{}, calls: callAttributes(),
	}
	for _, t := range telemetry.Metrics() {
		unit, text := metric.WithUnit(t.Unit), metric.WithDescription(t.Description)
		var err error
		switch t.Kind {
		case telemetry.Counter:
			i.counters[t.Name], err = m.Int64Counter(t.Name, unit, text)
		case telemetry.UpDownCounter:
			i.levels[t.Name], err = m.Int64UpDownCounter(t.Name, unit, text)
		case telemetry.Histogram:
			i.histograms[t.Name], err = m.Float64Histogram(t.Name, unit, text, metric.WithExplicitBucketBoundaries(t.Buckets...))
		case telemetry.Observed:
			_, err = m.Int64ObservableUpDownCounter(t.Name, unit, text, metric.WithInt64Callback(observed[t.Name]))
		}
		if err != nil {
			return instruments{}, err
		}
	}
	return i, nil
}

// observed is how the levels are found out that the runtime keeps.
var observed = map[string]metric.Int64Callback{
	telemetry.MemoryUsed: func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(sample("/memory/classes/total:bytes") - sample("/memory/classes/heap/released:bytes"))
		return nil
	},
	telemetry.Goroutines: func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(sample("/sched/goroutines:goroutines"))
		return nil
	},
}

// sample reads a metric of the runtime.
func sample(name string) int64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64()) //nolint:gosec // bytes and goroutines of one process
}

// statusOK is the status of a call without an error.
const statusOK = "ok"

// callAttributes makes the attributes of every call, so that counting one makes nothing.
func callAttributes() map[telemetry.Call]map[string]metric.MeasurementOption {
	all := map[telemetry.Call]map[string]metric.MeasurementOption{}
	for _, c := range telemetry.Calls() {
		all[c] = map[string]metric.MeasurementOption{}
		for _, status := range []string{statusOK, errkind.Transient.String(), errkind.Permanent.String(), errkind.NotFound.String(), errkind.Exists.String()} {
			all[c][status] = metric.WithAttributeSet(attribute.NewSet(
				attribute.String(telemetry.AttrService, c.Service), attribute.String(telemetry.AttrCall, c.Name), attribute.String(telemetry.AttrStatus, status)))
		}
	}
	return all
}

// count adds n to a counter.
func (i *instruments) count(ctx context.Context, name string, n int64, attrs ...attribute.KeyValue) {
	i.counters[name].Add(ctx, n, metric.WithAttributes(attrs...))
}

// level changes a level by n.
func (i *instruments) level(ctx context.Context, name string, n int64) { i.levels[name].Add(ctx, n) }

// took notes a duration in a histogram.
func (i *instruments) took(ctx context.Context, name string, d time.Duration, attrs ...attribute.KeyValue) {
	i.histograms[name].Record(ctx, d.Seconds(), metric.WithAttributes(attrs...))
}

// call begins a call of a service: a span, if it is part of a trace, and its duration at the end.
func (t *Telemetry) call(ctx context.Context, c telemetry.Call) (context.Context, func(error)) {
	start := time.Now()
	ctx, span := t.child(ctx, c.Span(), trace.WithSpanKind(trace.SpanKindClient))
	return ctx, func(err error) {
		status := statusOK
		if err != nil {
			status = errkind.Of(err).String()
		}
		t.metrics.histograms[telemetry.CallsDuration].Record(ctx, time.Since(start).Seconds(), t.metrics.calls[c][status])
		finish(span, err)
	}
}

// child starts a span in the trace of ctx; none if there is no trace.
func (t *Telemetry) child(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, trace.SpanFromContext(ctx)
	}
	return t.start(ctx, name, opts...)
}

// start starts a span. The context says where in the trace one is, and no more: by the span itself the
// clients of the clouds would add spans of their own, with the URLs of requests, and the credentials in them.
func (t *Telemetry) start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, span := t.tracer.Start(ctx, name, opts...)
	return trace.ContextWithSpanContext(ctx, span.SpanContext()), span
}

// finish ends a span. That something is not there, or is there already, is an answer and no error.
func finish(span trace.Span, err error) {
	if errkind.Is(err, errkind.Transient) || errkind.Is(err, errkind.Permanent) {
		span.SetStatus(codes.Error, redact.String(err.Error()))
	}
	span.End()
}
