package bqquery

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// maxHistory is how many records one question is answered with: some gigabytes in the caller's memory.
const maxHistory = 10_000_000

// errHistory is an answer that is longer.
var errHistory = errkind.With(errkind.Permanent, fmt.Errorf("the load log has over %d records of these files: ask for fewer, by a longer prefix", maxHistory))

// Loads calls each with what became of the files that q asks for, one call for each file, version,
// table and outcome, by one query without the cache. A log that is not there holds nothing. The
// query reads the clusters of these names in the partitions since q.LoadedSince. Of a Record it
// fills SourceFile, Version, Table, Outcome, Reason, Rows and Rejects.
func (c *Client) Loads(ctx context.Context, q load.HistoryQuery, each func(load.Record)) error {
	query, err := c.historyQuery(q)
	if err != nil {
		return err
	}
	type answer struct {
		File, Etag, Table, Outcome string
		Size, Held, Rejected       int64
		Reason                     bigquery.NullString
	}
	return eachRow(ctx, query, c.maxHistory, func(r answer) {
		each(load.Record{
			SourceFile: r.File, Version: object.Version{ETag: r.Etag, Size: r.Size}, Table: r.Table,
			Outcome: load.Outcome(r.Outcome), Reason: r.Reason.StringVal, Rows: r.Held, Rejects: r.Rejected,
		})
	})
}

// eachRow calls each with the rows of a query of a load log, at most most of them. A log that is not
// there has none.
func eachRow[T any](ctx context.Context, query *bigquery.Query, most int, each func(T)) error {
	it, err := query.Read(ctx)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return classify(err)
	}
	for n := 0; ; n++ {
		var r T
		switch err := it.Next(&r); {
		case errors.Is(err, iterator.Done):
			return nil
		case err != nil:
			return classify(err)
		case n >= most:
			return errHistory
		}
		each(r)
	}
}

// historyQuery builds the query. Values are parameters; names cannot be.
func (c *Client) historyQuery(q load.HistoryQuery) (*bigquery.Query, error) {
	if err := q.Log.Validate(); err != nil {
		return nil, errkind.With(errkind.Permanent, err)
	}
	copied := ""
	params := []bigquery.QueryParameter{
		{Name: "first", Value: q.First}, {Name: "last", Value: q.Last},
		{Name: "loaded", Value: q.LoadedSince.UnixMicro()},
	}
	if !q.ForwardedSince.IsZero() {
		copied = " AND forwarded_at >= TIMESTAMP_MICROS(@forwarded)"
		params = append(params, bigquery.QueryParameter{Name: "forwarded", Value: q.ForwardedSince.UnixMicro()})
	}
	query := c.bq.Query("SELECT source_file AS `file`, COALESCE(etag, '') AS `etag`, size AS `size`, table_name AS `table`, outcome AS `outcome`," +
		" MAX(reason) AS `reason`, MAX(row_count) AS `held`, MAX(reject_count) AS `rejected`" +
		" FROM `" + q.Log.String() + "`" +
		" WHERE source_file BETWEEN @first AND @last AND loaded_at >= TIMESTAMP_MICROS(@loaded)" + copied +
		" GROUP BY source_file, etag, size, table_name, outcome")
	query.Parameters = params
	query.DisableQueryCache = true
	return query, nil
}

// isNotFound reports whether a table or dataset is not there, as the API says it of a request or of
// a job that has failed.
func isNotFound(err error) bool {
	var job *bigquery.Error
	return statusCode(err) == http.StatusNotFound || errors.As(err, &job) && job.Reason == "notFound"
}
