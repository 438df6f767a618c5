package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/seneka-io/seneka/loadtest/markdown"
)

// report returns what was measured as Markdown.
func report(all []*result, at time.Time) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %d processors, %s, %s/%s, %s\n\n", markdown.Machine(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, at.Format(time.DateOnly))
	out.WriteString("| |")
	for _, r := range all {
		fmt.Fprintf(&out, " %s |", r.Name)
	}
	out.WriteString("\n| --- |" + strings.Repeat(" --: |", len(all)) + "\n")
	for _, line := range lines {
		out.WriteString("| " + line.name + " |")
		for _, r := range all {
			out.WriteString(" " + line.value(r) + " |")
		}
		out.WriteString("\n")
	}
	return out.String()
}

// lines are the lines of the table.
var lines = []struct {
	name  string
	value func(r *result) string
}{
	{"in S3", func(r *result) string { return megabytes(r.Stored) }},
	{"in landing", func(r *result) string { return megabytes(r.Landed) }},
	{"text", func(r *result) string { return megabytes(r.Text) }},
	{"rows, each counted", func(r *result) string { return fmt.Sprint(r.Rows) }},
	{"bytes of encoded rows", func(r *result) string { return megabytes(r.Written) }},
	{"write streams", func(r *result) string { return fmt.Sprint(r.StreamsCreated) }},
	{"forwarder, from S3's event to Cloud Storage's", func(r *result) string { return seconds(r.Forward) }},
	{"loader, from there to visible rows", func(r *result) string { return seconds(r.Load) }},
	{"in all", func(r *result) string { return seconds(r.Forward + r.Load) }},
	{"text, in all", func(r *result) string { return speed(r.Text, r.Forward+r.Load) }},
	{"gzipped, in all", func(r *result) string { return speed(r.Landed, r.Forward+r.Load) }},
	{"forwarder: bytes in S3", func(r *result) string { return speed(r.Stored, r.Forward) }},
	{"loader: text", func(r *result) string { return speed(r.Text, r.Load) }},
	{"loader: rows a second", func(r *result) string { return fmt.Sprintf("%.0f", float64(r.Rows)/r.Load) }},
	{"inflating alone: text", func(r *result) string { return speed(r.Text, r.Inflate) }},
	{"loader's speed / inflating alone", func(r *result) string { return fmt.Sprintf("%.2f", r.Inflate/r.Load) }},
	{"both stages' speed / inflating alone", func(r *result) string { return fmt.Sprintf("%.2f", r.Inflate/(r.Forward+r.Load)) }},
	{"forwarder: CPU", func(r *result) string { return seconds(r.Forwarder.CPU) }},
	{"loader: CPU", func(r *result) string { return seconds(r.Loader.CPU) }},
	{"inflating alone: CPU, with reading it", func(r *result) string { return seconds(r.InflateCPU) }},
	{"forwarder: memory, peak", func(r *result) string { return megabytes(r.Forwarder.Peak) }},
	{"loader: memory, peak", func(r *result) string { return megabytes(r.Loader.Peak) }},
	{"share of the eight minutes that a delivery has", func(r *result) string { return fmt.Sprintf("%.0f%%", 100*r.Load/480) }},
}

func megabytes(n int64) string {
	if n < 10e6 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}

func seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

func speed(bytes int64, seconds float64) string {
	return fmt.Sprintf("%.1f MB/s", float64(bytes)/1e6/seconds)
}
