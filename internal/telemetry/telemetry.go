// Package telemetry is how the programs speak to those who run them: logs and the build's version.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
)

// Logger returns a logger that writes a JSON object per line, in the field names of Google Cloud
// Logging, or text where SENEKA_LOG_FORMAT is "text". SENEKA_LOG_LEVEL is debug, info, warn or error.
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
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cloudNames})), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), nil
	default:
		return nil, fmt.Errorf("SENEKA_LOG_FORMAT is %q: write json or text", f)
	}
}

// cloudNames gives slog's own fields the names that Cloud Logging reads.
func cloudNames(groups []string, a slog.Attr) slog.Attr {
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
	fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
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
