package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a program under test. Its output goes to a file, shown if the test fails.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   string // path of its output
	ended chan struct{}
	err   error // of Wait, once ended is closed
}

// start runs a program of the PATH, or the one at a path, with nothing in its environment but env.
func start(t *testing.T, env map[string]string, program string, args ...string) *process {
	t.Helper()
	name := filepath.Base(program)
	log, err := os.CreateTemp(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, cmd: exec.Command(program, args...), log: log.Name(), ended: make(chan struct{})}
	p.cmd.Env = []string{"HOME=" + filepath.Dir(log.Name()), "TMPDIR=" + filepath.Dir(log.Name())}
	for _, k := range slices.Sorted(maps.Keys(env)) {
		p.cmd.Env = append(p.cmd.Env, k+"="+env[k])
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		log.Close()
		close(p.ended)
	}()
	t.Cleanup(func() {
		select {
		case <-p.ended: // as the test wanted
		default:
			p.kill()
			if t.Failed() {
				t.Logf("%s wrote\n%s", name, p.lastOutput(t))
			}
		}
		if name != "seneka" {
			p.checkLog(t)
		}
	})
	return p
}

// output returns what the program has written.
func (p *process) output(t *testing.T) []byte {
	data, err := os.ReadFile(p.log)
	if err != nil {
		t.Error(err)
	}
	return data
}

// checkLog fails the test unless each line that the program wrote is one of Cloud Logging's.
func (p *process) checkLog(t *testing.T) {
	for line := range bytes.Lines(p.output(t)) {
		var entry struct{ Time, Severity, Message string }
		if err := json.Unmarshal(line, &entry); bytes.HasSuffix(line, []byte("\n")) && (err != nil || entry.Time == "" || entry.Severity == "" || entry.Message == "") {
			t.Errorf("%s wrote what is no line of its log: %s", p.name, line)
		}
	}
}

// awaitOutput waits until the program has written text.
func (p *process) awaitOutput(t *testing.T, text string) {
	t.Helper()
	await(t, p.name+" to write "+text, func() (bool, string) {
		written := p.output(t)
		select {
		case <-p.ended:
			t.Fatalf("%s ended (%v) and wrote\n%s", p.name, p.err, written)
		default:
		}
		return bytes.Contains(written, []byte(text)), string(written)
	})
}

// lastOutput returns the last lines of the program's output, not all of each.
func (p *process) lastOutput(t *testing.T) string {
	lines := strings.SplitAfter(string(p.output(t)), "\n")
	lines = lines[max(0, len(lines)-12):]
	for i, line := range lines {
		if len(line) > 400 {
			lines[i] = line[:400] + " …\n"
		}
	}
	return strings.Join(lines, "")
}

// kill ends the process as a power failure does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// stacks ends the process by SIGQUIT and returns what its goroutines were doing.
func (p *process) stacks(t *testing.T) string {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
	}
	output := string(p.output(t))
	return output[max(0, strings.Index(output, "SIGQUIT")):]
}

// stop sends SIGTERM and fails the test unless the process ends well within its time to drain.
func (p *process) stop(t *testing.T, drain time.Duration) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("%s had ended before it was told to: %v", p.name, errors.Join(err, p.err))
		return
	}
	select {
	case <-p.ended:
		if p.err != nil {
			t.Errorf("%s ended with %v, want exit code 0", p.name, p.err)
		}
	case <-time.After(drain):
		t.Errorf("%s still runs %s after SIGTERM; it wrote\n%s\nand waits in\n%s", p.name, drain, p.lastOutput(t), p.stacks(t))
		p.kill()
	}
}
