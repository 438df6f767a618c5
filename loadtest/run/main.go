// Command run puts log files as a fleet's come, follows each from S3 to the moment at which its rows can be queried,
// and checks every line in the end: see make loadtest. It works on a local cloud, which it starts together with a
// forwarder and a loader, each a process of its own, or on a deployment. It runs in the module's folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seneka-io/seneka/loadtest/generate"
	"github.com/seneka-io/seneka/loadtest/traffic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	name, out string
	traffic   traffic.Options
	files     generate.Options
	config    string // of a deployment; empty: a local cloud is started
	bucket    string
	prefix    string
	state     string // folder of the local cloud's state
	faults    time.Duration
	poll      time.Duration
	dryRun    bool
	docs      string
}

func parse(args []string, out io.Writer) (*options, error) {
	o := &options{files: generate.Options{Sources: map[string]int{"alb": 5, "elb": 1, "cloudtrail": 2, "app": 2}}}
	f := flag.NewFlagSet("loadtest", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.name, "name", "try", "what the run is called")
	f.StringVar(&o.out, "out", "", "write the results below `FOLDER`, as <date>-<name>; without it they are printed")
	f.Float64Var(&o.traffic.Rate, "rate", 10, "files a second, on average")
	f.DurationVar(&o.traffic.For, "for", time.Minute, "for how long files are put")
	f.Float64Var(&o.traffic.Tide, "tide", 0.05, "share of files that come together, just behind the end of each five minutes")
	f.IntVar(&o.traffic.Burst, "burst", 0, "files put at the start, all at once")
	f.Float64Var(&o.traffic.Repeats, "repeats", 0.05, "share of files whose notification comes again, once or twice")
	f.DurationVar(&o.traffic.Late, "late", time.Minute, "how late a repeated notification comes at most")
	f.Float64Var(&o.files.Large, "large", 0.002, "share of files of 5,000 to 20,000 records")
	f.Float64Var(&o.files.Bad, "bad", 0.01, "share of files that are cut off, damaged, of another format, or hold lines that are no records")
	f.Uint64Var(&o.traffic.Seed, "seed", 1, "the same seed puts the same files at the same times")
	f.Func("sources", "parts of the files that each source has (alb=5,elb=1,cloudtrail=2,app=2)", func(s string) (err error) {
		o.files.Sources, err = parts(s)
		return err
	})
	f.StringVar(&o.config, "config", "", "put into the deployment with this seneka.yaml, a path or gs://…; without it a local cloud is started")
	f.StringVar(&o.bucket, "bucket", "", "of S3, with -config: files are put there and stay there")
	f.StringVar(&o.prefix, "prefix", "", "of the keys; by default one of this run")
	f.StringVar(&o.state, "state", "", "keep the local cloud's state below `FOLDER`, for the time of the run: a disk in memory, such as /dev/shm, leaves the disk out of it")
	f.DurationVar(&o.faults, "faults", 0, "kill forwarder, loader or local cloud, and start it again, that far apart on average")
	f.DurationVar(&o.poll, "poll", 0, "how often it is asked what can be queried (100 ms; of a deployment 1 s)")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be put, and where, and put nothing")
	f.StringVar(&o.docs, "docs", "", "put nothing, but a table of all results below loadtest/results between the marks of this Markdown `FILE`")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.files.Seed = o.traffic.Seed
	return o, o.complete(f.Args())
}

// complete checks the options and fills in what is not given.
func (o *options) complete(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no option", rest[0])
	case o.name == "" || strings.ContainsAny(o.name, `/\ `):
		return fmt.Errorf("-name %q: it is to be a part of a folder's name", o.name)
	case (o.config == "") != (o.bucket == ""):
		return errors.New("-config and -bucket go together: the deployment's seneka.yaml, and a bucket that its sources match")
	case o.config != "" && o.faults > 0:
		return errors.New("-faults kills programs of a local cloud: it does not go with -config")
	case o.traffic.Rate <= 0 && o.traffic.Burst <= 0:
		return errors.New("nothing to put: say -rate or -burst")
	}
	if o.prefix == "" {
		o.prefix = fmt.Sprintf("loadtest/%d/", time.Now().Unix())
	}
	if o.poll == 0 {
		o.poll = 100 * time.Millisecond
		if o.config != "" {
			o.poll = time.Second
		}
	}
	if o.traffic.Burst > 0 && o.traffic.Rate <= 0 {
		o.traffic.For = 0
	}
	return nil
}

// parts reads name=number,….
func parts(s string) (map[string]int, error) {
	all := map[string]int{}
	for item := range strings.SplitSeq(s, ",") {
		name, text, _ := strings.Cut(item, "=")
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not name=number", item)
		}
		all[name] = n
	}
	return all, nil
}

// run does what the arguments say.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.docs != "" {
		return embed(o.docs, "loadtest/results")
	}
	began := time.Now()
	o.files.Until = began.Truncate(24 * time.Hour)
	files, err := generate.New(o.files)
	if err != nil {
		return err
	}
	plan := traffic.Plan(o.traffic)
	if o.dryRun && o.config == "" {
		return describe(out, o, plan, files, nil)
	}
	t, err := open(ctx, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if o.dryRun {
		return describe(out, o, plan, files, t)
	}
	r := &runner{target: t, options: o, plan: plan, files: files, progress: newProgress(out)}
	result, err := r.run(ctx)
	if err != nil {
		return err
	}
	result.Command = "go run ./loadtest/run " + strings.Join(args, " ")
	if err := result.write(out, o.out, began); err != nil {
		return err
	}
	return result.failure()
}

// describe says what would be put.
func describe(out io.Writer, o *options, plan []traffic.Arrival, files *generate.Generator, t *target) error {
	sources := map[string]string{}
	var bytes, records int64
	step := max(1, len(plan)/500) // as many are enough for an estimate
	looked := 0
	for i := 0; i < len(plan); i += step {
		f := files.File(i, 0)
		bytes, records, looked = bytes+int64(len(f.Data)), records+f.Truth.Rows, looked+1
		sources[f.Source] = "logs." + f.Source
		if t != nil {
			table, err := t.table(o.prefix + f.Key)
			if err != nil {
				return err
			}
			sources[f.Source] = table.String()
		}
	}
	scale := float64(len(plan)) / float64(max(1, looked))
	fmt.Fprintf(out, "%d files, about %.0f MB and %.0f rows, in %s; at most %d within a second.\n", len(plan), float64(bytes)*scale/1e6, float64(records)*scale, o.traffic.For, traffic.Busiest(plan, time.Second))
	for source, table := range sources {
		fmt.Fprintf(out, "%s: into %s\n", source, table)
	}
	if t != nil {
		fmt.Fprintf(out, "They would stay at s3://%s/%s.\n", o.bucket, o.prefix)
	}
	return nil
}
