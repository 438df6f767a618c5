package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress tells how far a run is: in one line that changes on a terminal, else in a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	next     time.Time
}

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	return &progress{out: out, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// show tells how many files have been put, and how many of them have no rows yet.
func (p *progress) show(began time.Time, put, waiting int) {
	if time.Now().Before(p.next) {
		return
	}
	line := fmt.Sprintf("%s: %d files put, %d on their way", time.Since(began).Round(time.Second), put, waiting)
	if p.terminal {
		p.next = time.Now().Add(time.Second)
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		return
	}
	p.next = time.Now().Add(30 * time.Second)
	fmt.Fprintln(p.out, line)
}

// say tells what happens next.
func (p *progress) say(text string) {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintln(p.out, text)
}
