package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"
	"time"
)

// ratios are what does not depend on how fast a machine is.
type ratios struct {
	// Inflate is how fast parse and encode, inflating included, are as a share of inflating alone.
	Inflate float64 `json:"c_of_a"`
	// Usual is how many times as fast they are as the usual way.
	Usual float64 `json:"c_of_d"`
	// Allocs are those of a row in parse and encode.
	Allocs float64 `json:"allocations_per_row"`
}

// tolerance is the part of a recorded ratio that a change must keep, and noAllocs how many allocations a row are
// none: a buffer that grows once is not one per row.
const (
	tolerance = 2.0 / 3
	noAllocs  = 0.02
)

// worse says in what r falls behind what was recorded; empty: in nothing.
func (r ratios) worse(recorded ratios) string {
	switch {
	case r.Allocs > max(noAllocs, recorded.Allocs/tolerance):
		return fmt.Sprintf("%.2f allocations a row, and it was %.2f", r.Allocs, recorded.Allocs)
	case r.Inflate < recorded.Inflate*tolerance:
		return fmt.Sprintf("parse and encode are %.2f as fast as inflating alone, and were %.2f", r.Inflate, recorded.Inflate)
	case r.Usual < recorded.Usual*tolerance:
		return fmt.Sprintf("parse and encode are %.1f times as fast as the usual way, and were %.1f times", r.Usual, recorded.Usual)
	}
	return ""
}

// guard measures the ratios of the formats and, as asked for, writes the file record or compares them with those in
// the file check. A format that is worse is measured once more, for longer, before it fails.
func (b *bench) guard(names []string, check, record string, out io.Writer) error {
	recorded := map[string]ratios{}
	if check != "" {
		data, err := os.ReadFile(check)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &recorded); err != nil {
			return fmt.Errorf("%s: %w", check, err)
		}
	}
	now := map[string]ratios{}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "format\tc/a\trecorded\tc/d\trecorded\tallocations/row\trecorded\t")
	var bad []error
	for _, name := range names {
		if name == "parquet" { // nothing to compare with
			continue
		}
		was, known := recorded[name]
		if check != "" && !known {
			bad = append(bad, fmt.Errorf("%s is not recorded: make bench-record", name))
			continue
		}
		r, err := b.ratios(name, was)
		if err != nil {
			return err
		}
		now[name] = r
		if worse := r.worse(was); worse != "" {
			bad = append(bad, fmt.Errorf("%s: %s", name, worse))
		}
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.1f\t%.1f\t%.2f\t%.2f\t\n", name, r.Inflate, was.Inflate, r.Usual, was.Usual, r.Allocs, was.Allocs)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if record != "" {
		return write(record, now)
	}
	return errors.Join(bad...)
}

// ratios measures a format, and again if it seems to be worse than it was.
func (b *bench) ratios(name string, was ratios) (r ratios, err error) {
	small, err := b.make(name, 64<<10)
	if err != nil {
		return r, err
	}
	f, err := b.make(name, 1<<20)
	if err != nil {
		return r, err
	}
	if r.Allocs, err = allocations(small, f); err != nil {
		return r, err
	}
	r.Allocs = math.Round(r.Allocs*100) / 100
	for _, rounds := range []int{7, 21} {
		p := plan{rounds: rounds, least: 15 * time.Millisecond, usual: 128 << 10, only: []int{wayInflate, wayEncode, wayUsual}}
		measured, err := p.run(f, nil)
		if err != nil {
			return r, err
		}
		r.Inflate = math.Round(100*measured.share(wayEncode, wayInflate)) / 100
		r.Usual = math.Round(10*measured.share(wayEncode, wayUsual)) / 10
		if r.worse(was) == "" {
			break
		}
		fmt.Fprintf(b.progress, "%s: %s; once more\n", name, r.worse(was))
	}
	return r, nil
}

// write writes the ratios to a file, a format a line.
func write(path string, all map[string]ratios) error {
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	data = bytes.ReplaceAll(data, []byte("},"), []byte("},\n "))
	return os.WriteFile(path, append(data, '\n'), 0o600)
}
