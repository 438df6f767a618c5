package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
	"github.com/seneka-io/seneka/internal/verify"
)

// verifyOptions are the flags.
type verifyOptions struct {
	since, until, seed, from, files, config, local string
	reports                                        []string
	deep, repair, yes, json, allowGone, everywhere bool
	sample, shown                                  int
	grace                                          time.Duration
}

func newVerify() *cobra.Command {
	o := verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify s3://BUCKET/PREFIX",
		Short: "Check that every line of every file is in BigQuery, once",
		Long: `Compare every file below a prefix with BigQuery: the listing of S3, the copies in landing, the claims in the ledger, the
load log, and the rows of the tables. It writes nothing, unless --repair is given. Each file is one of

  ok          every row is there once; or it holds none
  pending     stored, copied or claimed less than --grace ago, and on its way
  gone        loaded, and not in S3 any more: only with --allow-gone, else extra
  missing     nothing of it was loaded
  unsettled   claimed, and its rows are not visible
  deferred    a delivery is too short for it
  rejected    broken, or too much of it could not be parsed
  changed     the rows are those of another version, and stay
  short       fewer rows than its claim says: deleted, expired, or hidden by a row-level access policy
  duplicated  rows that are there more than once
  unclaimed   rows that no claim stands for
  extra       rows of a file that is not there

All but the first three are differences. Prints them with their reasons, the first --show of them, and sums per day and source.
Files that no source takes are counted apart. gs://LANDING/PREFIX verifies what others put into the landing bucket.

--deep also reads a sample of the files that are ok again, parses them, and compares each value with the table's. The
sample goes by a hash with --seed: the same seed chooses the same files. Values of GEOGRAPHY and INTERVAL are left out.
--repair loads what is missing, unsettled or deferred, by the same stages as ever, and verifies those files again. On a
terminal it asks first; elsewhere it needs --yes. What was rejected is for seneka replay, all else for a person.

--report writes a dated record, as .html or .json; --files writes what was found of every file, one JSON object a line.
The digest is the SHA-256 of these lines: sha256sum FILE. With --json they go to standard output, and behind them one
object each for the files of --deep ("deep"), for repaired files and for the end ("type"): grep '^{"file":' | sha256sum.

Cost of a million files: 1,000 LIST requests ($0.005), as many of landing ($0.005), one claim read each ($0.40), and for
every 20,000 files a query for each table and load log, which reads the names and times of the files' partitions, 10 MiB at
least. --deep adds a GET and the egress of each file in the sample; --from landing saves the egress.
Rows are looked for in the partitions that the claims name; --all-partitions looks in all, for rows of others.

Exit codes: 0 no difference, 1 could not run, 2 wrong command line, 3 differences.`,
		Example: `  seneka verify s3://acme-elb-logs/AWSLogs/ --since 2026-01-01 --until 2026-01-31 --report january.html
  seneka verify --local ready.json s3://logs/ --grace 0s --deep`,
		Args: args(cobra.ExactArgs(1), "one prefix, s3://BUCKET/PREFIX"),
		RunE: func(cmd *cobra.Command, a []string) error {
			what, err := o.options(a[0], time.Now())
			if err != nil {
				return usage(err, cmd)
			}
			return runVerify(cmd, &o, what)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only files with lines of this `TIME` or later, as in seneka backfill")
	f.StringVar(&o.until, "until", "", "only files with lines before this `TIME`")
	f.DurationVar(&o.grace, "grace", 10*time.Minute, "how long a file may be on its way")
	f.BoolVar(&o.allowGone, "allow-gone", false, "files that were loaded may be gone, as by a lifecycle rule")
	f.BoolVar(&o.everywhere, "all-partitions", false, "look for rows in every partition")
	f.BoolVar(&o.deep, "deep", false, "compare a sample value by value")
	f.IntVar(&o.sample, "sample", 20, "`FILES` that --deep compares at most")
	f.StringVar(&o.seed, "seed", "", "what the sample is chosen by (default: at random, and printed)")
	f.StringVar(&o.from, "from", "s3", "where --deep reads the files: s3 or landing")
	f.BoolVar(&o.repair, "repair", false, "load what is missing, unsettled or deferred, and verify it again")
	f.BoolVar(&o.yes, "yes", false, "do not ask before --repair")
	f.StringArrayVar(&o.reports, "report", nil, "write a record to `FILE`, .html or .json; may be given twice")
	f.StringVar(&o.files, "files", "", "write what was found of every file to `FILE`, as JSON lines")
	f.IntVar(&o.shown, "show", 50, "differences that are printed")
	f.BoolVar(&o.json, "json", false, "print JSON lines: every file, and the result")
	addClientFlags(f, &o.config, &o.local)
	return cmd
}

// options checks the command line.
func (o *verifyOptions) options(address string, now time.Time) (what verify.Options, err error) {
	what = verify.Options{Grace: o.grace, Gone: o.allowGone, AllPartitions: o.everywhere}
	plain := address
	if rest, ok := strings.CutPrefix(address, "gs://"); ok {
		plain, what.Store = "s3://"+rest, object.GCS
	}
	if what.Job.Bucket, what.Job.Prefix, err = backfill.ParseURL(plain); err != nil {
		return what, fmt.Errorf("%q names no bucket: write s3://BUCKET/PREFIX, or gs://LANDING/PREFIX", address)
	}
	if what.Job.Since, err = optionalTime("--since", o.since, now, false); err != nil {
		return what, err
	}
	if what.Job.Until, err = optionalTime("--until", o.until, now, true); err != nil {
		return what, err
	}
	for _, path := range o.reports {
		if ext := filepath.Ext(path); ext != ".html" && ext != ".json" {
			return what, fmt.Errorf("--report writes .html or .json, not %q", path)
		}
	}
	switch {
	case o.grace < 0:
		return what, errors.New("--grace takes 0s or more")
	case o.sample < 1:
		return what, errors.New("--sample takes 1 or more")
	case o.shown < 0:
		return what, errors.New("--show takes 0 or more")
	case o.from != "s3" && o.from != "landing":
		return what, errors.New("--from takes s3 or landing")
	}
	if o.deep && o.seed == "" {
		o.seed = rand.Text()[:8]
	}
	return what, nil
}

// runVerify verifies, compares, repairs and reports.
func runVerify(cmd *cobra.Command, o *verifyOptions, what verify.Options) (err error) {
	ctx := cmd.Context()
	c, err := openClients(ctx, o.config, o.local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if what.Store == object.GCS && what.Job.Bucket != c.cfg.Landing {
		return usage(fmt.Errorf("gs://%s is not the landing bucket, gs://%s", what.Job.Bucket, c.cfg.Landing), cmd)
	}
	report, err := newVerifyReport(ctx, c, o, what)
	if err != nil {
		return err
	}
	v := &verification{cmd: cmd, o: o, what: what, clients: c, checker: c.checker(), report: report, out: newVerifyPrinter(cmd, o)}
	if err := v.find(ctx); err != nil {
		return err
	}
	if o.repair {
		if err := v.repair(ctx); err != nil {
			return err
		}
	}
	if o.deep {
		if err := v.compare(ctx); err != nil {
			return err
		}
	}
	for _, path := range o.reports {
		if err := writeReport(report, path); err != nil {
			return err
		}
	}
	v.out.end(report)
	if !report.Good() {
		return &exitError{err: errors.New(report.Verdict()), code: exitInvalid, hint: v.hint()}
	}
	return nil
}

// checker returns what verifies files of this deployment.
func (c *clients) checker() *verify.Checker {
	return &verify.Checker{
		S3: c.s3, Landing: c.gcs, Bucket: c.cfg.Landing, Ledger: c.gcs.Ledger(c.cfg.Ledger), Tables: c.bq, Route: c.route,
		Logs: c.logs(), Now: time.Now,
	}
}

// verification is a seneka verify under way.
type verification struct {
	cmd     *cobra.Command
	o       *verifyOptions
	what    verify.Options
	clients *clients
	checker *verify.Checker
	report  *verify.Report
	out     *verifyPrinter
	sampler *verify.Sampler
	broken  []verify.Entry // that can be repaired
}

// find goes through all files.
func (v *verification) find(ctx context.Context) (err error) {
	list := io.Discard
	if v.o.files != "" {
		f, err := os.Create(v.o.files)
		if err != nil {
			return err
		}
		buffered := bufio.NewWriter(f)
		list = buffered
		defer func() { err = errors.Join(err, buffered.Flush(), f.Close()) }()
	}
	if v.o.deep {
		v.sampler = verify.NewSampler(v.o.sample, v.o.seed)
	}
	v.out.begin(v.report.Prefix + rangeText(v.what.Job))
	v.report.Result, err = v.checker.Run(ctx, v.what, v.sampler, func(e verify.Entry) error {
		if _, err := list.Write(e.Line()); err != nil {
			return fmt.Errorf("write %s: %w", v.o.files, err)
		}
		if e.Status.Difference() {
			v.report.Found(e)
		}
		if e.Status.Repairable() {
			v.broken = append(v.broken, e)
		}
		return v.out.entry(&e)
	}, v.out.progress)
	v.out.clear()
	return err
}

// compare reads the sample again.
func (v *verification) compare(ctx context.Context) error {
	found := &verify.DeepResult{Seed: v.o.seed, Compared: []verify.Comparison{}}
	v.report.Deep = found
	deep := &verify.Deep{Rows: v.clients.bq.Rows, Most: 5, Open: func(ctx context.Context, f *verify.Facts) (io.ReadCloser, error) {
		if v.o.from == "landing" || f.Store == object.GCS {
			return openCopy(ctx, v.clients, f)
		}
		return v.clients.s3.Open(ctx, f.Event)
	}}
	chosen := v.sampler.Chosen()
	for i, e := range chosen {
		v.out.status(fmt.Sprintf("comparing file %d of %d", i+1, len(chosen)))
		c, err := deep.Compare(ctx, e)
		if err != nil {
			v.out.clear()
			return err
		}
		found.Add(*c)
		v.out.clear()
		v.out.compared(c)
	}
	return nil
}

// openCopy opens the copy in landing of the version that was verified.
func openCopy(ctx context.Context, c *clients, f *verify.Facts) (io.ReadCloser, error) {
	if f.Copy == nil || f.Copy.Version != f.Version {
		return nil, hinted(errors.New("landing has no copy of this version any more"), "read it from S3: leave out --from landing")
	}
	return c.gcs.Open(ctx, f.Copy.Landed)
}

// hint says what to do about what was found.
func (v *verification) hint() string {
	by := v.report.Result.Totals.ByStatus
	target := v.report.Prefix
	switch {
	case by[verify.Missing]+by[verify.Unsettled]+by[verify.Deferred] > 0 && !v.o.repair:
		return "load what is missing: " + commandLine(v.cmd, "verify", v.o.config, v.o.local) + " --repair " + shellWord(target)
	case by[verify.Rejected] > 0:
		return "once the cause is mended: " + commandLine(v.cmd, "replay", v.o.config, v.o.local) + " --rejected"
	case len(v.report.Differences) > 0:
		return "all about one file: " + commandLine(v.cmd, "explain", v.o.config, v.o.local) + " " + shellWord(v.report.Differences[0].File)
	default:
		return ""
	}
}

// commandLine returns the beginning of a command about the same deployment.
func commandLine(cmd *cobra.Command, name, config, local string) string {
	line := cmd.Root().Name() + " " + name
	for _, flag := range []struct{ name, value string }{{"local", local}, {"config", config}} {
		if flag.value != "" {
			line += " --" + flag.name + " " + shellWord(flag.value)
		}
	}
	return line
}

// newVerifyReport returns a report without results.
func newVerifyReport(ctx context.Context, c *clients, o *verifyOptions, what verify.Options) (*verify.Report, error) {
	data, err := config.Read(ctx, c.path, openGCS)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	r := &verify.Report{
		Made: time.Now().UTC(), Version: telemetry.Version(), Configuration: c.path, ConfigSHA256: hex.EncodeToString(sum[:]),
		Project: c.cfg.Project, Landing: "gs://" + c.cfg.Landing, Ledger: "gs://" + c.cfg.Ledger,
		Prefix: object.Source{Store: what.Store, Bucket: what.Job.Bucket, Key: what.Job.Prefix}.String(), DigestOf: verify.DigestOf, Differences: []verify.Entry{},
	}
	set := func(name, value string) {
		r.Parameters = append(r.Parameters, verify.Parameter{Name: name, Value: value})
	}
	if !what.Job.Since.IsZero() {
		set("since", what.Job.Since.Format(time.RFC3339))
	}
	if !what.Job.Until.IsZero() {
		set("until", what.Job.Until.Format(time.RFC3339))
	}
	set("grace", o.grace.String())
	set("allow-gone", fmt.Sprint(o.allowGone))
	set("all-partitions", fmt.Sprint(o.everywhere))
	if o.deep {
		set("sample", fmt.Sprint(o.sample))
		set("seed", o.seed)
		set("from", o.from)
	}
	set("repair", fmt.Sprint(o.repair))
	return r, nil
}

// writeReport writes the report in the form that the file's name asks for.
func writeReport(r *verify.Report, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	write := r.WriteJSON
	if filepath.Ext(path) == ".html" {
		write = r.WriteHTML
	}
	return errors.Join(write(f), f.Close())
}
