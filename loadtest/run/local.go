package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
	"github.com/seneka-io/seneka/loadtest/generate"
	"github.com/seneka-io/seneka/loadtest/program"
)

//go:embed local.yaml
var localConfig []byte

// The programs of a local cloud, each a process of its own.
const (
	cloudProgram     = "cloud"
	forwarderProgram = "forwarder"
	loaderProgram    = "loader"
)

var programNames = []string{forwarderProgram, loaderProgram, cloudProgram}

// drain is how long a program may take to end.
const drain = 30 * time.Second

// local is a local cloud with a forwarder and a loader.
type local struct {
	folder string
	ready  readyfile.Ready
	args   []string // of the cloud

	mu       sync.Mutex
	programs map[string]*program.Program
	before   map[string]time.Duration // time of the processor that killed ones had taken
}

// startLocal builds the programs and starts them, with their state below a folder; empty: that for temporary files.
func startLocal(ctx context.Context, below string) (_ *local, err error) {
	l := &local{programs: map[string]*program.Program{}, before: map[string]time.Duration{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.stop())
		}
	}()
	if l.folder, err = os.MkdirTemp(below, "seneka-loadtest"); err != nil {
		return nil, err
	}
	if err := program.Build(ctx, l.folder, "./cmd/seneka", "./forwarder", "./cmd/loader"); err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{"local.yaml": localConfig, "app.json": []byte(generate.AppSchema)} {
		if err := os.WriteFile(filepath.Join(l.folder, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	l.args = []string{"local", "--only-cloud", "--data", filepath.Join(l.folder, "state"), "--config", filepath.Join(l.folder, "local.yaml"), "--ready-file", l.readyFile()}
	for _, service := range []string{"s3", "sqs", "gcs", "pubsub", "bigquery", "bigquery-storage", "dashboard"} {
		l.args = append(l.args, "--"+service+"-port", strconv.Itoa(freePort()))
	}
	l.args = append(l.args, "--push-endpoint", fmt.Sprintf("http://127.0.0.1:%d", freePort()))
	for _, name := range []string{cloudProgram, loaderProgram, forwarderProgram} {
		if err := l.start(ctx, name); err != nil {
			return nil, err
		}
	}
	return l, l.programs[loaderProgram].Await(ctx, l.ready.Loader+"/healthz")
}

func (l *local) readyFile() string { return filepath.Join(l.folder, "ready.json") }

// freePort returns a port that is free, below those that the system gives to outgoing connections: so that it is
// free still when a killed program starts on it again.
func freePort() int {
	for {
		port := 20000 + rand.IntN(12000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			_ = l.Close() // for the program to listen there
			return port
		}
	}
}

// start starts a program; of the cloud it waits until all is up.
func (l *local) start(ctx context.Context, name string) error {
	binary, args, env := name, []string(nil), map[string]string(nil)
	if name == cloudProgram {
		if err := os.Remove(l.readyFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		binary, args = "seneka", l.args
	} else {
		env = l.ready.Environment()
		env["SENEKA_LISTEN"], env["PORT"], _ = net.SplitHostPort(readyfile.HostOf(l.ready.Loader))
	}
	p, err := program.Start(filepath.Join(l.folder, binary), env, filepath.Join(l.folder, name+".log"), args...)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.programs[name] = p
	l.mu.Unlock()
	if name == cloudProgram {
		return l.awaitReady(ctx, p)
	}
	return nil
}

func (l *local) awaitReady(ctx context.Context, p *program.Program) error {
	return await(ctx, "start of the local cloud", func() (bool, error) {
		if err := p.Failure(); err != nil {
			return false, err
		}
		ready, err := readyfile.Read(l.readyFile())
		if errors.Is(err, os.ErrNotExist) {
			return false, nil
		}
		l.ready = ready
		return err == nil, err
	})
}

// await asks done until it says so, for two minutes.
func await(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// failure returns why a program has ended that was not told to.
func (l *local) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.programs {
		if err := p.Failure(); err != nil {
			return err
		}
	}
	return nil
}

// restart kills a program as a power failure does and starts it again.
func (l *local) restart(ctx context.Context, name string) error {
	l.mu.Lock()
	p := l.programs[name]
	if u, err := p.Usage(); err == nil {
		l.before[name] += u.CPU
	}
	delete(l.programs, name)
	l.mu.Unlock()
	p.Kill()
	return l.start(ctx, name)
}

// usage returns what each program that runs takes, with the time of the processor of those before it.
func (l *local) usage() map[string]program.Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]program.Usage{}
	for name, p := range l.programs {
		if u, err := p.Usage(); err == nil { // it may just have been killed; elsewhere than on Linux nothing is told
			u.CPU += l.before[name]
			all[name] = u
		}
	}
	return all
}

// pushed reports whether Pub/Sub has delivered all that it took, and how many messages were parked, of either queue.
func (l *local) pushed(ctx context.Context) (all bool, parked int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.ready.Dashboard+"/api/state", http.NoBody)
	if err != nil {
		return false, 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, 0, err
	}
	defer resp.Body.Close()
	type depth struct {
		Waiting  int `json:"waiting"`
		InFlight int `json:"in_flight"`
		Dead     int `json:"dead"`
	}
	var state struct{ Queue, Push depth }
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		return false, 0, fmt.Errorf("state of the local cloud: %w", err)
	}
	return state.Push.Waiting+state.Push.InFlight == 0, state.Queue.Dead + state.Push.Dead, nil
}

// stop ends the programs in the order of the files' way, and removes what they left.
func (l *local) stop() error {
	var errs []error
	for _, name := range programNames {
		if p := l.programs[name]; p != nil {
			errs = append(errs, p.Stop(drain))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(l.folder))...)
}
