package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seneka-io/seneka/internal/errkind"
)

// plan is the faults of a run, by call; it notes the calls that there were. A call is known by its
// name, the stream it is on, and how many of that kind came before it: side by side on two streams,
// calls come in no order that repeats itself.
type plan struct {
	faults map[string]fault
	calls  []string
	counts map[string]int
	over   bool // what comes now is the test's
}

func newPlan(faults map[string]fault) *plan { return &plan{faults: faults, counts: map[string]int{}} }

// at notes a call and returns what is to go wrong with it.
func (p *plan) at(name, on string) fault {
	if p.over {
		return none
	}
	if strings.HasPrefix(name, "stream.") {
		name += " " + on[strings.LastIndex(on, "/")+1:]
	}
	p.counts[name]++
	key := fmt.Sprintf("%s #%d", name, p.counts[name])
	p.calls = append(p.calls, key)
	return p.faults[key]
}

// shape is a kind of load whose calls go wrong.
type shape struct {
	name    string
	fresh   func() *world
	files   func(t *testing.T, w *world) []File // puts them there, and what was before; each is delivered in turn
	slow    bool
	to      Target   // of every file; the zero one means target
	refuse  string   // the call that BigQuery refuses for good; empty: none
	want    Outcome  // of the last file; that of the first depends on which is tried again where it is superseded
	rows    []string // of the last file
	rejects []string
	pairs   int // of faults, drawn by seed; 0: all of them
}

func small(content string) func(*testing.T, *world) []File {
	return func(_ *testing.T, w *world) []File { return []File{w.file("k", "v1", content)} }
}

// large is a file whose rows are a batch each, of as many as make a second stream.
func large(lines int) (content string, rows []string) {
	for i := range lines {
		line := fmt.Sprint(i, strings.Repeat("x", 60))
		content += line + "\n"
		rows = append(rows, fmt.Sprintf("%d:%s", i+1, line))
	}
	slices.Sort(rows)
	return content, rows
}

// changed has the file loaded in another version before.
func changed(t *testing.T, w *world) []File {
	mustLoad(t, newLoader(w), w.file("k", "v1", "a\nbad\n"), Loaded)
	return []File{w.file("k", "v2", "b\n")}
}

// unsettled has a loader die behind the claim of the first version.
func unsettled(_ *testing.T, w *world) []File {
	old := w.file("k", "v1", "a\nbad\n")
	p := &process{world: w, fault: func(_ int, call string) fault {
		if call == "stream.commit" || w.pooled && call == "stream.append" {
			return died
		}
		return none
	}}
	_, _ = p.deliver(p.loader(), old)
	w.now = w.now.Add(courtesy)
	return []File{w.file("k", "v2", "b\n")}
}

// superseded has the object overwritten before its first message comes.
func superseded(_ *testing.T, w *world) []File {
	return []File{w.file("k", "v1", "b\n"), w.file("k", "v2", "a\nbad\n")}
}

// lost has a loader die behind its claim, and its streams expire.
func lost(_ *testing.T, w *world) []File {
	f := w.file("k", "v1", "a\nbad\n")
	p := &process{world: w, fault: func(_ int, call string) fault {
		if call == "stream.commit" || w.pooled && call == "stream.append" {
			return crash
		}
		return none
	}}
	_, _ = p.deliver(p.loader(), f)
	for _, s := range w.streams {
		s.gone = true
	}
	w.now = w.now.Add(streamLife)
	return []File{f}
}

func shapes() []shape {
	several, severalRows := large(7)
	var all []shape
	a, bad := []string{"1:a"}, []string{"2:bad"}
	for _, way := range []string{"own stream", "pooled stream"} {
		fresh := map[string]func() *world{"own stream": newWorld, "pooled stream": newPooledWorld}[way]
		all = append(all,
			shape{name: way + ", a reject", fresh: fresh, files: small("a\nbad\n"), want: Loaded, rows: a, rejects: bad},
			shape{name: way + ", no reject", fresh: fresh, files: small("a\n"), want: Loaded, rows: a},
			shape{name: way + ", no rows", fresh: fresh, files: small(""), want: Loaded},
			shape{name: way + ", too many rejects", fresh: fresh, files: small("a\nbad\nbad\n"), want: Rejected, rejects: []string{"2:bad", "3:bad"}},
			shape{name: way + ", rows refused", fresh: fresh, files: small("a\n"), refuse: "stream.append", want: Rejected},
			shape{name: way + ", changed", fresh: fresh, files: changed, want: Changed, rows: a, rejects: bad},
			shape{name: way + ", changed over an unsettled claim", fresh: fresh, files: unsettled, want: Changed, rows: a, rejects: bad},
			shape{name: way + ", superseded", fresh: fresh, files: superseded, want: Superseded, rows: a, rejects: bad},
			shape{name: way + ", streams lost", fresh: fresh, files: lost, want: Loaded, rows: a, rejects: bad},
		)
	}
	all = append(all, shape{name: "several streams", fresh: newWorld, files: small(several), slow: true, want: Loaded, rows: severalRows, pairs: 500})
	return append(all, ownColumnShapes()...)
}

// ownColumnShapes are of files that say themselves what their columns are: each is read twice, and its
// table is made or grows in between.
func ownColumnShapes() []shape {
	several, severalRows := large(7)
	a, bad := []string{"1:a"}, []string{"2:bad"}
	all := []shape{{name: "several streams", fresh: newWorld, files: small(several), slow: true, want: Loaded, rows: severalRows, pairs: 300}}
	for _, way := range []string{"own stream", "pooled stream"} {
		fresh := map[string]func() *world{"own stream": newWorld, "pooled stream": newPooledWorld}[way]
		lagging := func() *world {
			w := fresh()
			w.lag = 1
			return w
		}
		all = append(all,
			shape{name: way + ", a reject", fresh: fresh, files: small("a\nbad\n"), want: Loaded, rows: a, rejects: bad},
			shape{name: way + ", the new columns not known yet", fresh: lagging, files: small("a\n"), want: Loaded, rows: a, pairs: 500},
			shape{name: way + ", rows refused", fresh: fresh, files: small("a\n"), refuse: "stream.append", want: Rejected},
			shape{name: way + ", columns that do not go with the table's", fresh: fresh, files: small("a\n"), refuse: "table.ensure", want: Rejected},
			shape{name: way + ", not what it should be", fresh: fresh, files: small("!"), want: Rejected},
			shape{name: way + ", changed over an unsettled claim", fresh: fresh, files: unsettled, want: Changed, rows: a, rejects: bad},
			shape{name: way + ", superseded", fresh: fresh, files: superseded, want: Superseded, rows: a, rejects: bad},
			shape{name: way + ", streams lost", fresh: fresh, files: lost, want: Loaded, rows: a, rejects: bad, pairs: 500},
		)
	}
	for i := range all {
		all[i].name, all[i].to = "own columns, "+all[i].name, ownLines
	}
	return all
}

// run delivers the files of a shape until they are acknowledged and asserts the promise.
func (s *shape) run(t *testing.T, faults map[string]fault) *plan {
	w := s.fresh()
	files := s.files(t, w)
	p := &process{world: w, to: s.to, warm: true, slow: s.slow, plan: newPlan(faults)}
	if s.refuse != "" {
		p.refuse = map[string]error{s.refuse: errkind.With(errkind.Permanent, errors.New("row 0: no"))}
	}
	redeliver(t, p, files...)
	p.plan.over = true
	last := files[len(files)-1]
	w.checkEnd(t, last, s.rows, s.rejects)
	if s.want != Superseded && !slices.Contains(w.outcomes(last), string(s.want)) {
		t.Errorf("the load log has %q, want %s", w.outcomes(last), s.want)
	}
	w.checkAttempts(t, last)
	if t.Failed() {
		t.Fatalf("faults: %v; calls: %q", faults, p.plan.calls)
	}
	return p.plan
}

// checkAttempts asserts that by the load log one attempt loaded the file if rows of it are there,
// and none if the claim, if there is one, is void.
func (w *world) checkAttempts(t *testing.T, f File) {
	t.Helper()
	loaded := map[any]bool{}
	for _, r := range w.logs[logTable(target.Table)] {
		if r["outcome"] == "loaded" {
			loaded[r["attempt"]] = true
		}
	}
	if want := len(w.visible(f)) > 0; len(loaded) > 1 || want && len(loaded) == 0 {
		t.Errorf("by the load log %d attempts loaded the file", len(loaded))
	}
}

// Every call of every kind of load goes wrong in each way there is, and every pair of calls in each
// pair of ways that leave different states behind; the file is delivered until it is acknowledged.
func TestEnumerateFaults(t *testing.T) {
	total := 0
	for _, s := range shapes() {
		singles, pairs := 0, 0
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				healthy := s.run(t, nil).calls
				var second []map[string]fault
				for _, call := range healthy {
					for _, f := range faults {
						made := s.run(t, map[string]fault{call: f}).calls
						singles++
						if slices.Contains(states, f) {
							second = append(second, s.seconds(call, f, made)...)
						}
					}
				}
				for _, both := range s.draw(second) {
					s.run(t, both)
					pairs++
				}
			})
			t.Logf("%d runs with one fault, %d with two", singles, pairs)
		})
		total += 1 + singles + pairs
	}
	t.Logf("%d runs of %d kinds of load", total, len(shapes()))
}

// seconds returns the first fault with each that may follow it.
func (s *shape) seconds(first string, f fault, made []string) (both []map[string]fault) {
	for _, call := range made[slices.Index(made, first)+1:] {
		for _, g := range states {
			both = append(both, map[string]fault{first: f, call: g})
		}
	}
	return both
}

// draw returns all, or as many as the shape affords.
func (s *shape) draw(all []map[string]fault) []map[string]fault {
	most := s.pairs
	if raced() {
		most = 200
	}
	if most == 0 || len(all) <= most {
		return all
	}
	r := rand.New(rand.NewPCG(1, uint64(len(all))))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:most]
}
