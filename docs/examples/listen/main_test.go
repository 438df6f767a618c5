package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/seneka-io/seneka/internal/load"
	standin "github.com/seneka-io/seneka/internal/localcloud/pubsub"
	"github.com/seneka-io/seneka/internal/pubsubevents"
)

const topic, subscription = "projects/local/topics/seneka-events", "projects/local/subscriptions/listener"

// output is what the example has printed, and says when there is more.
type output struct {
	mu   sync.Mutex
	text string
	more chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text += string(p)
	o.more <- struct{}{}
	return len(p), nil
}

// The example prints each file once, however often it is told of it.
func TestListen(t *testing.T) {
	server, err := standin.New(standin.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	// The subscription is there already: what is published before the example listens is not lost.
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
	t.Cleanup(func() { server.Close(); g.Stop() })
	address := listener.Addr().String()
	t.Setenv("PUBSUB_EMULATOR_HOST", address)

	events, err := pubsubevents.New(t.Context(), topic, "local", pubsubevents.EmulatorOptions(address)...)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	for _, file := range []string{"one", "one", "two"} {
		e := load.Event{Record: load.Record{Attempt: file, SourceFile: "s3://logs/" + file, Source: "alb", Table: "local.logs.alb", Rows: 37}}
		if err := events.Loaded(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	out := &output{more: make(chan struct{}, 10)}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error)
	go func() { ended <- listen(ctx, out, topic, subscription) }()
	for range 2 {
		select {
		case <-out.more:
		case <-ctx.Done():
			t.Fatalf("it printed %q", out.text)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"s3://logs/one: 37 rows in local.logs.alb\n", "s3://logs/two: 37 rows in local.logs.alb\n"} {
		if strings.Count(out.text, want) != 1 {
			t.Errorf("it printed %q; want once %q", out.text, want)
		}
	}
}
