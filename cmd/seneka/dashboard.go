package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"google.golang.org/api/googleapi"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud"
	"github.com/seneka-io/seneka/internal/localcloud/dashboard"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/report"
	"github.com/seneka-io/seneka/internal/row"
)

// lastFiles is how many files the dashboard shows.
const lastFiles = 20

// board is the cloud as the dashboard sees it. It counts in the stand-ins and in the load log alone,
// so that it shows the same whether forwarder and loader run in this process or elsewhere.
type board struct {
	cloud    *localcloud.Cloud
	cfg      *config.Config
	datasets []string // project.dataset, each with a load log once a file was loaded into it
	s3       *s3.Client
	bq       *bqquery.Client
}

// startDashboard serves the dashboard of s, which runs.
func (s *stack) startDashboard(ctx context.Context, port int) (err error) {
	b := &board{cloud: s.cloud, cfg: s.cfg, datasets: s.datasets, s3: s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &s.Ready.S3, UsePathStyle: true, Credentials: aws.AnonymousCredentials{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	})}
	if b.bq, err = bqquery.New(ctx, s.Ready.Project, bqquery.EmulatorOptions(readyfile.HostOf(s.Ready.BigQuery))...); err != nil {
		return err
	}
	s.onClose(b.bq.Close)
	s.Ready.Dashboard, err = s.serve("dashboard", port, dashboard.New(b, s.setup()), time.Second)
	return err
}

// setup is what the page offers: buckets, queries to try, and where everything is.
func (s *stack) setup() dashboard.Setup {
	r := s.Ready
	return dashboard.Setup{
		Buckets:  s.buckets,
		Examples: exampleQueries(s.cfg.Sources[0]),
		Endpoints: []dashboard.Endpoint{
			{Name: "S3", Address: r.S3}, {Name: "SQS queue", Address: r.QueueURL}, {Name: "GCS", Address: r.GCS},
			{Name: "Pub/Sub (gRPC)", Address: r.PubSub}, {Name: "BigQuery", Address: r.BigQuery},
			{Name: "BigQuery Storage (gRPC)", Address: r.BigQueryStorage}, {Name: "loader", Address: r.Loader},
			{Name: "configuration", Address: r.Config},
		},
	}
}

// exampleQueries are three queries about a source's tables. Only a table without placeholders has a
// name that is known.
func exampleQueries(src config.Source) []dashboard.Example {
	dataset, _, _ := strings.Cut(src.Table, ".")
	first := dashboard.Example{Title: "Rows by table", SQL: `SELECT table_name, COUNT(*) AS files, SUM(row_count) AS row_count
FROM ` + dataset + `.seneka_loads
WHERE outcome = 'loaded'
GROUP BY table_name ORDER BY row_count DESC`}
	if src.Format == "alb" && !strings.Contains(src.Table, "{") {
		first = dashboard.Example{Title: "Errors by load balancer", SQL: `SELECT elb, COUNT(*) AS requests,
  COUNTIF(elb_status_code >= 500) AS errors_5xx,
  ROUND(COUNTIF(elb_status_code >= 400) / COUNT(*), 3) AS error_ratio
FROM ` + src.Table + `
GROUP BY elb ORDER BY requests DESC LIMIT 20`}
	}
	return []dashboard.Example{first,
		{Title: "Freshness of each file", SQL: `SELECT REGEXP_EXTRACT(source_file, r'[^/]+$') AS file, row_count,
  ROUND(seconds, 3) AS seconds_from_put_to_queryable
FROM ` + dataset + `.seneka_freshness
ORDER BY visible_at DESC LIMIT 20`},
		{Title: "Rejects and why", SQL: `SELECT reason, COUNT(*) AS records, ANY_VALUE(source_file) AS for_example
FROM ` + dataset + `.seneka_rejects
GROUP BY reason ORDER BY records DESC LIMIT 20`},
	}
}

// State implements dashboard.Cloud.
func (b *board) State(ctx context.Context) (dashboard.State, error) {
	stats, err := b.cloud.Stats()
	if err != nil {
		return dashboard.State{}, err
	}
	state := dashboard.State{
		Objects: stats.Objects, Queue: dashboard.Depth(stats.Queue), Landed: stats.Landed, Push: dashboard.Depth(stats.Push),
		Loads: map[string]int64{}, Files: []dashboard.File{},
	}
	for _, dataset := range b.datasets {
		err := b.addTotals(ctx, &state, dataset)
		if errkind.Is(err, errkind.NotFound) {
			continue // nothing was loaded into it yet
		}
		if err == nil {
			err = b.addFiles(ctx, &state, dataset)
		}
		if err != nil {
			return dashboard.State{}, err
		}
	}
	slices.SortStableFunc(state.Files, func(x, y dashboard.File) int { return y.At.Compare(x.At) })
	state.Files = state.Files[:min(len(state.Files), lastFiles)]
	return state, nil
}

func (b *board) addTotals(ctx context.Context, state *dashboard.State, dataset string) error {
	res, err := b.cloud.Query(ctx, "SELECT outcome, COUNT(*), SUM(IFNULL(row_count, 0)), SUM(IFNULL(reject_count, 0)) FROM `"+dataset+".seneka_loads` GROUP BY outcome")
	if err != nil {
		return err
	}
	for _, v := range res.Rows {
		outcome := v[0].(string)
		state.Loads[outcome] += v[1].(int64)
		if outcome == "loaded" {
			state.Rows += v[2].(int64)
			state.Rejects += v[3].(int64)
		}
	}
	return nil
}

func (b *board) addFiles(ctx context.Context, state *dashboard.State, dataset string) error {
	res, err := b.cloud.Query(ctx, `SELECT source_file, IFNULL(table_name, ''), outcome, IFNULL(reason, ''), IFNULL(row_count, 0), IFNULL(reject_count, 0),
  IF(outcome = 'loaded', TIMESTAMP_DIFF(visible_at, event_time, MICROSECOND) / 1000000, NULL), IFNULL(visible_at, started_at) AS ended_at
FROM `+"`"+dataset+".seneka_loads` ORDER BY ended_at DESC LIMIT 20")
	if err != nil {
		return err
	}
	for _, v := range res.Rows {
		state.Files = append(state.Files, fileOf(v))
	}
	return nil
}

func fileOf(v []any) dashboard.File {
	f := dashboard.File{
		File: v[0].(string), Table: v[1].(string), Outcome: v[2].(string), Reason: v[3].(string),
		Rows: v[4].(int64), Rejects: v[5].(int64), At: v[7].(time.Time),
	}
	if seconds, ok := v[6].(float64); ok {
		f.Seconds = &seconds
	}
	return f
}

// Route implements dashboard.Cloud.
func (b *board) Route(bucket, key string) (dashboard.Route, bool) {
	m, ok := b.cfg.Match(object.Source{Bucket: bucket, Key: key})
	if !ok {
		return dashboard.Route{}, false
	}
	return dashboard.Route{Source: m.Source.Name, Format: m.Source.Format, Table: m.Table.Dataset + "." + m.Table.Name}, true
}

// Put implements dashboard.Cloud. The body is not read twice: it is neither hashed nor sent again.
func (b *board) Put(ctx context.Context, bucket, key string, body io.Reader, size int64) error {
	_, err := b.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: body, ContentLength: &size},
		s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware), func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	if api := smithy.APIError(nil); errors.As(err, &api) {
		return errors.New(cmp.Or(api.ErrorMessage(), api.ErrorCode()))
	}
	return err
}

// Query implements dashboard.Cloud.
func (b *board) Query(ctx context.Context, sql string, limit int) (dashboard.Table, error) {
	rows, err := b.bq.Query(ctx, sql)
	if err != nil {
		return dashboard.Table{}, plainError(err)
	}
	t := dashboard.Table{Rows: [][]*string{}}
	for {
		values, ok, err := rows.Next()
		if err != nil {
			return dashboard.Table{}, plainError(err)
		}
		if t.More = ok && len(t.Rows) == limit; !ok || t.More {
			t.Columns = columnsOf(rows.Columns)
			return t, nil
		}
		t.Rows = append(t.Rows, cellsOf(values, rows.Columns))
	}
}

// Report implements dashboard.Cloud.
func (b *board) Report(ctx context.Context, since string) ([]byte, error) {
	now := time.Now()
	from, err := backfill.ParseTime(since, now, false)
	if err != nil {
		return nil, err
	}
	r, err := readReport(ctx, b.bq, b.cfg.Project, report.Question{Logs: logsOf(b.datasets), Since: from, Until: now})
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = r.HTML(&page)
	return page.Bytes(), err
}

// cellsOf returns a row's values as they are shown; NULL is nil.
func cellsOf(values []bigquery.Value, columns row.Schema) []*string {
	cells := make([]*string, len(values))
	for i, v := range values {
		if v != nil {
			cells[i] = new(text(v, columns[i], "NULL"))
		}
	}
	return cells
}

func columnsOf(schema row.Schema) []dashboard.Column {
	columns := make([]dashboard.Column, len(schema))
	for i, c := range schema {
		columns[i] = dashboard.Column{Name: c.Name, Numeric: isNumeric(c)}
	}
	return columns
}

// plainError returns what BigQuery says of a query, without the client library's frame.
func plainError(err error) error {
	var status *googleapi.Error
	var job *bigquery.Error
	switch {
	case errors.As(err, &status) && status.Message != "":
		return errors.New(status.Message)
	case errors.As(err, &job):
		return errors.New(job.Message)
	default:
		return err
	}
}
