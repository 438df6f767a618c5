package explain

import (
	"time"

	"github.com/seneka-io/seneka/internal/cost"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/verify"
)

// hops are the points on the way of the load that made the rows visible, else of the last one.
func (e *Explanation) hops(f *verify.Facts) {
	var r *load.Record
	for i := range e.History {
		if r == nil || r.Outcome != load.Loaded || e.History[i].Outcome == load.Loaded {
			r = &e.History[i]
		}
	}
	if r == nil && f.Claim != nil {
		r = &f.Claim.Load
	}
	if r == nil {
		return
	}
	var before time.Time
	for _, h := range []Hop{
		{Name: "stored", At: r.EventTime}, {Name: "received from the queue", At: r.ReceivedAt}, {Name: "copy begun", At: r.ForwardedAt},
		{Name: "announced by landing", At: r.PublishedAt}, {Name: "load begun", At: r.StartedAt}, {Name: "visible", At: r.VisibleAt},
	} {
		if h.At.IsZero() {
			continue
		}
		if h.Name == "visible" && r.Outcome != load.Loaded {
			h.Name = "load ended"
		}
		if !before.IsZero() {
			h.Seconds = h.At.Sub(before).Seconds()
		}
		before = h.At
		e.Hops = append(e.Hops, h)
	}
}

// Cost is what a file asked of the services, by the protocol: see "Stage 2" in ARCHITECTURE.md. The
// requests were not counted, and those that were tried again are not in it.
type Cost struct {
	Requests []Request `json:"requests"`
	Copied   int64     `json:"bytes_copied"` // out of AWS
	Parsed   int64     `json:"bytes_parsed"` // plain
	Dollars  float64   `json:"dollars"`      // at list prices: of the requests, the bytes out of AWS and those into BigQuery
}

// Request is how often a request is made for a file.
type Request struct {
	Service string `json:"service"`
	Name    string `json:"request"`
	Times   int    `json:"times"`
	Class   string `json:"class,omitempty"` // of an operation on Cloud Storage: A or B
}

// cost adds up the requests of the copy and of the loads.
func (e *Explanation) cost(f *verify.Facts) {
	c := &Cost{}
	if f.Copy != nil && f.Copy.Store == f.Store && f.Store == "" {
		c.add("S3", "GetObject", 1, "")
		c.add("Cloud Storage", "objects.insert (copy)", 1, "A")
		c.Copied = f.Copy.Bytes
	}
	reads, again := 0, 0
	for _, r := range e.History {
		switch r.Outcome {
		case load.Loaded, load.Rejected, load.Deferred, load.Ignored:
			reads++
		case load.Duplicate, load.Changed:
			again++
		}
	}
	if f.Claim != nil {
		reads = max(reads, 1)
	}
	if reads > 0 {
		c.add("Cloud Storage", "objects.get (copy)", reads, "B")
	}
	if claim := f.Claim; claim != nil {
		c.Parsed = claim.Load.Bytes
		c.add("Cloud Storage", "objects.insert (claim)", 1, "A")
		switch {
		case claim.Pooled != nil:
			c.add("BigQuery", "AppendRows", 1, "")
		case len(claim.Streams) > 0:
			c.add("BigQuery", "CreateWriteStream", len(claim.Streams), "")
			c.add("BigQuery", "FinalizeWriteStream", len(claim.Streams), "")
			c.add("BigQuery", "BatchCommitWriteStreams", 1, "")
		}
	}
	if again > 0 {
		c.add("Cloud Storage", "objects.get (claim, deliveries again)", again, "B")
	}
	if len(c.Requests) > 0 {
		c.Dollars = c.dollars()
		e.Cost = c
	}
}

// dollars is what it comes to. BigQuery bills no request of these.
func (c *Cost) dollars() float64 {
	used := cost.Usage{cost.Egress: float64(c.Copied) / 1e9, cost.Write: float64(c.Parsed) / (1 << 30)}
	for _, r := range c.Requests {
		switch {
		case r.Service == "S3":
			used[cost.S3Get] += float64(r.Times)
		case r.Class == "A":
			used[cost.ClassA] += float64(r.Times)
		case r.Class == "B":
			used[cost.ClassB] += float64(r.Times)
		}
	}
	return cost.Sum(used)
}

func (c *Cost) add(service, name string, times int, class string) {
	c.Requests = append(c.Requests, Request{service, name, times, class})
}
