package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/report"
)

// newStatusOf is a status with something in every line.
func newStatusOf() *report.Status {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	hour := report.Totals{Source: "alb", Files: 1200, Rows: 34567, Rejects: 1, Bytes: 1 << 20, Freshness: report.Freshness{Files: 1200, P50: 1.5, P95: 3.25, P99: 70}}
	s := &report.Status{
		At: at, Quota: report.StreamQuota, Streams: report.Streams{Made: 12},
		Sources: []report.SourceStatus{
			{Source: "alb", Hour: hour, Day: hour, Open: report.OpenSource{Source: "alb", Rejected: 2, Oldest: at.Add(-time.Hour)}}, {Source: "idle"},
		},
		Queue:   report.Depth{Waiting: report.Number{N: 1234}, InFlight: report.Number{N: 2}, Dead: report.Number{N: 3}},
		Push:    report.Depth{Waiting: report.Number{Unknown: "not\x1b[31m asked"}, Dead: report.Number{N: 0}},
		Missing: &report.Missing{Since: at, Listed: 1, Files: 1, Oldest: "s3://b/k", OldestAt: &at, Unlisted: []string{"any"}},
	}
	s.Total = s.Sources[0]
	s.Total.Source = ""
	s.Attention = []report.Attention{{Reason: "it\x1b[2J burns", Next: "seneka doctor"}, {Reason: "and more", Next: "seneka report"}}
	return s
}

func TestStatusText(t *testing.T) {
	got := statusText(newStatusOf())
	for _, want := range []string{
		"Needs attention:\n  1. it\\x1b[2J burns\n     next: seneka doctor\n  2. and more\n",
		"│ alb    │ hour │ 1,200 │ 34,567 │       1 │ 1 MiB │ 1.5 s │ 3.2 s │ 70 s │ 2, oldest 60 min ago │",
		"│ idle   │ day  │     0 │", "│ all    │ hour │ 1,200 │",
		"\nSQS      1,234 waiting, 2 in flight, 3 dead letters\n", "\nPub/Sub  0 in flight, 0 dead letters, waiting unknown (not\\x1b[31m asked)\n",
		"\nStreams  12 made in the last hour of 10,000, 9,988 left\n",
		"\nS3       1 file listed since 2026-01-02, 1 of them not loaded, the oldest put 2026-01-02 03:04:05: s3://b/k; not listed, for their patterns name no bucket: any\n",
		"\nAs of    2026-01-02 03:04:05 UTC\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	s := newStatusOf()
	s.Streams.Unknown, s.Attention, s.Missing = "no column", nil, nil
	if got := statusText(s); !strings.HasPrefix(got, "Nothing needs attention.\n") || !strings.Contains(got, "Streams  unknown (no column)") || strings.Contains(got, "S3  ") {
		t.Errorf("got\n%s", got)
	}
}

// A watch shows each status in place on a terminal, as a line elsewhere, as an object for machines.
func TestScreen(t *testing.T) {
	o := statusOptions{interval: 30 * time.Second}
	shown := func(c screen) string {
		var b bytes.Buffer
		c.w = &b
		if err := c.show(newStatusOf(), o); err != nil {
			t.Fatal(err)
		}
		c.failed(errors.New("no\x1b[2J answer"))
		return b.String()
	}
	const line = "2026-01-02T03:04:05Z last hour: 1,200 files, 34,567 rows, 1 reject, p95 3.2 s; SQS 1,234 waiting, 2 in flight, 3 dead letters; " +
		`Pub/Sub 0 in flight, 0 dead letters, waiting unknown (not\x1b[31m asked); needs attention: it\x1b[2J burns (and 1 more)` + "\n"
	if got := shown(screen{}); !strings.HasPrefix(got, line) || !strings.HasSuffix(got, `could not look: no\x1b[2J answer`+"\n") {
		t.Errorf("elsewhere: %q", got)
	}
	if got := shown(screen{terminal: true}); !strings.HasPrefix(got, "\x1b[HNeeds attention:\x1b[K\n") || !strings.Contains(got, "Every 30s; Ctrl-C ends it.\x1b[K\n\x1b[J") {
		t.Errorf("on a terminal: %q", got)
	}
	got := strings.Split(shown(screen{json: true}), "\n")
	var s report.Status
	if err := json.Unmarshal([]byte(got[0]), &s); err != nil || s.Total.Hour.Rows != 34567 || got[1] != `{"error":"no\u001b[2J answer"}` || len(got) != 3 {
		t.Errorf("for machines: %q, %v", got, err)
	}
}

// What is to be listed for a source: none twice, and what cannot be is named.
func TestS3Places(t *testing.T) {
	const text = `{project: acme-logs, landing: 'gs://acme-l', ledger: 'gs://acme-g', queue: 'https://sqs.us-east-1.amazonaws.com/123456789012/q', sources: [%s]}`
	var sources []string
	for i, match := range []string{"s3://b/logs/a/**", "s3://b/logs/*/x.log", "s3://b/other/k?.log", "s3://b/lo.log", "s3://any-*/**", "gs://acme-l/x/**", "s3://a/{name}.log"} {
		sources = append(sources, fmt.Sprintf("{name: s%d, match: '%s', format: alb, table: logs.t}", i, match))
	}
	cfg, err := config.Parse("x.yaml", fmt.Appendf(nil, text, strings.Join(sources, ", ")), formats.Known())
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"": "[s3://a/ s3://b/lo.log s3://b/logs/ s3://b/other/k] [s4]", "s0": "[s3://b/logs/a/] []", "s4": "[] [s4]", "s5": "[] []",
	} {
		if places, unlisted := s3Places(cfg, source); fmt.Sprint(places, unlisted) != want {
			t.Errorf("%q: %v %v, want %s", source, places, unlisted, want)
		}
	}
}

// What a local cloud's page does not say is not known, and is no 0.
func TestLocalDepth(t *testing.T) {
	body, status := `{"push":{"waiting":1,"in_flight":2,"dead":3}}`, http.StatusOK
	address := cloudtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	file := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"dashboard": %q}`, address), 0o600); err != nil {
		t.Fatal(err)
	}
	if d := localDepth(t.Context(), file); d.Waiting.N != 1 || d.InFlight.N != 2 || d.Dead != (report.Number{N: 3}) {
		t.Errorf("%+v", d)
	}
	for _, fails := range []func() string{
		func() string { return file + ".none" }, func() string { body = "<html>"; return file }, func() string { status = http.StatusForbidden; return file },
	} {
		if d := localDepth(t.Context(), fails()); d.Dead.Unknown == "" || !d.Dead.Asked || d.Waiting.Unknown == "" {
			t.Errorf("%+v", d)
		}
	}
}
