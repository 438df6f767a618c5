package backfill

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// shaky is a store whose next Put has its effect, and is answered as the client's second try would be.
type shaky struct {
	Store
	lost int
}

func (s *shaky) Put(ctx context.Context, name string, data []byte, generation int64) error {
	err := s.Store.Put(ctx, name, data, generation)
	if s.lost > 0 {
		s.lost--
		return errkind.With(errkind.Exists, errors.New("precondition failed"))
	}
	return err
}

func TestJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds("a.log"))
		store := &shaky{Store: b.process, lost: 1}
		job := Job{Bucket: "b", Prefix: "p/", Since: day("2026-01-01"), Direct: true}
		j, err := NewJournal(t.Context(), store, job, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		store.lost = 1
		time.Sleep(time.Minute)
		if err := j.Save(t.Context(), Progress{Files: 10, Done: 4, Failed: 1, After: "p/d"}, false); err != nil {
			t.Fatalf("save, its answer lost: %v", err)
		}
		// A save without a key keeps the one that is known.
		if err := j.Save(t.Context(), Progress{Files: 10, Done: 4}, false); err != nil {
			t.Fatal(err)
		}
		again, err := Resume(t.Context(), store, j.State().ID, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		s := again.State()
		if s.Job != job || s.After != "p/d" || s.Done != 4 || s.Owner == j.State().Owner || s.UpdatedAt.Sub(s.StartedAt) != time.Minute {
			t.Errorf("going on with %+v", s)
		}
		if err := j.Save(t.Context(), Progress{After: "p/z"}, false); !errors.Is(err, ErrTaken) {
			t.Errorf("the first one saves: %v, want ErrTaken", err)
		}
		again.Switch(false, true)
		if err := again.Save(t.Context(), Progress{Files: 6, Done: 6, After: "p/j"}, true); err != nil {
			t.Fatal(err)
		}
		if s := again.State(); s.Done != 10 || s.Files != 10 || !s.Finished || !s.Job.Direct || !s.Job.NoWait {
			t.Errorf("in the end: %+v", s)
		}
	})
}

// A write whose answer is lost for good is overtaken by the next one.
func TestJournalWritesOverItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, newClouds("a.log"))
		j, err := NewJournal(t.Context(), b.process, Job{Bucket: "b"}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		stale := j.generation
		if err := j.Save(t.Context(), Progress{After: "a"}, false); err != nil {
			t.Fatal(err)
		}
		j.generation = stale // as if it had never heard of that
		if err := j.Save(t.Context(), Progress{After: "b"}, false); err != nil {
			t.Fatal(err)
		}
		again, err := Resume(t.Context(), b.process, j.State().ID, time.Now)
		if err != nil || again.State().After != "b" {
			t.Errorf("the ledger has %+v, %v; want the later write", again.State(), err)
		}
	})
}

func TestResumeRefuses(t *testing.T) {
	b := newBench(t, newClouds("a.log"))
	b.ledger["backfill/20260131-180000-abcdef.json"] = stored{[]byte("{"), 1}
	for id, want := range map[string]errkind.Kind{
		"20260131-180000-a1b2c3":       errkind.NotFound,
		"20260131-180000-abcdef":       errkind.Permanent,
		"":                             errkind.Permanent,
		"../claims/logs.alb/x":         errkind.Permanent,
		"20260131-180000-a1b2c3/../..": errkind.Permanent,
	} {
		if _, err := Resume(t.Context(), b.process, id, time.Now); !errkind.Is(err, want) {
			t.Errorf("Resume(%q): %v, want kind %v", id, err, want)
		}
	}
}
