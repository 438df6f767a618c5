package main

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/telemetry"
	"github.com/seneka-io/seneka/loadtest/markdown"
)

// report returns what was measured as Markdown.
func (b *bench) report(near, far []*result, at time.Time) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %d processors, %s, %s/%s, %s\n", markdown.Machine(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, at.Format(time.DateOnly))
	writeSpeeds(&out, near)
	fmt.Fprintf(&out, "\nThe same with %s added to each request of Cloud Storage and %s to each of the Storage Write API:\n", b.opts.gcs, b.opts.append)
	writeSpeeds(&out, far)
	out.WriteString("\nRequests of each file, without latencies:\n\n")
	writeEach(&out, near, func(r *result) map[string]float64 { return r.Requests }, slices.Sorted(maps.Keys(union(near))), "%.3f")
	out.WriteString("\nWhere the time of a load goes, ms on average, without latencies and with them:\n\n")
	writeEach(&out, append(slices.Clone(near), far...), namedSteps, stepNames(), "%.1f")
	return out.String()
}

func writeSpeeds(out *strings.Builder, results []*result) {
	out.WriteString("\n| files | at a time | files/s | rows/s | MB/s of text | p50 ms | p99 ms | loader's CPU, ms a file | stand-ins' CPU, ms a file | loader's memory, peak | sockets | streams made | append connections | gRPC connections |\n")
	out.WriteString("| --- |" + strings.Repeat(" --: |", 13) + "\n")
	for _, r := range results {
		fmt.Fprintf(out, "| %s | %d | %s | %s | %.1f | %.1f | %.1f | %.2f | %.2f | %d MB | %d | %d | %d | %d |\n",
			r.describe(), r.Concurrency, count(r.perSecond(int64(r.Files))), count(r.perSecond(r.Rows)), r.perSecond(r.Text)/1e6,
			r.P50, r.P99, r.CPU, r.StandIns, r.Peak/1e6, r.Sockets, r.Streams, r.Appending, r.Connections)
	}
}

// describe says what files a pass had.
func (r *result) describe() string {
	return fmt.Sprintf("%d %s, of %s rows, %s bytes gzipped, %s of text", r.Files, r.Name, count(float64(r.Rows)/float64(r.Files)), count(r.perFile(r.Stored)), count(r.perFile(r.Text)))
}

// writeEach writes a table with a column for each result and a row for each name.
func writeEach(out *strings.Builder, results []*result, of func(*result) map[string]float64, names []string, format string) {
	out.WriteString("| |")
	for _, r := range results {
		far := ""
		if r.GCS > 0 || r.Append > 0 {
			far = ", far"
		}
		fmt.Fprintf(out, " %s, %d at a time%s |", r.Name, r.Concurrency, far)
	}
	out.WriteString("\n| --- |" + strings.Repeat(" --: |", len(results)) + "\n")
	for _, name := range names {
		out.WriteString("| " + name + " |")
		for _, r := range results {
			if n, ok := of(r)[name]; ok {
				fmt.Fprintf(out, " "+format+" |", n)
			} else {
				out.WriteString(" – |")
			}
		}
		out.WriteString("\n")
	}
}

func union(results []*result) map[string]float64 {
	all := map[string]float64{}
	for _, r := range results {
		maps.Copy(all, r.Requests)
	}
	return all
}

const ofClaims = "claim read and written, % of the load"

// stepsShown are the steps of a load in their order, by the calls that they are.
var stepsShown = []struct{ call, name string }{
	{telemetry.CallClaimGet.Name, "claim read"},
	{telemetry.CallGCSOpen.Name, "object read, parsed, encoded (of large files also: appended)"},
	{telemetry.CallCreateStream.Name, "streams made"},
	{telemetry.CallClaimPut.Name, "claim written"},
	{telemetry.CallAppend.Name, "append"},
	{telemetry.CallFinalize.Name, "streams finalized"},
	{telemetry.CallCommitStreams.Name, "commit"},
	{telemetry.CallLog.Name, "load record"},
	{ofLoads, "the load"},
	{"", ofClaims},
}

func stepNames() (names []string) {
	for _, s := range stepsShown {
		names = append(names, s.name)
	}
	return names
}

// namedSteps returns the steps by the names that readers know them by.
func namedSteps(r *result) map[string]float64 {
	out := map[string]float64{}
	for _, s := range stepsShown {
		if ms, ok := r.Steps[s.call]; ok {
			out[s.name] = ms
		}
	}
	out[ofClaims] = 100 * (r.Steps[telemetry.CallClaimGet.Name] + r.Steps[telemetry.CallClaimPut.Name]) / r.Steps[ofLoads]
	return out
}

// count writes a number with two digits, or as many as it has before the point.
func count(n float64) string {
	switch {
	case n >= 1e6 && n == math.Trunc(n/1e6)*1e6:
		return thousands(n/1e6) + " million"
	case n >= 10 || n == math.Trunc(n):
		return thousands(n)
	default:
		return fmt.Sprintf("%.2g", n)
	}
}

// about writes a number of which two digits are known.
func about(n float64) string {
	unit := math.Pow(10, math.Floor(math.Log10(n))-1)
	return thousands(math.Round(n/unit) * unit)
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func percent(share float64) string {
	switch {
	case share >= 0.1:
		return thousands(100*share) + "%"
	case share >= 0.0001 || share == 0:
		return fmt.Sprintf("%.2g%%", 100*share)
	default:
		return "< 0.01%"
	}
}
