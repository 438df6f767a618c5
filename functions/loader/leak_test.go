//go:build cgo

package loader

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// writeAPI answers as the Storage Write API does and keeps no row: thousands of loads take seconds.
type writeAPI struct {
	storagepb.UnimplementedBigQueryWriteServer
	open    atomic.Int64 // connections of streams
	rows    atomic.Int64
	mu      sync.Mutex
	made    int
	streams map[string]int64 // rows, until it is committed
}

// startWriteAPI serves until the test ends.
func startWriteAPI(t *testing.T) (api *writeAPI, listener *cloudtest.Listener) {
	t.Helper()
	api = &writeAPI{streams: map[string]int64{}}
	listener = cloudtest.Listen(t)
	server := grpc.NewServer()
	storagepb.RegisterBigQueryWriteServer(server, api)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return api, listener
}

func (w *writeAPI) CreateWriteStream(_ context.Context, r *storagepb.CreateWriteStreamRequest) (*storagepb.WriteStream, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made++
	name := fmt.Sprintf("%s/streams/%d", r.GetParent(), w.made)
	w.streams[name] = 0
	return &storagepb.WriteStream{Name: name, Type: r.GetWriteStream().GetType()}, nil
}

func (w *writeAPI) GetWriteStream(_ context.Context, r *storagepb.GetWriteStreamRequest) (*storagepb.WriteStream, error) {
	return &storagepb.WriteStream{Name: r.GetName()}, nil
}

func (w *writeAPI) AppendRows(conn storagepb.BigQueryWrite_AppendRowsServer) error {
	w.open.Add(1)
	defer w.open.Add(-1)
	var name string
	for {
		r, err := conn.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.GetWriteStream() != "" {
			name = r.GetWriteStream()
		}
		result := &storagepb.AppendRowsResponse_AppendResult{}
		if n := int64(len(r.GetProtoRows().GetRows().GetSerializedRows())); r.GetOffset() != nil {
			result.Offset = wrapperspb.Int64(r.GetOffset().GetValue())
			w.rows.Add(n)
			w.mu.Lock()
			w.streams[name] += n
			w.mu.Unlock()
		}
		if err := conn.Send(&storagepb.AppendRowsResponse{Response: &storagepb.AppendRowsResponse_AppendResult_{AppendResult: result}}); err != nil {
			return err
		}
	}
}

func (w *writeAPI) FinalizeWriteStream(_ context.Context, r *storagepb.FinalizeWriteStreamRequest) (*storagepb.FinalizeWriteStreamResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &storagepb.FinalizeWriteStreamResponse{RowCount: w.streams[r.GetName()]}, nil
}

func (w *writeAPI) BatchCommitWriteStreams(_ context.Context, r *storagepb.BatchCommitWriteStreamsRequest) (*storagepb.BatchCommitWriteStreamsResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	resp := &storagepb.BatchCommitWriteStreamsResponse{CommitTime: timestamppb.Now()}
	for _, name := range r.GetWriteStreams() {
		if _, ok := w.streams[name]; !ok { // committed and forgotten
			resp.CommitTime = nil
			resp.StreamErrors = append(resp.StreamErrors, &storagepb.StorageError{Code: storagepb.StorageError_STREAM_ALREADY_COMMITTED, Entity: name})
		}
		delete(w.streams, name)
	}
	return resp, nil
}

// leaks is a loader that is given thousands of deliveries.
type leaks struct {
	*requests
	api            *writeAPI
	objects, write *cloudtest.Listener

	small, large, broken, gone load.File // landing objects that serve for many source files
}

// usage is what a process holds when nothing is under way.
type usage struct {
	Goroutines, Connections, Streams int
	HeapKB                           int64 // live
}

// Thousands of loads, good and bad, leave as much behind as the first hundred; Close leaves nothing.
func TestLoadsLeakNothing(t *testing.T) {
	l := &leaks{requests: newServices(t)}
	l.objects = cloudtest.Listen(t)
	server := &http.Server{Handler: l.gcs}
	go func() { _ = server.Serve(l.objects) }()
	t.Cleanup(func() { server.Close() })
	l.api, l.write = startWriteAPI(t)
	l.small, l.large = l.put("small.log.gz", 1), l.put("large.log.gz", 300)
	l.broken = l.putBytes("broken.log.gz", []byte("\x1f\x8b\x08broken"))
	l.gone = l.small
	l.gone.Landed.Name = "src/gone.log.gz"
	standIns := goleak.IgnoreCurrent()

	t.Setenv("STORAGE_EMULATOR_HOST", l.objects.Addr().String())
	t.Setenv("BIGQUERY_STORAGE_EMULATOR_HOST", l.write.Addr().String())
	l.app = l.open()
	l.deliver(0, 100)
	first := l.measure()
	l.deliver(100, loads())
	last := l.measure()
	t.Logf("after 100 loads %+v, after %d %+v, %d rows", first, loads(), last, l.api.rows.Load())
	const some = 24 // as many workers as there are may have their own of each, and a few goroutines
	if last.Goroutines > first.Goroutines+some || last.Connections > first.Connections+some || last.Streams > first.Streams+some || last.HeapKB > first.HeapKB+8<<10 {
		t.Error("the process holds more and more")
	}

	if err := l.app.Close(); err != nil {
		t.Error(err)
	}
	l.await("no connection and no stream after Close", func() string {
		if objects, write, streams := l.objects.Open(), l.write.Open(), l.api.open.Load(); objects+write+int(streams) > 0 {
			return fmt.Sprintf("%d connections to Cloud Storage, %d to the Write API, %d streams", objects, write, streams)
		}
		return ""
	})
	if err := goleak.Find(standIns,
		// The metrics library runs it to the end of the process.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"),
		// managedwriter cancels the context of a connection 20 s after it gave the connection up.
		goleak.IgnoreAnyFunction("cloud.google.com/go/bigquery/storage/managedwriter.(*connection).getStream.func1"),
	); err != nil {
		t.Error(err)
	}
}

// loads is how many there are: ten thousand, fewer where each is ten times as dear.
func loads() int {
	if cloudtest.WithRace() {
		return 1_000
	}
	return 10_000
}

// deliver hands notifications to the loader's handler, eight at a time.
func (l *leaks) deliver(from, to int) {
	l.Helper()
	var next atomic.Int64
	next.Store(int64(from))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < to; i = int(next.Add(1)) - 1 {
				l.deliverOne(i)
			}
		})
	}
	wg.Wait()
	l.gcs.Calls() // which it remembers
}

// deliverOne delivers the i-th file: most are small; some large, broken, gone, or delivered again.
func (l *leaks) deliverOne(i int) {
	f, key, want := l.small, i, http.StatusOK
	switch i % 100 {
	case 0:
		f = l.large
	case 1:
		f, key = l.large, i-1 // the file before, at the same time or again
	case 2, 3:
		f = l.broken
	case 4:
		f, want = l.gone, http.StatusServiceUnavailable
	}
	f.Key = fmt.Sprintf("file-%d.log.gz", key)
	w := httptest.NewRecorder()
	l.app.ServeHTTP(w, httptest.NewRequestWithContext(l.Context(), http.MethodPost, "/", strings.NewReader(pushOf(f))))
	if w.Code != want && f.Landed != l.large.Landed {
		l.Errorf("delivery %d: %d %s, want %d", i, w.Code, w.Body, want)
	}
}

// pushOf returns the body of a push request that tells of a landing object.
func pushOf(f load.File) string {
	resource, _ := json.Marshal(map[string]any{
		"bucket": f.Landed.Bucket, "name": f.Landed.Name, "generation": fmt.Sprint(f.Landed.Generation), "size": "1", "metadata": f.Metadata(),
	})
	body, _ := json.Marshal(map[string]any{"subscription": "projects/local/subscriptions/loader", "message": map[string]any{
		"attributes": map[string]string{
			"eventType": "OBJECT_FINALIZE", "bucketId": f.Landed.Bucket, "objectId": f.Landed.Name, "objectGeneration": fmt.Sprint(f.Landed.Generation),
			"payloadFormat": "JSON_API_V1", "eventTime": "2026-03-01T00:00:01Z",
		},
		"data": base64.StdEncoding.EncodeToString(resource), "messageId": "1", "publishTime": "2026-03-01T00:00:02Z",
	}})
	return string(body)
}

// measure waits until the process is idle and tells what it holds.
func (l *leaks) measure() (u usage) {
	l.Helper()
	l.await("an idle process", func() string {
		before := runtime.NumGoroutine()
		time.Sleep(50 * time.Millisecond)
		if after := runtime.NumGoroutine(); after != before {
			return fmt.Sprintf("%d goroutines, then %d", before, after)
		}
		return ""
	})
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{runtime.NumGoroutine(), l.objects.Open() + l.write.Open(), int(l.api.open.Load()), int64(m.HeapAlloc >> 10)}
}

// await waits until wrong says nothing any more.
func (l *leaks) await(what string, wrong func() string) {
	l.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		state := wrong()
		if state == "" {
			return
		}
		if time.Now().After(deadline) {
			l.Fatalf("%s: not within a minute: %s", what, state)
		}
	}
}
