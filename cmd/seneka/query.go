package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
)

func newQuery() *cobra.Command {
	var project, local string
	var asJSON, asCSV bool
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Run a query in BigQuery and print its result",
		Long: `Run one GoogleSQL query, in the real BigQuery or, with --local, in a local
cloud. Prints a table, or where a terminal is too narrow for it, a list of each
row's columns; with --json an array of objects, with --csv comma-separated
values. For - it reads the query from standard input.

Exit codes: 0 done, 1 the query failed, 2 wrong command line.`,
		Example: `  seneka query --local ready.json 'SELECT elb, COUNT(*) AS n FROM logs.alb GROUP BY 1'
  seneka query --project acme-logs --csv 'SELECT * FROM logs.seneka_freshness'`,
		Args: args(cobra.ExactArgs(1), "one SQL statement, in quotes"),
		RunE: func(cmd *cobra.Command, a []string) error {
			sql, err := statement(cmd, a[0])
			if err != nil {
				return err
			}
			if strings.TrimSpace(sql) == "" {
				return usage(errors.New("the SQL statement is empty"), cmd)
			}
			if asJSON && asCSV {
				return usage(errors.New("--json and --csv exclude each other"), cmd)
			}
			bq, err := openBigQuery(cmd.Context(), project, local)
			if err != nil {
				return err
			}
			defer bq.Close()
			rows, err := bq.Query(cmd.Context(), sql)
			if err != nil {
				return plainly(err)
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
	cmd.Flags().StringVar(&project, "project", "", "`PROJECT` that pays for the query (GOOGLE_CLOUD_PROJECT)")
	cmd.Flags().StringVar(&local, "local", "", "ask the local cloud that wrote this ready `FILE`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array of objects")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print comma-separated values with a header")
	return cmd
}

// maxQuery is the longest query that BigQuery takes, in characters.
// https://cloud.google.com/bigquery/quotas#query_jobs
const maxQuery = 1 << 20

// statement returns the query that an argument gives, or for - standard input.
func statement(cmd *cobra.Command, arg string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	sql, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxQuery+1))
	if err != nil {
		return "", fmt.Errorf("read the query: %w", err)
	}
	if len(sql) > maxQuery {
		return "", fmt.Errorf("the query is over %d characters long, more than BigQuery takes", maxQuery)
	}
	return string(sql), nil
}

// plainly leaves out of an error of BigQuery's what says nothing to the person who wrote the query.
func plainly(err error) error {
	var api *googleapi.Error
	if errors.As(err, &api) && api.Message != "" {
		return fmt.Errorf("BigQuery: %s", api.Message)
	}
	return err
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
		host := readyfile.HostOf(ready.BigQuery)
		if host == "" {
			return nil, fmt.Errorf("ready file %s: bigquery is %q, not a URL", local, ready.BigQuery)
		}
		opts, project = bqquery.EmulatorOptions(host), cmp.Or(project, localProject)
	}
	project = cmp.Or(project, os.Getenv("GOOGLE_CLOUD_PROJECT"))
	if project == "" {
		return nil, &exitError{err: errors.New("no project is named"), hint: "add --project NAME, set GOOGLE_CLOUD_PROJECT, or ask a local cloud with --local READY-FILE", code: exitUsage}
	}
	return bqquery.New(ctx, project, opts...)
}

// readReady reads the file that seneka local --ready-file writes.
func readReady(path string) (readyfile.Ready, error) {
	ready, err := readyfile.Read(path)
	if unread := (*fs.PathError)(nil); errors.As(err, &unread) {
		return ready, hinted(err, "start a local cloud that writes it: seneka local --ready-file "+path)
	}
	return ready, err
}
