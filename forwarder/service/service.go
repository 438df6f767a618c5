// Package service is the forwarder with its clients, for the command of that name and for the local
// cloud, which runs it in its own process.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/federation"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/observe"
	"github.com/seneka-io/seneka/internal/s3store"
	"github.com/seneka-io/seneka/internal/sqsqueue"
	"github.com/seneka-io/seneka/internal/telemetry"
	"github.com/seneka-io/seneka/internal/unmatched"
)

// drain is how long copies under way may take after SIGTERM: ECS kills a task 30 s after it.
const drain = 25 * time.Second

// Service is the forwarder: clients made once, closed by Close.
type Service struct {
	loop     *forward.Loop
	bytes    *telemetry.Tally
	gcs      *gcsstore.Store
	observed *observe.Telemetry
}

// Open reads the configuration that SENEKA_CONFIG names and connects to the services, by their
// SDKs' own environment variables and, where this cloud's credentials have to do for the other, by
// those of federation.Open. The clients keep ctx: it must live as long as the Service.
// SENEKA_WORKERS (16) bounds how many messages are handled at a time, and SENEKA_MAX_BYTES (96 MiB)
// the memory of the copies, of which a large object takes forward.CopyMemory;
// SENEKA_VISIBILITY_SECONDS (30) is how long a message stays hidden: it is renewed at half of that,
// and what a killed task held comes again when it has passed. What is exported of metrics and traces
// observe.Open says.
func Open(ctx context.Context, getenv func(string) string, log *slog.Logger) (_ *Service, err error) {
	workers, err := config.Number(getenv, "SENEKA_WORKERS", 16, 1, 1000)
	if err != nil {
		return nil, err
	}
	budget, err := config.Number(getenv, "SENEKA_MAX_BYTES", 96<<20, 1<<20, 1<<40)
	if err != nil {
		return nil, err
	}
	visibility, err := config.Number(getenv, "SENEKA_VISIBILITY_SECONDS", 30, 2, 43200)
	if err != nil {
		return nil, err
	}
	if getenv("SENEKA_CONFIG") == "" {
		return nil, config.ErrNotSet // before the clients, which fail without credentials
	}
	clouds, err := federation.Open(ctx, getenv, awsconfig.WithLogger(sdkLogger(log)))
	if err != nil {
		return nil, err
	}
	gcs, err := gcsstore.New(ctx, clouds.Google...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, gcs.Close())
		}
	}()
	cfg, err := configuration(ctx, getenv("SENEKA_CONFIG"), gcs)
	if err != nil {
		return nil, err
	}
	log = telemetry.InProject(log, cfg.Project)
	observed, err := observe.Open(ctx, observe.Settings{
		Service: "seneka-forwarder", Version: telemetry.Version(), Project: cfg.Project, Google: clouds.Google, Getenv: getenv, Log: log,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, observed.Close())
		}
	}()
	forwarder := &forward.Forwarder{
		Matches: func(s object.Source) bool { _, ok := cfg.Match(s); return ok },
		Source:  observed.Source(s3store.New(clouds.AWS)),
		Landing: observed.ForwardLanding(gcs),
		Bucket:  cfg.Landing,
		Now:     time.Now,

		Compress: cfg.Compress,
		Trace:    observe.Traceparent,
	}
	bytes := telemetry.NewTally(log, "forwarder: bytes since the start")
	forwarder.Copied = func(s object.Source, read, written int64) {
		bytes.AddN("bytes_read", read)
		bytes.AddN("bytes_written", written)
		bytes.AddN("bytes_saved", read-written)
		observed.Copied(read, written)
		log.Debug("copied", "file", s.String(), "bytes_read", read, "bytes_written", written)
	}
	loop := &forward.Loop{
		Queue: observed.Queue(sqsqueue.New(clouds.AWS, cfg.Queue)), Forward: observed.Forwards(forwarder.Forward), Observe: observed.Messages(), Log: log,
		Unmatched: unmatched.New(gcs.Ledger(cfg.Ledger), log, time.Now).Note,
		Workers:   int(workers), Bytes: budget, Visibility: time.Duration(visibility) * time.Second, Drain: drain,
	}
	return &Service{loop, bytes, gcs, observed}, nil
}

// configuration reads the configuration, but not for ever: the client of Cloud Storage would try
// until ctx ends, and it does not end while the process starts.
func configuration(ctx context.Context, path string, gcs *gcsstore.Store) (*config.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return config.Load(ctx, path, gcs.OpenLive, formats.Known())
}

// sdkLogger lets AWS's SDK log into log, in the form of everything else. What it calls debugging,
// such as a word on each object without a checksum, is shown at that level.
func sdkLogger(log *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(class logging.Classification, format string, args ...any) {
		level := slog.LevelDebug
		if class == logging.Warn {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, fmt.Sprintf("AWS SDK: "+format, args...))
	})
}

// Run forwards until ctx ends, then drains: see forward.Loop. It logs each minute, and in the end, how
// many bytes were read from S3 and written to landing; what gzip saved is the difference.
func (s *Service) Run(ctx context.Context) error {
	defer s.bytes.Close()
	return s.loop.Run(ctx)
}

// MetricsAddress returns where Prometheus is answered, host:port; empty if it is not.
func (s *Service) MetricsAddress() string { return s.observed.Address() }

// Close releases the clients and exports what is left of metrics and traces, within observe.FlushWithin.
func (s *Service) Close() error { return errors.Join(s.gcs.Close(), s.observed.Close()) }
