package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
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

// attempts are the rounds in which a format is measured, and measured again as long as it seems to be worse: by
// then all others have been, so that what else the machine did is likely to be over.
var attempts = []int{9, 21, 41}

// guard measures the ratios of the formats and, as asked for, writes the file record or compares them with those in
// the file check.
func (b *bench) guard(names []string, check, record string, out io.Writer) error {
	recorded, err := read(check)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "parquet" }) // nothing to compare with
	left, tries := names, attempts
	if check != "" {
		left = slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, known := recorded[name]; return !known })
	}
	if record != "" {
		tries = attempts[len(attempts)-1:]
	}
	now, err := attempt(left, tries, recorded, b.ratios, b.progress)
	if err != nil {
		return err
	}
	if err := compare(out, names, now, recorded); err != nil {
		return err
	}
	if record != "" {
		return write(record, now)
	}
	var bad []error
	for _, name := range names {
		if was, known := recorded[name]; !known {
			bad = append(bad, fmt.Errorf("%s is not recorded: make bench-record", name))
		} else if worse := now[name].worse(was); worse != "" {
			bad = append(bad, fmt.Errorf("%s: %s", name, worse))
		}
	}
	return errors.Join(bad...)
}

// attempt measures formats, and those again that seem to be worse than recorded.
func attempt(names []string, tries []int, recorded map[string]ratios, measure func(name string, rounds int) (ratios, error), progress io.Writer) (map[string]ratios, error) {
	now := map[string]ratios{}
	for _, rounds := range tries {
		var again []string
		for _, name := range names {
			r, err := measure(name, rounds)
			if err != nil {
				return nil, err
			}
			now[name] = r
			if was, known := recorded[name]; known && r.worse(was) != "" {
				fmt.Fprintf(progress, "%s: %s\n", name, r.worse(was))
				again = append(again, name)
			}
		}
		names = again
	}
	return now, nil
}

// compare prints the ratios beside those recorded.
func compare(out io.Writer, names []string, now, recorded map[string]ratios) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "format\tc/a\trecorded\tc/d\trecorded\tallocations/row\trecorded\t")
	for _, name := range names {
		r, was := now[name], recorded[name]
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.1f\t%.1f\t%.2f\t%.2f\t\n", name, r.Inflate, was.Inflate, r.Usual, was.Usual, r.Allocs, was.Allocs)
	}
	return table.Flush()
}

// ratios measures a format.
func (b *bench) ratios(name string, rounds int) (r ratios, err error) {
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
	p := plan{rounds: rounds, least: 15 * time.Millisecond, usual: 128 << 10, only: []int{wayInflate, wayEncode, wayUsual}}
	measured, err := p.run(f, nil)
	if err != nil {
		return r, err
	}
	r.Inflate = math.Round(100*measured.share(wayEncode, wayInflate)) / 100
	r.Usual = math.Round(10*measured.share(wayEncode, wayUsual)) / 10
	r.Allocs = math.Round(100*r.Allocs) / 100
	return r, nil
}

// read reads the ratios from a file; no path, none.
func read(path string) (map[string]ratios, error) {
	all := map[string]ratios{}
	if path == "" {
		return all, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
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
