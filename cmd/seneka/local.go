package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/localcloud"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
)

// localProject is what the local cloud's project is called.
const localProject = localcloud.Project

func newLocal() *cobra.Command {
	o := stackOptions{Ports: localcloud.Ports{S3: 9000, SQS: 9324, GCS: 4443, PubSub: 8085, BigQuery: 9050, BigQueryStorage: 9060}, LoaderPort: 8080}
	dashboardPort := 8090
	var readyFile string
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the whole pipeline on this machine, with no cloud account",
		Long: `Run stand-ins of S3, SQS, GCS, Pub/Sub and BigQuery on loopback, and the
forwarder and the loader against them, until Ctrl-C. The dashboard, a page for
your browser, shows what happens. Ordinary clients work: aws --endpoint-url,
gcloud storage, bq --api. It proves the pipeline and teaches the tables; it does
not measure BigQuery.

Without --config, load balancer logs put into s3://` + defaultBucket + ` go into the table
logs.alb: what ends in .log, or compressed in .log.gz. So do those put straight
into the landing bucket, gs://seneka-landing.

Exit codes: 0 stopped, 1 could not run, 2 wrong command line.`,
		Example: `  seneka local --data ./state --ready-file ready.json
  seneka local --only-cloud --push-endpoint http://127.0.0.1:8080`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.OnlyCloud && o.PushEndpoint == "" {
				return usage(errors.New("--only-cloud needs --push-endpoint, the loader's URL"), cmd)
			}
			if o.PushEndpoint != "" && !o.OnlyCloud {
				return usage(errors.New("--push-endpoint goes with --only-cloud"), cmd)
			}
			o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return runLocal(cmd.Context(), cmd.OutOrStdout(), o, dashboardPort, readyFile)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", "", "keep the state in this `DIR`; without it, it is removed in the end")
	f.StringVar(&o.Config, "config", "", "use the sources and buckets of this `FILE`")
	f.StringVar(&readyFile, "ready-file", "", "write the endpoints to this `FILE`, as JSON, once all is up")
	f.BoolVar(&o.OnlyCloud, "only-cloud", false, "run the stand-ins alone, no forwarder and loader")
	f.StringVar(&o.PushEndpoint, "push-endpoint", "", "with --only-cloud, push to the loader at this `URL`")
	for _, p := range []struct {
		name string
		port *int
	}{
		{"s3", &o.Ports.S3}, {"sqs", &o.Ports.SQS}, {"gcs", &o.Ports.GCS}, {"pubsub", &o.Ports.PubSub},
		{"bigquery", &o.Ports.BigQuery}, {"bigquery-storage", &o.Ports.BigQueryStorage}, {"loader", &o.LoaderPort},
		{"dashboard", &dashboardPort},
	} {
		f.Var(port{p.port}, p.name+"-port", "`PORT` of "+p.name+", 0 for a free one")
	}
	return cmd
}

// runLocal runs a local cloud until ctx ends.
func runLocal(ctx context.Context, out io.Writer, o stackOptions, dashboardPort int, readyFile string) (err error) {
	state := o.Data
	if state == "" {
		if o.Data, err = os.MkdirTemp("", "seneka-local-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Data)) }()
		state = o.Data + "\n                    removed in the end; keep it with --data DIR"
	}
	s, err := startStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.startDashboard(ctx, dashboardPort); err != nil {
		return err
	}
	if readyFile == "" {
		readyFile = filepath.Join(o.Data, "ready.json")
	}
	if err := s.Ready.Write(readyFile); err != nil {
		return err
	}
	printEndpoints(out, s.Ready, state, readyFile, newExample(o, s.cfg))
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.Failed:
		return err
	}
}

// printEndpoints says where everything is and what to try.
func printEndpoints(out io.Writer, r readyfile.Ready, state, readyFile string, sample example) {
	fmt.Fprintf(out, `The local cloud is up. Stop it with Ctrl-C.

  dashboard         %s   open it in a browser

  S3                %s   bucket %s
  SQS               %s   queue %s
  GCS               %s
  Pub/Sub           %s   gRPC
  BigQuery          %s   project %s
  BigQuery Storage  %s   gRPC
  loader            %s
  configuration     %s
  state             %s

Try it in another terminal:

  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
  export AWS_DEFAULT_REGION=us-east-1
  aws --endpoint-url %s s3 cp \
    %s s3://%s/%s

  bq --api %s --project_id=%s --oauth_access_token=local \
    query --nouse_legacy_sql 'SELECT COUNT(*) AS all_lines FROM %s'

  %s query --local %s \
    'SELECT source_file, COUNT(*) AS n FROM %s GROUP BY 1 ORDER BY 2 DESC'

`, r.Dashboard, r.S3, r.S3Bucket, r.SQS, path.Base(r.QueueURL), r.GCS, r.PubSub, r.BigQuery, r.Project, r.BigQueryStorage, r.Loader, r.Config, state,
		r.S3, sample.file, r.S3Bucket, sample.key, r.BigQuery, r.Project, sample.table, os.Args[0], readyFile, sample.table)
}

// example is what the commands to try put, and where they look for it.
type example struct{ file, key, table string }

// newExample returns a sample of this repository for the default configuration, and what is to be
// filled in for any other.
func newExample(o stackOptions, cfg *config.Config) example {
	if o.Config == "" {
		return example{"testdata/alb/vrl.log", "my-load-balancer.log", cfg.Sources[0].Table}
	}
	table := cfg.Sources[0].Table
	if dataset, name, _ := strings.Cut(table, "."); strings.Contains(name, "{") {
		table = dataset + ".seneka_rejects" // which one the file goes to, its key says
	}
	return example{"FILE", "KEY", table}
}
