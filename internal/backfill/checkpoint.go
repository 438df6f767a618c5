package backfill

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// Store keeps the checkpoints: the ledger's bucket. Safe for concurrent use.
type Store interface {
	// Get returns an object and its generation by one read; errkind.NotFound if there is none.
	Get(ctx context.Context, name string) (data []byte, generation int64, err error)
	// Put writes an object if it is at that generation, or does not exist for 0; else it is
	// errkind.Exists, which may also be the answer to one's own write, retried by the client.
	Put(ctx context.Context, name string, data []byte, generation int64) error
}

// Checkpoint is how far a run came. It may lag behind: what it does not say is done is looked up in
// the load log, and handing on a file twice changes nothing.
type Checkpoint struct {
	ID        string    `json:"id"`
	Job       Job       `json:"job"`
	After     string    `json:"after"` // every file up to this key is done
	Files     int       `json:"files"` // of the run, in every process that worked on it
	Done      int       `json:"done"`
	Failed    int       `json:"failed"` // so far; they are tried again when the run goes on
	Finished  bool      `json:"finished"`
	Owner     string    `json:"owner"` // random name of the process that works on it
	StartedAt time.Time `json:"started_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ErrTaken means that another process goes on with the run.
var ErrTaken = errors.New("another process has taken over this run")

// Journal writes the checkpoint of a run that this process owns. Safe for concurrent use.
type Journal struct {
	store Store
	now   func() time.Time

	mu         sync.Mutex
	generation int64
	state      Checkpoint
	base       Checkpoint // as this process found it
}

// NewJournal begins a run.
func NewJournal(ctx context.Context, s Store, j Job, now func() time.Time) (*Journal, error) {
	at := now().UTC()
	c := Checkpoint{ID: at.Format("20060102-150405-") + random(3), Job: j, StartedAt: at, Owner: random(16)}
	journal := &Journal{store: s, now: now, state: c, base: c}
	return journal, journal.write(ctx)
}

// Resume takes a run over, wherever it was begun. A process that is still at work on it notices at
// its next checkpoint, and stops: until then both do the same, which changes nothing.
func Resume(ctx context.Context, s Store, id string, now func() time.Time) (*Journal, error) {
	if !idPattern.MatchString(id) {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("%q is no ID of a run: one looks like 20260131-180000-a1b2c3", id))
	}
	data, generation, err := s.Get(ctx, checkpointName(id))
	if errkind.Is(err, errkind.NotFound) {
		return nil, errkind.With(errkind.NotFound, fmt.Errorf("the ledger knows no run %s: %w", id, err))
	}
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint of run %s: %w", id, err)
	}
	journal := &Journal{store: s, now: now, generation: generation}
	if err := json.Unmarshal(data, &journal.state); err != nil {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("the checkpoint of run %s is not what Seneka writes: %w", id, err))
	}
	journal.state.Owner, journal.state.Finished = random(16), false
	journal.base = journal.state
	return journal, journal.write(ctx)
}

var idPattern = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)

func checkpointName(id string) string { return "backfill/" + id + ".json" }

// State returns the checkpoint as it was written last.
func (j *Journal) State() Checkpoint {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state
}

// Switch makes the run go on directly, or without waiting, from here on.
func (j *Journal) Switch(direct, noWait bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.state.Job.Direct = j.state.Job.Direct || direct
	j.state.Job.NoWait = j.state.Job.NoWait || noWait
}

// Save writes how far this process came. ErrTaken: the run is another process's now.
func (j *Journal) Save(ctx context.Context, p Progress, finished bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p.After != "" {
		j.state.After = p.After
	}
	j.state.Files, j.state.Done = j.base.Done+p.Files, j.base.Done+p.Done
	j.state.Failed, j.state.Finished = p.Failed, finished
	return j.write(ctx)
}

// write puts the state in place of the generation that this process knows and reads it back: that
// gives the new generation, and tells one's own write, sent twice by the client, from another's.
func (j *Journal) write(ctx context.Context) error {
	j.state.UpdatedAt = j.now().UTC()
	data, err := json.Marshal(j.state)
	if err != nil {
		return fmt.Errorf("encode the checkpoint: %w", err)
	}
	for range rounds {
		name := checkpointName(j.state.ID)
		putErr := j.store.Put(ctx, name, data, j.generation)
		if putErr != nil && !errkind.Is(putErr, errkind.Exists) {
			return fmt.Errorf("write the checkpoint: %w", putErr)
		}
		written, generation, err := j.store.Get(ctx, name)
		if err != nil {
			return fmt.Errorf("read the checkpoint back: %w", err)
		}
		var there Checkpoint
		if err := json.Unmarshal(written, &there); err != nil || there.Owner != j.state.Owner {
			return errkind.With(errkind.Permanent, fmt.Errorf("run %s: %w", j.state.ID, errors.Join(ErrTaken, err)))
		}
		j.generation = generation
		if bytes.Equal(written, data) {
			return nil
		}
		// An earlier write of this process, whose answer was lost: this one goes in its place.
	}
	return errkind.With(errkind.Transient, fmt.Errorf("the checkpoint of run %s changed %d times while it was written", j.state.ID, rounds))
}

// rounds is how often one write may find an earlier one of this process in its way.
const rounds = 3

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the program ends if it cannot be done
	return hex.EncodeToString(b)
}
