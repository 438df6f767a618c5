// Command forwarder copies what S3 announces on an SQS queue to the landing bucket.
//
// Environment: SENEKA_CONFIG (a path or gs://bucket/name), SENEKA_WORKERS, SENEKA_MAX_BYTES,
// SENEKA_VISIBILITY_SECONDS, SENEKA_LOG_LEVEL, SENEKA_LOG_FORMAT, SENEKA_METRICS_PORT (none; serves Prometheus, and
// /healthz), SENEKA_TELEMETRY, and what the SDKs of AWS, Google Cloud and OpenTelemetry read. On AWS without keys of
// Google's: SENEKA_GOOGLE_AUDIENCE. In Google Cloud without keys of AWS's: SENEKA_AWS_ROLE_ARN and SENEKA_AWS_AUDIENCE.
// SIGTERM drains: copies under way finish or are given back to the queue.
//
//	forwarder health
//
// asks the forwarder that runs beside it, on SENEKA_METRICS_PORT, whether it is well: for orchestrators whose check is a
// command, in an image without a shell.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/seneka-io/seneka/forwarder/service"
	"github.com/seneka-io/seneka/internal/telemetry"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "health" {
		if err := health(context.Background(), os.Getenv); err != nil {
			os.Exit(telemetry.Fail("forwarder", err))
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv)
	stop()
	if err != nil {
		os.Exit(telemetry.Fail("forwarder", err))
	}
}

// run forwards until ctx ends, then drains and closes the clients.
func run(ctx context.Context, getenv func(string) string) (err error) {
	log, err := telemetry.Logger(os.Stdout, getenv)
	if err != nil {
		return err
	}
	// The clients outlive ctx: copies under way need them until the last one ended.
	s, err := service.Open(context.WithoutCancel(ctx), getenv, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	log.Info("receiving", "version", telemetry.Version())
	return s.Run(ctx)
}
