package gcsstore

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// A bucket with everything that is looked at, as the references of the JSON API have it.
// https://cloud.google.com/storage/docs/json_api/v1/buckets#resource
// https://cloud.google.com/storage/docs/json_api/v1/notifications#resource
const (
	bucketResource = `{"kind":"storage#bucket","name":"full","location":"US-EAST1","versioning":{"enabled":true},"defaultEventBasedHold":true,
		"iamConfiguration":{"uniformBucketLevelAccess":{"enabled":true},"publicAccessPrevention":"enforced"},
		"softDeletePolicy":{"retentionDurationSeconds":"604800"},"retentionPolicy":{"retentionPeriod":"3600","effectiveTime":"2026-01-01T00:00:00Z"},
		"lifecycle":{"rule":[{"action":{"type":"Delete"},"condition":{"age":30,"matchesPrefix":["a/"]}},{"action":{"type":"Delete"},"condition":{"isLive":false}},
			{"action":{"type":"Delete"},"condition":{"numNewerVersions":3}},{"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":1}}]}}`
	notificationResources = `{"kind":"storage#notifications","items":[{"id":"1","topic":"//pubsub.googleapis.com/projects/acme/topics/landed",
		"event_types":["OBJECT_FINALIZE"],"payload_format":"JSON_API_V1","object_name_prefix":"p/","kind":"storage#notification"}]}`
)

func TestBucket(t *testing.T) {
	b := newBench(t)
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/b/full"):
			fmt.Fprint(w, bucketResource)
		case strings.HasSuffix(r.URL.Path, "/b/full/notificationConfigs"):
			fmt.Fprint(w, notificationResources)
		default:
			next.ServeHTTP(w, r)
		}
	})
	got, err := b.store.Bucket(t.Context(), "full")
	week := 7 * 24 * time.Hour
	want := facts.Bucket{Name: "full", Location: "US-EAST1", Versioning: true, UniformAccess: true, PublicAccess: "enforced", SoftDelete: &week, Retention: time.Hour, Hold: true,
		Lifecycle:     []facts.LifecycleRule{{Action: "Delete", AgeDays: 30, Prefixes: []string{"a/"}}, {Action: "Delete", OnlyOlder: true}, {Action: "Delete", OnlyOlder: true}, {Action: "AbortIncompleteMultipartUpload", AgeDays: 1}},
		Notifications: []facts.LandingNotification{{Topic: "projects/acme/topics/landed", Events: []string{"OBJECT_FINALIZE"}, Payload: "JSON_API_V1", Prefix: "p/"}}}
	if err != nil || got.SoftDelete == nil || *got.SoftDelete != week {
		t.Fatalf("%+v, %v", got, err)
	}
	got.SoftDelete = &week
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("the bucket is\n%+v, want\n%+v", got, want)
	}
	// One of the stand-in's.
	got, err = b.store.Bucket(t.Context(), "landing")
	if err != nil || !got.UniformAccess || got.PublicAccess != "" || got.SoftDelete != nil || got.Retention != 0 || len(got.Lifecycle)+len(got.Notifications) != 0 || got.Location != "US" {
		t.Errorf("the stand-in's bucket is %+v, %v", got, err)
	}
	_, err = b.store.Bucket(t.Context(), "none")
	b.wantKind(err, errkind.NotFound)
	b.proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	_, err = b.store.Bucket(t.Context(), "landing")
	b.wantKind(err, errkind.Permanent)
}

// A notification configuration that cannot be read is an error, not a bucket without one.
func TestBucketWithoutNotifications(t *testing.T) {
	b := newBench(t)
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/notificationConfigs") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
	_, err := b.store.Bucket(t.Context(), "landing")
	b.wantKind(err, errkind.Permanent)
}

func TestLacks(t *testing.T) {
	b := newBench(t)
	asked := []string{"storage.objects.create", "storage.objects.get", "storage.objects.delete"}
	if lacks, err := b.store.Lacks(t.Context(), "landing", asked); err != nil || len(lacks) != 0 {
		t.Errorf("the stand-in's caller lacks %q, %v", lacks, err)
	}
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		if !slices.Equal(r.URL.Query()["permissions"], asked) {
			t.Errorf("asked for %q", r.URL.Query()["permissions"])
		}
		fmt.Fprint(w, `{"kind":"storage#testIamPermissionsResponse","permissions":["storage.objects.get"]}`)
	})
	if lacks, err := b.store.Lacks(t.Context(), "landing", asked); err != nil || !slices.Equal(lacks, []string{"storage.objects.create", "storage.objects.delete"}) {
		t.Errorf("lacks %q, %v", lacks, err)
	}
	b.proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	_, err := b.store.Lacks(t.Context(), "landing", asked)
	b.wantKind(err, errkind.Permanent)
}

func TestClock(t *testing.T) {
	b := newBench(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	url := cloudtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			t.Errorf("asked by %s", r.Method)
		}
		w.Header().Set("Date", at.Format(http.TimeFormat))
		if strings.HasSuffix(r.URL.Path, "/none") {
			w.Header()["Date"] = nil
		}
		w.WriteHeader(http.StatusNotFound) // the date stands on every answer
	}))
	before := time.Now()
	service, here, err := b.store.Clock(t.Context(), url)
	if err != nil || !service.Equal(at) || here.Before(before) || here.After(time.Now()) {
		t.Errorf("the service says %v, this machine %v, %v", service, here, err)
	}
	if _, _, err := b.store.Clock(t.Context(), url+"/none"); err == nil {
		t.Error("an answer without a date tells the time")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := b.store.Clock(ctx, url); err == nil {
		t.Error("told to stop, it tells the time")
	}
}
