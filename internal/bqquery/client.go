// Package bqquery is the adapter to BigQuery's REST API: tables, views and queries.
package bqquery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/bigquery"
	"github.com/googleapis/gax-go/v2"
	rest "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/googlehttp"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// Client talks to BigQuery. It is made once per process, safe for concurrent use, and closed.
type Client struct {
	conn     *googlehttp.Client
	bq       *bigquery.Client
	tables   *rest.TablesService // for what the library above would lose of a table that it writes back
	policies *rest.RowAccessPoliciesService
	pause    gax.Backoff // between two tries to make or change a table

	maxHistory int // records of one answer of Loads
}

// EmulatorOptions returns the options that connect to a stand-in for the REST API at host:port,
// without credentials.
func EmulatorOptions(hostport string) []option.ClientOption {
	return []option.ClientOption{option.WithEndpoint("http://" + hostport + "/bigquery/v2/"), option.WithoutAuthentication()}
}

// New connects to BigQuery; queries run in the project.
func New(ctx context.Context, project string, opts ...option.ClientOption) (*Client, error) {
	conn, err := googlehttp.New(ctx, bigquery.Scope, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to BigQuery: %w", err)
	}
	opts = append(slices.Clone(opts), option.WithHTTPClient(conn.Client))
	bq, err := bigquery.NewClient(ctx, project, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to BigQuery: %w", err)
	}
	service, err := rest.NewService(ctx, opts...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to BigQuery: %w", err), bq.Close())
	}
	pause := gax.Backoff{Initial: time.Second, Max: 8 * time.Second, Multiplier: 2}
	return &Client{conn: conn, bq: bq, tables: service.Tables, policies: service.RowAccessPolicies, pause: pause, maxHistory: maxHistory}, nil
}

// Close releases the client's connections.
func (c *Client) Close() error {
	defer c.conn.Close()
	return c.bq.Close()
}

// EnsureDataset makes a dataset unless there is one.
func (c *Client) EnsureDataset(ctx context.Context, project, dataset string) error {
	ctx, cancel := context.WithTimeout(ctx, ensureLimit)
	defer cancel()
	err := c.bq.DatasetInProject(project, dataset).Create(ctx, &bigquery.DatasetMetadata{})
	if err != nil && statusCode(err) != http.StatusConflict {
		return classify(fmt.Errorf("dataset %s.%s: %w", project, dataset, err))
	}
	return nil
}

// Count implements load.Counter.
func (c *Client) Count(ctx context.Context, q load.CountQuery) (recorded bool, rows int64, err error) {
	query, err := c.countQuery(q)
	if err != nil {
		return false, 0, err
	}
	var counts struct{ Recorded, Held int64 }
	it, err := query.Read(ctx)
	if err == nil {
		err = it.Next(&counts) // an answer without a row is an error, and no count of 0
	}
	if err != nil {
		return false, 0, classify(fmt.Errorf("count rows of %s in %s: %w", q.SourceFile, q.Table, err))
	}
	return counts.Recorded > 0, counts.Held, nil
}

// countQuery builds the query of both counts. Values are parameters; names cannot be.
func (c *Client) countQuery(q load.CountQuery) (*bigquery.Query, error) {
	if err := checkNames(q); err != nil {
		return nil, errkind.With(errkind.Permanent, err)
	}
	within := ""
	params := []bigquery.QueryParameter{
		{Name: "attempt", Value: q.Attempt},
		{Name: "file", Value: q.SourceFile},
		{Name: "loaded_at", Value: q.LoadedAt},
	}
	if q.PartitionBy != "" {
		within = " AND `" + q.PartitionBy + "` BETWEEN TIMESTAMP_MICROS(@first) AND TIMESTAMP_MICROS(@last)"
		params = append(params, bigquery.QueryParameter{Name: "first", Value: q.First}, bigquery.QueryParameter{Name: "last", Value: q.Last})
	}
	query := c.bq.Query("SELECT" +
		" (SELECT COUNT(*) FROM `" + q.Log.String() + "` WHERE attempt = @attempt AND outcome = 'loaded' AND loaded_at = TIMESTAMP_MICROS(@loaded_at)) AS recorded," +
		" (SELECT COUNT(*) FROM `" + q.Table.String() + "` WHERE source_file = @file AND loaded_at = TIMESTAMP_MICROS(@loaded_at)" + within + ") AS held")
	query.Parameters = params
	query.DisableQueryCache = true
	return query, nil
}

// checkNames refuses what would end the quoted name that it stands in.
func checkNames(q load.CountQuery) error {
	errs := []error{q.Table.Validate(), q.Log.Validate()}
	if q.PartitionBy != "" {
		errs = append(errs, row.Schema{{Name: q.PartitionBy, Type: row.Timestamp}}.Validate())
	}
	return errors.Join(errs...)
}

// sqlType returns the GoogleSQL name of a type that the REST API may name otherwise.
func sqlType(t bigquery.FieldType) row.Type {
	switch t {
	case bigquery.BooleanFieldType:
		return row.Bool
	case bigquery.IntegerFieldType:
		return row.Int64
	case bigquery.FloatFieldType:
		return row.Float64
	case bigquery.RecordFieldType:
		return row.Struct
	default:
		return row.Type(t)
	}
}

// statusCode returns the HTTP status of an API error; 0 for any other.
func statusCode(err error) int {
	var api *googleapi.Error
	if errors.As(err, &api) {
		return api.Code
	}
	return 0
}

// classify gives an error of the API its kind; another one keeps its own.
func classify(err error) error {
	switch statusCode(err) {
	case http.StatusNotFound:
		return errkind.With(errkind.NotFound, err)
	case http.StatusBadRequest:
		return errkind.With(errkind.Permanent, err)
	default:
		return err
	}
}
