package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/object"
)

// exitInterrupted is the exit code of a backfill that was told to stop.
const exitInterrupted = 130

// backfillOptions are the flags.
type backfillOptions struct {
	since, until, resume, config, local string
	dryRun, direct, noWait, json, yes   bool
	workers, ahead                      int
	maxBytes                            byteSize
	rate                                float64
	patience                            time.Duration
}

func newBackfill() *cobra.Command {
	o := backfillOptions{maxBytes: 256 << 20}
	cmd := &cobra.Command{
		Use:   "backfill s3://BUCKET/PREFIX | --resume ID",
		Short: "Bring in files that lie in S3 already",
		Long: `Bring in the files below a prefix, by the same stages and under the same ledger as live traffic: it may overlap live
traffic and other backfills, and no line is ever there twice. Shows first what it is going to do.

Files are copied to landing, whose notifications make the loader load them, and the load log is followed until it
has an outcome for each. A file that lies in landing already is announced no more, so it is loaded from here. With
--direct every file is loaded from here, and none is too large for it.

--since and --until take 2026-01-31 (until: the end of that day), 2026-01-31T18:00:00Z, or an age such as 7d or 36h.
They go by the date in a key's folders (2026/01/31, 2026/01, dt=2026-01-31, year=2026/month=01/day=31), with a day to
spare on either side, for a file may hold lines of the day before; else by the time of the put.

Live files go first: no more than --rate files a second are handed on, and no more than --ahead wait for the loader.

A run can be stopped at any time, by Ctrl-C, SIGTERM or SIGKILL, and go on with --resume ID, on another machine too:
how far it came lies beside the ledger. A run that two processes work on is left to the one that resumed it last.

On a terminal it asks before it begins; elsewhere it needs --yes. A resumed run was agreed to.
It uses SENEKA_CONFIG and the clouds' own settings, like forwarder and loader, and needs the rights of both.

Exit codes: 0 all done, 1 could not run, 2 wrong command line, 3 some files failed: each is named with its reason,
130 interrupted.`,
		Example: `  seneka backfill s3://acme-elb-logs/AWSLogs/ --since 30d --dry-run
  seneka backfill s3://acme-elb-logs/AWSLogs/ --since 2026-01-01 --until 2026-01-31
  seneka backfill --resume 20260131-180000-a1b2c3
  seneka backfill --local ready.json --yes s3://logs/`,
		Args: args(cobra.MaximumNArgs(1), "one prefix"),
		RunE: func(cmd *cobra.Command, a []string) error {
			job, err := o.job(a, time.Now())
			if err != nil {
				return usage(err, cmd)
			}
			return runBackfill(cmd, o, job)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only files with lines of this time or later")
	f.StringVar(&o.until, "until", "", "only files with lines before this time")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, and stop")
	f.BoolVar(&o.direct, "direct", false, "load from here, without the loader and its limit of time")
	f.BoolVar(&o.noWait, "no-wait", false, "hand the files on and do not wait for what the loader makes of them")
	f.StringVar(&o.resume, "resume", "", "go on with the run of this ID")
	f.BoolVar(&o.json, "json", false, "print a JSON object per line: plan, progress, failed, end")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	f.IntVar(&o.workers, "workers", 16, "files at a time")
	f.Var(&o.maxBytes, "max-bytes", "bytes of the files copied at a time, such as 512M or 2G")
	f.Float64Var(&o.rate, "rate", 50, "files handed on a second, 0 for as fast as it goes")
	f.IntVar(&o.ahead, "ahead", 1000, "files that may wait for the loader")
	f.DurationVar(&o.patience, "patience", 15*time.Minute, "how long nothing at all may be loaded, while files wait for it, before the run ends")
	addClientFlags(f, &o.config, &o.local)
	return cmd
}

// job checks the command line. Of a run that is resumed, the checkpoint knows the rest.
func (o *backfillOptions) job(a []string, now time.Time) (j backfill.Job, err error) {
	j.Direct, j.NoWait = o.direct, o.noWait
	switch {
	case o.workers < 1 || o.workers > 1000:
		return j, errors.New("--workers takes 1 to 1000")
	case o.ahead < 1:
		return j, errors.New("--ahead takes 1 or more")
	case o.rate < 0:
		return j, errors.New("--rate takes 0 or more")
	case o.resume != "" && (len(a) > 0 || o.since != "" || o.until != "" || o.dryRun):
		return j, errors.New("--resume goes on with the run's own prefix and times: leave out the prefix, --since, --until and --dry-run")
	case o.resume != "":
		return j, nil
	case len(a) == 0:
		return j, errors.New("name a prefix, s3://BUCKET/PREFIX, or a run to go on with, --resume ID")
	}
	if j.Bucket, j.Prefix, err = backfill.ParseURL(a[0]); err != nil {
		return j, err
	}
	if j.Since, err = optionalTime("--since", o.since, now, false); err != nil {
		return j, err
	}
	if j.Until, err = optionalTime("--until", o.until, now, true); err != nil {
		return j, err
	}
	if !j.Since.IsZero() && !j.Until.IsZero() && !j.Since.Before(j.Until) {
		return j, fmt.Errorf("--since, %s, is not before --until, %s", j.Since.Format(time.RFC3339), j.Until.Format(time.RFC3339))
	}
	return j, nil
}

func optionalTime(flag, text string, now time.Time, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := backfill.ParseTime(text, now, end)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", flag, err)
	}
	return t, nil
}

// runBackfill shows the plan, has it agreed to, and runs it.
func runBackfill(cmd *cobra.Command, o backfillOptions, job backfill.Job) (err error) {
	ctx := cmd.Context()
	defer func() {
		var coded *exitError
		if ctx.Err() != nil && err != nil && !errors.As(err, &coded) {
			interrupted := &exitError{err: errors.New("interrupted before anything was begun"), code: exitInterrupted}
			if o.resume != "" {
				interrupted.hint = "go on with: " + resumeCommand(cmd, o) + o.resume
			}
			err = interrupted
		}
	}()
	clients, err := openBackfill(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close()) }()

	var journal *backfill.Journal
	after := ""
	if o.resume != "" {
		if journal, err = backfill.Resume(ctx, clients.gcs.Ledger(clients.cfg.Ledger), o.resume, time.Now); err != nil {
			return err
		}
		journal.Switch(o.direct, o.noWait)
		state := journal.State()
		job, after = state.Job, state.After
	}
	out := newBackfillPrinter(cmd, o)
	out.looking(job)
	plan, err := clients.planner().Plan(ctx, job, after)
	if err != nil {
		return err
	}
	out.plan(job, plan)
	if o.dryRun {
		return nil
	}
	if journal == nil {
		if len(plan.Files) == 0 {
			return nil
		}
		if err := agree(cmd, o.yes, o.json, fmt.Sprintf("Bring in %s files?", thousands(int64(len(plan.Files))))); err != nil {
			return err
		}
		if journal, err = backfill.NewJournal(ctx, clients.gcs.Ledger(clients.cfg.Ledger), job, time.Now); err != nil {
			return err
		}
	}
	out.begin(journal.State().ID)
	progress, failures, err := clients.runner(o, out).Run(ctx, plan, journal)
	return out.end(ctx, progress, failures, err)
}

// agree has a plan agreed to, by --yes or by a person, who is asked the question. Whoever reads JSON is
// none.
func agree(cmd *cobra.Command, yes, json bool, question string) error {
	if yes {
		return nil
	}
	if json || !isTerminal(cmd.InOrStdin()) || !isTerminal(cmd.ErrOrStderr()) {
		return hinted(errors.New("nothing was begun: nobody can be asked here"), "if the plan is right, add --yes")
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n') // an end without an answer is a no
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-cmd.Context().Done():
		return cmd.Context().Err()
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
		return hinted(errors.New("nothing was begun"), "answer y, or add --yes, to begin")
	}
}

// isTerminal reports whether a person sits at the other end.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// backfillClients are the clients that a backfill needs: those of the forwarder and of the loader.
type backfillClients struct {
	*clients
	load *loader.App
}

// openBackfill connects, by the same environment variables as forwarder and loader.
func openBackfill(ctx context.Context, o backfillOptions) (_ *backfillClients, err error) {
	shared, err := openClients(ctx, o.config, o.local)
	if err != nil {
		return nil, err
	}
	c := &backfillClients{clients: shared}
	if c.load, err = c.openLoader(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close releases the clients.
func (c *backfillClients) Close() error {
	if c.load == nil {
		return c.clients.Close()
	}
	return errors.Join(c.load.Close(), c.clients.Close())
}

// planner compares a listing with the load log.
func (c *clients) planner() *backfill.Planner {
	return &backfill.Planner{Lister: c.s3, History: c.bq, Route: c.route}
}

func (c *backfillClients) runner(o backfillOptions, observer backfill.Observer) *backfill.Runner {
	forwarder := &forward.Forwarder{
		Matches: func(s object.Source) bool { _, ok := c.route(s); return ok },
		Source:  c.s3, Landing: c.gcs, Bucket: c.cfg.Landing, Now: time.Now,
		Compress: c.cfg.Compress,
	}
	return &backfill.Runner{
		Forward: forwarder.Forward, Load: c.load.Load, Landing: c.gcs, Bucket: c.cfg.Landing, History: c.bq, Observer: observer, Now: time.Now,
		Workers: o.workers, Bytes: int64(o.maxBytes), Rate: o.rate, Ahead: o.ahead, Poll: 2 * time.Second, Patience: o.patience,
	}
}

// byteSize is a number of bytes as a flag.
type byteSize int64

// String returns the flag's value.
func (b *byteSize) String() string { return bytesText(int64(*b)) }

// Type names the flag's value in the help.
func (b *byteSize) Type() string { return "bytes" }

// Set reads a number, with K, M, G or T behind it for powers of 1,024.
func (b *byteSize) Set(text string) error {
	m := byteSizes.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is no number of bytes: write 512M or 2G", text)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := int64(1) << (10 * strings.Index(" KMGT", cmp.Or(m[2], " ")))
	if err != nil || n < 1 || n > math.MaxInt64/unit {
		return fmt.Errorf("%q is out of range: write 512M or 2G", text)
	}
	*b = byteSize(n * unit)
	return nil
}

var byteSizes = regexp.MustCompile(`^(\d+)([KMGT]?)(?:i?B)?$`)
