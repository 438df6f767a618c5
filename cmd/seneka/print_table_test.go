package main

import (
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
)

// What is too wide for a terminal is printed row by row.
func TestListOfColumns(t *testing.T) {
	got := asList(table.Row{"a", "長い name"}, []table.Row{{"1", "x"}, {"NULL", "https://example.com/"}}, 16)
	want := `── row 1 ───────
a          1
長い name  x
── row 2 ───────
a          NULL
長い name  https://example.com/`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A log holds what strangers sent: no terminal is to obey it.
func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain, 日本 🪵 ä":                  "plain, 日本 🪵 ä",
		"\x1b]0;title\x07 \x1b[2J\r\n\t": `\x1b]0;title\a \x1b[2J\r\n\t`,
		"\u009b31m \x7f":                 `\u009b31m \x7f`,
		"a\u202etxt.exe":                 `a\u202etxt.exe`,
		`it's a \n`:                      `it's a \n`,
	} {
		if got := visible(in); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
}
