//go:build cgo

package main

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the driver
)

// openDuckDB returns a DuckDB in memory that uses one thread.
func openDuckDB() (*sql.DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // settings are of a connection
	if _, err := db.Exec("SET threads = 1"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// duckDB counts the values of each column of the file, so that none is left unread.
func duckDB(db *sql.DB, f *file) (done, error) {
	call := fmt.Sprintf("%s('%s', columns={%s}, compression='gzip', %s)", f.duck.reader, f.path, structOf(f.duck.columns), f.duck.options)
	if f.parquet {
		call = "'" + f.path + "'"
	}
	from := f.duck.from
	if from == "" {
		from = "%s"
	}
	var n, values int64
	query := "SELECT count(*), " + sum(f.duck) + " FROM " + fmt.Sprintf(from, call)
	if err := db.QueryRow(query).Scan(&n, &values); err != nil {
		return done{}, fmt.Errorf("%w: %s", err, query)
	}
	return done{n, f.bytes}, nil
}

// parquetOf writes the file's records as Parquet to path.
func parquetOf(db *sql.DB, f *file, path string) error {
	call := fmt.Sprintf("%s('%s', columns={%s}, compression='gzip', %s)", f.duck.reader, f.path, structOf(f.duck.columns), f.duck.options)
	_, err := db.Exec("COPY (SELECT * FROM " + call + ") TO '" + path + "' (FORMAT parquet, COMPRESSION zstd)")
	return err
}

// structOf returns name TYPE, ... as the struct that DuckDB's readers take.
func structOf(columns string) string {
	var all []string
	for _, c := range split(columns) {
		name, kind, _ := strings.Cut(c, " ")
		all = append(all, fmt.Sprintf("'%s': '%s'", strings.Trim(name, `"`), kind))
	}
	return strings.Join(all, ", ")
}

// sum returns the number of values in all columns.
func sum(d duck) string {
	var all []string
	for _, c := range split(d.columns) {
		name, _, _ := strings.Cut(c, " ")
		name = strings.Trim(name, `"`)
		if d.from != "" && name == "logEvents" {
			name = "event"
		}
		all = append(all, `count("`+name+`")`)
	}
	return strings.Join(all, " + ")
}

// split returns the columns of name TYPE, ..., which may be nested.
func split(columns string) (all []string) {
	depth, from := 0, 0
	for i, c := range columns + "," {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				all = append(all, strings.TrimSpace(columns[from:i]))
				from = i + 1
			}
		}
	}
	return all
}
