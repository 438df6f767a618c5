package backfill

import (
	"maps"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// Progress is how far a run has come in this process.
type Progress struct {
	Files    int            `json:"files"` // that were to be done
	Done     int            `json:"done"`
	Failed   int            `json:"failed"`
	Waiting  int            `json:"waiting"` // handed on; the loader has not said yet what became of them
	Bytes    int64          `json:"bytes"`   // of all files
	Finished int64          `json:"finished_bytes"`
	Rows     int64          `json:"rows"` // that became visible by this run
	Rejects  int64          `json:"rejects"`
	Outcomes map[string]int `json:"outcomes"` // of the files that are done
	After    string         `json:"-"`        // every file up to this key is done
	Elapsed  time.Duration  `json:"-"`
}

// Failure is a file that could not be brought in.
type Failure struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// state is where a file stands.
type state uint8

const (
	toDoState state = iota
	waitingState
	doneState
	failedState
)

// tracker keeps the state of every file. Safe for concurrent use.
type tracker struct {
	files    []File
	finished chan struct{} // closed once every file is done or failed
	onFail   func(Failure) // one at a time

	mu       sync.Mutex
	states   []state
	low      int              // every file before it is done
	waiting  map[int]struct{} // places of the files that wait
	sum      Progress
	failures []Failure
	latest   time.Time // of the last file that was done or failed
}

func newTracker(files []File, onFail func(Failure), now time.Time) *tracker {
	t := &tracker{files: files, finished: make(chan struct{}), onFail: onFail, states: make([]state, len(files)), waiting: map[int]struct{}{}, latest: now}
	t.sum = Progress{Files: len(files), Outcomes: map[string]int{}}
	for _, f := range files {
		t.sum.Bytes += f.Size
	}
	if len(files) == 0 {
		close(t.finished)
	}
	return t
}

// wait notes that a file was handed on.
func (t *tracker) wait(i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.states[i] = waitingState
	t.waiting[i] = struct{}{}
}

// settle notes what became of a file; the first word counts. It reports whether this was it.
func (t *tracker) settle(i int, v verdict, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.states[i]; s == doneState || s == failedState {
		return false
	}
	delete(t.waiting, i)
	t.latest = now
	t.sum.Finished += t.files[i].Size
	t.sum.Rows += v.rows
	t.sum.Rejects += v.rejects
	if v.failed {
		t.states[i] = failedState
		t.sum.Failed++
		f := Failure{t.files[i].Source.String(), v.reason}
		t.failures = append(t.failures, f)
		t.onFail(f)
	} else {
		t.states[i] = doneState
		t.sum.Done++
		t.sum.Outcomes[v.outcome]++
	}
	for t.low < len(t.states) && t.states[t.low] == doneState {
		t.low++
	}
	if t.sum.Done+t.sum.Failed == len(t.files) {
		close(t.finished)
	}
	return true
}

// progress returns the sums.
func (t *tracker) progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.sum
	p.Outcomes = maps.Clone(p.Outcomes)
	p.Waiting = len(t.waiting)
	if t.low > 0 {
		p.After = t.files[t.low-1].Key
	}
	return p
}

// ended reports whether every file is done or failed.
func (t *tracker) ended() bool {
	select {
	case <-t.finished:
		return true
	default:
		return false
	}
}

// quiet returns how long nothing was done, and whether files wait.
func (t *tracker) quiet(now time.Time) (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Sub(t.latest), len(t.waiting) > 0
}

// waits reports whether a file was handed on and is not done.
func (t *tracker) waits(i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.states[i] == waitingState
}

// waitingPlaces returns the places of the files that wait.
func (t *tracker) waitingPlaces() []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	places := make([]int, 0, len(t.waiting))
	for i := range t.waiting {
		places = append(places, i)
	}
	return places
}

// questions returns what to ask each load log about the files that wait.
func (t *tracker) questions() map[row.Table]*load.HistoryQuery {
	questions := map[row.Table]*load.HistoryQuery{}
	for _, i := range t.waitingPlaces() {
		log, name := load.LogTable(t.files[i].Target.Table), t.files[i].Source.String()
		q := questions[log]
		if q == nil {
			q = &load.HistoryQuery{Log: log, First: name, Last: name}
			questions[log] = q
		}
		q.First, q.Last = min(q.First, name), max(q.Last, name)
	}
	return questions
}
