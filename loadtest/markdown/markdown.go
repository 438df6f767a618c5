// Package markdown keeps the tables of the documentation, which commands print, up to date.
package markdown

import (
	"fmt"
	"os"
	"strings"
)

// Embed puts text between the marks <!-- name --> and <!-- end of name --> of a Markdown file.
func Embed(path, name, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	open, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(string(data), open)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no marks %q and %q", path, strings.TrimSpace(open), end)
	}
	return os.WriteFile(path, []byte(before+open+"\n"+strings.TrimSpace(text)+"\n\n"+end+after), 0o600)
}

// Machine returns the name of the processor, as Linux knows it.
func Machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "a processor without a name"
}
