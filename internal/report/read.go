package report

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// Question is what a Report is to be about.
type Question struct {
	Logs         []row.Table // load logs; one that is not there holds nothing
	Since, Until time.Time   // of the begin of the loads; Until is exclusive
	Source       string      // empty: all
}

// Read makes a Report. Its queries run one after the other: what is written to the logs meanwhile may
// stand in some of them alone.
func Read(ctx context.Context, a Asker, q Question) (*Report, error) {
	r := &Report{
		Source: q.Source, Since: q.Since.UTC(), Until: q.Until.UTC(), Step: step(q.Until.Sub(q.Since)),
		Sources: []Totals{}, Histogram: []Bin{}, Series: []Series{}, Hops: []Hop{}, Rejects: []Reason{}, Rejected: []Reason{},
		Slowest: []File{}, Largest: []File{}, Open: Open{Sources: []OpenSource{}, Files: []File{}},
	}
	logs, err := there(ctx, a, q.Logs)
	if err != nil || len(logs) == 0 {
		return r, err
	}
	d := reader{a, scope{logs, q.Since, q.Until, q.Source}}
	totals, err := d.totals(ctx, []time.Time{q.Since})
	if err != nil {
		return nil, err
	}
	r.Total, r.Sources = totals[0].all, totals[0].sources
	if r.Histogram, err = d.histogram(ctx); err != nil {
		return nil, err
	}
	if r.Series, err = d.series(ctx, r); err != nil {
		return nil, err
	}
	if r.Hops, err = d.hops(ctx); err != nil {
		return nil, err
	}
	for sql, into := range map[string]*[]Reason{d.scope.rejected(): &r.Rejected, d.scope.rejects(): &r.Rejects} {
		if *into, err = d.reasons(ctx, sql); err != nil {
			return nil, err
		}
	}
	for sql, into := range map[string]*[]File{d.files("seconds"): &r.Slowest, d.files("bytes"): &r.Largest} {
		if *into, err = d.listed(ctx, sql); err != nil {
			return nil, err
		}
	}
	if r.Open, err = d.open(ctx); err != nil {
		return nil, err
	}
	r.Streams, err = d.streams(ctx)
	return r, err
}

// there returns the logs that are there. The query reads no byte.
func there(ctx context.Context, a Asker, logs []row.Table) (found []row.Table, err error) {
	for _, t := range logs {
		if err := t.Validate(); err != nil {
			return nil, err
		}
		err := a.Ask(ctx, "SELECT attempt FROM `"+t.String()+"` WHERE FALSE", func([]any) error { return nil })
		switch {
		case err == nil:
			found = append(found, t)
		case !errkind.Is(err, errkind.NotFound):
			return nil, fmt.Errorf("ask for the load log %s: %w", t, err)
		}
	}
	return found, nil
}

// step returns how many seconds a point of a series spans, so that there are no more of them than a
// narrow page can show side by side.
func step(d time.Duration) int64 {
	const most = 96
	for _, s := range []int64{60, 300, 900, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600} {
		if int64(d/time.Second) <= s*most {
			return s
		}
	}
	return 28 * 24 * 3600
}

// reader asks for one scope.
type reader struct {
	Asker
	scope
}

// ask runs a query and hands each row to take.
func (d reader) ask(ctx context.Context, what, sql string, take func(v values)) error {
	err := d.Ask(ctx, sql, func(row []any) error {
		take(values(row))
		return nil
	})
	if err != nil {
		return fmt.Errorf("ask the load logs for %s: %w", what, err)
	}
	return nil
}

// values is one row of an answer; what is NULL is zero.
type values []any

func (v values) text(i int) string    { s, _ := v[i].(string); return s }
func (v values) int(i int) int64      { n, _ := v[i].(int64); return n }
func (v values) float(i int) float64  { f, _ := v[i].(float64); return f }
func (v values) time(i int) time.Time { t, _ := v[i].(time.Time); return t.UTC() }

// stretch is the totals of one stretch of time.
type stretch struct {
	all     Totals
	sources []Totals
}

func (d reader) totals(ctx context.Context, since []time.Time) ([]stretch, error) {
	out := make([]stretch, len(since))
	for i := range out {
		out[i].sources = []Totals{}
	}
	err := d.ask(ctx, "totals", d.scope.totals(since), func(v values) {
		i := slices.IndexFunc(since, func(t time.Time) bool { return t.UnixMicro() == v.int(0) })
		if i < 0 {
			return // the sum over the stretches
		}
		t := Totals{
			Source: v.text(1), Files: v.int(2), Rows: v.int(3), Rejects: v.int(4), Bytes: v.int(5), Size: v.int(6),
			Outcomes:  Outcomes{v.int(7), v.int(8), v.int(9), v.int(10), v.int(11), v.int(12)},
			Freshness: Freshness{v.int(13), v.float(14), v.float(15), v.float(16), v.float(17)},
		}
		if v[1] == nil {
			out[i].all = t
		} else {
			out[i].sources = append(out[i].sources, t)
		}
	})
	for _, s := range out {
		slices.SortFunc(s.sources, func(a, b Totals) int { return cmp.Compare(a.Source, b.Source) })
	}
	return out, err
}

func (d reader) histogram(ctx context.Context) ([]Bin, error) {
	counts := map[int64]int64{}
	err := d.ask(ctx, "the histogram", d.scope.histogram(), func(v values) { counts[v.int(0)] = v.int(1) })
	if err != nil || len(counts) == 0 {
		return []Bin{}, err
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for bin := range counts {
		first, last = min(first, bin), max(last, bin)
	}
	edge := func(bin int64) float64 { return math.Pow(10, float64(bin)/perDecade) }
	var bins []Bin
	for bin := first; bin <= last; bin++ {
		bins = append(bins, Bin{edge(bin), edge(bin + 1), counts[bin]})
	}
	return bins, nil
}

// series returns the points of every source of r.
func (d reader) series(ctx context.Context, r *Report) ([]Series, error) {
	first := r.Since.Unix() / r.Step * r.Step
	n := (r.Until.Unix()-first)/r.Step + 1
	if last := first + (n-1)*r.Step; !time.Unix(last, 0).Before(r.Until) {
		n--
	}
	series := make([]Series, len(r.Sources))
	place := map[string]int{}
	for i, t := range r.Sources {
		place[t.Source] = i
		series[i] = Series{t.Source, make([]Point, n)}
		for k := range n {
			series[i].Points[k].At = time.Unix(first+k*r.Step, 0).UTC()
		}
	}
	err := d.ask(ctx, "the series", d.scope.series(r.Step), func(v values) {
		i, known := place[v.text(0)]
		k := (v.int(1) - first) / r.Step
		if !known || k < 0 || k >= n {
			return // written since the totals were read
		}
		p := &series[i].Points[k]
		p.Files, p.Rows, p.Rejects = v.int(2), v.int(3), v.int(4)
	})
	return series, err
}

func (d reader) hops(ctx context.Context) ([]Hop, error) {
	out := []Hop{}
	err := d.ask(ctx, "the hops", d.scope.hops(), func(v values) {
		for i, h := range hops {
			if n := v.int(3 * i); n > 0 {
				out = append(out, Hop{h.name, h.what, n, v.float(3*i + 1), v.float(3*i + 2)})
			}
		}
	})
	return out, err
}

func (d reader) reasons(ctx context.Context, sql string) ([]Reason, error) {
	out := []Reason{}
	err := d.ask(ctx, "reasons", sql, func(v values) {
		out = append(out, Reason{v.text(0), v.text(1), v.int(2), v.text(3), v.int(4)})
	})
	if errkind.Is(err, errkind.NotFound) {
		return out, nil // a dataset without a reject log has no rejects
	}
	return out, err
}

func (d reader) listed(ctx context.Context, sql string) ([]File, error) {
	out := []File{}
	err := d.ask(ctx, "files", sql, func(v values) {
		out = append(out, File{
			File: v.text(0), Source: v.text(1), Table: v.text(2), Outcome: load.Outcome(v.text(3)), Reason: v.text(4), At: v.time(5),
			Rows: v.int(6), Bytes: v.int(7), Size: v.int(8), Seconds: v.float(9),
		})
	})
	return out, err
}

func (d reader) open(ctx context.Context) (o Open, err error) {
	o.Sources = []OpenSource{}
	err = d.ask(ctx, "files that are not loaded", d.openSources(), func(v values) {
		o.Sources = append(o.Sources, OpenSource{v.text(0), v.int(1), v.int(2), v.time(3)})
	})
	if err != nil {
		return o, err
	}
	o.Files, err = d.listed(ctx, d.openFiles())
	slices.SortStableFunc(o.Files, func(a, b File) int { return a.At.Compare(b.At) })
	return o, err
}

func (d reader) streams(ctx context.Context) (s Streams, err error) {
	err = d.ask(ctx, "write streams", d.scope.streams(), func(v values) { s.Made = v.int(0) })
	if errkind.Is(err, errkind.Permanent) {
		return Streams{Unknown: "the load log has no column streams yet: it gets one by the next load of a loader of this version"}, nil
	}
	return s, err
}
