package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"

	"github.com/seneka-io/seneka/loadtest/program"
)

// patience is how long the last files may take after all were put.
const patience = 10 * time.Minute

// skew is how far the clocks of who puts and who loads may be apart.
const skew = 10 * time.Second

// watch asks again and again which files have rows, until all have.
func (r *runner) watch(ctx context.Context, put <-chan struct{}) error {
	var deadline time.Time
	for {
		begun := time.Now()
		if err := r.look(ctx); err != nil && (r.faults == 0 || ctx.Err() != nil) { // the cloud may be away
			return errors.Join(err, r.failure())
		}
		waiting := r.ledger.waiting()
		select {
		case <-put:
			if waiting == 0 {
				return nil
			}
			if deadline.IsZero() {
				deadline = time.Now().Add(patience)
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%d files have no rows %s after the last was put, such as %s", waiting, patience, strings.Join(r.ledger.missing(3), ", "))
			}
		default:
		}
		r.progress.show(r.began, r.ledger.count(), waiting)
		if err := pause(ctx, r.poll-time.Since(begun)); err != nil {
			return err
		}
	}
}

// look asks once which files have rows. They could be queried when the answer came, or somewhat before.
func (r *runner) look(ctx context.Context) error {
	since, ok := r.ledger.oldest()
	if !ok {
		return nil
	}
	type found struct {
		name string
		rows int64
	}
	var all []found
	err := r.query(ctx, r.ledger.pollSQL(since.Add(-skew)), func(v []bigquery.Value) {
		all = append(all, found{v[0].(string), v[1].(int64)})
	})
	at := time.Now()
	for _, f := range all {
		r.ledger.saw(f.name, f.rows, at)
	}
	return err
}

// settle waits until nothing is on its way any more: repeated notifications, and files that cannot be loaded.
func (r *runner) settle(ctx context.Context) error {
	r.progress.say("Waiting for empty queues ...")
	for deadline := time.Now().Add(patience); ; {
		n, err := r.queued(ctx)
		if err != nil {
			return err
		}
		pushed := true
		if r.local != nil && n == 0 {
			if pushed, _, err = r.local.pushed(ctx); err != nil {
				return err
			}
		}
		if n == 0 && pushed {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("queue %s holds %d messages %s after the last file had its rows", r.cfg.Queue, n, patience)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	if r.local == nil { // nobody tells what Pub/Sub has not delivered
		return pause(ctx, 30*time.Second)
	}
	return nil
}

// usage is what the programs of a local cloud took, second after second.
type usage struct{ samples map[string][]sample }

// sample is what a program took at a time.
type sample struct {
	at time.Duration
	program.Usage
}

// sample looks each second at what the programs take, until all files are put and have been seen.
func (r *runner) sample(ctx context.Context, put <-chan struct{}) error {
	if r.local == nil {
		return nil
	}
	r.usage.samples = map[string][]sample{}
	for {
		for name, u := range r.local.usage() {
			r.usage.samples[name] = append(r.usage.samples[name], sample{time.Since(r.began), u})
		}
		select {
		case <-put:
			if r.ledger.waiting() == 0 {
				return nil
			}
		default:
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}
