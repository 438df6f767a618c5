package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seneka-io/seneka/internal/load"
)

// hostile is a name that would break out of a page that believed it.
const hostile = `s3://logs/<script>alert(1)</script>/"><img src=x onerror=alert(2)>'{{.}}&amp;.log`

// sampleEnd is when the sample reports end.
var sampleEnd = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

// sample is a report as a busy week makes one, the same each time.
func sample() *Report {
	r := &Report{Seneka: "1.0.0", Project: "acme-logs", Since: sampleEnd.AddDate(0, 0, -7), Until: sampleEnd, Step: step(7 * 24 * time.Hour)}
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range []struct {
		name        string
		files, rows float64
	}{{"alb", 210, 900}, {"cloudtrail", 95, 160}, {"vpcflow", 520, 5200}, {"waf-eu", 12, 40}} {
		r.addSource(random, s.name, s.files, s.rows)
	}
	for _, t := range r.Sources {
		r.Total.Files += t.Files
		r.Total.Rows += t.Rows
		r.Total.Rejects += t.Rejects
		r.Total.Bytes += t.Bytes
		r.Total.Size += t.Size
		r.Total.Freshness.Files += t.Freshness.Files
		r.Total.Outcomes.Duplicate += t.Outcomes.Duplicate
		r.Total.Outcomes.Changed += t.Outcomes.Changed
		r.Total.Outcomes.Rejected += t.Outcomes.Rejected
		r.Total.Outcomes.Deferred += t.Outcomes.Deferred
	}
	r.addFreshness(random)
	r.addNames()
	return r
}

func (r *Report) addSource(random *rand.Rand, name string, files, rows float64) {
	s, t := Series{Source: name}, Totals{Source: name}
	for at := r.Since.Truncate(time.Duration(r.Step) * time.Second); at.Before(r.Until); at = at.Add(time.Duration(r.Step) * time.Second) {
		p := Point{At: at}
		day := 0.35 + 0.65*math.Pow(math.Sin(float64(at.Hour())/24*math.Pi), 2)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			day *= 0.5
		}
		p.Files = int64(files * day * (0.85 + 0.3*random.Float64()))
		if name == "waf-eu" && at.Hour() < 9 {
			p.Files = 0
		}
		p.Rows = int64(float64(p.Files) * rows * (0.8 + 0.4*random.Float64()))
		if name == "alb" && random.IntN(9) == 0 {
			p.Rejects = random.Int64N(40)
		}
		s.Points = append(s.Points, p)
		t.Files, t.Rows, t.Rejects = t.Files+p.Files, t.Rows+p.Rows, t.Rejects+p.Rejects
	}
	t.Bytes, t.Size = t.Rows*310, t.Rows*28
	t.Freshness = Freshness{Files: t.Files, P50: 2.9 + rows/6000, P95: 7.5 + rows/900, P99: 14 + rows/300, Max: 95}
	t.Outcomes = Outcomes{Duplicate: t.Files / 190, Changed: t.Files / 4000}
	if name == "alb" {
		t.Outcomes.Rejected, t.Outcomes.Deferred = 3, 1
	}
	r.Series, r.Sources = append(r.Series, s), append(r.Sources, t)
}

func (r *Report) addFreshness(random *rand.Rand) {
	seconds := make([]float64, r.Total.Freshness.Files)
	counts := map[int]int64{}
	for i := range seconds {
		seconds[i] = 1.4 + math.Exp(random.NormFloat64()*0.62+0.6)
		if random.IntN(300) == 0 {
			seconds[i] *= 12
		}
		counts[int(math.Floor(math.Log10(seconds[i])*perDecade))]++
	}
	slices.Sort(seconds)
	rank := func(p float64) float64 { return seconds[int(p*float64(len(seconds)-1))] }
	f := &r.Total.Freshness
	f.P50, f.P95, f.P99, f.Max = rank(0.5), rank(0.95), rank(0.99), rank(1)
	first, last := int(math.Floor(math.Log10(rank(0))*perDecade)), int(math.Floor(math.Log10(f.Max)*perDecade))
	for bin := first; bin <= last; bin++ {
		r.Histogram = append(r.Histogram, Bin{math.Pow(10, float64(bin)/perDecade), math.Pow(10, float64(bin+1)/perDecade), counts[bin]})
	}
	for i, p := range [][2]float64{{0.9, 2.1}, {0.004, 0.02}, {0.6, 1.9}, {0.35, 1.4}, {0.7, 3.4}} {
		r.Hops = append(r.Hops, Hop{hops[i].name, hops[i].what, f.Files, p[0], p[1]})
	}
}

func (r *Report) addNames() {
	key := "s3://acme-elb-logs/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/27/123456789012_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20261127T1745Z_10.0.0.%d_2soosksi.log.gz"
	r.Rejects = []Reason{
		{"alb", `field N "…" is no number`, 214, fmt.Sprintf(key, 7), 1201},
		{"alb", "the line has N fields, and N at least are needed", 61, fmt.Sprintf(key, 9), 3},
		{"vpcflow", "column start: 1970-01-01T00:00:00Z is more than ten years past or a year ahead, which BigQuery refuses to stream", 2, hostile, 17},
	}
	r.Rejected = []Reason{{"alb", "gzip: invalid checksum", 2, fmt.Sprintf(key, 3), 0}, {"alb", `N of N records could not be parsed as alb, more than max_reject_ratio N.N allows`, 1, hostile, 0}}
	for i := range 10 {
		f := File{File: fmt.Sprintf(key, i+11), Source: "alb", Table: "acme-logs.logs.alb", Outcome: load.Loaded, At: sampleEnd.Add(-time.Duration(i) * 5 * time.Hour),
			Rows: int64(1200 - 90*i), Bytes: int64(480_000 - 31_000*i), Size: int64(41_000 - 2_000*i), Seconds: 95.2 / float64(i+1) * 1.1}
		if i == 2 {
			f.File = hostile
		}
		r.Slowest = append(r.Slowest, f)
		f.Source, f.Table, f.Rows, f.Bytes, f.Seconds = "vpcflow", "acme-logs.logs.vpcflow", 4_100_000-int64(i)*210_000, 1<<30-int64(i)<<25, 31.5-float64(i)
		r.Largest = append(r.Largest, f)
	}
	r.Open = Open{
		Sources: []OpenSource{{"alb", 3, 1, sampleEnd.Add(-50 * time.Hour)}},
		Files: []File{
			{File: fmt.Sprintf(key, 3), Source: "alb", Table: "acme-logs.logs.alb", Outcome: load.Rejected, Reason: "gzip: invalid checksum", At: sampleEnd.Add(-50 * time.Hour)},
			{File: hostile, Source: "alb", Table: "acme-logs.logs.alb", Outcome: load.Deferred, Reason: "not read within 8m0s: load it with seneka backfill --direct", At: sampleEnd.Add(-20 * time.Hour)},
		},
	}
	r.Streams.Made = 4211
	r.Cost = &Cost{Note: "Requests, counted from the load log.", Items: []CostItem{{Item: "Copies", Count: float64(r.Total.Files), Unit: "files", Basis: "one GET of S3 and one PUT of Cloud Storage each"}}}
}
