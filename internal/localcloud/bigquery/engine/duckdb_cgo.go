//go:build cgo

package engine

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// checkpointAt is how long the write-ahead log gets before it is worked into the file. Nothing can be written
// meanwhile: more at a time have loads wait for seconds, less have them wait all the time.
const checkpointAt = "32MB"

// openDuckDB opens the file at path, or memory if path is "". No extension is ever fetched: what
// is used is linked in.
func openDuckDB(path string, o Options) (*sql.DB, error) {
	q := url.Values{
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"memory_limit":                 {o.MemoryLimit},
		"checkpoint_threshold":         {checkpointAt},
		"threads":                      {strconv.Itoa(o.Threads)},
	}
	if strings.ContainsAny(path, "?%") {
		return nil, errors.New("the driver cannot open a path with '?' or '%': choose another")
	}
	c, err := duckdb.NewConnector(path+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// appendRows appends rows to a table within the transaction that is open on conn.
func appendRows(conn driver.Conn, schema, table string, rows [][]driver.Value) (err error) {
	a, err := duckdb.NewAppenderFromConn(conn, schema, table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	for _, r := range rows {
		if err := a.AppendRow(r...); err != nil {
			return err
		}
	}
	return nil
}

// decimalText returns the text of a DuckDB DECIMAL, without trailing zeros.
func decimalText(v any) (string, bool) {
	d, ok := v.(duckdb.Decimal)
	if !ok {
		return "", false
	}
	return d.String(), true
}

// duckInterval and intervalValue are between the two forms of an INTERVAL, which are the same.
func duckInterval(v row.IntervalValue) any {
	return duckdb.Interval{Months: v.Months, Days: v.Days, Micros: v.Micros}
}

func intervalValue(v any) (row.IntervalValue, bool) {
	i, ok := v.(duckdb.Interval)
	return row.IntervalValue{Months: i.Months, Days: i.Days, Micros: i.Micros}, ok
}

// registerFunctions makes the functions known that the SQL of package gsql calls.
func registerFunctions(c *sql.Conn) error { return bignumeric.Register(c) }

// refusal returns DuckDB's word on a statement or its data. ok is false if it was the database or
// the machine that failed.
func refusal(err error) (text string, ok bool) {
	var e *duckdb.Error
	if !errors.As(err, &e) {
		return "", false
	}
	switch e.Type {
	case duckdb.ErrorTypeInternal, duckdb.ErrorTypeIO, duckdb.ErrorTypeFatal, duckdb.ErrorTypeOutOfMemory,
		duckdb.ErrorTypeConnection, duckdb.ErrorTypeNetwork, duckdb.ErrorTypeTransaction, duckdb.ErrorTypeInterrupt:
		return "", false
	}
	return e.Msg, true
}
