package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	// utilisation is how busy Cloud Run keeps the processors of its instances before it starts more.
	// https://cloud.google.com/run/docs/about-instance-autoscaling
	utilisation = 0.6
	// copySeconds is how long a message of SQS is taken to be worked on: one read of S3 and one write of Cloud Storage.
	copySeconds = 1.0
)

// volumes are files a day.
var volumes = []float64{10_000, 1_000_000, 100_000_000}

// perFile is what a file takes on average.
type perFile struct {
	cpu     float64 // seconds of a processor
	load    float64 // seconds from the push to its answer, with the services' latencies
	written float64 // bytes of encoded rows
	push    float64 // bytes of the notification
	streams float64 // of its own: of large files only
}

// mix is what a file takes on average where a share of them is large.
func mix(small, large, smallFar, largeFar *result, share float64) perFile {
	between := func(of func(r *result) float64, small, large *result) float64 {
		return (1-share)*of(small) + share*of(large)
	}
	return perFile{
		cpu:     between(func(r *result) float64 { return r.CPU / 1000 }, small, large),
		load:    between(func(r *result) float64 { return r.Steps[ofLoads] / 1000 }, smallFar, largeFar),
		written: between(func(r *result) float64 { return float64(r.Written) / float64(r.Files) }, small, large),
		push:    float64(len(small.files[0].push)),
		streams: share * large.Requests["CreateWriteStream"],
	}
}

// traffic is a number of files a day, and what it takes at its peak.
type traffic struct {
	FilesPerDay float64 `json:"files_per_day"`
	Average     float64 `json:"average_per_second"`
	Peak        float64 `json:"peak_per_second"`
	CPUs        float64 `json:"cpus_at_peak"`  // busy
	Loads       float64 `json:"loads_at_peak"` // at a time
	Instances   float64 `json:"instances_at_peak"`
	Uses        []use   `json:"quotas"` // by their shares, the largest first

	concurrency float64
	byCPU       bool // what bounds the instances
	file        perFile
}

// use is what traffic takes of a quota.
type use struct {
	quota
	Needed float64 `json:"needed"`
	Share  float64 `json:"share"`
}

// reckon returns what so many files a day take.
func reckon(perDay, peak, concurrency float64, f perFile, all []quota) (*traffic, error) {
	t := &traffic{FilesPerDay: perDay, Average: perDay / 86400, concurrency: concurrency, file: f}
	t.Peak = t.Average * peak
	t.CPUs, t.Loads = t.Peak*f.cpu, t.Peak*f.load
	byCPU, byLoads := t.CPUs/utilisation, t.Loads/concurrency
	t.byCPU = byCPU > byLoads
	t.Instances = math.Ceil(max(byCPU, byLoads))
	for _, q := range all {
		need, known := needs[q.Name]
		if !known {
			return nil, fmt.Errorf("quotas.yaml: nothing says what files take of %s", q.Name)
		}
		n := need(t)
		t.Uses = append(t.Uses, use{q, n, n / q.Allowed})
	}
	slices.SortStableFunc(t.Uses, func(a, b use) int { return cmp.Compare(b.Share, a.Share) })
	return t, nil
}

// streamsPerHour is a pooled stream for each load at a time, of instances that all start within the hour, and the
// streams of large files.
func (t *traffic) streamsPerHour() float64 {
	return t.Instances*t.concurrency + t.Peak*3600*t.file.streams
}

// connections are one for each load at a time, and one of each instance for the logs.
func (t *traffic) connections() float64 { return t.Instances * (t.concurrency + 1) }

// arithmetic returns what was reckoned as Markdown.
func (b *bench) arithmetic(all []*traffic) string {
	var out strings.Builder
	f := all[0].file
	fmt.Fprintf(&out, "A file on average, %s of them large: %.2f ms of a processor, %.0f ms from push to answer with %s added to each request of Cloud Storage and %s to each of the Storage Write API, %s bytes of encoded rows. "+
		"Instances have 1 vCPU and %d loads at a time, and are kept %.0f%% busy; the peak is %g times the average.\n\n",
		percent(b.opts.pendingShare), 1000*f.cpu, 1000*f.load, b.opts.gcs, b.opts.append, count(f.written), b.opts.concurrency, 100*utilisation, b.opts.peak)
	fmt.Fprintln(&out, "| files a day | files a second, average | at the peak | processors busy at the peak | loads at a time | instances | bounded by |")
	fmt.Fprintln(&out, "| --: | --: | --: | --: | --: | --: | --- |")
	for _, t := range all {
		bound := "loads at a time"
		if t.byCPU {
			bound = "CPU"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %s |\n", count(t.FilesPerDay), count(t.Average), count(t.Peak), count(t.CPUs), count(t.Loads), count(t.Instances), bound)
	}
	out.WriteString("\nNeeded at the peak, and its share of what is allowed:\n\n| quota | allowed |")
	for _, t := range all {
		fmt.Fprintf(&out, " %s files a day | share |", count(t.FilesPerDay))
	}
	out.WriteString(" looked up |\n| --- | --: |" + strings.Repeat(" --: | --: |", len(all)) + " --- |\n")
	for _, u := range all[len(all)-1].Uses {
		fmt.Fprintf(&out, "| %s | %s %s |", u.What, count(u.Allowed), u.Unit)
		for _, t := range all {
			i := slices.IndexFunc(t.Uses, func(o use) bool { return o.Name == u.Name })
			fmt.Fprintf(&out, " %s | %s |", count(t.Uses[i].Needed), percent(t.Uses[i].Share))
		}
		note := ""
		if u.Note != "" {
			note = "; " + u.Note
		}
		fmt.Fprintf(&out, " [%s](%s)%s |\n", u.Date, u.Source, note)
	}
	out.WriteString("\n")
	for _, t := range all {
		out.WriteString(t.advice())
	}
	return out.String()
}

// advice says which quota is met first and what to do about those that do not suffice.
func (t *traffic) advice() string {
	var out strings.Builder
	first := t.Uses[0]
	fmt.Fprintf(&out, "- %s files a day: the first quota is %s, at %s", count(t.FilesPerDay), first.What, percent(first.Share))
	if first.Share <= 1 {
		fmt.Fprintf(&out, "; it would be reached at about %s files a day.\n", about(t.FilesPerDay/first.Share))
		return out.String()
	}
	out.WriteString(". What does not suffice as it is:\n")
	for _, u := range t.Uses {
		if u.Share > 1 {
			fmt.Fprintf(&out, "  - %s, %s: %s.\n", u.What, percent(u.Share), u.Remedy)
		}
	}
	return out.String()
}
