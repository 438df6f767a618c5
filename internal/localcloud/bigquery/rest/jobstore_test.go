package rest

import (
	"fmt"
	"testing"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

func finishedJob(id string, rows int) *job {
	j := &job{project: "local", id: id, done: make(chan struct{}), result: &engine.Result{Rows: make([][]any, rows)}}
	close(j.done)
	return j
}

func TestStoreKeepsTheLatestJobs(t *testing.T) {
	s := newJobStore()
	running := &job{project: "local", id: "running", done: make(chan struct{})}
	if _, err := s.add(running); err != nil {
		t.Fatal(err)
	}
	for i := range keptJobs + 10 {
		if _, err := s.add(finishedJob(fmt.Sprint("j", i), 1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.all("local")); n != keptJobs+1 {
		t.Errorf("%d jobs are kept, want %d and the running one", n, keptJobs)
	}
	if _, err := s.get("local", "running"); err != nil {
		t.Errorf("a running job was forgotten: %v", err)
	}
	if _, err := s.get("local", "j0"); err == nil {
		t.Error("the oldest job is still there")
	}
}

func TestStoreBoundsRows(t *testing.T) {
	s := newJobStore()
	for _, id := range []string{"a", "b", "c"} {
		if _, err := s.add(finishedJob(id, keptRows/2+1)); err != nil {
			t.Fatal(err)
		}
	}
	list := s.all("local")
	if len(list) != 1 || list[0].id != "c" {
		t.Errorf("%d jobs are kept, want the newest alone", len(list))
	}
}
