package loader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/bqwrite"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
	"github.com/seneka-io/seneka/internal/unmatched"
)

// App is the loader with its clients: made once per process, shared by concurrent requests, closed.
type App struct {
	handler *Handler
	load    func(ctx context.Context, f load.File) (load.Result, error) // without a delivery's limit
	closers []io.Closer                                                 // in the order of making
}

// Open reads the configuration that SENEKA_CONFIG names and connects to the services. The clients
// keep ctx: it must live as long as the App. BIGQUERY_EMULATOR_HOST, BIGQUERY_STORAGE_EMULATOR_HOST
// and STORAGE_EMULATOR_HOST lead to stand-ins.
func Open(ctx context.Context, getenv func(string) string, log *slog.Logger) (_ *App, err error) {
	app := &App{}
	defer func() {
		if err != nil {
			err = errors.Join(err, app.Close())
		}
	}()
	if getenv("SENEKA_CONFIG") == "" {
		return nil, config.ErrNotSet // before the clients, which fail without credentials
	}
	gcs, err := gcsstore.New(ctx)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, gcs)
	cfg, err := configuration(ctx, getenv("SENEKA_CONFIG"), gcs)
	if err != nil {
		return nil, err
	}
	route, err := Router(cfg)
	if err != nil {
		return nil, err
	}
	write, err := bqwrite.New(ctx, cfg.Project, emulator(getenv("BIGQUERY_STORAGE_EMULATOR_HOST"), bqwrite.EmulatorOptions)...)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, write)
	query, err := bqquery.New(ctx, cfg.Project, emulator(getenv("BIGQUERY_EMULATOR_HOST"), bqquery.EmulatorOptions)...)
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, query)

	loader := &load.Loader{
		Route:   route,
		Landing: gcs,
		Ledger:  gcs.Ledger(cfg.Ledger),
		Streams: write,
		Pool:    load.NewPool(write, time.Now),
		Log:     write,
		Tables:  load.NewEnsured(query, time.Now),
		Counter: query,
		Now:     time.Now,
	}
	app.closers = append(app.closers, closerFunc(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), poolDrain)
		defer cancel()
		loader.Pool.Close(ctx)
		return nil
	}))
	delivered := *loader
	delivered.Limit = deliveryLimit
	app.load = loader.Load
	tally := telemetry.NewTally(log, "loader: files since the start")
	app.closers = append(app.closers, closerFunc(func() error { tally.Close(); return nil }))
	app.handler = &Handler{
		Load: delivered.Load, Describe: gcs.Describe, Unmatched: unmatched.New(gcs.Ledger(cfg.Ledger), log, time.Now).Note, Tally: tally, Log: log,
	}
	return app, nil
}

const (
	// deliveryLimit is how long the reading of one file may take: a push request lives 600 s at
	// most, and the rows have to be claimed and committed then.
	deliveryLimit = 8 * time.Minute
	// poolDrain is how long the pooled streams may take to end: see drain.
	poolDrain = time.Second
)

// closerFunc makes a function an io.Closer.
type closerFunc func() error

// Close calls f.
func (f closerFunc) Close() error { return f() }

// configuration reads the configuration, but not for ever: the client of Cloud Storage would try
// until ctx ends, and it does not end while the process starts.
func configuration(ctx context.Context, path string, gcs *gcsstore.Store) (*config.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return config.Load(ctx, path, gcs.OpenLive, formats.Names())
}

// ServeHTTP handles a push delivery.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Close releases every client, the last made first. Requests under way fail and are delivered again.
func (a *App) Close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i].Close())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Router turns the configuration's rules into targets of loads.
func Router(cfg *config.Config) (load.Router, error) {
	known := map[*config.Source]load.Target{}
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		f, ok := formats.Lookup(s.Format)
		if !ok {
			return nil, fmt.Errorf("source %s: format %q is not known", s.Name, s.Format)
		}
		if s.Partition != nil && s.Partition.Column != f.Spec.PartitionBy {
			return nil, fmt.Errorf("source %s: partition.column is %q, and tables of format %s are partitioned by %q: leave partition out", s.Name, s.Partition.Column, f.Name, f.Spec.PartitionBy)
		}
		known[s] = load.Target{Source: s.Name, Format: f, MaxRejectRatio: s.MaxRejectRatio}
	}
	return func(s object.Source) (load.Target, bool) {
		m, ok := cfg.Match(s)
		if !ok {
			return load.Target{}, false
		}
		t := known[m.Source]
		t.Table, t.As = m.Table, m.As
		return t, true
	}, nil
}

// emulator returns the options that lead to a stand-in at address, host:port with or without http://.
func emulator(address string, options func(string) []option.ClientOption) []option.ClientOption {
	if address == "" {
		return nil
	}
	return options(strings.TrimPrefix(address, "http://"))
}
