package backfill

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Count is a number of files and the sum of their bytes in S3.
type Count struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func (c *Count) add(size int64) { c.Files++; c.Bytes += size }

// SourcePlan is what a plan says of one source of the configuration.
type SourcePlan struct {
	Source string `json:"source"`
	Found  Count  `json:"found"`
	Loaded Count  `json:"loaded"` // of those, by the load log
	ToDo   Count  `json:"to_do"`
}

// Plan is what a backfill is to do.
type Plan struct {
	Files     []File // to be brought in, in the order of their keys
	Sources   []SourcePlan
	Unmatched Count  // that no source takes
	Example   string // one of these
	Empty     int    // folders, and files without bytes
	Outside   int    // that were listed and lie outside the window
	Requests  int    // LIST requests
}

// Totals returns the sums over all sources.
func (p *Plan) Totals() SourcePlan {
	t := SourcePlan{Source: "total"}
	for _, s := range p.Sources {
		for _, c := range []struct {
			sum *Count
			n   Count
		}{{&t.Found, s.Found}, {&t.Loaded, s.Loaded}, {&t.ToDo, s.ToDo}} {
			c.sum.Files += c.n.Files
			c.sum.Bytes += c.n.Bytes
		}
	}
	return t
}

// Planner makes plans. It only reads.
type Planner struct {
	Lister  Lister
	History History
	Route   load.Router
}

// Plan lists what j means, from behind the key after, and asks what of it is loaded: one query for
// each load log, however many files there are. A plan takes about 400 bytes of memory for each file
// that was found.
func (p *Planner) Plan(ctx context.Context, j Job, after string) (*Plan, error) {
	b := &planning{plan: &Plan{}, route: p.Route, sources: map[string]*SourcePlan{}, targets: map[Target]*Target{}}
	l := &listing{lister: p.Lister, bucket: j.Bucket, window: window{j.Since, j.Until}, after: after, take: b.take}
	if err := l.run(ctx, j.Prefix); err != nil {
		return nil, err
	}
	plan := b.plan
	plan.Requests, plan.Outside = l.requests, l.outside
	slices.SortFunc(plan.Files, func(a, b File) int { return cmp.Compare(a.Key, b.Key) })
	if err := b.leaveOutLoaded(ctx, p.History); err != nil {
		return nil, err
	}
	for _, name := range b.order {
		plan.Sources = append(plan.Sources, *b.sources[name])
	}
	return plan, nil
}

// planning is a plan being made.
type planning struct {
	plan    *Plan
	route   load.Router
	order   []string // of the sources, as they were met
	sources map[string]*SourcePlan
	targets map[Target]*Target
}

// take sorts one object in.
func (b *planning) take(e object.Event) {
	if e.Size == 0 || strings.HasSuffix(e.Key, "/") {
		b.plan.Empty++
		return
	}
	target, ok := b.route(e.Source)
	if !ok {
		b.plan.Unmatched.add(e.Size)
		if example := e.Source.String(); b.plan.Example == "" || example < b.plan.Example {
			b.plan.Example = example
		}
		return
	}
	shared := Target{Source: target.Source, Table: target.Table}
	if b.targets[shared] == nil {
		b.targets[shared] = &shared
	}
	if b.sources[shared.Source] == nil {
		b.sources[shared.Source] = &SourcePlan{Source: shared.Source}
		b.order = append(b.order, shared.Source)
	}
	s := b.sources[shared.Source]
	s.Found.add(e.Size)
	s.ToDo.add(e.Size)
	b.plan.Files = append(b.plan.Files, File{e, b.targets[shared]})
}

// leaveOutLoaded takes the files out of the plan that the load log knows as done.
func (b *planning) leaveOutLoaded(ctx context.Context, h History) error {
	known := make([]bool, len(b.plan.Files))
	for log, q := range b.questions() {
		q.Log = log
		err := h.Loads(ctx, *q, func(r load.Record) {
			if i, ok := find(b.plan.Files, r); ok && loaded(r.Outcome) && !known[i] {
				known[i] = true
				b.count(b.plan.Files[i])
			}
		})
		if err != nil {
			return fmt.Errorf("ask %s what is loaded: %w", log, err)
		}
	}
	kept := b.plan.Files[:0]
	for i, f := range b.plan.Files {
		if !known[i] {
			kept = append(kept, f)
		}
	}
	b.plan.Files = kept
	return nil
}

// count moves a file from what is to do to what is loaded.
func (b *planning) count(f File) {
	s := b.sources[f.Target.Source]
	s.Loaded.add(f.Size)
	s.ToDo.Files--
	s.ToDo.Bytes -= f.Size
}

// questions returns what to ask each load log. No version was loaded before it was put, but for the
// difference of the clocks.
func (b *planning) questions() map[row.Table]*load.HistoryQuery {
	questions := map[row.Table]*load.HistoryQuery{}
	for _, f := range b.plan.Files {
		log := load.LogTable(f.Target.Table)
		q := questions[log]
		if q == nil {
			q = &load.HistoryQuery{First: f.Source.String(), LoadedSince: f.Time}
			questions[log] = q
		}
		q.Last = f.Source.String()
		if f.Time.Before(q.LoadedSince) {
			q.LoadedSince = f.Time
		}
	}
	for _, q := range questions {
		q.LoadedSince = q.LoadedSince.Add(-clocks)
	}
	return questions
}

// clocks is how far apart two machines' clocks may be.
const clocks = time.Hour

// find returns the place of the file that a load record speaks of: at the same version, into the
// same table.
func find(files []File, r load.Record) (int, bool) {
	i, ok := slices.BinarySearchFunc(files, r.SourceFile, func(f File, name string) int {
		return strings.Compare(f.Source.String(), name)
	})
	return i, ok && files[i].Version == r.Version && files[i].Target.Table.String() == r.Table
}

// loaded reports whether an outcome says that nothing is left to do for this version of a file: its
// rows are there, or another version's are and stay, or it holds none.
func loaded(o load.Outcome) bool {
	switch o {
	case load.Loaded, load.Duplicate, load.Changed, load.Ignored:
		return true
	default:
		return false
	}
}
