package program

import (
	"fmt"
	"time"
)

// Wait waits until the program has ended and returns the CPU time that it took in all, in user and system
// mode. Any exit code but 0 is an error.
func (p *Program) Wait() (time.Duration, error) {
	<-p.ended
	if p.err != nil {
		return 0, fmt.Errorf("%s: %w; it wrote last:\n%s", p.name, p.err, p.lastLines())
	}
	state := p.cmd.ProcessState
	return state.UserTime() + state.SystemTime(), nil
}
