package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seneka-io/seneka/loadtest/program"
)

// bench is where programs are measured.
type bench struct {
	progress io.Writer
	folder   string
	copiers  []copier
}

// round is what a program took to copy all objects once.
type round struct {
	Seconds  float64 // from its start to the last object in landing, or to its end
	CPU      float64 // seconds of the program's whole life
	StandIns float64 // seconds of CPU of the stand-ins meanwhile
	Peak     int64   // bytes of memory
	S3, GCS  int64   // requests
	SQS      int64
}

// result is how a program copied the objects of a scenario.
type result struct {
	Program string
	Objects int
	Size    int64 // bytes of an object, on average
	Workers int
	Rounds  []round
	Median  round   // of each value by itself, but the highest peak
	Ratio   float64 // objects a second, of the last program's; 0 where there is but one
}

// measure lets the programs copy the objects of c in turn.
func (b *bench) measure(ctx context.Context, c scenario) (all []*result, err error) {
	fmt.Fprintf(b.progress, "%d objects of %s, %d workers ...\n", c.objects, sizeText(c.size), c.workers)
	objects, err := makeObjects(c.size, c.objects)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(b.folder, "s3")
	s, err := openSource(ctx, folder, objects)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(), os.RemoveAll(folder)) }()
	var bytes int64
	for i := range objects {
		bytes += objects[i].size()
	}
	for _, p := range b.copiers {
		all = append(all, &result{Program: p.name(), Objects: c.objects, Size: bytes / int64(c.objects), Workers: c.workers})
	}
	for i := range c.rounds {
		for j := range b.copiers {
			j = (i + j) % len(b.copiers) // each is first as often
			r, err := b.round(ctx, b.copiers[j], s, c.workers)
			if err != nil {
				return nil, fmt.Errorf("%s, %d objects of %s: %w", b.copiers[j].name(), c.objects, sizeText(c.size), err)
			}
			fmt.Fprintf(b.progress, "  %-9s %.2f s\n", b.copiers[j].name(), r.Seconds)
			all[j].Rounds = append(all[j].Rounds, *r)
		}
	}
	for _, r := range all {
		r.Median = median(r.Rounds)
		if last := all[len(all)-1]; last != r {
			r.Ratio = median(last.Rounds).Seconds / r.Median.Seconds
		}
	}
	return all, nil
}

// round lets a program copy all objects once, into an empty bucket.
func (b *bench) round(ctx context.Context, c copier, s *source, workers int) (r *round, err error) {
	folder := filepath.Join(b.folder, "round")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	t, err := openTarget(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := c.prepare(ctx, s, t, folder); err != nil {
		return nil, err
	}
	s.requests.Store(0)
	r = &round{}
	own, begun := program.OwnCPU(), time.Now()
	p, err := c.start(s, t, workers, folder)
	if err != nil {
		return nil, err
	}
	defer p.Kill() // where it has not ended
	if r.Peak, err = b.await(ctx, c, p, s, t); err != nil {
		return nil, err
	}
	r.Seconds, r.StandIns = time.Since(begun).Seconds(), (program.OwnCPU() - own).Seconds()
	cpu, err := c.end(p, t)
	if err != nil {
		return nil, err
	}
	r.CPU, r.S3, r.GCS, r.SQS = cpu.Seconds(), s.requests.Load(), t.gcs.requests.Load(), t.sqs.requests.Load()
	return r, t.check(ctx, s.objects)
}

// stall is how long nothing may come to either store before a run is given up.
const stall = time.Minute

// await waits until the program has copied all and returns the most memory that it took.
func (b *bench) await(ctx context.Context, c copier, p *program.Program, s *source, t *target) (peak int64, err error) {
	progress, last := time.Now(), int64(-1)
	for i := 0; ; i++ {
		done, err := c.done(p, s, t)
		if err != nil || done {
			return peak, err
		}
		if i%4 == 0 {
			if u, err := p.Usage(); err == nil { // of one that has just ended it is not known
				peak = max(peak, u.Peak)
			}
		}
		if n := s.requests.Load() + t.gcs.requests.Load(); n > last {
			progress, last = time.Now(), n
		}
		if err := errors.Join(ctx.Err(), p.Failure()); err != nil {
			if done, _ := c.done(p, s, t); !done {
				return 0, err
			}
		}
		if time.Since(progress) > stall {
			text, err := p.Output()
			return 0, errors.Join(fmt.Errorf("no request for %s; it wrote:\n%s", stall, text[max(0, len(text)-2000):]), err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// median returns the median of each value, but the highest peak.
func median(rounds []round) (m round) {
	of := func(value func(r *round) float64) float64 {
		var all []float64
		for i := range rounds {
			all = append(all, value(&rounds[i]))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	m.Seconds = of(func(r *round) float64 { return r.Seconds })
	m.CPU = of(func(r *round) float64 { return r.CPU })
	m.StandIns = of(func(r *round) float64 { return r.StandIns })
	m.S3 = int64(of(func(r *round) float64 { return float64(r.S3) }))
	m.GCS = int64(of(func(r *round) float64 { return float64(r.GCS) }))
	m.SQS = int64(of(func(r *round) float64 { return float64(r.SQS) }))
	for i := range rounds {
		m.Peak = max(m.Peak, rounds[i].Peak)
	}
	return m
}
