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
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/observe"
	"github.com/seneka-io/seneka/internal/pubsubevents"
	"github.com/seneka-io/seneka/internal/pushauth"
	"github.com/seneka-io/seneka/internal/row"
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
// keep ctx: it must live as long as the App. BIGQUERY_EMULATOR_HOST, BIGQUERY_STORAGE_EMULATOR_HOST,
// PUBSUB_EMULATOR_HOST and STORAGE_EMULATOR_HOST lead to stand-ins. SENEKA_MAX_BYTES (96 MiB) bounds the memory of the loads
// at a time: see load.NewMemory. SENEKA_PUSH_AUDIENCE and SENEKA_PUSH_SERVICE_ACCOUNT have every push
// checked for a token of that account for that audience. What is exported of metrics and traces
// observe.Open says.
func Open(ctx context.Context, getenv func(string) string, log *slog.Logger) (*App, error) {
	return open(ctx, getenv, log, nil)
}

// open is Open with Google's keys fetched by keys.
func open(ctx context.Context, getenv func(string) string, log *slog.Logger, keys http.RoundTripper) (_ *App, err error) {
	app := &App{}
	defer func() {
		if err != nil {
			err = errors.Join(err, app.Close())
		}
	}()
	if getenv("SENEKA_CONFIG") == "" {
		return nil, config.ErrNotSet // before the clients, which fail without credentials
	}
	authorize, err := pushes(ctx, getenv, keys)
	if err != nil {
		return nil, err
	}
	memory, err := config.Number(getenv, "SENEKA_MAX_BYTES", 96<<20, 1<<20, 1<<40)
	if err != nil {
		return nil, err
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
	route, err := Router(ctx, cfg, gcs.OpenLive)
	if err != nil {
		return nil, err
	}
	log = telemetry.InProject(log, cfg.Project)
	observed, err := observe.Open(ctx, observe.Settings{Service: "seneka-loader", Version: telemetry.Version(), Project: cfg.Project, Getenv: getenv, Log: log})
	if err != nil {
		return nil, err
	}
	app.closers = append(app.closers, observed) // early: closed behind all that is to be counted
	loader, err := app.loader(ctx, cfg, getenv, gcs, observed)
	if err != nil {
		return nil, err
	}
	loader.Route, loader.Memory = route, load.NewMemory(memory, load.DefaultBatch)
	delivered := *loader
	delivered.Limit = deliveryLimit
	watch := Observe(observed.Loads())
	app.load = func(ctx context.Context, f load.File) (load.Result, error) {
		_, res, err := watch.load(ctx, f, loader.Load)
		return res, err
	}
	tally := telemetry.NewTally(log, "loader: files since the start")
	app.closers = append(app.closers, closerFunc(func() error { tally.Close(); return nil }))
	app.handler = &Handler{
		Bucket: cfg.Landing, Authorize: authorize, Observe: watch,
		Load: delivered.Load, Describe: gcs.Describe, Unmatched: unmatched.New(gcs.Ledger(cfg.Ledger), log, time.Now).Note, Tally: tally, Log: log,
	}
	return app, nil
}

// loader connects to BigQuery, and to Pub/Sub where events are asked for, and returns a loader that lacks its
// Route and its Memory.
func (a *App) loader(ctx context.Context, cfg *config.Config, getenv func(string) string, gcs *gcsstore.Store, observed *observe.Telemetry) (*load.Loader, error) {
	write, err := bqwrite.New(ctx, cfg.Project, emulator(getenv("BIGQUERY_STORAGE_EMULATOR_HOST"), bqwrite.EmulatorOptions)...)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, write)
	query, err := bqquery.New(ctx, cfg.Project, emulator(getenv("BIGQUERY_EMULATOR_HOST"), bqquery.EmulatorOptions)...)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, query)

	events, err := a.events(ctx, cfg, getenv)
	if err != nil {
		return nil, err
	}
	streams := observed.Streams(write)
	loader := &load.Loader{
		Landing: observed.Landing(gcs),
		Ledger:  observed.Ledger(gcs.Ledger(cfg.Ledger)),
		Streams: streams,
		Pool:    load.NewPool(streams, time.Now),
		Log:     observed.Log(write),
		Tables:  load.NewEnsured(observed.Tables(query), time.Now),
		Counter: observed.Counter(query),
		Events:  observed.Events(events),
		Recent:  load.NewRecent(),
		Now:     time.Now,
		Step:    observed.Steps(),
	}
	a.closers = append(a.closers, closerFunc(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), poolDrain)
		defer cancel()
		loader.Pool.Close(ctx)
		return nil
	}))
	return loader, nil
}

// events connects to the topic that the configuration names; nil if it names none.
func (a *App) events(ctx context.Context, cfg *config.Config, getenv func(string) string) (load.Events, error) {
	if cfg.Events == "" {
		return nil, nil
	}
	topic, err := pubsubevents.New(ctx, cfg.Events, cfg.Project, emulator(getenv("PUBSUB_EMULATOR_HOST"), pubsubevents.EmulatorOptions)...)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, topic)
	return topic, nil
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
	return config.Load(ctx, path, gcs.OpenLive, formats.Known())
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

// pushes returns the check of who pushes; nil where none is asked for.
func pushes(ctx context.Context, getenv func(string) string, keys http.RoundTripper) (func(context.Context, http.Header) error, error) {
	const audienceName, accountName = "SENEKA_PUSH_AUDIENCE", "SENEKA_PUSH_SERVICE_ACCOUNT"
	audience, account := getenv(audienceName), getenv(accountName)
	switch {
	case audience == "" && account == "":
		return nil, nil
	case account == "":
		return nil, fmt.Errorf("%s is set and %s is not: write the e-mail address of the service account that the subscription pushes as, for anybody can have a token made for an audience", audienceName, accountName)
	case audience == "":
		return nil, fmt.Errorf("%s is set and %s is not: write the audience of the subscription's tokens", accountName, audienceName)
	}
	verifier, err := pushauth.New(ctx, audience, account, keys)
	if err != nil {
		return nil, err
	}
	return verifier.Check, nil
}

// Router turns the configuration's rules into targets of loads. It reads the schema files that they
// name, as config.ReadSchema does.
func Router(ctx context.Context, cfg *config.Config, open config.Open) (load.Router, error) {
	known, err := Formats(ctx, cfg, open)
	if err != nil {
		return nil, err
	}
	return func(s object.Source) (load.Target, bool) {
		m, ok := cfg.Match(s)
		if !ok {
			return load.Target{}, false
		}
		return load.Target{Source: m.Source.Name, Format: known[m.Source.Name], MaxRejectRatio: m.Source.MaxRejectRatio, Table: m.Table, As: m.As}, true
	}, nil
}

// Formats returns the format of each source's files, by the source's name, with the columns that the
// source declares. It reads the schema files.
func Formats(ctx context.Context, cfg *config.Config, open config.Open) (map[string]*format.Format, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	known := map[string]*format.Format{}
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		f, err := formatOf(ctx, s, open)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		known[s.Name] = f
	}
	return known, nil
}

// formatOf returns the format of a source's files, with the columns that the source declares.
func formatOf(ctx context.Context, s *config.Source, open config.Open) (*format.Format, error) {
	d := format.Declaration{ConflictsToExtra: s.OnConflict == config.OnConflictExtra, CSV: csvOf(s.CSV)}
	if s.Partition != nil {
		d.PartitionBy = s.Partition.Column
	}
	schema, err := s.ReadSchema(ctx, open)
	if err != nil {
		return nil, err
	}
	if schema != nil {
		if d.Columns, err = row.ParseSchema(schema); err != nil {
			return nil, errkind.With(errkind.Permanent, fmt.Errorf("%s: %w", s.Schema, err))
		}
	}
	f, err := formats.Declared(s.Format, d)
	return f, errkind.With(errkind.Permanent, err)
}

// csvOf returns how a source's CSV files are written.
func csvOf(c config.CSV) format.CSV {
	out := format.CSV{Header: format.Header(c.Header), SkipRows: c.SkipRows, NullMarker: c.NullMarker}
	if c.Delimiter != "" {
		out.Delimiter = c.Delimiter[0]
	}
	return out
}

// emulator returns the options that lead to a stand-in at address, host:port with or without http://.
func emulator(address string, options func(string) []option.ClientOption) []option.ClientOption {
	if address == "" {
		return nil
	}
	return options(strings.TrimPrefix(address, "http://"))
}
