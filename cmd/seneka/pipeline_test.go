package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/pubsub/v2"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
	"github.com/seneka-io/seneka/internal/sqsqueue"
)

// patience is how long a test waits for what must come to pass. It is generous: a test that waits
// this long has failed.
const patience = 2 * time.Minute

// await polls until done; it fails the test with what done said last.
func await(t *testing.T, what string, done func() (ok bool, state string)) {
	t.Helper()
	awaitFor(t, patience, 20*time.Millisecond, what, done)
}

// awaitFor is await with another patience, and pauses between the polls.
func awaitFor(t *testing.T, patience, pause time.Duration, what string, done func() (ok bool, state string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, state := done()
		if ok {
			return
		}
		if time.Now().After(deadline) || t.Context().Err() != nil {
			t.Fatalf("%s: not within %s; %s", what, patience, state)
		}
		time.Sleep(pause)
	}
}

// How long the programs may take to end: what ECS and Cloud Run give them.
const (
	forwarderDrain = 30 * time.Second
	loaderDrain    = 10 * time.Second
)

// pipeline is a local cloud, a forwarder and a loader, each a process of its own.
type pipeline struct {
	cloud, forwarder, loader *process

	args   []string          // of the cloud
	extra  map[string]string // of the programs' environment
	dir    string            // of the forwarder and the loader; empty: they are on the PATH
	ready  readyfile.Ready
	slowed *readyfile.Ready // where the programs find the cloud instead, if it is to be slow
	s3     *s3.Client
	sqs    *sqs.Client
	pubsub *pubsub.Client
	bq     *bqquery.Client
}

// startPipeline starts a cloud, with more arguments where they are given, and clients to it;
// neither forwarder nor loader.
func startPipeline(t *testing.T, more ...string) *pipeline {
	t.Helper()
	dir := t.TempDir()
	p := &pipeline{args: append([]string{"local", "--only-cloud",
		"--data", filepath.Join(dir, "data"), "--ready-file", filepath.Join(dir, "ready.json"),
		"--push-endpoint", fmt.Sprintf("http://127.0.0.1:%d", freePort(t))}, more...)}
	p.startCloud(t)
	p.connect(t)
	return p
}

// freePorts makes each service of the cloud choose a port.
func freePorts() []string { return ports(func() int { return 0 }) }

func ports(choose func() int) []string {
	var args []string
	for _, service := range []string{"s3", "sqs", "gcs", "pubsub", "bigquery", "bigquery-storage", "dashboard"} {
		args = append(args, "--"+service+"-port", strconv.Itoa(choose()))
	}
	return args
}

// freePort returns a port that is free, below those that the system gives to outgoing connections:
// so that it is free still when a program starts on it again.
func freePort(t *testing.T) int {
	t.Helper()
	for {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			l.Close()
			return port
		}
	}
}

// startCloud starts the stand-ins and waits for their ready file.
func (p *pipeline) startCloud(t *testing.T) {
	t.Helper()
	path := p.args[slices.Index(p.args, "--ready-file")+1]
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	p.cloud = start(t, nil, "seneka", p.args...)
	await(t, "start of the cloud", func() (bool, string) {
		select {
		case <-p.cloud.ended:
			t.Fatalf("the cloud ended: %v", p.cloud.err)
		default:
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return false, err.Error()
		}
		var ready readyfile.Ready
		if err := json.Unmarshal(data, &ready); err != nil {
			t.Fatalf("ready file: %v: %s", err, data)
		}
		if ready != p.ready { // on the same ports again it is the same, and may be read meanwhile
			p.ready = ready
		}
		return true, ""
	})
}

// connect makes the clients that put files and ask questions.
func (p *pipeline) connect(t *testing.T) {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("us-east-1"),
		awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	if err != nil {
		t.Fatal(err)
	}
	p.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &p.ready.S3, true })
	p.sqs = sqsqueue.Client(cfg, func(o *sqs.Options) { o.BaseEndpoint = &p.ready.SQS })
	if p.bq, err = bqquery.New(t.Context(), p.ready.Project, bqquery.EmulatorOptions(readyfile.HostOf(p.ready.BigQuery))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.bq.Close() })
	if p.pubsub, err = pubsub.NewClient(t.Context(), p.ready.Project, option.WithEndpoint(p.ready.PubSub), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials()))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.pubsub.Close() })
}

// environment is the programs'.
func (p *pipeline) environment() map[string]string {
	env := cmp.Or(p.slowed, &p.ready).Environment()
	maps.Copy(env, p.extra)
	return env
}

// startForwarder starts the forwarder and does not wait for it.
func (p *pipeline) startForwarder(t *testing.T) {
	t.Helper()
	env := p.environment()
	env["SENEKA_VISIBILITY_SECONDS"] = "2"
	p.forwarder = start(t, env, filepath.Join(p.dir, "forwarder"))
}

// startLoader starts the loader where the cloud pushes to and does not wait for it.
func (p *pipeline) startLoader(t *testing.T) {
	t.Helper()
	env := p.environment()
	env["SENEKA_LISTEN"], env["PORT"], _ = net.SplitHostPort(readyfile.HostOf(p.ready.Loader))
	p.loader = start(t, env, filepath.Join(p.dir, "loader"))
}

// awaitLoader waits until the loader serves.
func (p *pipeline) awaitLoader(t *testing.T) {
	t.Helper()
	await(t, "start of the loader", func() (bool, string) {
		resp, err := http.Get(p.ready.Loader + "/healthz")
		if err != nil {
			return false, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return err == nil && resp.StatusCode == http.StatusOK && string(body) == "ok\n", fmt.Sprintf("%s: %q, %v", resp.Status, body, err)
	})
}

// file is a key's file as the tables name it.
func (p *pipeline) file(key string) string { return "s3://" + p.ready.S3Bucket + "/" + key }

// partSize is how aws s3 cp cuts a larger file into parts.
const partSize = 8 << 20

// put stores a file in S3 by the real client, a large one in parts, and returns its ETag.
func (p *pipeline) put(t *testing.T, key string, data []byte) (etag string) {
	t.Helper()
	etag, err := p.tryPut(t.Context(), key, data)
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return etag
}

// tryPut is put in a cloud that may be away.
func (p *pipeline) tryPut(ctx context.Context, key string, data []byte) (etag string, err error) {
	bucket := &p.ready.S3Bucket
	if len(data) <= partSize {
		out, err := p.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(data)})
		if err != nil {
			return "", err
		}
		return *out.ETag, nil
	}
	upload, err := p.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		return "", err
	}
	var parts []s3types.CompletedPart
	for part := range slices.Chunk(data, partSize) {
		number := aws.Int32(int32(len(parts) + 1))
		out, err := p.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: &key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(part)})
		if err != nil {
			return "", err
		}
		parts = append(parts, s3types.CompletedPart{PartNumber: number, ETag: out.ETag})
	}
	out, err := p.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: &key, UploadId: upload.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return "", err
	}
	return *out.ETag, nil
}

// ask runs a query and returns its rows by the text of their first column. A table that is not
// there yet has no rows.
func (p *pipeline) ask(t *testing.T, sql string) map[string][]bigquery.Value {
	t.Helper()
	found, err := query(t.Context(), p.bq, sql)
	if err != nil && !strings.Contains(err.Error(), "notFound") {
		t.Fatalf("%s: %v", sql, err)
	}
	return found
}

func query(ctx context.Context, bq *bqquery.Client, sql string) (map[string][]bigquery.Value, error) {
	// The client tries a failed query again for as long as it may.
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found := map[string][]bigquery.Value{}
	rows, err := bq.Query(ctx, sql)
	if err != nil {
		return found, err
	}
	err = each(rows, func(v []bigquery.Value) error {
		found[fmt.Sprint(v[0])] = v[1:]
		return nil
	})
	return found, err
}

// awaitEmpty waits until the queue has no message, neither waiting nor hidden, and checks that none
// was parked.
func (p *pipeline) awaitEmpty(t *testing.T) {
	t.Helper()
	count := func(url string) (all int, state string) {
		out, err := p.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
			n, err := strconv.Atoi(out.Attributes[name])
			if err != nil {
				t.Fatal(err)
			}
			all += n
		}
		return all, fmt.Sprint(out.Attributes)
	}
	await(t, "an empty queue", func() (bool, string) {
		n, state := count(p.ready.QueueURL)
		return n == 0, state
	})
	if n, state := count(p.ready.QueueURL + "-dead-letter"); n != 0 {
		t.Errorf("%d messages were parked in the dead-letter queue: %s", n, state)
	}
}
