package engine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/gsql"
	"github.com/seneka-io/seneka/internal/row"
)

// Query is a GoogleSQL query.
type Query struct {
	SQL            string
	DefaultProject string // of tables that are named without one
	DefaultDataset string // of tables that are named without one; empty: that is an error
	Params         []gsql.Param
	DryRun         bool // check the query and describe its rows, no more
}

// Result is what a query returned.
type Result struct {
	Schema row.Schema
	Rows   [][]any     // see the package comment for the Go types
	Tables []row.Table // that the query reads, through views too, sorted
	Kind   string      // the REST API's statementType
}

// user is what SESSION_USER returns.
const user = "local@seneka.invalid"

// Query runs a query on the last committed state. What is wrong with the query or with what it
// computes is a Permanent *Error. Nothing reaches DuckDB that gsql did not translate.
func (db *DB) Query(ctx context.Context, q Query) (*Result, error) {
	tables := &tableLookup{catalog: db.catalog.Load()}
	st, err := gsql.Translate(q.SQL, gsql.Options{
		DefaultProject: q.DefaultProject,
		DefaultDataset: q.DefaultDataset,
		Catalog:        tables,
		Params:         q.Params,
		Now:            time.Now().UTC().Truncate(time.Microsecond),
		User:           user,
	})
	if err != nil {
		return nil, queryError(err)
	}
	res := &Result{Schema: st.Columns, Tables: tables.seen, Kind: st.Kind}
	if q.DryRun {
		return res, db.prepare(ctx, st.SQL)
	}
	res.Rows, err = db.read(ctx, st.SQL, st.Columns)
	return res, err
}

// Rows returns up to limit rows of a table from the start-th on, in the order they were written,
// with the columns cols of its schema. NotFound without the table.
func (db *DB) Rows(ctx context.Context, ref row.Table, cols row.Schema, start, limit int) ([][]any, error) {
	if _, err := db.catalog.Load().table(ref); err != nil {
		return nil, err
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = quote(c.Name)
	}
	query := fmt.Sprintf("SELECT %s FROM %s LIMIT %d OFFSET %d", strings.Join(names, ", "), duckName(ref), limit, start)
	return db.read(ctx, query, cols)
}

// prepare has DuckDB check a query without running it.
func (db *DB) prepare(ctx context.Context, query string) error {
	st, err := db.sql.PrepareContext(ctx, query)
	if err != nil {
		return queryError(interrupted(ctx, err))
	}
	return st.Close()
}

// read runs DuckDB SQL whose columns are cols and returns its rows.
func (db *DB) read(ctx context.Context, query string, cols row.Schema) ([][]any, error) {
	rows, err := db.sql.QueryContext(ctx, jsonAsText(query, cols))
	if err != nil {
		return nil, queryError(interrupted(ctx, err))
	}
	defer rows.Close()
	list := [][]any{}
	for rows.Next() {
		values, err := scan(rows, cols)
		if err != nil {
			return nil, err
		}
		list = append(list, values)
	}
	if err := rows.Err(); err != nil {
		return nil, queryError(interrupted(ctx, err))
	}
	return list, nil
}

func scan(rows *sql.Rows, cols row.Schema) ([]any, error) {
	values := make([]any, len(cols))
	dest := make([]any, len(cols))
	for i := range values {
		dest[i] = &values[i]
	}
	if err := rows.Scan(dest...); err != nil {
		return nil, err
	}
	for i := range cols {
		v, err := decodeColumn(&cols[i], values[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", cols[i].Name, err)
		}
		values[i] = v
	}
	return values, nil
}

// jsonAsText casts JSON to VARCHAR in query's result: the driver would parse it and lose digits.
func jsonAsText(query string, cols row.Schema) string {
	if !slices.ContainsFunc(cols, holdsJSON) {
		return query
	}
	list := make([]string, len(cols))
	for i, c := range cols {
		list[i] = quote(c.Name)
		if holdsJSON(c) {
			t := duckType(textColumn(c))
			list[i] = "CAST(" + quote(c.Name) + " AS " + t + ") AS " + quote(c.Name)
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + query + ")"
}

func holdsJSON(c row.Column) bool {
	return c.Type == row.JSON || slices.ContainsFunc(c.Fields, holdsJSON)
}

// textColumn is c with STRING in place of JSON.
func textColumn(c row.Column) row.Column {
	if c.Type == row.JSON {
		c.Type = row.String
	}
	fields := slices.Clone(c.Fields)
	for i := range fields {
		fields[i] = textColumn(fields[i])
	}
	c.Fields = fields
	return c
}

// interrupted returns the context's error once it has ended: the driver returns that or, at times, DuckDB's own.
func interrupted(ctx context.Context, err error) error { return cmp.Or(ctx.Err(), err) }

// queryError words a refusal by gsql or DuckDB as BigQuery would. Other errors stay as they are.
func queryError(err error) error {
	var g *gsql.Error
	if errors.As(err, &g) {
		kind := errkind.Permanent
		if g.Reason == ReasonNotFound {
			kind = errkind.NotFound
		}
		return errkind.With(kind, &Error{Reason: cmp.Or(g.Reason, ReasonInvalidQuery), Message: g.Message, Location: "query"})
	}
	if text, ok := refusal(err); ok {
		return errkind.With(errkind.Permanent, &Error{Reason: ReasonInvalidQuery, Message: gsql.RuntimeMessage(text), Location: "query"})
	}
	return fmt.Errorf("query: %w", err)
}
