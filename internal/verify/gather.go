package verify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// gathering finds out about the files of one chunk.
type gathering struct {
	*run
	chunk
	mu      sync.Mutex
	files   map[place]*Facts
	listed  map[string]bool // addresses of all that the listing has
	skipped map[string]bool // those of them that are not verified
	single  bool            // nothing but these files is looked at
}

func (g *gathering) add(f *Facts) { g.files[place{f.Source.String(), f.Target.Table.String()}] = f }

// readers is how many claims are read at a time where nothing is said.
const readers = 64

// entries gathers all and judges it. Claims are read before rows are counted: what is loaded meanwhile
// has rows and no claim here, and its age tells.
func (g *gathering) entries(ctx context.Context) ([]Entry, error) {
	group, within := errgroup.WithContext(ctx)
	group.Go(func() error { return g.copies(within) })
	group.Go(func() error { return g.claims(within, slices.Collect(maps.Values(g.files))) })
	var gone []*Facts
	group.Go(func() (err error) {
		gone, err = g.log(within)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := g.claims(ctx, gone); err != nil {
		return nil, err
	}
	for _, f := range gone {
		g.add(f)
	}
	if err := g.rows(ctx); err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(g.files))
	for p, f := range g.files {
		if e, ok := g.judge(ctx, f); ok {
			e.File, e.Table, e.facts = p.file, p.table, f
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Table, b.Table)) })
	return entries, nil
}

// covers reports whether the chunk is about the file of that address.
func (g *gathering) covers(file string) bool {
	return file > g.from && file <= g.to || g.begins && file == g.from
}

// copies looks up the copies in landing: by the same stretch of a listing, as they are called alike,
// and one by one where names had to be replaced, or few are asked for.
func (g *gathering) copies(ctx context.Context) error {
	byName := map[string]*Facts{}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(g.Readers, readers))
	first, last := "", ""
	for _, f := range g.files {
		name := f.Key
		if f.Store == object.S3 {
			name = object.LandingName(f.Source)
		}
		if g.single || f.Store == object.S3 && name != f.Bucket+"/"+f.Key {
			group.Go(func() error { return g.describe(within, f, name) })
			continue
		}
		byName[name] = f
		if first == "" || name < first {
			first = name
		}
		last = max(last, name)
	}
	if len(byName) > 0 {
		group.Go(func() error { return g.listCopies(within, byName, first, last) })
	}
	return group.Wait()
}

func (g *gathering) listCopies(ctx context.Context, byName map[string]*Facts, first, last string) error {
	prefix := common(first, last)
	for after := before(first); ; {
		objects, _, more, err := g.Landing.List(ctx, g.Bucket, prefix, after, true)
		if err != nil {
			return fmt.Errorf("list gs://%s/%s: %w", g.Bucket, prefix, err)
		}
		g.count(func(c *Cost) { c.LandingLists++ })
		for _, o := range objects {
			if f := byName[o.Name]; f != nil {
				f.Copy = copyOf(o.Landed, o.Description)
			}
			after = o.Name
		}
		if !more || len(objects) == 0 || after >= last {
			return nil
		}
	}
}

func (g *gathering) describe(ctx context.Context, f *Facts, name string) error {
	o := object.Landed{Bucket: g.Bucket, Name: name}
	d, generation, err := g.Landing.Describe(ctx, o)
	g.count(func(c *Cost) { c.LandingReads++ })
	if errkind.Is(err, errkind.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the copy of %s: %w", f.Source, err)
	}
	o.Generation = generation
	f.Copy = copyOf(o, d)
	return nil
}

// copyOf returns a copy; one whose metadata cannot be read is of no version.
func copyOf(o object.Landed, d object.Description) *Copy {
	attrs, _ := object.AttrsOf(o, d)
	return &Copy{o, attrs, d.Created, d.Size}
}

// common returns the longest prefix of both.
func common(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return strings.ToValidUTF8(a[:n], "")
}

// before returns a name that comes before name and, as keys go, before nothing else: a page of a
// listing begins behind a name.
func before(name string) string {
	if name == "" {
		return ""
	}
	last := len(name) - 1
	if c := name[last]; c > ' ' && c < 0x7f {
		return name[:last] + string(c-1) + "~"
	}
	return strings.ToValidUTF8(name[:last], "")
}

// claims reads the claims of these files, one GET each.
func (g *gathering) claims(ctx context.Context, files []*Facts) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(g.Readers, readers))
	for _, f := range files {
		group.Go(func() error {
			name := f.Target.ClaimName(f.Source)
			data, _, err := g.Ledger.Get(ctx, name)
			switch {
			case errkind.Is(err, errkind.NotFound):
				return nil
			case err != nil:
				return fmt.Errorf("read the claim of %s: %w", f.Source, err)
			}
			if c, err := load.ParseClaim(name, data); err == nil {
				f.Claim = &c
			} else {
				f.ClaimErr = err // of this file alone
			}
			return nil
		})
	}
	g.count(func(c *Cost) { c.ClaimReads += len(files) })
	return group.Wait()
}

// log reads what the load logs say of the files, and returns those that were loaded and are not
// listed any more.
func (g *gathering) log(ctx context.Context) (gone []*Facts, err error) {
	found := map[place]*Facts{}
	for _, log := range g.Logs {
		err := g.Tables.Loads(ctx, load.HistoryQuery{Log: log, First: g.from, Last: g.to}, func(r load.Record) {
			p := place{r.SourceFile, r.Table}
			if f := g.files[p]; f != nil {
				f.Log = append(f.Log, r)
				return
			}
			if g.single || r.Outcome != load.Loaded || g.skipped[r.SourceFile] || !g.covers(r.SourceFile) {
				return
			}
			if f := g.unlisted(p); f != nil {
				f.Log = append(f.Log, r)
				found[p] = f
			}
		})
		if err != nil {
			return nil, fmt.Errorf("ask %s what is loaded: %w", log, err)
		}
		g.count(func(c *Cost) { c.Queries++ })
	}
	return slices.Collect(maps.Values(found)), nil
}

// unlisted returns a file that rows or the load log speak of where the listing has none, or not for
// this table; nil if it is none of this verification's.
func (g *gathering) unlisted(p place) *Facts {
	s, ok := parseAddress(p.file)
	project, rest, _ := strings.Cut(p.table, ".")
	dataset, name, isTable := strings.Cut(rest, ".")
	if !ok || !isTable {
		return nil
	}
	table := row.Table{Project: project, Dataset: dataset, Name: name}
	target, matched := g.Route(s)
	if !matched || target.Table != table {
		target = load.Target{Source: target.Source, Table: table, Format: target.Format}
	}
	return &Facts{Event: object.Event{Source: s}, Target: target}
}

// parseAddress reads s3://bucket/key or gs://bucket/name.
func parseAddress(address string) (s object.Source, ok bool) {
	scheme, rest, ok := strings.Cut(address, "://")
	if scheme == string(object.GCS) {
		s.Store = object.GCS
	} else if scheme != "s3" {
		return s, false
	}
	s.Bucket, s.Key, _ = strings.Cut(rest, "/")
	return s, ok && s.Bucket != "" && s.Key != ""
}

// rows counts the rows of the files, by a query per table, and finds those that nothing else speaks of.
func (g *gathering) rows(ctx context.Context) error {
	byTable := map[row.Table][]*Facts{}
	for _, f := range g.files {
		byTable[f.Target.Table] = append(byTable[f.Target.Table], f)
	}
	for _, table := range slices.SortedFunc(maps.Keys(byTable), func(a, b row.Table) int { return cmp.Compare(a.String(), b.String()) }) {
		files := byTable[table]
		q := load.FilesQuery{Table: table, First: g.from, Last: g.to}
		if !g.AllPartitions {
			q.Partition, q.Type = partitions(files)
		}
		if err := g.held(ctx, q, g.own(table)); err != nil {
			return err
		}
		// Rows may stand under the name by which the file's content came first.
		elsewhere := map[string]*Facts{}
		for _, f := range files {
			if f.Claim != nil && f.Claim.Load.SourceFile != f.Source.String() {
				elsewhere[f.Claim.Load.SourceFile] = f
			}
		}
		if len(elsewhere) == 0 {
			continue
		}
		names := slices.Sorted(maps.Keys(elsewhere))
		q.First, q.Last = names[0], names[len(names)-1]
		if err := g.held(ctx, q, func(h load.Held) *Facts { return elsewhere[h.SourceFile] }); err != nil {
			return err
		}
	}
	return nil
}

// own returns what finds the file that rows of a table belong to.
func (g *gathering) own(table row.Table) func(load.Held) *Facts {
	return func(h load.Held) *Facts {
		p := place{h.SourceFile, table.String()}
		if f := g.files[p]; f != nil {
			return f
		}
		if g.single || g.skipped[h.SourceFile] || !g.covers(h.SourceFile) {
			return nil
		}
		f := g.unlisted(p)
		if f != nil {
			g.files[p] = f
		}
		return f
	}
}

func (g *gathering) held(ctx context.Context, q load.FilesQuery, of func(load.Held) *Facts) error {
	bytes, err := g.Tables.Held(ctx, q, func(h load.Held) {
		if f := of(h); f != nil {
			f.Held = append(f.Held, h)
		}
	})
	if err != nil {
		return err
	}
	g.count(func(c *Cost) { c.Queries++; c.BytesRead += bytes })
	return nil
}

// margin is how far the lines of a file that nobody claims may lie from the time of its put.
const margin = 24 * time.Hour

// partitions returns the range of the partition column in which the rows of these files are, by their
// claims, or, where there are none, by the times of their puts. It has no column if nothing can be said:
// for a table that is partitioned by loaded_at, since another attempt's rows may lie anywhere there, and
// where a claim was lost.
func partitions(files []*Facts) (r load.Range, t row.Type) {
	column, t := partitionColumn(files)
	if column == "" || slices.ContainsFunc(files, lost) {
		return load.Range{}, ""
	}
	n := 0
	include := func(from, to int64) {
		if n++; n == 1 {
			r = load.Range{Column: column, First: from, Last: to}
		}
		r.First, r.Last = min(r.First, from), max(r.Last, to)
	}
	for _, f := range files {
		if c := f.Claim; c != nil && c.Load.Rows > 0 {
			include(c.Partition.First, c.Partition.Last)
		}
	}
	if n > 0 {
		return r, t
	}
	for _, f := range files {
		if !f.Time.IsZero() {
			include(f.Time.Add(-margin).UnixMicro(), f.Time.Add(margin).UnixMicro())
		}
	}
	if n == 0 {
		return load.Range{}, ""
	}
	return r, t
}

// lost reports whether the claim on a file is gone: the load log knows of rows that it would stand for.
func lost(f *Facts) bool {
	return f.Claim == nil && f.ClaimErr == nil && slices.ContainsFunc(f.Log, func(r load.Record) bool { return r.Outcome == load.Loaded })
}

// partitionColumn returns the column that the table of these files is partitioned by; none if they do
// not agree on one.
func partitionColumn(files []*Facts) (column string, t row.Type) {
	for _, f := range files {
		have, typ := "", row.Timestamp
		switch {
		case f.Claim != nil && f.Claim.Partition.Column != "":
			have = f.Claim.Partition.Column
		case f.Target.Format != nil && f.Target.Format.Inspect == nil:
			spec := load.TableSpec(f.Target.Format)
			if at := spec.Columns.Index(spec.PartitionBy); at >= 0 {
				have, typ = spec.PartitionBy, spec.Columns[at].Type
			}
		case f.Claim == nil || f.Claim.Load.Rows == 0:
			continue // it says nothing
		}
		if have == "" || have == "loaded_at" || column != "" && column != have {
			return "", ""
		}
		column, t = have, typ
	}
	return column, t
}

func (g *gathering) count(do func(*Cost)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	do(&g.result.Cost)
}
