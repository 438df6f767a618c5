package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestStatementFromInput(t *testing.T) {
	for size, ok := range map[int]bool{0: true, maxQuery: true, maxQuery + 1: false} {
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(strings.Repeat("x", size)))
		sql, err := statement(cmd, "-")
		if (err == nil) != ok || ok && len(sql) != size {
			t.Errorf("%d characters: %d were read, error %v", size, len(sql), err)
		}
	}
}
