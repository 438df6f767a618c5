package bqquery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// Held calls each with how many rows of each attempt the table holds, of the files that q asks for,
// by one query without the cache, in no order. It returns how many bytes the query read. A table that
// is not there holds nothing.
func (c *Client) Held(ctx context.Context, q load.FilesQuery, each func(load.Held)) (bytes int64, err error) {
	where, params, err := filesWhere(q)
	if err != nil {
		return 0, err
	}
	query := c.bq.Query("SELECT source_file AS `file`, UNIX_MICROS(loaded_at) AS `at`, COUNT(*) AS `held`, COUNT(DISTINCT source_line) AS `lines`" +
		" FROM `" + q.Table.String() + "` WHERE " + where + " GROUP BY source_file, loaded_at")
	query.Parameters = params
	it, bytes, err := c.read(ctx, query)
	if isNotFound(err) {
		return 0, nil
	}
	for err == nil {
		var r struct {
			File        string
			At          bigquery.NullInt64
			Held, Lines int64
		}
		if err = it.Next(&r); err != nil {
			break
		}
		h := load.Held{SourceFile: r.File, Rows: r.Held, Lines: r.Lines}
		if r.At.Valid {
			h.LoadedAt = time.UnixMicro(r.At.Int64).UTC()
		}
		each(h)
	}
	if errors.Is(err, iterator.Done) {
		return bytes, nil
	}
	return 0, classify(fmt.Errorf("count the rows in %s: %w", q.Table, err))
}

// Rows calls each with the rows that q asks for and the columns of the table, in the order of their
// lines, by one query without the cache. The record is good until each returns; its Line is the row's
// source_line. A table that is not there has no rows.
func (c *Client) Rows(ctx context.Context, q load.RowsQuery, each func(columns row.Schema, rec *row.Record) error) error {
	where, params, err := filesWhere(q.FilesQuery)
	if err != nil {
		return err
	}
	if !q.LoadedAt.IsZero() {
		where += " AND loaded_at = TIMESTAMP_MICROS(@loaded_at)"
		params = append(params, bigquery.QueryParameter{Name: "loaded_at", Value: q.LoadedAt.UnixMicro()})
	}
	text := "SELECT * FROM `" + q.Table.String() + "` WHERE " + where + " ORDER BY source_line"
	if q.Limit > 0 {
		text += fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	query := c.bq.Query(text)
	query.Parameters = params
	it, _, err := c.read(ctx, query)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return classify(fmt.Errorf("read the rows in %s: %w", q.Table, err))
	}
	rows := &Rows{Columns: columns(it.Schema), it: it}
	for {
		values, ok, err := rows.Next()
		if err != nil || !ok {
			return err
		}
		rec := row.NewRecord(len(rows.Columns))
		for i := range values {
			if err := setValue(&rec.Values[i], values[i], &rows.Columns[i]); err != nil {
				return fmt.Errorf("column %s of %s: %w", rows.Columns[i].Name, q.Table, err)
			}
		}
		if at := rows.Columns.Index("source_line"); at >= 0 {
			rec.Line = rec.Values[at].Int()
		}
		if err := each(rows.Columns, rec); err != nil {
			return err
		}
	}
}

// Expiration returns how long the table keeps a partition; 0: for ever, or there is no such table.
func (c *Client) Expiration(ctx context.Context, t row.Table) (time.Duration, error) {
	have, err := c.look(ctx, t)
	switch {
	case isNotFound(err):
		return 0, nil
	case err != nil:
		return 0, classify(fmt.Errorf("look at table %s: %w", t, err))
	case have.TimePartitioning == nil:
		return 0, nil
	}
	return time.Duration(have.TimePartitioning.ExpirationMs) * time.Millisecond, nil
}

// read runs a query without the cache and returns how many bytes it read too.
func (c *Client) read(ctx context.Context, query *bigquery.Query) (it *bigquery.RowIterator, bytes int64, err error) {
	query.DisableQueryCache = true
	job, err := query.Run(ctx)
	if err != nil {
		return nil, 0, err
	}
	status, err := job.Wait(ctx)
	if err != nil {
		return nil, 0, err
	}
	if err := status.Err(); err != nil {
		return nil, 0, err
	}
	if status.Statistics != nil {
		bytes = status.Statistics.TotalBytesProcessed
	}
	it, err = job.Read(ctx)
	return it, bytes, err
}

// filesWhere returns the condition of q. Values are parameters; names cannot be.
func filesWhere(q load.FilesQuery) (where string, params []bigquery.QueryParameter, err error) {
	if err := q.Table.Validate(); err != nil {
		return "", nil, errkind.With(errkind.Permanent, err)
	}
	where = "source_file BETWEEN @first AND @last"
	params = []bigquery.QueryParameter{{Name: "first", Value: q.First}, {Name: "last", Value: q.Last}}
	column := q.Partition.Column
	if column == "" {
		return where, params, nil
	}
	if err := (row.Schema{{Name: column, Type: row.Timestamp}}).Validate(); err != nil {
		return "", nil, errkind.With(errkind.Permanent, err)
	}
	from, to := "TIMESTAMP_MICROS(@from)", "TIMESTAMP_MICROS(@to)"
	if q.Type == row.Date || q.Type == row.Datetime {
		from, to = string(q.Type)+"("+from+")", string(q.Type)+"("+to+")"
	}
	where += " AND `" + column + "` BETWEEN " + from + " AND " + to
	return where, append(params, bigquery.QueryParameter{Name: "from", Value: q.Partition.First}, bigquery.QueryParameter{Name: "to", Value: q.Partition.Last}), nil
}
