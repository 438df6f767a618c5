package loader

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const configText = `
project: local
landing: gs://landing
ledger: gs://ledger
queue: http://127.0.0.1:1/000000000000/seneka
sources:
  - {name: alb, match: "s3://logs/**", format: alb, table: logs.alb}
`

// servicesAway sets the environment of a function whose services are not there.
func servicesAway(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seneka.yaml")
	if err := os.WriteFile(path, []byte(configText), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"SENEKA_CONFIG": path, "STORAGE_EMULATOR_HOST": "127.0.0.1:1",
		"BIGQUERY_EMULATOR_HOST": "127.0.0.1:1", "BIGQUERY_STORAGE_EMULATOR_HOST": "127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
}

// A delivery that finds the function wrongly configured is refused, and the next one tries anew.
func TestFunctionOpensAgain(t *testing.T) {
	servicesAway(t)
	right := os.Getenv("SENEKA_CONFIG")
	t.Setenv("SENEKA_CONFIG", "")
	f := new(Function)
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		return w
	}
	if w := ask(); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "SENEKA_CONFIG") {
		t.Errorf("without a configuration: %d %s, want 503 and why", w.Code, w.Body)
	}
	t.Setenv("SENEKA_CONFIG", right)
	if w := ask(); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("with one: %d %s, want the handler's 405", w.Code, w.Body)
	}
	if err := f.app.Close(); err != nil {
		t.Error(err)
	}
}

// TestFunctionStops runs the function in a process of its own, TestFunctionProcess, and tells that
// one to stop while a delivery is under way: it is answered, and the process ends well.
func TestFunctionStops(t *testing.T) {
	servicesAway(t)
	t.Setenv("SENEKA_TEST_FUNCTION", "1")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFunctionProcess$", "-test.timeout=1m")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "answered 405") {
		t.Errorf("the process ended with %v and said %q; want a clean end after the answer", err, out)
	}
}

func TestFunctionProcess(t *testing.T) {
	if os.Getenv("SENEKA_TEST_FUNCTION") == "" {
		return // only for TestFunctionStops
	}
	f := new(Function)
	app, err := f.enter() // a delivery comes
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // until no other is let in
		other, err := f.enter()
		if err != nil {
			t.Fatal(err)
		}
		if other == nil {
			break
		}
		f.busy.Done()
		time.Sleep(time.Millisecond)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	fmt.Println("answered", w.Code)
	f.busy.Done()
	<-t.Context().Done() // the function ends the process
}
