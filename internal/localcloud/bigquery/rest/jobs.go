package rest

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"time"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

// jobID is what a client may call a job.
var jobID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,1000}$`)

// insertJob starts a query job, or checks the query if it is a dry run.
func (s *server) insertJob(r *request) (any, error) {
	var in bq.Job
	var extra struct {
		Configuration struct {
			Query struct {
				QueryParameters []parameter `json:"queryParameters"`
			} `json:"query"`
		} `json:"configuration"`
	}
	if err := r.body(&in, &extra); err != nil {
		return nil, err
	}
	if in.Configuration == nil || in.Configuration.Query == nil {
		return nil, &apiError{code: http.StatusNotImplemented, reason: "notImplemented",
			message: "the local BigQuery runs query jobs only: configuration.query is missing"}
	}
	j, err := newJob(r.project, in.Configuration, extra.Configuration.Query.QueryParameters)
	if err != nil {
		return nil, err
	}
	if in.JobReference != nil && in.JobReference.JobId != "" {
		j.id = in.JobReference.JobId
	}
	if !jobID.MatchString(j.id) {
		return nil, badRequest("Invalid job ID %q: use letters, digits, underscores and dashes", j.id)
	}
	if in.Configuration.DryRun {
		return s.dryRun(r.Context(), j)
	}
	if _, err := s.start(r.Context(), j); err != nil {
		return nil, err
	}
	return j.json(), nil
}

// newJob checks the configuration of a query job.
func newJob(project string, c *bq.JobConfiguration, params []parameter) (*job, error) {
	q := c.Query
	if err := onlySelect(q); err != nil {
		return nil, err
	}
	values, err := queryParams(params)
	if err != nil {
		return nil, err
	}
	j := &job{
		project: project, id: "job_" + rand.Text(), config: c, created: time.Now(), done: make(chan struct{}),
		query: engine.Query{SQL: q.Query, DefaultProject: project, Params: values, DryRun: c.DryRun},
	}
	c.JobType, q.Priority = "QUERY", "INTERACTIVE"
	if d := q.DefaultDataset; d != nil {
		j.query.DefaultDataset = d.DatasetId
		if d.ProjectId != "" {
			j.query.DefaultProject = d.ProjectId
		}
	}
	return j, nil
}

// onlySelect refuses what a query job could do beside returning rows.
func onlySelect(q *bq.JobConfigurationQuery) error {
	const not = "the local BigQuery does not have %s"
	switch {
	case q.Query == "":
		return badRequest("Required parameter is missing: query")
	case q.UseLegacySql == nil || *q.UseLegacySql:
		return badRequest(not, "legacy SQL: set useLegacySql to false (bq: --nouse_legacy_sql)")
	case q.DestinationTable != nil:
		return badRequest(not, "destination tables for query results")
	case len(q.TableDefinitions) > 0:
		return badRequest(not, "external tables")
	case len(q.UserDefinedFunctionResources) > 0:
		return badRequest(not, "user-defined functions")
	case q.CreateSession:
		return badRequest(not, "sessions")
	case q.Continuous:
		return badRequest(not, "continuous queries")
	}
	return nil
}

// start enters j and runs it. The job that it returns is another if j's request was sent before.
func (s *server) start(ctx context.Context, j *job) (*job, error) {
	ctx, j.cancel = context.WithCancel(context.WithoutCancel(ctx)) // a job outlives its request
	entered, err := s.jobs.add(j)
	if err != nil || entered != j {
		j.cancel()
		return entered, err
	}
	go s.run(ctx, j)
	return j, nil
}

func (s *server) run(ctx context.Context, j *job) {
	defer close(j.done)
	defer j.cancel()
	result, err := s.db.Query(ctx, j.query)
	j.ended = time.Now()
	if err != nil {
		j.err = asAPIError(err)
		return
	}
	j.result, j.bytes = result, s.bytes(ctx, result)
}

// dryRun answers with a job that was never entered. An error of the query is the request's.
func (s *server) dryRun(ctx context.Context, j *job) (any, error) {
	result, err := s.db.Query(ctx, j.query)
	if err != nil {
		return nil, err
	}
	j.result, j.bytes, j.ended = result, s.bytes(ctx, result), time.Now()
	close(j.done)
	return j.json(), nil
}

// bytes is about what the tables hold that a query read: BigQuery bills less, the columns and
// partitions that it reads. A table that is gone by now counts as nothing.
func (s *server) bytes(ctx context.Context, r *engine.Result) (sum int64) {
	for _, t := range r.Tables {
		if _, n, err := s.db.Size(ctx, t); err == nil {
			sum += n
		}
	}
	return sum
}

func (s *server) getJob(r *request) (any, error) {
	j, err := s.jobs.get(r.project, r.job)
	if err != nil {
		return nil, err
	}
	return j.json(), nil
}

func (s *server) cancelJob(r *request) (any, error) {
	j, err := s.jobs.get(r.project, r.job)
	if err != nil {
		return nil, err
	}
	j.cancel()
	return map[string]any{"kind": "bigquery#jobCancelResponse", "job": j.json()}, nil
}

func (s *server) listJobs(r *request) (any, error) {
	states := r.Form["stateFilter"]
	if states == nil {
		states = r.URL.Query()["stateFilter"]
	}
	list := []*bq.JobListJobs{}
	for _, j := range s.jobs.all(r.project) {
		full := j.json()
		state := full.Status.State
		if len(states) > 0 && !slices.Contains(states, map[string]string{"RUNNING": "running", "DONE": "done"}[state]) {
			continue
		}
		list = append(list, &bq.JobListJobs{Kind: full.Kind, Id: full.Id, JobReference: full.JobReference, State: state,
			Status: full.Status, ErrorResult: full.Status.ErrorResult, Configuration: full.Configuration,
			Statistics: full.Statistics, UserEmail: full.UserEmail})
	}
	page, next, err := pageOf(r, list)
	return &bq.JobList{Kind: "bigquery#jobList", Etag: "local", Jobs: page, NextPageToken: next}, err
}
