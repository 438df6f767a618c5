// Package observe is the adapter to OpenTelemetry: metrics and traces of both stages. The stages know
// nothing of it. What they need of the clouds they reach through interfaces, which it decorates; what is
// no call of a service they tell to functions that it provides.
//
// Nothing is counted, and nothing decorated, unless the environment names somewhere to export to.
package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/googlehttp"
)

// scope names what the spans and metrics are made by.
const scope = "github.com/seneka-io/seneka"

// FlushWithin bounds how long Close takes: an instance that is told to stop has ten seconds for all.
const FlushWithin = time.Second

// defaultRatio is the share of the files that are traced where OTEL_TRACES_SAMPLER does not say: of a
// million files a day ten thousand. The forwarder decides, and the loader follows.
const defaultRatio = 0.01

// Telemetry counts and traces, or does nothing. Safe for concurrent use.
type Telemetry struct {
	on      bool
	tracer  trace.Tracer
	metrics instruments
	log     *slog.Logger
	address string                        // of the Prometheus endpoint; empty: there is none
	flush   []func(context.Context) error // side by side
	release []func()                      // after that
}

// Off returns telemetry that does nothing.
func Off() *Telemetry { return &Telemetry{} }

// Settings say what Open exports and for whom.
type Settings struct {
	Service string // seneka-forwarder or seneka-loader
	Version string
	Project string                // of Google Cloud
	Google  []option.ClientOption // credentials of Google's, where they are not those of this place
	Getenv  func(string) string
	Log     *slog.Logger
}

// Open starts what the environment asks for; nothing where it asks for nothing. OTEL_EXPORTER_OTLP_ENDPOINT,
// or the one for traces or metrics, exports by OTLP over HTTP; SENEKA_TELEMETRY=google does to Google
// Cloud, with the credentials of this place or of Settings.Google. SENEKA_METRICS_PORT serves Prometheus, and /healthz. The
// other OTEL_ variables are read by OpenTelemetry's SDK, from the process's environment. The exports
// keep ctx: it must live until Close.
func Open(ctx context.Context, s Settings) (_ *Telemetry, err error) {
	to, err := destinationOf(s.Getenv)
	if err != nil || to == (destination{}) {
		return Off(), err
	}
	t := &Telemetry{on: true, tracer: noop.NewTracerProvider().Tracer(scope), log: s.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	// The SDK has one handler for the errors of all exporters of a process.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(t.lost))
	about, err := describe(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("describe this process to OpenTelemetry: %w", err)
	}
	var client *http.Client // nil: the exporters' own
	if to.google {
		google, err := googlehttp.New(ctx, "https://www.googleapis.com/auth/cloud-platform", s.Google...)
		if err != nil {
			return nil, fmt.Errorf("SENEKA_TELEMETRY is google: %w", err)
		}
		t.release = append(t.release, google.Close)
		client = google.Client
	}
	if to.traces.on {
		if err := t.openTraces(ctx, to.traces, client, about, s.Getenv); err != nil {
			return nil, fmt.Errorf("export traces: %w", err)
		}
	}
	if err := t.openMetrics(ctx, to, client, about); err != nil {
		return nil, fmt.Errorf("export metrics: %w", err)
	}
	return t, nil
}

// openTraces starts the export of spans.
func (t *Telemetry) openTraces(ctx context.Context, to export, client *http.Client, about *resource.Resource, getenv func(string) string) error {
	var opts []otlptracehttp.Option
	if client != nil {
		opts = append(opts, otlptracehttp.WithHTTPClient(client))
	}
	if to.url != "" {
		opts = append(opts, otlptracehttp.WithEndpointURL(to.url))
	}
	exporter, err := otlptracehttp.New(ctx, opts...)
	if err != nil {
		return err
	}
	with := []sdktrace.TracerProviderOption{sdktrace.WithBatcher(exporter), sdktrace.WithResource(about)}
	if getenv("OTEL_TRACES_SAMPLER") == "" { // else the SDK reads it
		with = append(with, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(defaultRatio))))
	}
	provider := sdktrace.NewTracerProvider(with...)
	t.flush = append(t.flush, provider.Shutdown)
	t.tracer = provider.Tracer(scope)
	return nil
}

// openMetrics starts the export of metrics, by OTLP and for Prometheus.
func (t *Telemetry) openMetrics(ctx context.Context, to destination, client *http.Client, about *resource.Resource) error {
	with := []sdkmetric.Option{sdkmetric.WithResource(about)}
	if to.metrics.on {
		var opts []otlpmetrichttp.Option
		if client != nil {
			opts = append(opts, otlpmetrichttp.WithHTTPClient(client))
		}
		if to.metrics.url != "" {
			opts = append(opts, otlpmetrichttp.WithEndpointURL(to.metrics.url))
		}
		exporter, err := otlpmetrichttp.New(ctx, opts...)
		if err != nil {
			return err
		}
		with = append(with, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	}
	if to.port != 0 {
		reader := sdkmetric.NewManualReader()
		with = append(with, sdkmetric.WithReader(reader))
		if err := t.serve(int(to.port), reader); err != nil {
			return err
		}
	}
	provider := sdkmetric.NewMeterProvider(with...) // without a reader its instruments do nothing
	t.flush = append(t.flush, provider.Shutdown)
	var err error
	t.metrics, err = newInstruments(provider.Meter(scope))
	return err
}

// lost logs that something was not exported.
func (t *Telemetry) lost(err error) { t.log.Warn("telemetry was not exported", "error", err) }

// Close exports what there is, within FlushWithin, and ends the exports. What cannot be exported is
// logged, and is no error: the program has done its work.
func (t *Telemetry) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), FlushWithin)
	defer cancel()
	errs := make([]error, len(t.flush))
	var wg sync.WaitGroup
	for i, do := range t.flush {
		wg.Go(func() { errs[i] = do(ctx) })
	}
	wg.Wait()
	for _, do := range t.release {
		do()
	}
	t.flush, t.release = nil, nil
	if err := errors.Join(errs...); err != nil {
		t.lost(err)
	}
	return nil
}
