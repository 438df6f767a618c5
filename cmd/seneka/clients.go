package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/pflag"

	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/s3store"
)

// clients connect a command to a deployment: the real clouds, a local cloud, or stand-ins of others,
// by the same environment variables as forwarder and loader.
type clients struct {
	path  string // of the configuration
	cfg   *config.Config
	route load.Router
	s3    *s3store.Store
	gcs   *gcsstore.Store
	bq    *bqquery.Client
}

// addClientFlags adds the flags that say which deployment a command is about.
func addClientFlags(f *pflag.FlagSet, config, local *string) {
	f.StringVar(config, "config", "", "configuration to use in place of SENEKA_CONFIG")
	f.StringVar(local, "local", "", "ready file of a local cloud to use")
}

// openClients connects to the deployment that a configuration describes, or, unless local is empty,
// to the local cloud whose ready file that is.
func openClients(ctx context.Context, configuration, local string) (_ *clients, err error) {
	if local != "" {
		ready, err := readReady(local)
		if err != nil {
			return nil, err
		}
		if err := ready.Use(); err != nil {
			return nil, err
		}
	}
	c := &clients{path: cmp.Or(configuration, configPath(nil))}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.cfg, err = config.Load(ctx, c.path, openGCS, formats.Known()); err != nil {
		return nil, hinted(err, "name the configuration by --config or SENEKA_CONFIG, or a local cloud by --local READY-FILE")
	}
	if c.route, err = loader.Router(ctx, c.cfg, openGCS); err != nil {
		return nil, err
	}
	// What is under way when ctx ends still needs its clients: Close ends them.
	alive := context.WithoutCancel(ctx)
	if c.gcs, err = gcsstore.New(alive); err != nil {
		return nil, err
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the AWS settings: %w", err)
	}
	c.s3 = s3store.New(aws)
	c.bq, err = openBigQuery(alive, c.cfg.Project, "")
	return c, err
}

// openLoader opens the loader, to load from this process.
func (c *clients) openLoader(ctx context.Context) (*loader.App, error) {
	getenv := func(name string) string {
		if name == "SENEKA_CONFIG" {
			return c.path
		}
		return withoutMetricsPort(name)
	}
	return loader.Open(context.WithoutCancel(ctx), getenv, slog.New(slog.DiscardHandler))
}

// Close releases the clients.
func (c *clients) Close() error {
	var errs []error
	if c.bq != nil {
		errs = append(errs, c.bq.Close())
	}
	if c.gcs != nil {
		errs = append(errs, c.gcs.Close())
	}
	return errors.Join(errs...)
}
