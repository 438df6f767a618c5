package service

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// environment is that of a forwarder whose services are not there.
func environment(t *testing.T) map[string]string {
	t.Helper()
	// The SDKs read their own by themselves.
	for name, value := range map[string]string{
		"STORAGE_EMULATOR_HOST": "127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": "",
	} {
		t.Setenv(name, value)
	}
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
	return map[string]string{"SENEKA_CONFIG": path}
}

func open(ctx context.Context, env map[string]string) (*Service, error) {
	return Open(ctx, func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"SENEKA_WORKERS", "0", "from 1 to 1000"},
		{"SENEKA_WORKERS", "many", `"many"`},
		{"SENEKA_MAX_BYTES", "1", "from 1048576"},
		{"SENEKA_VISIBILITY_SECONDS", "43201", "from 2 to 43200"},
		{"SENEKA_CONFIG", "", "write the path of seneka.yaml"},
		{"SENEKA_CONFIG", "absent.yaml", "absent.yaml"},
	}
	for _, tt := range tests {
		env := environment(t)
		env[tt.name] = tt.value
		_, err := open(t.Context(), env)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s=%q: error %v, want it to say %q", tt.name, tt.value, err, tt.want)
		}
	}
}

// With its services away the forwarder keeps trying; told to stop, it ends and leaves nothing behind.
func TestRunStops(t *testing.T) {
	env := environment(t)
	before := goleak.IgnoreCurrent()
	s, err := open(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Run ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Run does not end")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}
