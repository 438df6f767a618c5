package loader

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/seneka-io/seneka/internal/telemetry"
)

// drain is how long a managed function waits for requests under way once it is told to stop. Cloud
// Run kills an instance ten seconds after SIGTERM, and closing the clients takes up to four of them.
// https://cloud.google.com/run/docs/container-contract#instance-shutdown
const drain = 5 * time.Second

// Function is the handler that the functions framework serves: it opens the App on the first
// request, and closes it on SIGTERM, for the framework itself drops what is under way. Make one.
type Function struct {
	mu   sync.Mutex
	app  *App
	busy sync.WaitGroup
	stop bool
}

// ServeHTTP handles a push delivery. Where the App cannot be opened the delivery is refused, so
// that it comes again, and the next one tries anew.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app, err := f.enter()
	if err != nil {
		telemetry.Fail("loader", err)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	if app == nil {
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
		return
	}
	defer f.busy.Done()
	app.ServeHTTP(w, r)
}

// enter counts a request in and returns the App; nil once the function is to stop.
func (f *Function) enter() (*App, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop {
		return nil, nil
	}
	if f.app == nil {
		log, err := telemetry.Logger(os.Stdout, os.Getenv)
		if err != nil {
			return nil, err
		}
		// The clients live as long as the process, not as long as the request that makes them.
		if f.app, err = Open(context.Background(), os.Getenv, log); err != nil {
			return nil, err
		}
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		go f.closeOn(signals)
	}
	f.busy.Add(1)
	return f.app, nil
}

// closeOn waits for a signal, lets requests under way end, closes the clients and exits.
func (f *Function) closeOn(signals <-chan os.Signal) {
	<-signals
	f.mu.Lock()
	f.stop = true
	f.mu.Unlock()
	idle := make(chan struct{})
	go func() { f.busy.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-time.After(drain):
	}
	if err := f.app.Close(); err != nil {
		os.Exit(telemetry.Fail("loader", err))
	}
	os.Exit(0)
}
