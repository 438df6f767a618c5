package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/testdata"
)

var largeFlag = byteSize(16 << 20)

func init() { flag.Var(&largeFlag, "large", "uncompressed bytes") }

func realELBLines(t *testing.T) []string {
	t.Helper()
	year := regexp.MustCompile(`\b20\d\d(-\d\d-\d\dT\d\d:)`)
	last := strconv.Itoa(time.Now().Year()-1) + "$1"
	var lines []string
	names, err := fs.Glob(testdata.ELB, "elb/*.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := testdata.ELB.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			lines = append(lines, year.ReplaceAllString(strings.TrimSuffix(line, "\n"), last))
		}
	}
	return lines
}

// peak returns the most memory in bytes that the process ever held.
func (p *process) peak(t *testing.T) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(data)
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n << 10
}

// upload stores what write writes, in parts.
func (p *pipeline) upload(t *testing.T, key string, write func(w io.Writer)) (size int64) {
	t.Helper()
	r, w := io.Pipe()
	go func() { write(w); w.Close() }()
	bucket := &p.ready.S3Bucket
	upload, err := p.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var parts []s3types.CompletedPart
	buf := make([]byte, partSize)
	for {
		n, err := io.ReadFull(r, buf)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		size += int64(n)
		number := aws.Int32(int32(len(parts) + 1))
		out, err := p.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: &key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(buf[:n])})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s3types.CompletedPart{PartNumber: number, ETag: out.ETag})
	}
	if _, err := p.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: &key, UploadId: upload.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	}); err != nil {
		t.Fatal(err)
	}
	return size
}

func TestLargeFiles(t *testing.T) {
	p := startPipeline(t, freePorts()...)
	gz := func(w io.Writer, write func(io.Writer)) {
		z := gzip.NewWriter(w)
		write(z)
		z.Close()
	}
	alb, elb := realLines(t), realELBLines(t)
	same := func(w io.Writer) (n int64) {
		line := []byte(alb[0] + "\n")
		block := bytes.Repeat(line, 1000)
		for b := int64(0); b < int64(largeFlag); b += int64(len(block)) {
			w.Write(block)
			n += 1000
		}
		return n
	}
	tests := []struct {
		name, key string
		files     int
		write     func(w io.Writer) int64
	}{
		{"gzip", "a/%d_app.x.log.gz", 1, func(w io.Writer) (n int64) {
			gz(w, func(w io.Writer) { _, n = newManyLines(t, alb).write(t, w, int64(largeFlag)) })
			return n
		}},
		{"plain", "a/%d_elasticloadbalancing_x.log", 1, func(w io.Writer) (n int64) {
			_, n = newManyLines(t, elb).write(t, w, int64(largeFlag))
			return n
		}},
		{"same", "a/%d_same_app.x.log.gz", 1, func(w io.Writer) (n int64) {
			gz(w, func(w io.Writer) { n = same(w) })
			return n
		}},
		{"eight", "a/%d_eight_app.x.log.gz", 8, func(w io.Writer) (n int64) {
			gz(w, func(w io.Writer) { _, n = newManyLines(t, alb).write(t, w, int64(largeFlag)/4) })
			return n
		}},
		{"eight plain", "a/%d_eight_elasticloadbalancing_.x.log", 8, func(w io.Writer) (n int64) {
			_, n = newManyLines(t, elb).write(t, w, int64(largeFlag)/4)
			return n
		}},
	}
	table := tabwriter.NewWriter(os.Stderr, 0, 0, 2, ' ', 0)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stored, lines int64
			for i := range tt.files {
				var n int64
				stored += p.upload(t, fmt.Sprintf(tt.key, i), func(w io.Writer) { n = tt.write(w) })
				lines += n
			}
			start := time.Now()
			p.startForwarder(t)
			p.startLoader(t)
			for {
				got := p.ask(t, "SELECT outcome, COUNT(*), SUM(row_count) FROM logs.seneka_loads WHERE source_file LIKE '%"+strings.TrimPrefix(tt.key, "a/%d")+"' GROUP BY 1")
				if v := got["loaded"]; v != nil && v[0].(int64) == int64(tt.files) {
					if v[1].(int64) != lines {
						t.Errorf("%v, want %d", v, lines)
					}
					break
				}
				if time.Since(start) > 20*time.Minute {
					t.Fatal(got)
				}
				time.Sleep(100 * time.Millisecond)
			}
			took := time.Since(start)
			fmt.Fprintf(table, "%s\t%d files\tstored %d MB\t%d lines\t%.1f s\tforwarder %d MB\tloader %d MB\tcloud %d MB\n", tt.name, tt.files, stored/1e6, lines, took.Seconds(), p.forwarder.peak(t)/1e6, p.loader.peak(t)/1e6, p.cloud.peak(t)/1e6)
			table.Flush()
			p.loader.stop(t, loaderDrain)
			p.forwarder.stop(t, forwarderDrain)
		})
	}
}
