package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// TestMain puts three programs on the PATH: the real forwarder and loader, and seneka, which is
// this test binary under another name.
func TestMain(m *testing.M) {
	testscript.Main(programs{m}, map[string]func(){"seneka": main})
}

// programs builds the forwarder and the loader before the tests run.
type programs struct{ tests *testing.M }

func (p programs) Run() int {
	dir, err := os.MkdirTemp("", "seneka-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	args := []string{"build", "-o", dir}
	if cloudtest.WithRace() {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "../../forwarder", "../loader")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the forwarder and the loader: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return p.tests.Run()
}
