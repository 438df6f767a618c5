//go:build browser

package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/browser"
)

var shots = flag.String("shots", "", "write screenshots of the report into this folder")

// seen is what a browser makes of a report.
type seen struct {
	Window, Page int // widths
	Title        string
	Bars         map[string][]string // what stands over the bars of each chart
	Visible      int                 // bars with a height and width on the screen
	Beyond       []string            // elements that reach out of the page
	Covered      []string            // labels of an axis that lie over one another
	Scripts      int
	Unnamed      int     // charts without a name
	Contrast     float64 // of the palest text
}

// look gathers it.
const look = `(() => {
  const w = innerWidth, box = e => e.getBoundingClientRect(), shown = e => box(e).width > 0 && box(e).height > 0;
  const out = {Window: w, Page: document.documentElement.scrollWidth, Title: document.title, Bars: {}, Visible: 0, Beyond: [], Covered: [], Contrast: 99};
  for (const c of document.querySelectorAll("svg[role=img]")) {
    out.Bars[c.id] = [...c.querySelectorAll("g > title")].map(t => t.textContent);
    const labels = [...c.querySelectorAll("text")].filter(shown);
    for (const a of labels) for (const b of labels) {
      const p = box(a), q = box(b);
      if (a !== b && p.left < q.right && q.left < p.right && p.top + 3 < q.bottom && q.top + 3 < p.bottom) out.Covered.push(c.id + ": " + a.textContent + ", " + b.textContent);
    }
  }
  out.Visible = [...document.querySelectorAll("rect.bar")].filter(shown).length;
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("details") || !shown(e) || e.closest("thead")) continue;
    if (box(e).right > w + 0.5 || box(e).left < -0.5) out.Beyond.push(e.tagName + " " + e.textContent.slice(0, 40));
  }
  out.Scripts = document.querySelectorAll("script, img, iframe, object").length;
  out.Unnamed = [...document.querySelectorAll("svg:not([aria-hidden]):not(svg svg)")].filter(s => s.getAttribute("role") !== "img" || s.getAttribute("aria-labelledby").split(" ").some(id => !document.getElementById(id)?.textContent)).length;
  const rgb = s => s.match(/[\d.]+/g).map(Number), light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  for (const e of document.querySelectorAll("body *")) {
    if (!shown(e) || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || ["TITLE", "DESC", "STYLE"].includes(e.tagName.toUpperCase())) continue;
    const a = light(rgb(e instanceof SVGElement ? getComputedStyle(e).fill : getComputedStyle(e).color)), b = light(behind(e));
    out.Contrast = Math.min(out.Contrast, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
  }
  return out;
})()`

// The report in a real browser, on a phone and on a desk, by day and by night, and printed: all of it
// is in sight, the charts say what the data says, and nothing is fetched or run.
func TestBrowser(t *testing.T) {
	empty := &Report{Project: "acme-logs", Since: sampleEnd.AddDate(0, 0, -1), Until: sampleEnd, Step: 900}
	b := browser.Start(t)
	for name, r := range map[string]*Report{"week": sample(), "empty": empty, "one": oneFile()} {
		file := filepath.Join(t.TempDir(), name+".html")
		var page bytes.Buffer
		if err := r.HTML(&page); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for i, v := range []browser.View{
			{Width: 360, Height: 740, Phone: true, Dark: true}, {Width: 1280, Height: 800}, // and of a week also:
			{Width: 360, Height: 740, Phone: true}, {Width: 1280, Height: 800, Dark: true}, {Width: 760, Height: 1000}, {Width: 720, Height: 1000, Print: true, Dark: true},
		} {
			if i >= 2 && name != "week" {
				break
			}
			how := fmt.Sprintf("%s-%d-dark-%v-print-%v", name, v.Width, v.Dark, v.Print)
			p := b.Open("file://"+file, v)
			checkSeen(t, how, p, r, v)
			if *shots != "" {
				if err := os.WriteFile(filepath.Join(*shots, how+".png"), p.Screenshot(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func checkSeen(t *testing.T, how string, p *browser.Page, r *Report, v browser.View) {
	t.Helper()
	var s seen
	p.Eval(look, &s)
	if s.Window != v.Width || s.Page > s.Window || len(s.Beyond) > 0 {
		t.Errorf("%s: %d pixels wide in %d, beyond it %q", how, s.Page, s.Window, s.Beyond)
	}
	if len(s.Covered) > 0 {
		t.Errorf("%s: labels over one another: %q", how, s.Covered)
	}
	if s.Scripts > 0 || s.Unnamed > 0 {
		t.Errorf("%s: %d elements that run or fetch, %d charts without a name", how, s.Scripts, s.Unnamed)
	}
	if s.Contrast < 4.5 { // WCAG 2.2, 1.4.3
		t.Errorf("%s: the palest text has a contrast of %.2f", how, s.Contrast)
	}
	if got := p.Requests(); len(got) != 1 {
		t.Errorf("%s: it asked for %q", how, got)
	}
	if got := p.Problems(); len(got) > 0 {
		t.Errorf("%s: %q", how, got)
	}
	bars := 0
	if len(r.Sources) > 0 {
		bars = checkBars(t, how, s, r)
	}
	if s.Visible != bars {
		t.Errorf("%s: %d bars are in sight, want %d", how, s.Visible, bars)
	}
}

// checkBars compares what stands over the bars with the data, and returns how many there are to be.
func checkBars(t *testing.T, how string, s seen, r *Report) (bars int) {
	t.Helper()
	want := map[string][]string{"freshness": {}}
	for _, b := range r.Histogram {
		if b.Files > 0 {
			want["freshness"] = append(want["freshness"], fmt.Sprintf("%s to %s: %s", Seconds(b.From), Seconds(b.To), Plural(b.Files, "file", "files")))
		}
	}
	for i, series := range r.Series {
		files, rows := fmt.Sprintf("s%d-files", i), fmt.Sprintf("s%d-rows", i)
		want[files], want[rows] = []string{}, []string{}
		for _, p := range series.Points {
			label := fmt.Sprintf("%s: %s, %s", p.At.Format("Mon 2 Jan 15:04"), Plural(p.Files, "file", "files"), Plural(p.Rows, "row", "rows"))
			if p.Files > 0 {
				want[files] = append(want[files], label)
			}
			if p.Rows > 0 {
				want[rows] = append(want[rows], label)
			}
		}
	}
	for id, labels := range want {
		bars += len(labels)
		if got := s.Bars[id]; fmt.Sprint(got) != fmt.Sprint(labels) {
			t.Errorf("%s: over the bars of %s stands %q, want %q", how, id, got, labels)
		}
	}
	return bars
}

// oneFile is the smallest report that has something: of one file that took no time at all.
func oneFile() *Report {
	at := sampleEnd.Truncate(15 * time.Minute)
	f := File{File: hostile, Source: "alb", Table: "p.logs.alb", Outcome: "loaded", At: at, Rows: 1, Bytes: 1, Size: 1, Seconds: 0.004}
	t := Totals{Source: "alb", Files: 1, Rows: 1, Freshness: Freshness{1, 0.004, 0.004, 0.004, 0.004}}
	return &Report{Project: hostile, Source: "alb", Since: at.AddDate(0, 0, -1), Until: at, Step: 900, Total: t, Sources: []Totals{t},
		Histogram: []Bin{{0.0089, 0.01, 1}}, Series: []Series{{"alb", []Point{{At: at.Add(-15 * time.Minute), Files: 1, Rows: 1}}}},
		Slowest: []File{f}, Largest: []File{f}}
}
