//go:build cgo

package loader

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/testdata"
)

// requests is a loader against stand-ins that count what is asked of them.
type requests struct {
	*testing.T
	bq    *bqtest.Server
	gcs   *cloudtest.Proxy
	store *storage.Client
	app   *App
}

func newRequests(t *testing.T) *requests {
	t.Helper()
	r := newServices(t)
	r.app = r.open()
	return r
}

// newServices starts the stand-ins and no loader.
func newServices(t *testing.T) *requests {
	t.Helper()
	bq := bqtest.Start(t)
	objects, err := gcs.New(gcs.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objects.Close() })
	for _, bucket := range []string{"landing", "ledger"} {
		if err := objects.CreateBucket(bucket); err != nil {
			t.Fatal(err)
		}
	}
	proxy := &cloudtest.Proxy{Next: objects}
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(cloudtest.Serve(t, proxy), "http://"))
	t.Setenv("BIGQUERY_EMULATOR_HOST", bq.REST)
	t.Setenv("BIGQUERY_STORAGE_EMULATOR_HOST", bq.Storage)
	path := filepath.Join(t.TempDir(), "seneka.yaml")
	t.Setenv("SENEKA_CONFIG", path)
	config := `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q",
		sources: [{name: alb, match: "s3://src/**", format: alb, table: logs.alb}]}`
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := storage.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return &requests{T: t, bq: bq, gcs: proxy, store: store}
}

// open starts a loader, as another instance does.
func (r *requests) open() *App {
	r.Helper()
	app, err := Open(r.Context(), os.Getenv, slog.New(slog.DiscardHandler))
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := app.Close(); err != nil {
			r.Error(err)
		}
	})
	return app
}

// put lays a copy of a file of real log lines, n times as many, into landing.
func (r *requests) put(key string, n int) load.File {
	r.Helper()
	lines, err := testdata.ALB.ReadFile("alb/vrl.log")
	if err != nil {
		r.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range n {
		_, _ = z.Write(lines)
	}
	_ = z.Close()
	return r.putBytes(key, b.Bytes())
}

// putBytes lays a copy with the content into landing.
func (r *requests) putBytes(key string, content []byte) load.File {
	r.Helper()
	attrs := object.Attrs{Event: object.Event{Source: object.Source{Bucket: "src", Key: key}, Version: object.Version{ETag: "e", Size: 1}}}
	w := r.store.Bucket("landing").Object("src/" + key).NewWriter(r.Context())
	w.Metadata = attrs.Metadata()
	_, _ = w.Write(content)
	if err := w.Close(); err != nil {
		r.Fatal(err)
	}
	return load.File{Landed: object.Landed{Bucket: "landing", Name: "src/" + key, Generation: w.Attrs().Generation}, Attrs: attrs}
}

// load loads a file and returns what it asked of each service.
func (r *requests) load(f load.File) (bigquery map[string]int, objects []string) {
	r.Helper()
	r.bq.Calls()
	r.bq.Proxy.Calls()
	r.gcs.Calls()
	res, err := r.app.Load(r.Context(), f)
	if err != nil || res.Outcome != load.Loaded {
		r.Fatalf("%s: %+v, %v", f.Key, res, err)
	}
	if rest := r.bq.Proxy.Calls(); len(rest) > 0 {
		r.Errorf("%s: BigQuery's REST API was asked %q", f.Key, rest)
	}
	return r.bq.Calls(), r.gcs.Calls()
}

// What a healthy file costs, by the requests that arrive at the services: ARCHITECTURE.md lists them.
func TestRequestsOfOneHealthyFile(t *testing.T) {
	r := newRequests(t)
	if _, err := r.app.Load(t.Context(), r.put("first.log.gz", 1)); err != nil { // makes tables and streams
		t.Fatal(err)
	}
	logRecord := 1 // a request on the load log's default stream, which is open
	for _, tt := range []struct {
		name string
		n    int
		want map[string]int
	}{
		{"small", 1, map[string]int{"AppendRows request": 1 + logRecord}},
		{"large", 300, map[string]int{
			"CreateWriteStream": 1, "AppendRows": 1, "AppendRows request": 2 + logRecord, "FinalizeWriteStream": 1, "BatchCommitWriteStreams": 1,
		}},
	} {
		bigquery, objects := r.load(r.put(tt.name+".log.gz", tt.n))
		if !maps.Equal(bigquery, tt.want) {
			t.Errorf("%s: BigQuery was asked %v, want %v", tt.name, bigquery, tt.want)
		}
		var landing, claims, writes int
		for _, call := range objects {
			switch {
			case strings.HasPrefix(call, http.MethodGet) && strings.Contains(call, "claims"):
				claims++
			case strings.HasPrefix(call, http.MethodGet):
				landing++
			case strings.HasPrefix(call, http.MethodPost):
				writes++
			}
		}
		if got := fmt.Sprint(landing, claims, writes, len(objects)); got != "1 1 1 3" {
			t.Errorf("%s: GCS was asked %q, want the copy, the claim, and the claim's write", tt.name, objects)
		}
	}
}
