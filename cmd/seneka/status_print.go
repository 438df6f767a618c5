package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"

	"github.com/seneka-io/seneka/internal/report"
)

// printStatus prints a status for people, or as JSON.
func printStatus(w io.Writer, s *report.Status, o statusOptions) error {
	if o.json {
		return printIndented(w, s)
	}
	_, err := io.WriteString(w, statusText(s))
	return err
}

// printIndented prints v as JSON for machines that people read over the shoulder of.
func printIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// statusText is a status in lines, what needs attention first.
func statusText(s *report.Status) string {
	var b strings.Builder
	if len(s.Attention) == 0 {
		fmt.Fprintln(&b, "Nothing needs attention.")
	}
	for i, a := range s.Attention {
		if i == 0 {
			fmt.Fprintln(&b, "Needs attention:")
		}
		fmt.Fprintf(&b, "  %d. %s\n     next: %s\n", i+1, visible(a.Reason), visible(a.Next))
	}
	fmt.Fprintf(&b, "\n%s\n\n", sourceTable(s))
	for _, line := range [][2]string{
		{"SQS", depthText(s.Queue)}, {"Pub/Sub", depthText(s.Push)}, {"Streams", streamsText(s)}, {"S3", missingText(s.Missing)},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%-9s%s\n", line[0], visible(line[1]))
		}
	}
	fmt.Fprintf(&b, "%-9s%s UTC\n", "As of", s.At.Format("2006-01-02 15:04:05"))
	return b.String()
}

// sourceTable has two rows for each source, an hour and a day; one if the hour has nothing.
func sourceTable(s *report.Status) string {
	header := table.Row{"source", "last", "files", "rows", "rejects", "bytes", "p50", "p95", "p99", "not loaded"}
	var cells []table.Row
	all := s.Sources
	if len(all) != 1 {
		all = append(all[:len(all):len(all)], s.Total)
	}
	for _, t := range all {
		name, open := visible(cmp.Or(t.Source, "all")), openText(t.Open, s.At)
		if t.Hour.Files > 0 {
			cells = append(cells, totalsRow(name, "hour", t.Hour, open))
			name, open = "", ""
		}
		cells = append(cells, totalsRow(name, "day", t.Day, open))
	}
	right := make([]table.ColumnConfig, 0, 7)
	for n := 3; n <= 9; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: textalign.AlignRight, AlignHeader: textalign.AlignRight})
	}
	return asTable(header, cells, right)
}

func totalsRow(source, last string, t report.Totals, open string) table.Row {
	r := table.Row{source, last, thousands(t.Files), thousands(t.Rows), thousands(t.Rejects), bytesText(t.Bytes), "–", "–", "–", open}
	if f := t.Freshness; f.Files > 0 {
		r[6], r[7], r[8] = report.Seconds(f.P50), report.Seconds(f.P95), report.Seconds(f.P99)
	}
	return r
}

// openText says how many files of a source are not loaded, and since when.
func openText(o report.OpenSource, now time.Time) string {
	n := o.Rejected + o.Deferred
	if n == 0 {
		return ""
	}
	return thousands(n) + ", oldest " + report.Ago(now.Sub(o.Oldest))
}

func depthText(d report.Depth) string {
	var parts []string
	for _, p := range []struct {
		n    report.Number
		what string
	}{{d.Waiting, "waiting"}, {d.InFlight, "in flight"}, {d.Dead, "dead letters"}} {
		if p.n.Unknown == "" {
			parts = append(parts, thousands(p.n.N)+" "+p.what)
		}
	}
	for _, p := range []struct {
		n    report.Number
		what string
	}{{d.Waiting, "waiting"}, {d.Dead, "dead letters"}} {
		if p.n.Unknown != "" {
			parts = append(parts, p.what+" unknown ("+p.n.Unknown+")")
		}
	}
	return strings.Join(parts, ", ")
}

func streamsText(s *report.Status) string {
	if s.Streams.Unknown != "" {
		return "unknown (" + s.Streams.Unknown + ")"
	}
	return fmt.Sprintf("%s made in the last hour of %s, %s left", thousands(s.Streams.Made), thousands(s.Quota), thousands(max(0, s.Quota-s.Streams.Made)))
}

func missingText(m *report.Missing) string {
	if m == nil {
		return ""
	}
	text := fmt.Sprintf("%s listed since %s, %s of them not loaded", report.Plural(m.Listed, "file", "files"), m.Since.Format(time.DateOnly), thousands(m.Files))
	if m.OldestAt != nil {
		text += fmt.Sprintf(", the oldest put %s: %s", m.OldestAt.UTC().Format("2006-01-02 15:04:05"), m.Oldest)
	}
	if len(m.Unlisted) > 0 {
		text += "; not listed, for their patterns name no bucket: " + strings.Join(m.Unlisted, ", ")
	}
	return text
}

// screen shows one status after the other: in place on a terminal, else a line each.
type screen struct {
	w        io.Writer
	terminal bool
	json     bool
}

func newScreen(w io.Writer, json bool) *screen {
	return &screen{w: w, terminal: !json && terminalWidth(w) > 0, json: json}
}

// show shows s in place of what was shown before.
func (c *screen) show(s *report.Status, o statusOptions) error {
	var text string
	switch {
	case c.json:
		line, err := encode(s)
		if err != nil {
			return err
		}
		text = string(line) + "\n"
	case c.terminal:
		// Each line is cleared to its end, and what is below the last: nothing flickers.
		text = "\x1b[H" + strings.ReplaceAll(statusText(s), "\n", "\x1b[K\n") + fmt.Sprintf("\x1b[K\nEvery %s; Ctrl-C ends it.\x1b[K\n\x1b[J", o.interval)
	default:
		text = statusLine(s) + "\n"
	}
	_, err := io.WriteString(c.w, text)
	return err
}

// failed tells of a look that failed.
func (c *screen) failed(err error) {
	switch {
	case c.json:
		line, _ := encode(map[string]string{"error": err.Error()})
		fmt.Fprintf(c.w, "%s\n", line)
	default:
		fmt.Fprintf(c.w, "%s could not look: %s\n", time.Now().UTC().Format(time.RFC3339), visible(err.Error()))
	}
}

// statusLine is a status in one line.
func statusLine(s *report.Status) string {
	h := s.Total.Hour
	line := fmt.Sprintf("%s last hour: %s, %s, %s", s.At.Format(time.RFC3339),
		report.Plural(h.Files, "file", "files"), report.Plural(h.Rows, "row", "rows"), report.Plural(h.Rejects, "reject", "rejects"))
	if h.Freshness.Files > 0 {
		line += ", p95 " + report.Seconds(h.Freshness.P95)
	}
	line += "; SQS " + depthText(s.Queue) + "; Pub/Sub " + depthText(s.Push)
	if n := len(s.Attention); n > 0 {
		line += fmt.Sprintf("; needs attention: %s", s.Attention[0].Reason)
		if n > 1 {
			line += fmt.Sprintf(" (and %d more)", n-1)
		}
	}
	return visible(line)
}
