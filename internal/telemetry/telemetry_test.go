package telemetry

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Whatever a program logs, in either form, no credential of a request stands in it.
func TestLoggerMasksCredentials(t *testing.T) {
	const leak = "Put https://host/o?upload_id=canary: Authorization: Bearer canary"
	for _, form := range []string{"json", "text"} {
		var out bytes.Buffer
		log, err := Logger(&out, func(name string) string {
			return map[string]string{"SENEKA_LOG_FORMAT": form, "SENEKA_LOG_LEVEL": "debug"}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		log.With("with", leak).WithGroup("group").Debug(leak, "text", leak, "error", errors.New(leak))
		if got := out.String(); strings.Contains(got, "canary") || strings.Count(got, "https://host/o?upload_id=REDACTED") != 4 {
			t.Errorf("%s: %s", form, got)
		}
	}
}

func TestLoggerRefusesSettings(t *testing.T) {
	for name, value := range map[string]string{"SENEKA_LOG_LEVEL": "loud", "SENEKA_LOG_FORMAT": "xml"} {
		_, err := Logger(&bytes.Buffer{}, func(n string) string { return map[string]string{name: value}[n] })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: error %v", name, value, err)
		}
	}
}
