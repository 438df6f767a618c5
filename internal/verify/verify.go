// Package verify compares what lies in S3 with what is in BigQuery: for every file below a prefix, the
// listing, the copy in landing, the claim in the ledger, the load log and the rows of its table. It
// writes nothing, unless it is told to repair.
//
// It reads top to bottom: scan.go goes through the listing in order, a few thousand files at a time;
// gather.go asks the clouds about those; judge.go, which is pure, says what each file is; totals.go
// adds up. deep.go compares rows with lines, value by value; repair.go brings in what is missing;
// report.go writes the record. The package knows no SDK.
package verify

import (
	"context"
	"time"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Status is what a file is found to be. Stored as text.
type Status string

// The statuses. All but OK, Pending and Gone are differences.
const (
	OK         Status = "ok"         // its rows are there, each once; or it has none
	Pending    Status = "pending"    // stored a short time ago, and on its way
	Missing    Status = "missing"    // nothing of it was loaded
	Unsettled  Status = "unsettled"  // claimed, and its rows are not visible
	Short      Status = "short"      // fewer rows than its claim says
	Duplicated Status = "duplicated" // rows that are there more than once
	Changed    Status = "changed"    // the rows are those of another version
	Rejected   Status = "rejected"   // refused: too much of it could not be parsed, or it is broken
	Deferred   Status = "deferred"   // a delivery is too short for it
	Unclaimed  Status = "unclaimed"  // rows that no claim stands for
	Extra      Status = "extra"      // rows of a file that is not there any more
	Gone       Status = "gone"       // the same, and that is expected
)

// Statuses are all of them, in the order in which they are shown.
var Statuses = []Status{OK, Pending, Gone, Missing, Unsettled, Deferred, Rejected, Changed, Short, Duplicated, Unclaimed, Extra}

// Difference reports whether a file of this status is not as it should be.
func (s Status) Difference() bool { return s != OK && s != Pending && s != Gone }

// Repairable reports whether loading the file, by the same stages as ever, mends it. It is safe for
// all others too, and changes nothing.
func (s Status) Repairable() bool { return s == Missing || s == Unsettled || s == Deferred }

// Entry is what is found of one file and table. As JSON it is one line of the list that the digest is
// of: its members, their names and their order are part of the record.
type Entry struct {
	File     string    `json:"file"` // s3://bucket/key or gs://bucket/name
	Status   Status    `json:"status"`
	Source   string    `json:"source,omitempty"` // name of the rule that matches
	Table    string    `json:"table"`            // project.dataset.name
	ETag     string    `json:"etag,omitempty"`
	Size     int64     `json:"size"` // bytes of the file
	Stored   time.Time `json:"stored,omitzero"`
	Attempt  string    `json:"attempt,omitempty"`  // that its claim names
	LoadedAt time.Time `json:"loaded_at,omitzero"` // of the attempt
	Claimed  int64     `json:"claimed_rows"`       // by its claim
	Rows     int64     `json:"rows"`               // in the table
	Rejects  int64     `json:"rejects"`            // records that could not be parsed
	Reason   string    `json:"reason,omitempty"`   // where the status does not say all
	Day      string    `json:"day"`                // that it counts to, YYYY-MM-DD
	facts    *Facts    // what it was judged by
}

// Facts returns what the entry was judged by.
func (e *Entry) Facts() *Facts { return e.facts }

// Landing looks at the landing bucket. Safe for concurrent use.
type Landing interface {
	// List returns a page of objects, as backfill.Lister does.
	List(ctx context.Context, bucket, prefix, after string, deep bool) (objects []object.Copy, folders []string, more bool, err error)
	// Describe returns what is said of an object and its generation; errkind.NotFound if there is none.
	Describe(ctx context.Context, o object.Landed) (object.Description, int64, error)
}

// Ledger reads the claims. Safe for concurrent use.
type Ledger interface {
	// Get returns a claim; errkind.NotFound if there is none.
	Get(ctx context.Context, name string) (data []byte, generation int64, err error)
}

// Tables asks BigQuery. Safe for concurrent use. What is not there holds nothing.
type Tables interface {
	// Held calls each with how many rows of each attempt a table holds, and returns how many bytes
	// the query read.
	Held(ctx context.Context, q load.FilesQuery, each func(load.Held)) (bytes int64, err error)
	// Loads calls each with what the load log says.
	Loads(ctx context.Context, q load.HistoryQuery, each func(load.Record)) error
	// Expiration returns how long a table keeps a partition; 0: for ever.
	Expiration(ctx context.Context, t row.Table) (time.Duration, error)
}

// Checker verifies files. Safe for concurrent use; all fields but the last are to be set.
type Checker struct {
	S3      backfill.Lister
	Landing Landing
	Bucket  string // the landing bucket
	Ledger  Ledger
	Tables  Tables
	Route   load.Router
	Logs    []row.Table // the load logs of all datasets
	Now     func() time.Time

	Readers int // claims that are read at a time; 0 means 64
	chunk   int // listed files that are looked at together; 0 means chunkSize
}

// Options say what is verified, and how.
type Options struct {
	Job           backfill.Job  // bucket, prefix and times
	Store         object.Store  // that Job's bucket is of
	Grace         time.Duration // a file that was stored, copied or claimed so short a time ago may be on its way
	Gone          bool          // files that were loaded and are not in S3 any more are expected
	AllPartitions bool          // look for rows in every partition, not only in those of the claims
}

// Progress is how far a run came.
type Progress struct {
	Files       int // that were checked
	Differences int
	Listed      int
}
