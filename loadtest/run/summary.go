package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/loadtest/markdown"
)

// embed puts the summary of the results in a folder into a Markdown file, and draws their pages and charts anew.
func embed(path, folder string) error {
	all, err := results(folder)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name].draw(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return markdown.Embed(path, "loadtest", summary(all))
}

// results reads the results in a folder, by the names of their own folders.
func results(folder string) (map[string]*result, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "result.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]*result{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := &result{}
		if err := json.Unmarshal(data, r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all[filepath.Base(filepath.Dir(path))] = r
	}
	return all, nil
}

// summary returns a table of results, a line for each.
func summary(all map[string]*result) string {
	var b strings.Builder
	fmt.Fprintln(&b, "| run | files | rows | files/s | p50 | p90 | p99 | p99.9 | longest | lines checked | wrong |")
	fmt.Fprintln(&b, "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r := all[name]
		q := r.Latency
		fmt.Fprintf(&b, "| [%s](../loadtest/results/%s) | %d | %d | %.1f | %.2f s | %.2f s | %.2f s | %.2f s | %.2f s | %d | %d |\n",
			name, name, r.Files, r.Rows, r.PerSecond, q.P50, q.P90, q.P99, q.P999, q.Max, r.Checked, len(r.Problems))
	}
	return b.String()
}
