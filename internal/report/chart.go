package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A chart is drawn by page.html. Across it is measured in percent of its width, so that it fits a
// phone and a desk, and its text keeps its size on both; down it is measured in pixels.

// chart is a field of bars over an axis.
type chart struct {
	ID, Title, Desc string
	Class           string // colours it
	Height          int    // of the field, in px
	Bars            []bar
	Grid            []gridLine
	Ticks           []tick
	Marks           []mark
}

// Top is where the field begins: below the marks, or half a line of text.
func (c *chart) Top() int {
	if len(c.Marks) > 0 {
		return 52
	}
	return 7
}

// Bottom is where the chart ends: below the axis and its labels.
func (c *chart) Bottom() int { return c.Top() + c.Height + 24 }

// bar is one bar. What stands over it reaches from the top of the field, so that it is easy to hit.
type bar struct {
	X, Width string // percent
	Y, H     int    // px
	Label    string
}

// gridLine is a value of the axis that goes up.
type gridLine struct {
	Y     int
	Label string
}

// tick is a place on the axis that goes across.
type tick struct {
	at               float64
	X, Label, Anchor string
	Wide             bool // is shown only where there is room
}

// mark is a line across the field with a name.
type mark struct {
	X, TextX, Label, Anchor string
	TextY                   int
}

// percent writes a share of the width.
func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 3, 64) + "%" }

// minBar is how high a bar is at least: few are not none.
const minBar = 2

// field returns bars of these heights side by side, each labelled, over a grid that ends at a round
// number.
func (c *chart) field(values []int64, label func(i int) string) {
	top := int64(0)
	for _, v := range values {
		top = max(top, v)
	}
	round := roundUp(top)
	for _, share := range []float64{0.5, 1} {
		if v := float64(round) * share; v == math.Trunc(v) && v > 0 {
			c.Grid = append(c.Grid, gridLine{c.Height - int(share*float64(c.Height)), Short(int64(v))})
		}
	}
	slot := 1 / float64(len(values))
	for i, v := range values {
		if v == 0 {
			continue
		}
		h := max(minBar, int(math.Round(float64(v)/float64(round)*float64(c.Height))))
		c.Bars = append(c.Bars, bar{percent((float64(i) + 0.09) * slot), percent(0.82 * slot), c.Height - h, h, label(i)})
	}
}

// roundUp returns the next of 1, 2, 3, 4, 5, 6, 8, 10, 20, … from n on.
func roundUp(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, m := range []int64{1, 2, 3, 4, 5, 6, 8} {
			if m*unit >= n {
				return m * unit
			}
		}
		if unit > math.MaxInt64/100 {
			return n
		}
	}
}

// Where a label has room beside another, as a share of the width: on a desk and on a phone.
const (
	deskTime, phoneTime       = 0.11, 0.25 // of half a page, and of a phone
	deskSeconds, phoneSeconds = 0.075, 0.19
)

// place puts a label on the axis where there is room for it: on a desk, and perhaps on a phone too.
func (c *chart) place(x float64, label string, desk, phone float64) {
	near := func(narrow bool) float64 {
		d := 1.0
		for _, t := range c.Ticks {
			if !narrow || !t.Wide {
				d = min(d, math.Abs(t.at-x))
			}
		}
		return d
	}
	if near(false) < desk {
		return
	}
	t := tick{at: x, X: percent(x), Label: label, Anchor: "middle", Wide: near(true) < phone}
	switch {
	case x < 0.03:
		t.Anchor = "start"
	case x > 0.97:
		t.Anchor = "end"
	}
	c.Ticks = append(c.Ticks, t)
}

// histogramChart draws the histogram over a logarithmic axis.
func histogramChart(bins []Bin, f Freshness) *chart {
	if len(bins) == 0 {
		return nil
	}
	bins = widen(bins)
	c := &chart{ID: "freshness", Class: "files", Height: 220, Title: "Seconds from put to queryable",
		Desc: fmt.Sprintf("Histogram of %s over a logarithmic axis. Half were queryable within %s, 95 of 100 within %s, 99 of 100 within %s.",
			Plural(f.Files, "file", "files"), Seconds(f.P50), Seconds(f.P95), Seconds(f.P99))}
	counts := make([]int64, len(bins))
	for i, b := range bins {
		counts[i] = b.Files
	}
	c.field(counts, func(i int) string {
		return fmt.Sprintf("%s to %s: %s", Seconds(bins[i].From), Seconds(bins[i].To), Plural(bins[i].Files, "file", "files"))
	})
	first, last := math.Log10(bins[0].From), math.Log10(bins[len(bins)-1].To)
	across := func(seconds float64) float64 {
		return min(1, max(0, (math.Log10(max(seconds, 1e-9))-first)/(last-first)))
	}
	for _, times := range [][]float64{
		{0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 86400, 864000},
		{0.02, 0.05, 0.2, 0.5, 2, 5, 20, 30, 120, 300, 1200, 1800, 7200, 18000, 172800, 432000},
	} {
		for _, t := range times {
			if t >= bins[0].From*0.999 && t <= bins[len(bins)-1].To*1.001 {
				c.place(across(t), strings.Replace(Seconds(t), ".0", "", 1), deskSeconds, phoneSeconds)
			}
		}
	}
	for i, m := range []struct {
		name    string
		seconds float64
	}{{"p50", f.P50}, {"p95", f.P95}, {"p99", f.P99}} {
		x := across(m.seconds)
		text := mark{X: percent(x), TextX: percent(x + 0.006), Label: m.name + " " + Seconds(m.seconds), Anchor: "start", TextY: -48 + 16*i}
		if x > 0.75 {
			text.Anchor, text.TextX = "end", percent(x-0.006)
		}
		c.Marks = append(c.Marks, text)
	}
	return c
}

// widen adds empty bins on both sides until there are enough for an axis.
func widen(bins []Bin) []Bin {
	const least = 24
	factor := math.Pow(10, 1.0/perDecade)
	for len(bins) < least {
		first, last := bins[0], bins[len(bins)-1]
		bins = append([]Bin{{From: first.From / factor, To: first.From}}, bins...)
		bins = append(bins, Bin{From: last.To, To: last.To * factor})
	}
	return bins
}

// seriesCharts draws one source over time: its files, and its rows.
func seriesCharts(i int, s Series, step int64) []*chart {
	charts := []*chart{
		{Class: "files", Title: "Files of " + s.Source + " over time"},
		{Class: "rows", Title: "Rows of " + s.Source + " over time"},
	}
	for k, c := range charts {
		c.ID, c.Height = fmt.Sprintf("s%d-%s", i, c.Class), 72
		values, sum := make([]int64, len(s.Points)), int64(0)
		for n, p := range s.Points {
			values[n] = [2]int64{p.Files, p.Rows}[k]
			sum += values[n]
		}
		c.Desc = fmt.Sprintf("%s in bars of %s each.", Plural(sum, c.Class[:len(c.Class)-1], c.Class), span(step))
		c.field(values, func(n int) string {
			return fmt.Sprintf("%s: %s, %s", s.Points[n].At.Format("Mon 2 Jan 15:04"), Plural(s.Points[n].Files, "file", "files"), Plural(s.Points[n].Rows, "row", "rows"))
		})
		c.days(s.Points, step)
	}
	return charts
}

// days labels the axis of time: with days where there are several, else with hours.
func (c *chart) days(points []Point, step int64) {
	if len(points) == 0 {
		return
	}
	end := points[len(points)-1].At.Add(time.Duration(step) * time.Second)
	length := end.Sub(points[0].At)
	every, layout := 24*time.Hour, "2 Jan"
	for _, e := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour} {
		if length <= 12*e {
			every, layout = e, "15:04"
			break
		}
	}
	for t := points[0].At.Truncate(every); t.Before(end); t = t.Add(every) {
		if x := float64(t.Sub(points[0].At)) / float64(length); x >= 0 {
			c.place(x, t.Format(layout), deskTime, phoneTime)
		}
	}
}

// span writes a step of time.
func span(step int64) string {
	switch {
	case step%86400 == 0:
		return Plural(step/86400, "day", "days")
	case step%3600 == 0:
		return Plural(step/3600, "hour", "hours")
	default:
		return Plural(step/60, "minute", "minutes")
	}
}

// share is a row of a table with a bar in it: one for a value, and a paler one for what few reach.
type share struct {
	Value, Far string // percent of the longest
}

// shares measures bars against the longest of all.
func shares(values, far []float64) []share {
	longest := 0.0
	for _, v := range append(append([]float64{}, values...), far...) {
		longest = max(longest, v)
	}
	out := make([]share, len(values))
	for i, v := range values {
		out[i].Value = percent(max(v, 0) / max(longest, 1e-9))
		if i < len(far) {
			out[i].Far = percent(max(far[i], 0) / max(longest, 1e-9))
		}
	}
	return out
}
