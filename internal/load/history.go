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

// LastQuery asks a load log for the last record of each file and table.
type LastQuery struct {
	Log      row.Table
	Files    []string  // s3://bucket/key or gs://bucket/name; none: all
	Outcomes []Outcome // only where the last one is one of these; none: any
	Since    time.Time // only attempts that began at this time or later
}

// RejectTable returns the reject log that stands beside t.
func RejectTable(t row.Table) row.Table { return rejectTable(t) }

// FilesQuery asks a table for the rows of the files between two names.
type FilesQuery struct {
	Table       row.Table
	First, Last string   // s3://bucket/key, both inclusive
	Partition   Range    // of the rows that are looked at; without a column: of all partitions
	Type        row.Type // of Partition's column
}

// Held is how many rows of one attempt a table holds of one file.
type Held struct {
	SourceFile  string
	LoadedAt    time.Time // the attempt's; zero of rows without one, which a load never writes
	Rows, Lines int64     // Lines is how many source_line they have, each once
}

// RowsQuery asks for rows of one file, in the order of its lines.
type RowsQuery struct {
	FilesQuery           // First and Last are the file
	LoadedAt   time.Time // of this attempt; zero: of any
	Limit      int       // 0: none
}
