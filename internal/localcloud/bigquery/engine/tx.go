package engine

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// Tx is the one write transaction that is open. It is used by one goroutine and ends when the
// function that got it returns.
type Tx struct {
	db   *DB
	cat  *catalog
	held map[row.Table]*held
	err  error // the first failure: what follows it in the transaction is void
}

// held is rows of a table that DuckDB has not yet: each appender costs as much as many rows.
type held struct {
	rows  [][]driver.Value
	bytes int // of their texts
}

// maxHeld and maxHeldBytes bound what is held of a table.
const (
	maxHeld      = 2048
	maxHeldBytes = 8 << 20
)

// Update runs fn in a write transaction, after those of other callers. When it returns nil, what
// fn wrote is durable and visible; on any error, fn's or the database's, nothing of it is.
func (db *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	if err := db.acquire(ctx); err != nil {
		return err
	}
	defer db.release()
	return db.transact(ctx, fn)
}

func (db *DB) acquire(ctx context.Context) error {
	select {
	case <-db.turn:
		return nil
	case <-db.closed:
		return errors.New("the local BigQuery is closed")
	case <-ctx.Done():
		return fmt.Errorf("wait for the turn to write: %w", ctx.Err())
	}
}

func (db *DB) release() { db.turn <- struct{}{} }

// transact is Update for the holder of turn. BEGIN, COMMIT and ROLLBACK are not to be cut short:
// the connection would be left in a state that nobody knows.
func (db *DB) transact(ctx context.Context, fn func(tx *Tx) error) (err error) {
	whole := context.WithoutCancel(ctx)
	if _, err := db.writer.ExecContext(whole, "BEGIN TRANSACTION"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	open := true
	defer func() {
		if !open {
			return
		}
		if _, rerr := db.writer.ExecContext(whole, "ROLLBACK"); rerr != nil {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rerr))
		}
	}()
	tx := &Tx{db: db, cat: db.catalog.Load(), held: map[row.Table]*held{}}
	if err = fn(tx); err == nil {
		err = tx.Flush(ctx)
	}
	if err = cmp.Or(err, tx.err, ctx.Err()); err != nil {
		return err
	}
	open = false // DuckDB rolls back by itself when a COMMIT fails
	if _, err := db.writer.ExecContext(whole, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Table returns a table's metadata, which do not change before the transaction ends, or NotFound.
func (tx *Tx) Table(ref row.Table) (*Table, error) {
	t, err := tx.cat.table(ref)
	if err != nil {
		return nil, err
	}
	return t.clone(), nil
}

// Append adds rows to table t, at the next Flush or the transaction's end. Each has a value for each
// column in schema order; see the package comment for their Go types. It keeps the values, but not rows.
// Rows that are not of the schema are a Permanent error that names row and column, a missing table
// is NotFound; both leave the transaction void.
func (tx *Tx) Append(ctx context.Context, t row.Table, rows [][]any) error {
	return tx.keep(tx.append(ctx, t, rows))
}

func (tx *Tx) append(ctx context.Context, ref row.Table, rows [][]any) error {
	t, err := tx.cat.table(ref)
	if err != nil {
		return err
	}
	if t.Type != TypeTable {
		return invalid("Cannot append to %s: it is a view", ref)
	}
	if err := cmp.Or(ctx.Err(), tx.err); err != nil || len(rows) == 0 {
		return err
	}
	values, err := encodeRows(t.Columns, rows)
	if err != nil {
		return errkind.With(errkind.Permanent, fmt.Errorf("append to %s: %w", ref, err))
	}
	h := tx.held[ref]
	if h == nil {
		h = &held{}
		tx.held[ref] = h
	}
	h.add(values)
	if len(h.rows) < maxHeld && h.bytes < maxHeldBytes {
		return nil
	}
	return tx.bring(ref)
}

func (h *held) add(rows [][]driver.Value) {
	h.rows = append(h.rows, rows...)
	for _, r := range rows {
		for _, v := range r {
			switch v := v.(type) {
			case string:
				h.bytes += len(v)
			case []byte:
				h.bytes += len(v)
			case json.RawMessage:
				h.bytes += len(v)
			}
		}
	}
}

// Flush brings the rows of all Appends into their tables, so that it is known whether they can be.
// A failure leaves the transaction void.
func (tx *Tx) Flush(ctx context.Context) error {
	for ref := range tx.held {
		if err := cmp.Or(tx.err, ctx.Err()); err != nil {
			return err
		}
		if err := tx.keep(tx.bring(ref)); err != nil {
			return err
		}
	}
	return tx.err
}

// bring brings the rows that are held for a table into it.
func (tx *Tx) bring(ref row.Table) error {
	rows := tx.held[ref].rows
	delete(tx.held, ref)
	err := tx.db.writer.Raw(func(conn any) error {
		return appendRows(conn.(driver.Conn), schemaName(ref.Project, ref.Dataset), ref.Name, rows)
	})
	if err != nil {
		return fmt.Errorf("append to %s: %w", ref, err)
	}
	return nil
}

// Exec runs a DuckDB statement of the caller's own. One with arguments is for tables outside of every dataset: it
// may come before the rows of earlier Appends. A failure leaves the transaction void.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) error {
	if len(args) == 0 {
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		_, err := tx.db.writer.ExecContext(ctx, query)
		return tx.keep(err)
	}
	s, err := tx.db.statement(ctx, query)
	if err != nil {
		return tx.keep(err)
	}
	_, err = s.ExecContext(ctx, args...)
	return tx.keep(err)
}

// statement returns the writer's prepared statement of a text: those with arguments come again and again, and are few.
// The caller holds the turn.
func (db *DB) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := db.prepared[query]; s != nil {
		return s, nil
	}
	s, err := db.writer.PrepareContext(ctx, query)
	if err == nil {
		db.prepared[query] = s
	}
	return s, err
}

// Query runs a DuckDB query of the caller's own, who closes the rows before anything else is done
// with the transaction. It sees what the transaction has done.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := tx.Flush(ctx); err != nil {
		return nil, err
	}
	rows, err := tx.db.writer.QueryContext(ctx, query, args...)
	return rows, tx.keep(err)
}

func (tx *Tx) keep(err error) error {
	tx.err = cmp.Or(tx.err, err)
	return err
}
