package backfill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// Landing looks at the landing bucket. Safe for concurrent use.
type Landing interface {
	// Describe returns what is known of the live object and its generation; errkind.NotFound if there
	// is none.
	Describe(ctx context.Context, o object.Landed) (d object.Description, generation int64, err error)
}

// Observer is told what happens. It is called by one goroutine at a time and must not block long.
type Observer interface {
	Progress(p Progress) // every second or so
	Failed(f Failure)
}

// Runner brings files in. All fields are to be set before Run.
type Runner struct {
	Forward  func(ctx context.Context, e object.Event, received time.Time) (forward.Outcome, error)
	Load     func(ctx context.Context, f load.File) (load.Result, error)
	Landing  Landing
	Bucket   string // the landing bucket
	History  History
	Observer Observer
	Now      func() time.Time // time.Now but in tests

	Workers  int           // files at a time
	Bytes    int64         // of files copied at a time, but for one larger than that
	Rate     float64       // files handed on a second; 0: no limit
	Ahead    int           // files that may wait for the loader
	Poll     time.Duration // between two looks into a load log, at least
	Patience time.Duration // how long nothing at all may be done while files wait
}

// How often this and that is done.
const (
	tries = 5 // of a file, waiting 1, 2, 4 and 8 s in between
	// A table that does not know a column yet is asked again for ten minutes.
	schemaTries, schemaPause = 60, 10 * time.Second

	saveEvery = 5 * time.Second
	tellEvery = time.Second
	// hopeless is how many files one after the other cannot be handled before a run ends: then it
	// is not the files.
	hopeless = 30
)

// ErrStalled means that the run could not go on; the message says why.
var ErrStalled = errors.New("the run cannot go on")

// Run brings the files of a plan in, in the order of their keys, each exactly once however often
// and wherever it is called, and writes how far it came to the journal. The error tells why it
// ended early: the context's, ErrTaken or ErrStalled; files that fail are no error.
//
// Dying in it at any point loses nothing: a file is handed on before it is noted as done, and
// handing it on again finds it handed on. A nil journal keeps nothing, and every file is loaded here.
func (r *Runner) Run(ctx context.Context, plan *Plan, journal *Journal) (Progress, []Failure, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	job := Job{Direct: true}
	if journal != nil {
		job = journal.State().Job
	}
	b := &running{
		Runner: r, job: job, started: r.Now().UTC().Truncate(time.Microsecond), stop: stop,
		slots: make(chan struct{}, r.Workers), ahead: make(chan struct{}, max(1, r.Ahead)), budget: semaphore.NewWeighted(r.Bytes),
	}
	b.tracker = newTracker(plan.Files, b.tellFailed, b.started)

	var group sync.WaitGroup
	group.Go(func() { b.feed(ctx, plan.Files) })
	group.Go(func() { every(ctx, tellEvery, b.tell) })
	if journal != nil {
		group.Go(func() { every(ctx, saveEvery, func() { b.save(ctx, journal) }) })
		group.Go(func() { b.follow(ctx) })
	}
	select {
	case <-b.tracker.finished:
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	stop(nil)
	group.Wait()
	if b.tracker.ended() {
		cause = nil
	}

	// How far it came is written even when it was told to stop.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	b.tell()
	p := b.progress()
	if journal != nil && !errors.Is(cause, ErrTaken) {
		if err := journal.Save(last, p, cause == nil); err != nil && cause == nil {
			cause = err
		}
	}
	return p, b.tracker.failures, cause
}

// running is a run under way.
type running struct {
	*Runner
	job     Job
	started time.Time
	stop    context.CancelCauseFunc
	tracker *tracker
	slots   chan struct{} // one per file that is being handled
	ahead   chan struct{} // one per file that is handed on and not done
	budget  *semaphore.Weighted
	inARow  atomic.Int32 // files that could not be handled, since one could

	observer sync.Mutex
}

// feed starts the files, as fast as the limits let it, and returns once all that were started are
// through.
func (b *running) feed(ctx context.Context, files []File) {
	limit := rate.NewLimiter(rate.Inf, 1)
	if b.Rate > 0 {
		limit = rate.NewLimiter(rate.Limit(b.Rate), 1)
	}
	var workers sync.WaitGroup
	defer workers.Wait()
	for i := range files {
		weight := min(max(files[i].Size, 1), b.Bytes)
		if limit.Wait(ctx) != nil || !acquire(ctx, b.ahead) || !acquire(ctx, b.slots) || b.budget.Acquire(ctx, weight) != nil {
			return
		}
		workers.Go(func() {
			defer func() {
				b.budget.Release(weight)
				<-b.slots
			}()
			b.handle(ctx, i)
		})
	}
}

func acquire(ctx context.Context, slots chan<- struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// verdict is what became of a file.
type verdict struct {
	open          bool // it was handed on: the load log will tell
	failed        bool
	outcome       string
	reason        string // of a failure
	rows, rejects int64
}

// handle brings file i as far as this process is to bring it.
func (b *running) handle(ctx context.Context, i int) {
	v, err := b.tryFile(ctx, b.tracker.files[i])
	switch {
	case err != nil && ctx.Err() != nil:
		return // stopped: it stays to do
	case err != nil:
		b.settle(i, verdict{failed: true, reason: err.Error()})
		if b.inARow.Add(1) == hopeless {
			b.stop(fmt.Errorf("%w: %d files in a row failed, the last one: %w", ErrStalled, hopeless, err))
		}
		return
	}
	b.inARow.Store(0)
	if v.open {
		b.tracker.wait(i)
		return
	}
	b.settle(i, v)
}

// settle notes what became of file i and lets another one come.
func (b *running) settle(i int, v verdict) {
	if b.tracker.settle(i, v, b.Now()) {
		<-b.ahead
	}
}

// tryFile handles a file, more than once where trying again may help.
func (b *running) tryFile(ctx context.Context, f File) (v verdict, err error) {
	for try := range tries {
		if try > 0 && !pause(ctx, time.Second<<(try-1)) {
			break
		}
		v, err = b.patiently(ctx, f)
		if err == nil || ctx.Err() != nil || errkind.Is(err, errkind.Permanent) || errors.Is(err, load.ErrSchema) {
			break
		}
	}
	return v, err
}

// patiently is once, and again for as long as BigQuery may take to know a column that was just added.
func (b *running) patiently(ctx context.Context, f File) (v verdict, err error) {
	for range schemaTries {
		v, err = b.once(ctx, f)
		if !errors.Is(err, load.ErrSchema) || !pause(ctx, schemaPause) {
			break
		}
	}
	return v, err
}

// once handles a file by the same stages as live traffic. What the forwarder copies, the landing
// bucket announces to the loader. What it finds copied was announced before, perhaps in vain: no
// other announcement will come, so it is loaded here.
func (b *running) once(ctx context.Context, f File) (v verdict, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errkind.With(errkind.Permanent, fmt.Errorf("panic: %v", p))
		}
	}()
	outcome, err := b.Forward(ctx, f.Event, time.Time{}) // no event was received: the load log tells by that whose freshness counts
	switch {
	case err != nil:
		return verdict{}, err
	case outcome == forward.Present, outcome == forward.Forwarded && b.job.Direct:
		return b.load(ctx, f)
	case outcome == forward.Forwarded:
		return verdict{open: !b.job.NoWait, outcome: string(outcome)}, nil
	default: // gone, changed since, or a later version lies there: its own event brings that in
		return verdict{outcome: string(outcome)}, nil
	}
}

// load loads what lies in landing of f.
func (b *running) load(ctx context.Context, f File) (verdict, error) {
	landed := object.LandedOf(b.Bucket, f.Source)
	d, generation, err := b.Landing.Describe(ctx, landed)
	if err != nil {
		return verdict{}, fmt.Errorf("look at the copy of %s: %w", f.Source, err)
	}
	landed.Generation = generation
	attrs, err := object.AttrsOf(landed, d)
	if err != nil {
		return verdict{}, fmt.Errorf("%s: %w", landed, err)
	}
	if attrs.Source != f.Source || attrs.Version != f.Version {
		return verdict{}, errkind.With(errkind.Transient, fmt.Errorf("%s: another file has come in place of the copy of %s", landed, f.Source))
	}
	res, err := b.Load(ctx, load.File{Landed: landed, Attrs: attrs})
	if err != nil {
		return verdict{}, err
	}
	return judge(res.Outcome, res.Reason, res.Rows, res.Rejects), nil
}

// judge turns what the loader says into what became of a file.
func judge(o load.Outcome, reason string, rows, rejects int64) verdict {
	v := verdict{outcome: string(o), rows: rows, rejects: rejects}
	switch {
	case loaded(o), o == load.Superseded: // a later copy has come in its place: its own event follows
	case o == load.Deferred:
		v.failed, v.reason = true, string(o)+": "+reason+"; tried again, it is loaded from here, which has no such limit"
	default:
		v.failed, v.reason = true, string(o)+": "+reason
	}
	return v
}

func (b *running) progress() Progress {
	p := b.tracker.progress()
	p.Elapsed = b.Now().Sub(b.started)
	return p
}

func (b *running) tell() {
	p := b.progress()
	b.observer.Lock()
	defer b.observer.Unlock()
	b.Observer.Progress(p)
}

func (b *running) tellFailed(f Failure) {
	b.observer.Lock()
	defer b.observer.Unlock()
	b.Observer.Failed(f)
}

// save writes the checkpoint. One that cannot be written just now lags behind; a run that another
// process has taken over ends.
func (b *running) save(ctx context.Context, journal *Journal) {
	if err := journal.Save(ctx, b.progress(), false); errors.Is(err, ErrTaken) {
		b.stop(err)
	}
}

// every calls do again and again until ctx ends.
func every(ctx context.Context, d time.Duration, do func()) {
	for pause(ctx, d) {
		do()
	}
}

// pause waits; false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
