package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// faults are all the ways in which a call goes wrong.
var faults = []fault{before, after, hang, late, retried, crash, died, boom}

// states are those that leave different states behind: to hang is to fail, only later, and so is to
// panic.
var states = []fault{before, after, retried, crash, died}

// deliver loads f once as the handler would: within a deadline, a panic for an error.
func (p *process) deliver(l *Loader, f File) (res Result, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return l.Load(ctx, f)
}

// redeliver loads the files, in turn, until each is acknowledged. The process at p, whose first
// deliveries these are, meets its faults on the way; one that died is started again.
func redeliver(t *testing.T, p *process, files ...File) {
	t.Helper()
	redeliverBy(t, p, p.loader(), files...)
}

func redeliverBy(t *testing.T, p *process, l *Loader, files ...File) {
	t.Helper()
	for round := 0; len(files) > 0; round++ {
		if round > 9 {
			t.Fatalf("not acknowledged after %d deliveries: %v", round, files)
		}
		p.mu.Lock()
		p.now = p.now.Add(courtesy / 2) // between deliveries
		p.mu.Unlock()
		files = slices.DeleteFunc(slices.Clone(files), func(f File) bool {
			_, err := p.deliver(l, f)
			if p.dead {
				p = &process{world: p.world, to: p.to, warm: p.warm, slow: p.slow, n: p.n, fault: p.fault, plan: p.plan, refuse: p.refuse}
				l = p.loader()
			}
			return err == nil
		})
	}
}

// calls returns how many calls do makes on a process without faults.
func calls(fresh func() *world, do func(p *process)) int {
	p := &process{world: fresh()}
	do(p)
	return p.n
}

// warmCalls is calls on a process that knows its tables.
func warmCalls(fresh func() *world, do func(p *process)) int {
	p := &process{world: fresh(), warm: true}
	do(p)
	return p.n
}

// faultAt returns the fault f for the n-th call.
func faultAt(n int, f fault) func(int, string) fault {
	return func(at int, _ string) fault {
		if at == n {
			return f
		}
		return none
	}
}

// eachWay runs a test with a stream for each file and with pooled streams.
func eachWay(t *testing.T, test func(t *testing.T, fresh func() *world)) {
	t.Run("own stream", func(t *testing.T) { test(t, newWorld) })
	t.Run("pooled stream", func(t *testing.T) { test(t, newPooledWorld) })
}

// bubble runs do on a clock of its own, on which nobody waits for a deadline; it fails if a
// goroutine is left behind.
func bubble(t *testing.T, name string, do func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, do) })
}

const mixed = "a\nbad\nb\nccccccccccccccccccccccccccccccccccccccccccccccccc\n"

var (
	mixedRows    = []string{"1:a", "3:b", "4:" + strings.Repeat("c", 49)}
	mixedRejects = []string{"2:bad"}
)

// Every call fails once, in each way there is. Redelivered until acknowledged, every line is there
// once.
func TestLoadFaults(t *testing.T) { eachWay(t, testLoadFaults) }

func testLoadFaults(t *testing.T, fresh func() *world) {
	n := calls(fresh, func(p *process) { redeliver(t, p, p.file("k", "v1", mixed)) })
	for _, f := range faults {
		for k := range n {
			bubble(t, fmt.Sprintf("call %02d %v", k, f), func(t *testing.T) {
				w := fresh()
				f1 := w.file("k", "v1", mixed)
				redeliver(t, &process{world: w, fault: faultAt(k, f)}, f1)
				w.checkOnce(t, f1, mixedRows, mixedRejects)
			})
		}
	}
}

// A rival instance loads the same file, all of it at once, in front of any call of another, and one
// of the two goes wrong at any call.
func TestLoadFaultsBesideRival(t *testing.T) { eachWay(t, testLoadFaultsBesideRival) }

func testLoadFaultsBesideRival(t *testing.T, fresh func() *world) {
	n := warmCalls(fresh, func(p *process) { redeliver(t, p, p.file("k", "v1", "a\nbad\n")) })
	for _, f := range states {
		for _, faulty := range []string{"first", "rival"} {
			bubble(t, fmt.Sprint(faulty, " ", f), func(t *testing.T) {
				for i := range n {
					for k := range n {
						w := fresh()
						file := w.file("k", "v1", "a\nbad\n")
						first, rival := &process{warm: true, world: w}, &process{warm: true, world: w}
						map[string]*process{"first": first, "rival": rival}[faulty].fault = faultAt(k, f)
						first.meanwhile = func(n int, _ string) {
							if n == i {
								_, _ = rival.deliver(rival.loader(), file)
							}
						}
						redeliver(t, first, file)
						redeliver(t, &process{warm: true, world: w}, file) // the rival's delivery comes again
						w.checkOnce(t, file, []string{"1:a"}, []string{"2:bad"})
						if t.Failed() {
							t.Fatalf("rival in front of call %d, %s %v at call %d", i, faulty, f, k)
						}
					}
				}
			})
		}
	}
}

// A key is overwritten in front of any call of its first version's load, any call goes wrong, and
// the events come in either order: one of the versions is there, whole and once.
func TestLoadTwoVersionsWithFaults(t *testing.T) { eachWay(t, testLoadTwoVersionsWithFaults) }

func testLoadTwoVersionsWithFaults(t *testing.T, fresh func() *world) {
	n := warmCalls(fresh, func(p *process) { redeliver(t, p, p.file("k", "v1", "a\nb\n")) })
	for _, f := range states {
		for _, swapped := range []bool{false, true} {
			bubble(t, fmt.Sprintf("%v, swapped %v", f, swapped), func(t *testing.T) {
				for i := -1; i < n; i++ {
					for k := range 2 * n {
						w := fresh()
						v1 := w.file("k", "v1", "a\nb\n")
						v2 := v1
						overwrite := func() { v2 = w.file("k", "v2", "c\nd\n") }
						p := &process{warm: true, world: w, fault: faultAt(k, f)}
						p.meanwhile = func(n int, _ string) {
							if n == i && v2 == v1 {
								overwrite()
							}
						}
						if i >= 0 {
							_, _ = p.deliver(p.loader(), v1)
						}
						if v2 == v1 { // before any load, or the load did not come as far as call i
							overwrite()
						}
						files := []File{v1, v2}
						if swapped {
							slices.Reverse(files)
						}
						if p.dead {
							p = &process{warm: true, world: w}
						}
						redeliver(t, p, files...)
						want := []string{"1:a", "2:b"}
						if slices.Contains(w.visible(v1), "1:c") {
							want = []string{"1:c", "2:d"}
						}
						w.checkOnce(t, v1, want, nil)
						if t.Failed() {
							t.Fatalf("overwritten in front of call %d, call %d %v", i, k, f)
						}
					}
				}
			})
		}
	}
}

// Rejects that are written while the file is still being read, and those of a file of which too
// much is rejected, survive a fault at any call.
func TestLoadRejectsWithFaults(t *testing.T) { eachWay(t, testLoadRejectsWithFaults) }

func testLoadRejectsWithFaults(t *testing.T, fresh func() *world) {
	many := "a\n" + strings.Repeat("bad\n", 1001)
	var manyRejects []string
	for i := range 1001 {
		manyRejects = append(manyRejects, fmt.Sprintf("%d:bad", i+2))
	}
	slices.Sort(manyRejects)
	for _, tt := range []struct {
		name, content string
		ratio         float64
		want          Outcome
		rows, rejects []string
	}{
		{"many", many, 1, Loaded, []string{"1:a"}, manyRejects},
		{"too many", "a\nbad\nbad\n", 0.5, Rejected, nil, []string{"2:bad", "3:bad"}},
	} {
		load := func(p *process, f File) {
			p.to = target
			p.to.MaxRejectRatio = tt.ratio
			redeliver(t, p, f)
		}
		n := calls(fresh, func(p *process) { load(p, p.file("k", "v1", tt.content)) })
		for _, f := range states {
			for k := range n {
				bubble(t, fmt.Sprintf("%s, call %02d %v", tt.name, k, f), func(t *testing.T) {
					w := fresh()
					file := w.file("k", "v1", tt.content)
					load(&process{world: w, fault: faultAt(k, f)}, file)
					w.checkEnd(t, file, tt.rows, tt.rejects)
					if !slices.Contains(w.outcomes(file), string(tt.want)) {
						t.Errorf("the load log has %q, want %s", w.outcomes(file), tt.want)
					}
				})
			}
		}
	}
}

// A file that turns out broken while its rows are on their way does not wait for them.
func TestLoadBrokenFileDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		f := w.file("k", "v1", strings.Repeat("x", 90)+"\n"+strings.Repeat("y", 90)+"\nat nonsense\n")
		p := &process{world: w, fault: func(_ int, call string) fault {
			if call == "stream.append" {
				return hang
			}
			return none
		}}
		start := time.Now()
		if res, err := p.deliver(p.loader(), f); err == nil {
			t.Errorf("Load = %+v, want the decoder's error", res)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("it waited %s for an answer that nobody needs", waited)
		}
		w.checkEnd(t, f, nil, nil)
	})
}

// Rejects made of a record that parsed keep the record's own bytes, though the decoder has used its
// memory again since.
func TestRejectKeepsItsBytes(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "huge\nzzzz\nyyyy\n")
	mustLoad(t, newLoader(w), f, Loaded)
	if got, want := w.rejected(f), []string{"1:huge"}; !slices.Equal(got, want) {
		t.Errorf("rejects %q, want %q", got, want)
	}
}

// Errors of the services do not speak of the file: it is neither rejected nor superseded for them,
// and a table that was removed is made again.
func TestLoadServiceErrorsAreNotTheFiles(t *testing.T) {
	for _, kind := range []errkind.Kind{errkind.Permanent, errkind.NotFound, errkind.Exists} {
		for _, call := range []string{
			"table.ensure", "claim.get", "gcs.get", "stream.create", "stream.finalize", "log.append seneka_reject_log", "claim.put", "stream.commit", "log.append seneka_load_log",
		} {
			if (call == "claim.get" || call == "gcs.get") && kind == errkind.NotFound || call == "claim.put" && kind == errkind.Exists {
				continue // those are answers
			}
			t.Run(fmt.Sprint(call, " ", kind), func(t *testing.T) {
				w := newWorld()
				f := w.file("k", "v1", "a\nbad\n")
				old := w.objects["landing/src/k"]
				p := &process{world: w, refuse: map[string]error{call: errkind.With(kind, errInjected)}}
				p.meanwhile = func(_ int, now string) {
					if now == call { // a newer copy is there: superseded would be possible
						w.file("k", "v2", "b\n")
					}
				}
				l := p.loader()
				if res, err := l.Load(t.Context(), f); err == nil {
					t.Fatalf("Load = %+v, want an error", res)
				}
				if rows := w.logs[logTable(target.Table)]; len(rows) > 0 {
					t.Errorf("the load log has %v", rows)
				}
				p.refuse, p.meanwhile, w.objects["landing/src/k"], w.tables = nil, nil, old, map[row.Table]bool{}
				if kind != errkind.NotFound {
					l = newLoader(w) // the tables are there for all it knows
				}
				redeliverBy(t, p, l, f)
				w.checkOnce(t, f, []string{"1:a"}, []string{"2:bad"})
			})
		}
	}
}

// The answer to the own write of the claim, or to the commit, is lost, and the client's second try is
// refused: the load goes on as the one that did it.
func TestLoadKnowsItsOwnWrites(t *testing.T) {
	for _, call := range []string{"claim.put", "stream.commit"} {
		w := newWorld()
		f := w.file("k", "v1", "a\n")
		p := &process{world: w, fault: func(_ int, now string) fault {
			if now == call {
				return retried
			}
			return none
		}}
		mustLoad(t, p.loader(), f, Loaded)
		w.checkOnce(t, f, []string{"1:a"}, nil)
	}
}

// A panic while the tables are made is one request's: those behind it make them.
func TestEnsurePanicIsAlone(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\n")
	p := &process{world: w, fault: faultAt(0, boom)}
	l := p.loader()
	if _, err := p.deliver(l, f); err == nil {
		t.Fatal("the client did not panic")
	}
	if res, err := p.deliver(l, f); err != nil || res.Outcome != Loaded {
		t.Errorf("the next load = %+v, %v; want loaded", res, err)
	}
}
