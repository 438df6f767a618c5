// Package traffic plans when files come, as a fleet's log files do: the same seed gives the same plan.
package traffic

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Options describe traffic.
type Options struct {
	Seed    uint64
	Rate    float64       // files a second, on average
	For     time.Duration // in which they come
	Tide    float64       // share of nodes whose files come together, just behind the end of each five minutes
	Burst   int           // files that come at the start, all at once
	Repeats float64       // share of files whose notification comes again, once or twice
	Late    time.Duration // a repeated notification comes within that time after the file
}

// Arrival is one file that comes.
type Arrival struct {
	At    time.Duration   // from the start
	File  int             // its number, from 0 on in the order of the arrivals
	Again []time.Duration // after At, when its notification comes again
}

const (
	// period is how often a load balancer's node writes its log: the load balancers' user guide, "Access log files".
	period = 5 * time.Minute
	// lead is how long before the end of a period the traffic starts.
	lead = time.Minute
	// spread is how long behind the end of a period the files of a tide come, on average.
	spread = 15 * time.Second
	// jitter is how far from its time a node's file comes, in a normal distribution.
	jitter = 3 * time.Second
	// more is the share of files that a busy node splits: it writes one more for the same period.
	more = 0.2
)

// Plan returns the arrivals in order. A node writes a file in each period, at a time of its own within it
// or with the tide; busy ones write more than one.
func Plan(o Options) []Arrival {
	rng := rand.New(rand.NewPCG(o.Seed, 2))
	at := make([]time.Duration, o.Burst)
	nodes := int(o.Rate*period.Seconds()/(1+more) + 0.5)
	for range nodes {
		phase := time.Duration(rng.Int64N(int64(period)))
		if rng.Float64() < o.Tide {
			phase = lead + time.Duration(rng.ExpFloat64()*float64(spread))
		}
		for t := phase%period - period; t < o.For; t += period {
			for n := rng.Float64(); ; n = rng.Float64() {
				if come := t + time.Duration(rng.NormFloat64()*float64(jitter)); come >= 0 && come < o.For {
					at = append(at, come)
				}
				if n >= more/(1+more) {
					break
				}
			}
		}
	}
	slices.Sort(at)
	plan := make([]Arrival, len(at))
	for i, t := range at {
		plan[i] = Arrival{At: t, File: i}
		if rng.Float64() < o.Repeats {
			for range 1 + rng.IntN(2) {
				plan[i].Again = append(plan[i].Again, time.Duration(rng.Float64()*float64(o.Late)))
			}
		}
	}
	return plan
}

// Busiest returns how many files come in the busiest stretch of the plan that is as long as within.
func Busiest(plan []Arrival, within time.Duration) (most int) {
	for first, last := 0, 0; last < len(plan); last++ {
		for plan[last].At-plan[first].At >= within {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}
