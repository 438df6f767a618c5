package main

import (
	"cmp"
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format/formats"
)

// addCompletion adds cobra's command that prints a shell's completions, described.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short = "Print completions for bash, zsh, fish or PowerShell"
		c.Long = `Print the script that makes a shell complete commands, flags and the names of
sources, which it reads from the configuration if that is a file.

Exit codes: 0 done, 2 there is no such shell.`
		c.Example = `  source <(seneka completion bash)
  seneka completion zsh > "${fpath[1]}/_seneka"`
		c.Args, c.RunE = noCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}

// sourceNames returns the names of a configuration's sources, in its order.
func sourceNames(cfg *config.Config) []string {
	names := make([]string, len(cfg.Sources))
	for i, s := range cfg.Sources {
		names[i] = s.Name
	}
	return names
}

// completeSources completes the flag --source of cmd with the names in the configuration. One that
// does not lie on this machine is not fetched: a key press is not to wait for a cloud.
func completeSources(cmd *cobra.Command, path, local *string) {
	err := cmd.RegisterFlagCompletionFunc("source", func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		name := cmp.Or(*path, configPath(nil))
		if ready, err := readReady(*local); *local != "" && err == nil {
			name = ready.Config
		}
		if strings.HasPrefix(name, "gs://") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		cfg, err := config.Load(cmd.Context(), name, nowhere, formats.Known())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return sourceNames(cfg), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is not there: a mistake in this program, which every start shows
	}
}

// nowhere opens no object.
func nowhere(context.Context, string, string) (io.ReadCloser, error) {
	return nil, errkind.With(errkind.NotFound, io.EOF)
}
