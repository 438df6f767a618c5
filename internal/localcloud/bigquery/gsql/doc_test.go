package gsql

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDocListsFunctions: docs/local-sql.md lists the functions that there are, under their headings.
func TestDocListsFunctions(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/local-sql.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Functions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	heading := ""
	for line := range strings.Lines(section) {
		if h, ok := strings.CutPrefix(line, "### "); ok {
			heading = strings.TrimSpace(h)
		}
		if row, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(row, "`")
			listed = append(listed, heading+": "+name)
		}
	}
	var have []string
	for _, f := range groups() {
		have = append(have, f.group+": "+f.name)
	}
	slices.Sort(listed)
	slices.Sort(have)
	for _, name := range have {
		if _, ok := slices.BinarySearch(listed, name); !ok {
			t.Errorf("not in docs/local-sql.md: %s", name)
		}
	}
	for _, name := range listed {
		if _, ok := slices.BinarySearch(have, name); !ok {
			t.Errorf("in docs/local-sql.md, but not there: %s", name)
		}
	}
	if len(slices.Compact(slices.Clone(have))) != len(have) {
		t.Error("a function is in the table twice")
	}
}

// TestFunctionTable: every entry can be called in one way.
func TestFunctionTable(t *testing.T) {
	for _, f := range groups() {
		ways := 0
		for _, way := range []bool{len(f.overloads) > 0, f.emit != nil, f.emitAgg != nil} {
			if way {
				ways++
			}
		}
		if ways != 1 || (f.emit != nil) != (f.class == plain && len(f.overloads) == 0) || f.max >= 0 && f.max < f.min {
			t.Errorf("%s: %d ways to write it, class %d, %d to %d arguments", f.name, ways, f.class, f.min, f.max)
		}
	}
}
