// Command loader serves the function as a server of its own, for containers and the local cloud:
// graceful shutdown, a health check, and a profiler when asked for.
//
// Environment: SENEKA_CONFIG (a path or gs://bucket/name), SENEKA_MAX_BYTES (96 MiB; the memory of the
// loads at a time), PORT (8080), SENEKA_LISTEN (the address to listen on; all of the machine's),
// SENEKA_PPROF_PORT (none; the profiler listens on loopback only), SENEKA_PUSH_AUDIENCE and
// SENEKA_PUSH_SERVICE_ACCOUNT (none; with both, a push has to carry Google's token of that account
// for that audience), SENEKA_LOG_LEVEL, SENEKA_LOG_FORMAT, SENEKA_METRICS_PORT (none; serves Prometheus), SENEKA_TELEMETRY,
// what the SDK of OpenTelemetry reads, and the emulator hosts.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// drain is how long requests under way may take once the server is told to stop; then they are cut
// and will be delivered again. Cloud Run kills an instance ten seconds after SIGTERM, and closing the
// clients takes up to four of them.
// https://cloud.google.com/run/docs/container-contract#instance-shutdown
const drain = 5 * time.Second

// maxHeader is how many bytes the headers of a request may have; those of a push have about 2,000.
const maxHeader = 64 << 10

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv)
	stop()
	if err != nil {
		os.Exit(telemetry.Fail("loader", err))
	}
}

// run serves until ctx ends or a server fails, then lets requests under way end and closes the
// clients.
func run(ctx context.Context, getenv func(string) string) (err error) {
	log, err := telemetry.Logger(os.Stdout, getenv)
	if err != nil {
		return err
	}
	// The clients outlive ctx: requests under way need them until the last one ended.
	app, err := loader.Open(context.WithoutCancel(ctx), getenv, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()

	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	failed := make(chan error, 2)
	if port := getenv("SENEKA_PPROF_PORT"); port != "" {
		profiler, err := serve(requests, net.JoinHostPort("127.0.0.1", port), profiles(), log, failed)
		if err != nil {
			return err
		}
		defer profiler.Close()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.Handle("/", app)
	server, err := serve(requests, net.JoinHostPort(getenv("SENEKA_LISTEN"), cmp.Or(getenv("PORT"), "8080")), mux, log, failed)
	if err != nil {
		return err
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	log.Info("stopping: waiting for requests under way")
	return errors.Join(err, shutdown(context.WithoutCancel(ctx), server, cut, drain))
}

// shutdown lets requests under way end. Those that take longer than drain are cut: they are refused,
// and what they carry will be delivered again.
func shutdown(ctx context.Context, server *http.Server, cut func(), drain time.Duration) error {
	defer time.AfterFunc(drain, cut).Stop()
	ctx, cancel := context.WithTimeout(ctx, drain+time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
		return fmt.Errorf("requests were still under way %s after they were cut; they will be delivered again: %w", time.Second, err)
	}
	return nil
}

// serve starts a server and returns once it listens. Its requests live in ctx. If the server stops by
// itself, failed takes why.
func serve(ctx context.Context, addr string, h http.Handler, log *slog.Logger, failed chan<- error) (*http.Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	log.Info("listening", "address", l.Addr().String())
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("server on %s stopped: %w", l.Addr(), err)
		}
	}()
	return s, nil
}

// profiles is the standard profiler's handler, on a mux of its own.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
