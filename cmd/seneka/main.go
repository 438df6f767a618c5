// Command seneka is the operator's command line: the local cloud, queries and the configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seneka-io/seneka/internal/telemetry"
)

// Exit codes of every command.
const (
	exitOK      = 0
	exitFailed  = 1 // it could not be done; the message says why
	exitUsage   = 2 // the command line is wrong
	exitInvalid = 3 // it was done, and what it looked at is not as it should be
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "seneka:", err)
	var coded *exitError
	if errors.As(err, &coded) {
		if coded.hint != "" {
			fmt.Fprintln(stderr, "hint:", coded.hint)
		}
		return coded.code
	}
	return exitFailed
}

// exitError is an error with an exit code of its own, and what to do about it.
type exitError struct {
	err  error
	hint string
	code int
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// hinted adds to a failure what to do about it.
func hinted(err error, hint string) error { return &exitError{err: err, hint: hint, code: exitFailed} }

func usage(err error, cmd *cobra.Command) error {
	return &exitError{err: err, hint: "run: " + cmd.CommandPath() + " --help", code: exitUsage}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "seneka",
		Short: "Log files from Amazon S3 to BigQuery, each line exactly once",
		Long: `Seneka brings every log file that lands in Amazon S3 into BigQuery within seconds, each line exactly once.

Exit codes: 0 done, 1 could not be done, 2 wrong command line, 3 done, and what was checked is not valid.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       telemetry.Version(),
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(err, cmd) })
	root.AddCommand(newLocal(), newDemo(), newQuery(), newConfig(), newBackfill())
	return root
}

// args makes a positional-argument check answer with the usage exit code.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, a []string) error {
		if err := check(cmd, a); err != nil {
			return usage(err, cmd)
		}
		return nil
	}
}
