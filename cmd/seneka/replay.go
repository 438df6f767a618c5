package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/replay"
	"github.com/seneka-io/seneka/internal/row"
)

// replayOptions are the flags.
type replayOptions struct {
	backfillOptions // of those: config, local, dryRun, json, yes, workers, maxBytes, since

	dlq, rejected, deferred            bool
	file, source, reason, subscription string
	most                               int
}

func newReplay() *cobra.Command {
	o := replayOptions{backfillOptions: backfillOptions{maxBytes: 256 << 20}}
	cmd := &cobra.Command{
		Use:   "replay --dlq | --rejected | --deferred | --file FILE",
		Short: "Bring back what was parked or rejected, once its cause is mended",
		Long: `Bring back what ended in a dead-letter queue or topic, or in the load log as rejected or deferred, by the same stages
and under the same ledger as everything else: whatever was loaded meanwhile is not loaded again. Shows first what there
is, why it lies there as far as that can be seen now, and what it is going to do.

--dlq takes the dead letters of the SQS queue and of the landing bucket's Pub/Sub subscription, finds both by the
queue's redrive policy and the bucket's notifications, and sends each back to where it was for: a copy is sent before
the letter is removed, so that nothing can be lost. What this release does not understand stays. It does not wait for
what becomes of them.

--rejected and --deferred take the files whose last load ended so, of the last 30 days or --since, and load them from
here, from their copy in landing, or, where that is gone, from S3. A file that is too large for a delivery has no such
limit here. --source and --reason narrow them.

--file takes one file, s3://BUCKET/KEY or gs://BUCKET/NAME, whatever became of it. One that is loaded stays loaded.

On a terminal it asks before it begins; elsewhere it does nothing without --yes.
It uses SENEKA_CONFIG and the clouds' own settings, like forwarder and loader; docs/security.md says what it needs.

Exit codes: 0 all done, 1 could not run, or nobody said yes, 2 wrong command line, 3 some failed or stay: each is named with its
reason, 130 interrupted.`,
		Example: `  seneka replay --dlq --dry-run
  seneka replay --rejected --since 2d --reason gzip --yes
  seneka replay --local ready.json --file 's3://logs/my first+log.log'`,
		Args: args(cobra.NoArgs, "no arguments: what is meant is said by flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return usage(err, cmd)
			}
			return runReplay(cmd, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.dlq, "dlq", false, "dead letters of the queue and of the subscription")
	f.BoolVar(&o.rejected, "rejected", false, "files that were rejected")
	f.BoolVar(&o.deferred, "deferred", false, "files that took longer than a delivery may")
	f.StringVar(&o.file, "file", "", "one `FILE`, s3://BUCKET/KEY or gs://BUCKET/NAME")
	f.StringVar(&o.since, "since", "30d", "with --rejected, --deferred: loads of this time or later, such as 2d or 2026-01-31")
	f.StringVar(&o.source, "source", "", "with --rejected, --deferred: files of the source of this `NAME`")
	f.StringVar(&o.reason, "reason", "", "with --rejected, --deferred: files whose reason holds this `TEXT`")
	f.StringVar(&o.subscription, "subscription", "", "with --dlq: the `SUBSCRIPTION` of the dead-letter topic, projects/P/subscriptions/S")
	f.IntVar(&o.most, "max", 1000, "files, or letters of each place, at a time")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, and stop")
	f.BoolVar(&o.json, "json", false, "print a JSON object per line: letter or file, more, failed, end")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	f.IntVar(&o.workers, "workers", 8, "files at a time")
	addClientFlags(f, &o.config, &o.local)
	return cmd
}

// check checks the command line.
func (o *replayOptions) check() error {
	files := o.rejected || o.deferred
	switch {
	case !o.dlq && !files && o.file == "":
		return errors.New("say what is meant: --dlq, --rejected, --deferred or --file FILE")
	case o.dlq && files, o.dlq && o.file != "", files && o.file != "":
		return errors.New("--dlq, --file, and --rejected with --deferred, are three things: one at a time")
	case !files && (o.source != "" || o.reason != ""):
		return errors.New("--source and --reason go with --rejected and --deferred")
	case !o.dlq && o.subscription != "":
		return errors.New("--subscription goes with --dlq")
	case o.subscription != "" && !strings.HasPrefix(o.subscription, "projects/"):
		return fmt.Errorf("--subscription %q: write projects/PROJECT/subscriptions/NAME", o.subscription)
	case o.most < 1 || o.most > 100_000:
		return errors.New("--max takes 1 to 100,000")
	case o.workers < 1 || o.workers > 1000:
		return errors.New("--workers takes 1 to 1000")
	}
	_, err := optionalTime("--since", o.since, time.Now(), false)
	if err == nil && o.file != "" {
		_, err = object.ParseSource(o.file)
	}
	return err
}

func runReplay(cmd *cobra.Command, o replayOptions) (err error) {
	ctx := cmd.Context()
	defer func() {
		var coded *exitError
		if ctx.Err() != nil && err != nil && !errors.As(err, &coded) {
			err = &exitError{err: errors.New("interrupted before anything was begun"), code: exitInterrupted}
		}
	}()
	if o.dlq {
		return o.letters(cmd)
	}
	clients, err := openBackfill(ctx, o.backfillOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close()) }()
	plan, err := o.plan(ctx, clients)
	if err != nil {
		return err
	}
	out := newReplayPrinter(cmd, o)
	out.files(plan, o)
	if len(plan.Files) == 0 || o.dryRun {
		return nil
	}
	if err := agree(cmd, o.yes, o.json, fmt.Sprintf("Bring in %s again?", plural(len(plan.Files), "file"))); err != nil {
		return err
	}
	out.begin()
	runner := clients.runner(o.backfillOptions, out)
	copier := replay.Copier{Bucket: clients.cfg.Landing, Landing: clients.gcs, Forward: runner.Forward}
	runner.Forward = copier.Copy
	progress, failures, err := runner.Run(ctx, &plan.Plan, nil)
	return out.ended(ctx, progress, failures, err)
}

// plan finds the files.
func (o *replayOptions) plan(ctx context.Context, c *backfillClients) (*replay.Plan, error) {
	finder := &replay.Finder{Bucket: c.cfg.Landing, Route: c.route, Logs: c.logs(), History: c.bq, Lister: c.s3, Landing: c.gcs}
	if o.file != "" {
		source, err := object.ParseSource(o.file)
		if err != nil {
			return nil, err
		}
		plan, err := finder.File(ctx, source)
		if errkind.Is(err, errkind.NotFound) || errors.Is(err, replay.ErrNoSource) {
			return nil, &exitError{err: err, hint: "seneka config check shows which files the sources take", code: exitInvalid}
		}
		return plan, err
	}
	q := replay.Query{Source: o.source, Reason: o.reason, Most: o.most}
	if o.rejected {
		q.Outcomes = append(q.Outcomes, load.Rejected)
	}
	if o.deferred {
		q.Outcomes = append(q.Outcomes, load.Deferred)
	}
	var err error
	if q.Since, err = optionalTime("--since", o.since, time.Now(), false); err != nil {
		return nil, err
	}
	return finder.Find(ctx, q)
}

// logs returns the load logs of the sources' datasets.
func (c *clients) logs() (logs []row.Table) {
	known := map[string]bool{}
	for i := range c.cfg.Sources {
		dataset, _, _ := strings.Cut(c.cfg.Sources[i].Table, ".")
		if !known[dataset] {
			known[dataset] = true
			logs = append(logs, load.LogTable(row.Table{Project: c.cfg.Project, Dataset: dataset}))
		}
	}
	return logs
}

// ended shows how the files ended and returns the error that gives the exit code.
func (p *replayPrinter) ended(ctx context.Context, now backfill.Progress, failures []backfill.Failure, err error) error {
	if p.bar != nil {
		p.bar.stop()
	}
	state, result := "done", error(nil)
	switch {
	case err != nil && ctx.Err() != nil:
		state, result = "interrupted", &exitError{err: errors.New("interrupted"), hint: "run the same again: what is loaded stays loaded", code: exitInterrupted}
	case err != nil:
		state, result = "stopped", hinted(err, "once that is mended, run the same again: what is loaded stays loaded")
	case len(failures) > 0:
		state, result = "failed", &exitError{err: fmt.Errorf("%d of %s failed", len(failures), plural(now.Files, "file")), hint: "their reasons stand above; mend what they say, and run the same again", code: exitInvalid}
	}
	p.end(state, now)
	return result
}
