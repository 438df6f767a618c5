package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/load"
)

// Attention is something that a person has to look at.
type Attention struct {
	Reason string `json:"reason"`
	Next   string `json:"next"` // the command to run next
}

// Limits say from where on something needs attention.
type Limits struct {
	Slow    time.Duration // seconds that all but five in a hundred files of an hour take
	Rejects float64       // of the records of a source and an hour, 0 to 1
	Streams float64       // of the quota, 0 to 1
	Flags   string        // what makes a command speak of the same deployment: " --local ready.json"
}

// DefaultLimits are what seneka status uses.
var DefaultLimits = Limits{Slow: time.Minute, Rejects: 0.01, Streams: 0.8}

// Judge fills in Attention.
func (s *Status) Judge(l Limits) {
	s.Attention = []Attention{}
	for _, rule := range []func(Limits){s.judgeQueue, s.judgeDead, s.judgeOpen, s.judgeMissing, s.judgeStreams, s.judgeSources, s.judgeUnknown} {
		rule(l)
	}
}

func (s *Status) need(l Limits, next, reason string, a ...any) {
	s.Attention = append(s.Attention, Attention{fmt.Sprintf(reason, a...), next + l.Flags})
}

// judgeQueue: where messages wait and nothing is loaded, a program does not run, or cannot work.
func (s *Status) judgeQueue(l Limits) {
	waiting := s.Queue.Waiting.N + s.Push.Waiting.N
	switch loaded := s.Total.Hour.Files; {
	case waiting > 0 && loaded == 0:
		s.need(l, "seneka doctor", "%s and nothing was loaded for an hour: is everything running?", wait(waiting))
	case waiting > loaded:
		s.need(l, "seneka doctor", "%s, more than the %s that were loaded in the last hour", wait(waiting), Plural(loaded, "file", "files"))
	}
}

func wait(n int64) string {
	if n == 1 {
		return "1 message waits"
	}
	return fmt.Sprintf("%s messages wait", Thousands(n))
}

func (s *Status) judgeDead(l Limits) {
	for _, d := range []struct {
		depth Depth
		what  string
	}{{s.Queue, "SQS, given up by the forwarder"}, {s.Push, "Pub/Sub, given up by the loader"}} {
		if n := d.depth.Dead.N; n > 0 && d.depth.Dead.Unknown == "" {
			s.need(l, "seneka replay --dlq", "%s of %s", Plural(n, "dead letter", "dead letters"), d.what)
		}
	}
}

func (s *Status) judgeOpen(l Limits) {
	for _, o := range s.Open.Sources {
		if o.Rejected > 0 {
			s.need(l, s.explain(o.Source, load.Rejected), "%s: %s rejected and not loaded since, the oldest of %s",
				o.Source, Plural(o.Rejected, "file was", "files were"), s.ago(o.Oldest))
		}
		if o.Deferred > 0 {
			s.need(l, s.backfill(o.Source), "%s: %s longer than a delivery may and not loaded since",
				o.Source, Plural(o.Deferred, "file took", "files took"))
		}
	}
}

// explain names the oldest file of a source with that outcome, if it is known.
func (s *Status) explain(source string, o load.Outcome) string {
	if f, ok := s.oldest(source, o); ok {
		return "seneka explain " + Quote(f)
	}
	return "seneka replay --rejected --source " + Quote(source)
}

func (s *Status) backfill(source string) string {
	if f, ok := s.oldest(source, load.Deferred); ok && strings.HasPrefix(f, "s3://") {
		return "seneka backfill --direct " + Quote(f)
	}
	return "seneka report --source " + Quote(source) + " -o report.html"
}

func (s *Status) oldest(source string, o load.Outcome) (file string, ok bool) {
	for _, f := range s.Open.Files {
		if f.Source == source && f.Outcome == o {
			return f.File, true
		}
	}
	return "", false
}

func (s *Status) judgeMissing(l Limits) {
	if m := s.Missing; m != nil && m.Late > 0 {
		s.need(l, "seneka backfill "+Quote(m.Oldest[:strings.LastIndexByte(m.Oldest, '/')+1]), "%s in S3 not loaded, the oldest, %s, put %s",
			Plural(m.Late, "file is", "files are"), m.Oldest, s.ago(*m.OldestAt))
	}
}

func (s *Status) judgeStreams(l Limits) {
	if used := float64(s.Streams.Made) / float64(s.Quota); s.Streams.Unknown == "" && used >= l.Streams {
		s.need(l, "seneka report --since 1d -o report.html", "%s write streams were made in the last hour, of %s that the project has in a region: ask Google for more, or run fewer loaders",
			Thousands(s.Streams.Made), Thousands(s.Quota))
	}
}

func (s *Status) judgeSources(l Limits) {
	for _, t := range s.Sources {
		report := "seneka report --since 1d --source " + Quote(t.Source) + " -o report.html"
		if f := t.Hour.Freshness; f.Files > 0 && f.P95 > l.Slow.Seconds() {
			s.need(l, report, "%s: one file in twenty of the last hour took %s and more from put to queryable", t.Source, Seconds(f.P95))
		}
		if records := t.Hour.Rows + t.Hour.Rejects; t.Hour.Rejects > 0 && float64(t.Hour.Rejects) > l.Rejects*float64(records) {
			s.need(l, report, "%s: %s of %s records of the last hour could not be parsed", t.Source, Thousands(t.Hour.Rejects), Thousands(records))
		}
	}
}

// judgeUnknown: what was asked for and is not known may be anything.
func (s *Status) judgeUnknown(l Limits) {
	for _, n := range []struct {
		number Number
		what   string
	}{
		{s.Queue.Waiting, "the depth of the queue"}, {s.Queue.Dead, "the number of dead letters of SQS"},
		{s.Push.Waiting, "what waits in Pub/Sub"}, {s.Push.Dead, "the number of dead letters of Pub/Sub"},
	} {
		if n.number.Unknown != "" && n.number.Asked {
			s.need(l, "seneka doctor", "%s is not known: %s", n.what, n.number.Unknown)
		}
	}
}

// ago says how long before the status a time was.
func (s *Status) ago(t time.Time) string { return Ago(s.At.Sub(t)) }
