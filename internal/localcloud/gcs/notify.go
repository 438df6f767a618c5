package gcs

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Event types. Without versioning nothing is ever archived.
// https://cloud.google.com/storage/docs/pubsub-notifications#events
const (
	eventFinalize       = "OBJECT_FINALIZE"
	eventMetadataUpdate = "OBJECT_METADATA_UPDATE"
	eventDelete         = "OBJECT_DELETE"
	eventArchive        = "OBJECT_ARCHIVE"

	payloadJSON = "JSON_API_V1"
	payloadNone = "NONE"

	topicPrefix = "//pubsub.googleapis.com/"
)

const (
	outboxLife = 7 * 24 * time.Hour // "undeliverable notifications are dropped after 7 days"
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// notification is a notification configuration.
// https://cloud.google.com/storage/docs/json_api/v1/notifications#resource
type notification struct {
	Kind             string            `json:"kind"`
	ID               string            `json:"id"`
	SelfLink         string            `json:"selfLink,omitempty"`
	Topic            string            `json:"topic"`
	EventTypes       []string          `json:"event_types,omitempty"`
	CustomAttributes map[string]string `json:"custom_attributes,omitempty"`
	PayloadFormat    string            `json:"payload_format"`
	ObjectNamePrefix string            `json:"object_name_prefix,omitempty"`
	ETag             string            `json:"etag"`
}

func (n notification) wants(kind, name string) bool {
	return (len(n.EventTypes) == 0 || slices.Contains(n.EventTypes, kind)) && strings.HasPrefix(name, n.ObjectNamePrefix)
}

func (n notification) same(m notification) bool {
	return n.Topic == m.Topic && n.PayloadFormat == m.PayloadFormat && n.ObjectNamePrefix == m.ObjectNamePrefix &&
		slices.Equal(n.EventTypes, m.EventTypes) && maps.Equal(n.CustomAttributes, m.CustomAttributes)
}

// check applies the documented limits of a configuration.
func (n notification) check() error {
	if !strings.HasPrefix(n.Topic, topicPrefix+"projects/") || !strings.Contains(n.Topic, "/topics/") {
		return invalid("Invalid Pub/Sub topic %q: write %sprojects/PROJECT/topics/TOPIC", n.Topic, topicPrefix)
	}
	if n.PayloadFormat != payloadJSON && n.PayloadFormat != payloadNone {
		return invalid("Invalid payload_format %q: write %s or %s", n.PayloadFormat, payloadJSON, payloadNone)
	}
	for _, e := range n.EventTypes {
		if !slices.Contains([]string{eventFinalize, eventMetadataUpdate, eventDelete, eventArchive}, e) {
			return invalid("Invalid event type %q", e)
		}
	}
	if len(n.CustomAttributes) > 10 {
		return invalid("A notification configuration has at most 10 custom attributes, this one has %d", len(n.CustomAttributes))
	}
	return nil
}

// event is one change of one object.
type event struct {
	kind   string
	object object
	base   string            // URL below which the links lie
	attrs  map[string]string // beside those of every event
}

// message is a notification on its way to its topic.
type message struct {
	Topic string            `json:"topic"`
	Data  []byte            `json:"data,omitempty"`
	Attrs map[string]string `json:"attrs"`
	At    time.Time         `json:"at"`
}

// announce puts into the outbox that o has taken the place of old, nil for none.
func (t tx) announce(o object, old *object, base string) error {
	created := event{kind: eventFinalize, object: o, base: base}
	if old == nil {
		return t.emit(created)
	}
	created.attrs = map[string]string{"overwroteGeneration": strconv.FormatInt(old.Generation, 10)}
	gone := event{kind: eventDelete, object: *old, base: base,
		attrs: map[string]string{"overwrittenByGeneration": strconv.FormatInt(o.Generation, 10)}}
	if err := t.emit(gone); err != nil {
		return err
	}
	return t.emit(created)
}

// emit puts into the outbox one message for each configuration that wants e.
func (t tx) emit(e event) error {
	b, err := t.bucket(e.object.Bucket)
	if err != nil {
		return err
	}
	for _, n := range b.Notifications {
		if !n.wants(e.kind, e.object.Name) {
			continue
		}
		m := message{Topic: strings.TrimPrefix(n.Topic, topicPrefix), Attrs: e.attributes(n, t.now), At: t.now}
		if n.PayloadFormat == payloadJSON {
			if m.Data, err = json.Marshal(e.object.linked(e.base)); err != nil {
				return err
			}
		}
		seq, err := t.table(tableOutbox).NextSequence()
		if err != nil {
			return err
		}
		if err := t.put(tableOutbox, string(binary.BigEndian.AppendUint64(nil, seq)), m); err != nil {
			return err
		}
	}
	return nil
}

// attributes returns those of e's message under configuration n.
// https://cloud.google.com/storage/docs/pubsub-notifications#attributes
func (e event) attributes(n notification, at time.Time) map[string]string {
	attrs := maps.Clone(n.CustomAttributes)
	if attrs == nil {
		attrs = map[string]string{}
	}
	maps.Copy(attrs, e.attrs)
	maps.Copy(attrs, map[string]string{
		"notificationConfig": "projects/_/buckets/" + e.object.Bucket + "/notificationConfigs/" + n.ID,
		"eventType":          e.kind,
		"payloadFormat":      n.PayloadFormat,
		"bucketId":           e.object.Bucket,
		"objectId":           e.object.Name,
		"objectGeneration":   strconv.FormatInt(e.object.Generation, 10),
		"eventTime":          at.UTC().Format("2006-01-02T15:04:05.000000Z"),
	})
	return attrs
}

// ring tells the pump that the outbox has grown.
func (s *Server) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pump publishes what comes into the outbox, and again after a pause what could not be published.
func (s *Server) pump(ctx context.Context) {
	pause := firstRetry
	var retry <-chan time.Time
	cursor := s.drain(ctx, nil, &retry, pause)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			cursor = s.drain(ctx, cursor, &retry, pause)
		case <-retry:
			retry, pause = nil, min(2*pause, lastRetry)
			cursor = s.drain(ctx, nil, &retry, pause)
			if retry == nil {
				pause = firstRetry
			}
		}
	}
}

// drain publishes the outbox beyond cursor and returns the last key it tried. If something could
// not be published it arms retry.
func (s *Server) drain(ctx context.Context, cursor []byte, retry *<-chan time.Time, pause time.Duration) []byte {
	for ctx.Err() == nil {
		keys, batch, err := s.waiting(cursor)
		if err != nil {
			s.opts.Log.Error("gcs: cannot read the waiting notifications", "err", err)
		}
		if len(keys) == 0 {
			return cursor
		}
		cursor = keys[len(keys)-1]
		var sent [][]byte
		for i, m := range batch {
			if err := s.send(ctx, m); err == nil {
				sent = append(sent, keys[i])
			} else if *retry == nil {
				s.opts.Log.Warn("gcs: notification not published, will be tried again", "topic", m.Topic, "object", m.Attrs["objectId"], "err", err)
				*retry = time.After(pause)
			}
		}
		if err := s.forget(sent); err != nil {
			s.opts.Log.Error("gcs: published notifications will be published again", "err", err)
		}
	}
	return cursor
}

func (s *Server) send(ctx context.Context, m message) error {
	if s.opts.Now().Sub(m.At) > outboxLife {
		return nil
	}
	return s.opts.Publish(ctx, m.Topic, m.Data, m.Attrs)
}

// waiting returns the next messages beyond cursor.
func (s *Server) waiting(cursor []byte) (keys [][]byte, batch []message, err error) {
	err = s.view(func(t tx) error {
		c := t.table(tableOutbox).Cursor()
		k, v := c.Seek(cursor)
		if k != nil && string(k) == string(cursor) {
			k, v = c.Next()
		}
		for ; k != nil && len(keys) < 100; k, v = c.Next() {
			var m message
			if err := json.Unmarshal(v, &m); err != nil {
				return err
			}
			keys, batch = append(keys, slices.Clone(k)), append(batch, m)
		}
		return nil
	})
	return keys, batch, err
}

func (s *Server) forget(keys [][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	return s.update(func(t tx) error {
		for _, k := range keys {
			if err := t.table(tableOutbox).Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}
