package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/explain"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/verify"
)

// explainOptions are the flags.
type explainOptions struct {
	config, local string
	json          bool
	show          int
	grace         time.Duration
}

func newExplain() *cobra.Command {
	o := explainOptions{}
	cmd := &cobra.Command{
		Use:   "explain s3://BUCKET/KEY",
		Short: "Tell all that is known of one file",
		Long: `Tell all that is known of one file: which source takes it and why those before do not, what seneka verify finds it to be,
its copy in landing, its claim, its rows in BigQuery, the time of each hop, what the load log says of each delivery, the
records that could not be parsed, the requests it cost, and its first rows. Of a file that was never seen: what would
happen, and what its rows would be. It takes gs://LANDING/NAME too, of what others put there or of a copy. Writes nothing.

The requests are those of the protocol: they were not counted.

Exit codes: 0 the file is as it should be (ok, pending, gone), 1 could not tell, 2 wrong command line, 3 it is not.`,
		Example: `  seneka explain s3://acme-elb-logs/AWSLogs/1/elasticloadbalancing/us-east-1/2026/01/31/1_app.x.log.gz
  seneka explain --local ready.json --json 's3://logs/my first+log.log'`,
		Args: args(cobra.ExactArgs(1), "one file, s3://BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, a []string) error {
			s, err := parseFile(a[0])
			if err == nil && o.show < 0 {
				err = errors.New("--show takes 0 or more")
			}
			if err != nil {
				return usage(err, cmd)
			}
			return runExplain(cmd, o, s)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.show, "show", 3, "rows and rejects that are shown")
	f.DurationVar(&o.grace, "grace", 10*time.Minute, "how long a file may be on its way")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	addClientFlags(f, &o.config, &o.local)
	return cmd
}

// parseFile reads s3://BUCKET/KEY or gs://BUCKET/NAME.
func parseFile(address string) (s object.Source, err error) {
	rest, ok := strings.CutPrefix(address, "s3://")
	if !ok {
		s.Store = object.GCS
		rest, ok = strings.CutPrefix(address, "gs://")
	}
	s.Bucket, s.Key, _ = strings.Cut(rest, "/")
	if !ok || s.Bucket == "" || s.Key == "" {
		return s, fmt.Errorf("%q names no file: write s3://BUCKET/KEY, or gs://LANDING/NAME", address)
	}
	return s, nil
}

func runExplain(cmd *cobra.Command, o explainOptions, s object.Source) (err error) {
	c, err := openClients(cmd.Context(), o.config, o.local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if s.Store == object.GCS && s.Bucket != c.cfg.Landing {
		return usage(fmt.Errorf("gs://%s is not the landing bucket, gs://%s", s.Bucket, c.cfg.Landing), cmd)
	}
	x := &explain.Explainer{
		Config: c.cfg, Checker: c.checker(), Logs: c.bq, Grace: o.grace, Show: o.show,
		Open: func(ctx context.Context, e object.Event) (io.ReadCloser, error) {
			if e.Store == object.GCS {
				return c.gcs.OpenLive(ctx, e.Bucket, e.Key)
			}
			return c.s3.Open(ctx, e)
		},
	}
	e, err := x.Explain(cmd.Context(), s)
	if err != nil {
		return err
	}
	next := nextSteps(cmd, o, e)
	if o.json {
		err = explainJSON(cmd.OutOrStdout(), e, next)
	} else {
		p := &explainPrinter{out: cmd.OutOrStdout(), e: e, now: time.Now()}
		p.print(next)
	}
	if err == nil && e.Status.Difference() {
		return &exitError{err: fmt.Errorf("%s is %s", e.File, e.Status), code: exitInvalid}
	}
	return err
}

// nextSteps are the commands that a person may want to run now.
func nextSteps(cmd *cobra.Command, o explainOptions, e *explain.Explanation) (steps []string) {
	run := func(name string, more ...string) {
		steps = append(steps, commandLine(cmd, name, o.config, o.local)+" "+strings.Join(more, " "))
	}
	file := shellWord(e.File)
	s3 := strings.HasPrefix(e.File, "s3://")
	switch e.Status {
	case verify.Missing:
		if s3 {
			run("backfill", file)
		} else {
			run("verify", "--repair", file)
		}
	case verify.Deferred:
		run("backfill", "--direct", file)
	case verify.Unsettled:
		run("verify", "--repair", file)
	case verify.Rejected:
		steps = append(steps, "seneka preview "+localFlag(o.local)+"--format "+e.Format+" "+file)
		run("replay", "--file", file)
	case explain.Unmatched:
		steps = append(steps, "seneka config check "+shellWord(cmp.Or(o.config, configPath(nil))))
	case verify.Duplicated, verify.Short, verify.Unclaimed:
		steps = append(steps, "seneka query "+localFlag(o.local)+shellWord("SELECT loaded_at, COUNT(*) AS n FROM `"+e.Table+"` WHERE source_file = '"+strings.ReplaceAll(e.File, "'", `\'`)+"' GROUP BY 1"))
	}
	return steps
}

func localFlag(local string) string {
	if local == "" {
		return ""
	}
	return "--local " + shellWord(local) + " "
}
