package loader

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
)

var attrs = object.Attrs{Event: object.Event{
	Source: object.Source{Bucket: "src", Key: "a b+c.log"}, Version: object.Version{ETag: "e1", Size: 3}, Time: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
}}

// resource describes the landing object, as the JSON API does.
func resource() string {
	r, _ := json.Marshal(map[string]any{
		"kind": "storage#object", "bucket": "landing", "name": "src/a b+c.log", "generation": "7", "size": "3", "metadata": attrs.Metadata(),
	})
	return string(r)
}

// push returns the body of a push request for a landing object, described in full or not at all.
func push(eventType string, described bool) string {
	format, data := "NONE", ""
	if described {
		format = "JSON_API_V1"
		data = base64.StdEncoding.EncodeToString([]byte(resource()))
	}
	body, _ := json.Marshal(map[string]any{
		"message": map[string]any{
			"attributes": map[string]string{
				"eventType": eventType, "bucketId": "landing", "objectId": "src/a b+c.log", "objectGeneration": "7", "payloadFormat": format,
				"eventTime": "2026-03-01T00:00:01.000000Z", "notificationConfig": "projects/_/buckets/landing/notificationConfigs/1",
			},
			"data": data, "messageId": "11", "message_id": "11", "publishTime": "2026-03-01T00:00:02.5Z", "publish_time": "2026-03-01T00:00:02.5Z",
		},
		"subscription": "projects/local/subscriptions/loader",
	})
	return string(body)
}

// post delivers body to a handler whose Load is as given, and returns the status.
func post(t *testing.T, h *Handler, header http.Header, body string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func handler(do func(load.File) (load.Result, error)) *Handler {
	return &Handler{
		Bucket: "landing",
		Load:   func(_ context.Context, f load.File) (load.Result, error) { return do(f) },
		Describe: func(context.Context, object.Landed) (object.Description, int64, error) {
			return object.Description{Metadata: attrs.Metadata()}, 7, nil
		},
		Unmatched: func(context.Context, object.Source) {},
		Tally:     telemetry.NewTally(slog.New(slog.DiscardHandler), "files"),
		Log:       slog.New(slog.DiscardHandler),
	}
}

func TestHandlerEnvelopes(t *testing.T) {
	raw := push("OBJECT_FINALIZE", true)
	structured, _ := json.Marshal(map[string]any{
		"specversion": "1.0", "id": "11", "type": "google.cloud.pubsub.topic.v1.messagePublished",
		"source": "//pubsub.googleapis.com/projects/local/topics/landing", "datacontenttype": "application/json", "data": json.RawMessage(raw),
	})
	tests := []struct {
		name   string
		header http.Header
		body   string
	}{
		{"raw push", http.Header{"Content-Type": {"application/json"}}, raw},
		{"CloudEvent, binary", http.Header{
			"Content-Type": {"application/json"}, "Ce-Specversion": {"1.0"}, "Ce-Id": {"11"},
			"Ce-Type":   {"google.cloud.pubsub.topic.v1.messagePublished"},
			"Ce-Source": {"//pubsub.googleapis.com/projects/local/topics/landing"},
		}, raw},
		{"CloudEvent, structured", http.Header{"Content-Type": {"application/cloudevents+json"}}, string(structured)},
		{"CloudEvent of Cloud Storage itself", http.Header{
			"Content-Type": {"application/json"}, "Ce-Specversion": {"1.0"}, "Ce-Id": {"11"}, "Ce-Time": {"2026-03-01T00:00:02.5Z"},
			"Ce-Type":   {"google.cloud.storage.object.v1.finalized"},
			"Ce-Source": {"//storage.googleapis.com/projects/_/buckets/landing"},
		}, resource()},
		{"without the object's description", http.Header{"Content-Type": {"application/json"}}, push("OBJECT_FINALIZE", false)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got load.File
			h := handler(func(f load.File) (load.Result, error) { got = f; return load.Result{Outcome: load.Loaded}, nil })
			if status := post(t, h, tt.header, tt.body); status != http.StatusOK {
				t.Fatalf("status %d, want 200", status)
			}
			want := load.File{
				Landed: object.Landed{Bucket: "landing", Name: "src/a b+c.log", Generation: 7}, Attrs: attrs,
				Published: time.Date(2026, 3, 1, 0, 0, 2, 5e8, time.UTC),
			}
			if got != want {
				t.Errorf("loaded %+v, want %+v", got, want)
			}
		})
	}
}

// The line of a load says what an operator may have to look into.
func TestHandlerLog(t *testing.T) {
	var logged bytes.Buffer
	h := handler(func(load.File) (load.Result, error) {
		return load.Result{Outcome: load.Loaded, Rows: 3, Rejects: 2, Replaced: 1}, nil
	})
	h.Log = slog.New(slog.NewTextHandler(&logged, nil))
	if status := post(t, h, http.Header{"Content-Type": {"application/json"}}, push("OBJECT_FINALIZE", true)); status != http.StatusOK {
		t.Fatalf("status %d, want 200", status)
	}
	if want := "rows=3 rejects=2 replaced_utf8=1 "; !strings.Contains(logged.String(), want) {
		t.Errorf("logged %q, want %q in it", logged.String(), want)
	}
}

func TestHandlerStatus(t *testing.T) {
	fails := func(err error) func(load.File) (load.Result, error) {
		return func(load.File) (load.Result, error) { return load.Result{}, err }
	}
	ok := func(load.File) (load.Result, error) {
		return load.Result{Outcome: load.Rejected, Reason: "no log"}, nil
	}
	tests := []struct {
		name string
		load func(load.File) (load.Result, error)
		body string
		want int // 2xx acknowledges
	}{
		{"rejected is recorded, so acknowledged", ok, push("OBJECT_FINALIZE", true), 200},
		{"transient", fails(errors.New("down")), push("OBJECT_FINALIZE", true), 503},
		{"permanent, outcome open: to the dead letters", fails(errkind.With(errkind.Permanent, load.ErrTorn)), push("OBJECT_FINALIZE", true), 503},
		{"another event of the bucket", ok, push("OBJECT_DELETE", true), 204},
		{"not JSON", ok, "hello", 400},
		{"not a notification", ok, `{"message":{"attributes":{"a":"b"},"messageId":"1","publishTime":"2026-03-01T00:00:02Z"},"subscription":"projects/p/subscriptions/s"}`, 400},
		{"too long", ok, strings.Repeat("x", maxBody+1), 413},
		{"another bucket's", ok, strings.ReplaceAll(push("OBJECT_FINALIZE", false), `"landing"`, `"ledger"`), 403},
		{"panic", func(load.File) (load.Result, error) { panic("boom") }, push("OBJECT_FINALIZE", true), 500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := post(t, handler(tt.load), http.Header{"Content-Type": {"application/json"}}, tt.body); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
}

// A panic in one request is a 500 for that one: those beside it and behind it are served.
func TestHandlerPanicIsAlone(t *testing.T) {
	server := httptest.NewServer(handler(func(f load.File) (load.Result, error) {
		if f.Landed.Generation == 7 {
			panic("boom")
		}
		return load.Result{Outcome: load.Loaded}, nil
	}))
	defer server.Close()
	good := strings.ReplaceAll(push("OBJECT_FINALIZE", false), `"objectGeneration":"7"`, `"objectGeneration":"8"`)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			body, want := good, http.StatusOK
			if i%2 == 0 {
				body, want = push("OBJECT_FINALIZE", true), http.StatusInternalServerError
			}
			resp, err := http.Post(server.URL, "application/json", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("request %d: status %d, want %d", i, resp.StatusCode, want)
			}
		})
	}
	wg.Wait()
}

// A load that hangs is given up when nobody waits for its answer any more.
func TestHandlerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler(nil)
		h.Load = func(ctx context.Context, _ load.File) (load.Result, error) {
			<-ctx.Done()
			return load.Result{}, ctx.Err()
		}
		start := time.Now()
		if status := post(t, h, http.Header{"Content-Type": {"application/json"}}, push("OBJECT_FINALIZE", true)); status != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", status)
		}
		if took := time.Since(start); took != limit {
			t.Errorf("it took %s, want %s", took, limit)
		}
	})
}

// Whoever observes loads is told of each, whatever its end, in the context that the load and its line in the
// log have.
func TestHandlerObserve(t *testing.T) {
	type key struct{}
	for _, fails := range []error{nil, errors.New("no")} {
		var said []string
		h := handler(nil)
		h.Load = func(ctx context.Context, f load.File) (load.Result, error) {
			said = append(said, fmt.Sprint("load ", f.Key, " in ", ctx.Value(key{})))
			return load.Result{Outcome: load.Loaded, Rows: 3}, fails
		}
		h.Observe = func(ctx context.Context, f load.File) (context.Context, func(load.Result, error)) {
			said = append(said, "begin "+f.Key)
			return context.WithValue(ctx, key{}, "span"), func(res load.Result, err error) {
				said = append(said, fmt.Sprint("end ", res.Rows, " ", err))
			}
		}
		h.Log = slog.New(contextHandler{slog.DiscardHandler, func(ctx context.Context) { said = append(said, fmt.Sprint("log in ", ctx.Value(key{}))) }})
		post(t, h, nil, push("OBJECT_FINALIZE", true))
		want := []string{"begin a b+c.log", "load a b+c.log in span", fmt.Sprint("end 3 ", fails), "log in span"}
		if !slices.Equal(said, want) {
			t.Errorf("%v: it says %q, want %q", fails, said, want)
		}
	}
}

// contextHandler tells of the context of each line.
type contextHandler struct {
	slog.Handler
	saw func(context.Context)
}

func (h contextHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h contextHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h contextHandler) Handle(ctx context.Context, _ slog.Record) error {
	h.saw(ctx)
	return nil
}
