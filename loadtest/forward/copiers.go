package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/loadtest/program"
)

// copier is a program that copies objects from S3 to the landing bucket.
type copier interface {
	name() string
	// prepare does what the clouds do before the program starts.
	prepare(ctx context.Context, s *source, t *target, folder string) error
	start(s *source, t *target, workers int, folder string) (*program.Program, error)
	// done reports whether all is copied.
	done(p *program.Program, s *source, t *target) (bool, error)
	// end ends the program and returns the CPU time that it took in all.
	end(p *program.Program, t *target) (time.Duration, error)
}

// forwarder is Seneka's.
type forwarder struct{ path string }

func (*forwarder) name() string { return "forwarder" }

const forwarderConfig = `project: bench
landing: gs://%s
ledger: gs://%s
queue: %s
sources:
  - name: alb
    match: s3://%s/**
    format: alb
    table: logs.alb
`

func (*forwarder) prepare(ctx context.Context, s *source, t *target, folder string) error {
	config := fmt.Sprintf(forwarderConfig, landingBucket, ledgerBucket, t.queueURL, sourceBucket)
	return errors.Join(os.WriteFile(filepath.Join(folder, "seneka.yaml"), []byte(config), 0o600), t.announce(ctx, s))
}

func (f *forwarder) start(s *source, t *target, workers int, folder string) (*program.Program, error) {
	return program.Start(f.path, map[string]string{
		"SENEKA_CONFIG": filepath.Join(folder, "seneka.yaml"), "SENEKA_WORKERS": strconv.Itoa(workers),
		"AWS_ENDPOINT_URL_S3": s.url, "AWS_ENDPOINT_URL_SQS": t.sqs.url, "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true",
		"STORAGE_EMULATOR_HOST": strings.TrimPrefix(t.gcs.url, "http://"),
	}, filepath.Join(folder, "log"))
}

func (*forwarder) done(_ *program.Program, s *source, t *target) (bool, error) {
	if t.gcs.requests.Load() < int64(len(s.objects)) {
		return false, nil // to count them takes time
	}
	n, err := t.landing.Objects(landingBucket)
	return n >= len(s.objects), err
}

// end lets the forwarder delete its last messages first: all of them must be.
func (*forwarder) end(p *program.Program, t *target) (time.Duration, error) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		d, err := t.queue.Depth(queueName)
		if err != nil {
			return 0, err
		}
		if d.Waiting+d.InFlight == 0 {
			break
		}
		if time.Now().After(end) {
			return 0, fmt.Errorf("all is copied, and %d messages lie on the queue", d.Waiting+d.InFlight)
		}
	}
	if err := p.Stop(30 * time.Second); err != nil {
		return 0, err
	}
	return p.Wait()
}

// rclone is the program of that name.
type rclone struct{ path, version string }

func (*rclone) name() string { return "rclone" }

func (*rclone) prepare(context.Context, *source, *target, string) error { return nil }

// start starts a copy from an empty cache to an empty bucket, with all that rclone can be spared: no listing of
// the target, no question for a bucket, and no HEAD of each object for the modification time that another tool
// may have left in its metadata. What it compares, sizes and MD5, it compares.
func (r *rclone) start(s *source, t *target, workers int, folder string) (*program.Program, error) {
	n := strconv.Itoa(workers)
	return program.Start(r.path, map[string]string{
		"RCLONE_CONFIG":          filepath.Join(folder, "none.conf"),
		"RCLONE_CONFIG_AWS_TYPE": "s3", "RCLONE_CONFIG_AWS_PROVIDER": "Other", "RCLONE_CONFIG_AWS_ENDPOINT": s.url,
		"RCLONE_CONFIG_AWS_ACCESS_KEY_ID": "local", "RCLONE_CONFIG_AWS_SECRET_ACCESS_KEY": "local", "RCLONE_CONFIG_AWS_NO_CHECK_BUCKET": "true",
		"RCLONE_CONFIG_GCS_TYPE": "google cloud storage", "RCLONE_CONFIG_GCS_ENDPOINT": t.gcs.url + "/storage/v1/", "RCLONE_CONFIG_GCS_ANONYMOUS": "true",
		"RCLONE_CONFIG_GCS_NO_CHECK_BUCKET": "true", "RCLONE_CONFIG_GCS_BUCKET_POLICY_ONLY": "true",
	}, filepath.Join(folder, "log"), "copy", "aws:"+sourceBucket, "gcs:"+landingBucket+"/"+sourceBucket,
		"--transfers", n, "--checkers", n, "--no-check-dest", "--use-server-modtime", "--fast-list", "--stats", "0", "--retries", "1")
}

func (*rclone) done(p *program.Program, _ *source, _ *target) (bool, error) {
	select {
	case <-p.Ended():
		return true, nil
	default:
		return false, nil
	}
}

func (*rclone) end(p *program.Program, _ *target) (time.Duration, error) { return p.Wait() }
