package telemetry

import (
	"slices"
	"strings"
)

// Kind is what a metric's number means.
type Kind string

// The kinds of metrics, in the words of OpenTelemetry.
const (
	Counter       Kind = "counter"       // only grows
	UpDownCounter Kind = "updowncounter" // a level: it grows and shrinks
	Histogram     Kind = "histogram"     // how often which values came
	Observed      Kind = "observed"      // a level that is looked at when it is exported
)

// Metric is one of the metrics that the programs export.
type Metric struct {
	Name        string // OpenTelemetry's; Prometheus has it in other letters
	Kind        Kind
	Unit        string // UCUM: s, By, or what is counted in braces
	Description string
	Attributes  []string  // keys
	Buckets     []float64 // upper bounds of a histogram, in Unit
}

// The names of the metrics.
const (
	ForwarderQueueAge     = "seneka.forwarder.queue.age"
	ForwarderFiles        = "seneka.forwarder.files"
	ForwarderBytes        = "seneka.forwarder.bytes"
	ForwarderCopyDuration = "seneka.forwarder.copy.duration"
	ForwarderInflight     = "seneka.forwarder.inflight"

	LoaderFiles          = "seneka.loader.files"
	LoaderRows           = "seneka.loader.rows"
	LoaderRejects        = "seneka.loader.rejects"
	LoaderBytes          = "seneka.loader.bytes"
	LoaderDuration       = "seneka.loader.duration"
	LoaderFreshness      = "seneka.loader.freshness"
	LoaderStreamsCreated = "seneka.loader.streams.created"
	LoaderPoolStreams    = "seneka.loader.pool.streams"

	CallsDuration = "seneka.calls.duration"
	MemoryUsed    = "go.memory.used"
	Goroutines    = "go.goroutine.count"
)

// Keys of the metrics' attributes.
const (
	AttrOutcome   = "outcome"   // forward.Outcome or load.Outcome; "error": it is tried again
	AttrDirection = "direction" // read or written
	AttrSource    = "source"    // the rule that matched; empty: none did
	AttrKind      = "kind"      // of a write stream: pending or pooled
	AttrService   = "service"   // s3, sqs, gcs, bigquery or pubsub
	AttrCall      = "call"      // see Calls
	AttrStatus    = "status"    // ok, or the error's kind: errkind.Kind
)

var (
	// ageBuckets go from a tenth of a second to an hour: how long a file is on its way.
	ageBuckets = []float64{0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300, 600, 1800, 3600}
	// workBuckets go to the ten minutes that a delivery may take.
	workBuckets = []float64{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
	// callBuckets are those of one request.
	callBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
)

// Metrics is all that the programs export. docs/telemetry.md has the same table.
func Metrics() []Metric {
	return []Metric{
		{ForwarderQueueAge, Histogram, "s", "From S3's put of the file to its event's arrival in the forwarder.", nil, ageBuckets},
		{ForwarderFiles, Counter, "{file}", "Files that S3 announced, by what became of them.", []string{AttrOutcome}, nil},
		{ForwarderBytes, Counter, "By", "Bytes read from S3 and written to landing; what gzip saved is the difference.", []string{AttrDirection}, nil},
		{ForwarderCopyDuration, Histogram, "s", "The copy of one file, of those that were copied.", nil, workBuckets},
		{ForwarderInflight, UpDownCounter, "{file}", "Files whose copies are under way.", nil, nil},

		{LoaderFiles, Counter, "{file}", "Loads, by what became of them.", []string{AttrOutcome, AttrSource}, nil},
		{LoaderRows, Counter, "{row}", "Rows made visible.", []string{AttrSource}, nil},
		{LoaderRejects, Counter, "{record}", "Records that could not be parsed, of files that were loaded or rejected.", []string{AttrSource}, nil},
		{LoaderBytes, Counter, "By", "Bytes of the files that were loaded, as they were stored.", []string{AttrSource}, nil},
		{LoaderDuration, Histogram, "s", "One load, from the delivery of its notification to its end.", []string{AttrOutcome}, workBuckets},
		{LoaderFreshness, Histogram, "s", "From the put of the file to its rows being visible, of those that were loaded.", []string{AttrSource}, ageBuckets},
		{LoaderStreamsCreated, Counter, "{stream}", "CreateWriteStream requests, of which BigQuery allows 10,000 an hour per project and region.", []string{AttrKind}, nil},
		{LoaderPoolStreams, UpDownCounter, "{stream}", "Open pooled streams, idle or at work: one connection each.", nil, nil},

		{CallsDuration, Histogram, "s", "One call of a service. A read lasts until its body is closed.", []string{AttrService, AttrCall, AttrStatus}, callBuckets},
		{MemoryUsed, Observed, "By", "Memory that the Go runtime holds, without what it gave back.", nil, nil},
		{Goroutines, Observed, "{goroutine}", "Goroutines.", nil, nil},
	}
}

// Prometheus returns the metric's name there: letters, digits and underscores, with the unit, and
// _total where it only grows.
// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
func (m Metric) Prometheus() string {
	name := strings.ReplaceAll(m.Name, ".", "_")
	switch m.Unit {
	case "s":
		name += "_seconds"
	case "By":
		name += "_bytes"
	}
	// A unit that the name ends in already is not written twice.
	if parts := strings.Split(name, "_"); len(parts) > 1 && parts[len(parts)-1] == parts[len(parts)-2] {
		name = strings.Join(slices.Delete(parts, len(parts)-1, len(parts)), "_")
	}
	if m.Kind == Counter {
		name += "_total"
	}
	return name
}
