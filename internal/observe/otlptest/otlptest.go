// Package otlptest is an OpenTelemetry collector for tests: it takes spans and metrics by OTLP over HTTP
// and keeps them.
package otlptest

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// Collector keeps what was exported to it. Safe for concurrent use.
type Collector struct {
	URL string

	server    *httptest.Server
	mu        sync.Mutex
	spans     []Span
	points    map[string]Point // the last of each series
	resources map[string]map[string]string
	headers   []http.Header
}

// Span is one span as it was exported.
type Span struct {
	Service, Name     string
	Trace, ID, Parent string // hexadecimal; Parent is empty in a root
	Attributes        map[string]string
	Events            map[string]time.Time
	Error             string // of its status
	Start, End        time.Time
}

// Point is the last value of a series.
type Point struct {
	Service, Name string
	Attributes    map[string]string
	Value         float64 // of a sum; of a histogram the sum of its values
	Count         uint64  // of a histogram
}

// Start serves until the test ends.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{points: map[string]Point{}, resources: map[string]map[string]string{}}
	c.server = httptest.NewServer(c)
	t.Cleanup(func() {
		c.CloseConnections()
		c.server.Close()
	})
	c.URL = c.server.URL
	return c
}

// CloseConnections ends the connections that clients keep.
func (c *Collector) CloseConnections() { c.server.CloseClientConnections() }

// ServeHTTP takes an export.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.take(r, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty message says that all was taken
}

func (c *Collector) take(r *http.Request, body []byte) error {
	if got := r.Header.Get("Content-Type"); r.Method != http.MethodPost || got != "application/x-protobuf" {
		return fmt.Errorf("%s of %q", r.Method, got)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, r.Header.Clone())
	switch {
	case strings.HasSuffix(r.URL.Path, "/v1/traces"):
		var in collectortrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			return err
		}
		c.takeSpans(&in)
	case strings.HasSuffix(r.URL.Path, "/v1/metrics"):
		var in collectormetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			return err
		}
		c.takeMetrics(&in)
	default:
		return fmt.Errorf("no signal at %s", r.URL.Path)
	}
	return nil
}

func (c *Collector) takeSpans(in *collectortrace.ExportTraceServiceRequest) {
	for _, of := range in.GetResourceSpans() {
		service := c.resource(of.GetResource().GetAttributes())
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Service: service, Name: s.GetName(), Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
					Parent: hex.EncodeToString(s.GetParentSpanId()), Attributes: attributes(s.GetAttributes()), Events: map[string]time.Time{},
					Start: at(s.GetStartTimeUnixNano()), End: at(s.GetEndTimeUnixNano()), Error: s.GetStatus().GetMessage(),
				}
				for _, e := range s.GetEvents() {
					span.Events[e.GetName()] = at(e.GetTimeUnixNano())
				}
				c.spans = append(c.spans, span)
			}
		}
	}
}

func (c *Collector) takeMetrics(in *collectormetrics.ExportMetricsServiceRequest) {
	for _, of := range in.GetResourceMetrics() {
		service := c.resource(of.GetResource().GetAttributes())
		for _, scope := range of.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				for _, p := range points(m) {
					p.Service, p.Name = service, m.GetName()
					c.points[fmt.Sprint(p.Service, p.Name, p.Attributes)] = p
				}
			}
		}
	}
}

func points(m *metrics.Metric) (all []Point) {
	for _, p := range m.GetSum().GetDataPoints() {
		all = append(all, Point{Attributes: attributes(p.GetAttributes()), Value: float64(p.GetAsInt()) + p.GetAsDouble()})
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		all = append(all, Point{Attributes: attributes(p.GetAttributes()), Value: p.GetSum(), Count: p.GetCount()})
	}
	return all
}

// resource keeps what a process says of itself, and returns the name of its service.
func (c *Collector) resource(attrs []*common.KeyValue) string {
	about := attributes(attrs)
	c.resources[about["service.name"]] = about
	return about["service.name"]
}

func attributes(attrs []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range attrs {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			m[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			m[a.GetKey()] = fmt.Sprint(v.IntValue)
		default:
			m[a.GetKey()] = fmt.Sprint(v)
		}
	}
	return m
}

func at(ns uint64) time.Time { return time.Unix(0, int64(ns)).UTC() } //nolint:gosec // until the year 2262

// Spans returns the spans so far, the first that began first.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := slices.Clone(c.spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return spans
}

// Total returns the values of a metric's series, summed up, and how many values of a histogram they are,
// of those series that have the attributes, key and value in turn.
func (c *Collector) Total(name string, attrs ...string) (sum float64, count uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.points {
		matches := p.Name == name
		for pair := range slices.Chunk(attrs, 2) {
			matches = matches && p.Attributes[pair[0]] == pair[1]
		}
		if matches {
			sum, count = sum+p.Value, count+p.Count
		}
	}
	return sum, count
}

// Metrics returns the names of the metrics so far, with the keys of their attributes.
func (c *Collector) Metrics() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string][]string{}
	for _, p := range c.points {
		names[p.Name] = slices.Sorted(maps.Keys(p.Attributes))
	}
	return names
}

// Resource returns what a service said of itself.
func (c *Collector) Resource(service string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.resources[service])
}

// Headers returns those of the exports so far.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Tree draws the spans of a trace as lines, each below its parent and two spaces further in, in the
// order of their beginning. Same siblings in a row stand once.
func Tree(spans []Span) string {
	var b strings.Builder
	known := map[string]bool{}
	for _, s := range spans {
		known[s.ID] = true
	}
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		last := ""
		for _, s := range spans {
			root := parent == "" && !known[s.Parent]
			if !root && (parent == "" || s.Parent != parent) {
				continue
			}
			if s.Name != last {
				fmt.Fprintf(&b, "%s%s\n", indent, s.Name)
			}
			last = s.Name
			draw(s.ID, indent+"  ")
		}
	}
	draw("", "")
	return b.String()
}
