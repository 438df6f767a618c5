package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/loadtest/chart"
)

// line sums the run up in one.
func (r *result) line() string {
	return fmt.Sprintf("%s: %d files, %d rows, p50 %.2f s, p99 %.2f s, longest %.2f s; %d lines checked, %d problems.", r.Name, r.Files, r.Rows, r.Latency.P50, r.Latency.P99, r.Latency.Max, r.Checked, len(r.Problems))
}

// page is README.md of the results.
func (r *result) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, %s\n\n", r.Name, r.Date)
	fmt.Fprintf(&b, "```sh\n%s\n```\n\n", r.Command)
	fmt.Fprintf(&b, "%s. Target: %s.\n\n", r.Machine, r.Target)
	r.traffic(&b)
	fmt.Fprintf(&b, "**Every line was checked: %d lines of %d files, %d problems.**\n\n", r.Checked, r.Files, len(r.Problems))
	for _, p := range r.Problems[:min(len(r.Problems), 20)] {
		fmt.Fprintf(&b, "- %s\n", p)
	}
	if len(r.Problems) > 0 {
		b.WriteString("\n")
	}
	r.latency(&b)
	r.memory(&b)
	return b.String()
}

func (r *result) traffic(b *strings.Builder) {
	b.WriteString("| put | |\n| --- | --: |\n")
	fmt.Fprintf(b, "| files | %d |\n| of them broken, and rejected as they must be | %d |\n", r.Files, r.Broken)
	fmt.Fprintf(b, "| bytes, as they were put | %.1f MB |\n| rows | %d |\n", float64(r.Bytes)/1e6, r.Rows)
	if r.Burst > 0 {
		fmt.Fprintf(b, "| at once, at the start | %d |\n", r.Burst)
	}
	if r.For > 0 {
		fmt.Fprintf(b, "| in | %s |\n| files a second, on average | %g |\n", time.Duration(r.For*1e9), r.Rate)
	}
	if r.Tide > 0 {
		fmt.Fprintf(b, "| of them together, behind the end of each five minutes | %g%% |\n", r.Tide*100)
	}
	fmt.Fprintf(b, "| files in the busiest second | %d |\n| repeated notifications | %d |\n", r.Busiest, r.Repeats)
	for _, name := range programNames {
		if n := r.Kills[name]; n > 0 {
			fmt.Fprintf(b, "| killed, and started again: %s | %d times |\n", name, n)
		}
	}
	fmt.Fprintf(b, "| loaded, from the first put to the last row | %.1f s, %.1f files a second |\n", r.Took, r.PerSecond)
	fmt.Fprintf(b, "| putting was behind the plan by at most | %.2f s |\n", r.Behind)
	fmt.Fprintf(b, "| before that, the first file of each source, tables made | %.2f s |\n", r.WarmUp)
	for _, outcome := range slices.Sorted(maps.Keys(r.Outcomes)) {
		fmt.Fprintf(b, "| load records: %s | %d |\n", outcome, r.Outcomes[outcome])
	}
	b.WriteString("\n")
}

func (r *result) latency(b *strings.Builder) {
	b.WriteString("Seconds of each file:\n\n| | p50 | p90 | p99 | p99.9 | longest |\n| --- | --: | --: | --: | --: | --: |\n")
	row := func(name string, q quantiles) {
		fmt.Fprintf(b, "| %s | %.3f | %.3f | %.3f | %.3f | %.3f |\n", name, q.P50, q.P90, q.P99, q.P999, q.Max)
	}
	row("**S3 put begun to rows queried**", r.Latency)
	for _, h := range hops {
		if q, ok := r.Hops[h.name]; ok {
			row(h.name, q)
		}
	}
	fmt.Fprintf(b, "\nThe first line is what was seen from outside, asking every %g s; the others are by the programs' clocks, as the load log has them.\n\n", r.Poll)
	b.WriteString("![From S3 put to queryable](latency.svg)\n\n")
	if len(r.Minutes) > 1 {
		b.WriteString("![Minute by minute](minutes.svg)\n\n")
	}
}

func (r *result) memory(b *strings.Builder) {
	if len(r.Programs) == 0 {
		return
	}
	fmt.Fprintf(b, "| program | CPU, s | CPU a file, ms | memory, median of each quarter of the time, MB | peak, MB |\n| --- | --: | --: | --: | --: |\n")
	for _, name := range programNames {
		if t, ok := r.Programs[name]; ok {
			q := t.Quarters
			fmt.Fprintf(b, "| %s | %.1f | %.2f | %d, %d, %d, %d | %d |\n", name, t.CPU, t.CPU*1e3/float64(max(1, r.Files)), q[0]/1e6, q[1]/1e6, q[2]/1e6, q[3]/1e6, t.Peak/1e6)
		}
	}
	b.WriteString("\nThe cloud is all stand-ins together, the database that takes the place of BigQuery among them. It, both programs and whoever puts and asks share the processors.\n\n")
	b.WriteString("![Memory](memory.svg)\n")
}

// charts returns those of the run, by name.
func (r *result) charts() map[string]*chart.Chart {
	hist := &chart.Chart{Title: "From S3 put to queryable: " + r.Name, X: "seconds", Y: "files",
		Note: fmt.Sprintf("%d files, %d rows, %s, %s", r.Files, r.Rows, r.Target, r.Date)}
	for i, bucket := range r.Buckets {
		bar := chart.Bar{Value: float64(bucket.Files)}
		from := 0.0
		if i > 0 {
			from = r.Buckets[i-1].Up
			if i%max(1, (len(r.Buckets)+9)/10) == 0 {
				bar.Label = fmt.Sprintf("%.2g", from)
			}
		}
		var marks []string
		for _, m := range []struct {
			name string
			at   float64
		}{{"p50", r.Latency.P50}, {"p99", r.Latency.P99}} {
			if m.at > from && m.at <= bucket.Up {
				marks = append(marks, fmt.Sprintf("%s %.2f s", m.name, m.at))
			}
		}
		bar.Mark = strings.Join(marks, ", ")
		hist.Bars = append(hist.Bars, bar)
	}
	all := map[string]*chart.Chart{"latency": hist}
	if len(r.Minutes) > 1 {
		all["minutes"] = r.minutesChart()
	}
	if len(r.Programs) > 0 {
		all["memory"] = r.memoryChart()
	}
	return all
}

func (r *result) memoryChart() *chart.Chart {
	c := &chart.Chart{Title: "Memory of forwarder and loader: " + r.Name, Note: "resident set", X: "minutes", Y: "MB"}
	for _, name := range []string{forwarderProgram, loaderProgram} {
		line := chart.Line{Name: name}
		for i, m := range r.Programs[name].Memory {
			at := r.Programs[name].At[i] / 60
			line.Points = append(line.Points, chart.Point{X: at, Y: float64(m) / 1e6})
			c.Width = max(c.Width, at)
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}

// minutesChart shows whether files take longer as tables grow, and what a tide, or a program killed, does to them.
func (r *result) minutesChart() *chart.Chart {
	c := &chart.Chart{Title: "From S3 put to queryable, minute by minute: " + r.Name, Note: "files by the minute in which they were put", X: "minutes", Y: "seconds", Width: float64(len(r.Minutes))}
	p50, p99 := chart.Line{Name: "p50"}, chart.Line{Name: "p99"}
	for i, q := range r.Minutes {
		at := float64(i) + 0.5
		p50.Points, p99.Points = append(p50.Points, chart.Point{X: at, Y: q.P50}), append(p99.Points, chart.Point{X: at, Y: q.P99})
	}
	c.Lines = []chart.Line{p50, p99}
	return c
}
