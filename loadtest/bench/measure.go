package main

import (
	"database/sql"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seneka-io/seneka/loadtest/program"
)

// The ways in which a file is read.
const (
	wayInflate = iota
	wayParse
	wayEncode
	wayUsual
	wayDuckDB
	ways
)

// result is what was measured of a format and a size.
type result struct {
	Format  string   `json:"format"`
	Bytes   int64    `json:"bytes"`  // of plain text
	Packed  int      `json:"packed"` // gzipped
	Records int64    `json:"records"`
	Speeds  speeds   `json:"mb_per_s"`        // of plain text, by the time of the processor, the median round's; 0: not measured
	Rounds  []speeds `json:"rounds"`          // the same, of each round
	Allocs  float64  `json:"allocs_per_row"`  // in parse and encode, beyond those of a file
	Sampled int64    `json:"usual_way_bytes"` // of the text, that the usual way read
}

// speeds are those of each way in one round.
type speeds [ways]float64

// share returns how many times as fast a is as b: the median of what each round says, since its ways ran one
// after the other, in the same weather.
func (r *result) share(a, b int) float64 {
	if r.Speeds[a] == 0 || r.Speeds[b] == 0 {
		return 0
	}
	return median(r.Rounds, func(s speeds) float64 { return s[a] / s[b] })
}

// median returns the median of what of says of the rounds, of which there is at least one.
func median(rounds []speeds, of func(speeds) float64) float64 {
	all := make([]float64, len(rounds))
	for i, s := range rounds {
		all[i] = of(s)
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

func (r *result) rowsPerSecond(way int) float64 {
	return r.Speeds[way] * 1e6 * float64(r.Records) / float64(r.Bytes)
}

// plan says how long to measure.
type plan struct {
	rounds int
	least  time.Duration // of the processor's, in which a way runs again and again
	usual  int64         // bytes of text that the usual way reads at most; 0: it is not measured
	only   []int         // ways; nil: all
}

// run measures the ways in turn, round after round. Every way must find every record.
func (p *plan) run(f *file, db *sql.DB) (*result, error) {
	r := &result{Format: f.name, Bytes: f.bytes, Packed: len(f.packed), Records: f.records, Sampled: min(p.usual, f.bytes)}
	all := [ways]func() (done, error){
		wayInflate: func() (done, error) { return inflate(f) },
		wayParse:   func() (done, error) { return parse(f) },
		wayEncode:  func() (done, error) { return encode(f) },
		wayUsual:   func() (done, error) { return usualWay(f, p.usual) },
		wayDuckDB:  func() (done, error) { return duckDB(db, f) },
	}
	if f.parquet {
		all[wayInflate], all[wayUsual] = nil, nil
	}
	if p.usual == 0 {
		all[wayUsual] = nil
	}
	if db == nil || f.duck.reader == "" {
		all[wayDuckDB] = nil
	}
	for range p.rounds {
		var round speeds
		for way, do := range all {
			if do == nil || p.only != nil && !slices.Contains(p.only, way) {
				continue
			}
			var err error
			if round[way], err = p.time(f, do, way == wayUsual); err != nil {
				return nil, fmt.Errorf("%s, way %c: %w", f.name, 'a'+way, err)
			}
		}
		r.Rounds = append(r.Rounds, round)
	}
	for way := range r.Speeds {
		r.Speeds[way] = median(r.Rounds, func(s speeds) float64 { return s[way] })
	}
	return r, nil
}

// time returns the speed of do in MB a second.
func (p *plan) time(f *file, do func() (done, error), sampled bool) (float64, error) {
	runtime.GC() // of what the way before has left
	var bytes int64
	start := program.OwnCPU()
	for {
		d, err := do()
		if err != nil {
			return 0, err
		}
		if d.records != f.records && !sampled {
			return 0, fmt.Errorf("%d records, and the file has %d", d.records, f.records)
		}
		bytes += d.bytes
		if took := program.OwnCPU() - start; took >= p.least {
			return float64(bytes) / 1e6 / took.Seconds(), nil
		}
	}
}

// allocations returns how many allocations a row costs in parse and encode: those of the larger of two files
// that the smaller does not have, the least of three times.
func allocations(small, large *file) (float64, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector empties pools, whose memory is then made again
	least := math.Inf(1)
	for range 3 {
		few, err := mallocs(small)
		if err != nil {
			return 0, err
		}
		many, err := mallocs(large)
		if err != nil {
			return 0, err
		}
		least = min(least, max(0, many-few)/float64(large.records-small.records))
	}
	return least, nil
}

// mallocs returns how many objects parsing and encoding f puts on the heap.
func mallocs(f *file) (float64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := encode(f); err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs), nil
}
