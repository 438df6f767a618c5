package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// The fields by which Cloud Logging shows a line beside its trace.
// https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
const (
	fieldTrace   = "logging.googleapis.com/trace"
	fieldSpan    = "logging.googleapis.com/spanId"
	fieldSampled = "logging.googleapis.com/trace_sampled"
)

// traced adds to each line the trace and the span that its context is in.
type traced struct {
	slog.Handler
	project string // whose trace it is; empty: not known yet
}

// Handle implements slog.Handler.
func (h *traced) Handle(ctx context.Context, r slog.Record) error {
	if in := trace.SpanContextFromContext(ctx); in.IsValid() {
		id := in.TraceID().String()
		if h.project != "" {
			id = "projects/" + h.project + "/traces/" + id
		}
		r = r.Clone()
		r.AddAttrs(slog.String(fieldTrace, id), slog.String(fieldSpan, in.SpanID().String()), slog.Bool(fieldSampled, in.IsSampled()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *traced) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &traced{h.Handler.WithAttrs(attrs), h.project}
}

// WithGroup implements slog.Handler. The fields above stand in the group too: no program opens one.
func (h *traced) WithGroup(name string) slog.Handler {
	return &traced{h.Handler.WithGroup(name), h.project}
}

// InProject returns log with the Google Cloud project whose traces its lines belong to, which is known
// once the configuration is read. Logs of another form than Logger's JSON stay as they are.
func InProject(log *slog.Logger, project string) *slog.Logger {
	h, ok := log.Handler().(*traced)
	if !ok {
		return log
	}
	return slog.New(&traced{h.Handler, project})
}
