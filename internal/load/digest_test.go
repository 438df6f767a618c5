package load

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// What calls carry and answer, as far as what happens later depends on it, is made of these and of
// plain values. A digest tells them apart and knows each again; what they are called is of no matter.
type (
	attemptID  string
	streamID   string
	generation int64
	loadedAt   int64  // µs since 1970-01-01 UTC: an attempt's, which its rows have
	writtenAt  int64  // likewise, a claim's: its age counts
	usedAt     int64  // likewise, an idle stream's
	told       int64  // when an answer came, likewise: for history alone
	claimText  string // JSON
	failure    struct{ error }
)

// digest writes down a state so that two states with one text have one future: each attempt, stream,
// generation and loaded_at is called by the place where the text has it first, and of a time it says
// what the loader ever asks: whether loaded_at is past, on which side of the courtesy and of the life
// of a stream the age of a claim is, and whether a stream has rested too long.
//
// The clock moves by ten seconds or by a day, and not so often that seconds add up to one of these
// bounds; so what is told of a time now decides what will be told of it after the next such step.
type digest struct {
	strings.Builder
	raw   bool // times and names as they are: a state for each history
	now   time.Time
	names map[any]int
	first []any // in the order of their names
}

func (d *digest) write(values ...any) {
	for _, v := range values {
		switch v := v.(type) {
		case attemptID, streamID, generation:
			d.name(v)
		case loadedAt:
			d.name(v)
			if !d.raw && !d.since(int64(v), time.Microsecond) {
				d.WriteString("ahead")
			}
		case writtenAt:
			d.age(v)
		case usedAt:
			fmt.Fprint(d, "rested", d.since(int64(v), poolIdle+1), d.rawTime(int64(v)))
		case told:
			if d.raw {
				fmt.Fprint(d, int64(v))
			}
		case claimText:
			d.write(v.facts()...)
		case failure:
			d.write("fails", errkind.Of(v))
		default:
			fmt.Fprint(d, v)
		}
		d.WriteByte(' ')
	}
}

func (d *digest) line(values ...any) {
	d.write(values...)
	d.WriteByte('\n')
}

// name calls v by its number; known says that it had one.
func (d *digest) name(v any) (known bool) {
	if _, random := v.(attemptID); d.raw && !random {
		fmt.Fprint(d, v)
		return true
	}
	n, known := d.names[v]
	if !known {
		n = len(d.first)
		d.names[v] = n
		d.first = append(d.first, v)
	}
	fmt.Fprintf(d, "%T%d", v, n)
	return known
}

func (d *digest) knows(v any) bool {
	_, known := d.names[v]
	return known
}

// since reports whether a time is so long past.
func (d *digest) since(at int64, long time.Duration) bool {
	return d.now.Sub(time.UnixMicro(at)) >= long
}

func (d *digest) age(at writtenAt) {
	switch {
	case d.raw:
		fmt.Fprint(d, at)
	case !d.since(int64(at), courtesy):
		d.WriteString("new")
	case !d.since(int64(at), streamLife):
		d.WriteString("old")
	default:
		d.WriteString("forgotten")
	}
}

func (d *digest) rawTime(at int64) int64 {
	if d.raw {
		return at
	}
	return 0
}

// facts is what the loader reads of a claim. What else is in it follows from the version.
func (t claimText) facts() []any {
	var c Claim
	if err := json.Unmarshal([]byte(t), &c); err != nil {
		return []any{string(t)}
	}
	facts := []any{"claim", attemptID(c.Load.Attempt), c.Load.Version, c.Load.Rows, loadedAt(c.Load.LoadedAt.UnixMicro()), writtenAt(c.WrittenAt.UnixMicro()), c.Void}
	for _, s := range c.Streams {
		facts = append(facts, streamID(s))
	}
	if c.Pooled != nil {
		facts = append(facts, "pooled", streamID(c.Pooled.Stream), c.Pooled.Offset)
	}
	return facts
}

// state is a digest of all that what may happen from here on depends on, the same for deliveries that
// have changed their parts.
func (p *play) state() uint64 {
	text := p.text(p.sc.orders()[0])
	for _, order := range p.sc.orders()[1:] {
		text = min(text, p.text(order))
	}
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// orders returns the orders of the deliveries in which their scenario is the same: of two alike, both.
func (sc *scenario) orders() [][]int {
	inOrder := make([]int, len(sc.deliveries))
	for i := range inOrder {
		inOrder[i] = i
	}
	if sc.full || len(inOrder) != 2 || len(sc.instances) != 1 && sc.instances[0] != sc.instances[1] {
		return [][]int{inOrder}
	}
	a, b := sc.deliveries[0], sc.deliveries[1]
	if a.on = b.on; a != b {
		return [][]int{inOrder}
	}
	return [][]int{{0, 1}, {1, 0}}
}

func (p *play) text(order []int) string {
	d := &digest{raw: p.sc.full, now: p.now, names: map[any]int{}}
	d.line(p.faults, p.days, p.drains, p.rush, p.young())
	if d.raw {
		d.line(p.now)
	}
	p.writeClaims(d)
	for _, i := range order {
		p.actors[i].write(d)
	}
	for _, s := range p.strays {
		d.line(s.name)
		d.write(s.carries...)
		d.line(p.on(s.request))
	}
	for slot := range p.instances {
		if len(p.instances) == len(order) {
			slot = p.actors[order[slot]].slot
		}
		p.instances[slot].write(d)
	}
	p.writeTables(d)
	p.writeStreams(d)
	return d.String()
}

// end tells what all of it came to, whatever it took.
func (p *play) end() string {
	var all []string
	for _, order := range p.sc.orders() {
		d := &digest{now: p.now, names: map[any]int{}}
		p.writeClaims(d)
		for _, i := range order {
			d.line(p.actors[i].state)
		}
		p.writeTables(d)
		p.writeStreams(d)
		all = append(all, d.String())
	}
	return slices.Min(all)
}

// history tells what a delivery has been answered in this round, and how old a claim was when it was
// told of it.
func (a *actor) history() string {
	d := &digest{names: map[any]int{}}
	for _, v := range a.known[a.round:] {
		if at, ok := v.(told); ok {
			d.now = time.UnixMicro(int64(at))
		}
		d.write(v)
	}
	return d.String()
}

// write tells of a delivery: what its message is of, and all that it has been answered since its
// state was last beyond doubt.
func (a *actor) write(d *digest) {
	switch a.state {
	case acknowledged:
		d.line("done")
		return
	case delivered:
		d.write(a.rounds)
		if a.in != a.in.p.instances[a.slot] { // told to stop
			a.in.write(d)
		}
		d.write(a.known...)
		for _, c := range a.waiting {
			d.write("waits", c.name, a.in.p.on(c.request))
			d.write(c.carries...)
		}
	}
	tries := min(a.tries, patient)
	if d.raw {
		tries = a.tries
	}
	d.line(a.state, tries, generation(a.file.Landed.Generation))
}

// on names what a call is on.
func (p *play) on(r request) any {
	if p.streams[r.on] != nil {
		return streamID(r.on)
	}
	return r.on
}

// write tells what a process remembers. An attempt that nothing else names is none that it is ever
// asked for.
func (in *instance) write(d *digest) {
	var ended []int
	for attempt := range in.loader.Recent.ends {
		if d.knows(attemptID(attempt)) {
			ended = append(ended, d.names[attemptID(attempt)])
		}
	}
	slices.Sort(ended)
	d.write("remembers", ended)
	if pool := in.loader.Pool; pool != nil {
		d.write(pool.closed)
		for _, idle := range pool.idle { // of one table
			for _, s := range idle {
				d.write("idle", streamID(s.Name()), s.offset, usedAt(s.used.UnixMicro()))
			}
		}
	}
	d.line()
}

func (p *play) writeClaims(d *digest) {
	for _, name := range slices.Sorted(maps.Keys(p.claims)) {
		d.line(name, generation(p.claims[name].gen), claimText(p.claims[name].data))
	}
}

// writeStreams tells of the streams that something names: nobody comes upon another one again.
func (p *play) writeStreams(d *digest) {
	if d.raw {
		for _, name := range slices.Sorted(maps.Keys(p.streams)) {
			p.writeStream(d, name)
		}
		return
	}
	for i := 0; i < len(d.first); i++ {
		if name, ok := d.first[i].(streamID); ok {
			p.writeStream(d, string(name))
		}
	}
}

func (p *play) writeStream(d *digest, name string) {
	s := p.streams[name]
	d.write(streamID(name), s.pooled, s.final, s.committed, s.gone)
	for _, r := range s.rows {
		d.write(r["source_file"], r["source_line"], loadedAt(r["loaded_at"].(int64)))
	}
	d.line()
}

// writeTables tells what the tables hold, in whatever order it came.
func (p *play) writeTables(d *digest) {
	rows := slices.Clone(p.rows)
	slices.SortFunc(rows, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["source_file"], a["source_line"], a["loaded_at"]), fmt.Sprint(b["source_file"], b["source_line"], b["loaded_at"]))
	})
	for _, r := range rows {
		d.line("row", r["source_file"], r["source_line"], loadedAt(r["loaded_at"].(int64)))
	}
	// Of the attempts that loaded a file, and of the one whose rejects are shown, each counts.
	for _, r := range p.logs[logTable(target.Table)] {
		if r["outcome"] == string(Loaded) && !d.knows(attemptID(r["attempt"].(string))) {
			d.line("lost", attemptID(r["attempt"].(string)))
		}
	}
	var all []string
	for _, r := range p.logs[logTable(target.Table)] {
		about := fmt.Sprint(r["source_file"], r["etag"], r["outcome"])
		if r["outcome"] == string(Loaded) {
			about += fmt.Sprint(d.names[attemptID(r["attempt"].(string))])
		}
		all = append(all, about)
	}
	for _, r := range p.logs[rejectTable(target.Table)] {
		attempt := attemptID(r["attempt"].(string))
		shown := ""
		for _, actor := range p.actors {
			if r["source_file"] == actor.file.Source.String() && r["attempt"] == p.decisive(actor.file, r["etag"].(string)) {
				shown = "shown"
			}
		}
		if shown != "" || d.knows(attempt) {
			n, known := d.names[attempt]
			all = append(all, fmt.Sprint("reject ", r["source_file"], r["etag"], r["source_line"], shown, known, n))
		}
	}
	slices.Sort(all)
	d.line(strings.Join(slices.Compact(all), "\n"))
}
