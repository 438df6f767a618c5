// Package config reads seneka.yaml: which objects are log files, in which format, for which
// table. The forwarder, the function and the command line share one file.
//
//	project: acme-logs
//	landing: gs://acme-seneka-landing
//	ledger:  gs://acme-seneka-ledger
//	queue:   https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka
//	sources:
//	  - name: alb
//	    match: s3://acme-elb-logs/**/elasticloadbalancing/**.log.gz
//	    format: alb
//	    table: logs.alb
//
// The package is pure but for Read. Everything wrong with a file is reported at once, each error
// with its line, its key and what to write instead.
package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// MaxSize is the most bytes that a configuration may have.
const MaxSize = 1 << 20

// DefaultMaxRejectRatio is the share of a file's records that may be rejects when its source does
// not say: a few broken lines do not hold up a file, a file of another format is not loaded.
const DefaultMaxRejectRatio = 0.1

// MaxSchemaSize is the most bytes that a schema file may have.
const MaxSchemaSize = 8 << 20

// Formats are the formats that sources may use, by name; true for those whose columns a source
// declares by a schema file.
type Formats map[string]bool

// names returns the formats' names, sorted.
func (f Formats) names() []string { return slices.Sorted(maps.Keys(f)) }

// What a source does with a value that its column does not take.
const (
	OnConflictReject = "reject" // its record is a reject
	OnConflictExtra  = "extra"  // the column is NULL, and the value stands in the column extra
)

// CSV is how the files of a source of format csv or tsv are written. The zero value is how most are.
type CSV struct {
	Delimiter  string // one character of ASCII; empty: that of the format
	Header     string // whether the first row names the columns: one of Headers; empty: auto
	SkipRows   int    // lines before the header, or the first row
	NullMarker string // the text that is NULL if it has no quotes; empty: an empty field is
}

// Headers are the values of CSV.Header: auto is if half of the first row's fields or more are names
// of columns.
var Headers = []string{"auto", "present", "absent"}

// OnChangeIgnore is the only value of on_change: a file that changed after it was loaded keeps
// its first rows, and the change is recorded.
const OnChangeIgnore = "ignore"

// Config is one valid configuration. It does not change after Parse and is safe for concurrent use.
type Config struct {
	Project string // of BigQuery, Pub/Sub and the buckets
	Landing string // bucket that the forwarder copies to, without gs://
	Ledger  string // bucket of the claims, without gs://
	Queue   string // URL of the SQS queue that S3 notifies
	Events  string // Pub/Sub topic, projects/P/topics/T, that hears of what is loaded; empty: none does
	Sources []Source

	Compress bool // gzip plain text on its way to Landing; true where the file does not say
}

// Source is a rule: which files, in which format, into which table.
type Source struct {
	Name           string // unique in the file; stands in logs and metrics
	Match          Pattern
	Format         string
	Schema         string     // of a format without columns: path or gs://bucket/name of a BigQuery JSON schema; see ReadSchema
	Table          string     // dataset.name; the name may hold {placeholders} of Match
	Partition      *Partition // nil: by the format's own column
	OnConflict     string     // OnConflictReject or OnConflictExtra
	CSV            CSV        // of format csv or tsv
	OnChange       string     // OnChangeIgnore
	MaxRejectRatio float64    // 0 to 1; above it a file is not loaded
}

// Partition says how a source's table is partitioned. Whether the column exists is known only to
// the format, so whoever puts both together checks it.
type Partition struct {
	Column string
	By     string // "day"
}

// Match is the source that a file belongs to, and the table that its rows go into.
type Match struct {
	Source *Source // of the Config, not a copy
	Table  row.Table
	As     object.Source // the file that the pattern matched: itself, or the S3 object that it takes the place of
}

// Parse reads the configuration in data. name is the file's path or gs:// URL, for messages and for
// the paths in it, which are relative to it. The error is of kind Permanent and holds an Errors
// with everything that is wrong.
func Parse(name string, data []byte, formats Formats) (*Config, error) {
	d := &decoder{file: name}
	if root := d.document(data); root != nil {
		if c := d.config(root, formats); len(d.errs) == 0 {
			return c, nil
		}
	}
	d.errs.sort()
	return nil, errkind.With(errkind.Permanent, d.errs)
}

// Match returns the first source whose pattern matches s, with its table's placeholders filled.
// ok is false if s belongs to none.
//
// An object that others put into the landing bucket can be matched in two ways: by its own name, and
// if it is called BUCKET/KEY, as s3://BUCKET/KEY: it lies where the forwarder would copy that file.
// The source that comes first in the configuration takes it, by whichever way.
func (c *Config) Match(s object.Source) (m Match, ok bool) {
	readings := []object.Source{s}
	if s.Store == object.GCS && s.Bucket == c.Landing {
		if copied, ok := object.CopiedFrom(s.Key); ok {
			readings = append(readings, copied)
		}
	}
	for i := range c.Sources {
		src := &c.Sources[i]
		for _, as := range readings {
			if captures, ok := src.Match.Match(as); ok {
				dataset, name, _ := strings.Cut(src.Table, ".")
				return Match{src, row.Table{Project: c.Project, Dataset: dataset, Name: fillName(name, captures)}, as}, true
			}
		}
	}
	return Match{}, false
}

// Summary returns a line for each source, in the order in which they are tried: name, pattern,
// format, table.
func (c *Config) Summary() [][]string {
	lines := make([][]string, len(c.Sources))
	for i, s := range c.Sources {
		lines[i] = []string{s.Name, s.Match.String(), s.Format, s.Table}
	}
	return lines
}
