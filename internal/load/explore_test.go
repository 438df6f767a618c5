package load

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	whole    = flag.Bool("whole", false, "explore every scenario to its end: see make prove")
	deep     = flag.Int("deep", 0, "explore with so many faults more than by default; 1 takes hours")
	schedule = flag.String("schedule", "", "play one `schedule` of TestExplore again, as its failure printed it: scenario/step.step.…")
)

// scenario is deliveries to instances, and how much may go wrong with them.
type scenario struct {
	name       string
	instances  []loaderKind
	deliveries []delivery
	faults     int  // calls that go wrong, processes that die
	days       int  // a day may pass, and BigQuery forget streams
	drains     int  // instances that are told to stop
	rush       int  // how often a message is delivered again, and ten seconds pass, while others are worked on; 0: once
	refuse     bool // BigQuery may refuse the rows of pooled appends
	full       bool // every order is played, also those that are known to differ in nothing
}

type loaderKind int

const (
	ownStreams   loaderKind = iota // each file has PENDING streams of its own
	pooledLoader                   // small files go by pooled streams
)

// delivery is a message of one object at one version, for the loader of one instance.
type delivery struct {
	key, etag, content string
	on                 int
	over               bool // it replaces the object of another delivery, at any time
}

// shares reports whether more than one delivery takes streams from the pool of a slot.
func (sc *scenario) shares(slot int) bool {
	n := 0
	for _, d := range sc.deliveries {
		if d.on == slot {
			n++
		}
	}
	return n > 1 && sc.instances[slot] == pooledLoader
}

// explorer plays a scenario in every order: each play repeats the steps that lead to a choice not
// made yet, and goes on until it meets a state that an earlier play has met.
type explorer struct {
	sc      *scenario
	known   *types
	visited map[uint64]bool
	path    []choice        // of the play under way
	ends    map[string]bool // what it all came to; nil: nobody asks
	heard   map[string]bool // histories of rounds; nil: nobody asks
	plays   int
	most    int // plays that are enough; 0: all
	longest int
}

// choice is a point of a play where one of several steps was taken.
type choice struct {
	taken  int
	labels []string
	state  uint64
}

// explore plays until all is explored or enough is; it returns the first play with a problem.
func (e *explorer) explore(t *testing.T) *play {
	for {
		p := e.playOn(t, e.systematic)
		if len(p.problems) > 0 || t.Failed() {
			return p
		}
		for len(e.path) > 0 && e.path[len(e.path)-1].taken == len(e.path[len(e.path)-1].labels)-1 {
			e.path = e.path[:len(e.path)-1]
		}
		if len(e.path) == 0 || e.most > 0 && e.plays >= e.most {
			return nil
		}
		e.path[len(e.path)-1].taken++
	}
}

// chooser picks the next of several steps, the n-th such pick of a play; -1 ends it.
type chooser func(p *play, n int, steps []step) int

// systematic repeats the path and then takes the first step of every choice.
func (e *explorer) systematic(p *play, n int, steps []step) int {
	if n < len(e.path) {
		if c := e.path[n]; len(c.labels) != len(steps) || c.labels[c.taken] != steps[c.taken].label {
			p.problem("the play does not repeat itself: choice %d was among %q", n, c.labels)
			return -1
		}
		return e.path[n].taken
	}
	state := p.state()
	if e.visited[state] {
		if slices.ContainsFunc(e.path, func(c choice) bool { return c.state == state }) {
			p.problem("this can go on for ever: nothing has changed since an earlier step")
		}
		return -1
	}
	e.visited[state] = true
	labels := make([]string, len(steps))
	for i, s := range steps {
		labels[i] = s.label
	}
	e.path = append(e.path, choice{0, labels, state})
	return 0
}

// playOn plays once, asking choose where there is a choice.
func (e *explorer) playOn(t *testing.T, choose chooser) *play {
	var p *play
	e.plays++
	synctest.Test(t, func(*testing.T) {
		p = newPlay(e.sc, e.known)
		p.heard = e.heard
		synctest.Wait()
		picks := []string{e.sc.name + "/"}
		for n := 0; len(p.problems) == 0; {
			steps := p.steps()
			if p.done() {
				p.checkEnd()
				if e.ends != nil {
					e.ends[p.end()] = true
				}
			}
			if len(steps) == 0 || len(p.problems) > 0 {
				break
			}
			i := 0
			if len(steps) > 1 {
				if i = choose(p, n, steps); i < 0 {
					break
				}
				n++
				picks = append(picks, strconv.Itoa(i))
			}
			p.trace = append(p.trace, steps[i].label)
			steps[i].do()
		}
		p.schedule = picks[0] + strings.Join(picks[1:], ".")
		e.longest = max(e.longest, len(p.trace))
		p.stop()
		if p.open != 0 || len(p.abuses) > 0 {
			p.problem("%d streams left open, wrongly used: %q", p.open, p.abuses)
		}
	})
	return p
}

// TestExplore plays every order of the calls of concurrent deliveries, with crashes, lost answers,
// requests that the client repeats or that arrive late, and time that passes; after each, every line
// is there once. It ends after some thousand plays, fewer with the race detector on; with -whole when there is nothing more.
// What it prints of a failure plays again by -schedule.
func TestExplore(t *testing.T) {
	lightly(t)
	known := &types{known: map[string]protoreflect.MessageDescriptor{}}
	for _, sc := range append(scenarios(), replayed()...) {
		if *schedule != "" && !strings.HasPrefix(*schedule, sc.name+"/") {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			sc.faults += *deep
			e := &explorer{sc: &sc, known: known, visited: map[uint64]bool{}}
			switch {
			case *whole || *deep > 0:
			case raced():
				e.most = 400
			default:
				e.most = 9000
			}
			if *schedule != "" {
				p := e.playOn(t, replay(strings.TrimPrefix(*schedule, sc.name+"/")))
				t.Logf("%s\nproblems: %q", p.story(), p.problems)
				return
			}
			if p := e.explore(t); p != nil {
				t.Fatalf("%s\nplay it again: %s", p.story(), p.again())
			}
			t.Logf("%s: %d states, %d plays, longest of %d steps; %s", sc.name, len(e.visited), e.plays, e.longest,
				map[bool]string{true: "all there are", false: "there are more: this is a part, for the race detector"}[len(e.path) == 0])
		})
	}
}

// raced reports whether the race detector is on, which makes a play ten times as long.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// lightly has less time go into the collection of garbage, of which plays make much and keep little.
func lightly(t *testing.T) {
	before := debug.SetGCPercent(400)
	t.Cleanup(func() { debug.SetGCPercent(before) })
}

// replayed are scenarios that are only played again.
func replayed() []scenario {
	if *schedule == "" {
		return nil
	}
	return threes()
}

// replay makes the choices of a schedule.
func replay(schedule string) chooser {
	picks := strings.Split(schedule, ".")
	return func(_ *play, n int, steps []step) int {
		if n >= len(picks) {
			return -1
		}
		i, err := strconv.Atoi(picks[n])
		if err != nil || i >= len(steps) {
			return -1
		}
		return i
	}
}

// TestExploreThree plays three deliveries in random order, by seed.
func TestExploreThree(t *testing.T) {
	plays := 2000
	if raced() {
		plays = 100
	}
	if *deep > 0 {
		plays = 1_000_000
	}
	lightly(t)
	known := &types{known: map[string]protoreflect.MessageDescriptor{}}
	for _, sc := range threes() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			e := &explorer{sc: &sc, known: known, visited: map[uint64]bool{}}
			for seed := range uint64(plays) {
				r := rand.New(rand.NewPCG(seed, 0))
				p := e.playOn(t, func(p *play, _ int, steps []step) int {
					e.visited[p.state()] = true
					return r.IntN(len(steps))
				})
				if len(p.problems) > 0 {
					t.Fatalf("seed %d: %s\nplay it again: %s", seed, p.story(), p.again())
				}
			}
			t.Logf("%s: %d states, %d plays, longest of %d steps", sc.name, len(e.visited), e.plays, e.longest)
		})
	}
}

// again is the command that plays p again.
func (p *play) again() string {
	return fmt.Sprintf("go test ./internal/load -run 'TestExplore$' -v -schedule '%s'", p.schedule)
}

// story tells what happened, step by step.
func (p *play) story() string {
	var b strings.Builder
	for i, label := range p.trace {
		fmt.Fprintf(&b, "\n%3d. %s", i+1, label)
	}
	for _, problem := range p.problems {
		fmt.Fprintf(&b, "\n  => %s", problem)
	}
	return b.String()
}

// checkDoubles asserts that no line is visible twice, whatever is still under way.
func (p *play) checkDoubles() {
	seen := map[string]bool{}
	for _, r := range p.rows {
		line := fmt.Sprint(r["source_file"], " line ", r["source_line"])
		if seen[line] {
			p.problem("%s is visible twice", line)
		}
		seen[line] = true
	}
}

// checkAcknowledged asserts that what a message was about is visible, or that the log says why not.
func (p *play) checkAcknowledged(a *actor) {
	if len(p.visible(a.file)) > 0 {
		return
	}
	for _, outcome := range []Outcome{Rejected, Superseded} {
		if slices.Contains(p.outcomes(a.file), string(outcome)) && (outcome == Superseded || p.sc.refuse) {
			return
		}
	}
	p.problem("%s is acknowledged and nothing of it is visible; the load log has %q", a.name, p.outcomes(a.file))
}

// checkEnd asserts the promise, once every message is acknowledged: of each object one version is
// there, whole, with its rejects, loaded by the attempt that the claim names; or it was refused.
func (p *play) checkEnd() {
	for _, d := range p.sc.deliveries {
		f := File{}
		f.Bucket, f.Key = "src", d.key
		got := p.visible(f)
		if len(got) == 0 && p.sc.refuse && slices.Contains(p.outcomes(f), string(Rejected)) {
			continue
		}
		whole := slices.ContainsFunc(p.sc.deliveries, func(other delivery) bool {
			rows, rejects := expected(other.content)
			return other.key == d.key && slices.Equal(got, rows) && slices.Equal(p.rejected(f), rejects)
		})
		if !whole {
			p.problem("of %s the rows %q are visible and the rejects %q recorded: no version of it, whole", d.key, got, p.rejected(f))
		}
		p.checkRecords(f)
	}
}

// checkRecords asserts that by the load log the attempt of the claim loaded the file, and no other.
func (p *play) checkRecords(f File) {
	loaded := map[any]bool{}
	for _, r := range p.logs[logTable(target.Table)] {
		if r["outcome"] == "loaded" && r["source_file"] == f.Source.String() {
			loaded[r["attempt"]] = true
		}
	}
	claimed := attemptIn(string(p.claims[claimOf(f)].data))
	if len(loaded) != 1 || !loaded[claimed] {
		p.problem("by the load log %d attempts loaded %s; the claim's is among them: %v", len(loaded), f.Key, loaded[claimed])
	}
}

// Files share a pool. One's append, or its claim, gets no answer and arrives late: the other has not
// taken the stream meanwhile.
func TestStreamInDoubtServesNobody(t *testing.T) {
	sc := &scenario{name: "two files", instances: []loaderKind{pooledLoader}, faults: 2, deliveries: []delivery{
		{key: "k", etag: "v1", content: v1}, {key: "other", etag: "v1", content: v2},
	}}
	for name, script := range map[string][]string{
		"append": {"A claim.get", "A gcs.get", "A log.append seneka_reject_log", "A pool.create", "A claim.put", "A stream.append A1.1: no answer", "A stream.finalize A1.1: no answer",
			"B claim.get", "B gcs.get", "B pool.create?", "B claim.put", "late arrival: A stream.append A1.1"},
		"claim": {"A claim.get", "A gcs.get", "A log.append seneka_reject_log", "A pool.create", "A claim.put: no answer",
			"B claim.get", "B gcs.get", "B pool.create?", "B claim.put", "late arrival: A claim.put", "B stream.append"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &explorer{sc: sc, known: &types{known: map[string]protoreflect.MessageDescriptor{}}}
			if p := e.playOn(t, scripted(script)); len(p.problems) > 0 || len(p.trace) < len(script) {
				t.Error(p.story())
			}
		})
	}
}

// scripted takes the steps of a script, each by the beginning of its label, and then the first of
// every choice. A step with a question mark is passed over where it is not among the choices.
func scripted(script []string) chooser {
	next := 0
	return func(p *play, _ int, steps []step) int {
		for next < len(script) {
			want, optional := strings.CutSuffix(script[next], "?")
			next++
			i := slices.IndexFunc(steps, func(s step) bool { return strings.HasPrefix(s.label, want) })
			if i < 0 && optional {
				continue
			}
			if i < 0 {
				p.problem("%q is not among what may happen: %v", want, steps)
			}
			return i
		}
		return 0
	}
}
