package backfill

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/object"
)

// unkept plans and runs without a checkpoint.
func (b *bench) unkept() (Progress, []Failure, error) {
	plan, err := (&Planner{Lister: b.process, History: b.process, Route: route}).Plan(b.ctx, b.job, "")
	if err != nil {
		return Progress{}, nil, err
	}
	return b.runner.Run(b.ctx, plan, nil)
}

// Without a journal every file is loaded here, and nothing is written to the ledger or asked of the log
// but what is loaded already.
func TestRunWithoutJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds(numbered(30)...))
		b.delay = -1 // the loader is down
		p, failures, err := b.unkept()
		if err != nil || len(failures) > 0 || p.Done != 30 || p.Outcomes["loaded"] != 30 || b.direct != 30 {
			t.Errorf("run: %+v, %v, %v, %d loaded here; want 30", p, failures, err, b.direct)
		}
		if len(b.ledger) > 0 || len(b.queries) != 1 {
			t.Errorf("%d checkpoints and %d questions, want none and the plan's", len(b.ledger), len(b.queries))
		}
		b.wantOnce(t, "run")
	})
}

// Killed at any call, another run ends it, and each row is there once.
func TestRunWithoutJournalIsKilled(t *testing.T) {
	for dieAt := 1; ; dieAt++ {
		alive := false
		for _, effect := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				c := newClouds(numbered(4)...)
				c.delay = -1
				first := newBench(t, c)
				first.dieAt, first.effect = dieAt, effect
				_, _, _ = first.unkept() // it is dead
				alive = !first.dead
				if _, failures, err := newBench(t, c).unkept(); err != nil || len(failures) > 0 {
					t.Errorf("killed at call %d: %v, %v", dieAt, failures, err)
				}
				c.wantOnce(t, fmt.Sprintf("killed at call %d", dieAt))
			})
		}
		if alive {
			if dieAt < 10 {
				t.Errorf("only %d calls", dieAt)
			}
			return
		}
	}
}

// What others put into the landing bucket is loaded from where it lies, at the version that was asked for.
func TestRunFilesOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds())
		there := object.Event{Source: object.Source{Store: object.GCS, Bucket: "landing", Key: "mine.log"}, Version: object.Version{ETag: strings.Repeat("00", 16), Size: 7}}
		other := there
		other.Key, other.ETag = "other.log", "another"
		for _, e := range []object.Event{there, other} {
			b.landing[e.Key] = copied{object.Attrs{Event: e}, 1}
			b.outcomes[e.Key] = forward.Present
		}
		p, failures, err := b.runner.Run(b.ctx, &Plan{Files: []File{{Event: there, Target: &Target{}}, {Event: other, Target: &Target{}}}}, nil)
		if err != nil || p.Done != 1 || len(failures) != 1 || !strings.Contains(failures[0].Reason, "another file has come in place of the copy of gs://landing/other.log") {
			t.Errorf("run: %+v, %v, %v; want one done and one refused", p, failures, err)
		}
	})
}
