// Package docs tests the documents: what they name exists.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = ".."

var (
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	link     = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)
)

// Every test that a document names is there.
func TestNamedTestsExist(t *testing.T) {
	known := testsOf(t)
	for _, doc := range documents(t) {
		for _, m := range testName.FindAllStringSubmatch(read(t, doc), -1) {
			if !known[m[1]] {
				t.Errorf("%s names the test %s: there is none", doc, m[1])
			}
		}
	}
}

// Every link to a file of the project leads to one.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, doc := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
}

func testsOf(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, file := range files(t, ".go") {
		for _, m := range testFunc.FindAllStringSubmatch(read(t, file), -1) {
			known[m[1]] = true
		}
	}
	return known
}

func documents(t *testing.T) []string {
	t.Helper()
	all := files(t, ".md")
	if len(all) < 5 {
		t.Fatalf("only %d documents were found: %v", len(all), all)
	}
	return all
}

// files returns the project's files that end in suffix; hidden folders and what is built are left out.
func files(t *testing.T, suffix string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin"):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, suffix):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
