// Command listen prints a line for each file that Seneka has loaded, as docs/events.md shows. It makes the
// subscription if it is not there, and takes an event that comes twice for one.
//
//	listen projects/local/topics/seneka-events projects/local/subscriptions/listener
//
// PUBSUB_EMULATOR_HOST leads to the local cloud's Pub/Sub.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: listen projects/PROJECT/topics/TOPIC projects/PROJECT/subscriptions/SUBSCRIPTION")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := listen(ctx, os.Stdout, os.Args[1], os.Args[2])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "listen:", err)
		os.Exit(1)
	}
}

// loaded is what the example reads of an event.
type loaded struct {
	SourceFile string `json:"source_file"`
	Table      string `json:"table"`
	Rows       int64  `json:"rows"`
}

// listen prints what it hears until ctx ends.
func listen(ctx context.Context, w io.Writer, topic, subscription string) error {
	project, _, _ := strings.Cut(strings.TrimPrefix(subscription, "projects/"), "/")
	client, err := pubsub.NewClient(ctx, project)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // it ends with the process
	_, err = client.SubscriptionAdminClient.CreateSubscription(ctx, &pubsubpb.Subscription{Name: subscription, Topic: topic})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return err
	}
	var mu sync.Mutex
	seen := map[string]bool{} // a real one remembers for longer than its process lives
	return client.Subscriber(subscription).Receive(ctx, func(_ context.Context, m *pubsub.Message) {
		mu.Lock()
		defer mu.Unlock()
		defer m.Ack()
		id := m.Attributes["ce-source"] + " " + m.Attributes["ce-id"]
		if m.Attributes["ce-type"] != "io.seneka.file.loaded.v1" || seen[id] {
			return
		}
		seen[id] = true
		var file loaded
		if err := json.Unmarshal(m.Data, &file); err != nil {
			fmt.Fprintln(w, "not understood:", err)
			return
		}
		fmt.Fprintf(w, "%s: %d rows in %s\n", file.SourceFile, file.Rows, file.Table)
	})
}
