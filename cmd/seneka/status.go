package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/backfill"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/dashboard"
	"github.com/seneka-io/seneka/internal/monitoring"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/report"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/sqsqueue"
)

// statusOptions are the flags.
type statusOptions struct {
	config, local, source, since string
	subscription, dead           string
	watch, json, checkS3, named  bool
	interval                     time.Duration
	limits                       report.Limits
}

// Names of the subscriptions unless flags say others: those of the local cloud.
const (
	loaderSubscription = "seneka-loader"
	deadSubscription   = "seneka-dead-letter"
)

func newStatus() *cobra.Command {
	o := statusOptions{limits: report.DefaultLimits}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is loaded, what waits and what needs attention",
		Long: `Show each source over the last hour and day: files, rows, rejects, bytes, seconds from S3 put to queryable (of the
files that came by an event; a backfill's do not count), and the files that are not loaded. Then what waits in SQS
and Pub/Sub, what they have given up, and how many write streams were made of the 10,000 that a project has in an
hour and region. What needs attention stands first, each with the command to run next.

Not loaded are files whose last load, since --since, was rejected or deferred: the load log knows them. A file that
no loader was told of stands in no log. --check-s3 finds those too: it lists what lies in S3 since yesterday, by the
dates in the folders of the keys where there are some, else all of it, which costs a LIST request for every thousand
files, and counts as late what was put longer ago than --slow.

What waits in Pub/Sub is known to Cloud Monitoring alone, some minutes late; that needs roles/monitoring.viewer and the
names of the subscriptions. The rest needs what seneka query needs, and sqs:GetQueueAttributes and sqs:GetQueueUrl.
Each look is a handful of queries of the load log's partitions since --since. It reads only.

With --watch it looks again every --interval: in place on a terminal, a line each elsewhere.

Exit codes: 0 fine, 1 could not look, 2 wrong command line, 3 something needs attention. With --watch those of the
last look.`,
		Example: `  seneka status --local ready.json
  seneka status --source alb --json
  seneka status --watch --check-s3`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.interval < time.Second {
				return usage(errors.New("--interval takes 1s or more"), cmd)
			}
			o.named = cmd.Flags().Changed("subscription") || cmd.Flags().Changed("dead-subscription")
			return runStatus(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", "only the source of this `NAME`")
	f.StringVar(&o.since, "since", "7d", "look so far back for files that are not loaded: a time, or an age such as 36h")
	f.BoolVar(&o.watch, "watch", false, "look again and again, until Ctrl-C")
	f.DurationVar(&o.interval, "interval", 30*time.Second, "with --watch, the time between two looks")
	f.BoolVar(&o.checkS3, "check-s3", false, "list S3 for files that no loader was told of")
	f.DurationVar(&o.limits.Slow, "slow", o.limits.Slow, "longer than this a file should not take")
	f.StringVar(&o.subscription, "subscription", loaderSubscription, "`NAME` of the loader's subscription")
	f.StringVar(&o.dead, "dead-subscription", deadSubscription, "`NAME` of the subscription to the dead letters")
	f.BoolVar(&o.json, "json", false, "print a JSON object, with --watch one a line")
	addClientFlags(f, &o.config, &o.local)
	completeSources(cmd, &o.config, &o.local)
	return cmd
}

// runStatus looks once, or until it is stopped.
func runStatus(cmd *cobra.Command, o statusOptions) (err error) {
	ctx := cmd.Context()
	if _, err := backfill.ParseTime(o.since, time.Now(), false); err != nil {
		return usage(fmt.Errorf("--since: %w", err), cmd)
	}
	c, err := openClients(ctx, o.config, o.local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.knowsSource(cmd, o.source); err != nil {
		return err
	}
	o.limits.Flags = sameFlags(o.config, o.local)
	look := &looker{clients: c, o: o}
	if !o.watch {
		s, err := look.at(ctx, time.Now())
		if err != nil {
			return err
		}
		return errors.Join(printStatus(cmd.OutOrStdout(), s, o), attention(s))
	}
	return watch(cmd, look)
}

// attention is the exit code of a status that needs some.
func attention(s *report.Status) error {
	if n := len(s.Attention); n > 0 {
		of := "things need"
		if n == 1 {
			of = "thing needs"
		}
		return &exitError{err: fmt.Errorf("%d %s attention", n, of), code: exitInvalid}
	}
	return nil
}

// watch looks again and again until ctx ends. A look that fails is told, and does not end it unless it
// is the first.
func watch(cmd *cobra.Command, look *looker) error {
	ctx := cmd.Context()
	screen := newScreen(cmd.OutOrStdout(), look.o.json)
	var last error
	for first := true; ; first = false {
		s, err := look.at(ctx, time.Now())
		switch {
		case ctx.Err() != nil:
			return last
		case err != nil && first:
			return err
		case err != nil:
			last = err
			screen.failed(err)
		default:
			last = attention(s)
			if err := screen.show(s, look.o); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(look.o.interval):
		}
	}
}

// sameFlags are the flags that make another command speak of the same deployment.
func sameFlags(config, local string) (flags string) {
	if config != "" {
		flags += " --config " + report.Quote(config)
	}
	if local != "" {
		flags += " --local " + report.Quote(local)
	}
	return flags
}

// knowsSource refuses the name of a source that the configuration has not.
func (c *clients) knowsSource(cmd *cobra.Command, name string) error {
	if name == "" {
		return nil
	}
	names := sourceNames(c.cfg)
	if slices.Contains(names, name) {
		return nil
	}
	return usage(fmt.Errorf("the configuration has no source %q; it has %s", name, strings.Join(names, ", ")), cmd)
}

// loadLogs returns the load logs that the sources' loads are written to.
func (c *clients) loadLogs() []row.Table { return logsOf(datasets(c.cfg, c.cfg.Project)) }

// logsOf returns the load logs of datasets, project.dataset each.
func logsOf(datasets []string) []row.Table {
	logs := make([]row.Table, len(datasets))
	for i, d := range datasets {
		project, dataset, _ := strings.Cut(d, ".")
		logs[i] = load.LogTable(row.Table{Project: project, Dataset: dataset})
	}
	return logs
}

// looker makes statuses.
type looker struct {
	*clients
	o statusOptions
}

// at looks at everything. Without the load log there is no status; what else cannot be asked is not
// known, and says why.
func (l *looker) at(ctx context.Context, now time.Time) (*report.Status, error) {
	since, err := backfill.ParseTime(l.o.since, now, false)
	if err != nil {
		return nil, err
	}
	q := report.Question{Logs: l.loadLogs(), Since: since, Until: now, Source: l.o.source}
	s, err := report.ReadStatus(ctx, l.bq, q, sourceNames(l.cfg))
	if err != nil {
		return nil, err
	}
	s.Queue = l.queueDepth(ctx)
	s.Push = l.pushDepth(ctx, now)
	if l.o.checkS3 {
		if s.Missing, err = l.missing(ctx, now); err != nil {
			return nil, err
		}
	}
	s.Judge(l.o.limits)
	return s, nil
}

// queueDepth asks SQS.
func (l *looker) queueDepth(ctx context.Context) report.Depth {
	d := report.Depth{Name: path.Base(l.cfg.Queue)}
	unknown := func(err error) report.Number { return report.Number{Unknown: err.Error(), Asked: true} }
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		d.Waiting, d.InFlight, d.Dead = unknown(err), unknown(err), unknown(err)
		return d
	}
	queue := sqsqueue.New(aws, l.cfg.Queue)
	f, err := queue.Describe(ctx)
	if err != nil {
		d.Waiting, d.InFlight, d.Dead = unknown(err), unknown(err), unknown(err)
		return d
	}
	d.Waiting.N, d.InFlight.N = int64(f.Waiting), int64(f.InFlight)
	if f.DeadLetters == "" {
		d.Dead = unknown(errors.New("the queue has no dead-letter queue: a message that cannot be handled comes again for ever"))
		return d
	}
	dead, err := queue.Other(ctx, f.DeadLetters)
	if err == nil {
		f, err = dead.Describe(ctx)
	}
	if err != nil {
		d.Dead = unknown(err)
		return d
	}
	d.Dead.N = int64(f.Waiting) + int64(f.InFlight)
	return d
}

// pushDepth asks who knows what lies in Pub/Sub.
func (l *looker) pushDepth(ctx context.Context, now time.Time) report.Depth {
	switch {
	case l.o.local != "":
		return localDepth(ctx, l.o.local)
	case os.Getenv("BIGQUERY_EMULATOR_HOST") != "":
		unknown := report.Number{Unknown: "a stand-in does not say; of a local cloud --local READY-FILE does"}
		return report.Depth{Waiting: unknown, InFlight: unknown, Dead: unknown}
	}
	d := report.Depth{Name: l.o.subscription, InFlight: report.Number{Unknown: "Pub/Sub counts it among those that wait"}}
	client, err := monitoring.New(ctx, l.cfg.Project)
	if err != nil {
		unknown := report.Number{Unknown: err.Error(), Asked: l.o.named}
		d.Waiting, d.Dead = unknown, unknown
		return d
	}
	defer func() { _ = client.Close() }()
	for name, into := range map[string]*report.Number{l.o.subscription: &d.Waiting, l.o.dead: &d.Dead} {
		n, err := client.Undelivered(ctx, name, now)
		if err != nil {
			// Of a name that nobody gave, not to be there is no fault.
			*into = report.Number{Unknown: err.Error(), Asked: l.o.named || !errkind.Is(err, errkind.NotFound)}
			continue
		}
		into.N = n
	}
	return d
}

// localDepth asks the page of a local cloud.
func localDepth(ctx context.Context, readyFile string) report.Depth {
	d, err := askDashboard(ctx, readyFile)
	if err != nil {
		unknown := report.Number{Unknown: err.Error(), Asked: true}
		return report.Depth{Waiting: unknown, InFlight: unknown, Dead: unknown}
	}
	number := func(n int) report.Number { return report.Number{N: int64(n)} }
	return report.Depth{Name: loaderSubscription, Waiting: number(d.Waiting), InFlight: number(d.InFlight), Dead: number(d.Dead)}
}

func askDashboard(ctx context.Context, readyFile string) (d dashboard.Depth, err error) {
	ready, err := readReady(readyFile)
	if err != nil {
		return d, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ready.Dashboard+"/api/state", nil)
	if err != nil {
		return d, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return d, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return d, fmt.Errorf("the local cloud's page answers %s", resp.Status)
	}
	var state dashboard.State
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		return d, fmt.Errorf("the local cloud's page: %w", err)
	}
	return state.Push, nil
}

// missing lists S3 and asks the load log what of it is not loaded.
func (l *looker) missing(ctx context.Context, now time.Time) (*report.Missing, error) {
	m := &report.Missing{Since: now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)}
	places, unlisted := s3Places(l.cfg, l.o.source)
	m.Unlisted = unlisted
	for _, place := range places {
		job := backfill.Job{Bucket: place.Bucket, Prefix: place.Key, Since: m.Since}
		plan, err := l.planner().Plan(ctx, job, "")
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", job.URL(), err)
		}
		m.Requests += int64(plan.Requests)
		for _, s := range plan.Sources {
			if l.o.source == "" || s.Source == l.o.source {
				m.Listed += int64(s.Found.Files)
			}
		}
		for _, f := range plan.Files {
			if l.o.source == "" || f.Target.Source == l.o.source {
				m.Add(f.Source.String(), f.Time, now.Add(-l.o.limits.Slow))
			}
		}
	}
	return m, nil
}

// s3Places returns what to list for the files of a source, or of all: each bucket with what the keys
// begin with, none twice. Sources of buckets that a pattern does not name in full cannot be listed.
func s3Places(cfg *config.Config, source string) (places []object.Source, unlisted []string) {
	for _, s := range cfg.Sources {
		if s.Match.Store() != object.S3 || source != "" && s.Name != source {
			continue
		}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(s.Match.String(), "s3://"), "/")
		if strings.ContainsAny(bucket, "*?{") {
			unlisted = append(unlisted, s.Name)
			continue
		}
		if i := strings.IndexAny(key, "*?{"); i >= 0 {
			key = key[:i]
		}
		places = append(places, object.Source{Bucket: bucket, Key: key})
	}
	// What begins alike stands together, the shortest first.
	slices.SortFunc(places, func(a, b object.Source) int {
		return cmp.Or(strings.Compare(a.Bucket, b.Bucket), strings.Compare(a.Key, b.Key))
	})
	var apart []object.Source
	for _, p := range places {
		if n := len(apart) - 1; n < 0 || apart[n].Bucket != p.Bucket || !strings.HasPrefix(p.Key, apart[n].Key) {
			apart = append(apart, p)
		}
	}
	return apart, unlisted
}
