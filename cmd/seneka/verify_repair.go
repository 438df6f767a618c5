package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/verify"
)

// repair loads what can be loaded, by the same stages as ever, and verifies it again.
func (v *verification) repair(ctx context.Context) (err error) {
	done := &verify.RepairResult{After: []verify.Entry{}}
	v.report.Repair = done
	if len(v.broken) == 0 {
		return nil
	}
	question := fmt.Sprintf("Load %s files?", thousands(int64(len(v.broken))))
	if err := agree(v.cmd, v.o.yes, v.o.json, question); err != nil {
		return err
	}
	bring := &backfillClients{clients: v.clients}
	if bring.load, err = v.clients.openLoader(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bring.load.Close()) }()
	if v.what.Store == object.GCS {
		err = v.loadLanded(ctx, bring)
	} else {
		err = v.backfill(ctx, bring)
	}
	v.out.clear()
	if err != nil {
		return err
	}

	events := make([]object.Event, len(v.broken))
	for i, e := range v.broken {
		events[i] = e.Facts().Event
	}
	after, err := v.checker.Again(ctx, v.what, events)
	if err != nil {
		return err
	}
	for _, e := range after {
		i := slices.IndexFunc(v.broken, func(was verify.Entry) bool { return was.File == e.File && was.Table == e.Table })
		if i < 0 {
			continue
		}
		done.Tried++
		if !e.Status.Difference() {
			done.Mended++
		}
		done.After = append(done.After, e)
		v.report.Result.Amend(v.broken[i], e)
		v.out.repaired(&e)
	}
	return nil
}

// backfill copies and loads files of S3.
func (v *verification) backfill(ctx context.Context, bring *backfillClients) error {
	plan := &backfill.Plan{}
	for _, e := range v.broken {
		f := e.Facts()
		plan.Files = append(plan.Files, backfill.File{Event: f.Event, Target: &backfill.Target{Source: f.Target.Source, Table: f.Target.Table}})
	}
	slices.SortFunc(plan.Files, func(a, b backfill.File) int { return cmp.Compare(a.Key, b.Key) })
	job := v.what.Job
	job.Direct = true
	journal, err := backfill.NewJournal(ctx, v.clients.gcs.Ledger(v.clients.cfg.Ledger), job, time.Now)
	if err != nil {
		return err
	}
	o := backfillOptions{workers: 16, maxBytes: 256 << 20, ahead: 1000, patience: 15 * time.Minute}
	_, _, err = bring.runner(o, v.out).Run(ctx, plan, journal)
	if errors.Is(err, backfill.ErrStalled) {
		return nil // what was not loaded is told of by the look behind it
	}
	return err
}

// loadLanded loads files that others put into landing.
func (v *verification) loadLanded(ctx context.Context, bring *backfillClients) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	var mu sync.Mutex
	for _, e := range v.broken {
		f := e.Facts()
		if f.Copy == nil {
			continue
		}
		group.Go(func() error {
			_, err := bring.load.Load(ctx, load.File{Landed: f.Copy.Landed, Attrs: f.Copy.Attrs})
			if err != nil && ctx.Err() == nil {
				mu.Lock()
				defer mu.Unlock()
				v.out.Failed(backfill.Failure{File: e.File, Reason: err.Error()})
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}
