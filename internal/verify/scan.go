package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// chunkSize is how many listed files are looked at together: each table costs a query for so many. A
// file takes about 2 KB of memory until its chunk is done.
const chunkSize = 20_000

// beyond ends a range of names that share a prefix: no name that S3 or Cloud Storage takes is above.
const beyond = "\U0010FFFF"

// item is one listed object.
type item struct {
	object.Event
	wanted bool // the times take it
}

// chunk is a stretch of the listing: the names behind from, which may be among them at the beginning,
// up to to.
type chunk struct {
	from, to string // addresses; rows of files between them are looked at
	begins   bool   // from belongs to it
	items    []item
}

// run is a verification under way.
type run struct {
	*Checker
	Options
	emit     func(Entry) error
	progress func(Progress)
	result   Result
	digest   hash.Hash
	sampler  *Sampler
	size     int // of a chunk
}

// Run verifies the files that o means and calls emit with each in the order of their addresses, then
// tables. progress is called now and then; both by one goroutine at a time. s, unless nil, is given the files that a deep comparison may choose.
// An error means that not all could be looked at.
func (c *Checker) Run(ctx context.Context, o Options, s *Sampler, emit func(Entry) error, progress func(Progress)) (*Result, error) {
	r := &run{Checker: c, Options: o, emit: emit, progress: progress, digest: sha256.New(), sampler: s, size: cmp.Or(c.chunk, chunkSize)}
	r.result = newResult(c.Now())
	return r.run(ctx)
}

func (r *run) run(ctx context.Context) (*Result, error) {
	o := r.Options
	address := object.Source{Store: o.Store, Bucket: o.Job.Bucket, Key: o.Job.Prefix}.String()
	next := chunk{from: address, begins: true}
	lister, err := r.lister()
	if err != nil {
		return nil, err
	}
	r.result.Cost.Lists, err = backfill.Scan(ctx, lister, o.Job, func(e object.Event, wanted bool) error {
		r.result.Listed++
		next.items = append(next.items, item{Event: e, wanted: wanted})
		if len(next.items) < r.size {
			return nil
		}
		next.to = e.Source.String()
		done := next
		next = chunk{from: done.to}
		return r.check(ctx, done)
	})
	if err != nil {
		return nil, err
	}
	next.to = address + beyond
	if err := r.check(ctx, next); err != nil {
		return nil, err
	}
	r.result.finish()
	r.result.Ended = r.Now().UTC()
	r.result.Digest = hex.EncodeToString(r.digest.Sum(nil))
	return &r.result, nil
}

// lister returns what lists the files: of the landing bucket those that others put there.
func (r *run) lister() (backfill.Lister, error) {
	if r.Store == object.S3 {
		return r.S3, nil
	}
	return &others{r.Landing}, nil
}

// others lists an object of landing as a source file of its own.
type others struct{ landing Landing }

// List implements backfill.Lister. The copy of an S3 file comes without a version.
func (o *others) List(ctx context.Context, bucket, prefix, after string, deep bool) (events []object.Event, folders []string, more bool, err error) {
	copies, folders, more, err := o.landing.List(ctx, bucket, prefix, after, deep)
	if err != nil {
		return nil, nil, false, err
	}
	for _, c := range copies {
		e := object.Event{Source: object.Source{Store: object.GCS, Bucket: bucket, Key: c.Name}, Time: c.Created}
		if attrs, err := object.AttrsOf(c.Landed, c.Description); err == nil && attrs.Store == object.GCS {
			e = attrs.Event
		}
		events = append(events, e)
	}
	return events, folders, more, nil
}

// check looks at one chunk.
func (r *run) check(ctx context.Context, c chunk) error {
	g := &gathering{run: r, chunk: c, files: map[place]*Facts{}, listed: make(map[string]bool, len(c.items)), skipped: map[string]bool{}}
	for _, i := range c.items {
		r.sort(g, i)
	}
	entries, err := g.entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := r.add(e); err != nil {
			return err
		}
	}
	r.progress(Progress{Listed: r.result.Listed, Files: r.result.Totals.Files, Differences: r.result.Totals.Differences()})
	return nil
}

// sort makes an item one that is verified, or counts it apart.
func (r *run) sort(g *gathering, i item) {
	file := i.Source.String()
	g.listed[file] = true
	target, ok := r.Route(i.Source)
	switch {
	case !i.wanted:
		r.result.Outside++
	case r.Store == object.GCS && i.ETag == "":
		r.result.Copies++
	case i.Size == 0 || strings.HasSuffix(i.Key, "/") || r.Store == object.GCS && object.IsPart(i.Key):
		r.result.Empty++
	case !ok:
		r.result.Unmatched.Files++
		r.result.Unmatched.Bytes += i.Size
		if r.result.Example == "" {
			r.result.Example = file
		}
	default:
		g.add(&Facts{Event: i.Event, Listed: true, Target: target})
		return
	}
	g.skipped[file] = true
}

// add emits an entry and adds it up.
func (r *run) add(e Entry) error {
	line := e.Line()
	r.digest.Write(line)
	r.result.add(&e)
	r.sampler.offer(e)
	return r.emit(e)
}

// Again verifies these files anew, as after a repair, without a look at what else there is. A file
// without an ETag is one that is not there.
func (c *Checker) Again(ctx context.Context, o Options, files []object.Event) ([]Entry, error) {
	if len(files) == 0 {
		return nil, nil
	}
	r := &run{Checker: c, Options: o}
	r.result = newResult(c.Now())
	g := &gathering{run: r, files: map[place]*Facts{}, listed: map[string]bool{}, single: true}
	g.chunk = chunk{from: files[0].Source.String(), to: files[0].Source.String(), begins: true}
	for _, e := range files {
		target, ok := c.Route(e.Source)
		if !ok {
			continue
		}
		file := e.Source.String()
		g.listed[file] = e.ETag != ""
		g.from, g.to = min(g.from, file), max(g.to, file)
		g.add(&Facts{Event: e, Listed: e.ETag != "", Target: target})
	}
	return g.entries(ctx)
}

// dayOf returns the day that a file counts to.
func dayOf(key string, f *Facts) string {
	at := f.Event.Time
	if at.IsZero() && f.Claim != nil {
		at = f.Claim.Load.EventTime
	}
	for _, h := range f.Held {
		if at.IsZero() {
			at = h.LoadedAt
		}
	}
	return backfill.Day(key, at).Format(time.DateOnly)
}

// Facts are what is known of one file and table.
type Facts struct {
	object.Event
	Listed   bool // it is in S3, or in landing if it was put there by others
	Target   load.Target
	Claim    *load.Claim // nil: none
	ClaimErr error       // the claim cannot be read
	Copy     *Copy       // in landing; nil: none
	Log      []load.Record
	Held     []load.Held
}

// Copy is a file's copy in landing.
type Copy struct {
	object.Landed
	object.Attrs
	Created time.Time
	Bytes   int64 // of the copy
}

// place is a file and a table that its rows may be in.
type place struct{ file, table string }
