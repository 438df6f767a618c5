package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"cloud.google.com/go/bigquery"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/klauspost/compress/gzip"

	logtext "github.com/seneka-io/seneka/loadtest/corpus"
	"github.com/seneka-io/seneka/testdata"
)

var largeFlag = flag.String("large", "", "bytes of the files of TestLargeFiles, such as 2G; empty: a small version of the test")

// largeCase is one way in which large files come.
type largeCase struct {
	name, table string
	key         string // of each file, with its number
	files       int
	write       func(m *logtext.Corpus, w io.Writer, size int64) (lines int64) // one file
	samples     []string
	share       int64 // each file has this share of the size
	rejects     int64 // of each file
	onlyLarge   bool  // it is left out of the small version
	shrinks     bool  // it is gzipped on the way
}

// maxPeak is how many bytes of memory a program may take for files of any size, maxPeakOfOne if it is a
// single one.
const maxPeak, maxPeakOfOne = 300e6, 150e6

func largeCases(t *testing.T) []largeCase {
	const albKey, elbKey = "%s/%d_app.lb.log.gz", "%s/%d_elasticloadbalancing_lb.log"
	alb, elb := realLines(t), realELBLines(t)
	zipped := func(write func(*logtext.Corpus, io.Writer, int64) int64) func(*logtext.Corpus, io.Writer, int64) int64 {
		return func(m *logtext.Corpus, w io.Writer, size int64) int64 {
			z := gzip.NewWriter(w)
			defer func() {
				if err := z.Close(); err != nil {
					t.Error(err)
				}
			}()
			return write(m, z, size)
		}
	}
	various := func(m *logtext.Corpus, w io.Writer, size int64) int64 {
		lines, _, err := m.Write(w, size)
		if err != nil {
			t.Error(err)
		}
		return lines
	}
	same := func(m *logtext.Corpus, w io.Writer, size int64) int64 {
		return writeAgain(t, w, append(m.Record(), '\n'), size)
	}
	long := func(m *logtext.Corpus, w io.Writer, size int64) int64 {
		lines := various(m, w, size/2)
		writeAgain(t, w, []byte("one line without an end "), 100<<20)
		if _, err := w.Write([]byte("\n")); err != nil {
			t.Error(err)
		}
		return lines + various(m, w, size/2)
	}
	return []largeCase{
		{name: "gzip", table: "logs.alb", key: albKey, files: 1, share: 1, samples: alb, write: zipped(various)},
		{name: "plain", table: "logs.elb", key: elbKey, files: 1, share: 1, samples: elb, write: various, shrinks: true},
		{name: "one line again and again, gzip", table: "logs.alb", key: albKey, files: 1, share: 1, samples: alb[:1], write: zipped(same), onlyLarge: true},
		{name: "a line of 100 MiB, gzip", table: "logs.alb", key: albKey, files: 1, share: 4, samples: alb, write: zipped(long), rejects: 1},
		{name: "eight at once, gzip", table: "logs.alb", key: albKey, files: 8, share: 16, samples: alb, write: zipped(various)},
		{name: "eight at once, plain", table: "logs.elb", key: elbKey, files: 8, share: 16, samples: elb, write: various, onlyLarge: true, shrinks: true},
	}
}

// Files of any size pass both programs in little memory, each line once. With -large it is the
// measurement of docs/performance.md, of two gigabytes and more.
func TestLargeFiles(t *testing.T) {
	size := byteSize(16 << 20)
	if *largeFlag != "" {
		if err := size.Set(*largeFlag); err != nil {
			t.Fatal(err)
		}
	} else {
		t.Parallel()
	}
	p := startPipeline(t, freePorts()...)
	p.dir = t.TempDir()
	// The race detector would take many times the memory.
	if out, err := exec.Command("go", "build", "-race=false", "-o", p.dir, "../../forwarder", "../loader").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var report bytes.Buffer
	table := tabwriter.NewWriter(&report, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "files\tbytes, unzipped\tin S3\tin landing\trows\tseconds\tMB/s\tforwarder, MB\tloader, MB\t")
	for i, c := range largeCases(t) {
		if c.onlyLarge && *largeFlag == "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) { p.pass(t, table, fmt.Sprint("case", i), c, int64(size)/c.share) })
	}
	table.Flush()
	t.Logf("peak memory of each program\n%s", &report)
}

// pass lets the files of a case pass programs that have just been started, and notes what it took.
func (p *pipeline) pass(t *testing.T, table io.Writer, folder string, c largeCase, size int64) {
	var stored, rows int64
	want := map[string]int64{} // rows of each file
	for i := range c.files {
		yesterday := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
		m, err := logtext.New(strings.TrimPrefix(c.table, "logs."), 7, yesterday, c.samples)
		if err != nil {
			t.Fatal(err)
		}
		m.Wide = *largeFlag == ""
		key := fmt.Sprintf(c.key, folder, i)
		stored += p.upload(t, key, func(w io.Writer) { want[p.file(key)] = c.write(m, w, size) })
		rows += want[p.file(key)]
	}
	begun := time.Now()
	p.startForwarder(t)
	p.startLoader(t)
	where := " WHERE source_file LIKE '%/" + folder + "/%'"
	loaded := p.awaitLarge(t, where, int64(c.files))
	took := time.Since(begun).Seconds()
	forwarder, loader := p.forwarder.peak(t), p.loader.peak(t)
	p.forwarder.stop(t, forwarderDrain)
	p.loader.stop(t, loaderDrain)

	bytes, rejects := loaded[1].(int64), loaded[2].(int64)
	if rejects != c.rejects*int64(c.files) {
		t.Errorf("%d rejects, want %d of each file", rejects, c.rejects)
	}
	got := p.ask(t, "SELECT source_file, COUNT(*), COUNT(DISTINCT source_line) FROM "+c.table+where+" GROUP BY 1")
	for file, n := range want {
		if v := got[file]; v == nil || v[0] != bigquery.Value(n) || v[1] != bigquery.Value(n) {
			t.Errorf("%s: rows and lines %v, want %d of each", file, v, n)
		}
	}
	landed := p.landed(t)
	if c.shrinks && landed > stored/3 || !c.shrinks && landed != stored {
		t.Errorf("%d bytes came to landing of %d in S3", landed, stored)
	}
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%.1f\t%.1f\t%d\t%d\t\n", c.name, bytes, stored, landed, rows, took, float64(bytes)/1e6/took, forwarder/1e6, loader/1e6)
	t.Logf("%d bytes in %.1f s; peak of the forwarder %d MB, of the loader %d MB", bytes, took, forwarder/1e6, loader/1e6)
	most := int64(maxPeak)
	if c.files == 1 {
		most = maxPeakOfOne
	}
	if forwarder > most || loader > most {
		t.Errorf("the forwarder took %d MB at its peak, the loader %d; want at most %d", forwarder/1e6, loader/1e6, most/1e6)
	}
}

// awaitLarge waits until all files are loaded and returns their number, bytes and rejects.
func (p *pipeline) awaitLarge(t *testing.T, where string, files int64) []bigquery.Value {
	t.Helper()
	for end := time.Now().Add(time.Hour); ; time.Sleep(100 * time.Millisecond) {
		found := p.ask(t, "SELECT outcome, COUNT(*), SUM(bytes), SUM(reject_count), STRING_AGG(reason) FROM logs.seneka_loads"+where+" GROUP BY 1")
		if v := found["loaded"]; v != nil && v[0] == bigquery.Value(files) {
			return v
		}
		delete(found, "loaded")
		delete(found, "duplicate") // delivered once more, where the machine is slow
		if len(found) > 0 || time.Now().After(end) {
			t.Fatalf("not all %d files are loaded: %v", files, found)
		}
	}
}

// landed returns how many bytes the forwarder wrote, by the last line of its log that says so.
func (p *pipeline) landed(t *testing.T) (n int64) {
	for _, m := range regexp.MustCompile(`"bytes_written":(\d+)`).FindAllSubmatch(p.forwarder.output(t), -1) {
		n, _ = strconv.ParseInt(string(m[1]), 10, 64)
	}
	return n
}

// peak returns the most memory in bytes that the process has had so far: what Linux calls the high
// water mark of the resident set, and 0 elsewhere.
func (p *process) peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	if err != nil || m == nil {
		t.Fatalf("%v: %s", err, status)
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// upload stores what write writes, in parts, and returns how many bytes that is.
func (p *pipeline) upload(t *testing.T, key string, write func(w io.Writer)) (size int64) {
	t.Helper()
	r, w := io.Pipe()
	go func() { write(w); w.Close() }()
	defer r.Close()
	upload, err := p.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &p.ready.S3Bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var parts []s3types.CompletedPart
	buf := make([]byte, partSize)
	for {
		n, err := io.ReadFull(r, buf)
		if n == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		size += int64(n)
		number := aws.Int32(int32(len(parts) + 1))
		out, err := p.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &p.ready.S3Bucket, Key: &key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(buf[:n])})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s3types.CompletedPart{PartNumber: number, ETag: out.ETag})
	}
	if _, err := p.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &p.ready.S3Bucket, Key: &key, UploadId: upload.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	}); err != nil {
		t.Fatal(err)
	}
	return size
}

// writeAgain writes line until size bytes are written, and returns how often.
func writeAgain(t *testing.T, w io.Writer, line []byte, size int64) (n int64) {
	block := bytes.Repeat(line, (1<<20)/len(line)+1)
	for written := int64(0); written < size; written += int64(len(block)) {
		if _, err := w.Write(block); err != nil {
			t.Error(err)
			return n
		}
		n += int64(len(block) / len(line))
	}
	return n
}

// realELBLines returns the lines of the samples of Classic Load Balancers, of the last year.
func realELBLines(t *testing.T) []string {
	t.Helper()
	return linesOf(t, testdata.ELB, "elb/*.log")
}
