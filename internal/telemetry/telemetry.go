// Package telemetry is how the programs speak to those who run them: logs, the build's version, and
// the names of metrics and spans. What exports them is package observe: stages link no SDK for it.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/seneka-io/seneka/internal/redact"
)

// Logger returns a logger that writes a JSON object per line, in the field names of Google Cloud
// Logging and with the trace that a line belongs to, or text where SENEKA_LOG_FORMAT is "text".
// SENEKA_LOG_LEVEL is debug, info, warn or error.
// Credentials in texts and errors are masked.
// https://cloud.google.com/logging/docs/structured-logging
func Logger(w io.Writer, getenv func(string) string) (*slog.Logger, error) {
	var level slog.Level
	if s := getenv("SENEKA_LOG_LEVEL"); s != "" {
		if err := level.UnmarshalText([]byte(s)); err != nil {
			return nil, fmt.Errorf("SENEKA_LOG_LEVEL is %q: write debug, info, warn or error", s)
		}
	}
	switch f := getenv("SENEKA_LOG_FORMAT"); f {
	case "", "json":
		return slog.New(&traced{Handler: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cloud})}), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redacted})), nil
	default:
		return nil, fmt.Errorf("SENEKA_LOG_FORMAT is %q: write json or text", f)
	}
}

// redacted takes credentials out of a field, the message included: an error may quote a request.
func redacted(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(redact.String(v))
	case error:
		a.Value = slog.StringValue(redact.String(v.Error()))
	}
	return a
}

// cloud gives slog's own fields the names that Cloud Logging reads.
func cloud(groups []string, a slog.Attr) slog.Attr {
	a = redacted(groups, a)
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.MessageKey:
		a.Key = "message"
	case slog.LevelKey:
		a.Key = "severity"
		if a.Value.String() == slog.LevelWarn.String() {
			a.Value = slog.StringValue("WARNING")
		}
	}
	return a
}

// Fail writes why a program ends to standard error and returns its exit code.
func Fail(program string, err error) int {
	fmt.Fprintf(os.Stderr, "%s: %s\n", program, redact.String(err.Error()))
	return 1
}

// Version returns the module version that the binary was built from, or its commit, or "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
}
