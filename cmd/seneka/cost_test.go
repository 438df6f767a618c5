package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seneka-io/seneka/internal/cost"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/testdata"
)

// tally counts the requests of the programs, in the items of a bill.
type tally struct {
	mu     sync.Mutex
	counts cost.Usage
}

func (c *tally) add(item cost.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[item]++
}

// begin forgets what was counted, and returns it.
func (c *tally) begin() cost.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	counted := c.counts
	c.counts = cost.Usage{}
	return counted
}

// before stands before the service at target and counts what bill says that a request answered so is; empty
// for nothing. It returns its own URL.
func (c *tally) before(t *testing.T, target string, bill func(r *http.Request, status int) cost.Item) string {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			if item := bill(r.Request, r.StatusCode); item != "" {
				c.add(item)
			}
			return nil
		},
	}
	return cloudtest.Serve(t, proxy)
}

func billS3(r *http.Request, status int) cost.Item {
	if r.Method == http.MethodGet && status < 300 {
		return cost.S3Get
	}
	return cost.Item(fmt.Sprintf("s3 %s %d", r.Method, status))
}

// billSQS counts deletes alone: how many messages a receive brings is chance.
func billSQS(r *http.Request, _ int) cost.Item {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DeleteMessage") {
		return cost.SQSRequest
	}
	return ""
}

// billGCS counts as Cloud Storage bills: what is refused or not there costs nothing.
// https://cloud.google.com/storage/pricing#operations-by-class
func billGCS(r *http.Request, status int) cost.Item {
	switch {
	case status >= 300 && status != http.StatusPermanentRedirect: // 308: a part of an upload was taken
		return ""
	case r.Method == http.MethodGet:
		return cost.ClassB
	case r.Method == http.MethodPost:
		return cost.ClassA
	}
	return cost.Item(fmt.Sprintf("gcs %s %d", r.Method, status))
}

// What a healthy file costs in requests is what `seneka cost` reckons with.
func TestCountedRequests(t *testing.T) {
	lines, err := testdata.ALB.ReadFile("alb/vrl.log")
	if err != nil {
		t.Fatal(err)
	}
	p := startPipeline(t, freePorts()...)
	counted := &tally{counts: cost.Usage{}}
	r := p.ready
	r.S3 = counted.before(t, p.ready.S3, billS3)
	r.SQS = counted.before(t, p.ready.SQS, billSQS)
	r.GCS = counted.before(t, p.ready.GCS, billGCS)
	p.slowed = &r
	p.startLoader(t)
	p.awaitLoader(t)
	p.startForwarder(t)
	load := func(key string, n int) {
		for i := range n {
			p.put(t, fmt.Sprintf("%s/%d.log", key, i), lines)
		}
		await(t, "loads of "+key, func() (bool, string) {
			found := p.ask(t, "SELECT source_file FROM logs.seneka_loads WHERE source_file LIKE 's3://logs/"+key+"/%'")
			return len(found) == n, fmt.Sprintf("%d of %d", len(found), n)
		})
		p.awaitEmpty(t)
	}
	load("first", 1) // which makes tables and streams
	counted.begin()
	const files = 20
	load("counted", files)
	want := cost.Usage{cost.S3Get: files, cost.SQSRequest: files, cost.ClassA: files * cost.Requests[cost.ClassA], cost.ClassB: files * cost.Requests[cost.ClassB]}
	if got := counted.begin(); !maps.Equal(got, want) {
		t.Errorf("%d files took %v, want %v", files, got, want)
	}
	if want := (cost.Usage{cost.SQSRequest: 3, cost.S3Get: 1, cost.ClassA: 2, cost.ClassB: 1, cost.RunRequest: 1}); !maps.Equal(cost.Requests, want) {
		t.Errorf("a file is reckoned with %v, want %v", cost.Requests, want)
	}
}
