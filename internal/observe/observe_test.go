package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/forward"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/observe/otlptest"
	"github.com/seneka-io/seneka/internal/row"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// open starts telemetry with these variables set, name and value in turn.
func open(t *testing.T, service string, env ...string) *Telemetry {
	t.Helper()
	got, err := Open(context.Background(), settings(t, service, env...))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func settings(t *testing.T, service string, env ...string) Settings {
	t.Helper()
	for pair := range slices.Chunk(env, 2) {
		t.Setenv(pair[0], pair[1])
	}
	return Settings{Service: service, Version: "1.2.3", Project: "acme", Getenv: os.Getenv, Log: slog.New(slog.DiscardHandler)}
}

func mustClose(t *testing.T, all ...*Telemetry) {
	t.Helper()
	for _, o := range all {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

// clouds answers every call of both stages; fails names the calls that it refuses.
type clouds struct {
	fails map[string]error
	said  []string
}

func (c *clouds) do(name string) error {
	c.said = append(c.said, name)
	return c.fails[name]
}

func (c *clouds) Receive(context.Context, int, time.Duration) ([]forward.Message, error) {
	return nil, nil
}
func (c *clouds) Delete(context.Context, forward.Message) error              { return c.do("delete") }
func (c *clouds) Hide(context.Context, forward.Message, time.Duration) error { return c.do("hide") }

func (c *clouds) Copy(_ context.Context, _, _ string, r io.Reader, _ int64, _ map[string]string, _ int64) error {
	_, _ = io.Copy(io.Discard, r)
	return c.do("copy")
}

func (c *clouds) Stat(context.Context, object.Landed) (map[string]string, int64, error) {
	return nil, 0, c.do("stat")
}

// bucket is that of S3: the landing bucket has an Open too.
type bucket struct{ *clouds }

func (b bucket) Open(context.Context, object.Event) (*object.Body, error) {
	return &object.Body{ReadCloser: io.NopCloser(strings.NewReader("abc"))}, b.do("open")
}

func (c *clouds) Open(context.Context, object.Landed) (*object.Body, error) {
	return &object.Body{ReadCloser: io.NopCloser(strings.NewReader("abc"))}, c.do("open")
}
func (c *clouds) Live(context.Context, string, string) (int64, error)      { return 1, c.do("live") }
func (c *clouds) Get(context.Context, string) ([]byte, int64, error)       { return nil, 0, c.do("get") }
func (c *clouds) Put(context.Context, string, []byte, int64) error         { return c.do("put") }
func (c *clouds) EnsureTable(context.Context, row.Table, row.Spec) error   { return c.do("table") }
func (c *clouds) EnsureView(context.Context, row.Table, string, int) error { return c.do("view") }
func (c *clouds) Count(ctx context.Context, _ load.CountQuery) (bool, int64, error) {
	// As the clients' libraries do wherever they find a span: none of it is to be exported.
	_, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("library").Start(ctx, "HTTP GET")
	span.End()
	return false, 0, c.do("count")
}
func (c *clouds) Append(context.Context, row.Table, *descriptorpb.DescriptorProto, [][]byte) error {
	return c.do("log")
}
func (c *clouds) Loaded(context.Context, load.Event) error { return c.do("event") }
func (c *clouds) Create(context.Context, row.Table, *descriptorpb.DescriptorProto) (load.Stream, error) {
	return oneStream{c}, c.do("create")
}
func (c *clouds) CreatePooled(context.Context, row.Table, *descriptorpb.DescriptorProto) (load.Stream, error) {
	return oneStream{c}, c.do("create pooled")
}
func (c *clouds) Finalize(context.Context, string) (int64, bool, error) {
	return 0, true, c.do("finalize")
}
func (c *clouds) Commit(context.Context, row.Table, []string) (load.CommitState, error) {
	return load.Committed, c.do("commit")
}

type oneStream struct{ c *clouds }

func (oneStream) Name() string                                    { return "s" }
func (s oneStream) Append(context.Context, int64, [][]byte) error { return s.c.do("append") }
func (s oneStream) Finalize(context.Context) (int64, error)       { return 0, s.c.do("stream finalize") }
func (s oneStream) Close()                                        { _ = s.c.do("close") }

var event = object.Event{
	Source: object.Source{Bucket: "src", Key: "a/b.log"}, Version: object.Version{ETag: "e", Size: 3}, Sequencer: "0A",
	Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
}

// forwardOne plays the forwarder with one message, and returns the trace that its copy carries.
func forwardOne(t *testing.T, o *Telemetry, c *clouds) (parent string) {
	t.Helper()
	m := forward.Message{ID: "m1", Received: event.Time.Add(2 * time.Second)}
	begin := o.Messages()
	if begin == nil {
		begin = func(ctx context.Context, _ forward.Message) (context.Context, func(error)) {
			return ctx, func(error) {}
		}
	}
	ctx, end := begin(t.Context(), m)
	queue, source, landing := o.Queue(c), o.Source(bucket{c}), o.ForwardLanding(c)
	_, err := o.Forwards(func(ctx context.Context, e object.Event, _ time.Time) (forward.Outcome, error) {
		parent = Traceparent(ctx)
		b, err := source.Open(ctx, e)
		if err != nil {
			return "", err
		}
		defer b.Close()
		if err := landing.Copy(ctx, "landing", "n", b, 3, nil, 0); err != nil {
			return "", err
		}
		_, _, _ = landing.Stat(ctx, object.Landed{})
		o.Copied(3, 2)
		return forward.Forwarded, nil
	})(ctx, event, m.Received)
	_ = queue.Hide(ctx, m, time.Second)
	_ = queue.Delete(ctx, m)
	end(err)
	return parent
}

// loadOne plays the loader with one file, and makes each call there is.
func loadOne(t *testing.T, o *Telemetry, c *clouds, parent string, res load.Result, err error) {
	t.Helper()
	f := load.File{Attrs: object.Attrs{Event: event, Traceparent: parent}}
	begin, step := o.Loads(), o.Steps()
	if begin == nil {
		return
	}
	ctx, end := begin(t.Context(), f)
	_ = o.Tables(c).EnsureTable(ctx, row.Table{}, row.Spec{})
	_ = o.Tables(c).EnsureView(ctx, row.Table{}, "", 1)
	_, _, _ = o.Ledger(c).Get(ctx, "claim")
	streams := o.Streams(c)
	staging, staged := step(ctx, "stage")
	if b, err := o.Landing(c).Open(staging, object.Landed{}); err == nil {
		_ = b.Close()
	}
	for _, create := range []func(context.Context, row.Table, *descriptorpb.DescriptorProto) (load.Stream, error){streams.Create, streams.CreatePooled} {
		s, err := create(staging, row.Table{}, nil)
		if err != nil {
			continue
		}
		_ = s.Append(staging, 0, nil)
		_, _ = s.Finalize(staging)
		s.Close()
		s.Close()
	}
	staged(nil)
	committing, committed := step(ctx, "commit")
	_ = o.Ledger(c).Put(committing, "claim", nil, 0)
	_, _ = streams.Commit(committing, row.Table{}, nil)
	_, _, _ = streams.Finalize(committing, "s")
	_, _, _ = o.Counter(c).Count(committing, load.CountQuery{})
	_, _ = o.Landing(c).Live(committing, "b", "n")
	committed(nil)
	_ = o.Log(c).Append(ctx, row.Table{}, nil, nil)
	_ = o.Events(c).Loaded(ctx, load.Event{})
	end(res, err)
}

var loaded = load.Result{
	Outcome: load.Loaded, Attempt: "at", Target: load.Target{Source: "alb", Table: row.Table{Project: "acme", Dataset: "logs", Name: "alb"}},
	Rows: 40, Rejects: 2, Visible: event.Time.Add(5 * time.Second),
}

// One file makes one trace through both programs, with every call below the step that made it, and
// numbers that are the file's.
func TestOneTrace(t *testing.T) {
	collector := otlptest.Start(t)
	c := &clouds{fails: map[string]error{"get": errkind.With(errkind.NotFound, errors.New("no claim"))}}
	forwarder := open(t, "seneka-forwarder", "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "OTEL_TRACES_SAMPLER", "always_on")
	loader := open(t, "seneka-loader")
	parent := forwardOne(t, forwarder, c)
	loadOne(t, loader, c, parent, loaded, nil)
	mustClose(t, forwarder, loader)

	spans := collector.Spans()
	const want = `forward message
  copy
    s3 get
    gcs copy
    gcs stat
    load
      bigquery table
      gcs claim.get
      stage
        gcs open
        bigquery stream.create
        bigquery append
        bigquery finalize
        bigquery stream.create
        bigquery append
        bigquery finalize
      commit
        gcs claim.put
        bigquery commit
        bigquery finalize
        bigquery count
        gcs live
      bigquery log
      pubsub publish
  sqs hide
  sqs delete
`
	if got := otlptest.Tree(spans); got != want {
		t.Errorf("the trace is\n%s\nwant\n%s", got, want)
	}
	services := map[string]string{}
	for _, s := range spans {
		services[s.Name] = s.Service
		if s.Trace != spans[0].Trace || s.Error != "" {
			t.Errorf("%s is in trace %s with error %q, want %s and none", s.Name, s.Trace, s.Error, spans[0].Trace)
		}
		if s.Name == telemetry.SpanCopy && !s.Events[telemetry.EventStored].Equal(event.Time) {
			t.Errorf("the copy has the events %v, want S3's time %s", s.Events, event.Time)
		}
		if s.Name == telemetry.SpanLoad && (s.Attributes["outcome"] != "loaded" || s.Attributes["seneka.file"] != "s3://src/a/b.log" || s.Attributes["seneka.table"] != "acme.logs.alb" || s.Attributes["seneka.rows"] != "40") {
			t.Errorf("the load has the attributes %v", s.Attributes)
		}
	}
	if services[telemetry.SpanCopy] != "seneka-forwarder" || services[telemetry.SpanLoad] != "seneka-loader" {
		t.Errorf("the spans are of %v", services)
	}
	if first := spans[0]; !first.Start.Equal(event.Time.Add(2 * time.Second)) {
		t.Errorf("the trace begins at %s, want when the message was received", first.Start)
	}

	for _, tt := range []struct {
		name  string
		attrs []string
		sum   float64
		count uint64
	}{
		{telemetry.ForwarderQueueAge, nil, 2, 1},
		{telemetry.ForwarderFiles, []string{"outcome", "forwarded"}, 1, 0},
		{telemetry.ForwarderBytes, []string{"direction", "read"}, 3, 0},
		{telemetry.ForwarderBytes, []string{"direction", "written"}, 2, 0},
		{telemetry.ForwarderInflight, nil, 0, 0},
		{telemetry.LoaderFiles, []string{"outcome", "loaded", "source", "alb"}, 1, 0},
		{telemetry.LoaderRows, []string{"source", "alb"}, 40, 0},
		{telemetry.LoaderRejects, []string{"source", "alb"}, 2, 0},
		{telemetry.LoaderBytes, []string{"source", "alb"}, 3, 0},
		{telemetry.LoaderFreshness, []string{"source", "alb"}, 5, 1},
		{telemetry.LoaderStreamsCreated, []string{"kind", "pending"}, 1, 0},
		{telemetry.LoaderStreamsCreated, []string{"kind", "pooled"}, 1, 0},
		{telemetry.LoaderPoolStreams, nil, 0, 0},
	} {
		if sum, count := collector.Total(tt.name, tt.attrs...); sum != tt.sum || count != tt.count {
			t.Errorf("%s%v is %v, %d values; want %v, %d", tt.name, tt.attrs, sum, count, tt.sum, tt.count)
		}
	}
	if _, n := collector.Total(telemetry.CallsDuration, "service", "gcs", "call", "claim.get", "status", "not_found"); n != 1 {
		t.Errorf("the claim that is not there was counted %d times", n)
	}
	checkNames(t, collector, spans)
}

// checkNames asserts that what was exported is what the tables name, all of it and nothing else.
func checkNames(t *testing.T, collector *otlptest.Collector, spans []otlptest.Span) {
	t.Helper()
	exported := collector.Metrics()
	for _, m := range telemetry.Metrics() {
		keys, ok := exported[m.Name]
		if want := slices.Sorted(slices.Values(m.Attributes)); !ok || !slices.Equal(keys, want) {
			t.Errorf("%s is exported: %v, with attributes %v; want %v", m.Name, ok, keys, want)
		}
		delete(exported, m.Name)
	}
	if len(exported) > 0 {
		t.Errorf("the table does not have %v", exported)
	}
	known := map[string]bool{}
	for _, s := range telemetry.Spans() {
		known[s.Name] = true
	}
	for _, c := range telemetry.Calls() {
		known[c.Span()] = true
	}
	made := map[string]bool{}
	for _, s := range spans {
		made[s.Name] = true
		if !known[s.Name] {
			t.Errorf("the tables do not have the span %q", s.Name)
		}
	}
	for _, c := range telemetry.Calls() {
		if !made[c.Span()] {
			t.Errorf("no call makes the span %q", c.Span())
		}
	}
}

// What fails is an error in its span and in its numbers, without the credentials that its text quotes.
func TestErrors(t *testing.T) {
	collector := otlptest.Start(t)
	broken := errors.New("Put https://host/o?upload_id=canary: no")
	c := &clouds{fails: map[string]error{"copy": broken, "put": errkind.With(errkind.Exists, broken)}}
	o := open(t, "s", "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "OTEL_TRACES_SAMPLER", "always_on")
	loadOne(t, o, c, forwardOne(t, o, c), load.Result{Target: loaded.Target}, broken)
	mustClose(t, o)
	failed := map[string]string{}
	for _, s := range collector.Spans() {
		if s.Error != "" {
			failed[s.Name] = s.Error
		}
	}
	const masked = "Put https://host/o?upload_id=REDACTED: no"
	if want := map[string]string{"gcs copy": masked, "copy": masked, "forward message": masked, "load": masked}; fmt.Sprint(failed) != fmt.Sprint(want) {
		t.Errorf("the errors are %q, want %q", failed, want)
	}
	for name, attrs := range map[string][]string{
		telemetry.ForwarderFiles: {"outcome", "error"}, telemetry.LoaderFiles: {"outcome", "error", "source", "alb"},
	} {
		if n, _ := collector.Total(name, attrs...); n != 1 {
			t.Errorf("%s%v is %v, want 1", name, attrs, n)
		}
	}
	for call, status := range map[string]string{"copy": "transient", "claim.put": "exists"} {
		if _, n := collector.Total(telemetry.CallsDuration, "call", call, "status", status); n != 1 {
			t.Errorf("%s with status %s was counted %d times", call, status, n)
		}
	}
}

// A file that no source matches is none of a source; one of a listing is not late.
func TestWhatCounts(t *testing.T) {
	collector := otlptest.Start(t)
	o := open(t, "s", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", collector.URL+"/v1/metrics")
	for _, tt := range []struct {
		e   object.Event
		res load.Result
	}{
		{event, load.Result{Outcome: load.Ignored}},
		{event, load.Result{Outcome: load.Rejected, Target: loaded.Target, Rejects: 7}},
		{object.Event{Source: event.Source, Time: event.Time.AddDate(-1, 0, 0)}, loaded},
		{object.Event{Source: object.Source{Store: object.GCS, Bucket: "landing", Key: "k"}, Time: event.Time}, loaded},
	} {
		_, end := o.Loads()(t.Context(), load.File{Attrs: object.Attrs{Event: tt.e}})
		end(tt.res, nil)
	}
	mustClose(t, o)
	for _, tt := range []struct {
		name  string
		attrs []string
		sum   float64
		count uint64
	}{
		{telemetry.LoaderFiles, []string{"outcome", "unmatched", "source", ""}, 1, 0},
		{telemetry.LoaderFiles, []string{"outcome", "rejected", "source", "alb"}, 1, 0},
		{telemetry.LoaderRejects, []string{"source", "alb"}, 11, 0},
		{telemetry.LoaderFreshness, []string{"source", "alb"}, 5, 1},
	} {
		if sum, count := collector.Total(tt.name, tt.attrs...); sum != tt.sum || count != tt.count {
			t.Errorf("%s%v is %v, %d values; want %v, %d", tt.name, tt.attrs, sum, count, tt.sum, tt.count)
		}
	}
	if spans := collector.Spans(); len(spans) > 0 {
		t.Errorf("%d spans were exported, though only metrics were asked for", len(spans))
	}
}

// Where nothing is asked for nothing is decorated: the calls go straight to the adapters.
func TestOffCostsNothing(t *testing.T) {
	o := open(t, "s", "OTEL_EXPORTER_OTLP_ENDPOINT", "", "OTEL_SDK_DISABLED", "")
	c := &clouds{}
	if o.Queue(c) != forward.Queue(c) || o.Source(bucket{c}) != forward.Source(bucket{c}) || o.ForwardLanding(c) != forward.Landing(c) ||
		o.Landing(c) != load.Landing(c) || o.Ledger(c) != load.Ledger(c) || o.Streams(c) != load.Streams(c) || o.Log(c) != load.Log(c) ||
		o.Tables(c) != load.Tables(c) || o.Counter(c) != load.Counter(c) || o.Events(c) != load.Events(c) || o.Events(nil) != nil {
		t.Error("an adapter is decorated")
	}
	if o.Messages() != nil || o.Loads() != nil || o.Steps() != nil || o.Address() != "" {
		t.Error("somebody is told")
	}
	if got := forwardOne(t, o, c); got != "" {
		t.Errorf("the copy carries the trace %q", got)
	}
	o.Copied(1, 1)
	mustClose(t, o)
}

func TestOpenRefuses(t *testing.T) {
	for name, value := range map[string]string{
		"SENEKA_TELEMETRY": "aws", "SENEKA_METRICS_PORT": "http", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), settings(t, "s", name, value))
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDestinations(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want destination
	}{
		{nil, destination{}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, destination{traces: export{on: true}, metrics: export{on: true}}},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, destination{traces: export{on: true}}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"}, destination{traces: export{on: true}}},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true", "SENEKA_METRICS_PORT": "9464"}, destination{port: 9464}},
		{map[string]string{"SENEKA_TELEMETRY": "google"}, destination{google: true,
			traces:  export{on: true, url: "https://telemetry.googleapis.com/v1/traces"},
			metrics: export{on: true, url: "https://telemetry.googleapis.com/v1/metrics"}}},
		{map[string]string{"SENEKA_TELEMETRY": "google", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"},
			destination{google: true, traces: export{on: true}, metrics: export{on: true}}},
		{map[string]string{"SENEKA_TELEMETRY": "google", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, destination{}},
	} {
		if got, err := destinationOf(func(name string) string { return tt.env[name] }); err != nil || got != tt.want {
			t.Errorf("%v: %+v, %v; want %+v", tt.env, got, err, tt.want)
		}
	}
}

// The loader does as the forwarder decided; a trace that begins is one of a hundred.
func TestSampling(t *testing.T) {
	collector := otlptest.Start(t)
	o := open(t, "s", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.URL+"/v1/traces")
	for _, flags := range []string{"00", "01"} {
		_, end := o.Loads()(t.Context(), load.File{Attrs: object.Attrs{Traceparent: "00-4b000000000000000000000000000001-0000000000000002-" + flags}})
		end(loaded, nil)
	}
	begun := 10_000
	for range begun {
		_, end := o.Messages()(t.Context(), forward.Message{Received: time.Now()})
		end(nil)
	}
	mustClose(t, o)
	loads, messages := 0, 0
	for _, s := range collector.Spans() {
		if s.Name == telemetry.SpanLoad {
			loads++
			continue
		}
		messages++
	}
	if loads != 1 || messages < 20 || messages > 300 {
		t.Errorf("%d of 2 loads and %d of %d messages were traced; want 1 and about 100", loads, messages, begun)
	}
}

// What others wrote into a landing object's metadata begins a trace of its own.
func TestForeignTraceparent(t *testing.T) {
	collector := otlptest.Start(t)
	o := open(t, "s", "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "OTEL_TRACES_SAMPLER", "always_on")
	for _, parent := range []string{"", "nonsense", "00-00000000000000000000000000000000-0000000000000002-01", strings.Repeat("9", 5000)} {
		_, end := o.Loads()(t.Context(), load.File{Attrs: object.Attrs{Traceparent: parent}})
		end(loaded, nil)
	}
	mustClose(t, o)
	spans := collector.Spans()
	if len(spans) != 4 {
		t.Fatalf("%d spans", len(spans))
	}
	for _, s := range spans {
		if s.Parent != "" {
			t.Errorf("it has the parent %s", s.Parent)
		}
	}
}

// A collector that does not answer holds up nobody, and the log says what was lost.
func TestCollectorThatHangs(t *testing.T) {
	stand := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stand }))
	defer server.Close()
	defer close(stand)
	if said := exportTo(t, server.URL); !strings.Contains(said, "telemetry was not exported") { // before the collector did anything
		t.Errorf("nobody says that nothing was exported: %q", said)
	}
}

func TestCollectorThatRefuses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if said := exportTo(t, server.URL); !strings.Contains(said, "telemetry was not exported") {
		t.Errorf("nobody says that nothing was exported: %q", said)
	}
}

// exportTo plays one file, with exports to a URL, and returns what is logged until all is closed.
func exportTo(t *testing.T, url string) string {
	t.Helper()
	s := settings(t, "s", "OTEL_EXPORTER_OTLP_ENDPOINT", url, "OTEL_TRACES_SAMPLER", "always_on")
	var said lockedBuffer
	s.Log = slog.New(slog.NewTextHandler(&said, nil))
	o, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	c := &clouds{}
	loadOne(t, o, c, forwardOne(t, o, c), loaded, nil)
	mustClose(t, o)
	return said.String()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Google's API gets a token of this place's credentials, the project, and an instance.
func TestGoogle(t *testing.T) {
	collector := otlptest.Start(t)
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		switch strings.TrimPrefix(r.URL.Path, "/computeMetadata/v1/") {
		case "instance/id":
			_, _ = io.WriteString(w, "00bf4bf02d")
		case "instance/region":
			_, _ = io.WriteString(w, "projects/1/regions/europe-west1")
		case "instance/service-accounts/default/token":
			_, _ = io.WriteString(w, `{"access_token": "canary", "expires_in": 3600, "token_type": "Bearer"}`)
		case "universe/universe-domain", "universe/universe_domain":
			_, _ = io.WriteString(w, "googleapis.com")
		case "project/project-id":
			_, _ = io.WriteString(w, "acme")
		default:
			http.NotFound(w, r)
		}
	}))
	defer metadata.Close()
	o := open(t, "seneka-loader", "SENEKA_TELEMETRY", "google", "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "OTEL_TRACES_SAMPLER", "always_on",
		"GCE_METADATA_HOST", strings.TrimPrefix(metadata.URL, "http://"), "GOOGLE_APPLICATION_CREDENTIALS", "", "HOME", t.TempDir(),
		"K_SERVICE", "loader", "K_REVISION", "loader-00001")
	_, end := o.Loads()(t.Context(), load.File{})
	end(loaded, nil)
	mustClose(t, o)
	headers := collector.Headers()
	if len(headers) < 2 {
		t.Fatalf("%d exports", len(headers))
	}
	for _, h := range headers {
		if got := h.Get("Authorization"); got != "Bearer canary" {
			t.Errorf("an export is authorized by %q", got)
		}
	}
	about := collector.Resource("seneka-loader")
	for key, want := range map[string]string{
		"gcp.project_id": "acme", "service.version": "1.2.3", "service.instance.id": "00bf4bf02d", "faas.instance": "00bf4bf02d",
		"cloud.platform": "gcp_cloud_run", "cloud.region": "europe-west1", "faas.name": "loader", "faas.version": "loader-00001",
	} {
		if about[key] != want {
			t.Errorf("%s is %q, want %q", key, about[key], want)
		}
	}
}

// What the operator says of the process has the last word; elsewhere an instance has a name too.
func TestDescribe(t *testing.T) {
	s := settings(t, "seneka-forwarder", "OTEL_RESOURCE_ATTRIBUTES", "location=asia-northeast1,service.version=9", "OTEL_SERVICE_NAME", "mine",
		"ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x", "AWS_REGION", "ap-northeast-1")
	about := map[string]string{}
	r, err := describe(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range r.Attributes() {
		about[string(kv.Key)] = kv.Value.Emit()
	}
	for key, want := range map[string]string{
		"service.name": "mine", "service.version": "9", "location": "asia-northeast1", "cloud.region": "ap-northeast-1", "cloud.provider": "aws", "gcp.project_id": "acme",
	} {
		if about[key] != want {
			t.Errorf("%s is %q, want %q", key, about[key], want)
		}
	}
	if len(about["service.instance.id"]) < 9 {
		t.Errorf("the instance is %q", about["service.instance.id"])
	}
}

// Whatever was opened is gone after Close.
func TestCloseLeavesNothing(t *testing.T) {
	collector := otlptest.Start(t)
	// Connections that a client keeps for a while are the collector's to end.
	o := open(t, "s", "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "SENEKA_METRICS_PORT", freePort(t))
	resp, err := http.Get("http://" + o.Address() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	mustClose(t, o)
	http.DefaultClient.CloseIdleConnections()
	collector.CloseConnections()
	goleak.VerifyNone(t, goleak.IgnoreTopFunction("net/http/httptest.(*Server).goServe.func1"), goleak.IgnoreAnyFunction("net/http.(*Server).Serve"),
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// freePort returns a port that was free just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
