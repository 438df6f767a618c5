// Package pubsubevents is the adapter to Pub/Sub for those who want to hear of each file that is loaded:
// it publishes CloudEvents. docs/events.md says what stands in one.
package pubsubevents

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/googlehttp"
	"github.com/seneka-io/seneka/internal/load"
)

// LoadedType is the type of the events.
const LoadedType = "io.seneka.file.loaded.v1"

// maxAttribute is the longest value in bytes that an attribute of a message may have.
// https://cloud.google.com/pubsub/quotas#resource_limits
const maxAttribute = 1024

// Topic publishes to one topic. It is made once per process, safe for concurrent use, and closed.
type Topic struct {
	client  *pubsub.TopicAdminClient
	name    string // projects/P/topics/T
	project string // of the events' source
}

// EmulatorOptions returns the options that connect to a stand-in for Pub/Sub at host:port, without
// credentials and in plain text.
func EmulatorOptions(hostport string) []option.ClientOption { return googlehttp.PlainGRPC(hostport) }

// New connects to the topic projects/P/topics/T. project is that of the configuration.
func New(ctx context.Context, topic, project string, opts ...option.ClientOption) (*Topic, error) {
	client, err := pubsub.NewTopicAdminClient(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	return &Topic{client, topic, project}, nil
}

// Close releases the connection.
func (t *Topic) Close() error { return t.client.Close() }

// Loaded implements load.Events. It returns once Pub/Sub has the message. Every error is transient: of the
// file it says nothing.
func (t *Topic) Loaded(ctx context.Context, e load.Event) error {
	m, err := message(e, t.project)
	if err == nil {
		_, err = t.client.Publish(ctx, &pubsubpb.PublishRequest{Topic: t.name, Messages: []*pubsubpb.PubsubMessage{m}})
	}
	if err != nil {
		return errkind.With(errkind.Transient, fmt.Errorf("publish to %s, which the configuration names by events: %w", t.name, err))
	}
	return nil
}

// Data is what an event of LoadedType carries.
type Data struct {
	SourceFile string     `json:"source_file"` // s3://bucket/key, or gs://bucket/name
	ETag       string     `json:"etag"`
	Size       int64      `json:"size"` // bytes of the file as it was stored
	VersionID  string     `json:"version_id,omitempty"`
	Source     string     `json:"source"` // name of the rule in the configuration
	Format     string     `json:"format"`
	Table      string     `json:"table"` // project.dataset.name
	Outcome    string     `json:"outcome"`
	Attempt    string     `json:"attempt"` // as in seneka_load_log; it is the event's id too
	Rows       int64      `json:"rows"`
	Rejects    int64      `json:"rejects"`
	Bytes      int64      `json:"bytes"`                // after decompression
	EventTime  *time.Time `json:"event_time,omitempty"` // when the file was stored
	LoadedAt   time.Time  `json:"loaded_at"`            // stands on each of the rows
	VisibleAt  time.Time  `json:"visible_at"`           // the rows can be queried; in a repeat it may be later
	Partition  *Partition `json:"partition,omitempty"`  // missing where there are no rows, or no column of times to partition by
}

// Partition is the span of the rows' times, both ends inclusive.
type Partition struct {
	Column string    `json:"column"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// message returns the event as a message, in CloudEvents' binary content mode.
// https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
func message(e load.Event, project string) (*pubsubpb.PubsubMessage, error) {
	d := Data{
		SourceFile: e.SourceFile, ETag: e.Version.ETag, Size: e.Version.Size, VersionID: e.VersionID, Source: e.Source, Format: e.Format, Table: e.Table,
		Outcome: string(e.Outcome), Attempt: e.Attempt, Rows: e.Rows, Rejects: e.Rejects, Bytes: e.Bytes, LoadedAt: e.LoadedAt.UTC(), VisibleAt: e.VisibleAt.UTC(),
	}
	if !e.EventTime.IsZero() {
		d.EventTime = new(e.EventTime.UTC())
	}
	if e.Rows > 0 && e.Partition.Column != "" {
		d.Partition = &Partition{e.Partition.Column, time.UnixMicro(e.Partition.First).UTC(), time.UnixMicro(e.Partition.Last).UTC()}
	}
	data, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	attributes := map[string]string{
		"ce-specversion": "1.0",
		"ce-id":          e.Attempt,
		"ce-type":        LoadedType,
		"ce-source":      "//seneka/" + project + "/" + e.Source,
		"ce-time":        d.VisibleAt.Format(time.RFC3339Nano),
		"content-type":   "application/json",
	}
	// Both stand in the data too, where they may be longer.
	for name, value := range map[string]string{"ce-subject": e.SourceFile, "ce-table": e.Table} {
		if value = strings.ToValidUTF8(value, "\ufffd"); len(value) <= maxAttribute {
			attributes[name] = value
		}
	}
	return &pubsubpb.PubsubMessage{Data: data, Attributes: attributes}, nil
}
