// Package generate makes log files as AWS and applications write them, without end: the same seed gives the
// same files, byte for byte, in whatever order they are asked for. Each file knows what a table must
// hold of it. Load tests and the soak test are fed by it.
package generate

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Kind is what is wrong with a file.
type Kind string

// The kinds of files.
const (
	Whole   Kind = "whole"   // nothing
	Spotted Kind = "spotted" // some lines are no records, fewer than sources allow by default
	Cut     Kind = "cut"     // its gzip data ends early
	Flipped Kind = "flipped" // a bit of its gzip data is wrong
	Foreign Kind = "foreign" // no line is a record
)

// Loadable reports whether rows of a file of the kind are to be visible.
func (k Kind) Loadable() bool { return k == Whole || k == Spotted }

// File is one log file, and the truth about it.
type File struct {
	Key    string // below an S3 bucket, as such a file is named
	Source string // "alb", "elb", "cloudtrail" or "app"
	Kind   Kind
	Data   []byte
	Truth  Truth // of what is to be visible of it; zero if nothing is
	Bad    int   // lines that are no records, where the file is loadable
}

// Truth is what a table must hold of a file.
type Truth struct {
	Rows, Lines int64 // rows, and distinct source_line among them
	// Sum is that of source_line times a number of the row, which Number says: another line's number, or a
	// line in another's place, changes it.
	Sum int64
}

// Number returns, as SQL, the number of a row of a source that Truth sums up.
func Number(source string) string { return sources[source].number }

// Options bound a Generator.
type Options struct {
	Seed    uint64
	Until   time.Time      // the records' times end here; files are of the days before it
	Large   float64        // share of large files, of 5,000 to 20,000 records; half of the others have at most 35
	Bad     float64        // share of files that are not Whole
	Sources map[string]int // how many parts of the files each source has; nil: alb 4, elb 1
}

// Generator makes files. Safe for concurrent use.
type Generator struct {
	opts    Options
	parts   []string // a source's name as often as it has parts
	samples map[string][]sample
}

// New returns a Generator. An error says that a source is not known.
func New(o Options) (*Generator, error) {
	if o.Sources == nil {
		o.Sources = map[string]int{"alb": 4, "elb": 1}
	}
	g := &Generator{opts: o, samples: map[string][]sample{}}
	for _, name := range names {
		if o.Sources[name] == 0 {
			continue
		}
		for range o.Sources[name] {
			g.parts = append(g.parts, name)
		}
		var err error
		if g.samples[name], err = sources[name].samples(); err != nil {
			return nil, err
		}
	}
	for name := range o.Sources {
		if _, ok := sources[name]; !ok {
			return nil, fmt.Errorf("no source %q: there are %q", name, names)
		}
	}
	return g, nil
}

// versions is how many versions of a file there may be.
const versions = 16

// File returns a version, from 0 to 15, of the i-th file. Versions share key and source, and nothing
// else.
func (g *Generator) File(i, version int) File {
	name := rand.New(rand.NewPCG(g.opts.Seed, uint64(i)))
	rng := rand.New(rand.NewPCG(g.opts.Seed, uint64(1)<<40+uint64(i)*versions+uint64(version)))
	f := File{Source: g.parts[name.IntN(len(g.parts))], Kind: Whole}
	s := sources[f.Source]
	zipped := s.zipped && (!s.plain || name.IntN(8) > 0)
	end := g.opts.Until.UTC().Add(-time.Duration(name.IntN(20*24)) * time.Hour).Truncate(5 * time.Minute)
	f.Key = s.key(i, end, zipped)
	if name.Float64() < g.opts.Bad { // in every version, so that one is not loaded for another
		f.Kind = []Kind{Spotted, Cut, Flipped, Foreign}[name.IntN(4)]
		switch {
		case !zipped && f.Kind != Foreign:
			f.Kind = Spotted
		case s.document && f.Kind == Spotted:
			f.Kind = Foreign
		}
	}
	f.fill(rng, s, g.samples[f.Source], g.size(name, f.Kind), end)
	if zipped {
		f.Data = compress(f.Data)
	}
	switch n := len(f.Data); f.Kind {
	case Cut:
		f.Data = f.Data[:n-1-rng.IntN(min(n/2, 1000))]
	case Flipped:
		f.Data[n-8+rng.IntN(8)] ^= 1 << rng.IntN(8) // of the trailer: elsewhere it may do no harm
	}
	return f
}

// size draws how many records a file has: most load balancers are idle, a few are not, and each writes a file
// every five minutes.
func (g *Generator) size(rng *rand.Rand, k Kind) int {
	if rng.Float64() < g.opts.Large {
		return 5_000 + rng.IntN(15_000)
	}
	n := 1 + int(35*math.Exp(rng.NormFloat64()))
	if k == Spotted {
		n += 40 // so that a bad line or two stay below a tenth
	}
	return min(n, 2_000)
}

// fill writes n records and sums them up.
func (f *File) fill(rng *rand.Rand, s source, samples []sample, n int, end time.Time) {
	var b bytes.Buffer
	b.WriteString(s.open)
	for line := int64(1); line <= int64(n); line++ {
		if f.Kind == Foreign || f.Kind == Spotted && line%40 == 7 {
			fmt.Fprintf(&b, "level=info msg=%q n=%d\n", "no record of any format", rng.Uint32())
			f.Bad++
			continue
		}
		if line > 1 {
			b.WriteString(s.between)
		}
		at := end.Add(-5 * time.Minute).Add(time.Duration(line) * 5 * time.Minute / time.Duration(n))
		f.Truth.Rows++
		f.Truth.Sum += line * s.write(&b, samples[rng.IntN(len(samples))], rng, at)
	}
	b.WriteString(s.close)
	f.Truth.Lines = f.Truth.Rows
	f.Data = b.Bytes()
	if !f.Kind.Loadable() {
		f.Truth, f.Bad = Truth{}, 0
	}
}

func compress(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}
