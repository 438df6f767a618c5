package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Query says which files are meant, by how their last load ended.
type Query struct {
	Outcomes []load.Outcome
	Since    time.Time // of the attempt
	Source   string    // name of the source that matched; empty: any
	Reason   string    // a part of the reason, in whatever case; empty: any
	Most     int       // files
}

// Plan is what is to be brought in again.
type Plan struct {
	backfill.Plan
	Found   []load.Record // the last record of each file of the plan
	More    int           // files that were found beyond Query.Most
	Left    []load.Record // that no source of the configuration matches any more
	Reasons []Count       // of Found
}

// Finder finds files. All fields are to be set; it only reads.
type Finder struct {
	Bucket  string // the landing bucket
	Route   load.Router
	Logs    []row.Table // load logs
	History History
	Lister  backfill.Lister
	Landing Landing
}

// Find returns the files that q means, in the order of their names.
func (f *Finder) Find(ctx context.Context, q Query) (*Plan, error) {
	p := &Plan{}
	last := map[string]load.Record{} // a file may have been read into two tables, where the configuration has changed
	for _, log := range f.Logs {
		err := f.History.LastLoads(ctx, load.LastQuery{Log: log, Outcomes: q.Outcomes, Since: q.Since}, func(r load.Record) {
			if known, ok := last[r.SourceFile]; q.takes(r) && (!ok || known.LoadedAt.Before(r.LoadedAt)) {
				last[r.SourceFile] = r
			}
		})
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", log, err)
		}
	}
	for _, r := range last {
		s, err := object.ParseSource(r.SourceFile)
		if err != nil {
			return nil, fmt.Errorf("load log: %w", err)
		}
		target, ok := f.Route(s)
		if !ok {
			p.Left = append(p.Left, r)
			continue
		}
		p.Found = append(p.Found, r)
		p.Files = append(p.Files, backfill.File{
			Event:  object.Event{Source: s, Version: r.Version, VersionID: r.VersionID, Time: r.EventTime},
			Target: &backfill.Target{Source: target.Source, Table: target.Table},
		})
	}
	p.order(q.Most)
	return p, nil
}

func (q Query) takes(r load.Record) bool {
	return (q.Source == "" || q.Source == r.Source) && strings.Contains(strings.ToLower(r.Reason), strings.ToLower(q.Reason))
}

// order sorts the plan by the files' names and leaves out those beyond most.
func (p *Plan) order(most int) {
	byName := func(a, b load.Record) int { return strings.Compare(a.SourceFile, b.SourceFile) }
	slices.SortFunc(p.Left, byName)
	slices.SortFunc(p.Found, byName)
	slices.SortFunc(p.Files, func(a, b backfill.File) int { return strings.Compare(a.Source.String(), b.Source.String()) })
	if p.More = max(0, len(p.Files)-most); p.More > 0 {
		p.Files, p.Found = p.Files[:most], p.Found[:most]
	}
	counts := map[string]int{}
	for _, r := range p.Found {
		counts[string(r.Outcome)+": "+r.Reason]++
	}
	p.Reasons = sorted(counts)
}

// ErrNoSource means that no source of the configuration matches a file.
var ErrNoSource = errkind.With(errkind.Permanent, errors.New("no source of the configuration matches it"))

// File returns a plan of one file, as it lies in S3 now, or, where it is gone there, as its copy has it.
// Found holds its last record, if there is one. errkind.NotFound if it lies nowhere.
func (f *Finder) File(ctx context.Context, s object.Source) (*Plan, error) {
	target, ok := f.Route(s)
	if !ok {
		return nil, fmt.Errorf("%s: %w", s, ErrNoSource)
	}
	e, err := f.event(ctx, s)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	p.Files = []backfill.File{{Event: e, Target: &backfill.Target{Source: target.Source, Table: target.Table}}}
	last, err := lastOf(ctx, f.History, map[row.Table][]string{load.LogTable(target.Table): {s.String()}})
	if err != nil {
		return nil, err
	}
	for _, r := range last {
		p.Found = append(p.Found, r)
	}
	return p, nil
}

// event returns what there is of a file.
func (f *Finder) event(ctx context.Context, s object.Source) (object.Event, error) {
	if s.Store == object.S3 {
		// A key is the first of those that begin with it.
		objects, _, _, err := f.Lister.List(ctx, s.Bucket, s.Key, "", true)
		if err != nil {
			return object.Event{}, fmt.Errorf("look for %s: %w", s, err)
		}
		if len(objects) > 0 && objects[0].Key == s.Key {
			return objects[0], nil
		}
	}
	landed := object.LandedOf(f.Bucket, s)
	d, generation, err := f.Landing.Describe(ctx, landed)
	if errkind.Is(err, errkind.NotFound) {
		return object.Event{}, errkind.With(errkind.NotFound, fmt.Errorf("%s is not there, and neither is a copy of it, gs://%s/%s", s, landed.Bucket, landed.Name))
	}
	if err != nil {
		return object.Event{}, fmt.Errorf("look for the copy of %s: %w", s, err)
	}
	landed.Generation = generation
	a, err := object.AttrsOf(landed, d)
	if err == nil && a.Source != s {
		err = errkind.With(errkind.NotFound, fmt.Errorf("%s is not there; %s holds %s", s, landed, a.Source))
	}
	return a.Event, err
}

// Copier brings a file to the landing bucket where its copy is not there any more.
type Copier struct {
	Bucket  string // the landing bucket
	Landing Landing
	Forward func(ctx context.Context, e object.Event, received time.Time) (forward.Outcome, error)
}

// Copy is forward.Forwarder.Forward for backfill.Runner: a copy that lies in landing at the version of e
// is taken as it is, though S3 may have forgotten the file meanwhile.
func (c *Copier) Copy(ctx context.Context, e object.Event, received time.Time) (forward.Outcome, error) {
	landed := object.LandedOf(c.Bucket, e.Source)
	d, generation, err := c.Landing.Describe(ctx, landed)
	switch {
	case errkind.Is(err, errkind.NotFound) && e.Store == object.GCS:
		return forward.Gone, nil
	case errkind.Is(err, errkind.NotFound):
		return c.Forward(ctx, e, received)
	case err != nil:
		return "", fmt.Errorf("look at the copy of %s: %w", e.Source, err)
	}
	landed.Generation = generation
	a, err := object.AttrsOf(landed, d)
	switch {
	case err != nil:
		return "", errkind.With(errkind.Permanent, fmt.Errorf("%s: %w", landed, err))
	case a.Source == e.Source && a.Version == e.Version:
		return forward.Present, nil
	case e.Store == object.GCS:
		return forward.Changed, nil
	default:
		return c.Forward(ctx, e, received)
	}
}
