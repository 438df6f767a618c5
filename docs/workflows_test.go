package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	uses       = regexp.MustCompile(`(?m)uses: *(\S+)(.*)$`)
	pinned     = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)
	version    = regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`)
	runs       = regexp.MustCompile(`(?m)run: *(.+)$`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// The workflows use actions by their commit, with the version beside it, and do what the make targets do.
func TestWorkflows(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(read(t, filepath.Join(root, "Makefile")), -1) {
		targets[m[1]] = true
	}
	for _, name := range []string{"ci.yml", "release.yml"} {
		text := read(t, filepath.Join(root, ".github", "workflows", name))
		for _, m := range uses.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "./") && (!pinned.MatchString(m[1]) || !version.MatchString(m[2])) {
				t.Errorf("%s uses %s%s: pin it to a commit and write its version behind it", name, m[1], m[2])
			}
		}
		commands := runs.FindAllStringSubmatch(text, -1)
		if len(commands) == 0 {
			t.Errorf("%s runs nothing", name)
		}
		for _, m := range commands {
			checkCommand(t, name, strings.Fields(m[1]), targets)
		}
	}
}

func checkCommand(t *testing.T, workflow string, words []string, targets map[string]bool) {
	t.Helper()
	switch words[0] {
	case "make":
		for _, word := range words[1:] {
			if !strings.Contains(word, "=") && !targets[word] {
				t.Errorf("%s makes %s: there is no such target", workflow, word)
			}
		}
	case "gh": // publishes what was made
	default:
		if info, err := os.Stat(filepath.Join(root, words[0])); err != nil || info.Mode()&0o100 == 0 {
			t.Errorf("%s runs %s: no target and no program of the project", workflow, words[0])
		}
	}
}
