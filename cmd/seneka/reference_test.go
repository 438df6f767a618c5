package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const referencePath = "../../docs/commands.md"

// docs/commands.md is what the commands say of themselves; go test ./cmd/seneka -run TestCommandReference -update
// writes it anew.
func TestCommandReference(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nMade from what the commands say of themselves: `go test ./cmd/seneka -run TestCommandReference -update`.\n")
	found := 0
	each := func(cmd *cobra.Command) {
		found++
		cmd.InitDefaultHelpFlag()
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n```text\n%s\n\nUsage: %s\n", cmd.CommandPath(), cmd.Short, strings.TrimSpace(cmd.Long), cmd.UseLine())
		if flags := cmd.LocalFlags().FlagUsages(); flags != "" {
			fmt.Fprintf(&b, "\nFlags:\n%s", flags)
		}
		b.WriteString("```\n")
		if cmd.Example != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", unindent(cmd.Example))
		}
	}
	root := newRoot()
	root.InitDefaultHelpCmd()
	walk(root, each)
	if found < 20 {
		t.Fatalf("only %d commands were found", found)
	}
	if *updateFlag {
		if err := os.WriteFile(referencePath, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(data); got != b.String() {
		t.Errorf("docs/commands.md is not what the commands say: write it anew with -update, and read what changed")
	}
}

// walk visits the commands that help lists, each before those below it.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() && below.Name() != "help" {
			walk(below, visit)
		}
	}
}

func unindent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}

// Every command has two examples that can be run as they stand, and says its exit codes.
func TestCommandsHaveExamples(t *testing.T) {
	walk(newRoot(), func(cmd *cobra.Command) {
		if !cmd.Runnable() || cmd.HasAvailableSubCommands() || cmd.Parent() != nil && cmd.Parent().Name() == "completion" {
			return
		}
		if n := len(strings.Split(strings.TrimSpace(cmd.Example), "\n")); n < 2 {
			t.Errorf("%s has %d examples, want two or more", cmd.CommandPath(), n)
		}
		if !strings.Contains(cmd.Long, "Exit code") {
			t.Errorf("%s does not say its exit codes", cmd.CommandPath())
		}
	})
}
