package pubsubevents

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	standin "github.com/seneka-io/seneka/internal/localcloud/pubsub"
	"github.com/seneka-io/seneka/internal/object"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

const topic, subscription = "projects/acme/topics/events", "projects/acme/subscriptions/listener"

var at = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func event() load.Event {
	return load.Event{
		Record: load.Record{
			Attempt: "00ff", Outcome: load.Loaded, Source: "alb", Format: "alb", SourceFile: "s3://src/a b/ü.log", Version: object.Version{ETag: "e1", Size: 12},
			VersionID: "v1", Table: "acme.logs.alb", Rows: 3, Rejects: 1, Bytes: 40, LoadedAt: at, EventTime: at.Add(-2 * time.Second), VisibleAt: at.Add(time.Second),
		},
		Partition: load.Range{Column: "time", First: at.Add(-time.Hour).UnixMicro(), Last: at.Add(-time.Minute).UnixMicro()},
	}
}

// start serves Pub/Sub until the test ends, with a topic and one who listens, and returns its address.
func start(t *testing.T) string {
	t.Helper()
	server, err := standin.New(standin.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.CreateTopic(topic), server.CreateSubscription(standin.Subscription{Name: subscription, Topic: topic})); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	server.Register(g)
	go func() { _ = g.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		g.Stop()
	})
	return listener.Addr().String()
}

func connect(t *testing.T, address, topic string) *Topic {
	t.Helper()
	to, err := New(t.Context(), topic, "acme", EmulatorOptions(address)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := to.Close(); err != nil {
			t.Error(err)
		}
	})
	return to
}

// pull returns what the listener has got.
func pull(t *testing.T, address string) []*pubsubpb.PubsubMessage {
	t.Helper()
	client, err := pubsub.NewSubscriptionAdminClient(t.Context(), EmulatorOptions(address)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: subscription, MaxMessages: 100})
	if err != nil {
		t.Fatal(err)
	}
	var got []*pubsubpb.PubsubMessage
	for _, m := range answer.GetReceivedMessages() {
		got = append(got, m.GetMessage())
	}
	return got
}

// An event is a CloudEvent in Pub/Sub's binary mode; one that is told twice has the same identity.
func TestLoaded(t *testing.T) {
	address := start(t)
	to := connect(t, address, topic)
	again := event()
	again.VisibleAt = again.VisibleAt.Add(time.Minute)
	for _, e := range []load.Event{event(), again} {
		if err := to.Loaded(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	got := pull(t, address)
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	want := map[string]string{
		"ce-specversion": "1.0", "ce-id": "00ff", "ce-type": "io.seneka.file.loaded.v1", "ce-source": "//seneka/acme/alb",
		"ce-subject": "s3://src/a b/ü.log", "ce-table": "acme.logs.alb", "ce-time": "2026-03-01T12:00:01.123456Z", "content-type": "application/json",
	}
	if !maps.Equal(got[0].GetAttributes(), want) {
		t.Errorf("attributes %v, want %v", got[0].GetAttributes(), want)
	}
	if a, b := got[0].GetAttributes(), got[1].GetAttributes(); a["ce-id"] != b["ce-id"] || a["ce-source"] != b["ce-source"] {
		t.Errorf("the second time it is %v", b)
	}
	const data = `{"source_file":"s3://src/a b/ü.log","etag":"e1","size":12,"version_id":"v1","source":"alb","format":"alb","table":"acme.logs.alb",` +
		`"outcome":"loaded","attempt":"00ff","rows":3,"rejects":1,"bytes":40,"event_time":"2026-03-01T11:59:58.123456Z",` +
		`"loaded_at":"2026-03-01T12:00:00.123456Z","visible_at":"2026-03-01T12:00:01.123456Z",` +
		`"partition":{"column":"time","first":"2026-03-01T11:00:00.123456Z","last":"2026-03-01T11:59:00.123456Z"}}`
	if string(got[0].GetData()) != data {
		t.Errorf("data\n%s\nwant\n%s", got[0].GetData(), data)
	}
}

// What is not known is left out, and what Pub/Sub would refuse as an attribute stands in the data alone.
func TestLoadedOddFiles(t *testing.T) {
	address := start(t)
	to := connect(t, address, topic)
	long := event()
	long.SourceFile = "s3://src/" + strings.Repeat("k", 1024)
	empty := event()
	empty.Rows, empty.EventTime = 0, time.Time{}
	odd := event()
	odd.SourceFile, odd.Partition = "s3://src/\xff", load.Range{}
	for _, e := range []load.Event{long, empty, odd} {
		if err := to.Loaded(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range pull(t, address) {
		var d Data
		if err := json.Unmarshal(m.GetData(), &d); err != nil {
			t.Fatal(err)
		}
		subject, ok := m.GetAttributes()["ce-subject"]
		switch i {
		case 0:
			if ok || d.SourceFile != long.SourceFile {
				t.Errorf("the long name is %q in the subject, %q in the data", subject, d.SourceFile)
			}
		case 1:
			if d.Partition != nil || d.EventTime != nil {
				t.Errorf("a file without rows and time has %+v, %v", d.Partition, d.EventTime)
			}
		case 2:
			if subject != "s3://src/\ufffd" || d.Partition != nil {
				t.Errorf("the subject is %q, the span %+v", subject, d.Partition)
			}
		}
	}
}

// Whatever goes wrong is transient, and says which topic it was.
func TestLoadedFails(t *testing.T) {
	to := connect(t, start(t), "projects/acme/topics/removed")
	err := to.Loaded(t.Context(), event())
	if !errkind.Is(err, errkind.Transient) || !strings.Contains(err.Error(), "projects/acme/topics/removed, which the configuration names by events") {
		t.Errorf("no topic: %v", err)
	}
	gone := connect(t, "127.0.0.1:1", topic)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := gone.Loaded(ctx, event()); !errkind.Is(err, errkind.Transient) {
		t.Errorf("no service: %v", err)
	}
}
