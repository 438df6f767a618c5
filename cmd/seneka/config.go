package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	textalign "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/functions/loader"
	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format/formats"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Work with the configuration", Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(newConfigCheck(), newConfigSchema())
	return cmd
}

func newConfigCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration and show its sources",
		Long: `Check a configuration: a file, or gs://bucket/name. Without one, what
SENEKA_CONFIG names, else seneka.yaml. Every mistake is reported at once, with
its line, its key and what to write instead. Reads only.

Exit codes: 0 valid, 1 could not be read, 3 not valid.`,
		Example: `  seneka config check seneka.yaml
  seneka config check --json gs://acme-seneka-config/seneka.yaml`,
		Args: args(cobra.MaximumNArgs(1), "one file"),
		RunE: func(cmd *cobra.Command, a []string) error {
			path := configPath(a)
			cfg, err := readConfig(cmd, path)
			if err != nil {
				return err
			}
			return printSources(cmd, path, cfg, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the sources as JSON")
	return cmd
}

func configPath(a []string) string {
	if len(a) > 0 {
		return a[0]
	}
	if path := os.Getenv("SENEKA_CONFIG"); path != "" {
		return path
	}
	return "seneka.yaml"
}

// readConfig reads and parses the configuration at path; one that is not valid is exit code 3.
func readConfig(cmd *cobra.Command, path string) (*config.Config, error) {
	data, err := config.Read(cmd.Context(), path, openGCS)
	if err != nil {
		if errkind.Is(err, errkind.NotFound) {
			return nil, hinted(err, "name the file: seneka config check FILE; seneka.example.yaml shows one")
		}
		return nil, err
	}
	cfg, err := config.Parse(path, data, formats.Known())
	var invalid config.Errors
	if errors.As(err, &invalid) {
		return nil, &exitError{err: fmt.Errorf("the configuration is not valid:\n%w", invalid), code: exitInvalid}
	}
	if err != nil {
		return nil, err
	}
	if _, err = loader.Router(cmd.Context(), cfg, openGCS); errkind.Is(err, errkind.Permanent) || errkind.Is(err, errkind.NotFound) {
		return nil, &exitError{err: fmt.Errorf("the configuration is not valid:\n%s: %w", path, err), code: exitInvalid}
	}
	return cfg, err
}

// printSources prints the sources in the order in which they are tried.
func printSources(cmd *cobra.Command, path string, cfg *config.Config, asJSON bool) error {
	type source struct {
		Name   string `json:"name"`
		Match  string `json:"match"`
		Format string `json:"format"`
		Table  string `json:"table"`
	}
	sources := make([]source, len(cfg.Sources))
	for i, s := range cfg.Sources {
		sources[i] = source{s.Name, s.Match.String(), s.Format, s.Table}
	}
	if asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(sources)
	}
	t := table.NewWriter()
	t.SetOutputMirror(cmd.OutOrStdout())
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = textalign.FormatDefault
	t.AppendHeader(table.Row{"source", "match", "format", "table"})
	for _, s := range sources {
		t.AppendRow(table.Row{s.Name, s.Match, s.Format, s.Table})
	}
	t.Render()
	fmt.Fprintf(cmd.OutOrStdout(), "%s is valid. The first source that matches a file takes it.\n", path)
	return nil
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the configuration's JSON Schema, for editors",
		Long: `Print the JSON Schema of seneka.yaml, by which editors complete it and mark mistakes. With a comment as its first line,
# yaml-language-server: $schema=./seneka.schema.json, they find it by themselves.

Exit codes: 0 done, 2 wrong command line.`,
		Example: `  seneka config schema > seneka.schema.json
  seneka config schema | jq '.properties | keys'`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := config.JSONSchema(formats.Known())
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(schema)
			return err
		},
	}
}
