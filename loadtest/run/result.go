package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/seneka-io/seneka/loadtest/markdown"
	"github.com/seneka-io/seneka/loadtest/traffic"
)

// result is what a run found, as result.json has it. Times are in seconds, sizes in bytes.
type result struct {
	Name      string  `json:"name"`
	Date      string  `json:"date"`
	Command   string  `json:"command"`
	Target    string  `json:"target"` // "local cloud", or the configuration of a deployment
	Machine   string  `json:"machine"`
	Rate      float64 `json:"rate"` // files a second, on average
	Burst     int     `json:"burst"`
	For       float64 `json:"for"`
	Tide      float64 `json:"tide"`           // share of files that come together
	Busiest   int     `json:"busiest_second"` // files
	Files     int     `json:"files"`
	Bytes     int64   `json:"bytes"` // as they were put
	Rows      int64   `json:"rows"`
	Broken    int     `json:"broken_files"`           // that cannot be loaded
	Repeats   int     `json:"repeated_notifications"` //
	Behind    float64 `json:"putting_behind"`         // how far the putting was behind the plan at most
	Took      float64 `json:"took"`                   // from the first put until the last file was seen
	WarmUp    float64 `json:"warm_up"`                // until the first file of each source was seen
	Poll      float64 `json:"poll"`
	PerSecond float64 `json:"files_per_second"`

	Latency  quantiles            `json:"latency"` // from put to seen
	Buckets  []bucket             `json:"buckets"`
	Minutes  []quantiles          `json:"minutes"` // of the files put in each minute
	Hops     map[string]quantiles `json:"hops"`
	Outcomes map[string]int64     `json:"outcomes"` // of the load log
	Kills    map[string]int       `json:"kills,omitempty"`
	Programs map[string]took      `json:"programs,omitempty"`

	Checked  int64    `json:"lines_checked"`
	Problems []string `json:"problems"`
}

// quantiles are shares of the files, in seconds.
type quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// bucket is how many files took up to so many seconds, and longer than those of the bucket before.
type bucket struct {
	Up    float64 `json:"up_to"`
	Files int     `json:"files"`
}

// took is what a program took.
type took struct {
	CPU    float64   `json:"cpu"`
	Peak   int64     `json:"peak"`
	Memory []int64   `json:"memory"` // second after second
	At     []float64 `json:"at"`
	// Quarters are the medians of Memory in each quarter of the time.
	Quarters [4]int64 `json:"memory_by_quarter"`
}

// result sums the run up.
func (r *runner) result(c *checked, all time.Duration) *result {
	latencies := r.ledger.latencies()
	res := &result{
		Name: r.options.name, Date: r.began.UTC().Format(time.DateOnly), Target: "local cloud",
		Machine: fmt.Sprintf("%s, %d processors, %s", markdown.Machine(), runtime.NumCPU(), runtime.Version()),
		Rate:    r.traffic.Rate, Burst: r.traffic.Burst, For: r.traffic.For.Seconds(), Tide: r.traffic.Tide, Busiest: traffic.Busiest(r.plan, time.Second),
		Files: len(r.ledger.files), Repeats: r.copies, Behind: r.late.Seconds(), Took: all.Seconds(), Poll: r.poll.Seconds(),
		PerSecond: float64(len(latencies)) / all.Seconds(),
		Latency:   quantilesOf(latencies), Buckets: buckets(latencies), Minutes: r.ledger.minutes(r.began), Hops: map[string]quantiles{},
		Outcomes: c.outcomes, Kills: r.kills, Checked: c.lines, Problems: c.problems,
	}
	if r.local == nil {
		res.Target = r.config
	}
	for _, e := range r.ledger.files {
		res.Bytes += int64(e.bytes)
		res.Rows += e.truth.Rows
		if !e.kind.Loadable() {
			res.Broken++
		}
	}
	for name, seconds := range c.hops {
		res.Hops[name] = quantilesOf(seconds)
	}
	res.Programs = r.usage.took()
	return res
}

func (u *usage) took() map[string]took {
	all := map[string]took{}
	for name, samples := range u.samples {
		t := took{}
		for _, s := range samples {
			t.CPU, t.Peak = max(t.CPU, s.CPU.Seconds()), max(t.Peak, s.Peak)
			t.Memory, t.At = append(t.Memory, s.Memory), append(t.At, math.Round(s.at.Seconds()*10)/10)
		}
		for i := range t.Quarters {
			if part := slices.Sorted(slices.Values(t.Memory[i*len(t.Memory)/4 : (i+1)*len(t.Memory)/4])); len(part) > 0 {
				t.Quarters[i] = part[len(part)/2]
			}
		}
		all[name] = t
	}
	return all
}

// quantilesOf takes them from seconds in order: the least value that so large a share does not pass.
func quantilesOf(sorted []float64) (q quantiles) {
	if len(sorted) == 0 {
		return q
	}
	at := func(share float64) float64 {
		return math.Round(sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]*1e4) / 1e4
	}
	return quantiles{at(0.5), at(0.9), at(0.99), at(0.999), at(1)}
}

// perDecade is how many buckets there are from a power of ten to the next.
const perDecade = 10

// buckets counts seconds in order, in buckets that grow by the tenth root of ten.
func buckets(sorted []float64) (all []bucket) {
	if len(sorted) == 0 {
		return nil
	}
	i := 0
	for n := int(math.Floor(math.Log10(max(sorted[0], 1e-3)) * perDecade)); i < len(sorted); n++ {
		b := bucket{Up: math.Pow(10, float64(n+1)/perDecade)}
		for ; i < len(sorted) && sorted[i] <= b.Up; i++ {
			b.Files++
		}
		b.Up = math.Round(b.Up*1e4) / 1e4
		all = append(all, b)
	}
	return all
}

// failure is an error if not every line was where it belongs, once.
func (r *result) failure() error {
	if len(r.Problems) > 0 {
		return fmt.Errorf("%d problems, such as %s", len(r.Problems), r.Problems[0])
	}
	return nil
}

// write writes the results into a folder of their own below folder, or to out if that is empty.
func (r *result) write(out io.Writer, folder string, began time.Time) error {
	if folder == "" {
		_, err := io.WriteString(out, r.page())
		return err
	}
	folder = filepath.Join(folder, began.UTC().Format(time.DateOnly)+"-"+r.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // results are to be read
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "result.json"), append(data, '\n'), 0o644); err != nil { //nolint:gosec // likewise
		return err
	}
	fmt.Fprintf(out, "%s\nThe results are in %s.\n", r.line(), folder)
	return r.draw(folder)
}

// draw writes the page of the results and its charts.
func (r *result) draw(folder string) error {
	errs := []error{os.WriteFile(filepath.Join(folder, "README.md"), []byte(r.page()), 0o644)} //nolint:gosec // to be read
	for name, c := range r.charts() {
		errs = append(errs, save(filepath.Join(folder, name+".svg"), c.SVG), save(filepath.Join(folder, name+".png"), c.PNG))
	}
	return errors.Join(errs...)
}

func save(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
