package load

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"testing/synctest"
)

// step is one thing that may happen next.
type step struct {
	label string
	do    func()
}

// steps returns what may happen next, always in the same order. Where a call is local, which is to
// say that nobody else can tell when it happens, it happens at once: the orders that are left out
// differ in nothing.
func (p *play) steps() []step {
	for _, a := range p.actors {
		for _, c := range a.waiting {
			if p.local(c) {
				return []step{p.ok(c)}
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
		steps = append(steps, step{"late arrival: " + s.id, func() { p.arrive(s) }})
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

// local reports whether nobody else can tell when c takes effect.
func (p *play) local(c *waiting) bool {
	switch c.name {
	case "stream.create", "pool.create", "table.ensure":
		return true
	case "stream.append", "stream.finalize":
		return !p.onPooled(c)
	case "gcs.get", "gcs.stat", "log.append seneka_reject_log":
		// Behind it a stream is taken from the pool, which others may share.
		return !p.sc.shares(c.a.slot) && !slices.ContainsFunc(p.actors, func(a *actor) bool { return a.state == unpublished })
	default:
		return false
	}
}

// ok is that a call is answered as it should be.
func (p *play) ok(c *waiting) step {
	return step{c.String(), func() { p.reply(c, p.apply(c.effect)) }}
}

// failures are all that may go wrong next.
func (p *play) failures() []step {
	var steps []step
	fault := func(label string, do func()) {
		steps = append(steps, step{label, func() { p.faults--; do() }})
	}
	for _, a := range p.actors {
		for _, c := range a.waiting {
			fault(c.String()+": no answer", func() { p.lose(c) })
			switch {
			case c.name == "claim.put", c.name == "stream.commit":
				fault(c.String()+": sent twice", func() { _ = p.apply(c.effect); p.reply(c, p.apply(c.effect)) })
			case strings.HasPrefix(c.name, "log.append"):
				fault(c.String()+": answer lost", func() { _ = p.apply(c.effect); p.saw = ""; p.reply(c, errInjected) })
			case c.name == "stream.append" && p.sc.refuse:
				fault(c.String()+": rows refused", func() { p.saw = ""; p.reply(c, errRefusedRows) })
			case c.name == "count":
				fault(c.String()+": does not see the load record yet", func() {
					p.blind = true
					err := p.apply(c.effect)
					p.blind = false
					p.reply(c, err)
				})
			}
			if (c.name == "stream.commit" || c.name == "stream.finalize") && p.young() {
				fault(c.String()+": BigQuery does not know it yet", func() {
					p.amnesia = true
					err := p.apply(c.effect)
					p.amnesia = false
					p.reply(c, err)
				})
			}
		}
	}
	var live []*instance
	for _, a := range p.actors {
		if a.state == delivered && len(a.waiting) > 0 && !slices.Contains(live, a.in) {
			live = append(live, a.in)
			fault(a.in.name+" dies", func() { p.crash(a.in) })
		}
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

// state is a digest of all that what may happen from here on depends on.
func (p *play) state() uint64 {
	h := fnv.New64a()
	fmt.Fprintln(h, p.now.Unix(), p.faults, p.days, p.drains, p.rush)
	claims := ""
	for _, name := range slices.Sorted(maps.Keys(p.claims)) {
		data := p.plain(string(p.claims[name].data))
		fmt.Fprintln(h, name, p.claims[name].gen, data)
		claims += data
	}
	for _, name := range slices.Sorted(maps.Keys(p.streams)) {
		if s := p.streams[name]; s.pooled || strings.Contains(claims, name) || p.underWay(name) {
			fmt.Fprintln(h, name, s.pooled, len(s.rows), s.final, s.committed, s.gone)
		}
	}
	h.Write([]byte(p.contents()))
	for _, a := range p.actors {
		fmt.Fprintln(h, a.state, a.tries, a.made, a.seen, a.file.Landed.Generation)
		for _, c := range a.waiting {
			fmt.Fprintln(h, c)
		}
	}
	for _, s := range p.strays {
		fmt.Fprintln(h, s.id)
	}
	for _, in := range p.instances {
		var ended []string
		for attempt := range in.loader.Recent.ends {
			ended = append(ended, p.attempts[attempt])
		}
		slices.Sort(ended)
		fmt.Fprintln(h, "ended", ended)
		if in.loader.Pool != nil {
			for _, idle := range in.loader.Pool.idle { // of one table
				for _, s := range idle {
					fmt.Fprintln(h, "idle", s.Name(), s.offset, s.used.Unix())
				}
			}
		}
	}
	return h.Sum64()
}

// underWay reports whether the delivery that made a stream still works on it.
func (p *play) underWay(stream string) bool {
	for _, a := range p.actors {
		if a.state == delivered && strings.HasPrefix(stream, fmt.Sprintf("streams/%s%d.", a.name, a.tries)) {
			return true
		}
	}
	return false
}

// contents is what the tables hold, in whatever order it came.
func (p *play) contents() string {
	var all []string
	for _, r := range p.rows {
		all = append(all, fmt.Sprint("row ", r["source_file"], r["source_line"], r["loaded_at"]))
	}
	for _, r := range p.logs[logTable(target.Table)] {
		all = append(all, fmt.Sprint("load ", p.attempts[r["attempt"].(string)], r["source_file"], r["etag"], r["outcome"]))
	}
	for _, r := range p.logs[rejectTable(target.Table)] {
		all = append(all, fmt.Sprint("reject ", r["source_file"], r["etag"], r["source_line"]))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n")
}
