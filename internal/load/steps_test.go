package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
)

// step is one thing that may happen next.
type step struct {
	label string
	do    func()
}

// steps returns what may happen next, always in the same order.
//
// Where a call is local, nothing but its answer, or its failure, comes next: see local. A request on
// its way that can have no effect any more is forgotten. TestReduction compares what is found with
// and without.
func (p *play) steps() []step {
	if !p.sc.full {
		p.strays = slices.DeleteFunc(p.strays, p.spent)
		for _, a := range p.actors {
			for _, c := range a.waiting {
				if p.local(c) {
					return append([]step{p.ok(c)}, p.failuresOf(c)...)
				}
			}
		}
	}
	var steps []step
	for _, a := range p.actors {
		for _, c := range a.waiting {
			steps = append(steps, p.ok(c))
		}
	}
	for i, a := range p.actors {
		switch a.state {
		case nacked:
			if p.rush > 0 || !p.busy() {
				steps = append(steps, step{a.name + " is delivered again", func() { p.redeliver(a) }})
			}
		case unpublished:
			steps = append(steps, step{a.name + ": the object is overwritten", func() { p.overwrite(i) }})
		}
	}
	for _, s := range p.strays {
		steps = append(steps, step{"late arrival: " + s.label, func() { p.arrive(s) }})
	}
	if p.done() {
		return steps
	}
	if p.days > 0 {
		steps = append(steps, step{"a day passes", func() { p.days--; p.dayPasses(false) }},
			step{"a day passes and BigQuery forgets its streams", func() { p.days--; p.dayPasses(true) }})
	}
	for slot := range p.instances {
		if p.drains > 0 && p.instances[slot].loader.Pool != nil {
			steps = append(steps, step{fmt.Sprint("instance ", slot, " is told to stop"), func() { p.drains--; p.drain(slot) }})
		}
	}
	if p.faults > 0 {
		steps = append(steps, p.failures()...)
	}
	return steps
}

// local reports whether nobody else can tell when c takes effect or fails, and whether what the
// delivery does behind it, up to its next call, is out of everybody's sight too: it takes no stream
// from a pool that others use, ends no delivery that goes well, and reads no clock whose answer is
// kept. Then c commutes with every step of others, and it is enough to play it first. So does the
// death of its process: it leaves what the same death does at the next call that is not local.
func (p *play) local(c *waiting) bool {
	pooled := p.sc.instances[c.a.slot] == pooledLoader
	rejects := p.sc.deliveries[slices.Index(p.actors, c.a)].content == v1
	switch c.name {
	case "stream.create":
		return p.days == 0 // else BigQuery may come to forget it
	case "stream.append":
		return !p.onPooled(c) && p.days == 0
	case "stream.finalize":
		return !p.onPooled(c) && p.days == 0 && rejects // else the clock is read for the claim
	case "gcs.get":
		overwritten := slices.ContainsFunc(p.actors, func(a *actor) bool { return a.state == unpublished })
		return !overwritten && (rejects || !pooled) // else a stream is taken, or the clock read
	case "log.append seneka_reject_log":
		return pooled && !p.sc.shares(c.a.slot) && len(c.a.in.loader.Pool.idle) == 0 // a stream is made next
	default:
		return false
	}
}

// spent reports whether a request on its way can have no effect any more, whatever happens. Claims
// have a new generation with each change, streams never shrink, and final ones, committed ones and
// forgotten ones stay so.
func (p *play) spent(s *stray) bool {
	if s.name == "claim.put" {
		return p.claims[s.on].gen != int64(s.carries[0].(generation))
	}
	for _, name := range strings.Fields(s.on) {
		on := p.streams[name]
		switch {
		case on == nil, on.gone:
			return true
		case s.name == "stream.commit" && on.committed, s.name == "stream.finalize" && on.final:
			return true
		case s.name == "stream.append" && (on.final || s.carries[0].(int64) < int64(len(on.rows))):
			return true
		}
	}
	return false
}

// ok is that a call is answered as it should be.
func (p *play) ok(c *waiting) step {
	return step{c.String(), func() { p.reply(c, p.apply(c.effect)) }}
}

// failures are all that may go wrong next.
func (p *play) failures() []step {
	var steps []step
	for _, a := range p.actors {
		for _, c := range a.waiting {
			steps = append(steps, p.failuresOf(c)...)
		}
	}
	var live []*instance
	for _, a := range p.actors {
		if a.state == delivered && len(a.waiting) > 0 && !slices.Contains(live, a.in) {
			live = append(live, a.in)
			steps = append(steps, step{a.in.name + " dies", func() { p.faults--; p.crash(a.in) }})
		}
	}
	return steps
}

// failuresOf are the ways in which a call may go wrong.
func (p *play) failuresOf(c *waiting) (steps []step) {
	if p.faults == 0 {
		return nil
	}
	fault := func(what string, do func()) {
		steps = append(steps, step{c.String() + ": " + what, func() { p.faults--; do() }})
	}
	fault("no answer", func() { p.lose(c) })
	switch {
	case c.name == "claim.put", c.name == "stream.commit":
		fault("sent twice", func() { _ = p.apply(c.effect); p.reply(c, p.apply(c.effect)) })
	case strings.HasPrefix(c.name, "log.append"):
		fault("answer lost", func() { _ = p.apply(c.effect); p.saw = nil; p.reply(c, errInjected) })
	case c.name == "stream.append" && p.sc.refuse:
		fault("rows refused", func() { p.saw = nil; p.reply(c, errRefusedRows) })
	case c.name == "count":
		fault("does not see the load record yet", func() {
			p.blind = true
			err := p.apply(c.effect)
			p.blind = false
			p.reply(c, err)
		})
	}
	if (c.name == "stream.commit" || c.name == "stream.finalize") && p.young() {
		fault("BigQuery does not know it yet", func() {
			p.amnesia = true
			err := p.apply(c.effect)
			p.amnesia = false
			p.reply(c, err)
		})
	}
	return steps
}

// young reports that no claim is a day old: what BigQuery does not know it may still come to know.
func (p *play) young() bool { return p.now.Sub(newWorld().now) < streamLife }

// drain closes the pool of a slot's process, as at SIGTERM: what is under way goes on, and new
// deliveries go to a new process.
func (p *play) drain(slot int) {
	pool := p.instances[slot].loader.Pool
	p.restart(slot)
	pool.Close(context.Background())
	synctest.Wait()
}

// busy reports whether a delivery is being worked on.
func (p *play) busy() bool {
	return slices.ContainsFunc(p.actors, func(a *actor) bool { return a.state == delivered })
}

// done reports whether every message is acknowledged.
func (p *play) done() bool {
	return !slices.ContainsFunc(p.actors, func(a *actor) bool { return a.state != acknowledged })
}
