// Package backfill brings files that lie in S3 already through the same two stages, under the same
// ledger, as live traffic: it may overlap live traffic and other backfills and never doubles a line.
//
// It reads top to bottom: list.go finds the files, plan.go asks the load log which of them are
// loaded, run.go hands the others on, follow.go waits for what the loader makes of them, and
// checkpoint.go keeps in the ledger's bucket how far a run came. The package knows no SDK.
package backfill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Job says which files are meant and how they are brought in. A checkpoint holds it, so that a run
// can go on elsewhere.
type Job struct {
	Bucket string    `json:"bucket"`
	Prefix string    `json:"prefix"` // of the keys, as S3 means it; need not end at a slash
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"` // exclusive
	Direct bool      `json:"direct"`         // load here, do not wait for the loader
	NoWait bool      `json:"no_wait"`        // do not wait for what the loader makes of the files
}

// URL returns s3://bucket/prefix.
func (j Job) URL() string { return "s3://" + j.Bucket + "/" + j.Prefix }

// ParseURL splits s3://bucket/prefix.
func ParseURL(text string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%q names no bucket: write s3://BUCKET/PREFIX", text)
	}
	return bucket, prefix, nil
}

// Lister lists S3. Safe for concurrent use.
type Lister interface {
	// List returns the first keys, a thousand at most, that begin with prefix and come behind the
	// key after, in the order of their bytes; more tells whether others follow. Unless deep, keys
	// that have a slash behind the prefix come as the folder that they share.
	List(ctx context.Context, bucket, prefix, after string, deep bool) (objects []object.Event, folders []string, more bool, err error)
}

// History reads the load log. Safe for concurrent use.
type History interface {
	// Loads calls each with what became of the files that q asks for, one call for each file,
	// version, table and outcome, by one query. A log that is not there holds nothing.
	Loads(ctx context.Context, q load.HistoryQuery, each func(load.Record)) error
}

// Target is where the rows of a file go.
type Target struct {
	Source string // name of the rule that matched
	Table  row.Table
}

// File is one file that is to be brought in.
type File struct {
	object.Event
	Target *Target // shared by the files of a table
}
