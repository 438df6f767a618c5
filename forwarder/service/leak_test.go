package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/localcloud/s3"
	"github.com/seneka-io/seneka/internal/localcloud/sqs"
)

// clouds are the services that the forwarder talks to, which count its connections.
type clouds struct {
	*testing.T
	s3, sqs, gcs *cloudtest.Listener
	servers      []*http.Server
	queues       *sqs.Server
	objects      *gcs.Server
	client       *awss3.Client
	env          map[string]string
}

// copies is how many files are copied: thousands, fewer where each is ten times as dear.
func copies() int {
	if cloudtest.WithRace() {
		return 500
	}
	return 2_000
}

// Thousands of copies leave as much behind as the first hundred, and a drain leaves nothing.
func TestCopiesLeakNothing(t *testing.T) {
	c := startClouds(t)
	c.put(0, copies())
	standIns := goleak.IgnoreCurrent()
	service, err := Open(context.Background(), func(name string) string { return c.env[name] }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- service.Run(ctx) }()

	c.await("the first copies", func() bool { return c.copied() >= 100 })
	first := c.measure(false)
	c.await("all copies", func() bool { return c.copied() == copies() && c.waiting() == 0 })
	last := c.measure(true)
	t.Logf("after 100 copies %+v, after %d %+v", first, copies(), last)
	const some = 32 // the first ones are counted while copies are under way
	if last.Goroutines > first.Goroutines+some || last.Connections > first.Connections+some || last.HeapKB > first.HeapKB+8<<10 {
		t.Error("the process holds more and more")
	}

	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := service.Close(); err != nil {
		t.Error(err)
	}
	for _, s := range c.servers { // idle connections of the SDKs stay until they time out, or their server ends
		s.Close()
	}
	c.await("no connection", func() bool { return c.connections() == 0 })
	if err := goleak.Find(standIns,
		// The metrics library runs it to the end of the process.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"),
	); err != nil {
		t.Error(err)
	}
}

func startClouds(t *testing.T) *clouds {
	t.Helper()
	c := &clouds{T: t, env: environment(t)}
	var err error
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	c.sqs, c.s3, c.gcs = cloudtest.Listen(t), cloudtest.Listen(t), cloudtest.Listen(t)
	url := func(l net.Listener) string { return "http://" + l.Addr().String() }
	c.queues, err = sqs.New(sqs.Options{Dir: t.TempDir(), Region: "us-east-1", BaseURL: func() string { return url(c.sqs) }})
	must(err)
	t.Cleanup(func() { c.queues.Close() })
	queue, arn, err := c.queues.CreateQueue("seneka", nil)
	must(err)
	source, err := s3.New(s3.Options{Dir: t.TempDir(), Region: "us-east-1", Notify: c.queues.Send})
	must(err)
	t.Cleanup(func() { source.Close() })
	must(source.CreateBucket("logs"))
	must(source.SetNotification(t.Context(), "logs", s3.QueueConfiguration{QueueARN: arn, Events: []string{"s3:ObjectCreated:*"}}))
	c.objects, err = gcs.New(gcs.Options{Dir: t.TempDir()})
	must(err)
	t.Cleanup(func() { c.objects.Close() })
	must(c.objects.CreateBucket("landing"))
	for l, h := range map[*cloudtest.Listener]http.Handler{c.sqs: c.queues, c.s3: source, c.gcs: c.objects} {
		server := &http.Server{Handler: h}
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { server.Close() })
		c.servers = append(c.servers, server)
	}
	t.Setenv("STORAGE_EMULATOR_HOST", c.gcs.Addr().String())
	t.Setenv("AWS_ENDPOINT_URL_S3", url(c.s3))
	t.Setenv("AWS_ENDPOINT_URL_SQS", url(c.sqs))
	c.env["SENEKA_CONFIG"] = filepath.Join(t.TempDir(), "seneka.yaml")
	config := `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "` + queue + `", sources: [{name: alb, match: "s3://logs/**", format: alb, table: logs.alb}]}`
	must(os.WriteFile(c.env["SENEKA_CONFIG"], []byte(config), 0o600))
	c.client = awss3.NewFromConfig(cloudtest.AWS(t, url(c.s3)), func(o *awss3.Options) {
		o.UsePathStyle = true
		o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // its connections are not the forwarder's
	})
	return c
}

// put stores small files in S3, which announces them.
func (c *clouds) put(from, to int) {
	c.Helper()
	body := []byte(strings.Repeat("a line of a log\n", 20))
	keys := make(chan int)
	var puts sync.WaitGroup
	for range 8 {
		puts.Go(func() {
			for i := range keys {
				if _, err := c.client.PutObject(c.Context(), &awss3.PutObjectInput{Bucket: aws.String("logs"), Key: aws.String(fmt.Sprintf("%d.log", i)), Body: bytes.NewReader(body)}); err != nil {
					c.Error(err)
				}
			}
		})
	}
	for i := from; i < to; i++ {
		keys <- i
	}
	close(keys)
	puts.Wait()
}

// copied is how many copies there are.
func (c *clouds) copied() int {
	n, err := c.objects.Objects("landing")
	if err != nil {
		c.Fatal(err)
	}
	return n
}

// waiting is how many messages are not done.
func (c *clouds) waiting() int {
	d, err := c.queues.Depth("seneka")
	if err != nil {
		c.Fatal(err)
	}
	return d.Waiting + d.InFlight
}

func (c *clouds) connections() int { return c.s3.Open() + c.sqs.Open() + c.gcs.Open() }

// usage is what a process holds.
type usage struct {
	Goroutines, Connections int
	HeapKB                  int64 // live
}

// measure tells what the process holds, once it rests if it is to.
func (c *clouds) measure(rest bool) usage {
	c.await("a resting process", func() bool {
		before := runtime.NumGoroutine()
		time.Sleep(50 * time.Millisecond)
		return !rest || runtime.NumGoroutine() == before
	})
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{runtime.NumGoroutine(), c.connections(), int64(m.HeapAlloc >> 10)}
}

func (c *clouds) await(what string, done func() bool) {
	c.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("%s: not within two minutes; %d copies, %d messages, %d connections", what, c.copied(), c.waiting(), c.connections())
		}
	}
}
