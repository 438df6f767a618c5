package backfill

import (
	"context"
	"fmt"
	"time"

	"github.com/seneka-io/seneka/internal/load"
)

// follow asks the load logs what became of the files that were handed on, until ctx ends: one query
// for each log at a time, however many files wait. It rests nine times as long as the queries took,
// so that a slow log is not asked all the time.
func (b *running) follow(ctx context.Context) {
	rest := b.Poll
	for pause(ctx, rest) {
		begun := b.Now()
		err := b.look(ctx)
		rest = max(b.Poll, 9*b.Now().Sub(begun))
		if quiet, open := b.tracker.quiet(b.Now()); open && quiet >= b.Patience {
			b.giveUp(quiet, err)
			return
		}
	}
}

// look asks each log once.
func (b *running) look(ctx context.Context) error {
	for log, q := range b.tracker.questions() {
		q.LoadedSince, q.ForwardedSince = b.started.Add(-clocks), b.started
		var records []load.Record
		if err := b.History.Loads(ctx, *q, func(r load.Record) { records = append(records, r) }); err != nil {
			return fmt.Errorf("ask %s what is loaded: %w", log, err)
		}
		// A file may have been delivered twice: what loaded it says more than what found it loaded.
		for _, loaded := range []bool{true, false} {
			for _, r := range records {
				if (r.Outcome == load.Loaded) == loaded {
					b.heard(r)
				}
			}
		}
	}
	return nil
}

// heard notes what a load record says. The copy is this run's: its forwarded_at is of this clock
// and later than the run's beginning.
func (b *running) heard(r load.Record) {
	if i, ok := find(b.tracker.files, r); ok && b.tracker.waits(i) {
		b.settle(i, judge(r.Outcome, r.Reason, r.Rows, r.Rejects))
	}
}

// giveUp ends a run in which nothing is loaded any more.
func (b *running) giveUp(quiet time.Duration, asking error) {
	reason := fmt.Sprintf("handed to the loader, which has not recorded it; nothing was recorded for %s: see the loader's log and the dead-letter topic", quiet.Round(time.Second))
	if asking != nil {
		reason += "; " + asking.Error()
	}
	b.stop(fmt.Errorf("%w: the loader has recorded nothing for %s", ErrStalled, quiet.Round(time.Second)))
	for _, i := range b.tracker.waitingPlaces() {
		b.settle(i, verdict{failed: true, reason: reason})
	}
}
