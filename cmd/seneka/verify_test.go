package main

import (
	"bytes"
	"strings"
	"testing"
)

// What is wrong with a command line is said before anything is asked, and both commands explain themselves.
func TestVerifyUsage(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"verify", exitUsage, "takes one prefix"},
		{"verify http://logs/", exitUsage, "names no bucket: write s3://BUCKET/PREFIX, or gs://LANDING/PREFIX"},
		{"verify --report x.pdf s3://logs/", exitUsage, `--report writes .html or .json, not "x.pdf"`},
		{"verify --since soon s3://logs/", exitUsage, "--since: \"soon\" is no time"},
		{"verify --until soon s3://logs/", exitUsage, "--until: \"soon\" is no time"},
		{"verify --grace -1s s3://logs/", exitUsage, "--grace takes 0s or more"},
		{"verify --show -1 s3://logs/", exitUsage, "--show takes 0 or more"},
		{"verify --deep --sample 0 s3://logs/", exitUsage, "--sample takes 1 or more"},
		{"verify --deep --from disk s3://logs/", exitUsage, "--from takes s3 or landing"},
		{"verify --config none.yaml s3://logs/", exitFailed, "hint: name the configuration by --config"},
		{"explain s3://logs", exitUsage, "names no file: write s3://BUCKET/KEY"},
		{"explain --show -1 s3://logs/x", exitUsage, "--show takes 0 or more"},
		{"explain", exitUsage, "takes one file"},
		{"verify --help", exitOK, "Exit codes: 0 no difference, 1 could not run, 2 wrong command line, 3 differences"},
		{"explain --help", exitOK, "Exit codes: 0 the file is as it should be"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(tt.args), &stdout, &stderr)
		if said := stdout.String() + stderr.String(); code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%s: exit code %d, want %d: %s", tt.args, code, tt.code, said)
		}
	}
}
