package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/telemetry"
)

func newVersion() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version of this program, and the Go and the machine that it was built
for. Forwarder, loader and seneka are of one version.

Exit codes: 0 done, 2 wrong command line.`,
		Example: `  seneka version
  seneka version --json`,
		Args: args(cobra.NoArgs, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
			}{telemetry.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if asJSON {
				return printIndented(cmd.OutOrStdout(), v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "seneka %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}
