// Command seneka is the operator's command line: the local cloud, queries and the configuration.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
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
		Long: `Seneka brings every log file that lands in Amazon S3 into BigQuery within
seconds, each line exactly once.

Exit codes: 0 done, 1 could not be done, 2 wrong command line, 3 done, and what
was looked at is not as it should be.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       telemetry.Version(),
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(err, cmd) })
	root.SetHelpCommand(newHelp())
	root.AddCommand(newLocal(), newDemo(), newQuery(), newConfig(), newPreview(), newFormats(), newSchema(),
		newBackfill(), newReplay(), newStatus(), newReport(), newVerify(), newExplain(), newDoctor(), newCost(), newVersion())
	addCompletion(root)
	return root
}

// newHelp is cobra's help command, but for a command that is not there it fails.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, a []string) error {
			about, rest, err := cmd.Root().Find(a)
			if err != nil || len(rest) > 0 {
				return noCommand(about, rest)
			}
			about.InitDefaultHelpFlag()
			about.InitDefaultVersionFlag()
			return about.Help()
		},
	}
}

// noCommand refuses the arguments of a command that has only further commands, and names those that
// were perhaps meant.
func noCommand(cmd *cobra.Command, a []string) error {
	if len(a) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q for %q", a[0], cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	if meant := cmd.SuggestionsFor(a[0]); len(meant) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(meant, " or "))
	}
	return usage(err, cmd)
}

// args makes a check of positional arguments answer with the usage exit code and say what the
// command takes.
func args(check cobra.PositionalArgs, takes string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, a []string) error {
		if check(cmd, a) != nil {
			return usage(fmt.Errorf("%s takes %s; got %s", strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), takes, cmp.Or(strings.Join(a, " "), "none")), cmd)
		}
		return nil
	}
}

// port is the value of a flag that names a port of this machine.
type port struct{ n *int }

func (p port) String() string { return strconv.Itoa(*p.n) }
func (p port) Type() string   { return "port" }

// Set implements pflag.Value.
func (p port) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return errors.New("write a number from 0 to 65535")
	}
	*p.n = int(n)
	return nil
}
