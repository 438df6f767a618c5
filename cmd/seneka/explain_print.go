package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/explain"
	"github.com/seneka-io/seneka/internal/load"
)

// explainJSON prints an explanation as one JSON object, its rows by column.
func explainJSON(w io.Writer, e *explain.Explanation, next []string) error {
	rows := []members{}
	for _, r := range e.First {
		rows = append(rows, recordMembers(r.Columns, r.Values))
	}
	data, err := encode(struct {
		*explain.Explanation
		First []members `json:"first_rows"`
		Next  []string  `json:"next,omitempty"`
	}{e, rows, next})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

// explainPrinter prints an explanation for a person: a heading for each part, and what is known below.
type explainPrinter struct {
	out io.Writer
	e   *explain.Explanation
	now time.Time
}

// part prints lines behind a heading; no lines print nothing.
func (p *explainPrinter) part(heading string, lines ...string) {
	for i, line := range lines {
		if i > 0 {
			heading = ""
		}
		fmt.Fprintf(p.out, "%-9s %s\n", heading, visible(line))
	}
}

func (p *explainPrinter) print(next []string) {
	e := p.e
	fmt.Fprintf(p.out, "%s\n", visible(e.File))
	if e.CopyOf {
		fmt.Fprintln(p.out, "(what was asked for is its copy in landing)")
	}
	fmt.Fprintln(p.out)
	p.part("Status", string(e.Status)+": "+cmp.Or(e.Reason, e.Status.Meaning(), "as it should be"))
	p.object()
	p.sources()
	if c := e.Landing; c != nil {
		line := c.Object + ", since " + p.at(c.Created)
		if e.Object != nil && c.Version != e.Object.Version {
			line += fmt.Sprintf("; of another version, %s (%s)", c.Version.ETag, bytesText(c.Version.Size))
		}
		p.part("Landing", line)
	} else if e.Table != "" {
		p.part("Landing", "no copy")
	}
	p.claim()
	p.held()
	p.hops()
	p.history()
	p.rejects()
	p.cost()
	p.rows()
	for i, step := range next {
		heading := "Next"
		if i > 0 {
			heading = ""
		}
		fmt.Fprintf(p.out, "%-9s run: %s\n", heading, visible(step))
	}
}

// at writes a time and how long ago that was.
func (p *explainPrinter) at(t time.Time) string {
	text := t.UTC().Format("2006-01-02 15:04:05.000 UTC")
	if ago := p.now.Sub(t); ago >= time.Second {
		text += " (" + age(ago) + " ago)"
	}
	return text
}

// age writes how long something took in one unit.
func age(d time.Duration) string {
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / unit.d; n >= 1 {
			return plural(int64(n), unit.name)
		}
	}
	return d.Round(time.Millisecond).String()
}

func (p *explainPrinter) object() {
	o := p.e.Object
	if o == nil {
		p.part("File", "it is not there now")
		return
	}
	p.part("File", fmt.Sprintf("%s, ETag %s, stored %s", bytesText(o.Size), o.ETag, p.at(o.Stored)))
}

// sources says which source takes the file, and why those before it do not.
func (p *explainPrinter) sources() {
	var lines []string
	for _, t := range p.e.Sources {
		if t.Matched {
			lines = append([]string{fmt.Sprintf("%s (%s), format %s, into %s", t.Source, t.Pattern, p.e.Format, p.e.Table)}, lines...)
			continue
		}
		nearest := ""
		if p.e.Table == "" && t.Source == p.e.Nearest {
			nearest = "; it is the nearest"
		}
		lines = append(lines, fmt.Sprintf("not %s (%s): %s%s", t.Source, t.Pattern, t.Why, nearest))
	}
	p.part("Source", lines...)
}

func (p *explainPrinter) claim() {
	c := p.e.Claim
	if c == nil {
		if p.e.Table != "" {
			p.part("Claim", "none")
		}
		return
	}
	kind := map[string]string{
		"pooled": fmt.Sprintf("rows from %d on of a pooled stream", c.Offset), "streams": plural(len(c.Streams), "stream") + " of its own",
		"empty": "no rows", "void": "void: BigQuery took no rows",
	}[c.Kind]
	lines := []string{
		fmt.Sprintf("%s: %s, %s; attempt %s", kind, plural(c.Rows, "row"), plural(c.Rejects, "reject"), c.Attempt),
		"written " + p.at(c.WrittenAt) + ", " + c.Name,
	}
	if !c.First.IsZero() {
		lines = append(lines, "times from "+stampText(c.First)+" to "+stampText(c.Last))
	}
	if c.As != "" {
		lines = append(lines, "its rows stand under the name "+c.As)
	}
	p.part("Claim", append(lines, c.Streams...)...)
}

func stampText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999 UTC") }

func (p *explainPrinter) held() {
	if p.e.Table == "" {
		return
	}
	lines := []string{}
	for _, h := range p.e.Rows {
		of := "not of the claim's attempt"
		if h.Claimed {
			of = "of the claim's attempt"
		}
		lines = append(lines, fmt.Sprintf("%s with %s, %s, loaded_at %s", plural(h.Rows, "row"), plural(h.Lines, "line number"), of, stampText(h.LoadedAt)))
	}
	if len(lines) == 0 {
		lines = []string{"none in " + p.e.Table}
	}
	p.part("Rows", lines...)
}

func (p *explainPrinter) hops() {
	hops := p.e.Hops
	var lines []string
	for i, h := range hops {
		line := fmt.Sprintf("%-24s %s", h.Name, h.At.UTC().Format("2006-01-02 15:04:05.000 UTC"))
		if i > 0 {
			line += fmt.Sprintf("  %+.3f s", h.Seconds)
		}
		lines = append(lines, line)
	}
	if n := len(hops); n > 1 {
		lines = append(lines, fmt.Sprintf("%-24s %.3f s", "in all", hops[n-1].At.Sub(hops[0].At).Seconds()))
	}
	p.part("Way", lines...)
}

func (p *explainPrinter) history() {
	var lines []string
	for _, r := range p.e.History {
		line := fmt.Sprintf("%s  %-10s", r.LoadedAt.UTC().Format("2006-01-02 15:04:05.000 UTC"), r.Outcome)
		if r.Outcome == load.Loaded || r.Outcome == load.Rejected {
			line += fmt.Sprintf(" %s, %s", plural(r.Rows, "row"), plural(r.Rejects, "reject"))
		}
		if r.Reason != "" {
			line += "  " + r.Reason
		}
		lines = append(lines, line)
	}
	p.part("Loads", lines...)
}

func (p *explainPrinter) rejects() {
	var lines []string
	for _, r := range p.e.Rejects {
		place := fmt.Sprintf("line %d, byte %d: ", r.Line, r.Offset)
		if r.Line == 0 {
			place = ""
		}
		lines = append(lines, strings.TrimSuffix(place+r.Reason+": "+shorten(strings.ToValidUTF8(string(r.Raw), "\ufffd"), 200), ": "))
	}
	p.part("Rejects", lines...)
}

func (p *explainPrinter) cost() {
	c := p.e.Cost
	if c == nil {
		return
	}
	var parts []string
	for _, r := range c.Requests {
		text := fmt.Sprintf("%d %s %s", r.Times, r.Service, r.Name)
		if r.Class != "" {
			text += " [class " + r.Class + "]"
		}
		parts = append(parts, text)
	}
	p.part("Cost", strings.Join(parts, ", "), fmt.Sprintf("%s out of AWS, %s parsed; by the protocol, not counted. A million such files: %s", bytesText(c.Copied), bytesText(c.Parsed), dollarsText(c.Dollars*1e6)))
}

func (p *explainPrinter) rows() {
	if len(p.e.First) == 0 {
		return
	}
	if p.e.Would {
		fmt.Fprintln(p.out, "\nThe first rows as they would be:")
	} else {
		fmt.Fprintln(p.out, "\nThe first rows:")
	}
	for _, r := range p.e.First {
		_, _ = io.WriteString(p.out, rowList(r.Line, recordMembers(r.Columns, r.Values)))
	}
	fmt.Fprintln(p.out)
}
