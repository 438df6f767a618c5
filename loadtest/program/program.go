// Package program builds and runs the programs that load tests measure, and tells what they took of the machine.
package program

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Build builds packages of this module as releases are, into folder. It runs in the module's folder.
func Build(ctx context.Context, folder string, packages ...string) error {
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", folder + string(filepath.Separator)}, packages...)
	if text, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, text)
	}
	return nil
}

// Program is one that runs. Safe for concurrent use.
type Program struct {
	name  string
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
	err   error // of Wait, once ended is closed
}

// Start starts the program at path. Nothing but env, HOME and TMPDIR is in its environment, so that no setting
// of whoever measures changes what is measured. What it writes is appended to the file log.
func Start(path string, env map[string]string, log string, args ...string) (*Program, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Program{name: filepath.Base(path), cmd: exec.Command(path, args...), log: log, ended: make(chan struct{})}
	p.cmd.Env = []string{"HOME=" + filepath.Dir(log), "TMPDIR=" + os.TempDir()}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p.cmd.Env = append(p.cmd.Env, name+"="+env[name])
	}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		out.Close()
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		out.Close()
		close(p.ended)
	}()
	return p, nil
}

// Ended is closed once the program has ended, of itself or not.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Output returns what the program, and those before it with the same log, have written.
func (p *Program) Output() ([]byte, error) { return os.ReadFile(p.log) }

// Stop ends the program by SIGTERM, and kills it if that takes longer than drain: an error, as is any exit code
// but 0.
func (p *Program) Stop(drain time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which Wait tells
	select {
	case <-p.ended:
	case <-time.After(drain):
		p.Kill()
		return fmt.Errorf("%s still ran %s after SIGTERM", p.name, drain)
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w; it wrote last:\n%s", p.name, p.err, p.lastLines())
	}
	return nil
}

// Kill ends the program as a power failure does. Once it returns, the program is gone.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// Failure returns why the program has ended, nil while it runs.
func (p *Program) Failure() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended by itself: %s; it wrote last:\n%s", p.name, p.cmd.ProcessState, p.lastLines())
	default:
		return nil
	}
}

// lastLines returns the end of what the program wrote.
func (p *Program) lastLines() string {
	text, err := p.Output()
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "")
}

// Usage is what a program has taken of the machine so far.
type Usage struct {
	CPU     time.Duration // of all its threads, in user and system mode
	Memory  int64         // bytes of memory now: the resident set
	Peak    int64         // the most it was
	Sockets int           // open sockets: those that listen, and both ends of connections within the process
}

// Usage reads what the program has taken, as Linux tells it; elsewhere, and of a program that has ended, it fails.
func (p *Program) Usage() (Usage, error) {
	folder := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		return Usage{}, err
	}
	stat, err := os.ReadFile(folder + "stat")
	if err != nil {
		return Usage{}, err
	}
	u := Usage{Memory: kilobytes(status, "VmRSS:") << 10, Peak: kilobytes(status, "VmHWM:") << 10}
	// The second field is the program's name in parentheses, which may hold blanks; utime and stime are the
	// 14th and 15th, in hundredths of a second: proc_pid_stat(5).
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return Usage{}, fmt.Errorf("%sstat is not as proc_pid_stat(5) says: %s", folder, stat)
	}
	for _, field := range fields[11:13] {
		var ticks int64
		if _, err := fmt.Sscan(field, &ticks); err != nil {
			return Usage{}, fmt.Errorf("%sstat: %w", folder, err)
		}
		u.CPU += time.Duration(ticks) * 10 * time.Millisecond
	}
	descriptors, err := os.ReadDir(folder + "fd")
	if err != nil {
		return Usage{}, err
	}
	for _, d := range descriptors {
		if target, err := os.Readlink(folder + "fd/" + d.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			u.Sockets++
		}
	}
	return u, nil
}

// kilobytes returns the value of a line of /proc/PID/status.
func kilobytes(status []byte, name string) (n int64) {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			_, _ = fmt.Sscan(value, &n) // 0 where there is none
		}
	}
	return n
}

// OwnCPU returns the CPU time that this process has taken, in user and system mode.
func OwnCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for no process of ours
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
