// Package browser drives Debian's Chromium in tests of pages, by its DevTools protocol over a pipe.
// Such tests have the build tag browser: `make browser` runs them, and fails where there is none.
// https://chromedevtools.github.io/devtools-protocol/
package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// patience is how long an answer may take.
const patience = time.Minute

// Browser is a running Chromium. Safe for concurrent use.
type Browser struct {
	t  testing.TB
	to io.Writer

	mu      sync.Mutex
	next    int
	answers map[int]chan<- answer
	pages   map[string]*Page // by session
	ended   error
}

type answer struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// Start starts a Chromium that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatalf("%v; install it: apt-get install -y chromium", err)
	}
	in, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{in, out}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Close(), out.Close() // Chromium's ends
	b := &Browser{t: t, to: to, answers: map[int]chan<- answer{}, pages: map[string]*Page{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b.read(from)
	}()
	t.Cleanup(func() {
		_, _ = b.call("", "Browser.close", nil)
		_ = to.Close()
		<-read
		_ = cmd.Wait() // how it ends says nothing of the page
		_ = from.Close()
	})
	return b
}

// read hands out what Chromium says until it ends.
func (b *Browser) read(from io.Reader) {
	r := bufio.NewReader(from)
	for {
		line, err := r.ReadBytes(0)
		if err != nil {
			b.end(fmt.Errorf("chromium has ended: %w", err))
			return
		}
		var m struct {
			ID        int
			SessionID string
			Method    string
			Params    json.RawMessage
			answer
		}
		if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
			b.end(fmt.Errorf("chromium says %q: %w", line, err))
			return
		}
		b.mu.Lock()
		if m.ID != 0 {
			b.answers[m.ID] <- m.answer
			delete(b.answers, m.ID)
		} else if p := b.pages[m.SessionID]; p != nil {
			p.heard(m.Method, m.Params)
		}
		b.mu.Unlock()
	}
}

// end fails what waits and what comes.
func (b *Browser) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = err
	for _, c := range b.answers {
		c <- answer{Error: &struct{ Message string }{err.Error()}}
	}
	b.answers = nil
}

// call calls a method in a session, or of the browser itself, and waits for its answer.
func (b *Browser) call(session, method string, params any) (json.RawMessage, error) {
	c := make(chan answer, 1)
	b.mu.Lock()
	if b.ended != nil {
		b.mu.Unlock()
		return nil, b.ended
	}
	b.next++
	b.answers[b.next] = c
	message := map[string]any{"id": b.next, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	data, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(data, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a := <-c:
		if a.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, a.Error.Message)
		}
		return a.Result, nil
	case <-time.After(patience):
		return nil, errors.New(method + ": no answer")
	}
}
