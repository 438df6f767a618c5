package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

var (
	notFound = errkind.With(errkind.NotFound, errors.New("no such object"))
	refused  = errors.New("AccessDenied")
	start    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// route takes what ends in .log, of S3 and of the landing bucket.
func route(s object.Source) (load.Target, bool) {
	return load.Target{Source: "alb", Table: row.Table{Project: "p", Dataset: "d", Name: "alb"}}, strings.HasSuffix(s.Key, ".log")
}

var logTable = row.Table{Project: "p", Dataset: "d", Name: "seneka_load_log"}

// world is S3, Cloud Storage and the load log.
type world struct {
	mu      sync.Mutex
	s3      map[string]error              // what a read of a file gives
	listed  []object.Event                // that S3 lists
	landing map[string]object.Description // by name; generation 7
	fails   error                         // of Cloud Storage
	records []load.Record                 // in the order of their ends
	asked   []load.LastQuery
}

func (w *world) Probe(_ context.Context, e object.Event) error { return w.s3[e.Source.String()] }

func (w *world) Describe(_ context.Context, o object.Landed) (object.Description, int64, error) {
	d, ok := w.landing[o.Name]
	switch {
	case w.fails != nil:
		return d, 0, w.fails
	case !ok || o.Generation != 0 && o.Generation != 7:
		return d, 0, notFound
	}
	return d, 7, nil
}

func (w *world) LastLoads(_ context.Context, q load.LastQuery, each func(load.Record)) error {
	w.mu.Lock()
	w.asked = append(w.asked, q)
	w.mu.Unlock()
	if q.Log != logTable {
		return fmt.Errorf("no such log: %s", q.Log)
	}
	last := map[string]load.Record{}
	for _, r := range w.records {
		if !r.LoadedAt.Before(q.Since) && (len(q.Files) == 0 || slices.Contains(q.Files, r.SourceFile)) {
			last[r.SourceFile+" "+r.Table] = r
		}
	}
	for _, r := range last {
		if len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, r.Outcome) {
			each(r)
		}
	}
	return nil
}

func (w *world) List(_ context.Context, bucket, prefix, _ string, _ bool) (objects []object.Event, _ []string, _ bool, err error) {
	if w.s3["list"] != nil {
		return nil, nil, false, w.s3["list"]
	}
	for _, e := range w.listed {
		if e.Bucket == bucket && strings.HasPrefix(e.Key, prefix) {
			objects = append(objects, e)
		}
	}
	return objects, nil, false, nil
}

func record(file string, outcome load.Outcome, reason string, after time.Duration) load.Record {
	return load.Record{Outcome: outcome, Reason: reason, Source: "alb", SourceFile: file, Version: object.Version{ETag: "v1", Size: 5}, Table: "p.d.alb", LoadedAt: start.Add(after), EventTime: start}
}

func event(address, etag string) object.Event {
	s, err := object.ParseSource(address)
	if err != nil {
		panic(err)
	}
	return object.Event{Source: s, Version: object.Version{ETag: etag, Size: 5}, Time: start}
}

// copyOf is what Cloud Storage says of the copy of a file.
func copyOf(e object.Event) object.Description {
	return object.Description{Metadata: object.Attrs{Event: e}.Metadata()}
}
