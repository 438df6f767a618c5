package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/format/suggest"
	"github.com/seneka-io/seneka/internal/spool"
)

// suggestOptions are the flags.
type suggestOptions struct {
	format, delimiter, local string
}

func newSuggest() *cobra.Command {
	o := suggestOptions{}
	cmd := &cobra.Command{
		Use:   "suggest FILE...",
		Short: "Propose a schema for JSON, CSV, TSV and Parquet files, to be edited",
		Long: `Read files (local, s3://BUCKET/KEY, gs://BUCKET/NAME, or - for standard input) and print a BigQuery JSON schema that takes
what they hold: a proposal. Read it, correct types and add descriptions before a source names it: what the files happened
to hold is not what the next one will. Notes on what was left out go to standard error.

JSON objects give nested columns. The first row of a CSV or TSV file names the columns; a column has a type if all of its
values do, and is STRING otherwise. Of several files the columns are those of all. A Parquet file says its columns itself: they
are printed.

Exit codes: 0 done, 1 a file could not be read or is of another kind, 2 wrong command line.`,
		Example: `  seneka schema suggest app.log.gz > schemas/app.json
  seneka schema suggest s3://acme-exports/orders/1.csv s3://acme-exports/orders/2.csv`,
		Args: args(cobra.MinimumNArgs(1), "at least one file"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if o.format != "" && !formats.Known()[o.format] {
				return usage(fmt.Errorf("--format takes csv, ndjson, parquet or tsv, and not %s", o.format), cmd)
			}
			if len(o.delimiter) > 1 {
				return usage(errors.New("--delimiter takes one sign"), cmd)
			}
			if err := useLocal(o.local); err != nil {
				return err
			}
			return runSuggest(cmd, o, files)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "", "`FORMAT` of the files: csv, ndjson, parquet or tsv; found by their first bytes if not given")
	f.StringVar(&o.delimiter, "delimiter", "", "`SIGN` between the fields of csv; found by the first line if not given")
	f.StringVar(&o.local, "local", "", "read s3:// and gs:// in the local cloud that wrote this ready `FILE`")
	return cmd
}

func runSuggest(cmd *cobra.Command, o suggestOptions, files []string) error {
	p := suggest.New()
	kind := ""
	for _, name := range files {
		found, err := suggestFrom(cmd, o, p, name)
		if err == nil && kind != "" && found != kind {
			err = fmt.Errorf("its format is %s, and that of the files before it %s: propose a schema for each alone", found, kind)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		kind = found
	}
	return printProposal(cmd, p)
}

// suggestFrom adds what a file holds to the proposal, and returns its format.
func suggestFrom(cmd *cobra.Command, o suggestOptions, p *suggest.Proposal, name string) (kind string, err error) {
	plain, err := openPlain(cmd.Context(), name, cmd.InOrStdin())
	if err != nil {
		return "", err
	}
	defer plain.Close()
	buffered := bufio.NewReaderSize(plain, formats.Head)
	head, err := buffered.Peek(formats.Head)
	if err != nil && err != io.EOF {
		return "", err
	}
	if kind = o.format; kind == "" {
		if kind, err = kindOf(name, head); err != nil {
			return "", err
		}
	}
	switch {
	case kind == "ndjson":
		return kind, p.JSON(buffered)
	case o.delimiter == "" && kind == "csv":
		o.delimiter = string(suggest.Delimiter(head))
		if o.delimiter != "," {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: its fields are parted by %q: say csv: {delimiter: %q} in the source\n", name, o.delimiter, o.delimiter)
		}
	}
	return kind, suggestColumns(o, p, kind, buffered)
}

// suggestColumns adds what a file holds that says its columns itself.
func suggestColumns(o suggestOptions, p *suggest.Proposal, kind string, r io.Reader) error {
	f, _ := formats.Lookup(kind)
	d := format.Declaration{CSV: format.CSV{Header: format.HeaderPresent}}
	if o.delimiter != "" {
		d.CSV.Delimiter = o.delimiter[0]
	}
	f, err := f.Declare(d)
	if err != nil {
		return err
	}
	var kept spool.Spool
	defer kept.Close()
	f, r, err = inspect(f, r, format.Options{Spool: kept.Keep})
	switch {
	case err != nil:
		return err
	case kind == "parquet":
		p.Columns(f)
		return nil
	default:
		return p.Rows(f, r)
	}
}

// kindOf returns the format of a file whose columns a schema may say, by its first bytes.
func kindOf(name string, head []byte) (string, error) {
	if text := bytes.TrimLeft(head, "\ufeff \t\r\n"); len(text) == 0 || text[0] == '{' || text[0] == '[' {
		return "ndjson", nil
	}
	f, why, err := formats.Detect(name, head)
	switch {
	case err != nil && suggest.Delimiter(head) != ',':
		return "csv", nil
	case err != nil:
		return "", errors.New("it is neither JSON nor Parquet, and its first line is no header of CSV: name its format with --format")
	case f.Declare == nil:
		return "", fmt.Errorf("its format is %s (%s), which brings its own columns: see seneka schema %s", f.Name, why, f.Name)
	}
	return f.Name, nil
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
	if _, err := cmd.OutOrStdout().Write(data); err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), n)
	}
	if p.Records == 0 { // Parquet
		return nil
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "proposed from %d records: check the types, add descriptions, and name the file as schema: of a source\n", p.Records)
	return err
}
