package main

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/bigquery"

	"github.com/seneka-io/seneka/loadtest/generate"
)

// checked is what was found in the end.
type checked struct {
	lines    int64 // that were compared
	problems []string
	outcomes map[string]int64
	hops     map[string][]float64 // seconds, the shortest first
}

// check compares every line that was put with what the tables, and the logs, hold of it.
func (r *runner) check(ctx context.Context) (*checked, error) {
	c := &checked{problems: r.ledger.problem, outcomes: map[string]int64{}, hops: map[string][]float64{}}
	truths, err := r.truths(ctx, c)
	if err != nil {
		return nil, err
	}
	loads, err := r.loads(ctx, c)
	if err != nil {
		return nil, err
	}
	for name, e := range r.ledger.files {
		c.compare(name, e, truths[name], loads[name])
		c.lines += e.truth.Lines
		delete(truths, name)
	}
	for name := range truths {
		c.tell("%s has rows, and was never put", name)
	}
	if r.local != nil {
		if _, parked, err := r.local.pushed(ctx); err != nil {
			return nil, err
		} else if parked > 0 {
			c.tell("%d messages were parked in dead-letter queues", parked)
		}
	}
	return c, nil
}

// compare compares what was put of a file with what the table and the load log hold of it.
func (c *checked) compare(name string, e *entry, got generate.Truth, rec record) {
	if got != e.truth {
		c.tell("%s, %s: the table holds %+v, put was %+v", name, e.kind, got, e.truth)
	}
	want := record{loaded: 1, rows: e.truth.Rows, rejects: int64(e.bad)}
	if !e.kind.Loadable() {
		want = record{}
		if rec.rejected == 0 {
			c.tell("%s is %s, and no load record says that it was rejected", name, e.kind)
		}
		rec.rejected = 0 // once for each time that it was announced
	}
	if rec != want {
		c.tell("%s, %s: the load log says %+v, want %+v", name, e.kind, rec, want)
	}
}

func (c *checked) tell(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// truths asks the tables what they hold of each file of the run.
func (r *runner) truths(ctx context.Context, c *checked) (map[string]generate.Truth, error) {
	all := map[string]generate.Truth{}
	for source, table := range r.ledger.tables {
		sql := fmt.Sprintf("SELECT source_file, COUNT(*), COUNT(DISTINCT source_line), SUM(source_line * (%s)) FROM %s WHERE %s GROUP BY 1",
			generate.Number(source), quoted(table), r.where())
		if err := r.query(ctx, sql, func(v []bigquery.Value) {
			name := v[0].(string)
			if _, twice := all[name]; twice {
				c.tell("%s has rows in two tables", name)
			}
			sum, _ := v[3].(int64) // NULL of rows without a number, which are wrong then
			all[name] = generate.Truth{Rows: v[1].(int64), Lines: v[2].(int64), Sum: sum}
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// where selects the files of the run without those of the warm-up.
func (r *runner) where() string {
	return fmt.Sprintf("STARTS_WITH(source_file, '%s') AND loaded_at >= TIMESTAMP '%s'", r.file(r.prefix), r.began.UTC().Format("2006-01-02 15:04:05.000000+00"))
}

// record is what the load log says of a file.
type record struct{ loaded, rejected, rows, rejects int64 }

// hop is a part of a file's way, from one time of the load log to another.
type hop struct{ name, from, to string }

var hops = []hop{
	{"S3 put to received by the forwarder", "event_time", "received_at"},
	{"received to copied", "received_at", "published_at"},
	{"copied to begun by the loader", "published_at", "started_at"},
	{"begun to visible", "started_at", "visible_at"},
	{"in all, by the load log", "event_time", "visible_at"},
}

// loads asks the load log for each file's records, once each, and for the time of its hops.
func (r *runner) loads(ctx context.Context, c *checked) (map[string]record, error) {
	all := map[string]record{}
	seconds := ""
	for _, h := range hops {
		seconds += fmt.Sprintf(", TIMESTAMP_DIFF(%s, %s, MICROSECOND)", h.to, h.from)
	}
	datasets := map[string]bool{}
	for _, t := range r.ledger.byTable() {
		if datasets[t.Dataset] {
			continue
		}
		datasets[t.Dataset] = true
		sql := fmt.Sprintf("SELECT source_file, outcome, row_count, reject_count%s FROM `%s.%s.seneka_loads` WHERE %s", seconds, t.Project, t.Dataset, r.where())
		if err := r.query(ctx, sql, func(v []bigquery.Value) { c.note(all, v) }); err != nil {
			return nil, err
		}
	}
	for name := range c.hops {
		slices.Sort(c.hops[name])
	}
	return all, nil
}

// note takes one record of the load log.
func (c *checked) note(all map[string]record, v []bigquery.Value) {
	name, outcome := v[0].(string), v[1].(string)
	c.outcomes[outcome]++
	rec := all[name]
	switch outcome {
	case "loaded":
		rec.loaded++
		rec.rows += v[2].(int64)
		rec.rejects += v[3].(int64)
		for i, h := range hops {
			if micros, ok := v[4+i].(int64); ok {
				c.hops[h.name] = append(c.hops[h.name], float64(micros)/1e6)
			}
		}
	case "rejected":
		rec.rejected++
	}
	all[name] = rec
}
