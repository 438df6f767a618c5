package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/forwarder/service"
	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/localcloud"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
	"github.com/seneka-io/seneka/internal/object"
)

// defaultConfig is the local cloud's configuration where none is given.
//
//go:embed local.yaml
var defaultConfig []byte

const defaultBucket = "logs"

// stackOptions describe a local cloud with what runs on it.
type stackOptions struct {
	Data         string // folder of the state
	Config       string // path of the configuration; empty: the default one
	OnlyCloud    bool   // neither forwarder nor loader
	PushEndpoint string // the loader's URL, with OnlyCloud
	Ports        localcloud.Ports
	LoaderPort   int
	Log          *slog.Logger
}

// stack is a running local cloud and, unless it is the cloud alone, the forwarder and the loader:
// the same as in production, by the same environment variables, in this process.
type stack struct {
	Ready  readyfile.Ready
	Failed <-chan error // receives once if a program or the dashboard stops by itself

	cloud    *localcloud.Cloud
	cfg      *config.Config
	buckets  []string // of S3
	datasets []string // project.dataset
	failed   chan<- error
	close    []func() error
}

// startStack starts all and returns once all is up. It sets this process's environment, which the
// SDKs read: one stack at a time.
func startStack(ctx context.Context, o stackOptions) (_ *stack, err error) {
	failed := make(chan error, 3)
	s := &stack{Failed: failed, failed: failed}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if o.Data, err = filepath.Abs(o.Data); err != nil {
		return nil, err
	}
	cfg, err := localConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	s.cfg, s.buckets, s.datasets = cfg, s3Buckets(cfg), datasets(cfg, localProject, cfg.Project)
	cfg.Project = localProject
	cloud, err := localcloud.Start(ctx, localcloud.Options{
		Dir: o.Data, Ports: o.Ports, Buckets: s.buckets, Queue: path.Base(cfg.Queue),
		Landing: cfg.Landing, Ledger: cfg.Ledger, Datasets: s.datasets, Topics: topics(cfg), Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	s.onClose(cloud.Close)
	s.cloud = cloud
	cfg.Queue = cloud.QueueURL
	s.Ready = readyfile.Ready{
		S3: cloud.S3, S3Bucket: s.buckets[0], SQS: cloud.SQS, QueueURL: cloud.QueueURL, GCS: cloud.GCS, PubSub: cloud.PubSub,
		BigQuery: cloud.BigQuery, BigQueryStorage: cloud.BigQueryStorage, Loader: o.PushEndpoint, Project: cfg.Project,
		Config: filepath.Join(o.Data, "seneka.yaml"),
	}
	if err := writeConfig(cfg, s.Ready.Config); err != nil {
		return nil, err
	}
	if !o.OnlyCloud {
		if err := s.startPrograms(ctx, o); err != nil {
			return nil, err
		}
	}
	return s, cloud.Push(s.Ready.Loader)
}

// startPrograms starts the loader and the forwarder.
func (s *stack) startPrograms(ctx context.Context, o stackOptions) error {
	if err := s.Ready.Use(); err != nil {
		return err
	}
	// What is under way when ctx ends still needs its clients: Close ends them in order.
	alive := context.WithoutCancel(ctx)
	if err := s.startLoader(alive, o); err != nil {
		return err
	}
	return s.startForwarder(alive, o)
}

func (s *stack) startLoader(ctx context.Context, o stackOptions) error {
	app, err := loader.Open(ctx, withoutMetricsPort, o.Log)
	if err != nil {
		return err
	}
	s.onClose(app.Close)
	s.Ready.Loader, err = s.serve("loader", o.LoaderPort, app, 10*time.Second)
	return err
}

// withoutMetricsPort is the environment of a loader in a process of others: the port is the forwarder's.
func withoutMetricsPort(name string) string {
	if name == "SENEKA_METRICS_PORT" {
		return ""
	}
	return os.Getenv(name)
}

// serve answers requests on a loopback port until Close, which cuts those that take longer than
// drain, and returns the URL.
func (s *stack) serve(name string, port int, h http.Handler, drain time.Duration) (url string, err error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return "", hinted(fmt.Errorf("%s: %w", name, err), "choose another port with --"+name+"-port, 0 for a free one")
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	s.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			return server.Close()
		}
		return nil
	})
	return "http://" + listener.Addr().String(), nil
}

func (s *stack) startForwarder(ctx context.Context, o stackOptions) error {
	forwarder, err := service.Open(ctx, os.Getenv, o.Log)
	if err != nil {
		return err
	}
	s.onClose(forwarder.Close)
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := forwarder.Run(ctx); err != nil {
			s.failed <- fmt.Errorf("forwarder: %w", err)
		}
	}()
	s.onClose(func() error { stop(); <-ended; return nil })
	return nil
}

// Close stops everything, the last started first: what is under way finishes before its clients
// and the cloud below it end.
func (s *stack) Close() error {
	var errs []error
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	s.close = nil
	return errors.Join(errs...)
}

func (s *stack) onClose(do func() error) { s.close = append(s.close, do) }

// localConfig reads the configuration given, or the default one.
func localConfig(ctx context.Context, o stackOptions) (*config.Config, error) {
	name, data := "local.yaml", defaultConfig
	if o.Config != "" {
		var err error
		if data, err = config.Read(ctx, o.Config, openGCS); err != nil {
			return nil, err
		}
		if name = o.Config; !strings.HasPrefix(name, "gs://") { // the copy stands elsewhere, its schema files do not
			if name, err = filepath.Abs(name); err != nil {
				return nil, err
			}
		}
	}
	return config.Parse(name, data, formats.Known())
}

// writeConfig writes the configuration that forwarder and loader read.
func writeConfig(cfg *config.Config, path string) error {
	data, err := cfg.YAML()
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// s3Buckets returns the buckets that the sources name in full, or the default one.
func s3Buckets(cfg *config.Config) []string {
	var buckets []string
	for _, s := range cfg.Sources {
		if s.Match.Store() != object.S3 {
			continue
		}
		bucket, _, _ := strings.Cut(strings.TrimPrefix(s.Match.String(), "s3://"), "/")
		if !strings.ContainsAny(bucket, "*?{") && !slices.Contains(buckets, bucket) {
			buckets = append(buckets, bucket)
		}
	}
	if len(buckets) == 0 {
		return []string{defaultBucket}
	}
	return buckets
}

// topics returns the topic that the file names, if it names one.
func topics(cfg *config.Config) []string {
	if cfg.Events == "" {
		return nil
	}
	return []string{cfg.Events}
}

// datasets returns the datasets of the sources' tables, project.dataset each: in the local project
// and in the one that the file names, which programs started by hand may use.
func datasets(cfg *config.Config, projects ...string) []string {
	var names []string
	for _, s := range cfg.Sources {
		dataset, _, _ := strings.Cut(s.Table, ".")
		for _, project := range projects {
			if name := project + "." + dataset; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
