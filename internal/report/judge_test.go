package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// fine is a status that needs nothing.
func fine() *Status {
	s := &Status{At: sampleEnd, Quota: StreamQuota}
	*s.source("alb") = SourceStatus{Source: "alb", Hour: Totals{Source: "alb", Files: 100, Rows: 1000, Rejects: 10, Freshness: Freshness{100, 2, 60, 70, 80}}}
	s.Total.Hour = s.Sources[0].Hour
	s.Queue.Waiting.N, s.Push.Waiting.N = 50, 50
	s.Streams.Made = 7999
	s.Missing = &Missing{Listed: 10, Files: 1}
	s.Push.Dead.Unknown = "nobody asked"
	return s
}

// Each rule speaks up where it is to, with the command to run next, and not a step before.
func TestJudge(t *testing.T) {
	for name, tt := range map[string]struct {
		change       func(s *Status)
		reason, next string
	}{
		"nothing is loaded": {func(s *Status) { s.Total.Hour.Files, s.Queue.Waiting.N, s.Push.Waiting.N = 0, 1, 0 }, "1 message waits and nothing was loaded for an hour", "seneka doctor"},
		"it piles up":       {func(s *Status) { s.Queue.Waiting.N = 51 }, "101 messages wait, more than the 100 files", "seneka doctor"},
		"dead in SQS":       {func(s *Status) { s.Queue.Dead.N = 1 }, "1 dead letter of SQS", "seneka replay --dlq"},
		"dead in Pub/Sub":   {func(s *Status) { s.Push.Dead = Number{N: 2000} }, "2,000 dead letters of Pub/Sub", "seneka replay --dlq"},
		"rejected": {func(s *Status) {
			s.Open = Open{[]OpenSource{{"alb", 2, 0, sampleEnd.Add(-time.Hour)}}, []File{{File: "s3://b/a b", Source: "alb", Outcome: load.Rejected}}}
		}, "alb: 2 files were rejected and not loaded since, the oldest of 60 min ago", "seneka explain 's3://b/a b'"},
		"rejected, unnamed": {func(s *Status) { s.Open.Sources = []OpenSource{{"alb", 1, 0, sampleEnd}} }, "alb: 1 file was rejected", "seneka replay --rejected --source alb"},
		"deferred": {func(s *Status) {
			s.Open = Open{[]OpenSource{{"alb", 0, 1, sampleEnd}}, []File{{File: "s3://b/k", Source: "alb", Outcome: load.Deferred}}}
		}, "alb: 1 file took longer than a delivery may", "seneka backfill --direct s3://b/k"},
		"deferred in landing": {func(s *Status) {
			s.Open = Open{[]OpenSource{{"alb", 0, 2, sampleEnd}}, []File{{File: "gs://b/k", Source: "alb", Outcome: load.Deferred}}}
		}, "alb: 2 files took longer", "seneka report --source alb -o report.html"},
		"missing":          {func(s *Status) { s.Missing.Late = 0; s.Missing.Add("s3://b/p/k", sampleEnd.Add(-time.Hour), sampleEnd) }, "1 file is in S3 not loaded, the oldest, s3://b/p/k, put 60 min ago", "seneka backfill s3://b/p/"},
		"streams":          {func(s *Status) { s.Streams.Made = 8000 }, "8,000 write streams were made in the last hour, of 10,000", "seneka report"},
		"slow":             {func(s *Status) { s.Sources[0].Hour.Freshness.P95 = 61 }, "alb: one file in twenty of the last hour took 61 s", "seneka report --since 1d --source alb"},
		"rejects":          {func(s *Status) { s.Sources[0].Hour.Rejects = 11 }, "alb: 11 of 1,011 records", "seneka report"},
		"not known":        {func(s *Status) { s.Queue.Dead = Number{Unknown: "AccessDenied", Asked: true} }, "the number of dead letters of SQS is not known: AccessDenied", "seneka doctor"},
		"not known, asked": {func(s *Status) { s.Push.Dead.Asked = true }, "Pub/Sub is not known: nobody asked", "seneka doctor"},
	} {
		s := fine()
		s.Judge(DefaultLimits)
		if len(s.Attention) > 0 {
			t.Fatalf("what is fine needs %+v", s.Attention)
		}
		tt.change(s)
		l := DefaultLimits
		l.Flags = " --local ready.json"
		s.Judge(l)
		if len(s.Attention) != 1 || !strings.Contains(s.Attention[0].Reason, tt.reason) ||
			!strings.HasPrefix(s.Attention[0].Next, tt.next) || !strings.HasSuffix(s.Attention[0].Next, " --local ready.json") {
			t.Errorf("%s: %+v; want %q and %q", name, s.Attention, tt.reason, tt.next)
		}
	}
}

// What is worst stands first.
func TestJudgeOrder(t *testing.T) {
	s := fine()
	s.Sources[0].Hour.Rejects, s.Queue.Dead.N, s.Total.Hour.Files, s.Streams.Made = 500, 1, 0, 9999
	s.Judge(DefaultLimits)
	var got []string
	for _, a := range s.Attention {
		got = append(got, strings.Fields(a.Reason)[1])
	}
	if fmt.Sprint(got) != "[messages dead write 500]" {
		t.Errorf("order %q", got)
	}
}

func TestMissing(t *testing.T) {
	var m Missing
	for i, ago := range []time.Duration{time.Minute, 3 * time.Hour, 2 * time.Hour} {
		m.Add(fmt.Sprint(i), sampleEnd.Add(-ago), sampleEnd.Add(-time.Hour))
	}
	if m.Files != 3 || m.Late != 2 || m.Oldest != "1" || !m.OldestAt.Equal(sampleEnd.Add(-3*time.Hour)) {
		t.Errorf("%+v", m)
	}
}

// failing answers nothing, and fails one question.
type failing int

var errDown = errors.New("down")

func (f *failing) Ask(context.Context, string, func([]any) error) error {
	if *f--; *f < 0 {
		return errkind.With(errkind.Transient, errDown)
	}
	return nil
}

// A question that fails fails all: no report with a part missing.
func TestAskFails(t *testing.T) {
	q := Question{Logs: []row.Table{{Project: "p", Dataset: "d", Name: "seneka_load_log"}}, Since: sampleEnd.AddDate(0, 0, -1), Until: sampleEnd}
	for what, ask := range map[string]func(a Asker) error{
		"report": func(a Asker) error { _, err := Read(t.Context(), a, q); return err },
		"status": func(a Asker) error { _, err := ReadStatus(t.Context(), a, q, nil); return err },
	} {
		n := failing(0)
		for f := n; ; f = n {
			err := ask(&f)
			if err == nil {
				break
			}
			if !errors.Is(err, errDown) {
				t.Fatalf("%s, question %d: %v", what, n, err)
			}
			n++
		}
		if want := map[string]failing{"report": 12, "status": 5}[what]; n != want {
			t.Errorf("a %s asks %d questions, want %d", what, n, want)
		}
	}
	q.Logs[0].Dataset = "a`b"
	if _, err := Read(t.Context(), new(failing), q); err == nil || errors.Is(err, errDown) {
		t.Errorf("a name that ends its quotes: %v", err)
	}
}

func TestTexts(t *testing.T) {
	for got, want := range map[string]string{
		Seconds(0): "0 ms", Seconds(0.0123): "12 ms", Seconds(0.9994): "999 ms", Seconds(0.9996): "1.0 s", Seconds(9.94): "9.9 s", Seconds(9.96): "10 s",
		Seconds(119.4): "119 s", Seconds(120): "2 min", Seconds(7199): "120 min", Seconds(7200): "2.0 h", Seconds(172800): "2.0 d",
		Ago(-time.Second): "0 ms ago", Ago(90 * time.Second): "90 s ago",
		Thousands(-1234567): "-1,234,567", Thousands(-123): "-123", Thousands(0): "0", Thousands(1000): "1,000",
		Short(9999): "9,999", Short(12_345): "12.3k", Short(999_499): "999k", Short(999_999): "1M", Short(5_000_000_000): "5G",
		Bytes(0): "0 B", Bytes(1023): "1023 B", Bytes(1536): "1.5 KiB", Bytes(1 << 40): "1 TiB",
		Plural(1, "file", "files"): "1 file", Plural(0, "file", "files"): "0 files",
		Quote("s3://b/k=1.log"): "s3://b/k=1.log", Quote("a b"): "'a b'", Quote("it's"): `'it'\''s'`, Quote(""): "''", Quote("$(x)"): "'$(x)'",
		ratio(0, 0): "0 %", ratio(1, 100_000): "under 0.01 %", ratio(1, 1000): "0.1 %", ratio(1, 3): "33.3 %",
		period(7 * 24 * time.Hour): "7 days", period(24 * time.Hour): "24 hours", period(90 * time.Minute): "90 minutes",
		span(900): "15 minutes", span(3 * 3600): "3 hours", span(86400): "1 day",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for d, want := range map[time.Duration]int64{time.Minute: 60, time.Hour: 60, 24 * time.Hour: 900, 7 * 24 * time.Hour: 3 * 3600, 90 * 24 * time.Hour: 24 * 3600, 20 * 365 * 24 * time.Hour: 28 * 24 * 3600} {
		if got := step(d); got != want {
			t.Errorf("step(%s) = %d, want %d", d, got, want)
		}
	}
	for n, want := range map[int64]int64{0: 1, 1: 1, 7: 8, 9: 10, 3601: 4000, 1<<63 - 1: 1<<63 - 1} {
		if got := roundUp(n); got < n || got != want {
			t.Errorf("roundUp(%d) = %d, want %d", n, got, want)
		}
	}
}
