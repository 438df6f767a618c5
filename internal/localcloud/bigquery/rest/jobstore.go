package rest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

// What is kept: so many jobs, and of the finished ones so many rows of results in all; the oldest
// go first.
const (
	keptJobs = 1000
	keptRows = 1_000_000
)

// job is a query job. Its outcome is set before done is closed, and read after.
type job struct {
	project, id string
	requestID   string // of jobs.query; empty: none
	config      *bq.JobConfiguration
	query       engine.Query
	created     time.Time
	cancel      context.CancelFunc
	done        chan struct{}

	ended  time.Time
	result *engine.Result // nil if it failed
	bytes  int64          // of the tables that it read
	err    *apiError
}

// finished reports whether the outcome is there.
func (j *job) finished() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// wait returns when j is finished, after d, or when ctx ends.
func (j *job) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-j.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// jobStore keeps jobs. It is safe for concurrent use.
type jobStore struct {
	mu   sync.Mutex
	list []*job // oldest first
}

func newJobStore() *jobStore { return &jobStore{} }

// add enters j, unless there is one of its request ID, which it returns instead: the client sent
// its request again. A second job of one ID is refused.
func (s *jobStore) add(j *job) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.list {
		switch {
		case old.project != j.project:
		case j.requestID != "" && old.requestID == j.requestID:
			return old, nil
		case old.id == j.id:
			return nil, &apiError{code: http.StatusConflict, reason: engine.ReasonDuplicate,
				message: "Already Exists: Job " + jobName(j.project, j.id)}
		}
	}
	s.list = append(s.list, j)
	s.trim()
	return j, nil
}

// trim forgets the oldest finished jobs beyond what is kept, but never the newest.
func (s *jobStore) trim() {
	rows, count := 0, 0
	for i, j := range slices.Backward(s.list) {
		count++
		if j.finished() && j.result != nil {
			rows += len(j.result.Rows)
		}
		if i < len(s.list)-1 && j.finished() && (count > keptJobs || rows > keptRows) {
			s.list = slices.Delete(s.list, i, i+1)
		}
	}
}

func (s *jobStore) get(project, id string) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.list {
		if j.project == project && j.id == id {
			return j, nil
		}
	}
	return nil, &apiError{code: http.StatusNotFound, reason: engine.ReasonNotFound,
		message: "Not found: Job " + jobName(project, id)}
}

// all returns a project's jobs, newest first.
func (s *jobStore) all(project string) []*job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*job
	for _, j := range slices.Backward(s.list) {
		if j.project == project {
			list = append(list, j)
		}
	}
	return list
}

func jobName(project, id string) string { return project + ":" + engine.DefaultLocation + "." + id }
