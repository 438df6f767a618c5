package observe

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// Loads counts loads, and goes on with the trace that the landing object carries; nil if nothing is
// traced or counted.
func (t *Telemetry) Loads() func(ctx context.Context, f load.File) (context.Context, func(load.Result, error)) {
	if !t.on {
		return nil
	}
	return func(ctx context.Context, f load.File) (context.Context, func(load.Result, error)) {
		start := time.Now()
		ctx = w3c.Extract(ctx, propagation.MapCarrier{traceparent: f.Traceparent})
		ctx, span := t.start(ctx, telemetry.SpanLoad, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(fileAttributes(f.Event)...))
		return ctx, func(res load.Result, err error) {
			outcome := outcomeOf(res, err)
			t.countLoad(ctx, f, res, outcome, time.Since(start))
			span.SetAttributes(attribute.String(telemetry.AttrOutcome, outcome), attribute.String(telemetry.AttrSource, res.Target.Source))
			if err == nil && res.Target.Source != "" {
				span.SetAttributes(attribute.String(telemetry.AttrTable, res.Target.Table.String()), attribute.String(telemetry.AttrAttempt, res.Attempt),
					attribute.Int64(telemetry.AttrRows, res.Rows), attribute.Int64(telemetry.AttrRejects, res.Rejects), attribute.String(telemetry.AttrReason, res.Reason))
			}
			finish(span, err)
		}
	}
}

// outcomeOf returns the outcome as it is counted.
func outcomeOf(res load.Result, err error) string {
	switch {
	case err != nil:
		return outcomeError
	case res.Outcome == load.Ignored && res.Target.Source == "":
		return "unmatched"
	default:
		return string(res.Outcome)
	}
}

func (t *Telemetry) countLoad(ctx context.Context, f load.File, res load.Result, outcome string, took time.Duration) {
	source := attribute.String(telemetry.AttrSource, res.Target.Source)
	t.metrics.count(ctx, telemetry.LoaderFiles, 1, attribute.String(telemetry.AttrOutcome, outcome), source)
	t.metrics.took(ctx, telemetry.LoaderDuration, took, attribute.String(telemetry.AttrOutcome, outcome))
	if outcome == string(load.Loaded) || outcome == string(load.Rejected) {
		t.metrics.count(ctx, telemetry.LoaderRejects, res.Rejects, source)
	}
	if outcome != string(load.Loaded) {
		return
	}
	t.metrics.count(ctx, telemetry.LoaderRows, res.Rows, source)
	t.metrics.count(ctx, telemetry.LoaderBytes, f.Size, source)
	// A file of a listing, which has no sequencer, was stored whenever it was: a backfill is not late.
	if announced := f.Sequencer != "" || f.Store == object.GCS; announced && !f.Time.IsZero() {
		t.metrics.took(ctx, telemetry.LoaderFreshness, res.Visible.Sub(f.Time), source)
	}
}

// Steps makes a span of each step of a load; nil if nothing is traced or counted.
func (t *Telemetry) Steps() load.Step {
	if !t.on {
		return nil
	}
	return func(ctx context.Context, name string) (context.Context, func(error)) {
		ctx, span := t.child(ctx, name)
		return ctx, func(err error) { finish(span, err) }
	}
}

// Landing decorates the reads of the landing bucket.
func (t *Telemetry) Landing(l load.Landing) load.Landing {
	if !t.on {
		return l
	}
	return &landing{l, t}
}

type landing struct {
	next load.Landing
	t    *Telemetry
}

// Open implements load.Landing. The call lasts until the body is closed.
func (l *landing) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	ctx, end := l.t.call(ctx, telemetry.CallGCSOpen)
	return reading(end)(l.next.Open(ctx, o))
}

// Live implements load.Landing.
func (l *landing) Live(ctx context.Context, bucket, name string) (int64, error) {
	ctx, end := l.t.call(ctx, telemetry.CallGCSLive)
	generation, err := l.next.Live(ctx, bucket, name)
	end(err)
	return generation, err
}

// Ledger decorates the reads and writes of claims.
func (t *Telemetry) Ledger(l load.Ledger) load.Ledger {
	if !t.on {
		return l
	}
	return &ledger{l, t}
}

type ledger struct {
	next load.Ledger
	t    *Telemetry
}

// Get implements load.Ledger.
func (l *ledger) Get(ctx context.Context, name string) (data []byte, generation int64, err error) {
	ctx, end := l.t.call(ctx, telemetry.CallClaimGet)
	data, generation, err = l.next.Get(ctx, name)
	end(err)
	return data, generation, err
}

// Put implements load.Ledger.
func (l *ledger) Put(ctx context.Context, name string, data []byte, generation int64) error {
	ctx, end := l.t.call(ctx, telemetry.CallClaimPut)
	err := l.next.Put(ctx, name, data, generation)
	end(err)
	return err
}

// Streams decorates the write streams, and counts those that are made.
func (t *Telemetry) Streams(s load.Streams) load.Streams {
	if !t.on {
		return s
	}
	return &streams{s, t}
}

type streams struct {
	next load.Streams
	t    *Telemetry
}

// Create implements load.Streams.
func (s *streams) Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (load.Stream, error) {
	return s.made(ctx, "pending", func() {}, func(ctx context.Context) (load.Stream, error) { return s.next.Create(ctx, t, desc) })
}

// CreatePooled implements load.Streams.
func (s *streams) CreatePooled(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (load.Stream, error) {
	closed := func() { s.t.metrics.level(context.Background(), telemetry.LoaderPoolStreams, -1) }
	made, err := s.made(ctx, "pooled", closed, func(ctx context.Context) (load.Stream, error) { return s.next.CreatePooled(ctx, t, desc) })
	if err == nil {
		s.t.metrics.level(ctx, telemetry.LoaderPoolStreams, 1)
	}
	return made, err
}

func (s *streams) made(ctx context.Context, kind string, closed func(), create func(context.Context) (load.Stream, error)) (load.Stream, error) {
	ctx, end := s.t.call(ctx, telemetry.CallCreateStream)
	s.t.metrics.count(ctx, telemetry.LoaderStreamsCreated, 1, attribute.String(telemetry.AttrKind, kind))
	made, err := create(ctx)
	end(err)
	if err != nil {
		return nil, err
	}
	return &stream{Stream: made, t: s.t, closed: sync.OnceFunc(closed)}, nil
}

// Finalize implements load.Streams.
func (s *streams) Finalize(ctx context.Context, stream string) (rows int64, known bool, err error) {
	ctx, end := s.t.call(ctx, telemetry.CallFinalize)
	rows, known, err = s.next.Finalize(ctx, stream)
	end(err)
	return rows, known, err
}

// Commit implements load.Streams.
func (s *streams) Commit(ctx context.Context, t row.Table, names []string) (load.CommitState, error) {
	ctx, end := s.t.call(ctx, telemetry.CallCommitStreams)
	state, err := s.next.Commit(ctx, t, names)
	end(err)
	return state, err
}

type stream struct {
	load.Stream
	t      *Telemetry
	closed func()
}

// Append implements load.Stream.
func (s *stream) Append(ctx context.Context, offset int64, rows [][]byte) error {
	ctx, end := s.t.call(ctx, telemetry.CallAppend)
	err := s.Stream.Append(ctx, offset, rows)
	end(err)
	return err
}

// Finalize implements load.Stream.
func (s *stream) Finalize(ctx context.Context) (int64, error) {
	ctx, end := s.t.call(ctx, telemetry.CallFinalize)
	rows, err := s.Stream.Finalize(ctx)
	end(err)
	return rows, err
}

// Close implements load.Stream.
func (s *stream) Close() {
	s.closed()
	s.Stream.Close()
}

// Log decorates the appends to the logs.
func (t *Telemetry) Log(l load.Log) load.Log {
	if !t.on {
		return l
	}
	return &logs{l, t}
}

type logs struct {
	next load.Log
	t    *Telemetry
}

// Append implements load.Log.
func (l *logs) Append(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error {
	ctx, end := l.t.call(ctx, telemetry.CallLog)
	err := l.next.Append(ctx, t, desc, rows)
	end(err)
	return err
}

// Tables decorates the making of tables.
func (t *Telemetry) Tables(l load.Tables) load.Tables {
	if !t.on {
		return l
	}
	return &tables{l, t}
}

type tables struct {
	next load.Tables
	t    *Telemetry
}

// EnsureTable implements load.Tables.
func (l *tables) EnsureTable(ctx context.Context, t row.Table, s row.Spec) error {
	ctx, end := l.t.call(ctx, telemetry.CallTable)
	err := l.next.EnsureTable(ctx, t, s)
	end(err)
	return err
}

// EnsureView implements load.Tables.
func (l *tables) EnsureView(ctx context.Context, t row.Table, query string, version int) error {
	ctx, end := l.t.call(ctx, telemetry.CallTable)
	err := l.next.EnsureView(ctx, t, query, version)
	end(err)
	return err
}

// Events decorates the telling of loads; nil stays nil.
func (t *Telemetry) Events(e load.Events) load.Events {
	if !t.on || e == nil {
		return e
	}
	return &events{e, t}
}

type events struct {
	next load.Events
	t    *Telemetry
}

// Loaded implements load.Events.
func (e *events) Loaded(ctx context.Context, l load.Event) error {
	ctx, end := e.t.call(ctx, telemetry.CallPublish)
	err := e.next.Loaded(ctx, l)
	end(err)
	return err
}

// Counter decorates the counts.
func (t *Telemetry) Counter(c load.Counter) load.Counter {
	if !t.on {
		return c
	}
	return &counter{c, t}
}

type counter struct {
	next load.Counter
	t    *Telemetry
}

// Count implements load.Counter.
func (c *counter) Count(ctx context.Context, q load.CountQuery) (recorded bool, rows int64, err error) {
	ctx, end := c.t.call(ctx, telemetry.CallCount)
	recorded, rows, err = c.next.Count(ctx, q)
	end(err)
	return recorded, rows, err
}
