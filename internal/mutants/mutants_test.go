// Package mutants breaks the protocols on purpose, one way at a time, and sees that a test notices:
// a proof that would hold for a broken protocol too proves nothing.
//
// A mutant is a change of the source by exact text, compiled in place of the file by go test's
// -overlay. The files themselves are not touched. A text that is no longer there fails the test.
package mutants

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// mutant is one way to break the code, and the test that must fail then.
type mutant struct {
	name  string
	file  string // from the root of the module
	edits []edit
	test  string // as for go test -run, in the package of file
	says  string // in the failure's text
}

// edit replaces a text, which stands in the file once.
type edit struct{ old, new string }

func swap(old, with string) []edit { return []edit{{old, with}} }

// atOnce is how many mutants are compiled at a time.
const atOnce = 2

// TestMutants runs the named test of each mutant. It prints the list. With the race detector on it is
// one mutant of each list: what the others find is the same without, and `make prove` runs them all.
func TestMutants(t *testing.T) {
	slots := make(chan struct{}, atOnce)
	var all []mutant
	for _, list := range [][]mutant{loadMutants, smallMutants, searchMutants, forwardMutants, storeMutants} {
		if raced() {
			list = list[:1]
		}
		all = append(all, list...)
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			m.mustBeCaught(t)
		})
	}
}

func (m mutant) mustBeCaught(t *testing.T) {
	overlay := m.overlay(t)
	args := []string{"test", "-overlay", overlay, "-count=1", "-vet=off", "-timeout=5m", "-run", m.test}
	if raced() && !plays(m.test) {
		args = append(args, "-race") // what is compiled already
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./"+filepath.Dir(m.file))...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		t.Errorf("it survives %s:\n%s", m.test, out)
	case !strings.Contains(string(out), "--- FAIL"):
		t.Errorf("%s did not run, or did not fail as a test does: %v\n%s", m.test, err, out)
	case !strings.Contains(string(out), m.says):
		t.Errorf("%s fails, but does not say %q:\n%s", m.test, m.says, out)
	default:
		t.Logf("caught by %s: %s", m.test, m.says)
	}
}

// plays reports whether a test is one that does less with the race detector on.
func plays(test string) bool {
	return strings.HasPrefix(test, "TestExplore") || strings.HasPrefix(test, "TestReduction")
}

const root = "../.."

// overlay writes the changed file beside a list of what it stands in for, and returns that list.
func (m mutant) overlay(t *testing.T) string {
	dir := t.TempDir()
	from, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	for _, e := range m.edits {
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("the text to change stands %d times in %s: bring the mutant up to date\n%s", n, m.file, e.old)
		}
		text = strings.Replace(text, e.old, e.new, 1)
	}
	changed, list := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	data, err := json.Marshal(map[string]any{"Replace": map[string]string{from: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{changed: []byte(text), list: data} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// raced reports whether this test itself was built with the race detector.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
