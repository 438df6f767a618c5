package bqquery

import (
	"context"
	"errors"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// Rows is the result of a query. For one goroutine.
type Rows struct {
	Columns row.Schema // known once Next was called
	it      *bigquery.RowIterator
}

// Query runs one GoogleSQL query and waits for its result.
func (c *Client) Query(ctx context.Context, sql string) (*Rows, error) {
	it, err := c.bq.Query(sql).Read(ctx)
	if err != nil {
		return nil, classify(err)
	}
	return &Rows{Columns: columns(it.Schema), it: it}, nil
}

// Next returns the next row's values, one per column, or false behind the last. A value is nil,
// bool, int64, float64, string, []byte, *big.Rat, time.Time, a civil date or time,
// *bigquery.IntervalValue, *bigquery.RangeValue, or, for REPEATED and STRUCT columns,
// []bigquery.Value of these.
func (r *Rows) Next() (values []bigquery.Value, ok bool, err error) {
	err = r.it.Next(&values)
	if r.Columns == nil {
		r.Columns = columns(r.it.Schema)
	}
	if errors.Is(err, iterator.Done) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, classify(err)
	}
	return values, true, nil
}

// columns turns the client library's schema into Seneka's columns.
func columns(s bigquery.Schema) row.Schema {
	var cols row.Schema
	for _, f := range s {
		c := row.Column{Name: f.Name, Type: sqlType(f.Type), Description: f.Description, Fields: columns(f.Schema)}
		switch {
		case f.Repeated:
			c.Mode = row.Repeated
		case f.Required:
			c.Mode = row.Required
		}
		if f.RangeElementType != nil {
			c.RangeElement = row.Type(f.RangeElementType.Type)
		}
		cols = append(cols, c)
	}
	return cols
}

// Ask runs one GoogleSQL query and calls each with the values of every row, as Next returns them. A
// table that is not there is errkind.NotFound.
func (c *Client) Ask(ctx context.Context, sql string, each func(values []any) error) error {
	rows, err := c.Query(ctx, sql)
	if isNotFound(err) {
		return errkind.With(errkind.NotFound, err)
	}
	if err != nil {
		return err
	}
	for {
		values, ok, err := rows.Next()
		if err != nil || !ok {
			return err
		}
		plain := make([]any, len(values))
		for i, v := range values {
			plain[i] = v
		}
		if err := each(plain); err != nil {
			return err
		}
	}
}
