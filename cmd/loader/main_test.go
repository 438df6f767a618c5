package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// environment is that of a loader whose services are not there: it connects to them when asked.
func environment(t *testing.T) map[string]string {
	t.Helper()
	t.Setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1") // which the SDK reads by itself
	path := filepath.Join(t.TempDir(), "seneka.yaml")
	config := `
project: local
landing: gs://landing
ledger: gs://ledger
queue: http://127.0.0.1:1/000000000000/seneka
sources:
  - {name: alb, match: "s3://logs/**", format: alb, table: logs.alb}
`
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"SENEKA_CONFIG": path, "SENEKA_LISTEN": "127.0.0.1", "PORT": freePort(t), "SENEKA_PPROF_PORT": freePort(t),
		"BIGQUERY_EMULATOR_HOST": "127.0.0.1:1", "BIGQUERY_STORAGE_EMULATOR_HOST": "127.0.0.1:1", "SENEKA_LOG_LEVEL": "error",
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// start runs the program until stop is called, which returns what it ended with.
func start(t *testing.T, env map[string]string) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, func(name string) string { return env[name] }) }()
	return func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Minute):
			t.Fatal("the program does not stop")
			return nil
		}
	}
}

// get asks until the server listens.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		resp, err := client.Get(url)
		if err == nil {
			defer resp.Body.Close()
			data, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(data)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestRunServesAndStops(t *testing.T) {
	env := environment(t)
	before := goleak.IgnoreCurrent()
	stop := start(t, env)
	if status, body := get(t, "http://127.0.0.1:"+env["PORT"]+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("/healthz answers %d %q", status, body)
	}
	if status, _ := get(t, "http://127.0.0.1:"+env["PORT"]+"/"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET / answers %d, want 405 of the handler", status)
	}
	if status, _ := get(t, "http://127.0.0.1:"+env["SENEKA_PPROF_PORT"]+"/debug/pprof/cmdline"); status != 200 {
		t.Errorf("the profiler answers %d", status)
	}
	if status, _ := get(t, "http://127.0.0.1:"+env["PORT"]+"/debug/pprof/cmdline"); status == 200 {
		t.Error("the public port serves the profiler")
	}
	if err := stop(); err != nil {
		t.Errorf("run ended with %v", err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// Where pushes have to carry a token, the health check does not, and headers have their limit.
func TestRunChecksPushes(t *testing.T) {
	env := environment(t)
	env["SENEKA_PUSH_AUDIENCE"], env["SENEKA_PUSH_SERVICE_ACCOUNT"] = "https://loader.example.com/", "pusher@example.com"
	stop := start(t, env)
	base := "http://127.0.0.1:" + env["PORT"]
	if status, _ := get(t, base+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	for size, want := range map[int]int{0: http.StatusUnauthorized, 2 * maxHeader: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Filler", strings.Repeat("x", size))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("a push without a token, with %d bytes of headers, is answered %d, want %d", size, resp.StatusCode, want)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestRunSaysWhyItCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for name, value := range map[string]string{"PORT": port, "SENEKA_PPROF_PORT": port, "SENEKA_LOG_LEVEL": "loud", "SENEKA_CONFIG": ""} {
		env := environment(t)
		env[name] = value
		err := start(t, env)()
		if err == nil {
			t.Errorf("%s=%q: it started", name, value)
			continue
		}
		want := name
		if value == port {
			want = port
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s=%q: error %q does not name %s", name, value, err, want)
		}
	}
}

// A request that takes longer than the server may wait is refused, which is no failure: it is
// delivered again.
func TestShutdownCutsSlowRequests(t *testing.T) {
	requests, cut := context.WithCancel(t.Context())
	defer cut()
	begun := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	addr := net.JoinHostPort("127.0.0.1", freePort(t))
	server, err := serve(requests, addr, slow, slog.New(slog.DiscardHandler), make(chan error, 1))
	if err != nil {
		t.Fatal(err)
	}
	status := make(chan int, 1)
	go func() {
		resp, err := http.Post("http://"+addr, "application/json", nil)
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-begun
	if err := shutdown(t.Context(), server, cut, time.Millisecond); err != nil {
		t.Error(err)
	}
	if got := <-status; got != http.StatusServiceUnavailable {
		t.Errorf("the request was answered with %d, want 503", got)
	}
}
