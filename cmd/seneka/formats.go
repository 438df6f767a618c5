package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

func newFormats() *cobra.Command {
	return &cobra.Command{
		Use:   "formats [FORMAT]",
		Short: "List the log formats, or one format's columns",
		Long: `List the formats that a source of the configuration can name, or the columns of the tables of one, with what they mean.

Exit codes: 0 done, 2 there is no such format.`,
		Example: `  seneka formats
  seneka formats alb`,
		Args: args(cobra.MaximumNArgs(1), "one format"),
		RunE: func(cmd *cobra.Command, a []string) error {
			if len(a) == 0 {
				return listFormats(cmd.OutOrStdout())
			}
			f, err := lookupFormat(cmd, a[0])
			if err != nil {
				return err
			}
			return listColumns(cmd.OutOrStdout(), f)
		},
	}
}

// lookupFormat returns the format of that name; none is a wrong command line.
func lookupFormat(cmd *cobra.Command, name string) (*format.Format, error) {
	f, ok := formats.Lookup(name)
	if !ok {
		return nil, usage(fmt.Errorf("format %q is not known; known: %s", name, strings.Join(formats.Names(), ", ")), cmd)
	}
	return f, nil
}

func listFormats(w io.Writer) error {
	t := newList(w, table.Row{"format", "columns", "what it is"})
	for _, name := range formats.Names() {
		f, _ := formats.Lookup(name)
		columns := any("by schema")
		if f.Declare == nil {
			columns = len(f.Spec.Columns)
		}
		t.AppendRow(table.Row{name, columns, describe(f)})
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

// describe says in a sentence what the format is.
func describe(f *format.Format) string {
	if f.Spec.Description == "" {
		return "Columns that a schema file declares: see schema in seneka.example.yaml."
	}
	return f.Spec.Description
}

// listColumns lists the columns of the format's tables, Seneka's own included.
func listColumns(w io.Writer, f *format.Format) error {
	if f.Declare != nil {
		_, err := fmt.Fprintf(w, "%s: %s\n", f.Name, describe(f))
		return err
	}
	spec := load.TableSpec(f)
	t := newList(w, table.Row{"column", "type", "description"})
	for i := range spec.Columns {
		c := &spec.Columns[i]
		t.AppendRow(table.Row{c.Name, typeText(c), c.Description})
	}
	_, err := fmt.Fprintf(w, "%s: %s\n\n%s\n\nPartitioned by day of %s, clustered by %s.\n",
		f.Name, f.Spec.Description, t.Render(), spec.PartitionBy, strings.Join(spec.ClusterBy, ", "))
	return err
}

func typeText(c *row.Column) string {
	if c.Mode == row.Repeated {
		return "ARRAY<" + string(c.Type) + ">"
	}
	return string(c.Type)
}

// newList returns a table whose last column is wrapped to the terminal.
func newList(w io.Writer, header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = textalign.FormatDefault
	t.AppendHeader(header)
	if width := terminalWidth(w); width > 60 {
		t.SetColumnConfigs([]table.ColumnConfig{{Number: len(header), WidthMax: width - 45, WidthMaxEnforcer: textalign.WrapSoft}})
	}
	return t
}

func newSchema() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema FORMAT",
		Short: "Print a format's table as a BigQuery JSON schema",
		Long: `Print the columns of the tables of a format as a BigQuery JSON schema file, as bq and Terraform take it.

Exit codes: 0 done, 2 there is no such format.`,
		Example: `  seneka schema alb > alb.json
  seneka schema suggest app.log.gz > schemas/app.json`,
		Args: args(cobra.ExactArgs(1), "one format"),
		RunE: func(cmd *cobra.Command, a []string) error {
			f, err := lookupFormat(cmd, a[0])
			if err != nil {
				return err
			}
			if f.Declare != nil {
				return usage(fmt.Errorf("format %s has no columns of its own: a schema file declares them", f.Name), cmd)
			}
			data, err := load.TableSpec(f).Columns.JSON()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", data)
			return err
		},
	}
	cmd.AddCommand(newSuggest())
	return cmd
}
