// Command load measures the loader: files and rows a second through the real program, at several numbers of
// requests at a time, what each file takes of it, and what that comes to for so many files a day, beside the
// services' quotas. See make bench-load. It runs in the module's folder, on Linux.
//
// The program takes pushes as Pub/Sub sends them, of files in a stand-in of Cloud Storage, and writes to a BigQuery
// that only counts: package counting. Both are in this process, on the same machine.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/loadtest/markdown"
	"github.com/seneka-io/seneka/loadtest/program"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options are the command's flags.
type options struct {
	files, largeFiles int
	rows, largeRows   int64
	limit             time.Duration
	gcs, append       time.Duration
	peak              float64
	pendingShare      float64
	concurrency       int
	atATime           []int
	asJSON            bool
	docs              string
}

func parse(args []string, errors io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(errors)
	flags.IntVar(&o.files, "files", 4000, "small files, all of which each pass loads, or as many as it has time for")
	flags.Int64Var(&o.rows, "rows", 200, "rows of each of them")
	flags.IntVar(&o.largeFiles, "large-files", 100, "files that take streams of their own")
	flags.Int64Var(&o.largeRows, "large-rows", 20_000, "rows of each of them: more than an append request takes")
	flags.DurationVar(&o.limit, "limit", 20*time.Second, "after which a pass begins no further file")
	flags.DurationVar(&o.gcs, "gcs-latency", 30*time.Millisecond, "added to each request of Cloud Storage in the second half")
	flags.DurationVar(&o.append, "append-latency", 50*time.Millisecond, "added to each request of the Storage Write API there")
	flags.Float64Var(&o.peak, "peak", 5, "how many times the average the peak of a day is")
	flags.Float64Var(&o.pendingShare, "large-share", 0.01, "share of large files in the arithmetic")
	flags.IntVar(&o.concurrency, "concurrency", 12, "loads at a time of an instance in the arithmetic")
	atATime := flags.String("at-a-time", "1,10,100", "how many files are loaded at a time, separated by commas; large files and the arithmetic take the one in the middle")
	flags.BoolVar(&o.asJSON, "json", false, "print JSON")
	flags.StringVar(&o.docs, "docs", "", "put the tables between the marks of this Markdown file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.files < 1 || o.largeFiles < 1 {
		return o, fmt.Errorf("-files and -large-files: write 1 or more")
	}
	for _, text := range strings.Split(*atATime, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-at-a-time: %q is no number of files", text)
		}
		o.atATime = append(o.atATime, n)
	}
	return o, nil
}

// usual is the number at a time of large files, and of the small ones that the arithmetic takes.
func (o *options) usual() int { return o.atATime[len(o.atATime)/2] }

// bench is one run of the command.
type bench struct {
	opts   options
	folder string
	loader string // path of the program
	bucket *bucket
	passes int
}

// run measures what args ask for.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	b := &bench{opts: o}
	if b.folder, err = os.MkdirTemp("", "seneka-load"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.folder) }() // no harm if some of it stays
	b.loader = filepath.Join(b.folder, "loader")
	if err := program.Build(ctx, b.folder, "./cmd/loader"); err != nil {
		return err
	}
	if b.bucket, err = openBucket(filepath.Join(b.folder, "gcs")); err != nil {
		return err
	}
	defer b.bucket.close()
	near, far, err := b.measure(ctx, progress)
	if err != nil {
		return err
	}
	all, err := b.reckon(near, far)
	if err != nil {
		return err
	}
	switch {
	case o.asJSON:
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		return enc.Encode(map[string]any{"near": near, "far": far, "traffic": all})
	case o.docs != "":
		if err := markdown.Embed(o.docs, "load", b.report(near, far, time.Now())); err != nil {
			return err
		}
		return markdown.Embed(o.docs, "arithmetic", b.arithmetic(all))
	default:
		_, err := io.WriteString(out, b.report(near, far, time.Now())+"\n"+b.arithmetic(all))
		return err
	}
}

// measure lets small and large files through, without latencies and with them.
func (b *bench) measure(ctx context.Context, progress io.Writer) (near, far []*result, err error) {
	fmt.Fprintln(progress, "making files ...")
	small, err := b.bucket.fill(ctx, "small", b.opts.files+1, b.opts.rows)
	if err != nil {
		return nil, nil, err
	}
	large, err := b.bucket.fill(ctx, "large", b.opts.largeFiles+1, b.opts.largeRows)
	if err != nil {
		return nil, nil, err
	}
	var passes []pass
	for _, n := range b.opts.atATime {
		passes = append(passes, pass{Name: "small", Concurrency: n, files: small, limit: b.opts.limit})
	}
	passes = append(passes, pass{Name: "large", Concurrency: b.opts.usual(), files: large, limit: b.opts.limit})
	for _, p := range passes {
		for _, to := range []*[]*result{&near, &far} {
			if to == &far {
				p.GCS, p.Append = b.opts.gcs, b.opts.append
			}
			fmt.Fprintf(progress, "%s files, %d at a time, latencies %s and %s ...\n", p.Name, p.Concurrency, p.GCS, p.Append)
			r, err := b.run(ctx, p)
			if err != nil {
				return nil, nil, err
			}
			*to = append(*to, r)
		}
	}
	return near, far, nil
}

// reckon takes what small and large files took, the usual number at a time, to each volume.
func (b *bench) reckon(near, far []*result) ([]*traffic, error) {
	limits, err := quotas()
	if err != nil {
		return nil, err
	}
	find := func(results []*result, name string) *result {
		for _, r := range results {
			if r.Name == name && r.Concurrency == b.opts.usual() {
				return r
			}
		}
		return nil
	}
	f := mix(find(near, "small"), find(near, "large"), find(far, "small"), find(far, "large"), b.opts.pendingShare)
	var all []*traffic
	for _, n := range volumes {
		t, err := reckon(n, b.opts.peak, float64(b.opts.concurrency), f, limits)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}
