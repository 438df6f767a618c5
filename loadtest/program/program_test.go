package program

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A program that runs tells what it takes; one that ended of itself is told of with its last words.
func TestProgram(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := Start("/bin/sh", map[string]string{"WORD": "hello"}, log, "-c", `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo $WORD; sleep 60`)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		out, err := p.Output()
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("output %q, %v", out, err)
		}
		if string(out) == "hello\n" {
			break
		}
	}
	u, err := p.Usage()
	if err != nil {
		t.Skip("this system does not tell: ", err)
	}
	if u.CPU <= 0 || u.CPU > time.Minute || u.Memory < 100<<10 || u.Peak < u.Memory || u.Sockets != 0 {
		t.Errorf("usage %+v", u)
	}
	if err := p.Failure(); err != nil {
		t.Errorf("it runs, and %v", err)
	}
	p.Kill()
	if err := p.Failure(); err == nil || !strings.Contains(err.Error(), "hello") {
		t.Errorf("failure %v, want its last words", err)
	}
	if _, err := p.Usage(); err == nil {
		t.Error("it is gone, and tells what it takes")
	}
}

// A program is given the time that it needs to end, and no more.
func TestStop(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"in order": {`trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done`, ""},
		"a code":   {`trap 'echo sorry; exit 3' TERM; echo up; while :; do sleep 0.01; done`, "exit status 3; it wrote last:\nup\nsorry"},
		"never":    {`trap '' TERM; echo up; while :; do sleep 0.01; done`, "still ran 100ms after SIGTERM"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Start("/bin/sh", nil, filepath.Join(t.TempDir(), "log"), "-c", c.script)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Kill()
			for out, _ := p.Output(); len(out) == 0; out, _ = p.Output() {
				time.Sleep(time.Millisecond)
			}
			drain := time.Minute
			if name == "never" {
				drain = 100 * time.Millisecond
			}
			err = p.Stop(drain)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// Await tells of a program that answers, and of one that ends before it does.
func TestAwait(t *testing.T) {
	ports, err := FreePorts(2)
	if err != nil || ports[0] == ports[1] {
		t.Fatal(ports, err)
	}
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	start := func(script string) *Program {
		p, err := Start("/bin/sh", nil, filepath.Join(t.TempDir(), "log"), "-c", script)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		return p
	}
	if err := start("sleep 60").Await(t.Context(), server.URL); err != nil || asked.Load() != 3 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
	if err := start("echo no configuration; exit 1").Await(t.Context(), "http://127.0.0.1:"+ports[0]); err == nil || !strings.Contains(err.Error(), "no configuration") {
		t.Errorf("it has ended: %v", err)
	}
}
