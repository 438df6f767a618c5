package cost

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every item has one price, with a day and a source.
func TestPrices(t *testing.T) {
	seen := map[Item]bool{}
	for _, p := range Prices() {
		if seen[p.Item] || p.USD <= 0 || p.Free < 0 || p.Unit == "" || p.What == "" || !strings.HasPrefix(p.Source, "https://") {
			t.Errorf("%+v is not a price", p)
		}
		if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
			t.Errorf("%s: %v", p.Item, err)
		}
		seen[p.Item] = true
	}
	for _, way := range Ways() {
		for item := range way.Usage(Default()) {
			if !seen[item] {
				t.Errorf("%s uses %s, which has no price", way.Name, item)
			}
		}
	}
}

// million is a million files a month of 1 MB, gzipped, at the concurrency of a published reckoning.
func million() Traffic {
	t := Default()
	t.FilesPerDay, t.AvgSize, t.Ratio, t.Concurrency = 1e6/days, 1e6, 1, 10
	return t
}

// Against sums done by hand: dollars per million files at list prices, nothing free.
func TestReckonByHand(t *testing.T) {
	prices := Prices()
	bill, err := Reckon("seneka", million(), Seneka(million()), prices, false)
	if err != nil {
		t.Fatal(err)
	}
	for item, want := range map[Item]float64{
		SQSRequest: 3*0.4 + 129_600*0.4e-6, // a million files, and a long poll each 20 s of 30 days
		S3Get:      0.40,
		ClassA:     10.00, // copy and claim
		ClassB:     0.40,
		PubSub:     3e9 / (1 << 40) * 40,
		RunRequest: 0.40,
		RunCPU:     2.40, // 100,000 vCPU seconds
		RunMemory:  0.125,
		Egress:     90.00, // 1,000 GB
		Write:      1e12 / (1 << 30) * 0.025,
		FargateCPU: 360 * 0.03238, // half of 720 hours
	} {
		i := slices.IndexFunc(bill.Lines, func(l Line) bool { return l.Item == item })
		if i < 0 || math.Abs(bill.Lines[i].Cost-want) > 1e-6 {
			t.Errorf("%s: %+v, want %.6f dollars", item, bill.Lines, want)
		}
	}
	sum := 0.0
	for _, l := range bill.Lines {
		sum += l.Cost
	}
	if math.Abs(sum-bill.Total) > 1e-9 || math.Abs(bill.PerMillion-bill.Total) > 1e-6 || math.Abs(bill.PerTB-bill.Total) > 1e-6 {
		t.Errorf("lines sum to %v, the bill says %+v", sum, bill)
	}
	if want := bill.Total - 90 - 1e12/(1<<30)*0.025; math.Abs(bill.Overhead-want) > 1e-6 {
		t.Errorf("overhead is %v, want %v", bill.Overhead, want)
	}
}

// A query per file costs $59.60 per million; an instance per file ten times the CPU of ten at a time.
func TestWaysByHand(t *testing.T) {
	prices := Prices()
	cost := func(u Usage, item Item) float64 {
		bill, err := Reckon("x", million(), Usage{item: u[item]}, prices, false)
		if err != nil {
			t.Fatal(err)
		}
		return bill.Total
	}
	if got := cost(queried(million()), Query); math.Abs(got-59.60) > 0.01 {
		t.Errorf("existence queries cost %v per million files, want 59.60", got)
	}
	if got := cost(queried(million()), ClassA); math.Abs(got-5) > 1e-9 {
		t.Errorf("without claims class A costs %v, want 5", got)
	}
	if got := cost(alone(million()), RunCPU); math.Abs(got-24) > 1e-9 {
		t.Errorf("an instance per file costs %v of CPU, want 24", got)
	}
	// 33,333 files of 1 MB a day are 33.3 GB; half of it, 720 times a month, are 12 TB.
	if got, want := cost(hourly(million()), Query), 720*1e12/30/2/(1<<40)*6.25; math.Abs(got-want) > 1e-6 {
		t.Errorf("hourly deletes cost %v, want %v", got, want)
	}
}

func TestFreeUnits(t *testing.T) {
	prices := Prices()
	small := Default()
	small.FilesPerDay = 1000
	paid, err := Reckon("x", small, Seneka(small), prices, false)
	if err != nil {
		t.Fatal(err)
	}
	free, err := Reckon("x", small, Seneka(small), prices, true)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range free.Lines {
		want := max(0, l.Units-l.Free) * l.USD
		if l.Cost != want || paid.Lines[i].Cost != l.Units*l.USD {
			t.Errorf("%s: %v with and %v without what is free, want %v and %v", l.Item, l.Cost, paid.Lines[i].Cost, want, l.Units*l.USD)
		}
	}
}

// Plain files leave AWS gzipped, and are as many rows as they would be if they had been gzipped before.
func TestPlainFiles(t *testing.T) {
	gzipped := Default()
	plain := gzipped
	plain.Plain, plain.AvgSize = true, gzipped.AvgSize*gzipped.Ratio
	for item, want := range Seneka(gzipped) {
		if got := Seneka(plain)[item]; math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s: %v, want %v as of the same files gzipped", item, got, want)
		}
	}
	if got := hourly(plain)[Egress]; got != hourly(gzipped)[Egress]*gzipped.Ratio {
		t.Errorf("the hourly batch lets %v GB out, want all plain bytes", got)
	}
}

func TestForwarderTasks(t *testing.T) {
	busy := Default()
	busy.FilesPerDay = 26 * 86400
	if got := Seneka(busy)[FargateCPU]; got != 2*days*24*0.5 {
		t.Errorf("26 files a second take %v vCPU hours, want those of two tasks", got)
	}
}

func TestReckonUnknownItem(t *testing.T) {
	if _, err := Reckon("x", Default(), Usage{"gold": 1}, Prices(), false); err == nil || !strings.Contains(err.Error(), "have no price") {
		t.Errorf("%v, want that it has no price", err)
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*Traffic){
		"files per day":    func(t *Traffic) { t.FilesPerDay = 0 },
		"average size":     func(t *Traffic) { t.AvgSize = -1 },
		"ratio":            func(t *Traffic) { t.Ratio = 0.5 },
		"seconds per file": func(t *Traffic) { t.SecondsPerFile = 0 },
		"concurrency":      func(t *Traffic) { t.Concurrency = 0 },
		"landing days":     func(t *Traffic) { t.LandingDays = -1 },
	} {
		traffic := Default()
		change(&traffic)
		if err := traffic.Validate(); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%v, want an error about %s", err, name)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}
