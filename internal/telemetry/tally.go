package telemetry

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// tallyEvery is how long after something new was counted the counts are logged.
const tallyEvery = time.Minute

// Tally counts what became of files, or their bytes, and logs the counts since it was made: a minute after one of them
// has grown, and at Close. Safe for concurrent use.
type Tally struct {
	log     *slog.Logger
	message string

	mu     sync.Mutex
	counts map[string]int64
	timer  *time.Timer // runs while there is something new; else nil
	closed bool
}

// NewTally returns a Tally that counts nothing yet; its lines in the log have the message.
func NewTally(log *slog.Logger, message string) *Tally {
	return &Tally{log: log, message: message, counts: map[string]int64{}}
}

// Add counts one file with that outcome.
func (t *Tally) Add(outcome string) { t.AddN(outcome, 1) }

// AddN adds n to the count of that name.
func (t *Tally) AddN(name string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[name] += n
	if t.timer == nil && !t.closed {
		t.timer = time.AfterFunc(tallyEvery, t.say)
	}
}

// Close logs what is new. What is counted later is not logged.
func (t *Tally) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.say()
}

// say logs the counts if there is anything new.
func (t *Tally) say() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer == nil {
		return
	}
	t.timer.Stop()
	t.timer = nil
	var args []any
	for _, outcome := range slices.Sorted(maps.Keys(t.counts)) {
		args = append(args, outcome, t.counts[outcome])
	}
	t.log.Info(t.message, args...)
}
