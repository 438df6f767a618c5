package rest

import (
	"encoding/json"
	"strconv"
	"time"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

// Bounds of a page of rows in bytes, and of the wait for a job that asks for none.
const (
	maxPage     = 10 << 20
	defaultWait = 10 * time.Second
	longestWait = 200 * time.Second
)

// queryResponse answers jobs.query and jobs.getQueryResults.
type queryResponse struct {
	Kind                string            `json:"kind"`
	Etag                string            `json:"etag,omitempty"`
	Schema              *bq.TableSchema   `json:"schema,omitempty"`
	JobReference        *bq.JobReference  `json:"jobReference,omitempty"`
	Location            string            `json:"location,omitempty"`
	TotalRows           string            `json:"totalRows,omitempty"`
	PageToken           string            `json:"pageToken,omitempty"`
	Rows                []json.RawMessage `json:"rows,omitempty"`
	TotalBytesProcessed string            `json:"totalBytesProcessed,omitempty"`
	JobComplete         bool              `json:"jobComplete"`
	CacheHit            bool              `json:"cacheHit"`
}

// query runs a query and answers with its first rows.
func (s *server) query(r *request) (any, error) {
	var in bq.QueryRequest
	var extra struct {
		MaxResults      *int        `json:"maxResults"`
		TimeoutMs       *int64      `json:"timeoutMs"`
		QueryParameters []parameter `json:"queryParameters"`
	}
	if err := r.body(&in, &extra); err != nil {
		return nil, err
	}
	form := seconds
	if f := in.FormatOptions; f != nil {
		var err error
		if form, err = timestampForm(strconv.FormatBool(f.UseInt64Timestamp), f.TimestampOutputFormat); err != nil {
			return nil, err
		}
	}
	j, err := newJob(r.project, queryConfiguration(&in), extra.QueryParameters)
	if err != nil {
		return nil, err
	}
	j.requestID = in.RequestId
	if in.DryRun {
		return s.dryQuery(r, j)
	}
	if j, err = s.start(r.Context(), j); err != nil {
		return nil, err
	}
	j.wait(r.Context(), waitTime(extra.TimeoutMs))
	limit := maxRows
	if extra.MaxResults != nil && *extra.MaxResults > 0 {
		limit = min(*extra.MaxResults, maxRows)
	}
	return j.response("bigquery#queryResponse", form, 0, limit)
}

// queryConfiguration is the job that jobs.query asks for.
func queryConfiguration(in *bq.QueryRequest) *bq.JobConfiguration {
	return &bq.JobConfiguration{DryRun: in.DryRun, Labels: in.Labels, Query: &bq.JobConfigurationQuery{
		Query: in.Query, UseLegacySql: in.UseLegacySql, DefaultDataset: in.DefaultDataset, ParameterMode: in.ParameterMode,
		QueryParameters: in.QueryParameters, CreateSession: in.CreateSession, Continuous: in.Continuous,
	}}
}

func (s *server) dryQuery(r *request, j *job) (any, error) {
	if _, err := s.dryRun(r.Context(), j); err != nil {
		return nil, err
	}
	out, err := j.response("bigquery#queryResponse", seconds, 0, 0)
	if err != nil {
		return nil, err
	}
	out.TotalRows = ""
	out.JobReference.JobId = "" // there is no job to ask about
	return out, nil
}

// queryResults answers with a page of a job's rows.
func (s *server) queryResults(r *request) (any, error) {
	j, err := s.jobs.get(r.project, r.job)
	if err != nil {
		return nil, err
	}
	limit, err := r.limit(maxRows)
	if err != nil {
		return nil, err
	}
	start, err := r.start()
	if err != nil {
		return nil, err
	}
	form, err := timestampForm(r.FormValue("formatOptions.useInt64Timestamp"), r.FormValue("formatOptions.timestampOutputFormat"))
	if err != nil {
		return nil, err
	}
	var timeout *int64
	if text := r.FormValue("timeoutMs"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, badRequest("Invalid value for timeoutMs: %q", text)
		}
		timeout = &ms
	}
	j.wait(r.Context(), waitTime(timeout))
	return j.response("bigquery#getQueryResultsResponse", form, start, limit)
}

// waitTime is how long a client lets a query run before it wants an answer.
func waitTime(ms *int64) time.Duration {
	if ms == nil {
		return defaultWait
	}
	return min(max(time.Duration(*ms)*time.Millisecond, 0), longestWait)
}

// response is a page of j's rows, or word that it still runs; its error if it failed.
func (j *job) response(kind string, form timestamps, start, limit int) (*queryResponse, error) {
	out := &queryResponse{Kind: kind, Etag: "local", JobReference: j.reference(), Location: engine.DefaultLocation}
	if !j.finished() {
		return out, nil
	}
	if j.err != nil {
		return nil, j.err
	}
	rows := j.result.Rows
	start = min(start, len(rows))
	page, err := form.page(j.result.Schema, rows[start:min(start+limit, len(rows))])
	if err != nil {
		return nil, err
	}
	if next := start + len(page); next < len(rows) && limit > 0 {
		out.PageToken = pageToken(next)
	}
	out.JobComplete, out.Rows, out.Schema = true, page, schemaJSON(j.result.Schema)
	out.TotalRows = strconv.Itoa(len(rows))
	out.TotalBytesProcessed = strconv.FormatInt(j.bytes, 10)
	return out, nil
}

// page writes rows until they are enough for one answer, and at least one if there are any.
func (f timestamps) page(cols row.Schema, rows [][]any) ([]json.RawMessage, error) {
	list, size := []json.RawMessage{}, 0
	for _, values := range rows {
		text, err := f.rowJSON(cols, values)
		if err != nil {
			return nil, err
		}
		if size += len(text); size > maxPage && len(list) > 0 {
			break
		}
		list = append(list, text)
	}
	return list, nil
}
