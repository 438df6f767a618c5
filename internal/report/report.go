// Package report answers the operator's two questions from the load logs: how is it now (Status), and
// how has it been (Report, and its page). Both are made of the same queries, so that a number that
// stands in both is the same.
//
// The package knows no SDK: it asks through Asker, and the page is a pure function of a Report.
package report

import (
	"context"
	"time"

	"github.com/seneka-io/seneka/internal/load"
)

// Asker runs one GoogleSQL query and calls each with the values of every row: nil, int64, float64,
// string or time.Time. A table that is not there is errkind.NotFound, a query that is refused
// errkind.Permanent. Safe for concurrent use.
type Asker interface {
	Ask(ctx context.Context, sql string, each func(values []any) error) error
}

// Totals is what became of the files of one source whose load began in a stretch of time.
type Totals struct {
	Source    string    `json:"source"` // name of the rule; empty for the sum of all
	Files     int64     `json:"files"`  // loaded
	Rows      int64     `json:"rows"`
	Rejects   int64     `json:"rejects"` // records of the loaded files that could not be parsed
	Bytes     int64     `json:"bytes"`   // of the loaded files after decompression
	Size      int64     `json:"size"`    // of the loaded files as they were stored
	Outcomes  Outcomes  `json:"outcomes"`
	Freshness Freshness `json:"freshness"`
}

// Outcomes counts the loads that brought in nothing.
type Outcomes struct {
	Rejected   int64 `json:"rejected"`
	Deferred   int64 `json:"deferred"`
	Duplicate  int64 `json:"duplicate"`
	Changed    int64 `json:"changed"`
	Superseded int64 `json:"superseded"`
	Ignored    int64 `json:"ignored"`
}

// Freshness is how many seconds lay between put and queryable. It is of the files that came by an
// event: what a backfill brings in was put long before.
type Freshness struct {
	Files int64   `json:"files"` // that it is known of; 0: the seconds say nothing
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Report is what a page shows. It holds numbers, names and what BigQuery said, nothing of the logs'
// own lines.
type Report struct {
	Seneka    string    `json:"seneka"` // version
	Project   string    `json:"project"`
	Source    string    `json:"source,omitempty"` // if it is about one alone
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Total     Totals    `json:"total"`
	Sources   []Totals  `json:"sources"`   // by name
	Histogram []Bin     `json:"histogram"` // without gaps
	Step      int64     `json:"step"`      // seconds of one Point
	Series    []Series  `json:"series"`    // in the order of Sources
	Hops      []Hop     `json:"hops"`      // in the order that a file takes them
	Rejects   []Reason  `json:"rejects"`   // records, the most frequent reasons
	Rejected  []Reason  `json:"rejected"`  // files, the most frequent reasons
	Slowest   []File    `json:"slowest"`
	Largest   []File    `json:"largest"`
	Open      Open      `json:"open"`
	Streams   Streams   `json:"streams"`
	Cost      *Cost     `json:"cost,omitempty"`
}

// Bin is a bar of the histogram.
type Bin struct {
	From  float64 `json:"from"` // seconds, inclusive; the first bin holds everything below To
	To    float64 `json:"to"`   // exclusive
	Files int64   `json:"files"`
}

// Series is one source over time.
type Series struct {
	Source string  `json:"source"`
	Points []Point `json:"points"` // one per step from Since to Until, without gaps
}

// Point is one step of a Series.
type Point struct {
	At      time.Time `json:"at"` // its beginning
	Files   int64     `json:"files"`
	Rows    int64     `json:"rows"`
	Rejects int64     `json:"rejects"`
}

// Hop is one part of a file's way from put to queryable. Its ends are read off the clocks of two
// machines.
type Hop struct {
	Name  string  `json:"name"`
	What  string  `json:"what"`
	Files int64   `json:"files"` // that it is known of
	P50   float64 `json:"p50"`   // seconds
	P95   float64 `json:"p95"`
}

// Reason is why something could not be parsed, without the values that differ from case to case.
type Reason struct {
	Source  string `json:"source"`
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
	Example string `json:"example"` // a file
	Line    int64  `json:"line,omitempty"`
}

// File is one load.
type File struct {
	File    string       `json:"file"` // s3://bucket/key
	Source  string       `json:"source"`
	Table   string       `json:"table"`
	Outcome load.Outcome `json:"outcome"`
	Reason  string       `json:"reason,omitempty"`
	At      time.Time    `json:"at"` // when the load began
	Rows    int64        `json:"rows"`
	Bytes   int64        `json:"bytes"`   // after decompression
	Size    int64        `json:"size"`    // as it was stored
	Seconds float64      `json:"seconds"` // from put to queryable; 0 if nothing became so
}

// Open are the files that were tried and are not in their table: the last word of the log on them is
// rejected or deferred. A file that nobody has tried yet stands in no log: see Missing of Status.
type Open struct {
	Sources []OpenSource `json:"sources"`
	Files   []File       `json:"files"` // the oldest of each source, the oldest first
}

// OpenSource counts them for one source.
type OpenSource struct {
	Source   string    `json:"source"`
	Rejected int64     `json:"rejected"`
	Deferred int64     `json:"deferred"`
	Oldest   time.Time `json:"oldest"` // when its load began
}

// Streams is how many write streams were made, whatever became of the loads. Those of attempts that
// ended without a word in the log are not in it.
type Streams struct {
	Made    int64  `json:"made"`
	Unknown string `json:"unknown,omitempty"` // why it is not known; then Made says nothing
}

// Cost is an estimate, or where no price is known the counts that one is made of.
type Cost struct {
	Note  string     `json:"note"`
	Items []CostItem `json:"items"`
}

// CostItem is a line of Cost.
type CostItem struct {
	Item    string   `json:"item"`
	Count   float64  `json:"count"`
	Unit    string   `json:"unit"`
	Dollars *float64 `json:"dollars,omitempty"` // nil: no price is known
	Basis   string   `json:"basis"`             // what is counted, and by which price
}
