// Package replay finds what is to be brought in again: it tells what a dead letter is and why it lies
// there, and finds the files whose last load ended as rejected or deferred. What is brought again goes
// through the same stages, under the same ledger, as everything else, so that nothing is doubled however
// often it is brought. The package knows no SDK.
package replay

import (
	"context"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// History reads the load logs. Safe for concurrent use.
type History interface {
	// LastLoads calls each with the last record of each file and table that q asks for. A log that is
	// not there holds nothing.
	LastLoads(ctx context.Context, q load.LastQuery, each func(load.Record)) error
}

// Landing looks at Cloud Storage. Safe for concurrent use.
type Landing interface {
	// Describe returns what is known of the live object, or of the generation that o names, and its
	// generation; errkind.NotFound if there is none.
	Describe(ctx context.Context, o object.Landed) (d object.Description, generation int64, err error)
}
