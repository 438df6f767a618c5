package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/doctor"
	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/gcpproject"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/pubsubqueue"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/sqsqueue"
)

// doctorOptions are the flags.
type doctorOptions struct {
	config, local, as string
	json, all         bool
	limit             time.Duration
}

func newDoctor() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check how a deployment is set up, and say what to mend",
		Long: `Look at the queue, the buckets, topic and subscriptions, tables, permissions and APIs of a deployment, and say what is
not as it should be: what, where, what follows from it, and how it is mended. Problems stand first. It only reads.

What cannot be told from here, for lack of permission or because a stand-in has no such service, is skipped, and says
why. docs/security.md lists what a person needs for all of it.

Permissions are those of whoever runs it: what this account lacks of what forwarder and loader need is a note. With
--as forwarder or --as loader, run as that account, it is a problem. Google's are impersonated by
  gcloud auth application-default login --impersonate-service-account=ACCOUNT

Exit codes: 0 no problem, 1 could not run, 2 wrong command line, 3 there are problems.`,
		Example: `  seneka doctor --config gs://acme-seneka-config/seneka.yaml
  seneka doctor --local ready.json
  seneka doctor --as loader --json`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.as != "" && o.as != doctor.Forwarder && o.as != doctor.Loader:
				return usage(errors.New("--as takes forwarder or loader"), cmd)
			case o.limit <= 0:
				return usage(errors.New("--limit takes a time such as 15s"), cmd)
			}
			return runDoctor(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.as, "as", "", "`ACCOUNT` that this is run as: forwarder or loader")
	f.DurationVar(&o.limit, "limit", 15*time.Second, "how long to wait for the answer to one question")
	f.BoolVar(&o.all, "all", false, "show each check that is well, too")
	f.BoolVar(&o.json, "json", false, "print an array of objects, one for each check")
	addClientFlags(f, &o.config, &o.local)
	return cmd
}

func runDoctor(cmd *cobra.Command, o doctorOptions) (err error) {
	ctx := cmd.Context()
	clients, err := openClients(ctx, o.config, o.local)
	if results, invalid := doctor.Invalid(err); invalid {
		return showDoctor(cmd.OutOrStdout(), results, o)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clients.Close()) }()
	d, release, err := clients.deployment(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	seen, err := doctor.Look(ctx, d)
	if err != nil {
		return err
	}
	return showDoctor(cmd.OutOrStdout(), doctor.Judge(seen), o)
}

// deployment returns what there is to look at, and what closes the clients that were opened for it.
func (c *clients) deployment(ctx context.Context, o doctorOptions) (d *doctor.Deployment, release func() error, err error) {
	alive := context.WithoutCancel(ctx)
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the AWS settings: %w", err)
	}
	formats, err := loader.Formats(ctx, c.cfg, openGCS)
	if err != nil {
		return nil, nil, err
	}
	visibility, err := config.Number(os.Getenv, "SENEKA_VISIBILITY_SECONDS", 30, 2, 43200)
	if err != nil {
		return nil, nil, err
	}
	pubsub, err := pubsubqueue.New(alive)
	if err != nil {
		return nil, nil, err
	}
	queue := sqsqueue.New(aws, c.cfg.Queue)
	d = &doctor.Deployment{
		Config: c.cfg, Formats: formats, Visibility: time.Duration(visibility) * time.Second, As: o.as, Limit: o.limit,
		Queue: queue.Describe,
		QueueOf: func(ctx context.Context, arn string) (facts.Queue, error) {
			other, err := queue.Other(ctx, arn)
			if err != nil {
				return facts.Queue{}, err
			}
			return other.Describe(ctx)
		},
		SourceBucket: c.s3.Bucket, Bucket: c.gcs.Bucket, Topic: pubsub.Topic, Subscription: pubsub.Subscription,
		Dataset: c.bq.DatasetLocation, Table: c.bq.Table, View: c.bq.View, RowPolicies: c.bq.RowPolicies, SourceTables: c.bq.SourceTables,
		Clock: func(ctx context.Context) (service, here time.Time, err error) { return c.gcs.Clock(ctx, storageURL()) },
	}
	d.Permissions = c.permissions()
	release = pubsub.Close
	if os.Getenv("BIGQUERY_EMULATOR_HOST") != "" {
		return d, release, nil // stand-ins have no APIs of the project
	}
	project, err := gcpproject.New(alive)
	if err != nil {
		return nil, nil, errors.Join(err, release())
	}
	d.Lineage = func(ctx context.Context) (bool, error) {
		return project.Enabled(ctx, c.cfg.Project, "datalineage.googleapis.com")
	}
	d.Permissions = append(d.Permissions, c.tablePermissions(project)...)
	return d, func() error { return errors.Join(project.Close(), pubsub.Close()) }, nil
}

// storageURL is where Cloud Storage is asked for the time.
func storageURL() string {
	host := os.Getenv("STORAGE_EMULATOR_HOST")
	switch {
	case host == "":
		return "https://storage.googleapis.com/"
	case strings.Contains(host, "://"):
		return host
	default:
		return (&url.URL{Scheme: "http", Host: host, Path: "/"}).String()
	}
}

// What the programs need, as docs/security.md says.
var (
	landingWrites = []string{"storage.objects.create", "storage.objects.delete", "storage.objects.get"}
	tableWrites   = []string{"bigquery.tables.get", "bigquery.tables.getData", "bigquery.tables.update", "bigquery.tables.updateData"}
)

// permissions returns the questions for what this account lacks on buckets.
func (c *clients) permissions() []doctor.Permission {
	bucket := func(whose, name string, permissions ...string) doctor.Permission {
		return doctor.Permission{Whose: whose, On: "gs://" + name, Lacks: func(ctx context.Context) ([]string, error) { return c.gcs.Lacks(ctx, name, permissions) }}
	}
	list := []doctor.Permission{
		bucket(doctor.Forwarder, c.cfg.Landing, landingWrites...), bucket(doctor.Forwarder, c.cfg.Ledger, "storage.objects.create"),
		bucket(doctor.Loader, c.cfg.Landing, "storage.objects.get"), bucket(doctor.Loader, c.cfg.Ledger, landingWrites...),
	}
	for i := range c.cfg.Sources {
		s := &c.cfg.Sources[i]
		name, prefix, named := doctor.Keys(s)
		if s.Match.Store() == object.S3 && named {
			list = append(list, doctor.Permission{Whose: doctor.Forwarder, On: "s3://" + name + "/" + prefix, Lacks: func(ctx context.Context) ([]string, error) { return c.s3.Lacks(ctx, name, prefix) }})
		}
	}
	return list
}

// tablePermissions returns the questions for what this account lacks in BigQuery.
func (c *clients) tablePermissions(project *gcpproject.Client) []doctor.Permission {
	list := []doctor.Permission{{Whose: doctor.Loader, On: "project " + c.cfg.Project, Lacks: func(ctx context.Context) ([]string, error) {
		return project.Lacks(ctx, c.cfg.Project, []string{"bigquery.jobs.create"})
	}}}
	known := map[string]bool{}
	for i := range c.cfg.Sources {
		dataset, name, _ := strings.Cut(c.cfg.Sources[i].Table, ".")
		if strings.Contains(name, "{") || known[dataset+"."+name] {
			continue
		}
		known[dataset+"."+name] = true
		t := row.Table{Project: c.cfg.Project, Dataset: dataset, Name: name}
		list = append(list, doctor.Permission{Whose: doctor.Loader, On: t.String(), Lacks: func(ctx context.Context) ([]string, error) { return c.bq.Lacks(ctx, t, tableWrites) }})
	}
	return list
}

// showDoctor prints the results, and returns the error that gives the exit code.
func showDoctor(out io.Writer, results []doctor.Result, o doctorOptions) error {
	n := doctor.Count(results)
	if o.json {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(results); err != nil {
			return err
		}
	} else {
		printDoctor(out, results, o.all)
		fmt.Fprintf(out, "%d checks: %d with problems, %d with notes, %d skipped, %d ok\n", len(results), n[doctor.Problem], n[doctor.Note], n[doctor.Skipped], n[doctor.OK])
	}
	if n[doctor.Problem] > 0 {
		return &exitError{err: fmt.Errorf("%d of %d checks found problems", n[doctor.Problem], len(results)), hint: "mend what is said behind fix, and run it again", code: exitInvalid}
	}
	return nil
}

// printDoctor prints the results for people: findings whole, what is skipped with its reason, and what is
// well by name.
func printDoctor(out io.Writer, results []doctor.Result, all bool) {
	var well []string
	for _, r := range results {
		for _, f := range r.Findings {
			fmt.Fprintf(out, "%-8s %s: %s\n         %s\n         so:  %s\n         fix: %s\n\n", strings.ToUpper(string(f.State)), r.Check, visible(f.Where), visible(f.What), f.So, visible(f.Fix))
		}
		for _, why := range r.Skipped {
			fmt.Fprintf(out, "%-8s %s: %s\n", doctor.Skipped, r.Check, visible(why))
		}
		switch {
		case r.State == doctor.OK && all:
			fmt.Fprintf(out, "%-8s %s: %s\n", doctor.OK, r.Check, r.Looks)
		case r.State == doctor.OK:
			well = append(well, r.Check)
		}
	}
	if len(well) > 0 {
		fmt.Fprintf(out, "%-8s %s\n", doctor.OK, strings.Join(well, ", "))
	}
}
