// Package gsql translates queries of BigQuery's SQL (GoogleSQL) to DuckDB's.
//
// A query goes through four steps, each in files of its own: token.go cuts the text into tokens,
// parse_*.go builds the tree of ast.go, scope.go and types.go give every name and expression its
// meaning and BigQuery type, and emit_*.go with functions_*.go write DuckDB SQL. Every name in the
// output was resolved here and every function comes from the table in functions.go, so nothing of
// DuckDB can be reached that is not listed in docs/local-sql.md: what is not listed is refused.
//
// The SQL needs DuckDB 1.5 with its icu and json extensions linked in, the functions of package
// bignumeric, and a session whose TimeZone is UTC. BigQuery types are held as: BOOL BOOLEAN, INT64 BIGINT, FLOAT64 DOUBLE, STRING VARCHAR,
// BYTES BLOB, DATE DATE, TIMESTAMP TIMESTAMPTZ, DATETIME TIMESTAMP, TIME TIME, NUMERIC
// DECIMAL(38,9), BIGNUMERIC BLOB, JSON JSON, GEOGRAPHY VARCHAR (WKT), INTERVAL INTERVAL, RANGE STRUCT of
// start and end, NULL where unbounded, STRUCT STRUCT, and ARRAY (a REPEATED column) LIST, where a column's NULL reads as an empty array.
package gsql

import (
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// Catalog tells what tables there are.
type Catalog interface {
	// Table returns the named table; ok is false if there is none. Project and dataset are never
	// empty unless Options has no default for them. The two views of a dataset's metadata come as
	// the names "INFORMATION_SCHEMA.TABLES" and "INFORMATION_SCHEMA.COLUMNS".
	Table(t row.Table) (def TableDef, ok bool)
}

// TableDef is what a query needs to know of a table.
type TableDef struct {
	Columns row.Schema
	View    string // the GoogleSQL of a view; empty for a table
	SQLName string // the quoted name that DuckDB reads a table from; unused for a view
}

// Param is a query parameter as the REST API gives it.
type Param struct {
	Name string     // empty for a positional parameter
	Type row.Column // Type, Mode (Repeated for an ARRAY) and Fields (of a STRUCT); Name is not used
	// Value is nil for NULL, a string for a scalar in the text form of the REST API (BYTES in
	// base64), or []any for the elements of an ARRAY or the fields of a STRUCT in order.
	Value any
}

// Options is the surroundings of a query.
type Options struct {
	DefaultProject string
	DefaultDataset string // empty: tables must be named with their dataset
	Catalog        Catalog
	Params         []Param
	Now            time.Time // what CURRENT_TIMESTAMP and its kin return
	User           string    // what SESSION_USER returns
}

// Statement is a translated query.
type Statement struct {
	SQL     string     // one DuckDB SELECT, complete: parameters are in it as literals
	Columns row.Schema // of the result, in order; names are unique without regard to case
	Kind    string     // the REST API's statementType: always SELECT
}

// Translate turns the text of one GoogleSQL query into DuckDB SQL. Its errors are *Error. It keeps
// no state: concurrent calls are safe if the Catalog is.
func Translate(query string, o Options) (*Statement, error) {
	return translate(query, o)
}
