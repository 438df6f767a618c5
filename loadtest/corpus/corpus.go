// Package corpus writes log text of every format, of any length, after real samples: the same seed
// gives the same bytes. What differs from request to request differs here (times, addresses, sizes,
// paths and identities), so that the text compresses as real logs do, about tenfold.
package corpus

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/format"
)

// Corpus writes the text of one format. For one goroutine.
type Corpus struct {
	Header string // of a file, with its line ending
	// Between stands between two records, End behind the last one.
	Between, End string
	// Wide makes paths of some kilobytes: many bytes in few records.
	Wide bool

	rng       *rand.Rand
	at        time.Time
	templates [][]segment
	paths     []string
	record    []byte
}

// segment is a part of a sample: as it stands, or drawn anew.
type segment struct {
	text []byte
	draw draw // nil: as it stands
}

// New returns a Corpus of records like the samples, of the day that starts at day. Its parts are those of
// the format called name. An error says that there are no samples.
func New(name string, seed uint64, day time.Time, samples []string) (*Corpus, error) {
	k, known := kinds[name]
	if !known || len(samples) == 0 {
		return nil, fmt.Errorf("no samples of format %q", name)
	}
	c := &Corpus{Header: k.header, Between: "\n", End: "\n", rng: rand.New(rand.NewPCG(seed, seed)), at: day.UTC()}
	if k.between != "" {
		c.Between, c.End = k.between, k.end
	}
	find := k.pattern()
	for _, s := range samples {
		c.templates = append(c.templates, k.template(find, s))
	}
	folders := [...]string{"api/v1/orders", "static/js/app", "videos", "users/profile", "search"}
	for i := range 200 {
		c.paths = append(c.paths, fmt.Sprintf("/%s/%d", folders[i%len(folders)], c.rng.IntN(5000)))
	}
	return c, nil
}

// Of returns the Corpus of a format's samples below root, the module's folder.
func Of(root fs.FS, name string, seed uint64, day time.Time) (*Corpus, error) {
	k, known := kinds[name]
	if !known {
		return nil, fmt.Errorf("no samples of format %q", name)
	}
	samples := k.written
	for _, file := range k.files {
		text, err := plain(root, file)
		if err != nil {
			return nil, err
		}
		records, err := k.split(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		samples = append(samples, records...)
	}
	return New(name, seed, day, samples)
}

// Names returns the formats that there is a corpus of.
func Names() []string {
	return []string{
		"alb", "elb", "nlb", "alb_connection", "alb_healthcheck", "s3access", "vpcflow", "cloudfront", "csv", "tsv",
		"ndjson", "cloudtrail", "waf", "route53resolver", "cloudwatch", "firelens",
	}
}

func plain(root fs.FS, file string) ([]byte, error) {
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	r, err := format.Decompress(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// template parts a sample into what stays and what is drawn anew.
func (k *kind) template(find *regexp.Regexp, sample string) (all []segment) {
	at := 0
	for _, m := range find.FindAllStringSubmatchIndex(sample, -1) {
		for i, p := range k.parts {
			if start, end := m[2*i+2], m[2*i+3]; start >= 0 {
				all = append(all, segment{text: []byte(sample[at:start])}, segment{[]byte(sample[start:end]), p.draw})
				at = end
			}
		}
	}
	return append(all, segment{text: []byte(sample[at:])})
}

// pattern finds all parts, each in a group of its own, in the order of parts.
func (k *kind) pattern() *regexp.Regexp {
	var alternatives []string
	for _, p := range k.parts {
		pattern := p.pattern
		if regexp.MustCompile(pattern).NumSubexp() == 0 {
			pattern = "(" + pattern + ")"
		}
		alternatives = append(alternatives, pattern)
	}
	return regexp.MustCompile(strings.Join(alternatives, "|"))
}

// Record returns the next record, in memory that the one after it takes.
func (c *Corpus) Record() []byte {
	c.at = c.at.Add(time.Duration(c.rng.ExpFloat64() * float64(5*time.Millisecond)))
	// A few hosts and kinds of request make most of the traffic.
	c.record = c.record[:0]
	for _, s := range c.templates[c.few(len(c.templates))] {
		if s.draw == nil {
			c.record = append(c.record, s.text...)
		} else {
			c.record = s.draw(c, c.record, s.text)
		}
	}
	return c.record
}

// Write writes a file of size bytes, or a few more, and returns how many records and bytes that are.
func (c *Corpus) Write(w io.Writer, size int64) (records, written int64, err error) {
	out := bufio.NewWriterSize(w, 1<<20)
	put := func(text []byte) {
		n, _ := out.Write(text) // its error is Flush's
		written += int64(n)
	}
	put([]byte(c.Header))
	for ; written < size || records == 0; records++ {
		if records > 0 {
			put([]byte(c.Between))
		}
		before := written
		put(c.Record())
		if written == before {
			break // the writer has failed
		}
	}
	put([]byte(c.End))
	return records, written, out.Flush()
}

// lines returns the lines of a sample that are records: no header and no comment.
func lines(text []byte) (all []string, err error) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 && line[0] != '#' && !bytes.HasPrefix(line, []byte("version ")) {
			all = append(all, string(line))
		}
	}
	return all, nil
}
