package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/seneka-io/seneka/internal/observe/otlptest"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// One file, put into S3, is one trace through both programs, numbers that are the file's, lines of the logs
// that name the trace, and an event for those who wait for it.
func TestObserved(t *testing.T) {
	t.Parallel()
	const topic, subscription = "projects/local/topics/seneka-events", "projects/local/subscriptions/listener"
	p := startPipeline(t, append(freePorts(), "--config", "../../docs/examples/events.yaml")...)
	if _, err := p.pubsub.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: subscription, Topic: topic}); err != nil {
		t.Fatal(err)
	}
	collector := otlptest.Start(t)
	p.extra = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_TRACES_SAMPLER": "always_on"}
	p.startLoader(t)
	p.extra["SENEKA_METRICS_PORT"] = strconv.Itoa(freePort(t))
	p.startForwarder(t)

	data := bytes.Repeat([]byte(strings.Join(realLines(t), "\n")+"\n"), 20)
	data = append(data, garbage+"\n"...)
	p.put(t, "one file.log", data)
	lines := bytes.Count(data, []byte("\n"))
	sql := fmt.Sprintf("SELECT source_file, COUNT(*) FROM logs.alb WHERE source_file = '%s' GROUP BY 1", p.file("one file.log"))
	await(t, "the file's rows", func() (bool, string) {
		found := p.ask(t, sql)
		return len(found) == 1, fmt.Sprint(found)
	})
	event := p.pullEvent(t, subscription)
	p.checkScrape(t, p.extra["SENEKA_METRICS_PORT"], data)
	p.awaitEmpty(t)
	p.forwarder.stop(t, forwarderDrain)
	p.loader.stop(t, loaderDrain)

	spans := fileTrace(t, collector.Spans())
	id := spans[0].Trace
	checkTrace(t, spans)
	for program, message := range map[*process]string{p.forwarder: "forwarded", p.loader: "loaded"} {
		if want := fmt.Sprintf(`"logging.googleapis.com/trace":"projects/local/traces/%s"`, id); !lineWith(program.output(t), `"message":"`+message+`"`, want) {
			t.Errorf("the %s has no line %s with %s", program.name, message, want)
		}
	}
	rows := float64(lines - 1)
	for _, tt := range []struct {
		name  string
		attrs []string
		want  float64
	}{
		{telemetry.ForwarderFiles, []string{"outcome", "forwarded"}, 1},
		{telemetry.ForwarderBytes, []string{"direction", "read"}, float64(len(data))},
		{telemetry.LoaderFiles, []string{"outcome", "loaded", "source", "alb"}, 1},
		{telemetry.LoaderRows, []string{"source", "alb"}, rows},
		{telemetry.LoaderRejects, []string{"source", "alb"}, 1},
		{telemetry.LoaderBytes, nil, float64(len(data))},
		{telemetry.LoaderStreamsCreated, []string{"kind", "pooled"}, 1},
		{telemetry.LoaderPoolStreams, nil, 0}, // the last export is that of a loader that has closed
	} {
		if got, _ := collector.Total(tt.name, tt.attrs...); got != tt.want {
			t.Errorf("%s%v is %v, want %v", tt.name, tt.attrs, got, tt.want)
		}
	}
	p.checkFreshness(t, collector)
	if event["rows"] != rows || event["rejects"] != 1.0 || event["table"] != "local.logs.alb" || event["source_file"] != p.file("one file.log") {
		t.Errorf("the event says %v", event)
	}
	p.cloud.stop(t, cloudDrain)
}

// pullEvent waits for the one event and returns its data.
func (p *pipeline) pullEvent(t *testing.T, subscription string) (data map[string]any) {
	t.Helper()
	await(t, "the event", func() (bool, string) {
		got, err := p.pubsub.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: subscription, MaxMessages: 10})
		if err != nil {
			return false, err.Error()
		}
		for _, m := range got.GetReceivedMessages() {
			if attrs := m.GetMessage().GetAttributes(); attrs["ce-type"] != "io.seneka.file.loaded.v1" || attrs["ce-source"] != "//seneka/local/alb" || attrs["ce-id"] == "" {
				t.Errorf("the event has the attributes %v", attrs)
			}
			if err := json.Unmarshal(m.GetMessage().GetData(), &data); err != nil {
				t.Fatal(err)
			}
			return true, ""
		}
		return false, "none"
	})
	return data
}

// checkScrape asserts that Prometheus would read the forwarder's numbers.
func (p *pipeline) checkScrape(t *testing.T, port string, data []byte) {
	t.Helper()
	resp, err := http.Get("http://127.0.0.1:" + port + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`seneka_forwarder_files_total{outcome="forwarded"} 1`,
		fmt.Sprintf(`seneka_forwarder_bytes_total{direction="read"} %d`, len(data)),
		`seneka_forwarder_queue_age_seconds_count 1`,
		`# TYPE seneka_forwarder_queue_age_seconds histogram`,
	} {
		if !bytes.Contains(text, []byte(want+"\n")) {
			t.Errorf("Prometheus is not told %s, but\n%s", want, text)
		}
	}
	sample := regexp.MustCompile(`^(#.*|[a-z_]+(\{[^{}]*\})? [0-9.e+-]+)\n$`)
	for line := range bytes.Lines(text) {
		if !sample.Match(line) {
			t.Errorf("Prometheus could not read %q", line)
		}
	}
}

// fileTrace returns the spans without those of the message by which S3 tests the notifications: they are
// a trace of their own, of two spans.
func fileTrace(t *testing.T, spans []otlptest.Span) []otlptest.Span {
	t.Helper()
	copied := slices.IndexFunc(spans, func(s otlptest.Span) bool { return s.Name == telemetry.SpanCopy })
	if copied < 0 {
		t.Fatalf("no copy was traced: %v", spans)
	}
	first := spans[0].Trace
	if first == spans[copied].Trace {
		return spans
	}
	return slices.DeleteFunc(spans, func(s otlptest.Span) bool {
		return s.Trace == first && (s.Name == telemetry.SpanMessage || s.Name == telemetry.CallSQSDelete.Span())
	})
}

// checkTrace asserts that all spans are of one trace, and which steps and calls it has.
func checkTrace(t *testing.T, spans []otlptest.Span) {
	t.Helper()
	services := map[string]string{}
	for _, s := range spans {
		services[s.Name] = s.Service
		if s.Trace != spans[0].Trace || s.Error != "" {
			t.Errorf("%s %s is in trace %s with error %q; the first span's is %s", s.Service, s.Name, s.Trace, s.Error, spans[0].Trace)
		}
	}
	tree := otlptest.Tree(spans)
	t.Log("the trace:\n" + tree)
	for _, want := range []string{
		"forward message\n  copy\n    s3 get\n    gcs copy\n", "\n    load\n", "\n      stage\n        gcs open\n",
		"\n      commit\n        bigquery stream.create\n        gcs claim.put\n        bigquery append\n",
		"\n      record\n        bigquery log\n      announce\n        pubsub publish\n", "\n  sqs delete\n",
	} {
		if !strings.Contains(tree, want) {
			t.Errorf("the trace lacks\n%s", want)
		}
	}
	if services["copy"] != "seneka-forwarder" || services["load"] != "seneka-loader" {
		t.Errorf("the spans are of %v", services)
	}
}

// checkFreshness asserts that the metric says what the view says.
func (p *pipeline) checkFreshness(t *testing.T, collector *otlptest.Collector) {
	t.Helper()
	sum, n := collector.Total(telemetry.LoaderFreshness, "source", "alb")
	for _, v := range p.ask(t, "SELECT source_file, UNIX_MICROS(event_time), UNIX_MICROS(visible_at) FROM logs.seneka_loads WHERE outcome = 'loaded'") {
		first, last := v[0].(int64), v[1].(int64)
		want := (time.Duration(last-first) * time.Microsecond).Seconds()
		if n != 1 || sum < want-0.001 || sum > want+0.001 { // the log keeps microseconds
			t.Errorf("freshness is %v s of %d files; the load log says %v s", sum, n, want)
		}
		return
	}
	t.Error("the load log has no load")
}

// lineWith reports whether a line of the log has both texts.
func lineWith(log []byte, texts ...string) bool {
	for line := range bytes.Lines(log) {
		all := true
		for _, text := range texts {
			all = all && bytes.Contains(line, []byte(text))
		}
		if all {
			return true
		}
	}
	return false
}
