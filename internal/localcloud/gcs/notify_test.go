package gcs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"sync/atomic"
	"testing"
	"time"
)

// listener collects what a Server publishes.
type listener struct {
	messages chan published
	failing  atomic.Bool
}

func (l *listener) publish(_ context.Context, topic string, data []byte, attrs map[string]string) error {
	if l.failing.Load() {
		return errors.New("no broker")
	}
	l.messages <- published{topic, data, attrs}
	return nil
}

// next waits for a message.
func (l *listener) next(t *testing.T) published {
	t.Helper()
	select {
	case m := <-l.messages:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was published within 20 s")
		panic("unreachable")
	}
}

func (l *listener) none(t *testing.T) {
	t.Helper()
	select {
	case m := <-l.messages:
		t.Errorf("published as well: %v", m.attrs)
	default:
	}
}

func listening(t *testing.T, o Options) (*cloud, *listener, func()) {
	t.Helper()
	l := &listener{messages: make(chan published, 1000)}
	o.Publish = l.publish
	c, stop := start(t, o)
	return c, l, stop
}

func without(m map[string]string, keys ...string) map[string]string {
	m = maps.Clone(m)
	for _, k := range keys {
		delete(m, k)
	}
	return m
}

// https://cloud.google.com/storage/docs/pubsub-notifications#attributes and #payload
func TestNotification(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	c, l, _ := listening(t, Options{Dir: t.TempDir(), Now: func() time.Time { return at }})
	for range 2 { // idempotent
		if err := c.SetNotification(bkt, topicName); err != nil {
			t.Fatal(err)
		}
	}
	body, header := related(`{"name":"in/a b.gz","contentType":"text/plain","metadata":{"k":"v"}}`, "", data)
	o := c.object(c.do("POST", uploadPath("multipart", ""), body, header))
	m := l.next(t)
	want := map[string]string{
		"notificationConfig": "projects/_/buckets/landing/notificationConfigs/1", "eventType": "OBJECT_FINALIZE",
		"payloadFormat": "JSON_API_V1", "bucketId": bkt, "objectId": "in/a b.gz",
		"objectGeneration": fmt.Sprint(o.Generation), "eventTime": "2026-01-02T03:04:05.678901Z",
	}
	if m.topic != topicName || !maps.Equal(m.attrs, want) {
		t.Errorf("message to %s\n got %v\nwant %v", m.topic, m.attrs, want)
	}
	var got map[string]any
	if err := json.Unmarshal(m.data, &got); err != nil {
		t.Fatal(err)
	}
	base := c.url + "/storage/v1/b/landing/o/in%2Fa%20b.gz"
	gen := fmt.Sprint(o.Generation)
	payload := map[string]any{
		"kind": "storage#object", "id": "landing/in/a b.gz/" + gen, "selfLink": base,
		"mediaLink": c.url + "/download/storage/v1/b/landing/o/in%2Fa%20b.gz?generation=" + gen + "&alt=media",
		"name":      "in/a b.gz", "bucket": bkt, "generation": gen, "metageneration": "1", "contentType": "text/plain",
		"storageClass": "STANDARD", "size": "9", "md5Hash": dataMD5, "crc32c": dataCRC, "etag": etag(o.Generation, 1),
		"timeCreated": "2026-01-02T03:04:05.678Z", "updated": "2026-01-02T03:04:05.678Z",
		"timeStorageClassUpdated": "2026-01-02T03:04:05.678Z", "timeFinalized": "2026-01-02T03:04:05.678Z",
		"metadata": map[string]any{"k": "v"},
	}
	if !reflect.DeepEqual(got, payload) {
		t.Errorf("payload\n got %v\nwant %v", got, payload)
	}
	l.none(t)
}

// Which changes make which events: https://cloud.google.com/storage/docs/pubsub-notifications#events
func TestEvents(t *testing.T) {
	c, l, _ := listening(t, Options{Dir: t.TempDir()})
	if err := c.SetNotification(bkt, topicName, eventFinalize, eventDelete, eventMetadataUpdate); err != nil {
		t.Fatal(err)
	}
	expect := func(kind, name, extra, value string) {
		t.Helper()
		m := l.next(t)
		if m.attrs["eventType"] != kind || m.attrs["objectId"] != name || extra != "" && m.attrs[extra] != value {
			t.Errorf("event %v, want %s of %s with %s=%s", m.attrs, kind, name, extra, value)
		}
		if known := without(m.attrs, "notificationConfig", "eventType", "payloadFormat", "bucketId", "objectId", "objectGeneration", "eventTime", extra); len(known) != 0 {
			t.Errorf("event %s has more attributes: %v", kind, known)
		}
	}
	one := c.put("x", "1")
	expect(eventFinalize, "x", "", "")
	two := c.put("x", "2")
	expect(eventDelete, "x", "overwrittenByGeneration", fmt.Sprint(two.Generation))
	expect(eventFinalize, "x", "overwroteGeneration", fmt.Sprint(one.Generation))
	c.do("PATCH", objectPath("x"), `{"contentType":"a/b"}`)
	expect(eventMetadataUpdate, "x", "", "")
	c.do("POST", objectPath("x")+"/rewriteTo/b/"+bkt+"/o/copy", "")
	expect(eventFinalize, "copy", "", "")
	c.do("POST", objectPath("joined")+"/compose", `{"sourceObjects":[{"name":"x"}]}`)
	expect(eventFinalize, "joined", "", "")
	c.chunk(c.session("chunked"), "bytes 0-2/3", "abc")
	expect(eventFinalize, "chunked", "", "")
	c.do("PUT", "/"+bkt+"/xml", "abc")
	expect(eventFinalize, "xml", "", "")
	c.do("DELETE", objectPath("x"), "")
	expect(eventDelete, "x", "objectGeneration", fmt.Sprint(two.Generation))
	c.do("POST", uploadPath("media", "xml", "&ifGenerationMatch=0"), "x")
	c.put("last", "x")
	expect(eventFinalize, "last", "", "") // and nothing for what was refused
}

func TestNotificationConfigs(t *testing.T) {
	c, l, _ := listening(t, Options{Dir: t.TempDir()})
	insert := func(body string) reply {
		return c.do("POST", "/storage/v1/b/"+bkt+"/notificationConfigs", body)
	}
	for body, want := range map[string]int{
		`{"topic":"projects/p/topics/t","payload_format":"NONE"}`:                                                                                  400,
		`{"topic":"//pubsub.googleapis.com/projects/p/topics/t","payload_format":"XML"}`:                                                           400,
		`{"topic":"//pubsub.googleapis.com/projects/p/topics/t","payload_format":"NONE","event_types":["X"]}`:                                      400,
		`{"topic":"//pubsub.googleapis.com/projects/p/topics/t","payload_format":"NONE","object_name_prefix":"in/","custom_attributes":{"a":"b"}}`: 200,
	} {
		if r := insert(body); r.status != want {
			t.Errorf("%s: %d %s, want %d", body, r.status, r.body, want)
		}
	}
	c.put("out/x", "x")
	c.put("in/x", "x")
	m := l.next(t)
	if m.topic != "projects/p/topics/t" || m.attrs["objectId"] != "in/x" || m.attrs["a"] != "b" || m.attrs["payloadFormat"] != "NONE" || len(m.data) != 0 {
		t.Errorf("message %+v", m)
	}
	l.none(t)
	if r := c.do("GET", "/storage/v1/b/"+bkt+"/notificationConfigs/1", ""); r.status != 200 {
		t.Errorf("get: %d %s", r.status, r.body)
	}
	if r := c.do("DELETE", "/storage/v1/b/"+bkt+"/notificationConfigs/1", ""); r.status != 204 {
		t.Errorf("delete: %d", r.status)
	}
	c.put("in/y", "x")
	if err := c.SetNotification("nobucket", topicName); err == nil {
		t.Error("a bucket that is not there got a notification")
	}
}

// While the broker is away nothing is lost; when it is back everything comes, once each here.
func TestPublishFails(t *testing.T) {
	c, l, _ := listening(t, Options{Dir: t.TempDir()})
	if err := c.SetNotification(bkt, topicName); err != nil {
		t.Fatal(err)
	}
	l.failing.Store(true)
	want := map[string]bool{}
	for i := range 250 {
		name := fmt.Sprint(i)
		c.put(name, "x")
		want[name] = true
	}
	l.failing.Store(false)
	for len(want) > 0 {
		m := l.next(t)
		if !want[m.attrs["objectId"]] {
			t.Errorf("object %s announced twice", m.attrs["objectId"])
		}
		delete(want, m.attrs["objectId"])
	}
	l.none(t)
}

// What a Server could not publish, the next one on its folder does; after 7 days nobody does.
func TestOutboxSurvivesRestart(t *testing.T) {
	dir, clk := t.TempDir(), &clock{at: time.Now()}
	c, l, stop := listening(t, Options{Dir: dir, Now: clk.now})
	l.failing.Store(true)
	if err := c.SetNotification(bkt, topicName); err != nil {
		t.Fatal(err)
	}
	c.put("old", "x")
	clk.add(4 * 24 * time.Hour)
	c.put("young", "x")
	stop()
	clk.add(4 * 24 * time.Hour)
	_, l, _ = listening(t, Options{Dir: dir, Now: clk.now})
	if m := l.next(t); m.attrs["objectId"] != "young" {
		t.Errorf("published %s", m.attrs["objectId"])
	}
	l.none(t)
}
