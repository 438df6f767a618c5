package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/deadletter"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

func (w *world) reader() *Reader {
	return &Reader{Bucket: "landing", Route: route, Probe: w.Probe, Landing: w, History: w}
}

// announced is S3's message about files of the bucket b.
func announced(keys ...string) string {
	var records []string
	for _, k := range keys {
		records = append(records, fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2026-01-01T00:00:00Z","s3":{"bucket":{"name":"b"},"object":{"key":%q,"size":5,"eTag":"v1"}}}`, k))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func TestQueueLetters(t *testing.T) {
	w := &world{
		s3:      map[string]error{"s3://b/gone.log": notFound, "s3://b/new.log": errkind.With(errkind.Exists, errors.New("412")), "s3://b/secret.log": refused},
		records: []load.Record{record("s3://b/again.log", load.Loaded, "", 0), record("s3://b/again.log", load.Duplicate, "loaded before", time.Hour)},
	}
	tests := []struct {
		body  string
		files string
		cause []string
		stays string
	}{
		{announced("fine.log"), "s3://b/fine.log", nil, ""},
		{announced("gone.log"), "s3://b/gone.log", []string{"gone from S3; the forwarder passes over it"}, ""},
		{announced("new.log"), "s3://b/new.log", []string{"overwritten in S3 since; the forwarder leaves it to the newer event"}, ""},
		{announced("secret.log"), "s3://b/secret.log", []string{"S3 still refuses it: AccessDenied"}, ""},
		{announced("x.txt"), "s3://b/x.txt", []string{"no source of the configuration matches; the forwarder passes over it"}, ""},
		{announced("again.log"), "s3://b/again.log", []string{"last load, 2026-01-02 04:04:05: duplicate: loaded before"}, ""},
		{announced("fine.log", "secret.log"), "s3://b/fine.log s3://b/secret.log", []string{"S3 still refuses it: AccessDenied"}, ""},
		{`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, "", []string{"a test event of S3, which the forwarder only deletes"}, ""},
		{strings.Replace(announced("a.log"), "ObjectCreated:Put", "ObjectRemoved:Delete", 1), "", []string{"tells of no object that was created; the forwarder only deletes it"}, ""},
		{"hello", "", nil, "this release does not understand it"},
	}
	var letters []deadletter.Letter
	for i, tt := range tests {
		letters = append(letters, deadletter.Letter{ID: fmt.Sprint(i), Body: []byte(tt.body)})
	}
	items, err := w.reader().Queue(t.Context(), letters)
	if err != nil || len(items) != len(tests) {
		t.Fatalf("%d items, %v", len(items), err)
	}
	for i, tt := range tests {
		got := items[i]
		if got.ID != fmt.Sprint(i) || strings.Trim(fmt.Sprint(got.Files), "[]") != tt.files || !slices.Equal(got.Cause, tt.cause) || !strings.Contains(got.Stays, tt.stays) || (tt.stays == "") != (got.Stays == "") {
			t.Errorf("%s: files %v, cause %q, stays %q", tt.body, got.Files, got.Cause, got.Stays)
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("the load log was asked %d times for %d letters", len(w.asked), len(letters))
	}
	back, stay := Split(items)
	if len(back) != len(items)-1 || len(stay) != 1 || stay[0].Stays == "" {
		t.Errorf("%d go back, %d stay", len(back), len(stay))
	}
	if c := Causes(items); c[0].N < c[len(c)-1].N || !slices.ContainsFunc(c, func(c Count) bool { return c.What == "S3 still refuses it: AccessDenied" && c.N == 2 }) ||
		!slices.ContainsFunc(c, func(c Count) bool { return c.What == "nothing is seen that would stop it now" && c.N == 1 }) {
		t.Errorf("causes %v", c)
	}
}

// landed is Cloud Storage's message about an object.
func landed(bucket, name string, kind string, payload string) deadletter.Letter {
	l := deadletter.Letter{Attributes: map[string]string{"eventType": kind, "bucketId": bucket, "objectId": name, "objectGeneration": "7", "payloadFormat": "NONE"}}
	if payload != "" {
		l.Attributes["payloadFormat"], l.Body = "JSON_API_V1", []byte(payload)
	}
	return l
}

func TestTopicLetters(t *testing.T) {
	const finalize = "OBJECT_FINALIZE"
	w := &world{landing: map[string]object.Description{
		"b/a.log": copyOf(event("s3://b/a.log", "v1")), "b/x.txt": copyOf(event("s3://b/x.txt", "v1")), "mine.log": {Size: 5, MD5: make([]byte, 16)},
		"b/odd.log": {Metadata: map[string]string{"seneka-bucket": "b", "seneka-key": "%", "seneka-size": "1"}},
	}, records: []load.Record{record("s3://b/a.log", load.Rejected, "gzip: invalid header", 0)}}
	tests := []struct {
		name   string
		letter deadletter.Letter
		files  string
		cause  []string
		stays  string
	}{
		{"a copy", landed("landing", "b/a.log", finalize, ""), "s3://b/a.log", []string{"last load, 2026-01-02 03:04:05: rejected: gzip: invalid header"}, ""},
		{"of others", landed("landing", "mine.log", finalize, ""), "gs://landing/mine.log", nil, ""},
		{"unmatched", landed("landing", "b/x.txt", finalize, ""), "s3://b/x.txt", []string{"no source of the configuration matches; the loader passes over it"}, ""},
		{"gone", landed("landing", "b/gone.log", finalize, ""), "", []string{"gs://landing/b/gone.log#7 is gone, and the notification does not say what it was"}, ""},
		{"gone, but described", landed("landing", "gone.log", finalize, `{"bucket":"landing","name":"gone.log","generation":"7","size":"5"}`), "gs://landing/gone.log", []string{"gs://landing/gone.log#7 is gone"}, ""},
		{"unreadable metadata", landed("landing", "b/odd.log", finalize, ""), "", []string{`its metadata cannot be read: metadata seneka-key: invalid URL escape "%"`}, ""},
		{"a deletion", landed("landing", "b/a.log", "OBJECT_DELETE", ""), "", []string{"tells of no object that was put; the loader only acknowledges it"}, ""},
		{"another bucket", landed("other", "b/a.log", finalize, ""), "", nil, "it tells of gs://other; the loader takes notifications of gs://landing alone"},
		{"not understood", deadletter.Letter{Body: []byte("hello")}, "", nil, "this release does not understand it"},
	}
	for _, tt := range tests {
		items, err := w.reader().Topic(t.Context(), []deadletter.Letter{tt.letter})
		if err != nil {
			t.Fatal(err)
		}
		if got := items[0]; strings.Trim(fmt.Sprint(got.Files), "[]") != tt.files || !slices.Equal(got.Cause, tt.cause) || !strings.Contains(got.Stays, tt.stays) || (tt.stays == "") != (got.Stays == "") {
			t.Errorf("%s: files %v, cause %q, stays %q", tt.name, got.Files, got.Cause, got.Stays)
		}
	}
	w.fails = refused
	items, err := w.reader().Topic(t.Context(), []deadletter.Letter{landed("landing", "b/a.log", finalize, "")})
	if err != nil || !slices.Equal(items[0].Cause, []string{"Cloud Storage still refuses it: AccessDenied"}) {
		t.Errorf("refused: %+v, %v", items, err)
	}
}

// A load log that cannot be asked is an error; one that is told to stop ends.
func TestLettersFail(t *testing.T) {
	w := &world{}
	r := w.reader()
	r.Route = func(object.Source) (load.Target, bool) { return load.Target{}, true }
	if _, err := r.Queue(t.Context(), []deadletter.Letter{{Body: []byte(announced("a.log"))}}); err == nil || !strings.Contains(err.Error(), "no such log") {
		t.Errorf("no log: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.reader().Queue(ctx, []deadletter.Letter{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
