package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seneka-io/seneka/loadtest/generate"
	"github.com/seneka-io/seneka/loadtest/traffic"
)

// runner is one run.
type runner struct {
	*target
	*options
	plan     []traffic.Arrival
	files    *generate.Generator
	progress *progress
	ledger   ledger
	usage    usage

	began  time.Time
	kills  map[string]int
	late   time.Duration // how far the putting was behind the plan at most
	copies int           // repeated notifications
}

// run does the whole of it.
func (r *runner) run(ctx context.Context) (*result, error) {
	r.kills = map[string]int{}
	warm, err := r.warmUp(ctx)
	if err != nil {
		return nil, fmt.Errorf("the first file of each source: %w", err)
	}
	r.began = time.Now()
	work, stop := context.WithCancel(ctx)
	defer stop()
	g, gctx := errgroup.WithContext(work)
	put := make(chan struct{}) // closed once all files and repeated notifications are put
	g.Go(func() error { defer close(put); return r.putAll(gctx) })
	g.Go(func() error { return r.watch(gctx, put) })
	g.Go(func() error { return r.sample(gctx, put) })
	if r.faults > 0 {
		g.Go(func() error { return r.breakThings(gctx, put) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	took := r.ledger.last().Sub(r.began)
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	r.progress.say("Checking every line ...")
	checked, err := r.check(ctx)
	if err != nil {
		return nil, err
	}
	res := r.result(checked, took)
	res.WarmUp = warm.Seconds()
	return res, nil
}

// warmUp puts a file of each source and waits until its rows are there: tables are made, and connections. It
// returns how long that took.
func (r *runner) warmUp(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	for i := len(r.plan); len(r.ledger.tables) < len(r.options.files.Sources); i++ {
		f := r.files.File(i, 0)
		table, err := r.table(r.prefix + f.Key)
		if err != nil {
			return 0, err
		}
		if _, known := r.ledger.tables[f.Source]; known || f.Kind != generate.Whole {
			continue
		}
		r.ledger.know(f.Source, table)
		if err := r.putFile(ctx, f); err != nil {
			return 0, err
		}
	}
	began, deadline := time.Now(), began.Add(5*time.Minute)
	for left := r.ledger.waiting(); left > 0; left = r.ledger.waiting() {
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("%d have no rows after 5 minutes: %s", left, strings.Join(r.ledger.missing(3), ", "))
		}
		if err := r.failure(); err != nil {
			return 0, err
		}
		_ = r.look(ctx) // a table that is not there yet is an error
		if err := pause(ctx, r.poll); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	r.ledger.reset()
	return took, nil
}

func (r *runner) failure() error {
	if r.local == nil {
		return nil
	}
	return r.local.failure()
}

// pause waits, or fails if ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// putters bound how many files are put at a time.
const putters = 32

// prepared is how many files are made before they are due.
const prepared = 128

// putAll puts the files when the plan says so, and announces some again.
func (r *runner) putAll(ctx context.Context) error {
	g, work := errgroup.WithContext(ctx)
	g.SetLimit(putters)
	files := make(chan generate.File, prepared)
	go func() {
		defer close(files)
		for _, a := range r.plan {
			select {
			case files <- r.files.File(a.File, 0):
			case <-work.Done():
				return
			}
		}
	}()
	var again sync.WaitGroup
	for _, a := range r.plan {
		f, ok := <-files
		if !ok || pause(work, time.Until(r.began.Add(a.At))) != nil {
			break
		}
		if a.At > 0 { // a burst is as far behind as it takes to put it
			r.late = max(r.late, time.Since(r.began.Add(a.At)))
		}
		r.copies += len(a.Again)
		g.Go(func() error { return r.putFile(work, f) })
		for way, late := range a.Again {
			again.Go(func() {
				if pause(ctx, time.Until(r.began.Add(a.At+late))) == nil {
					r.announceAgain(ctx, a.File+way, f)
				}
			})
		}
	}
	err := g.Wait()
	again.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// putFile puts one file, however often that takes: the cloud may be away. Its time is that of the first try.
func (r *runner) putFile(ctx context.Context, f generate.File) error {
	key := r.prefix + f.Key
	r.ledger.put(r.file(key), f, time.Now())
	return r.persist(ctx, func() error {
		etag, err := r.target.put(ctx, key, f.Data)
		if err == nil {
			r.ledger.stored(r.file(key), etag)
		}
		return err
	})
}

// announceAgain sends a notification of a file again, once that is stored.
func (r *runner) announceAgain(ctx context.Context, way int, f generate.File) {
	key := r.prefix + f.Key
	for {
		if etag, ok := r.ledger.etag(r.file(key)); ok {
			// One that is lost is one copy less.
			_ = r.persist(ctx, func() error { return r.announce(ctx, way, key, etag, len(f.Data)) })
			return
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return
		}
	}
}

// persist tries until it succeeds where faults are on, else once.
func (r *runner) persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || r.faults == 0 {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// breakThings kills a program now and then, and starts it again, as long as files are put.
func (r *runner) breakThings(ctx context.Context, put <-chan struct{}) error {
	rng := rand.New(rand.NewPCG(r.traffic.Seed, 3))
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-put:
			return nil
		case <-time.After(time.Duration((0.5 + rng.Float64()) * float64(r.faults))):
		}
		name := programNames[rng.IntN(len(programNames))]
		r.kills[name]++
		if err := r.local.restart(ctx, name); err != nil {
			return err
		}
	}
}
