package main

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// manyLines writes log lines of real load balancers, as many as fit size bytes, always the same for
// a seed. What differs from request to request differs here: times, addresses, sizes, paths and
// identities, so that they compress as real logs do, about tenfold.
type manyLines struct {
	rng   *rand.Rand
	at    time.Time
	lines [][]byte // the samples, with a mark for each part that is drawn anew
	wide  bool     // with paths of some kilobytes: many bytes in few rows
	paths []string
	line  []byte
}

// What is drawn anew in a line: a byte that no log holds stands for each.
const (
	markTime   = '\x01'
	markClient = '\x02' // address and port
	markTook   = '\x03'
	markSize   = '\x04'
	markID     = '\x05' // hexadecimal digits of a trace
	markPath   = '\x06'
)

// variable finds these parts; the groups are in the order of the marks.
var variable = regexp.MustCompile(`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z)|(\b\d+\.\d+\.\d+\.\d+:\d{4,5}\b)|(\b\d\.\d{3,6}\b)|( \d+ \d+ ")|(\b[0-9a-f]{24}\b)|((?::\d+|\.com)/[^ ]*)`)

// newManyLines returns a writer of lines like the samples, of yesterday.
func newManyLines(t *testing.T, samples []string) *manyLines {
	t.Helper()
	m := &manyLines{rng: rand.New(rand.NewPCG(7, 7)), at: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)}
	for _, s := range samples {
		m.lines = append(m.lines, variable.ReplaceAllFunc([]byte(s), func(part []byte) []byte {
			group := variable.FindSubmatch(part)[1:]
			for i, g := range group {
				if g != nil && byte(i+1) == markSize {
					return []byte{' ', markSize, ' ', markSize, ' ', '"'}
				} else if g != nil {
					return []byte{byte(i + 1)}
				}
			}
			return part
		}))
	}
	for i := range 200 {
		m.paths = append(m.paths, ":443/"+[]string{"api/v1/orders", "static/js/app", "videos", "users/profile", "search"}[i%5]+"/"+strconv.Itoa(m.rng.IntN(5000)))
	}
	return m
}

// next returns the next line, in memory that the one after it takes.
func (m *manyLines) next() []byte {
	m.at = m.at.Add(time.Duration(m.rng.ExpFloat64() * float64(5*time.Millisecond)))
	// A few hosts and kinds of request make most of the traffic.
	sample := m.lines[min(m.rng.IntN(len(m.lines)), m.rng.IntN(len(m.lines)))]
	b := m.line[:0]
	for _, c := range sample {
		switch c {
		case markTime:
			b = m.at.AppendFormat(b, "2006-01-02T15:04:05.000000Z")
		case markClient:
			n := int64(min(m.rng.IntN(1<<14), m.rng.IntN(1<<14)))
			b = append(strconv.AppendInt(append(strconv.AppendInt(append(b, "10.20."...), n>>8, 10), '.'), n&255, 10), ':')
			b = strconv.AppendInt(b, 32768+int64(m.rng.IntN(28000)), 10)
		case markTook:
			b = append(b, "0.00"...)
			b = strconv.AppendInt(b, int64(m.rng.IntN(90)), 10)
		case markSize:
			b = strconv.AppendInt(b, int64(min(m.rng.IntN(20_000), m.rng.IntN(20_000), m.rng.IntN(20_000))), 10)
		case markID:
			const hex = "0123456789abcdef"
			for n, i := m.rng.Uint64(), 0; i < 24; i++ { // the first digits are the time's
				if i < 8 {
					b = append(b, "5f3a"[i%4])
					continue
				}
				b = append(b, hex[n&15])
				n >>= 4
			}
		case markPath:
			b = append(b, m.paths[min(m.rng.IntN(len(m.paths)), m.rng.IntN(len(m.paths)))]...)
			if m.wide {
				b = append(b, strings.Repeat("?and=more", 400+m.rng.IntN(100))...)
			}
		default:
			b = append(b, c)
		}
	}
	m.line = append(b, '\n')
	return m.line
}

// write writes size bytes of lines, or a few more, and returns how many lines that are.
func (m *manyLines) write(t *testing.T, w io.Writer, size int64) (lines int64) {
	out := bufio.NewWriterSize(w, 1<<20)
	for written := int64(0); written < size; lines++ {
		n, err := out.Write(m.next())
		if err != nil {
			t.Error(err)
			return lines
		}
		written += int64(n)
	}
	if err := out.Flush(); err != nil {
		t.Error(err)
	}
	return lines
}

// Lines drawn from samples are lines of the format, differ from one another and compress as a real
// log does.
func TestManyLines(t *testing.T) {
	for format, samples := range map[string][]string{"alb": realLines(t), "elb": realELBLines(t)} {
		var plain, small bytes.Buffer
		z := gzip.NewWriter(&small)
		newManyLines(t, samples).write(t, io.MultiWriter(&plain, z), 4<<20)
		z.Close()
		seen := map[string]bool{}
		for line := range strings.Lines(plain.String()) {
			if seen[line] {
				t.Errorf("%s: twice: %s", format, line)
			}
			seen[line] = true
			if strings.ContainsAny(line, "\x01\x02\x03\x04\x05\x06") {
				t.Errorf("%s: %q", format, line)
			}
		}
		ratio := plain.Len() / max(small.Len(), 1)
		if ratio < 6 || ratio > 14 {
			t.Errorf("%s: the lines compress %d times, which no real log does", format, ratio)
		}
	}
}
