package formats

import (
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || !slices.Contains(names, "alb") || !slices.Contains(names, "elb") {
		t.Errorf("Names() = %v", names)
	}
	if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) {
		t.Errorf("two formats share a name: %v", names)
	}
	for _, name := range names {
		f, ok := Lookup(name)
		if !ok || f.Name != name || (f.New == nil) == (f.Declare == nil) {
			t.Errorf("Lookup(%q) = %+v, %v", name, f, ok)
		}
		if again, _ := Lookup(name); again != f {
			t.Errorf("Lookup(%q) makes a new format each time", name)
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	for _, name := range []string{"", "ALB", "no such format"} {
		if f, ok := Lookup(name); ok || f != nil {
			t.Errorf("Lookup(%q) = %+v, %v", name, f, ok)
		}
	}
}

// BigQuery makes a table of every format that brings its own columns.
func TestSpecsAreValid(t *testing.T) {
	for _, name := range Names() {
		if f, _ := Lookup(name); f.Declare == nil {
			if err := f.Spec.Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
