package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/load"
)

// bench is one process that backfills. The tests run in a bubble whose clock stands still while
// anybody works, so that waiting costs no time and is exact.
type bench struct {
	*testing.T
	*process
	runner  *Runner
	seen    *observed
	ctx     context.Context
	job     Job
	journal *Journal
}

func newBench(t *testing.T, c *clouds) *bench {
	ctx, kill := context.WithCancel(t.Context())
	p := &process{clouds: c, kill: kill, failures: map[string][]error{}, outcomes: map[string]forward.Outcome{}, loads: map[string]load.Result{}, loadErr: map[string]error{}, working: 20 * time.Millisecond}
	seen := &observed{}
	return &bench{T: t, process: p, seen: seen, ctx: ctx, job: Job{Bucket: "b"}, runner: &Runner{
		Forward: p.Forward, Load: p.Load, Landing: p, Bucket: "landing", History: p, Observer: seen, Now: time.Now,
		Workers: 8, Bytes: 1 << 20, Ahead: 100, Poll: 2 * time.Second, Patience: time.Minute,
	}}
}

// run plans and runs, or goes on with the run of that ID.
func (b *bench) run(id string) (p Progress, failures []Failure, err error) {
	after := ""
	if id != "" {
		if b.journal, err = Resume(b.ctx, b.process, id, time.Now); err != nil {
			return p, nil, err
		}
		after, b.job = b.journal.State().After, b.journal.State().Job
	}
	plan, err := (&Planner{Lister: b.process, History: b.process, Route: route}).Plan(b.ctx, b.job, after)
	if err != nil {
		return p, nil, err
	}
	if b.journal == nil {
		if b.journal, err = NewJournal(b.ctx, b.process, b.job, time.Now); err != nil {
			return p, nil, err
		}
	}
	return b.runner.Run(b.ctx, plan, b.journal)
}

// wantOnce checks that the rows of every file are there once.
func (c *clouds) wantOnce(t *testing.T, what string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.objects {
		if got := c.rows[o.Source.String()]; got != rowsOf {
			t.Errorf("%s: %s has %d rows, want %d", what, o.Source, got, rowsOf)
		}
	}
}

func (b *bench) wantDone(files int) {
	b.Helper()
	p, failures, err := b.run("")
	if err != nil || len(failures) > 0 || p.Done != files || p.Files != files || p.Waiting != 0 {
		b.Fatalf("run: %+v, %v, %v; want %d files done", p, failures, err, files)
	}
	if s := b.journal.State(); !s.Finished || s.Done != files || s.Files != files || s.After != b.objects[len(b.objects)-1].Key {
		b.Errorf("the checkpoint says %+v", s)
	}
	if last := b.seen.progress[len(b.seen.progress)-1]; last.Done != files || last.Finished != last.Bytes {
		b.Errorf("told last: %+v", last)
	}
	b.wantOnce(b.T, "run")
}

func TestRunFollowsTheLoader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(300)...))
		b.wantDone(300)
		if b.direct != 0 {
			t.Errorf("%d files were loaded here, want none", b.direct)
		}
		if p := b.seen.progress[len(b.seen.progress)-1]; p.Rows != 300*rowsOf || p.Outcomes["loaded"] != 300 {
			t.Errorf("told last: %+v", p)
		}
		if n := len(b.queries); n > 20 {
			t.Errorf("%d queries for 300 files", n)
		}
		for name, c := range b.landing {
			if !c.attrs.Received.IsZero() {
				t.Fatalf("%s: an event is said to have come at %s", name, c.attrs.Received)
			}
		}
	})
}

// Again, nothing is to do; and where the load log has forgotten, nothing is doubled.
func TestRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClouds(numbered(50)...)
		newBench(t, c).wantDone(50)
		again := newBench(t, c)
		if p, _, err := again.run(""); err != nil || p.Files != 0 {
			t.Errorf("again: %+v, %v; want nothing to do", p, err)
		}
		c.records = nil
		forgotten := newBench(t, c)
		forgotten.wantDone(50)
		if p := forgotten.seen.progress[len(forgotten.seen.progress)-1]; p.Outcomes["duplicate"] != 50 || p.Rows != 0 || forgotten.direct != 50 {
			t.Errorf("told last %+v, and %d loaded here; want 50 duplicates", p, forgotten.direct)
		}
	})
}

// Files that lie in landing are announced no more: they are loaded here.
func TestRunLoadsWhatLiesInLanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClouds(numbered(40)...)
		c.delay = -1 // the loader was down, and the notifications are lost
		for _, o := range c.objects[:25] {
			c.copy(o, time.Now())
		}
		c.delay = time.Second
		b := newBench(t, c)
		b.wantDone(40)
		if b.direct != 25 {
			t.Errorf("%d files were loaded here, want 25", b.direct)
		}
	})
}

func TestRunDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(60)...))
		b.delay, b.job.Direct = -1, true // no loader at all
		b.wantDone(60)
	})
}

// With a loader at work on the same files: the ledger lets each in once.
func TestRunDirectBesideTheLoader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(60)...))
		b.delay, b.job.Direct = 0, true
		b.wantDone(60)
	})
}

func TestRunWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(60)...))
		b.delay, b.job.NoWait = -1, true
		p, failures, err := b.run("")
		if err != nil || len(failures) > 0 || p.Outcomes["forwarded"] != 60 || len(b.queries) != 1 {
			t.Errorf("%+v, %v, %v, %d queries; want 60 forwarded, and one query of the plan", p, failures, err, len(b.queries))
		}
	})
}

// What is no failure and needs no load is done.
func TestRunOutcomes(t *testing.T) {
	for _, o := range []forward.Outcome{forward.Gone, forward.Changed, forward.Older, forward.Empty} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, newClouds("a.log"))
			b.outcomes["a.log"] = o
			if p, failures, err := b.run(""); err != nil || len(failures) > 0 || p.Outcomes[string(o)] != 1 {
				t.Errorf("%s: %+v, %v, %v", o, p, failures, err)
			}
		})
	}
}

func TestRunFailures(t *testing.T) {
	transient := errkind.With(errkind.Transient, errors.New("connection reset"))
	permanent := errkind.With(errkind.Permanent, errors.New("no such format"))
	lag := fmt.Errorf("local.logs.app: %w", load.ErrSchema)
	tests := []struct {
		name  string
		apply func(b *bench, key string)
		want  string // the reason; empty: it does not fail
	}{
		{"a passing fault", func(b *bench, key string) { b.failures[key] = []error{transient, transient} }, ""},
		{"a column that BigQuery comes to know", func(b *bench, key string) { b.failures[key] = slices.Repeat([]error{lag}, schemaTries-1) }, ""},
		{"a column that it never knows", func(b *bench, key string) { b.failures[key] = slices.Repeat([]error{lag}, schemaTries) }, "local.logs.app: " + load.ErrSchema.Error()},
		{"a fault that stays", func(b *bench, key string) { b.failures[key] = slices.Repeat([]error{transient}, tries) }, "connection reset"},
		{"a fault that trying cannot mend", func(b *bench, key string) { b.failures[key] = []error{permanent} }, "no such format"},
		{"rejected", func(b *bench, key string) {
			b.outcomes[key] = forward.Forwarded
			time.AfterFunc(time.Second, func() {
				b.add(b.objects[b.at(key)], load.Rejected, func(r *load.Record) { r.Reason, r.LoadedAt, r.ForwardedAt = "corrupt gzip", time.Now(), time.Now() })
			})
		}, "rejected: corrupt gzip"},
		{"deferred", func(b *bench, key string) {
			b.copy(b.objects[b.at(key)], time.Now())
			b.loads[key] = load.Result{Outcome: load.Deferred, Reason: "too long"}
		}, "deferred: too long; tried again, it is loaded from here, which has no such limit"},
		{"an outcome of a later release", func(b *bench, key string) {
			b.copy(b.objects[b.at(key)], time.Now())
			b.loads[key] = load.Result{Outcome: "quarantined", Reason: "who knows"}
		}, "quarantined: who knows"},
		{"the load fails", func(b *bench, key string) {
			b.copy(b.objects[b.at(key)], time.Now())
			b.loadErr[key] = transient
		}, "connection reset"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClouds(numbered(20)...)
				c.delay = -1
				b := newBench(t, c)
				key := c.objects[7].Key
				test.apply(b, key)
				c.delay = 100 * time.Millisecond
				p, failures, err := b.run("")
				if err != nil {
					t.Fatal(err)
				}
				if test.want == "" {
					if len(failures) > 0 || p.Done != 20 {
						t.Errorf("%+v, %v; want no failure", p, failures)
					}
					return
				}
				want := []Failure{{"s3://b/" + key, test.want}}
				if !slices.Equal(failures, want) || !slices.Equal(b.seen.failures, want) || p.Done != 19 || p.Failed != 1 {
					t.Errorf("failures %v, told %v, %+v; want %v", failures, b.seen.failures, p, want)
				}
				// A failed file holds the checkpoint back: going on tries it again.
				if after := b.journal.State().After; after != c.objects[6].Key {
					t.Errorf("the checkpoint is behind %s, want %s", after, c.objects[6].Key)
				}
			})
		})
	}
}

// A rejected file is tried again when the run goes on, and the others are not.
func TestResumeTriesFailedFilesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClouds(numbered(20)...)
		b := newBench(t, c)
		b.failures[c.objects[3].Key] = slices.Repeat([]error{errors.New("denied")}, tries)
		if _, failures, err := b.run(""); err != nil || len(failures) != 1 {
			t.Fatalf("%v, %v; want one failure", failures, err)
		}
		again := newBench(t, c)
		p, failures, err := again.run(b.journal.State().ID)
		if err != nil || len(failures) > 0 || p.Files != 1 || p.Done != 1 {
			t.Errorf("going on: %+v, %v, %v; want the one file done", p, failures, err)
		}
		if s := again.journal.State(); !s.Finished || s.Done != 20 || s.Files != 20 || s.Failed != 0 {
			t.Errorf("the checkpoint says %+v", s)
		}
		c.wantOnce(t, "in the end")
	})
}

// Where every file fails it is not the files: the run ends at once.
func TestRunEndsWhereAllFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(2000)...))
		for _, o := range b.objects {
			b.failures[o.Key] = slices.Repeat([]error{errors.New("access denied")}, tries)
		}
		p, failures, err := b.run("")
		if !errors.Is(err, ErrStalled) || !strings.Contains(err.Error(), "access denied") {
			t.Errorf("error %v, want ErrStalled with the cause", err)
		}
		if p.Failed < hopeless || p.Failed > hopeless+b.runner.Workers || len(failures) != p.Failed {
			t.Errorf("%d files were tried", p.Failed)
		}
		if s := b.journal.State(); s.Finished {
			t.Errorf("the checkpoint says %+v", s)
		}
	})
}

// A loader that is down ends the run: with files still to hand on as ErrStalled, else as failures.
func TestRunGivesTheLoaderUp(t *testing.T) {
	for _, files := range []int{50, 500} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, newClouds(numbered(files)...))
			b.delay = -1
			begun := time.Now()
			p, failures, err := b.run("")
			if (files > b.runner.Ahead) != errors.Is(err, ErrStalled) || err != nil && files <= b.runner.Ahead {
				t.Errorf("%d files: %v", files, err)
			}
			if want := min(files, b.runner.Ahead); len(failures) != want || p.Failed != want || !strings.Contains(failures[0].Reason, "dead-letter") {
				t.Errorf("%d files: %d failures, want %d", files, len(failures), want)
			}
			if took := time.Since(begun); took < b.runner.Patience || took > 2*b.runner.Patience {
				t.Errorf("%d files: it took %s, and patience is %s", files, took, b.runner.Patience)
			}
			// The loader is back: nothing is lost.
			b.delay = 0
			again := newBench(t, b.clouds)
			if _, failures, err := again.run(b.journal.State().ID); err != nil || len(failures) > 0 {
				t.Errorf("going on: %v, %v", failures, err)
			}
			b.wantOnce(t, "in the end")
		})
	}
}

// A load log that cannot be asked for a while holds nothing up.
func TestRunSurvivesABrokenLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(50)...))
		time.AfterFunc(time.Second, func() {
			b.loadLog.mu.Lock()
			defer b.loadLog.mu.Unlock()
			b.broken = errors.New("backend error")
		})
		time.AfterFunc(30*time.Second, func() {
			b.loadLog.mu.Lock()
			defer b.loadLog.mu.Unlock()
			b.broken = nil
		})
		b.wantDone(50)
	})
}

func TestRunKeepsItsBounds(t *testing.T) {
	tests := []struct {
		name  string
		limit func(r *Runner)
		check func(b *bench) bool
	}{
		{"workers", func(r *Runner) { r.Workers = 3 }, func(b *bench) bool { return b.busiest == 3 }},
		{"bytes", func(r *Runner) { r.Bytes = 250 }, func(b *bench) bool { return b.most == 200 }},
		{"a file larger than the bytes goes alone", func(r *Runner) { r.Bytes = 50 }, func(b *bench) bool { return b.most == 100 }},
		{"files a second", func(r *Runner) { r.Rate = 10 }, func(b *bench) bool {
			for i := range b.starts[1:] {
				if gap := b.starts[i+1].Sub(b.starts[i]); gap < 100*time.Millisecond-time.Microsecond {
					b.Errorf("file %d started %s behind the one before", i+1, gap)
				}
			}
			return true
		}},
		{"no rate", func(r *Runner) { r.Workers, r.Ahead = 1000, 1000 }, func(b *bench) bool { return b.busiest == 200 }},
		{"ahead of the loader", func(r *Runner) { r.Ahead = 7 }, func(b *bench) bool {
			return slices.IndexFunc(b.seen.progress, func(p Progress) bool { return p.Waiting > 7 }) < 0
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, newClouds(numbered(200)...))
				test.limit(b.runner)
				b.wantDone(200)
				if !test.check(b) {
					t.Errorf("%d files and %d bytes at a time", b.busiest, b.most)
				}
			})
		})
	}
}

// A panic in a stage costs the file, not the run.
func TestRunSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(5)...))
		inner := b.runner.Load
		b.job.Direct = true
		b.runner.Load = func(ctx context.Context, f load.File) (load.Result, error) {
			if f.Key == b.objects[2].Key {
				panic("index out of range")
			}
			return inner(ctx, f)
		}
		p, failures, err := b.run("")
		if err != nil || p.Done != 4 || len(failures) != 1 || !strings.Contains(failures[0].Reason, "index out of range") {
			t.Errorf("%+v, %v, %v", p, failures, err)
		}
	})
}

// Told to stop, it stops, says so, and writes how far it came.
func TestRunIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClouds(numbered(300)...)
		b := newBench(t, c)
		b.runner.Rate = 20
		time.AfterFunc(7*time.Second, b.kill)
		p, failures, err := b.run("")
		if !errors.Is(err, context.Canceled) || len(failures) > 0 || p.Done == 0 || p.Done >= 300 {
			t.Fatalf("%+v, %v, %v; want to be interrupted in the middle", p, failures, err)
		}
		s := b.journal.State()
		if s.Finished || s.Done != p.Done || s.After == "" {
			t.Errorf("the checkpoint says %+v, want %d done", s, p.Done)
		}
		again := newBench(t, c)
		if p, failures, err := again.run(s.ID); err != nil || len(failures) > 0 || p.Files > 300-s.Done {
			t.Errorf("going on: %+v, %v, %v", p, failures, err)
		}
		c.wantOnce(t, "in the end")
	})
}

// The process is killed at each of its calls, before the call's effect or behind it, and another
// goes on with the run, or begins a new one where there was none: every file's rows are there once.
func TestKilledAtEveryCall(t *testing.T) {
	for _, direct := range []bool{false, true} {
		for _, effect := range []bool{false, true} {
			t.Run(fmt.Sprintf("direct %v, behind the effect %v", direct, effect), func(t *testing.T) {
				for dieAt, calls := 1, 2; dieAt <= calls; dieAt++ {
					synctest.Test(t, func(t *testing.T) { calls = killAndGoOn(t, direct, effect, dieAt) })
					if t.Failed() {
						t.Fatalf("killed at call %d", dieAt)
					}
				}
			})
		}
	}
}

// killAndGoOn returns how many calls a process makes that is not killed.
func killAndGoOn(t *testing.T, direct, effect bool, dieAt int) int {
	c := newClouds(numbered(12)...)
	for _, o := range c.objects[:3] {
		c.copy(o, time.Now()) // live traffic came first
	}
	first := newBench(t, c)
	first.dieAt, first.effect, first.job.Direct, first.runner.Rate = dieAt, effect, direct, 2
	_, failures, err := first.run("")
	if !first.dead {
		if err != nil || len(failures) > 0 {
			t.Errorf("a whole run: %v, %v", failures, err)
		}
		c.wantOnce(t, "a whole run")
		return first.calls
	}
	second := newBench(t, c)
	second.job.Direct = direct
	if _, failures, err := second.run(onlyRun(c)); err != nil || len(failures) > 0 {
		t.Errorf("going on: %v, %v", failures, err)
	}
	c.wantOnce(t, "going on")
	return dieAt + 1
}

// onlyRun returns the ID of the run that the ledger knows; empty if it knows none.
func onlyRun(c *clouds) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.ledger {
		return strings.TrimSuffix(strings.TrimPrefix(name, "backfill/"), ".json")
	}
	return ""
}

// Another process goes on with a run that is not dead at all: the first leaves it, and nothing is
// doubled.
func TestRunIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClouds(numbered(400)...)
		first, second := newBench(t, c), newBench(t, c)
		first.runner.Rate, second.runner.Rate = 20, 20
		ended := make(chan error)
		time.AfterFunc(8*time.Second, func() {
			_, failures, err := second.run(onlyRun(c))
			if len(failures) > 0 {
				t.Errorf("the second: %v", failures)
			}
			ended <- err
		})
		if _, _, err := first.run(""); !errors.Is(err, ErrTaken) {
			t.Errorf("the first ended with %v, want ErrTaken", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the second ended with %v", err)
		}
		if s := second.journal.State(); !s.Finished {
			t.Errorf("the checkpoint says %+v", s)
		}
		c.wantOnce(t, "in the end")
	})
}

// Live traffic brings the same files at the same time, and another backfill does too.
func TestRunBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClouds(numbered(200)...)
		for i, o := range c.objects {
			time.AfterFunc(time.Duration(i*i%200)*20*time.Millisecond, func() { c.copy(o, time.Now()) })
		}
		other := newBench(t, c)
		other.job.Direct, other.runner.Rate = true, 60
		ended := make(chan error)
		go func() {
			_, _, err := other.run("")
			ended <- err
		}()
		b := newBench(t, c)
		b.runner.Rate = 40
		p, failures, err := b.run("")
		if err != nil || len(failures) > 0 || p.Done != p.Files {
			t.Errorf("%+v, %v, %v", p, failures, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		c.wantOnce(t, "in the end")
	})
}
