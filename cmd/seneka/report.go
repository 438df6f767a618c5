package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/report"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// reportOptions are the flags.
type reportOptions struct {
	config, local, source, since, until, out string
	json, force                              bool
}

func newReport() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report -o FILE",
		Short: "Write a page about what was loaded, how fast, and what was not",
		Long: `Write one HTML page that opens offline and can be sent and printed: how many seconds files took from S3 put to
queryable, files and rows over time per source, the latency of each hop, rejects by reason, the slowest and the
largest files, those that are not loaded, and what was used. It loads nothing and runs no script. With --json it
writes the same numbers as JSON; without -o then to standard output.

The numbers are those of seneka status: loads count by when they began, each once. It asks the load logs about ten queries, each
of the partitions of the period, and writes nothing but the file. A file that is there is replaced if it is a
report; another one needs --force.

Exit codes: 0 done, 1 could not be done, 2 wrong command line.`,
		Example: `  seneka report --since 7d -o report.html
  seneka report --local ready.json --since 2026-01-01 --until 2026-01-31 --source alb -o january.html
  seneka report --since 1d --json`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.out == "" && !o.json {
				return usage(errors.New("name the file to write: -o report.html, or -o - for standard output"), cmd)
			}
			since, until, err := o.period(time.Now())
			if err != nil {
				return usage(err, cmd)
			}
			return runReport(cmd, o, since, until)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "7d", "from this time on: 2026-01-31, 2026-01-31T18:00:00Z, or an age such as 7d or 36h")
	f.StringVar(&o.until, "until", "", "up to this time (a day: its end); now if it is left out")
	f.StringVar(&o.source, "source", "", "only the source of this `NAME`")
	f.StringVarP(&o.out, "output", "o", "", "write to this `FILE`, - for standard output")
	f.BoolVar(&o.json, "json", false, "write the numbers as JSON")
	f.BoolVar(&o.force, "force", false, "replace a file that is no report")
	addClientFlags(f, &o.config, &o.local)
	completeSources(cmd, &o.config, &o.local)
	return cmd
}

// period reads --since and --until.
func (o *reportOptions) period(now time.Time) (since, until time.Time, err error) {
	if since, err = optionalTime("--since", o.since, now, false); err != nil {
		return since, until, err
	}
	if until, err = optionalTime("--until", cmp.Or(o.until, now.UTC().Format(time.RFC3339)), now, true); err != nil {
		return since, until, err
	}
	until = minTime(until, now)
	if since.IsZero() || !since.Before(until) {
		return since, until, fmt.Errorf("--since, %s, is not before the end, %s", since.Format(time.RFC3339), until.Format(time.RFC3339))
	}
	return since, until, nil
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b.UTC()
}

func runReport(cmd *cobra.Command, o reportOptions, since, until time.Time) (err error) {
	if err := replaceable(o); err != nil {
		return err
	}
	c, err := openClients(cmd.Context(), o.config, o.local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.knowsSource(cmd, o.source); err != nil {
		return err
	}
	r, err := readReport(cmd.Context(), c.bq, c.cfg.Project, report.Question{Logs: c.loadLogs(), Since: since, Until: until, Source: o.source})
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if o.json {
		err = printIndented(&page, r)
	} else {
		err = r.HTML(&page)
	}
	if err != nil {
		return err
	}
	if o.out == "" || o.out == "-" {
		_, err = cmd.OutOrStdout().Write(page.Bytes())
		return err
	}
	if err := writeWhole(o.out, page.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s with %s since %s UTC, %s\n", o.out, report.Plural(r.Total.Files, "file", "files"),
		report.Plural(r.Total.Rows, "row", "rows"), r.Since.Format("2006-01-02 15:04"), bytesText(int64(page.Len())))
	return err
}

// readReport makes the report that the command writes and the local cloud shows.
func readReport(ctx context.Context, a report.Asker, project string, q report.Question) (*report.Report, error) {
	r, err := report.Read(ctx, a, q)
	if err != nil {
		return nil, err
	}
	r.Seneka, r.Project = telemetry.Version(), project
	r.Cost = r.Counts()
	return r, nil
}

// replaceable refuses to write over what is not known to be a report.
func replaceable(o reportOptions) error {
	if o.out == "" || o.out == "-" || o.force {
		return nil
	}
	data, err := os.ReadFile(o.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at what is to be replaced: %w", err)
	case report.IsReport(data):
		return nil
	}
	return hinted(fmt.Errorf("%s is there, and is no report", o.out), "choose another name, or replace it with --force")
}

// writeWhole puts a file in place at once, so that nobody reads half of it.
func writeWhole(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(tmp.Name()))
	}
	return err
}
