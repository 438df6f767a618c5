// Package cost reckons what files cost, from S3 to BigQuery: how often each service is asked, and how
// many bytes pass, times its price. The requests are those that the local cloud counts; the prices
// stand in prices.yaml. It is an estimate of list prices, and pure.
package cost

import (
	"errors"
	"fmt"
)

// Traffic is what arrives, and what it is like. All sizes are in bytes.
type Traffic struct {
	FilesPerDay float64 `json:"files_per_day"`
	AvgSize     float64 `json:"avg_size"` // of a file as it lies in S3
	Ratio       float64 `json:"ratio"`    // how many times larger a file is without its compression
	Plain       bool    `json:"plain"`    // files lie in S3 uncompressed; Seneka compresses them on the way, by Ratio

	SecondsPerFile float64 `json:"seconds_per_file"` // that a load takes, nearly all of it waiting for answers
	Concurrency    float64 `json:"concurrency"`      // loads at a time in one instance of 1 vCPU and 512 MiB
	LandingDays    float64 `json:"landing_days"`     // that copies are kept
}

// Default is Traffic with everything set that most leave as it is. SecondsPerFile is of a file that waits
// for six answers of Google's, at 50 to 200 ms each. Concurrency and the forwarder's size are those of terraform/.
func Default() Traffic {
	return Traffic{FilesPerDay: 10_000, AvgSize: 100_000, Ratio: 10, SecondsPerFile: 1, Concurrency: 12, LandingDays: 7}
}

// Validate says what is wrong with t.
func (t Traffic) Validate() error {
	switch {
	case t.FilesPerDay <= 0:
		return errors.New("files per day: write a number above 0")
	case t.AvgSize <= 0:
		return errors.New("average size: write a number of bytes above 0")
	case t.Ratio < 1:
		return errors.New("ratio: write 1, for files that do not compress, or more")
	case t.SecondsPerFile <= 0:
		return errors.New("seconds per file: write a number above 0")
	case t.Concurrency < 1:
		return errors.New("concurrency: write 1 or more")
	case t.LandingDays < 0:
		return errors.New("landing days: write 0 or more")
	}
	return nil
}

const (
	days = 30.0 // of a month
	gb   = 1e9
	gib  = 1 << 30
	tib  = 1 << 40
)

func (t Traffic) files() float64 { return t.FilesPerDay * days } // a month

// stored returns the bytes of a file as it lies in landing; plain those without compression.
func (t Traffic) stored() float64 {
	if t.Plain {
		return t.AvgSize / t.Ratio
	}
	return t.AvgSize
}

func (t Traffic) plain() float64 {
	if t.Plain {
		return t.AvgSize
	}
	return t.AvgSize * t.Ratio
}

// Usage is how many units of each item a month takes.
type Usage map[Item]float64

// Requests is how often the services are asked for one healthy file, by those of them that bill requests.
// Those of SQS include the message that S3 sends; a receive and the messages that it brings are one request,
// so their number per file is at most this. A test counts them.
var Requests = Usage{
	SQSRequest: 3, // sent, received, deleted
	S3Get:      1, // the object
	ClassA:     2, // the copy, the claim
	ClassB:     1, // the copy; the look at a claim that is not there costs nothing
	RunRequest: 1, // the push
}

// What is known beside the counts.
const (
	// message is how many bytes of Pub/Sub one notification is: with its description of the object 1.5 kB,
	// and it is billed when it is published and when it is delivered.
	message = 2 * 1500.0
	// claim is the size of a claim, and metadata that of a copy's description: they are stored.
	claim    = 1200.0
	metadata = 500.0
	// copies is how many files a second one task of the forwarder, of half a vCPU and 1 GB, is taken to keep up with.
	copies = 25.0
)

// Seneka returns a month's usage of Seneka.
func Seneka(t Traffic) Usage {
	u := Usage{}
	for item, n := range Requests {
		u[item] = n * t.files()
	}
	tasks := max(1, ceil(t.FilesPerDay/86400/copies))
	u[SQSRequest] += tasks * days * 86400 / 20 // long polls that bring nothing
	u[FargateCPU] = tasks * days * 24 * 0.5
	u[FargateMemory] = tasks * days * 24
	u[Egress] = t.files() * t.stored() / gb
	u[PubSub] = t.files() * message / tib
	u[RunCPU] = t.files() * t.SecondsPerFile / t.Concurrency
	u[RunMemory] = u[RunCPU] / 2
	u[Storage] = t.FilesPerDay*t.LandingDays*(t.stored()+metadata)/gb + t.files()*claim/gb
	u[Write] = t.files() * t.plain() / gib
	return u
}

func ceil(x float64) float64 {
	n := float64(int64(x))
	if n < x {
		n++
	}
	return n
}

// Line is one item of a bill.
type Line struct {
	Price
	Units float64 `json:"units"` // a month
	Cost  float64 `json:"cost"`  // US dollars a month
}

// Bill is what a month costs.
type Bill struct {
	Name       string  `json:"name"`
	Lines      []Line  `json:"lines"`
	Total      float64 `json:"total"`                // US dollars a month
	PerMillion float64 `json:"usd_per_million"`      // files
	PerTB      float64 `json:"usd_per_tb"`           // of the files as they lie in S3
	PerTBPlain float64 `json:"usd_per_tb_unzipped"`  // of the files without their compression
	Overhead   float64 `json:"overhead_per_million"` // dollars per million files, bytes out of AWS and into BigQuery left out
}

// Sum returns what usage costs in US dollars, nothing of it free. It panics if an item has no price.
func Sum(u Usage) float64 {
	_, total, err := price(u, Prices(), false)
	if err != nil {
		panic("cost: " + err.Error())
	}
	return total
}

// price returns the lines of a bill and what they come to in US dollars.
func price(u Usage, prices []Price, free bool) (lines []Line, total float64, err error) {
	for _, p := range prices {
		units, ok := u[p.Item]
		if !ok {
			continue
		}
		billed := units
		if free {
			billed = max(0, units-p.Free)
		}
		lines = append(lines, Line{Price: p, Units: units, Cost: billed * p.USD})
		total += billed * p.USD
	}
	if n := len(u) - len(lines); n > 0 {
		return nil, 0, fmt.Errorf("%d items have no price", n)
	}
	return lines, total, nil
}

// Reckon prices a month's usage. Unless free, what an account has for nothing is billed too, as it is to whoever
// has used it up already.
func Reckon(name string, t Traffic, u Usage, prices []Price, free bool) (Bill, error) {
	lines, total, err := price(u, prices, free)
	if err != nil {
		return Bill{}, fmt.Errorf("%s: %w", name, err)
	}
	b := Bill{Name: name, Lines: lines, Total: total}
	for _, l := range lines {
		if l.Item != Egress && l.Item != Write {
			b.Overhead += l.Cost
		}
	}
	b.PerMillion = b.Total / t.files() * 1e6
	b.Overhead *= 1e6 / t.files()
	b.PerTB = b.Total / (t.files() * t.AvgSize / 1e12)
	b.PerTBPlain = b.Total / (t.files() * t.plain() / 1e12)
	return b, nil
}
