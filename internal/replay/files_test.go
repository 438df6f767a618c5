package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

func (w *world) finder() *Finder {
	return &Finder{Bucket: "landing", Route: route, Logs: []row.Table{logTable}, History: w, Lister: w, Landing: w}
}

// told is a plan as text.
func told(p *Plan) string {
	var parts []string
	for i, f := range p.Files {
		parts = append(parts, fmt.Sprintf("%s@%s %s", f.Source, f.ETag, p.Found[i].Outcome))
	}
	return strings.Join(parts, ", ")
}

func TestFind(t *testing.T) {
	other := record("gs://landing/mine.log", load.Rejected, "Bad gzip", time.Minute)
	other.Source = "mine"
	moved := record("s3://b/twice.log", load.Rejected, "older", 0)
	moved.Table = "p.d.before"
	w := &world{records: []load.Record{
		moved, record("s3://b/z.log", load.Rejected, "bad gzip", 0), record("s3://b/a.log", load.Rejected, "too many rejects", 2*time.Minute), record("s3://b/mended.log", load.Rejected, "bad gzip", 0),
		record("s3://b/mended.log", load.Loaded, "", time.Minute), other, record("s3://b/long.log", load.Deferred, "too long", 0), record("s3://b/x.txt", load.Rejected, "bad gzip", 0),
		record("s3://b/twice.log", load.Rejected, "newer", time.Hour),
	}}
	rejected := []load.Outcome{load.Rejected}
	for _, tt := range []struct {
		name string
		q    Query
		want string
		more int
		left int
	}{
		{"rejected", Query{Outcomes: rejected}, "gs://landing/mine.log@v1 rejected, s3://b/a.log@v1 rejected, s3://b/twice.log@v1 rejected, s3://b/z.log@v1 rejected", 0, 1},
		{"deferred", Query{Outcomes: []load.Outcome{load.Deferred}}, "s3://b/long.log@v1 deferred", 0, 0},
		{"since", Query{Outcomes: rejected, Since: start.Add(2 * time.Minute)}, "s3://b/a.log@v1 rejected, s3://b/twice.log@v1 rejected", 0, 0},
		{"of a source", Query{Outcomes: rejected, Source: "mine"}, "gs://landing/mine.log@v1 rejected", 0, 0},
		{"of a reason", Query{Outcomes: rejected, Reason: "GZIP"}, "gs://landing/mine.log@v1 rejected, s3://b/z.log@v1 rejected", 0, 1},
		{"the first", Query{Outcomes: rejected, Most: 3}, "gs://landing/mine.log@v1 rejected, s3://b/a.log@v1 rejected, s3://b/twice.log@v1 rejected", 1, 1},
		{"none", Query{Outcomes: rejected, Reason: "no such"}, "", 0, 0},
	} {
		if tt.q.Most == 0 {
			tt.q.Most = 100
		}
		p, err := w.finder().Find(t.Context(), tt.q)
		if err != nil || told(p) != tt.want || p.More != tt.more || len(p.Left) != tt.left {
			t.Errorf("%s: %s, %d more, %d left, %v; want %s", tt.name, told(p), p.More, len(p.Left), err, tt.want)
		}
	}
	p, err := w.finder().Find(t.Context(), Query{Outcomes: rejected, Most: 100})
	if err != nil || p.Found[2].Reason != "newer" || p.Files[1].Target.Table.Name != "alb" || !p.Files[1].Time.Equal(start) || len(p.Reasons) != 4 {
		t.Errorf("%+v, %v", p, err)
	}
	f := w.finder()
	f.Logs = []row.Table{{Project: "p", Dataset: "none", Name: "x"}}
	if _, err := f.Find(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "ask p.none.x") {
		t.Errorf("a log that fails: %v", err)
	}
}

func TestFile(t *testing.T) {
	w := &world{
		listed:  []object.Event{event("s3://b/a.log", "now"), event("s3://b/a.log.log", "other")},
		landing: map[string]object.Description{"b/expired.log": copyOf(event("s3://b/expired.log", "v1")), "mine.log": {Size: 5, MD5: make([]byte, 16)}, "b/else.log": copyOf(event("s3://b/another.log", "v1"))},
		records: []load.Record{record("s3://b/a.log", load.Loaded, "", 0)},
	}
	for address, want := range map[string]string{"s3://b/a.log": "now", "s3://b/expired.log": "v1", "gs://landing/mine.log": strings.Repeat("00", 16)} {
		s, _ := object.ParseSource(address)
		p, err := w.finder().File(t.Context(), s)
		if err != nil || len(p.Files) != 1 || p.Files[0].Source != s || p.Files[0].ETag != want || p.Files[0].Target.Source != "alb" || (len(p.Found) == 1) != (address == "s3://b/a.log") {
			t.Errorf("%s: %+v, %v; want version %s", address, p, err, want)
		}
	}
	for address, want := range map[string]string{
		"s3://b/none.log": "is not there, and neither is a copy of it, gs://landing/b/none.log", "s3://b/else.log": "holds s3://b/another.log", "gs://landing/none.log": "is not there",
	} {
		s, _ := object.ParseSource(address)
		if _, err := w.finder().File(t.Context(), s); !errkind.Is(err, errkind.NotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	if _, err := w.finder().File(t.Context(), object.Source{Bucket: "b", Key: "x.txt"}); !errors.Is(err, ErrNoSource) {
		t.Errorf("a file of no source: %v", err)
	}
	w.fails = refused
	if _, err := w.finder().File(t.Context(), object.Source{Bucket: "b", Key: "none.log"}); !errors.Is(err, refused) {
		t.Errorf("Cloud Storage refuses: %v", err)
	}
	w.s3 = map[string]error{"list": refused}
	if _, err := w.finder().File(t.Context(), object.Source{Bucket: "b", Key: "a.log"}); !errors.Is(err, refused) {
		t.Errorf("S3 refuses: %v", err)
	}
}

// What lies in landing at that version is taken as it is; else S3 is asked.
func TestCopy(t *testing.T) {
	w := &world{landing: map[string]object.Description{
		"b/there.log": copyOf(event("s3://b/there.log", "v1")), "b/older.log": copyOf(event("s3://b/older.log", "v0")), "mine.log": {Size: 5, MD5: make([]byte, 16)},
		"b/odd.log": {Metadata: map[string]string{"seneka-bucket": "b", "seneka-key": "%"}},
	}}
	var forwarded []string
	c := &Copier{Bucket: "landing", Landing: w, Forward: func(_ context.Context, e object.Event, _ time.Time) (forward.Outcome, error) {
		forwarded = append(forwarded, e.Source.String())
		return forward.Forwarded, nil
	}}
	for _, tt := range []struct {
		e    object.Event
		want forward.Outcome
	}{
		{event("s3://b/there.log", "v1"), forward.Present}, {event("s3://b/older.log", "v1"), forward.Forwarded}, {event("s3://b/gone.log", "v1"), forward.Forwarded},
		{event("gs://landing/mine.log", strings.Repeat("00", 16)), forward.Present}, {event("gs://landing/mine.log", "another"), forward.Changed}, {event("gs://landing/gone.log", "v1"), forward.Gone},
	} {
		if got, err := c.Copy(t.Context(), tt.e, start); err != nil || got != tt.want {
			t.Errorf("%s@%s: %s, %v; want %s", tt.e.Source, tt.e.ETag, got, err, tt.want)
		}
	}
	if got := fmt.Sprint(forwarded); got != "[s3://b/older.log s3://b/gone.log]" {
		t.Errorf("S3 was asked for %s", got)
	}
	if _, err := c.Copy(t.Context(), event("s3://b/odd.log", "v1"), start); !errkind.Is(err, errkind.Permanent) {
		t.Errorf("metadata that cannot be read: %v", err)
	}
	w.fails = refused
	if _, err := c.Copy(t.Context(), event("s3://b/there.log", "v1"), start); !errors.Is(err, refused) {
		t.Errorf("Cloud Storage refuses: %v", err)
	}
}
