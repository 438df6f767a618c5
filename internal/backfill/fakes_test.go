package backfill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// rowsOf is how many rows every file has.
const rowsOf = 10

// clouds are S3, the landing bucket, a loader that takes its time, the ledger and the load log. They
// survive the processes that work on them, and keep count of each file's rows.
type clouds struct {
	loadLog
	*bucket
	delay time.Duration // from a copy to its load; negative: the loader is down

	mu      sync.Mutex
	landing map[string]copied // by name
	claims  map[string]bool   // by file
	rows    map[string]int    // that are visible, by file
	ledger  map[string]stored // the checkpoints
	next    int64             // generation
}

type copied struct {
	attrs      object.Attrs
	generation int64
}

type stored struct {
	data       []byte
	generation int64
}

func newClouds(keys ...string) *clouds {
	return &clouds{bucket: newBucket(keys...), delay: 300 * time.Millisecond, landing: map[string]copied{}, claims: map[string]bool{}, rows: map[string]int{}, ledger: map[string]stored{}}
}

// numbered returns the keys of n files.
func numbered(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("f-%05d.log", i))
	}
	return keys
}

// copy is what the forwarder does; live tells whether S3's own event made it.
func (c *clouds) copy(e object.Event, received time.Time) forward.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := object.LandingName(e.Source)
	if there, ok := c.landing[name]; ok && there.attrs.Version == e.Version {
		return forward.Present
	}
	c.next++
	attrs := object.Attrs{Event: e, Received: received, Forwarded: time.Now()}
	c.landing[name] = copied{attrs, c.next}
	if c.delay >= 0 {
		time.AfterFunc(c.delay, func() { c.load(attrs) })
	}
	return forward.Forwarded
}

// load is what the loader does: the ledger lets a file in once.
func (c *clouds) load(a object.Attrs) load.Result {
	file := a.Source.String()
	c.mu.Lock()
	outcome, rows := load.Duplicate, int64(0)
	if !c.claims[file] {
		c.claims[file] = true
		c.rows[file] += rowsOf
		outcome, rows = load.Loaded, rowsOf
	}
	c.mu.Unlock()
	c.add(a.Event, outcome, func(r *load.Record) {
		r.Rows, r.LoadedAt, r.ForwardedAt = rows, time.Now(), a.Forwarded.UTC().Truncate(time.Microsecond)
	})
	return load.Result{Outcome: outcome, Rows: rows}
}

// process is one process's way to the clouds, which ends with it: from the call of number dieAt on,
// before its effect or behind it, no call goes through.
type process struct {
	*clouds
	kill   context.CancelFunc
	dieAt  int
	effect bool

	mu       sync.Mutex
	calls    int
	busy     int
	busiest  int
	bytes    int64
	most     int64 // bytes at a time
	starts   []time.Time
	dead     bool
	failures map[string][]error // of a file's Forward, one after the other
	outcomes map[string]forward.Outcome
	loads    map[string]load.Result // instead of a load
	loadErr  map[string]error
	direct   int // loads in this process
	working  time.Duration
}

var errDead = errors.New("the process was killed")

// through counts a call and calls do unless the process is dead.
func (p *process) through(do func()) error {
	p.mu.Lock()
	p.calls++
	dies := p.calls == p.dieAt
	if p.dead || dies && !p.effect {
		p.dead = true
		p.mu.Unlock()
		p.kill()
		return errDead
	}
	p.mu.Unlock()
	do()
	if dies {
		p.mu.Lock()
		p.dead = true
		p.mu.Unlock()
		p.kill()
		return errDead
	}
	return nil
}

func (p *process) Forward(ctx context.Context, e object.Event, received time.Time) (o forward.Outcome, err error) {
	p.mu.Lock()
	p.starts = append(p.starts, time.Now())
	p.busy++
	p.bytes += e.Size
	p.busiest, p.most = max(p.busiest, p.busy), max(p.most, p.bytes)
	p.mu.Unlock()
	if !pause(ctx, p.working) {
		err = ctx.Err()
	}
	p.mu.Lock()
	p.busy--
	p.bytes -= e.Size
	if fails := p.failures[e.Key]; err == nil && len(fails) > 0 {
		err, p.failures[e.Key] = fails[0], fails[1:]
	}
	if o = p.outcomes[e.Key]; err == nil && o != "" {
		p.mu.Unlock()
		return o, nil
	}
	p.mu.Unlock()
	if err != nil {
		return "", err
	}
	err = p.through(func() { o = p.copy(e, received) })
	return o, err
}

func (p *process) Describe(_ context.Context, o object.Landed) (d object.Description, generation int64, err error) {
	there, ok := copied{}, false
	err = p.through(func() {
		p.clouds.mu.Lock()
		defer p.clouds.mu.Unlock()
		there, ok = p.landing[o.Name]
	})
	if err == nil && !ok {
		err = errkind.With(errkind.NotFound, errors.New("no such object"))
	}
	if there.attrs.Store == object.GCS { // put there by others
		return object.Description{Size: there.attrs.Size, MD5: make([]byte, 16)}, there.generation, err
	}
	return object.Description{Metadata: there.attrs.Metadata()}, there.generation, err
}

func (p *process) Load(_ context.Context, f load.File) (res load.Result, err error) {
	p.mu.Lock()
	p.direct++
	instead, ok := p.loads[f.Key]
	if err = p.loadErr[f.Key]; err != nil || ok {
		p.mu.Unlock()
		return instead, err
	}
	p.mu.Unlock()
	err = p.through(func() { res = p.load(f.Attrs) })
	return res, err
}

func (p *process) Loads(ctx context.Context, q load.HistoryQuery, each func(load.Record)) (err error) {
	if e := p.through(func() { err = p.loadLog.Loads(ctx, q, each) }); e != nil {
		return e
	}
	return err
}

func (p *process) List(ctx context.Context, name, prefix, after string, deep bool) (objects []object.Event, folders []string, more bool, err error) {
	if e := p.through(func() { objects, folders, more, err = p.bucket.List(ctx, name, prefix, after, deep) }); e != nil {
		return nil, nil, false, e
	}
	return objects, folders, more, err
}

func (p *process) Get(_ context.Context, name string) (data []byte, generation int64, err error) {
	there, ok := stored{}, false
	err = p.through(func() {
		p.clouds.mu.Lock()
		defer p.clouds.mu.Unlock()
		there, ok = p.ledger[name]
	})
	if err == nil && !ok {
		err = errkind.With(errkind.NotFound, errors.New("no such object"))
	}
	return there.data, there.generation, err
}

func (p *process) Put(_ context.Context, name string, data []byte, generation int64) (err error) {
	e := p.through(func() {
		p.clouds.mu.Lock()
		defer p.clouds.mu.Unlock()
		if p.ledger[name].generation != generation {
			err = errkind.With(errkind.Exists, errors.New("precondition failed"))
			return
		}
		p.next++
		p.ledger[name] = stored{data, p.next}
	})
	return errors.Join(e, err)
}

// observed keeps what an Observer is told.
type observed struct {
	progress []Progress
	failures []Failure
}

func (o *observed) Progress(p Progress) { o.progress = append(o.progress, p) }
func (o *observed) Failed(f Failure)    { o.failures = append(o.failures, f) }
