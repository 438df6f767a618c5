package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
)

// mostCharts is how many sources are drawn over time; the table has all.
const mostCharts = 12

//go:embed page.html
var page string

var tmpl = template.Must(template.New("page").Funcs(template.FuncMap{
	"n": Thousands, "short": Short, "seconds": Seconds, "bytes": Bytes,
	"when":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04") },
	"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"folder": func(file string) string { return file[:strings.LastIndexByte(file, '/')+1] },
	"base":   func(file string) string { return file[strings.LastIndexByte(file, '/')+1:] },
	"table":  func(t string) string { return t[strings.IndexByte(t, '.')+1:] },
	"ratio":  ratio,
	"add":    func(a, b int64) int64 { return a + b },
	"below":  func(a, b int) int { return a + b },
	"int64":  func(n int) int64 { return int64(n) },
	"plural": Plural,
	"dollar": func(d *float64) string { return fmt.Sprintf("$%.2f", *d) },
	"count":  func(f float64) string { return Thousands(int64(f)) },
}).Parse(page))

// view is a Report with what is drawn of it.
type view struct {
	*Report
	Period    string
	Histogram *chart
	Bins      []Bin
	Over      []overTime
	Span      string
	Left      int   // sources that are not drawn
	OpenFiles int64 // that are not loaded
	HopRows   []hopRow
	Records   []reasonRow // that could not be parsed
	Refused   []reasonRow // files
}

type overTime struct {
	Series
	Totals Totals
	Charts []*chart
}

type hopRow struct {
	Hop
	share
}

type reasonRow struct {
	Reason
	share
}

// HTML writes the report as one page that loads nothing and runs no script. The same report gives the
// same bytes.
func (r *Report) HTML(w io.Writer) error {
	v := view{Report: r, Period: period(r.Until.Sub(r.Since)), Histogram: histogramChart(r.Histogram, r.Total.Freshness), Bins: r.Histogram, Span: span(r.Step)}
	for _, o := range r.Open.Sources {
		v.OpenFiles += o.Rejected + o.Deferred
	}
	for i, s := range largestSeries(r) {
		at := slices.IndexFunc(r.Sources, func(t Totals) bool { return t.Source == s.Source })
		v.Over = append(v.Over, overTime{s, r.Sources[at], seriesCharts(i, s, r.Step)})
	}
	v.Left = len(r.Series) - len(v.Over)
	var p50, p95 []float64
	for _, h := range r.Hops {
		p50, p95 = append(p50, h.P50), append(p95, h.P95)
	}
	for i, s := range shares(p50, p95) {
		v.HopRows = append(v.HopRows, hopRow{r.Hops[i], s})
	}
	v.Records, v.Refused = reasonRows(r.Rejects), reasonRows(r.Rejected)
	return tmpl.Execute(w, v)
}

// largestSeries returns the series of the sources with the most files, by name.
func largestSeries(r *Report) []Series {
	drawn := slices.Clone(r.Series)
	if len(drawn) <= mostCharts {
		return drawn
	}
	files := func(s Series) (n int64) {
		for _, p := range s.Points {
			n += p.Files
		}
		return n
	}
	slices.SortStableFunc(drawn, func(a, b Series) int { return int(files(b) - files(a)) })
	drawn = drawn[:mostCharts]
	slices.SortFunc(drawn, func(a, b Series) int { return strings.Compare(a.Source, b.Source) })
	return drawn
}

func reasonRows(reasons []Reason) []reasonRow {
	var counts []float64
	for _, r := range reasons {
		counts = append(counts, float64(r.Count))
	}
	var rows []reasonRow
	for i, s := range shares(counts, nil) {
		rows = append(rows, reasonRow{reasons[i], s})
	}
	return rows
}

// ratio writes the share of a part as a percentage.
func ratio(part, whole int64) string {
	switch share := float64(part) / float64(max(whole, 1)) * 100; {
	case part == 0:
		return "0 %"
	case share < 0.01:
		return "under 0.01 %"
	case share < 1:
		return fmt.Sprintf("%.2g %%", share)
	default:
		return fmt.Sprintf("%.1f %%", share)
	}
}

// period writes how long a report reaches.
func period(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return Plural(int64((d+12*time.Hour)/(24*time.Hour)), "day", "days")
	case d >= 2*time.Hour:
		return Plural(int64((d+30*time.Minute)/time.Hour), "hour", "hours")
	default:
		return Plural(int64((d+30*time.Second)/time.Minute), "minute", "minutes")
	}
}

// marker is how a page that HTML wrote is told from a file that somebody else did.
const marker = `<meta name="generator" content="seneka report">`

// IsReport reports whether data is a report, as HTML or as JSON.
func IsReport(data []byte) bool {
	head := string(data[:min(len(data), 1024)])
	return strings.Contains(head, marker) || strings.HasPrefix(head, "{\n  \"seneka\": ")
}
