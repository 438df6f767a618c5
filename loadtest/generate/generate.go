// Package generate makes log files as load balancers write them, without end: the same seed gives the
// same files, byte for byte, in whatever order they are asked for. Each file knows what a table must
// hold of it. Load tests and the soak test are fed by it.
package generate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/seneka-io/seneka/testdata"
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
	Key    string // below an S3 bucket, as AWS names such a file
	Format string // "alb" or "elb"
	Kind   Kind
	Data   []byte
	Truth  Truth // of what is to be visible of it; zero if nothing is
	Bad    int   // lines that are no records, where the file is loadable
}

// Truth is what a table must hold of a file.
type Truth struct {
	Rows, Lines int64 // rows, and distinct source_line among them
	// Sum is that of source_line * (received_bytes + 3*sent_bytes): another line's value, or a line in
	// another's place, changes it.
	Sum int64
}

// Options bound a Generator.
type Options struct {
	Seed  uint64
	Until time.Time // the records' times end here; files are of the days before it
	Large float64   // share of large files, of 5,000 to 20,000 records; the others have 60 on average
	Bad   float64   // share of files that are not Whole
}

// Generator makes files. Safe for concurrent use.
type Generator struct {
	opts  Options
	lines map[string][][]string // by format: the fields of real lines, parted at blanks
}

// New returns a Generator that writes lines after real ones.
func New(o Options) (*Generator, error) {
	g := &Generator{opts: o, lines: map[string][][]string{}}
	for format, source := range map[string]fs.FS{"alb": testdata.ALB, "elb": testdata.ELB} {
		names, err := fs.Glob(source, path.Join(format, "*.log"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := fs.ReadFile(source, name)
			if err != nil {
				return nil, err
			}
			for line := range strings.Lines(string(data)) {
				// Samples with no status or no bytes are left out: their sums would be of NULL.
				if f := strings.Split(strings.TrimRight(line, "\r\n"), " "); complete(f, places[format]) {
					g.lines[format] = append(g.lines[format], f)
				}
			}
		}
		if len(g.lines[format]) == 0 {
			return nil, errors.New("no complete sample of format " + format)
		}
	}
	return g, nil
}

// place says where in a line the fields stand that are made anew. The fields before the request never
// hold a blank.
type place struct{ time, received, sent, count int }

var places = map[string]place{
	"alb": {time: 1, received: 10, sent: 11, count: 12},
	"elb": {time: 0, received: 9, sent: 10, count: 11},
}

func complete(fields []string, p place) bool {
	return len(fields) > p.count && fields[p.received] != "-" && fields[p.sent] != "-"
}

// versions is how many versions of a file there may be.
const versions = 16

// File returns a version, from 0 to 15, of the i-th file. Versions share key and format, and nothing
// else.
func (g *Generator) File(i, version int) File {
	name := rand.New(rand.NewPCG(g.opts.Seed, uint64(i)))
	rng := rand.New(rand.NewPCG(g.opts.Seed, uint64(1)<<40+uint64(i)*versions+uint64(version)))
	f := File{Format: "alb", Kind: Whole}
	if name.IntN(5) == 0 {
		f.Format = "elb"
	}
	zipped := f.Format == "alb" && name.IntN(8) > 0
	end := g.opts.Until.UTC().Add(-time.Duration(name.IntN(20*24)) * time.Hour).Truncate(5 * time.Minute)
	f.Key = key(f.Format, zipped, i, end)
	if name.Float64() < g.opts.Bad { // in every version, so that one is not loaded for another
		f.Kind = []Kind{Spotted, Cut, Flipped, Foreign}[name.IntN(4)]
		if !zipped && f.Kind != Foreign {
			f.Kind = Spotted
		}
	}
	f.fill(rng, g.lines[f.Format], g.size(name, f.Kind), end)
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

// size draws how many records a file has: few, as every load balancer writes a file each five minutes.
func (g *Generator) size(rng *rand.Rand, k Kind) int {
	if rng.Float64() < g.opts.Large {
		return 5_000 + rng.IntN(15_000)
	}
	n := 1 + int(rng.ExpFloat64()*60)
	if k == Spotted {
		n += 40 // so that a bad line or two stay below a tenth
	}
	return min(n, 2_000)
}

// key names a file as AWS does.
func key(format string, zipped bool, i int, end time.Time) string {
	balancer, ending := fmt.Sprintf("app.lb-%d.%016x", i%7, i%7), ".log"
	if format == "elb" {
		balancer = fmt.Sprintf("classic-%d", i%3)
	}
	if zipped {
		ending = ".log.gz"
	}
	return fmt.Sprintf("AWSLogs/123456789012/elasticloadbalancing/us-east-1/%s/123456789012_elasticloadbalancing_us-east-1_%s_%s_10.0.%d.%d_%08x%s",
		end.Format("2006/01/02"), balancer, end.Format("20060102T1504Z"), i/250%250, i%250, i, ending)
}

// fill writes n lines and sums them up.
func (f *File) fill(rng *rand.Rand, samples [][]string, n int, end time.Time) {
	var b bytes.Buffer
	p := places[f.Format]
	for line := int64(1); line <= int64(n); line++ {
		if f.Kind == Foreign || f.Kind == Spotted && line%40 == 7 {
			fmt.Fprintf(&b, "level=info msg=%q n=%d\n", "no line of a load balancer", rng.Uint32())
			f.Bad++
			continue
		}
		received, sent := rng.Int64N(1<<20), rng.Int64N(1<<20)
		at := end.Add(-5 * time.Minute).Add(time.Duration(line) * 5 * time.Minute / time.Duration(n))
		fields := append([]string(nil), samples[rng.IntN(len(samples))]...)
		fields[p.time] = at.Format("2006-01-02T15:04:05.000000Z")
		fields[p.received], fields[p.sent] = fmt.Sprint(received), fmt.Sprint(sent)
		b.WriteString(strings.Join(fields, " ") + "\n")
		f.Truth.Rows++
		f.Truth.Sum += line * (received + 3*sent)
	}
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
