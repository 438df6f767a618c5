package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/loadtest/counting"
	"github.com/seneka-io/seneka/loadtest/program"
)

// pass is files that go through a loader, so many at a time.
type pass struct {
	Name        string        `json:"name"`
	Concurrency int           `json:"concurrency"`
	GCS         time.Duration `json:"gcs_latency"`    // added to each request of Cloud Storage, in ns
	Append      time.Duration `json:"append_latency"` // and to each of the Storage Write API
	files       []file
	limit       time.Duration // after which no further file is begun
}

// result is what a pass took.
type result struct {
	pass
	Files       int                `json:"files"`
	Rows        int64              `json:"rows"`
	Text        int64              `json:"text_bytes"`
	Stored      int64              `json:"stored_bytes"`
	Written     int64              `json:"written_bytes"` // of encoded rows
	Seconds     float64            `json:"seconds"`
	P50         float64            `json:"p50_ms"` // of a push, from its begin to its answer
	P99         float64            `json:"p99_ms"`
	CPU         float64            `json:"cpu_ms_per_file"`           // of the loader
	StandIns    float64            `json:"stand_ins_cpu_ms_per_file"` // of this process: the services, and who pushes
	Peak        int64              `json:"peak_bytes"`
	Sockets     int                `json:"sockets"`
	Streams     int64              `json:"streams"`          // made by CreateWriteStream
	Connections int64              `json:"grpc_connections"` // to the Storage Write API
	Appending   int64              `json:"append_connections"`
	Requests    map[string]float64 `json:"requests_per_file"`
	Steps       map[string]float64 `json:"steps_ms"` // mean of each load
}

func (r *result) perSecond(n int64) float64 { return float64(n) / r.Seconds }

func (r *result) perFile(n int64) float64 { return float64(n) / float64(r.Files) }

var table = row.Table{Project: project, Dataset: "logs", Name: "alb"}

// run lets the files of a pass through a fresh loader. The first file makes tables and connections, and is not
// counted.
func (b *bench) run(ctx context.Context, p pass) (_ *result, err error) {
	folder, err := os.MkdirTemp(b.folder, "pass")
	if err != nil {
		return nil, err
	}
	b.passes++
	ledger := fmt.Sprint(ledgers, b.passes)
	if err := b.bucket.gcs.CreateBucket(ledger); err != nil {
		return nil, err
	}
	bq, err := counting.Start(counting.Options{Datasets: []string{table.Project + "." + table.Dataset}, Append: p.Append, Call: p.Append})
	if err != nil {
		return nil, err
	}
	defer func() { _ = bq.Close() }() // the loader has ended
	l, err := startLoader(ctx, b.loader, folder, ledger, map[string]string{
		"STORAGE_EMULATOR_HOST": b.bucket.address, "BIGQUERY_EMULATOR_HOST": bq.REST, "BIGQUERY_STORAGE_EMULATOR_HOST": bq.Storage,
	}, p.Concurrency)
	if err != nil {
		return nil, err
	}
	defer l.Kill()
	if err := l.push(ctx, p.files[0].push); err != nil {
		return nil, err
	}
	b.bucket.calls.slow(p.GCS)
	defer b.bucket.calls.slow(0)
	m := &measurement{bucket: b.bucket, bq: bq, loader: l}
	r, err := m.measure(ctx, p)
	if err != nil {
		return nil, err
	}
	return r, l.Stop(time.Minute)
}

// measurement is of one pass.
type measurement struct {
	bucket *bucket
	bq     *counting.Server
	loader *loader
}

// state is what is read before and after.
type state struct {
	usage    program.Usage
	own      time.Duration
	counts   counting.Counts
	requests map[string]int64
	steps    steps
}

func (m *measurement) state(ctx context.Context) (s state, err error) {
	s.counts, s.requests, s.own = m.bq.Counts(), m.bucket.calls.snapshot(), program.OwnCPU()
	if s.usage, err = m.loader.Usage(); err != nil {
		return s, err
	}
	s.steps, err = m.loader.steps(ctx)
	return s, err
}

func (m *measurement) measure(ctx context.Context, p pass) (*result, error) {
	before, err := m.state(ctx)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	took, err := m.pushAll(ctx, p)
	if err != nil {
		return nil, err
	}
	r := &result{pass: p, Files: len(took), Seconds: time.Since(begun).Seconds()}
	after, err := m.state(ctx)
	if err != nil {
		return nil, err
	}
	var want int64
	for _, f := range p.files[1 : 1+r.Files] {
		want, r.Text, r.Stored = want+f.rows, r.Text+f.text, r.Stored+f.stored
	}
	r.fill(before, after, took)
	if r.Rows != want {
		return nil, fmt.Errorf("%s: %d rows are visible of %d", p.Name, r.Rows, want)
	}
	return r, nil
}

// pushAll pushes all files but the first, so many at a time, and returns how long each took. They are begun in
// their order.
func (m *measurement) pushAll(ctx context.Context, p pass) (took []time.Duration, err error) {
	var mu sync.Mutex
	next, deadline := 1, time.Now().Add(p.limit)
	take := func() (i int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(p.files) || err != nil || time.Now().After(deadline) {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var pushers sync.WaitGroup
	for range p.Concurrency {
		pushers.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				begun := time.Now()
				failed := m.loader.push(ctx, p.files[i].push)
				mu.Lock()
				took = append(took, time.Since(begun))
				if failed != nil && err == nil {
					err = failed
				}
				mu.Unlock()
			}
		})
	}
	pushers.Wait()
	return took, err
}

// fill sets what came between two states.
func (r *result) fill(before, after state, took []time.Duration) {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	r.P50, r.P99 = ms(took[len(took)/2]), ms(took[len(took)*99/100])
	r.CPU = ms(after.usage.CPU-before.usage.CPU) / float64(r.Files)
	r.StandIns = ms(after.own-before.own) / float64(r.Files)
	r.Peak, r.Sockets = after.usage.Peak, after.usage.Sockets
	r.Streams, r.Connections, r.Appending = after.counts.Streams, after.counts.Connections, after.counts.Appending
	was, is := before.counts.Tables[table], after.counts.Tables[table]
	r.Rows, r.Written = is.Rows-was.Rows, is.Bytes-was.Bytes
	r.Requests = map[string]float64{}
	add := func(before, after map[string]int64) {
		for name, n := range after {
			if n > before[name] {
				r.Requests[name] = r.perFile(n - before[name])
			}
		}
	}
	add(before.requests, after.requests)
	add(before.counts.Requests, after.counts.Requests)
	r.Steps = after.steps.since(before.steps, r.Files)
}
