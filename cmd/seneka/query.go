package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/bqquery"
)

func newQuery() *cobra.Command {
	var project, local string
	var asJSON, asCSV bool
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Run a query in BigQuery and print its result",
		Long: `Run one GoogleSQL query, in the real BigQuery or, with --local, in a local cloud.
Prints a table; --json an array of objects, --csv comma-separated values.

Exit codes: 0 done, 1 the query failed, 2 wrong command line.`,
		Example: `  seneka query --local ready.json "SELECT elb_status_code, COUNT(*) AS requests FROM logs.alb GROUP BY 1 ORDER BY 2 DESC"
  seneka query --project acme-logs --csv "SELECT * FROM logs.seneka_loads ORDER BY visible_at DESC LIMIT 20"`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			if asJSON && asCSV {
				return usage(errors.New("--json and --csv exclude each other"), cmd)
			}
			bq, err := openBigQuery(cmd.Context(), project, local)
			if err != nil {
				return err
			}
			defer bq.Close()
			rows, err := bq.Query(cmd.Context(), a[0])
			if err != nil {
				return err
			}
			show := printTable
			switch {
			case asJSON:
				show = printJSON
			case asCSV:
				show = printCSV
			}
			return show(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().StringVar(&project, "project", "", "project that pays for the query (GOOGLE_CLOUD_PROJECT)")
	cmd.Flags().StringVar(&local, "local", "", "ready file of a local cloud to ask instead of BigQuery")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array of objects")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print comma-separated values with a header")
	return cmd
}

// openBigQuery connects to the local cloud whose ready file is local, to the stand-in that
// BIGQUERY_EMULATOR_HOST names, or to BigQuery.
func openBigQuery(ctx context.Context, project, local string) (*bqquery.Client, error) {
	var opts []option.ClientOption
	if host := os.Getenv("BIGQUERY_EMULATOR_HOST"); host != "" {
		opts = bqquery.EmulatorOptions(host)
	}
	if local != "" {
		ready, err := readReady(local)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(ready.BigQuery)
		if err != nil {
			return nil, fmt.Errorf("ready file %s: bigquery: %w", local, err)
		}
		opts, project = bqquery.EmulatorOptions(u.Host), cmp.Or(project, localProject)
	}
	project = cmp.Or(project, os.Getenv("GOOGLE_CLOUD_PROJECT"))
	if project == "" {
		return nil, &exitError{err: errors.New("no project is named"), hint: "add --project NAME, set GOOGLE_CLOUD_PROJECT, or ask a local cloud with --local READY-FILE", code: exitUsage}
	}
	return bqquery.New(ctx, project, opts...)
}

// readReady reads the file that seneka local --ready-file writes.
func readReady(path string) (ready Ready, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Ready{}, hinted(err, "start a local cloud that writes it: seneka local --ready-file "+path)
	}
	if err := json.Unmarshal(data, &ready); err != nil {
		return Ready{}, fmt.Errorf("ready file %s: %w", path, err)
	}
	return ready, nil
}
