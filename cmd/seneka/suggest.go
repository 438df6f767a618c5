package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/format/suggest"
)

func newSuggest() *cobra.Command {
	var local string
	cmd := &cobra.Command{
		Use:   "suggest FILE...",
		Short: "Propose a schema for JSON logs, to be edited",
		Long: `Read files of JSON objects (local, s3://BUCKET/KEY, gs://BUCKET/NAME, or - for standard input) and print a BigQuery JSON
schema that takes what they hold: a proposal. Read it, correct types and add descriptions before a source names it: what
the files happened to hold is not what the next one will. Notes on what was left out go to standard error.

Exit codes: 0 done, 1 a file could not be read or is no JSON, 2 wrong command line.`,
		Example: `  seneka schema suggest app.log.gz > schemas/app.json
  seneka schema suggest s3://acme-app-logs/web/1.json.gz s3://acme-app-logs/web/2.json.gz`,
		Args: args(cobra.MinimumNArgs(1), "at least one file"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := useLocal(local); err != nil {
				return err
			}
			p := suggest.New()
			for _, name := range files {
				if err := suggestFrom(cmd, p, name); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return printProposal(cmd, p)
		},
	}
	cmd.Flags().StringVar(&local, "local", "", "read s3:// and gs:// in the local cloud that wrote this ready `FILE`")
	return cmd
}

func suggestFrom(cmd *cobra.Command, p *suggest.Proposal, name string) error {
	plain, err := openPlain(cmd.Context(), name, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer plain.Close()
	return p.JSON(plain)
}

func printProposal(cmd *cobra.Command, p *suggest.Proposal) error {
	columns, notes := p.Schema()
	if len(columns) == 0 {
		return fmt.Errorf("%d records were read, and no member of them can be a column", p.Records)
	}
	data, err := columns.JSON()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", data); err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), n)
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "proposed from %d records: check the types, add descriptions, and name the file as schema: of a source\n", p.Records)
	return err
}
