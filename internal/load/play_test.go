package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// play is one run of a scenario: deliveries whose calls wait, each, until the schedule lets one of
// them go. It stands in a synctest bubble, which tells when all of them wait.
type play struct {
	*world
	sc        *scenario
	faults    int // still to come
	days      int // still to pass
	drains    int // still to come
	rush      int // how often a message may still be delivered again while another is worked on
	actors    []*actor
	instances []*instance // by slot: those that take deliveries
	strays    []*stray
	trace     []string
	schedule  string // that plays this again
	problems  []string
	started   int             // processes so far
	heard     map[string]bool // histories of rounds; nil: nobody asks

	guard sync.Mutex // of what goroutines of the loaders write: the fields below, and of actors
	over  bool       // calls do not wait any more
}

// actor is one message: it is delivered until it is acknowledged.
type actor struct {
	name    string
	file    File
	slot    int
	tries   int // deliveries so far
	in      *instance
	made    int // streams in this delivery
	rounds  int // in this delivery
	state   actorState
	waiting []*waiting
	known   []any // all answers in this round, or delivery: what its local state is a function of
	round   int   // where in known this round begins
}

type actorState int

const (
	unpublished  actorState = iota // the object is not there yet
	delivered                      // being worked on
	nacked                         // to be delivered again
	acknowledged                   // done
)

// waiting is a call that waits to be let go.
type waiting struct {
	request
	a      *actor
	begins bool // a round: behind it an attempt looks at the clock for its loaded_at
	answer chan error
}

func (c *waiting) String() string {
	text := c.a.name + " " + c.name
	if strings.HasPrefix(c.name, "stream.") {
		text += " " + strings.TrimPrefix(c.on, "streams/")
	}
	return text
}

// stray is a request that has left, whose sender waits for it no more. It may still arrive.
type stray struct {
	request
	label string
}

// instance is one process with a loader: the gate of its calls.
type instance struct {
	p      *play
	name   string
	loader *Loader
	dead   bool
}

type actorKey struct{}

// newPlay starts the deliveries of sc; each waits at its first call.
func newPlay(sc *scenario, known *types) *play {
	p := &play{world: newWorld(), sc: sc, faults: sc.faults, days: sc.days, drains: sc.drains, rush: max(1, sc.rush)}
	p.types = known
	p.instances = make([]*instance, len(sc.instances))
	for i := range p.instances {
		p.restart(i)
	}
	for i, d := range sc.deliveries {
		a := &actor{name: string(rune('A' + i)), slot: d.on}
		p.actors = append(p.actors, a)
		if j := slices.IndexFunc(sc.deliveries[:i], func(other delivery) bool { return other.key == d.key && other.etag == d.etag }); j >= 0 {
			a.file = p.actors[j].file
		} else if !d.over {
			a.file = p.file(d.key, d.etag, d.content)
		}
	}
	for _, a := range p.actors {
		if a.file.Key != "" {
			p.deliver(a)
		}
	}
	return p
}

// restart puts a new process into a slot.
func (p *play) restart(slot int) {
	p.started++
	in := &instance{p: p, name: fmt.Sprint("process ", p.started)}
	proc := &process{world: p.world, gate: in, warm: true}
	in.loader = proc.loader()
	in.loader.Recent, in.loader.Events = NewRecent(), nil // who is told of a load changes nothing for it
	in.loader.Now = func() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.now }
	if p.sc.instances[slot] == pooledLoader {
		in.loader.BatchMax, in.loader.Pool = 0, NewPool(proc, in.loader.Now)
		p.pools = append(p.pools, in.loader.Pool)
	}
	p.instances[slot] = in
}

// deliver hands a's message to the instance of its slot.
func (p *play) deliver(a *actor) {
	in := p.instances[a.slot]
	a.in = in
	a.tries++
	a.made, a.rounds, a.round, a.known, a.state = 0, 0, 0, nil, delivered
	go func() {
		_, err := in.loader.Load(context.WithValue(context.Background(), actorKey{}, a), a.file)
		p.guard.Lock()
		defer p.guard.Unlock()
		a.state = acknowledged
		if err != nil || in.dead {
			a.state = nacked
		}
	}()
}

// call implements gate: it waits until the schedule has it answered.
func (in *instance) call(ctx context.Context, r request) error {
	p := in.p
	p.guard.Lock()
	a, ok := ctx.Value(actorKey{}).(*actor)
	if in.dead || p.over || !ok {
		dead := in.dead
		p.guard.Unlock()
		if dead {
			return errInjected
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return r.effect()
	}
	begins := r.name == "claim.get" && calledBy("(*Loader).load")
	if begins {
		// A round begins. Nothing that an earlier one was told is known to it.
		a.rounds++
		a.round = len(a.known)
		if !p.sc.full {
			a.round, a.known = 0, nil
		}
	}
	c := &waiting{request: r, a: a, begins: begins, answer: make(chan error, 1)}
	a.waiting = append(a.waiting, c)
	p.guard.Unlock()
	select {
	case err := <-c.answer:
		return err
	case <-ctx.Done():
		p.guard.Lock()
		defer p.guard.Unlock()
		p.drop(c)
		return ctx.Err()
	}
}

func (in *instance) streamName(ctx context.Context) string {
	a := ctx.Value(actorKey{}).(*actor)
	a.made++
	return fmt.Sprintf("streams/%s%d.%d", a.name, a.tries, a.made)
}

// calledBy reports whether the loader's method called the one that makes the call to the clouds.
func calledBy(method string) bool {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "(*Loader).readClaim") {
			frame, _ = frames.Next()
			return strings.HasSuffix(frame.Function, method)
		}
		if !more {
			return false
		}
	}
}

// drop takes a call away from those that wait.
func (p *play) drop(c *waiting) {
	c.a.waiting = slices.DeleteFunc(c.a.waiting, func(other *waiting) bool { return other == c })
}

// apply brings about an effect and checks that it doubles nothing.
func (p *play) apply(effect func() error) error {
	before := len(p.rows)
	p.saw = nil
	p.mu.Lock()
	err := effect()
	p.mu.Unlock()
	if len(p.rows) > before {
		p.checkDoubles()
	}
	return err
}

// reply answers a call, and lets what waited for it go on until all wait again.
func (p *play) reply(c *waiting, err error) {
	p.guard.Lock()
	p.drop(c)
	p.guard.Unlock()
	c.a.known = append(append(c.a.known, told(p.now.UnixMicro()), c.name), p.saw...)
	if err != nil {
		c.a.known = append(c.a.known, failure{err})
	}
	if c.begins {
		c.a.known = append(c.a.known, loadedAt(p.now.UnixMicro()))
	}
	if p.heard != nil {
		p.heard[c.a.history()] = true
	}
	was := c.a.state
	c.answer <- err
	synctest.Wait()
	if c.a.state == acknowledged && was != acknowledged {
		p.checkAcknowledged(c.a)
	}
}

// attemptIn returns the attempt that a claim names.
func attemptIn(claim string) string {
	const member = `"attempt":"`
	i := strings.Index(claim, member)
	if i < 0 {
		return ""
	}
	return claim[i+len(member) : i+len(member)+32]
}

// lose answers a call with an error. Its request is on the way, and may arrive at any time or never.
func (p *play) lose(c *waiting) {
	p.saw = nil
	p.astray(c)
	p.reply(c, errInjected)
}

// astray keeps the request of a call that changes something.
func (p *play) astray(c *waiting) {
	switch {
	case c.name == "claim.put", c.name == "stream.commit", p.onPooled(c) && (c.name == "stream.append" || c.name == "stream.finalize"):
		p.strays = append(p.strays, &stray{c.request, fmt.Sprintf("%s of delivery %d", c, c.a.tries)})
	}
}

func (p *play) onPooled(c *waiting) bool {
	s := p.streams[c.on]
	return s != nil && s.pooled
}

// arrive brings about the effect of a stray request.
func (p *play) arrive(s *stray) {
	p.strays = slices.DeleteFunc(p.strays, func(other *stray) bool { return other == s })
	_ = p.apply(s.effect)
}

// crash ends a process at once. What it has sent may arrive.
func (p *play) crash(in *instance) {
	var all []*waiting
	for _, a := range p.actors {
		if a.in == in && a.state == delivered {
			all = append(all, a.waiting...)
		}
	}
	in.dead = true
	if slot := slices.Index(p.instances, in); slot >= 0 {
		p.restart(slot)
	}
	p.saw = nil
	for _, c := range all {
		p.astray(c)
		p.reply(c, errInjected)
	}
}

// dayPasses moves the clock beyond the life of uncommitted streams; BigQuery may forget every stream
// then.
func (p *play) dayPasses(forget bool) {
	p.now = p.now.Add(streamLife + time.Hour)
	for _, s := range p.streams {
		s.gone = s.gone || forget
	}
}

const (
	// patient is the delivery from which on Pub/Sub has waited for days.
	patient = 3
	// tooMany is more deliveries than any message ever needs, with the faults that there are.
	tooMany = 20
)

// redeliver brings a message again, after Pub/Sub's back-off: ten seconds at first, and in the end
// the days for which somebody sends it again from the dead-letter topic.
func (p *play) redeliver(a *actor) {
	if p.busy() {
		p.rush--
	}
	pause := courtesy
	if a.tries >= patient {
		pause = streamLife + time.Hour
	}
	p.now = p.now.Add(pause)
	if a.tries >= tooMany {
		p.problem("%s is not acknowledged after %d deliveries", a.name, a.tries)
		a.state = acknowledged
		return
	}
	p.deliver(a)
	synctest.Wait()
}

// overwrite puts a new version of the object in place and delivers its message.
func (p *play) overwrite(i int) {
	d, a := p.sc.deliveries[i], p.actors[i]
	a.file = p.file(d.key, d.etag, d.content)
	p.deliver(a)
	synctest.Wait()
}

// stop lets all that still waits end as if its process had died, so that no goroutine is left.
func (p *play) stop() {
	p.guard.Lock()
	p.over = true
	for _, a := range p.actors {
		if a.in != nil && a.state == delivered {
			a.in.dead = true
		}
	}
	p.guard.Unlock()
	for _, a := range p.actors {
		for _, c := range slices.Clone(a.waiting) {
			p.drop(c)
			c.answer <- errInjected
		}
	}
	synctest.Wait()
	for _, pool := range p.pools {
		pool.Close(context.Background())
	}
}

func (p *play) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

var errRefusedRows = errkind.With(errkind.Permanent, errors.New("row 0: no"))
