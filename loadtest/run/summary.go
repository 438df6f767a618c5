package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seneka-io/seneka/loadtest/markdown"
)

// embed puts the summary of the results in a folder into a Markdown file.
func embed(path, results string) error {
	text, err := summary(results)
	if err != nil {
		return err
	}
	return markdown.Embed(path, "loadtest", text)
}

// summary returns a table of the results in a folder, a line for each.
func summary(folder string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "result.json"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintln(&b, "| run | files | rows | files/s | p50 | p90 | p99 | p99.9 | longest | lines checked | wrong |")
	fmt.Fprintln(&b, "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		var r result
		if err := json.Unmarshal(data, &r); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		q, name := r.Latency, filepath.Base(filepath.Dir(path))
		fmt.Fprintf(&b, "| [%s](../loadtest/results/%s) | %d | %d | %.1f | %.2f s | %.2f s | %.2f s | %.2f s | %.2f s | %d | %d |\n",
			name, name, r.Files, r.Rows, r.PerSecond, q.P50, q.P90, q.P99, q.P999, q.Max, r.Checked, len(r.Problems))
	}
	return b.String(), nil
}
