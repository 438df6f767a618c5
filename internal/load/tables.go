package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// metaColumns stand behind a format's own in every table.
var metaColumns = row.Schema{
	{Name: "source_file", Type: row.String, Description: "The file that the row comes from: s3://bucket/key, or gs://bucket/name where others put it into the landing bucket."},
	{Name: "source_line", Type: row.Int64, Description: "1-based number of the record in its file."},
	{Name: "loaded_at", Type: row.Timestamp, Description: "When the load that wrote the row began; the same for all rows of a file."},
}

// TableSpec returns the table that a format's rows go into: the format's columns and Seneka's own,
// clustered by file first, which keeps a look at one file at BigQuery's smallest price.
func TableSpec(f *format.Format) row.Spec {
	s := f.Spec
	s.Columns = slices.Concat(s.Columns, metaColumns)
	s.ClusterBy = slices.Concat([]string{"source_file"}, s.ClusterBy)
	return s
}

// Ensured makes tables and views on first use and remembers them, so that a healthy file costs no
// look-up. Safe for concurrent use.
type Ensured struct {
	tables Tables
	now    func() time.Time
	mu     sync.Mutex
	known  map[destination]*once
	resume map[row.Table]time.Time // loads into the table go on then
}

// once is the making of one table; ready is closed when it ended.
type once struct {
	ready chan struct{}
	err   error
}

// errInterrupted is what those get who wait for one whose making panicked.
var errInterrupted = errors.New("the request that made it was interrupted")

// destination is a table together with the columns that are written to it: sources of two formats may
// share a table.
type destination struct {
	row.Table
	format *format.Format // nil: the logs
}

func (t Target) destination() destination { return destination{t.Table, t.Format} }

// logsOf stands for both logs of t's dataset.
func logsOf(t row.Table) destination { return destination{Table: logTable(t)} }

// NewEnsured returns an Ensured over t that knows no table yet.
func NewEnsured(t Tables, now func() time.Time) *Ensured {
	return &Ensured{tables: t, now: now, known: map[destination]*once{}, resume: map[row.Table]time.Time{}}
}

// schemaPause is how long loads into a table rest once BigQuery has refused its columns. What it
// comes to know within minutes is not worth a stream and a claim per file and delivery until then.
const schemaPause = 10 * time.Second

// refused makes loads into the target's table rest, and the first one behind that look for the table
// and its logs again.
func (e *Ensured) refused(target Target) {
	e.forget(target)
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := e.now(); !now.Before(e.resume[target.Table]) {
		e.resume[target.Table] = now.Add(schemaPause)
	}
}

// rest returns an error while loads into the table rest.
func (e *Ensured) rest(t row.Table) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, ok := e.resume[t]
	if !ok {
		return nil
	}
	wait := until.Sub(e.now())
	if wait <= 0 {
		delete(e.resume, t)
		return nil
	}
	return errkind.With(errkind.Transient, fmt.Errorf("%w: BigQuery has just refused rows for it; loads go on in %s", ErrSchema, wait.Round(time.Second)))
}

// forget makes the next load look for the target's table and the logs beside it again.
func (e *Ensured) forget(target Target) {
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.known, func(d destination, _ *once) bool {
		return d.Table == target.Table || d == logsOf(target.Table)
	})
}

// dataset makes the target's table, and the logs and views beside it, or adds the columns that they
// lack. The table waits for a file that says what its columns are.
func (e *Ensured) dataset(ctx context.Context, target Target) error {
	if err := e.rest(target.Table); err != nil {
		return err
	}
	if target.Format.Inspect == nil {
		if err := e.table(ctx, target.destination(), func() error {
			return e.tables.EnsureTable(ctx, target.Table, TableSpec(target.Format))
		}); err != nil {
			return fmt.Errorf("prepare the table: %w", err)
		}
	}
	if err := e.table(ctx, logsOf(target.Table), func() error { return e.logs(ctx, target.Table) }); err != nil {
		return fmt.Errorf("prepare the logs of dataset %s: %w", target.Table.Dataset, err)
	}
	return nil
}

// logs makes the load log, the reject log and their views.
func (e *Ensured) logs(ctx context.Context, t row.Table) error {
	if err := e.tables.EnsureTable(ctx, logTable(t), loadLogSpec); err != nil {
		return err
	}
	if err := e.tables.EnsureTable(ctx, rejectTable(t), rejectLogSpec); err != nil {
		return err
	}
	queries := views(t)
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		if err := e.tables.EnsureView(ctx, row.Table{Project: t.Project, Dataset: t.Dataset, Name: name}, queries[name], viewsVersion); err != nil {
			return err
		}
	}
	return nil
}

// table runs do once per destination, whoever else waits for it. A failure is forgotten, a panic too: the
// next load tries again.
func (e *Ensured) table(ctx context.Context, d destination, do func() error) error {
	e.mu.Lock()
	o, ok := e.known[d]
	if !ok {
		o = &once{ready: make(chan struct{})}
		e.known[d] = o
	}
	e.mu.Unlock()
	if ok {
		select {
		case <-o.ready:
			return o.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	o.err = errInterrupted
	defer func() {
		if o.err != nil {
			e.mu.Lock()
			delete(e.known, d)
			e.mu.Unlock()
		}
		close(o.ready)
	}()
	o.err = do()
	return o.err
}
