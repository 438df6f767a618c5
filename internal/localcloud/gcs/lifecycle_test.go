package gcs

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/storage"
)

// What is as old as a rule says is deleted, and nothing else.
// https://cloud.google.com/storage/docs/lifecycle#age
func TestLifecycle(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	c, _ := start(t, Options{Dir: t.TempDir(), Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	cl := c.client()
	if err := cl.Bucket("aged").Create(t.Context(), "local", &storage.BucketAttrs{Lifecycle: storage.Lifecycle{Rules: []storage.LifecycleRule{
		{Action: storage.LifecycleAction{Type: storage.DeleteAction}, Condition: storage.LifecycleCondition{AgeInDays: 3}}}}}); err != nil {
		t.Fatal(err)
	}
	put := func(bucket, name string) {
		if _, err := write(t.Context(), cl.Bucket(bucket).Object(name), []byte("x"), func(*storage.Writer) {}); err != nil {
			t.Fatal(err)
		}
	}
	put("aged", "old")
	put(bkt, "old")
	now.Add(2 * 86400)
	put("aged", "new")
	now.Add(86400 + 1)
	if err := c.deleteOld(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		bucket, name string
		there        bool
	}{{"aged", "old", false}, {"aged", "new", true}, {bkt, "old", true}} {
		_, err := cl.Bucket(tt.bucket).Object(tt.name).Attrs(t.Context())
		if there := err == nil; there != tt.there || !there && !errors.Is(err, storage.ErrObjectNotExist) {
			t.Errorf("%s/%s is there: %v (%v), want %v", tt.bucket, tt.name, there, err, tt.there)
		}
	}
}

// A bucket tells its rules, by whichever way they were set, and that objects have no access lists.
func TestBucketTells(t *testing.T) {
	dir := t.TempDir()
	c, stop := start(t, Options{Dir: dir})
	for range 2 { // once more changes nothing
		if err := c.SetLifecycle(bkt, 30); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SetLifecycle("none", 30); err == nil {
		t.Error("a bucket that is not there has rules")
	}
	stop()
	c, _ = start(t, Options{Dir: dir})
	a, err := c.client().Bucket(bkt).Attrs(t.Context())
	if err != nil || len(a.Lifecycle.Rules) != 1 || a.Lifecycle.Rules[0].Action.Type != "Delete" || a.Lifecycle.Rules[0].Condition.AgeInDays != 30 ||
		!a.UniformBucketLevelAccess.Enabled || a.PublicAccessPrevention != storage.PublicAccessPreventionUnknown || a.SoftDeletePolicy != nil {
		t.Errorf("the bucket is %+v, %v", a, err)
	}
}

// A rule that would not be done is refused, not kept and forgotten.
func TestLifecycleRefused(t *testing.T) {
	c := newCloud(t)
	for _, rule := range []string{
		`{"action":{"type":"SetStorageClass","storageClass":"NEARLINE"},"condition":{"age":3}}`, `{"action":{"type":"Delete"},"condition":{"age":3,"isLive":false}}`,
		`{"action":{"type":"Delete"},"condition":{}}`, `{"action":{"type":"Delete"},"condition":{"age":-1}}`, `{"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":1}}`,
	} {
		if r := c.do("POST", "/storage/v1/b", `{"name":"new","lifecycle":{"rule":[`+rule+`]}}`); r.status != 501 || !strings.Contains(r.body, "lifecycle") {
			t.Errorf("%s: %d %s, want 501", rule, r.status, r.body)
		}
	}
}

// Whoever asks has every permission: there are none here.
// https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions
func TestPermissions(t *testing.T) {
	c := newCloud(t)
	want := []string{"storage.objects.create", "storage.objects.get"}
	got, err := c.client().Bucket(bkt).IAM().TestPermissions(t.Context(), want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("permissions %q, %v; want %q", got, err, want)
	}
	if _, err := c.client().Bucket("none").IAM().TestPermissions(t.Context(), want); statusOf(err) != 404 {
		t.Errorf("a bucket that is not there: %v", err)
	}
}
