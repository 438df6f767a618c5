// Package engine stores the datasets, tables and rows of the local BigQuery in one DuckDB file
// and runs queries on them. It knows nothing of HTTP or gRPC: packages rest and write speak those.
//
// Everything is in that one file, so one transaction covers it: the catalog in the DuckDB schema
// seneka_catalog, and a DuckDB schema "project.dataset" for each dataset with a table for each of
// its tables. A view is its text in the catalog, no more. Writers take turns; readers see the
// last committed state and wait for nobody. What a nil error acknowledged is in the write-ahead
// log and survives kill -9.
//
// Names of datasets and tables are case-sensitive as in BigQuery, but DuckDB's are not: a second
// name that differs by case alone is refused.
//
// A value is, by the type of its column: NULL nil, BOOL bool, INT64 int64, FLOAT64 float64,
// STRING and JSON string, NUMERIC and BIGNUMERIC string (decimal text), GEOGRAPHY string (WKT), BYTES
// []byte, TIMESTAMP, DATE and DATETIME time.Time in UTC, TIME time.Duration since midnight, INTERVAL
// row.IntervalValue, RANGE []any of start and end, nil where unbounded, REPEATED []any, STRUCT []any in
// field order.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// The types of a Table.
const (
	TypeTable = "TABLE"
	TypeView  = "VIEW"
)

// Table is a table or view and its metadata, without its rows.
type Table struct {
	Ref row.Table
	row.Spec
	View         string // GoogleSQL text of a view
	Type         string // TypeTable or TypeView
	FriendlyName string
	Location     string
	Labels       map[string]string
	Created      time.Time
	Modified     time.Time // of the metadata; every change makes it later
}

func (t *Table) clone() *Table {
	c := *t
	c.Columns = cloneColumns(t.Columns)
	c.ClusterBy = slices.Clone(t.ClusterBy)
	c.Labels = maps.Clone(t.Labels)
	return &c
}

func cloneColumns(cols []row.Column) []row.Column {
	out := slices.Clone(cols)
	for i := range out {
		out[i].Fields = cloneColumns(out[i].Fields)
	}
	return out
}

// Dataset is a dataset's metadata.
type Dataset struct {
	Project, Name string
	Description   string
	FriendlyName  string
	Location      string
	Labels        map[string]string
	Created       time.Time
	Modified      time.Time // every change makes it later
}

func (d *Dataset) clone() *Dataset {
	c := *d
	c.Labels = maps.Clone(d.Labels)
	return &c
}

// Options bound what the database takes of the machine.
type Options struct {
	MemoryLimit string // as DuckDB reads it, such as "512MB"; empty: 1GB
	Threads     int    // of one statement; 0: 1, for most are small, and two would take turns all the time
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	sql      *sql.DB
	writer   *sql.Conn               // used by the holder of turn
	prepared map[string]*sql.Stmt    // of writer, by their text
	turn     chan struct{}           // holds one token: the right to write
	catalog  atomic.Pointer[catalog] // immutable; replaced by the holder of turn after its commit
	widths   sync.Map                // width by row.Table, for Size
	close    sync.Once
	closed   chan struct{}
}

// Open opens the database file at path and makes it if it is missing; "" keeps all in memory.
// One process at a time can have a file open.
func Open(path string) (*DB, error) { return OpenWith(path, Options{}) }

// OpenWith is Open with bounds of the caller's own.
func OpenWith(path string, o Options) (*DB, error) {
	if o.MemoryLimit == "" {
		o.MemoryLimit = "1GB"
	}
	if o.Threads == 0 {
		o.Threads = 1
	}
	pool, err := openDuckDB(path, o)
	if err != nil {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("open local BigQuery %q: %w", path, err))
	}
	db := &DB{sql: pool, prepared: map[string]*sql.Stmt{}, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	if err := db.start(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("open local BigQuery %q: %w", path, err), pool.Close())
	}
	return db, nil
}

// start locks the settings, so that no SQL reaches the file system, and reads the catalog.
func (db *DB) start(ctx context.Context) error {
	for _, s := range []string{
		"SET GLOBAL TimeZone = 'UTC'",
		// To try these takes two thirds of the time of a checkpoint, and a dictionary mostly does as well.
		"SET disabled_compression_methods = 'fsst,dict_fsst,zstd'",
		// Groups of rows stay as they are: with merging, up to whole tables, some checkpoints of a million rows took forty
		// times as long as the others.
		"SET max_vacuum_tasks = 0",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
		"CREATE SCHEMA IF NOT EXISTS seneka_catalog",
		"CREATE TABLE IF NOT EXISTS seneka_catalog.datasets (project VARCHAR, dataset VARCHAR, meta VARCHAR)",
		"CREATE TABLE IF NOT EXISTS seneka_catalog.tables (project VARCHAR, dataset VARCHAR, name VARCHAR, meta VARCHAR)",
	} {
		if _, err := db.sql.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	c, err := readCatalog(ctx, db.sql)
	if err != nil {
		return err
	}
	db.catalog.Store(c)
	if db.writer, err = db.sql.Conn(ctx); err != nil {
		return err
	}
	db.turn <- struct{}{}
	return registerFunctions(db.writer)
}

// Close waits for the transaction under way and closes the database. Updates after it fail; a
// second Close does nothing.
func (db *DB) Close() (err error) {
	db.close.Do(func() {
		<-db.turn
		close(db.closed)
		for _, s := range db.prepared {
			err = errors.Join(err, s.Close())
		}
		err = errors.Join(err, db.writer.Close(), db.sql.Close())
	})
	return err
}
