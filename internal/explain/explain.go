// Package explain gathers all that is known of one file: which source takes it and why the others do
// not, what it is found to be, its copy, its claim, its rows, what the logs say, and what it cost. Of a
// file that was never seen it says what would happen. It writes nothing and knows no SDK.
package explain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/spool"
	"github.com/seneka-io/seneka/internal/verify"
)

// What a file may be beside the statuses of verify.
const (
	Unmatched verify.Status = "unmatched" // no source takes it
	Unknown   verify.Status = "unknown"   // it is not there and was never loaded
)

// Explanation is all that is known of a file.
type Explanation struct {
	File    string        `json:"file"`
	CopyOf  bool          `json:"asked_for_its_copy,omitempty"` // the copy in landing was asked for
	Status  verify.Status `json:"status"`
	Reason  string        `json:"reason,omitempty"`
	Object  *Object       `json:"object,omitempty"` // as it is stored now; absent: it is not there
	Sources []Trial       `json:"sources"`          // in the order in which they are tried
	Nearest string        `json:"nearest_source,omitempty"`
	Source  string        `json:"source,omitempty"`
	Format  string        `json:"format,omitempty"`
	Table   string        `json:"table,omitempty"`
	Landing *Copy         `json:"landing,omitempty"`
	Claim   *Claim        `json:"claim,omitempty"`
	Rows    []Held        `json:"rows"`
	Hops    []Hop         `json:"hops,omitempty"`
	History []load.Record `json:"history"` // of the load log, the first one first
	Rejects []Reject      `json:"rejects"` // the first ones
	Cost    *Cost         `json:"cost,omitempty"`
	First   []Row         `json:"-"`       // the first rows: of the table, or as they would be
	Would   bool          `json:"preview"` // First are as they would be
}

// Object is a file as it is stored.
type Object struct {
	object.Version
	Stored time.Time `json:"stored"`
}

// Trial is how a source fared with the file.
type Trial struct {
	Source  string `json:"source"`
	Pattern string `json:"match"`
	Matched bool   `json:"matched"`
	Why     string `json:"why,omitempty"`
}

// Copy is the copy in landing.
type Copy struct {
	Object  string         `json:"object"`  // gs://bucket/name#generation
	Version object.Version `json:"version"` // of the file that it is a copy of
	Created time.Time      `json:"created"`
}

// Claim is the ledger's word on the file.
type Claim struct {
	Name      string    `json:"name"` // of the object in the ledger bucket
	Kind      string    `json:"kind"` // pooled, streams, empty or void
	Attempt   string    `json:"attempt"`
	WrittenAt time.Time `json:"written_at"`
	LoadedAt  time.Time `json:"loaded_at"`
	Streams   []string  `json:"streams,omitempty"`
	Offset    int64     `json:"offset,omitempty"` // in a pooled stream
	Rows      int64     `json:"rows"`
	Rejects   int64     `json:"rejects"`
	First     time.Time `json:"first_time,omitzero"` // of the rows, by the partition column
	Last      time.Time `json:"last_time,omitzero"`
	As        string    `json:"loaded_as,omitempty"` // the name that its rows stand under, if it is another
}

// Held is how many rows of an attempt the table holds.
type Held struct {
	LoadedAt time.Time `json:"loaded_at,omitzero"`
	Rows     int64     `json:"rows"`
	Lines    int64     `json:"lines"`
	Claimed  bool      `json:"claimed"` // it is the attempt that the claim names
}

// Hop is a point on the file's way.
type Hop struct {
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"` // since the hop before
}

// Reject is a record that could not be parsed.
type Reject struct {
	Line   int64  `json:"line"`
	Offset int64  `json:"offset"`
	Reason string `json:"reason"`
	Raw    []byte `json:"raw"`
}

// Row is a row and its columns.
type Row struct {
	Columns row.Schema
	Values  []row.Value
	Line    int64
}

// Logs reads the load log and the reject log. What is not there is empty.
type Logs interface {
	FileRecords(ctx context.Context, log row.Table, file string, limit int) ([]load.Record, error)
	FileRejects(ctx context.Context, log row.Table, file string, limit int) ([]load.RejectRecord, error)
	Rows(ctx context.Context, q load.RowsQuery, each func(columns row.Schema, rec *row.Record) error) error
}

// Explainer explains files. Safe for concurrent use; all fields are to be set.
type Explainer struct {
	Config  *config.Config
	Checker *verify.Checker
	Logs    Logs
	Open    func(ctx context.Context, e object.Event) (io.ReadCloser, error) // a file as it is stored
	Grace   time.Duration
	Show    int // rows and rejects
}

// mostRecords is how many records of the load log are read.
const mostRecords = 100

// Explain explains one file, whatever its version.
func (x *Explainer) Explain(ctx context.Context, s object.Source) (*Explanation, error) {
	e := &Explanation{Rows: []Held{}, History: []load.Record{}, Rejects: []Reject{}}
	event, err := x.find(ctx, e, s)
	if err != nil {
		return nil, err
	}
	s = event.Source
	e.File = s.String()
	if event.ETag != "" {
		e.Object = &Object{event.Version, event.Time}
	}
	x.try(e, s)
	target, ok := x.Checker.Route(s)
	if !ok {
		e.Status, e.Reason = Unmatched, "no source of the configuration takes it: it is not loaded"
		return e, nil
	}
	e.Source, e.Format, e.Table = target.Source, target.Format.Name, target.Table.String()
	found, err := x.Checker.Again(ctx, verify.Options{Grace: x.Grace, Gone: true}, []object.Event{event})
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: %d answers", s, len(found))
	}
	f := found[0].Facts()
	e.Status, e.Reason = found[0].Status, found[0].Reason
	x.copied(e, f)
	x.claimed(e, f)
	if err := x.logged(ctx, e, s, target); err != nil {
		return nil, err
	}
	if e.Object == nil && f.Claim == nil && len(f.Held) == 0 && len(e.History) == 0 && f.Copy == nil {
		e.Status, e.Reason = Unknown, "it is not there, and no load of it is known; put there, it goes by this source"
	}
	e.hops(f)
	e.cost(f)
	return e, x.rows(ctx, e, f)
}

// find looks for the file as it is stored. Who asks for a copy in landing means the file.
func (x *Explainer) find(ctx context.Context, e *Explanation, s object.Source) (object.Event, error) {
	none := object.Event{Source: s}
	if s.Store == object.S3 {
		events, _, _, err := x.Checker.S3.List(ctx, s.Bucket, s.Key, "", true)
		if err != nil {
			return none, fmt.Errorf("look for %s: %w", s, err)
		}
		if len(events) > 0 && events[0].Key == s.Key { // the first of those that begin with it
			return events[0], nil
		}
		return none, nil
	}
	o := object.Landed{Bucket: s.Bucket, Name: s.Key}
	d, generation, err := x.Checker.Landing.Describe(ctx, o)
	if errkind.Is(err, errkind.NotFound) {
		return none, nil
	}
	if err != nil {
		return none, fmt.Errorf("look for %s: %w", s, err)
	}
	o.Generation = generation
	attrs, err := object.AttrsOf(o, d)
	if err != nil {
		return none, fmt.Errorf("%s: %w", o, err)
	}
	if attrs.Store == object.S3 {
		e.CopyOf = true
		return x.find(ctx, e, attrs.Source)
	}
	return attrs.Event, nil
}

// try says of each source whether it takes the file.
func (x *Explainer) try(e *Explanation, s object.Source) {
	trials := x.Config.Explain(s)
	for _, t := range trials {
		e.Sources = append(e.Sources, Trial{t.Source.Name, t.Source.Match.String(), t.Matched, t.Why})
	}
	if nearest := config.Nearest(trials); nearest != nil && !nearest.Matched {
		e.Nearest = nearest.Source.Name
	}
}

func (x *Explainer) copied(e *Explanation, f *verify.Facts) {
	if c := f.Copy; c != nil {
		e.Landing = &Copy{Object: c.Landed.String(), Version: c.Version, Created: c.Created}
	}
}

func (x *Explainer) claimed(e *Explanation, f *verify.Facts) {
	attempt := time.Time{}
	if c := f.Claim; c != nil {
		attempt = c.Load.LoadedAt
		e.Claim = &Claim{
			Name: f.Target.ClaimName(f.Source), Kind: "streams", Attempt: c.Load.Attempt, WrittenAt: c.WrittenAt, LoadedAt: c.Load.LoadedAt,
			Streams: c.Streams, Rows: c.Load.Rows, Rejects: c.Load.Rejects,
		}
		switch {
		case c.Void:
			e.Claim.Kind = "void"
		case c.Pooled != nil:
			e.Claim.Kind, e.Claim.Streams, e.Claim.Offset = "pooled", []string{c.Pooled.Stream}, c.Pooled.Offset
		case len(c.Streams) == 0:
			e.Claim.Kind = "empty"
		}
		if c.Load.Rows > 0 && c.Partition.First != 0 {
			e.Claim.First, e.Claim.Last = time.UnixMicro(c.Partition.First).UTC(), time.UnixMicro(c.Partition.Last).UTC()
		}
		if c.Load.SourceFile != e.File {
			e.Claim.As = c.Load.SourceFile
		}
	}
	for _, h := range f.Held {
		e.Rows = append(e.Rows, Held{h.LoadedAt, h.Rows, h.Lines, !attempt.IsZero() && h.LoadedAt.UnixMicro() == attempt.UnixMicro()})
	}
}

// logged reads what the logs say.
func (x *Explainer) logged(ctx context.Context, e *Explanation, s object.Source, target load.Target) error {
	records, err := x.Logs.FileRecords(ctx, load.LogTable(target.Table), s.String(), mostRecords)
	if err != nil {
		return err
	}
	e.History = append(e.History, records...)
	rejects, err := x.Logs.FileRejects(ctx, load.RejectTable(target.Table), s.String(), x.Show)
	if err != nil {
		return err
	}
	for _, r := range rejects {
		e.Rejects = append(e.Rejects, Reject{r.Line, r.Offset, r.Reason, r.Raw})
	}
	return nil
}

// rows reads the first rows: of the table, or, where it has none, of the file.
func (x *Explainer) rows(ctx context.Context, e *Explanation, f *verify.Facts) error {
	if x.Show == 0 {
		return nil
	}
	if len(f.Held) > 0 {
		q := load.RowsQuery{FilesQuery: load.FilesQuery{Table: f.Target.Table, First: f.Held[0].SourceFile, Last: f.Held[0].SourceFile}, Limit: x.Show}
		if c := f.Claim; c != nil && c.Partition.Column != "" {
			q.Partition, q.Type = c.Partition, row.Timestamp
		}
		return x.Logs.Rows(ctx, q, func(columns row.Schema, rec *row.Record) error {
			e.First = append(e.First, Row{columns, rec.Values, rec.Line})
			return nil
		})
	}
	if e.Object == nil {
		return nil
	}
	e.Would = true
	event := object.Event{Source: f.Source, Version: f.Version, Time: f.Time}
	err := x.preview(ctx, e, event, f.Target.Format)
	if err != nil && (errkind.Is(err, errkind.Permanent) || errors.Is(err, format.ErrControl)) {
		if len(e.History) == 0 {
			e.Rejects = append(e.Rejects, Reject{Reason: err.Error()})
		}
		return nil
	}
	return err
}

// preview decodes the beginning of the file as it is stored.
func (x *Explainer) preview(ctx context.Context, e *Explanation, event object.Event, f *format.Format) error {
	body, err := x.Open(ctx, event)
	if err != nil {
		return fmt.Errorf("open %s: %w", event.Source, err)
	}
	defer body.Close()
	var kept spool.Spool
	defer kept.Close()
	f, decoder, err := verify.Decode(f, body, &kept)
	if err != nil {
		return err
	}
	for range 10 * x.Show { // of which some may be rejects
		rec := row.NewRecord(len(f.Spec.Columns))
		err := decoder.Next(rec)
		var bad *format.Reject
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if len(e.History) == 0 && len(e.Rejects) < x.Show { // else the log has told of them
				e.Rejects = append(e.Rejects, Reject{bad.Line, bad.Offset, bad.Reason, bad.Raw})
			}
			continue
		case err != nil:
			return err
		}
		// The values are the decoder's until its next call.
		e.First = append(e.First, Row{f.Spec.Columns, row.CloneValues(rec.Values), rec.Line})
		if len(e.First) == x.Show {
			return nil
		}
	}
	return nil
}
