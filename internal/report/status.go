package report

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// StreamQuota is how many write streams a project can make in an hour and region.
// https://cloud.google.com/bigquery/quotas#createwritestream
const StreamQuota = 10_000

// Status is how it is now. What stands in no log is filled in by who can ask for it, before Judge.
type Status struct {
	At        time.Time      `json:"at"`
	Attention []Attention    `json:"attention"` // what needs a person, the worst first
	Total     SourceStatus   `json:"total"`
	Sources   []SourceStatus `json:"sources"` // those of the configuration first, in its order
	Open      Open           `json:"open"`
	Streams   Streams        `json:"streams"` // of the last hour
	Quota     int64          `json:"stream_quota"`
	Queue     Depth          `json:"queue"`  // SQS, before the forwarder
	Push      Depth          `json:"pubsub"` // Pub/Sub, before the loader
	Missing   *Missing       `json:"missing,omitempty"`
}

// SourceStatus is one source, or all of them.
type SourceStatus struct {
	Source string     `json:"source"`
	Hour   Totals     `json:"hour"`
	Day    Totals     `json:"day"`
	Open   OpenSource `json:"open"`
}

// Depth is how many messages lie before a program.
type Depth struct {
	Name     string `json:"name,omitempty"`
	Waiting  Number `json:"waiting"`
	InFlight Number `json:"in_flight"`
	Dead     Number `json:"dead"` // given up and parked
}

// Number is a number, or why it is not known.
type Number struct {
	N       int64  `json:"n"`
	Unknown string `json:"unknown,omitempty"` // then N says nothing
	// Asked tells that somebody meant to know it, so that not knowing needs attention.
	Asked bool `json:"-"`
}

// Missing are the files that lie in S3, as a listing has them, and are not loaded by the log.
type Missing struct {
	Since    time.Time  `json:"since"`  // the listing's; by the date in a key's folders where there is one
	Listed   int64      `json:"listed"` // files that a source takes
	Files    int64      `json:"files"`  // of those, not loaded
	Late     int64      `json:"late"`   // of those, put longer ago than a file may take
	Oldest   string     `json:"oldest,omitempty"`
	OldestAt *time.Time `json:"oldest_at,omitempty"` // when it was put
	Requests int64      `json:"requests"`            // LIST requests that it took
	Unlisted []string   `json:"unlisted,omitempty"`  // sources whose bucket is not known by name
}

// Add counts a file that is not loaded. It is late if it was put before that time.
func (m *Missing) Add(file string, put, late time.Time) {
	m.Files++
	if put.Before(late) {
		m.Late++
	}
	if m.OldestAt == nil || put.Before(*m.OldestAt) {
		m.Oldest, m.OldestAt = file, &put
	}
}

// ReadStatus asks the logs: Since is how far back to look for files that are not loaded, Until is now.
// Sources are those that are to be there though nothing came.
func ReadStatus(ctx context.Context, a Asker, q Question, sources []string) (*Status, error) {
	hour, day := q.Until.Add(-time.Hour), q.Until.Add(-24*time.Hour)
	s := &Status{At: q.Until.UTC(), Attention: []Attention{}, Sources: []SourceStatus{}, Quota: StreamQuota,
		Open: Open{Sources: []OpenSource{}, Files: []File{}}}
	for _, name := range sources {
		if q.Source == "" || name == q.Source {
			s.source(name)
		}
	}
	logs, err := there(ctx, a, q.Logs)
	if err != nil || len(logs) == 0 {
		return s, err
	}
	totals, err := reader{a, scope{logs, day, q.Until, q.Source}}.totals(ctx, []time.Time{hour, day})
	if err != nil {
		return nil, err
	}
	s.Total.Hour, s.Total.Day = totals[0].all, totals[1].all
	for _, t := range totals[0].sources {
		s.source(t.Source).Hour = t
	}
	for _, t := range totals[1].sources {
		s.source(t.Source).Day = t
	}
	if s.Open, err = (reader{a, scope{logs, q.Since, q.Until, q.Source}}).open(ctx); err != nil {
		return nil, err
	}
	for _, o := range s.Open.Sources {
		s.source(o.Source).Open = o
		s.Total.Open.add(o)
	}
	// The quota is the project's, whatever source is asked for.
	s.Streams, err = reader{a, scope{logs: logs, since: hour, until: q.Until}}.streams(ctx)
	return s, err
}

// source returns the status of a source, new ones behind the others.
func (s *Status) source(name string) *SourceStatus {
	i := slices.IndexFunc(s.Sources, func(t SourceStatus) bool { return t.Source == name })
	if i < 0 {
		i = len(s.Sources)
		s.Sources = append(s.Sources, SourceStatus{Source: name, Hour: Totals{Source: name}, Day: Totals{Source: name}, Open: OpenSource{Source: name}})
	}
	return &s.Sources[i]
}

// add makes o the sum of both.
func (o *OpenSource) add(p OpenSource) {
	if o.Oldest.IsZero() || p.Oldest.Before(o.Oldest) {
		o.Oldest = cmp.Or(p.Oldest, o.Oldest)
	}
	o.Rejected += p.Rejected
	o.Deferred += p.Deferred
}
