package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/sqsqueue"
)

// target is where files are put, and where their rows are asked for.
type target struct {
	cfg    *config.Config
	bucket string
	s3     *s3.Client
	sqs    *sqs.Client
	bq     *bqquery.Client
	local  *local // nil: a deployment
}

// open connects to the deployment, or starts a local cloud and connects to that.
func open(ctx context.Context, o *options, out io.Writer) (_ *target, err error) {
	t := &target{bucket: o.bucket}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	path := o.config
	if path == "" {
		fmt.Fprintln(out, "Building and starting the local cloud, the forwarder and the loader ...")
		if t.local, err = startLocal(ctx, o.state); err != nil {
			return nil, err
		}
		path, t.bucket = t.local.ready.Config, t.local.ready.S3Bucket
		if err := t.local.ready.Use(); err != nil {
			return nil, err
		}
	}
	if t.cfg, err = readConfig(ctx, path); err != nil {
		return nil, err
	}
	return t, t.connect(ctx)
}

// readConfig reads the configuration at a path or gs:// URL.
func readConfig(ctx context.Context, path string) (_ *config.Config, err error) {
	data, err := config.Read(ctx, path, func(ctx context.Context, bucket, name string) (io.ReadCloser, error) {
		gcs, err := gcsstore.New(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, gcs.Close()) }()
		r, err := gcs.OpenLive(ctx, bucket, name)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, config.MaxSize+1))
		return io.NopCloser(bytes.NewReader(data)), err
	})
	if err != nil {
		return nil, err
	}
	return config.Parse(path, data, formats.Known())
}

// connect makes the clients, by the SDKs' own environment variables.
func (t *target) connect(ctx context.Context) error {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	t.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	t.sqs = sqsqueue.Client(cfg)
	if host := os.Getenv("BIGQUERY_EMULATOR_HOST"); host != "" {
		t.bq, err = bqquery.New(ctx, t.cfg.Project, bqquery.EmulatorOptions(host)...)
	} else {
		t.bq, err = bqquery.New(ctx, t.cfg.Project)
	}
	return err
}

func (t *target) close() error {
	var errs []error
	if t.bq != nil {
		errs = append(errs, t.bq.Close())
	}
	if t.local != nil {
		errs = append(errs, t.local.stop())
	}
	return errors.Join(errs...)
}

// file is how the tables name the file with a key.
func (t *target) file(key string) string { return "s3://" + t.bucket + "/" + key }

// table returns the table that a key's rows go to.
func (t *target) table(key string) (row.Table, error) {
	m, ok := t.cfg.Match(object.Source{Store: object.S3, Bucket: t.bucket, Key: key})
	if !ok {
		return row.Table{}, fmt.Errorf("no source of the configuration takes %s: add one, or name with -sources those that it has", t.file(key))
	}
	return m.Table, nil
}

// put stores a file and returns its ETag, with quotes as S3 answers it.
func (t *target) put(ctx context.Context, key string, data []byte) (etag string, err error) {
	out, err := t.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &t.bucket, Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		return "", err
	}
	return *out.ETag, nil
}

// announce sends S3's notification of a file once more: by S3 itself, by way of SNS or of EventBridge.
func (t *target) announce(ctx context.Context, way int, key, etag string, size int) error {
	text, err := notification(way, t.bucket, key, strings.Trim(etag, `"`), size)
	if err != nil {
		return err
	}
	_, err = t.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &t.cfg.Queue, MessageBody: &text})
	return err
}

// notification writes what S3 sends: the user guide's "Event message structure", and SNS's and EventBridge's own.
func notification(way int, bucket, key, etag string, size int) (string, error) {
	type m = map[string]any
	const sequencer = "000000000000000000"
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	event, err := json.Marshal(m{"Records": []m{{
		"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": at, "eventName": "ObjectCreated:Put",
		"s3": m{"s3SchemaVersion": "1.0", "bucket": m{"name": bucket}, "object": m{"key": url.QueryEscape(key), "size": size, "eTag": etag, "sequencer": sequencer}},
	}}})
	if err != nil {
		return "", err
	}
	switch way % 3 {
	case 1:
		event, err = json.Marshal(m{"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:123456789012:logs", "Message": string(event), "Timestamp": at})
	case 2:
		event, err = json.Marshal(m{
			"version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3", "time": at,
			"detail": m{"version": "0", "bucket": m{"name": bucket}, "object": m{"key": key, "size": size, "etag": etag, "sequencer": sequencer}},
		})
	}
	return string(event), err
}

// query runs a query and hands each of its rows to do.
func (t *target) query(ctx context.Context, sql string, do func(v []bigquery.Value)) error {
	// The client tries a failed query again for as long as it may.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	rows, err := t.bq.Query(ctx, sql)
	if err != nil {
		return fmt.Errorf("%w: %s", err, sql)
	}
	for {
		v, ok, err := rows.Next()
		if err != nil {
			return fmt.Errorf("%w: %s", err, sql)
		}
		if !ok {
			return nil
		}
		do(v)
	}
}

// queued returns how many messages lie in the queue, waiting, hidden or delayed.
func (t *target) queued(ctx context.Context) (n int, err error) {
	out, err := t.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &t.cfg.Queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		return 0, err
	}
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
		some, err := strconv.Atoi(out.Attributes[name])
		if err != nil {
			return 0, fmt.Errorf("queue %s: %s: %w", t.cfg.Queue, name, err)
		}
		n += some
	}
	return n, nil
}
