package load

import (
	"time"

	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// Outcome is how a load ended. Stored as text, so that stored values are immune to renumbering.
type Outcome string

// The outcomes of a load.
const (
	Loaded     Outcome = "loaded"     // its rows are visible, once
	Duplicate  Outcome = "duplicate"  // this version was loaded before
	Changed    Outcome = "changed"    // another version was loaded before; its rows stay
	Superseded Outcome = "superseded" // a newer copy lies in landing; its own event follows
	Ignored    Outcome = "ignored"    // no source matches, or it is no log
	Rejected   Outcome = "rejected"   // nothing of it is visible; Reason says why
	Deferred   Outcome = "deferred"   // nothing of it is visible: it takes longer than a delivery may
)

// Record is one row of the load log: one attempt to bring one file into one table.
type Record struct {
	Attempt    string         `json:"attempt"`
	Outcome    Outcome        `json:"outcome"`
	Reason     string         `json:"reason,omitempty"`
	Source     string         `json:"source"` // name of the rule
	Format     string         `json:"format"`
	SourceFile string         `json:"source_file"` // s3://bucket/key or gs://bucket/name
	Version    object.Version `json:"version"`
	VersionID  string         `json:"version_id,omitempty"`
	Table      string         `json:"table"`   // project.dataset.name
	Landing    string         `json:"landing"` // gs://bucket/name#generation
	Rows       int64          `json:"rows"`
	Rejects    int64          `json:"rejects"`
	Bytes      int64          `json:"bytes"`                   // after decompression
	Replaced   int64          `json:"replaced_utf8,omitempty"` // values that held invalid UTF-8
	LoadedAt   time.Time      `json:"loaded_at"`               // the attempt's, written on each of its rows
	// Streams is how many write streams were made for it, of the 10,000 an hour that a project has in a
	// region. A claim does not hold it: Claim.made says it.
	Streams int64 `json:"-"`
	// The time of every hop; zero where it is not known.
	EventTime   time.Time `json:"event_time"`
	ReceivedAt  time.Time `json:"received_at"`
	ForwardedAt time.Time `json:"forwarded_at"`
	PublishedAt time.Time `json:"published_at"`
	StartedAt   time.Time `json:"started_at"`
	VisibleAt   time.Time `json:"visible_at"`
}

// RejectRecord is one row of the reject log: a record of a file that could not be parsed.
type RejectRecord struct {
	Attempt    string
	Source     string
	SourceFile string
	Version    object.Version
	Table      string // project.dataset.name
	Line       int64  // 1-based
	Offset     int64  // bytes before it in the decompressed file
	Reason     string
	Raw        []byte // the first bytes of it
	LoadedAt   time.Time
}

// field is a column together with where its value comes from.
type field[T any] struct {
	row.Column
	set func(v *row.Value, from *T)
}

func text[T any](name, description string, get func(*T) string) field[T] {
	return field[T]{row.Column{Name: name, Type: row.String, Description: description}, func(v *row.Value, r *T) {
		if s := get(r); s != "" {
			v.SetBytes([]byte(s))
		}
	}}
}

func count[T any](name, description string, get func(*T) int64) field[T] {
	return field[T]{row.Column{Name: name, Type: row.Int64, Description: description}, func(v *row.Value, r *T) { v.SetInt(get(r)) }}
}

func moment[T any](name, description string, get func(*T) time.Time) field[T] {
	return field[T]{row.Column{Name: name, Type: row.Timestamp, Description: description}, func(v *row.Value, r *T) {
		if t := get(r); !t.IsZero() {
			v.SetTime(t)
		}
	}}
}

var loadFields = []field[Record]{
	text("attempt", "Identity of this try. A row may stand here more than once: the view seneka_loads has each once.", func(r *Record) string { return r.Attempt }),
	text("outcome", "loaded, duplicate, changed, superseded, ignored, rejected or deferred.", func(r *Record) string { return string(r.Outcome) }),
	text("reason", "Why, where the outcome is not loaded.", func(r *Record) string { return r.Reason }),
	text("source", "Name of the source in the configuration that matched the file.", func(r *Record) string { return r.Source }),
	text("format", "Format that the file was read as.", func(r *Record) string { return r.Format }),
	text("source_file", "The file, s3://bucket/key; gs://bucket/name of one that others put into the landing bucket.", func(r *Record) string { return r.SourceFile }),
	text("etag", "ETag of the S3 object, without quotes; of a gs:// file its MD5, else crc32c-…, in hexadecimal.", func(r *Record) string { return r.Version.ETag }),
	count("size", "Bytes of the file as it was stored.", func(r *Record) int64 { return r.Version.Size }),
	text("version_id", "S3 versionId, in a bucket with versions.", func(r *Record) string { return r.VersionID }),
	text("table_name", "Table that the rows went to, project.dataset.name.", func(r *Record) string { return r.Table }),
	text("landing_object", "The copy that was read, gs://bucket/name#generation.", func(r *Record) string { return r.Landing }),
	count("row_count", "Rows written.", func(r *Record) int64 { return r.Rows }),
	count("reject_count", "Records that could not be parsed: they stand in seneka_reject_log.", func(r *Record) int64 { return r.Rejects }),
	count("bytes", "Bytes of the file after decompression.", func(r *Record) int64 { return r.Bytes }),
	moment("loaded_at", "When the attempt began; the same value stands on each of its rows.", func(r *Record) time.Time { return r.LoadedAt }),
	moment("event_time", "When the file was stored.", func(r *Record) time.Time { return r.EventTime }),
	moment("received_at", "When the forwarder took the event from the queue; NULL of a backfill, which had none.", func(r *Record) time.Time { return r.ReceivedAt }),
	moment("forwarded_at", "When the forwarder began the copy.", func(r *Record) time.Time { return r.ForwardedAt }),
	moment("published_at", "When Pub/Sub took the landing bucket's notification.", func(r *Record) time.Time { return r.PublishedAt }),
	moment("started_at", "When the loader began.", func(r *Record) time.Time { return r.StartedAt }),
	moment("visible_at", "When the rows could be queried.", func(r *Record) time.Time { return r.VisibleAt }),
	count("replaced_utf8", "Values of the rows in which bytes that are no UTF-8 were replaced by U+FFFD.", func(r *Record) int64 { return r.Replaced }),
	count("streams", "Write streams that were made for it, of the 10,000 an hour that a project has in a region.", func(r *Record) int64 { return r.Streams }),
}

var rejectFields = []field[RejectRecord]{
	text("attempt", "Identity of the try that met the record. The view seneka_rejects has those of attempts that came to an end, each record once.", func(r *RejectRecord) string { return r.Attempt }),
	text("source", "Name of the source in the configuration that matched the file.", func(r *RejectRecord) string { return r.Source }),
	text("source_file", "The file, s3://bucket/key; gs://bucket/name of one that others put into the landing bucket.", func(r *RejectRecord) string { return r.SourceFile }),
	text("etag", "ETag of the S3 object, without quotes; of a gs:// file its MD5, else crc32c-…, in hexadecimal.", func(r *RejectRecord) string { return r.Version.ETag }),
	count("size", "Bytes of the file as it was stored.", func(r *RejectRecord) int64 { return r.Version.Size }),
	text("table_name", "Table that the record was for, project.dataset.name.", func(r *RejectRecord) string { return r.Table }),
	count("source_line", "1-based number of the record in its file.", func(r *RejectRecord) int64 { return r.Line }),
	count("byte_offset", "Bytes before the record in the decompressed file.", func(r *RejectRecord) int64 { return r.Offset }),
	text("reason", "Why it could not be parsed.", func(r *RejectRecord) string { return r.Reason }),
	{row.Column{Name: "raw", Type: row.Bytes, Description: "The record's bytes as they stood in the file, the first 64 KiB of them."}, func(v *row.Value, r *RejectRecord) { v.SetBytes(r.Raw) }},
	moment("loaded_at", "When the attempt began.", func(r *RejectRecord) time.Time { return r.LoadedAt }),
}

// Names of the tables and views that stand beside a dataset's tables.
const (
	loadLogName   = "seneka_load_log"
	rejectLogName = "seneka_reject_log"
	// RejectsView has each reject once.
	RejectsView = "seneka_rejects"
)

// logTable and rejectTable return the logs of t's dataset.
func logTable(t row.Table) row.Table {
	return row.Table{Project: t.Project, Dataset: t.Dataset, Name: loadLogName}
}
func rejectTable(t row.Table) row.Table {
	return row.Table{Project: t.Project, Dataset: t.Dataset, Name: rejectLogName}
}

var loadLogSpec = row.Spec{
	Description: "One row per attempt to load a file, written at least once: read the view seneka_loads.",
	Columns:     columns(loadFields),
	PartitionBy: "loaded_at",
	ClusterBy:   []string{"source_file", "outcome"},
}

var rejectLogSpec = row.Spec{
	Description: "One row per record that could not be parsed, written at least once: read the view seneka_rejects.",
	Columns:     columns(rejectFields),
	PartitionBy: "loaded_at",
	ClusterBy:   []string{"source_file", "reason"},
}

// viewsVersion is that of the views. A loader replaces views of an older version only: so two
// releases at work side by side do not undo each other's, and a view that a person has edited stays
// until the next version. It is to be raised with every change of a view's text, or of the columns
// of a log: BigQuery tells a view's columns as they were when the view was last made or changed.
const viewsVersion = 4

// views returns the views of t's dataset by name, as GoogleSQL. An attempt has one loaded_at: it stands among what
// rows are told apart by so that a filter of it can reach the log, and with it the log's partitions.
func views(t row.Table) map[string]string {
	return map[string]string{
		"seneka_loads": "SELECT * FROM `" + logTable(t).String() + "` WHERE TRUE" +
			" QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt, outcome, loaded_at ORDER BY visible_at) = 1",
		// Rejects may be of an attempt that broke off, and then of bytes that never stood in the file:
		// only those of the attempt that loaded the version count, else of the last that rejected it.
		"seneka_rejects": "SELECT r.* FROM `" + rejectTable(t).String() + "` AS r JOIN (" +
			"SELECT attempt FROM `" + logTable(t).String() + "` WHERE outcome IN ('loaded', 'rejected')" +
			" QUALIFY ROW_NUMBER() OVER (PARTITION BY source_file, etag, size, table_name ORDER BY outcome, loaded_at DESC) = 1" +
			") AS l ON r.attempt = l.attempt WHERE TRUE" +
			" QUALIFY ROW_NUMBER() OVER (PARTITION BY r.attempt, r.source_line ORDER BY r.loaded_at) = 1",
		"seneka_freshness": "SELECT source, table_name, source_file, row_count, event_time, loaded_at, visible_at," +
			" TIMESTAMP_DIFF(visible_at, event_time, MICROSECOND) / 1000000 AS seconds" +
			" FROM `" + logTable(t).String() + "` WHERE outcome = 'loaded'" +
			" QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt, loaded_at ORDER BY visible_at) = 1",
	}
}

func columns[T any](fields []field[T]) row.Schema {
	s := make(row.Schema, len(fields))
	for i, f := range fields {
		s[i] = f.Column
	}
	return s
}

// encode returns the records' wire bytes. A log row is small and rare: allocating is fine here.
func encode[T any](s row.Schema, fields []field[T], records []T) (*row.Encoder, [][]byte, error) {
	enc, err := row.NewEncoder(s)
	if err != nil {
		return nil, nil, err
	}
	rec := row.NewRecord(len(fields))
	rows := make([][]byte, len(records))
	for i := range records {
		rec.Reset(len(fields))
		for j, f := range fields {
			f.set(&rec.Values[j], &records[i])
		}
		if rows[i], err = enc.Append(nil, rec); err != nil {
			return nil, nil, err
		}
	}
	return enc, rows, nil
}
