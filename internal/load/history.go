package load

import (
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// HistoryQuery asks a load log what became of the files between two names.
type HistoryQuery struct {
	Log            row.Table
	First, Last    string    // s3://bucket/key, both inclusive
	LoadedSince    time.Time // only attempts that began at this time or later
	ForwardedSince time.Time // only of copies that were begun at this time or later; zero: of any
}

// LogTable returns the load log that stands beside t.
func LogTable(t row.Table) row.Table { return logTable(t) }

// LogSpecs returns the tables that stand beside a dataset's tables, by name: the load log and the
// reject log.
func LogSpecs() map[string]row.Spec {
	return map[string]row.Spec{loadLogName: loadLogSpec, rejectLogName: rejectLogSpec}
}

// RejectTable returns the reject log that stands beside t.
func RejectTable(t row.Table) row.Table { return rejectTable(t) }
