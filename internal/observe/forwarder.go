package observe

import (
	"context"
	"io"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// outcomeError is the outcome of what is tried again.
const outcomeError = "error"

// Forward is the forwarder's function, as forward.Loop has it.
type Forward = func(ctx context.Context, e object.Event, received time.Time) (forward.Outcome, error)

// Messages begins the trace of each message; nil if nothing is traced or counted.
func (t *Telemetry) Messages() forward.Observe {
	if !t.on {
		return nil
	}
	return func(ctx context.Context, m forward.Message) (context.Context, func(error)) {
		ctx, span := t.start(ctx, telemetry.SpanMessage, trace.WithNewRoot(), trace.WithTimestamp(m.Received),
			trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attribute.String(telemetry.AttrMessage, m.ID)))
		return ctx, func(err error) { finish(span, err) }
	}
}

// Forwards counts what do makes of each file.
func (t *Telemetry) Forwards(do Forward) Forward {
	if !t.on {
		return do
	}
	return func(ctx context.Context, e object.Event, received time.Time) (forward.Outcome, error) {
		start := time.Now()
		ctx, span := t.child(ctx, telemetry.SpanCopy, trace.WithAttributes(fileAttributes(e)...))
		if !e.Time.IsZero() {
			span.AddEvent(telemetry.EventStored, trace.WithTimestamp(e.Time))
			t.metrics.took(ctx, telemetry.ForwarderQueueAge, received.Sub(e.Time))
		}
		t.metrics.level(ctx, telemetry.ForwarderInflight, 1)
		defer t.metrics.level(ctx, telemetry.ForwarderInflight, -1)
		outcome, err := do(ctx, e, received)
		label := string(outcome)
		if err != nil {
			label = outcomeError
		}
		t.metrics.count(ctx, telemetry.ForwarderFiles, 1, attribute.String(telemetry.AttrOutcome, label))
		if err == nil && outcome == forward.Forwarded {
			t.metrics.took(ctx, telemetry.ForwarderCopyDuration, time.Since(start))
		}
		span.SetAttributes(attribute.String(telemetry.AttrOutcome, label))
		finish(span, err)
		return outcome, err
	}
}

func fileAttributes(e object.Event) []attribute.KeyValue {
	attrs := []attribute.KeyValue{attribute.String(telemetry.AttrFile, e.Source.String()), attribute.Int64(telemetry.AttrBytes, e.Size)}
	if e.Store == object.S3 {
		attrs = append(attrs, attribute.String(telemetry.AttrBucket, e.Bucket), attribute.String(telemetry.AttrKey, e.Key))
	}
	return attrs
}

// Copied counts the bytes of a copy that was made.
func (t *Telemetry) Copied(read, written int64) {
	if !t.on {
		return
	}
	t.metrics.count(context.Background(), telemetry.ForwarderBytes, read, attribute.String(telemetry.AttrDirection, "read"))
	t.metrics.count(context.Background(), telemetry.ForwarderBytes, written, attribute.String(telemetry.AttrDirection, "written"))
}

// w3c carries a trace from one process to another.
var w3c propagation.TraceContext

// traceparent is its header.
const traceparent = "traceparent"

// Traceparent returns the trace that ctx is in, as the landing object carries it; empty if in none.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	return carrier[traceparent]
}

// Source decorates the reads of S3.
func (t *Telemetry) Source(s forward.Source) forward.Source {
	if !t.on {
		return s
	}
	return &source{s, t}
}

type source struct {
	forward.Source
	t *Telemetry
}

// Open implements forward.Source. The call lasts until the body is closed.
func (s *source) Open(ctx context.Context, e object.Event) (*object.Body, error) {
	ctx, end := s.t.call(ctx, telemetry.CallS3Get)
	return reading(end)(s.Source.Open(ctx, e))
}

// reading ends a call with its error, or when the body that it returned is closed.
func reading(end func(error)) func(*object.Body, error) (*object.Body, error) {
	return func(b *object.Body, err error) (*object.Body, error) {
		if err != nil {
			end(err)
			return b, err
		}
		b.ReadCloser = &body{ReadCloser: b.ReadCloser, end: end}
		return b, nil
	}
}

// body is one that is being read.
type body struct {
	io.ReadCloser
	err error // what a read failed with
	end func(error)
}

// Read reads on, as io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// Close ends the call.
func (b *body) Close() error {
	if b.end != nil {
		b.end(b.err)
		b.end = nil
	}
	return b.ReadCloser.Close()
}

// ForwardLanding decorates the writes of the landing bucket.
func (t *Telemetry) ForwardLanding(l forward.Landing) forward.Landing {
	if !t.on {
		return l
	}
	return &forwardLanding{l, t}
}

type forwardLanding struct {
	next forward.Landing
	t    *Telemetry
}

// Copy implements forward.Landing.
func (l *forwardLanding) Copy(ctx context.Context, bucket, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
	ctx, end := l.t.call(ctx, telemetry.CallGCSCopy)
	err := l.next.Copy(ctx, bucket, name, r, size, metadata, generation)
	end(err)
	return err
}

// Stat implements forward.Landing.
func (l *forwardLanding) Stat(ctx context.Context, o object.Landed) (metadata map[string]string, generation int64, err error) {
	ctx, end := l.t.call(ctx, telemetry.CallGCSStat)
	metadata, generation, err = l.next.Stat(ctx, o)
	end(err)
	return metadata, generation, err
}

// Queue decorates the calls of SQS, but not the receiving, which waits for messages.
func (t *Telemetry) Queue(q forward.Queue) forward.Queue {
	if !t.on {
		return q
	}
	return &queue{q, t}
}

type queue struct {
	forward.Queue
	t *Telemetry
}

// Delete implements forward.Queue.
func (q *queue) Delete(ctx context.Context, m forward.Message) error {
	ctx, end := q.t.call(ctx, telemetry.CallSQSDelete)
	err := q.Queue.Delete(ctx, m)
	end(err)
	return err
}

// Hide implements forward.Queue.
func (q *queue) Hide(ctx context.Context, m forward.Message, visibility time.Duration) error {
	ctx, end := q.t.call(ctx, telemetry.CallSQSHide)
	err := q.Queue.Hide(ctx, m, visibility)
	end(err)
	return err
}
