package contract

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// Pages of BigQuery's queries.
const (
	bqConsistency = "https://cloud.google.com/bigquery/docs/write-api#overview"
	bqSnapshots   = "https://cloud.google.com/bigquery/docs/transactions#snapshot_isolation"
	bqParameters  = "https://cloud.google.com/bigquery/docs/parameterized-queries"
	bqErrors      = "https://cloud.google.com/bigquery/docs/error-messages"
	bqOperators   = "https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#comparison_operators"
)

// Row is a row of a data table, as a count looks at it; times are µs since 1970-01-01 UTC.
type Row struct {
	Time     int64
	File     string
	LoadedAt int64
}

// CountQuery asks for one attempt at one file, as load.CountQuery does.
type CountQuery struct {
	Row           // its Time is that of the first row
	Last    int64 // and that of the last
	Attempt string
	NoTable bool // ask a table that is not there
	NoLog   bool // or a load log
}

// Counts is a data table and a load log, and who counts in them, as load.Counter says.
type Counts struct {
	Append func(t *testing.T, rows ...Row)                 // by a pooled stream
	Stage  func(t *testing.T, rows ...Row) (commit func()) // into a PENDING stream, to its end
	Record func(t *testing.T, attempt, outcome string, loadedAt int64)
	Count  func(ctx context.Context, q CountQuery) (recorded bool, rows int64, err error)
}

// TestCounts tests the counter that open returns.
func TestCounts(t *testing.T, open func(t *testing.T) *Counts) {
	run(t, open, []clause[*Counts]{
		{"the rows of one attempt at one file are counted", bqOperators, countsOne},
		{"the bounds of the partition column belong to it", bqOperators, countsBounds},
		{"an attempt is recorded if it is recorded as loaded", bqOperators, countsRecord},
		{"values are no SQL", bqParameters, countsValues},
		{"rows are counted as soon as they are appended", bqConsistency, countsAppended},
		{"rows are not counted before they are committed, and then at once", bqConsistency, countsCommitted},
		{"a table or a log that is missing is not found", bqErrors, countsMissing},
		{"record and rows are of one moment", bqSnapshots, countsSnapshot},
	})
}

// asked is what the cases ask for.
var asked = CountQuery{Row: Row{1_767_225_600_000_000, "s3://b/k", 1_767_225_600_123_456}, Last: 1_767_225_600_000_100, Attempt: "a1"}

func (c *Counts) want(t *testing.T, q CountQuery, recorded bool, rows int64) {
	t.Helper()
	if gotRecorded, got, err := c.Count(t.Context(), q); err != nil || gotRecorded != recorded || got != rows {
		t.Errorf("Count = %v, %d, %v; want %v, %d", gotRecorded, got, err, recorded, rows)
	}
}

func countsOne(t *testing.T, c *Counts) {
	c.want(t, asked, false, 0)
	own, other, upper, earlier, later := asked.Row, asked.Row, asked.Row, asked.Row, asked.Row
	other.File += "2"
	upper.File = "s3://b/K"
	earlier.LoadedAt--
	later.LoadedAt++
	c.Append(t, own, other, upper, own, earlier, later)
	c.want(t, asked, false, 2)
}

func countsBounds(t *testing.T, c *Counts) {
	for _, at := range []int64{asked.Time - 1, asked.Time, asked.Last, asked.Last + 1} {
		r := asked.Row
		r.Time = at
		c.Append(t, r)
	}
	c.want(t, asked, false, 2)
}

func countsRecord(t *testing.T, c *Counts) {
	for _, outcome := range []string{"duplicate", "rejected", "changed"} {
		c.Record(t, asked.Attempt, outcome, asked.LoadedAt)
	}
	c.Record(t, "a2", "loaded", asked.LoadedAt)
	c.want(t, asked, false, 0)
	c.Record(t, asked.Attempt, "loaded", asked.LoadedAt)
	c.Record(t, asked.Attempt, "loaded", asked.LoadedAt) // written at least once
	c.want(t, asked, true, 0)
}

func countsValues(t *testing.T, c *Counts) {
	for i, name := range []string{"it's", `"quoted"`, `back\slash`, `\`, "new\nline", "`tick`", "@attempt", "' OR TRUE --", "ü🜁", "%_"} {
		q := asked
		q.File, q.Attempt = "s3://b/"+name, name
		for range i + 1 {
			c.Append(t, q.Row)
		}
		c.want(t, q, false, int64(i+1))
	}
}

func countsAppended(t *testing.T, c *Counts) {
	for i := range 5 {
		c.Append(t, asked.Row)
		c.want(t, asked, false, int64(i+1))
	}
}

func countsCommitted(t *testing.T, c *Counts) {
	commit := c.Stage(t, asked.Row, asked.Row)
	c.want(t, asked, false, 0)
	commit()
	c.want(t, asked, false, 2)
}

func countsMissing(t *testing.T, c *Counts) {
	table, log := asked, asked
	table.NoTable, log.NoLog = true, true
	for what, q := range map[string]CountQuery{"no table": table, "no log": log} {
		_, _, err := c.Count(t.Context(), q)
		wantKind(t, what, err, errkind.NotFound)
	}
}

// An attempt is recorded behind its rows: who sees the record sees them.
func countsSnapshot(t *testing.T, c *Counts) {
	const attempts = 20
	query := func(i int) CountQuery {
		q := asked
		q.Attempt, q.LoadedAt = fmt.Sprint("a", i), asked.LoadedAt+int64(i)
		return q
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range attempts {
			q := query(i)
			c.Append(t, q.Row, q.Row)
			c.Record(t, q.Attempt, "loaded", q.LoadedAt)
		}
	})
	defer writing.Wait()
	for i := 0; i < attempts; {
		recorded, rows, err := c.Count(t.Context(), query(i))
		switch {
		case err != nil:
			t.Fatal(err)
		case rows != 0 && rows != 2, recorded && rows != 2:
			t.Fatalf("recorded %v and %d rows", recorded, rows)
		case recorded:
			i++
		}
	}
}

// Logged is a record of a load log.
type Logged struct {
	File, ETag, Outcome   string
	LoadedAt, ForwardedAt time.Time
}

// History is a load log, and who reads in it, as backfill asks.
type History struct {
	Record func(t *testing.T, records ...Logged)
	// Loads returns file, ETag and outcome of each answer, with a space between. missing asks a log
	// that is not there.
	Loads func(ctx context.Context, missing bool, first, last string, loadedSince, forwardedSince time.Time) ([]string, error)
}

// TestHistory tests the history that open returns.
func TestHistory(t *testing.T, open func(t *testing.T) *History) {
	run(t, open, []clause[*History]{
		{"names are bounded by their bytes, both bounds inclusive", bqOperators, historyNames},
		{"records are bounded by their times", bqOperators, historyTimes},
		{"a record that was written twice is one", bqOperators, historyRepeats},
		{"a log that is missing holds nothing", bqErrors, historyMissing},
	})
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (h *History) want(t *testing.T, missing bool, first, last string, loadedSince, forwardedSince time.Time, want ...string) {
	t.Helper()
	got, err := h.Loads(t.Context(), missing, first, last, loadedSince, forwardedSince)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Loads = %q, %v; want %q", got, err, want)
	}
}

func historyNames(t *testing.T, h *History) {
	for _, file := range []string{"s3://b/B", "s3://b/a", "s3://b/a/x", "s3://b/b", "s3://b/ä"} {
		h.Record(t, Logged{file, "v1", "loaded", start, start})
	}
	h.want(t, false, "s3://b/a", "s3://b/b", start, time.Time{}, "s3://b/a v1 loaded", "s3://b/a/x v1 loaded", "s3://b/b v1 loaded")
	h.want(t, false, "s3://b/c", "s3://b/ä", start, time.Time{}, "s3://b/ä v1 loaded")
	h.want(t, false, "s3://b/c", "s3://b/d", start, time.Time{})
}

func historyTimes(t *testing.T, h *History) {
	later := start.Add(time.Second)
	h.Record(t, Logged{"s3://b/a", "v1", "loaded", start, start}, Logged{"s3://b/a", "v2", "changed", later, start}, Logged{"s3://b/b", "v1", "loaded", later, later})
	h.want(t, false, "s3://b/", "s3://c", start, time.Time{}, "s3://b/a v1 loaded", "s3://b/a v2 changed", "s3://b/b v1 loaded")
	h.want(t, false, "s3://b/", "s3://c", later, time.Time{}, "s3://b/a v2 changed", "s3://b/b v1 loaded")
	h.want(t, false, "s3://b/", "s3://c", start, later, "s3://b/b v1 loaded")
	h.want(t, false, "s3://b/", "s3://c", later.Add(time.Microsecond), time.Time{})
}

func historyRepeats(t *testing.T, h *History) {
	h.Record(t, Logged{"s3://b/a", "v1", "loaded", start, start}, Logged{"s3://b/a", "v1", "loaded", start, start})
	h.want(t, false, "s3://b/", "s3://c", start, time.Time{}, "s3://b/a v1 loaded")
}

func historyMissing(t *testing.T, h *History) {
	h.want(t, true, "s3://b/", "s3://c", start, time.Time{})
}
