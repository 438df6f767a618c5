//go:build cgo

package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/localcloud/gcs"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/testdata"
)

// The archive is built as the Go functions buildpack builds it, and serves an event.
//
// What that buildpack does: it moves the source into a folder of its own, puts a main package that imports
// the module's root into it, and runs go mod tidy and go build there.
// https://github.com/GoogleCloudPlatform/buildpacks/blob/main/cmd/go/functions_framework/lib/lib.go
func TestArchiveAsTheBuildpackBuildsIt(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "serverless_function_source_code")
	unpack(t, archive(t, dir), source)
	app := filepath.Join(source, "functions.local", "app")
	write(t, filepath.Join(app, "main.go"), `package main

import (
	"log"
	"os"

	_ "github.com/seneka-io/seneka"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
)

func main() {
	if err := funcframework.Start(os.Getenv("PORT")); err != nil {
		log.Fatal(err)
	}
}
`)
	binary := filepath.Join(dir, "main")
	for _, args := range [][]string{{"mod", "tidy"}, {"build", "-o", binary, app}} {
		if _, err := command(t.Context(), source, "go", args...); err != nil {
			t.Fatal(err)
		}
	}
	serveOneEvent(t, binary)
}

// The archive holds what is linked, the same bytes each time, and nothing of tests and stand-ins.
func TestArchiveHolds(t *testing.T) {
	data := archive(t, t.TempDir())
	if again := archive(t, t.TempDir()); !bytes.Equal(again, data) {
		t.Error("the same source gives another archive the second time")
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		if strings.HasSuffix(f.Name, "_test.go") || strings.Contains(f.Name, "localcloud") || strings.Contains(f.Name, "testdata") {
			t.Errorf("%s has no place in the function", f.Name)
		}
	}
	for _, name := range []string{"function.go", "go.mod", "go.sum", "LICENSE", "functions/loader/handler.go", "internal/load/load.go", "internal/format/marks/marks_amd64.s", "internal/format/marks/marks_other.go"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing among %d files", name, len(names))
		}
	}
	if mod := content(t, r, "go.mod"); strings.Contains(mod, "duckdb") || strings.Contains(mod, "aws-sdk-go-v2") {
		t.Errorf("go.mod has modules that the function does not link:\n%s", mod)
	}
}

func TestNoArchiveOfAnotherFolder(t *testing.T) {
	out := filepath.Join(t.TempDir(), "function.zip")
	if err := run(t.Context(), t.TempDir(), out); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "go.mod") {
		t.Errorf("%v, want that there is no go.mod", err)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
}

// archive packs this module.
func archive(t *testing.T, dir string) []byte {
	t.Helper()
	out := filepath.Join(dir, "dist", "function.zip")
	if err := run(t.Context(), filepath.Join("..", ".."), out); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unpack(t *testing.T, data []byte, dir string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, r); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, r *zip.Reader, name string) string {
	t.Helper()
	f, err := r.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serveOneEvent runs the function against stand-ins and delivers the notification of one file.
func serveOneEvent(t *testing.T, binary string) {
	t.Helper()
	env, bq := services(t)
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(os.Environ(), append(env, "FUNCTION_TARGET=Load", "PORT="+port)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	landed, attrs := put(t)
	status, answer := deliver(t, "http://127.0.0.1:"+port+"/", event(t, landed, attrs))
	if status != http.StatusOK {
		t.Errorf("the delivery was answered %d %s", status, answer)
	}
	if n := count(t, bq); n != lines(t) {
		t.Errorf("%d rows, want %d", n, lines(t))
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the function ended with %v: %s", err, &log)
	}
}

// services starts the stand-ins that the function needs and returns its environment.
func services(t *testing.T) (env []string, bq *bqtest.Server) {
	t.Helper()
	bq = bqtest.Start(t)
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
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(cloudtest.Serve(t, objects), "http://"))
	path := filepath.Join(t.TempDir(), "seneka.yaml")
	write(t, path, `{project: local, landing: "gs://landing", ledger: "gs://ledger", queue: "https://sqs.us-east-1.amazonaws.com/1/q",
		sources: [{name: alb, match: "s3://src/**", format: alb, table: logs.alb}]}`)
	return []string{"SENEKA_CONFIG=" + path, "BIGQUERY_EMULATOR_HOST=" + bq.REST, "BIGQUERY_STORAGE_EMULATOR_HOST=" + bq.Storage}, bq
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// put lays the copy of a file of real log lines into landing.
func put(t *testing.T) (landed object.Landed, attrs object.Attrs) {
	t.Helper()
	store, err := storage.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	attrs = object.Attrs{Event: object.Event{Source: object.Source{Bucket: "src", Key: "vrl.log"}, Version: object.Version{ETag: "e", Size: 1}}}
	w := store.Bucket("landing").Object("src/vrl.log").NewWriter(t.Context())
	w.Metadata = attrs.Metadata()
	_, _ = w.Write(sample(t))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return object.Landed{Bucket: "landing", Name: w.Name, Generation: w.Attrs().Generation}, attrs
}

func sample(t *testing.T) []byte {
	t.Helper()
	data, err := testdata.ALB.ReadFile("alb/vrl.log")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func lines(t *testing.T) int64 { t.Helper(); return int64(bytes.Count(sample(t), []byte("\n"))) }

// event returns the body of the push that tells of a landing object.
func event(t *testing.T, landed object.Landed, attrs object.Attrs) string {
	t.Helper()
	generation := fmt.Sprint(landed.Generation)
	resource, err := json.Marshal(map[string]any{"bucket": landed.Bucket, "name": landed.Name, "generation": generation, "size": "1", "metadata": attrs.Metadata()})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"subscription": "projects/local/subscriptions/loader", "message": map[string]any{
		"attributes": map[string]string{
			"eventType": "OBJECT_FINALIZE", "bucketId": landed.Bucket, "objectId": landed.Name, "objectGeneration": generation,
			"payloadFormat": "JSON_API_V1", "eventTime": "2026-03-01T00:00:01Z",
		},
		"data": base64.StdEncoding.EncodeToString(resource), "messageId": "1", "publishTime": "2026-03-01T00:00:02Z",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// deliver posts body once the function listens.
func deliver(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.Post(url, "application/json", strings.NewReader(body))
		if err == nil {
			defer r.Body.Close()
			text, _ := io.ReadAll(r.Body)
			return r.StatusCode, string(text)
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func count(t *testing.T, bq *bqtest.Server) int64 {
	t.Helper()
	client, err := bigquery.NewClient(t.Context(), "local", option.WithEndpoint("http://"+bq.REST+"/bigquery/v2/"), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	it, err := client.Query("SELECT COUNT(*) AS n FROM logs.alb").Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var row struct{ N int64 }
	if err := it.Next(&row); err != nil {
		t.Fatal(err)
	}
	return row.N
}
