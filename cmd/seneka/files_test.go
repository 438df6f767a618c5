package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/testdata"
)

// logFile is one file to put into S3, with what must come of it.
type logFile struct {
	key     string
	data    []byte
	lines   []string
	outcome string // of its load; empty: it is not loaded at all
	reason  string // part of why it is rejected
	rows    rows   // that the table must have of it
}

// bad returns the number of each line that cannot be parsed, and the bytes before it.
func (f logFile) bad() map[int]int64 {
	found := map[int]int64{}
	var offset int64
	for i, line := range f.lines {
		if strings.HasPrefix(line, garbage) {
			found[i+1] = offset
		}
		offset += int64(len(line)) + 1
	}
	return found
}

// rows sums up the rows of a file: how many, of how many lines, and a sum over what stands in them,
// which changes if one is missing, double, another's or under a wrong line number.
type rows struct{ count, lines, sum int64 }

// rowsQuery asks the table for the rows of each file.
const rowsQuery = `SELECT source_file, COUNT(*), COUNT(DISTINCT source_line), SUM(source_line * (received_bytes + 3 * sent_bytes + 7 * elb_status_code))
FROM logs.alb GROUP BY source_file`

// rowsOf reads from the lines themselves what rowsQuery must answer. The first twelve fields of a
// line are never quoted, so that blanks part them.
func rowsOf(t *testing.T, lines []string) rows {
	t.Helper()
	var r rows
	for i, line := range lines {
		if strings.HasPrefix(line, garbage) {
			continue
		}
		fields := strings.Fields(line)
		number := func(i int) int64 {
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			return n
		}
		r.count++
		r.lines++
		r.sum += int64(i+1) * (number(10) + 3*number(11) + 7*number(8))
	}
	return r
}

const garbage = "not a line of a load balancer"

// realLines returns the lines of the samples. Their years are moved to the last one, for BigQuery
// refuses to stream rows more than ten years old.
func realLines(t *testing.T) []string {
	t.Helper()
	return linesOf(t, testdata.ALB, "alb/*.log*")
}

func linesOf(t *testing.T, files embed.FS, glob string) []string {
	t.Helper()
	year := regexp.MustCompile(`\b20\d\d(-\d\d-\d\dT\d\d:)`)
	last := strconv.Itoa(time.Now().Year()-1) + "$1"
	var lines []string
	names, err := fs.Glob(files, glob)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = gunzipped(data); err != nil {
			t.Fatalf("%s: %v", path.Base(name), err)
		}
		for line := range strings.Lines(string(data)) {
			lines = append(lines, year.ReplaceAllString(strings.TrimSuffix(line, "\n"), last))
		}
	}
	return lines
}

// sample draws n of the lines.
func sample(rng *rand.Rand, lines []string, n int) []string {
	drawn := make([]string, n)
	for i := range drawn {
		drawn[i] = lines[rng.IntN(len(lines))]
	}
	return drawn
}

func asText(lines []string) []byte {
	var b bytes.Buffer
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.Bytes()
}

// gzippedInParts compresses data as several gzip members, one behind the other.
func gzippedInParts(data []byte) []byte {
	var b bytes.Buffer
	for part := range slices.Chunk(data, len(data)/3+1) {
		b.Write(gzipped(part))
	}
	return b.Bytes()
}

// corpus returns the files of the end-to-end test: a load balancer's own names and strange ones,
// each way of storing them, and what is not to be loaded.
func corpus(t *testing.T, rng *rand.Rand) []logFile {
	t.Helper()
	lines := realLines(t)
	loaded := func(key string, lines []string, stored func([]byte) []byte) logFile {
		return logFile{key: key, data: stored(asText(lines)), lines: lines, outcome: "loaded", rows: rowsOf(t, lines)}
	}
	plain := func(data []byte) []byte { return data }

	var files []logFile
	for i := range 60 {
		key := fmt.Sprintf("AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/03/%02d/123456789012_elasticloadbalancing_us-east-1_app.lb-%d.0123456789abcdef_202603%02dT1745Z_10.0.0.%d_2soosksi.log.gz", i%31+1, i%3, i%31+1, i)
		files = append(files, loaded(key, sample(rng, lines, 1+rng.IntN(100)), []func([]byte) []byte{gzipped, gzippedInParts, plain}[i%3]))
	}
	for i, key := range []string{
		"with a space/a b.log", "line\nfeed/a\nb.log", "plus/a+b.log", "plus and space/a + b.log.gz", "unicode/tämä 日本 🪵.log", "percent/a%3Db%20c.log", "equals/a=b&c=d.log.gz",
		"question?mark#hash.log", "quotes/'a'\"b\".log", "slashes//two.log", "deep/" + strings.Repeat("d/", 40) + "x.log", "long/" + strings.Repeat("n", 1024-len("long/.log.gz")) + ".log.gz",
	} {
		files = append(files, loaded(key, sample(rng, lines, 1+rng.IntN(20)), []func([]byte) []byte{plain, gzipped}[i%2]))
	}
	someBad := sample(rng, lines, 40)
	someBad[11], someBad[39] = garbage+" \x1b[31m\xff", garbage
	allBad := []string{garbage, garbage, garbage}
	cut := gzipped(asText(sample(rng, lines, 100)))
	control := []byte("Enable AccessLog for ELB: my-lb at 2026-01-01T00:00:00Z")
	return append(files,
		loaded("some/bad-lines.log", someBad, plain),
		loaded("large/of several parts.log", sample(rng, lines, 24000), plain),
		loaded("no/lines.log.gz", nil, gzipped),
		logFile{key: "corrupt/cut.log.gz", data: cut[:len(cut)-20], outcome: "rejected", reason: "gzip"},
		logFile{key: "corrupt/another-format.log", data: asText(allBad), lines: allBad, outcome: "rejected", reason: "3 of 3 records"},
		logFile{key: "control/ELBAccessLogTestFile.log", data: control, outcome: "ignored"},
		logFile{key: "AWSLogs/123456789012/ELBAccessLogTestFile", data: control},
		logFile{key: "nothing/in.log"},
		logFile{key: "folder/of.log/"},
		logFile{key: "other/readme.txt", data: []byte("no source matches me\n")},
	)
}
