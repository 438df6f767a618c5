package gcs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// lifecycle is a bucket's rules. One kind is done: to delete what is so many days old. "Cloud Storage
// regularly inspects all the objects in a bucket": here every hour.
// https://cloud.google.com/storage/docs/lifecycle
type lifecycle struct {
	Rules []lifecycleRule `json:"rule"`
}

type lifecycleRule struct {
	Action struct {
		Type string `json:"type"`
	} `json:"action"`
	Condition struct {
		Age *int `json:"age,omitempty"` // days
	} `json:"condition"`
}

// UnmarshalJSON refuses a rule with anything that is not done.
func (r *lifecycleRule) UnmarshalJSON(data []byte) error {
	type plain lifecycleRule
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode((*plain)(r)); err != nil || r.Action.Type != "Delete" || r.Condition.Age == nil {
		r.Action.Type, r.Condition.Age = "", nil // check refuses it
	}
	return nil
}

func (l *lifecycle) check() error {
	if l == nil {
		return nil
	}
	for _, r := range l.Rules {
		if r.Condition.Age == nil || *r.Condition.Age < 0 {
			return unimplemented("a lifecycle rule of a bucket but action Delete with condition age")
		}
	}
	return nil
}

// SetLifecycle has objects of the bucket deleted that are so many days old.
func (s *Server) SetLifecycle(bucket string, days int) error {
	var r lifecycleRule
	r.Action.Type, r.Condition.Age = "Delete", &days
	err := s.update(func(t tx) error {
		b, err := t.bucket(bucket)
		if err != nil {
			return err
		}
		b.Bucket.Lifecycle = &lifecycle{Rules: []lifecycleRule{r}}
		return t.put(tableBuckets, bucket, b)
	})
	if err != nil {
		return fmt.Errorf("gcs: lifecycle of %s: %w", bucket, err)
	}
	return nil
}

// age deletes what is old, every hour until ctx ends.
func (s *Server) age(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := s.deleteOld(); err != nil {
			s.opts.Log.Error("gcs: cannot delete old objects, will try again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// deleteOld does what the rules of all buckets say, once.
func (s *Server) deleteOld() error {
	var old []target
	err := s.view(func(t tx) error {
		return t.table(tableBuckets).ForEach(func(name, v []byte) error {
			var b storedBucket
			if err := json.Unmarshal(v, &b); err != nil {
				return err
			}
			if b.Bucket.Lifecycle == nil {
				return nil
			}
			for _, r := range b.Bucket.Lifecycle.Rules {
				found, err := t.olderThan(string(name), t.now.Add(-time.Duration(*r.Condition.Age)*24*time.Hour))
				if err != nil {
					return err
				}
				old = append(old, found...)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, at := range old {
		if err := s.remove(at, ""); err != nil && asAPIError(err).status != http.StatusNotFound {
			return err
		}
	}
	return nil
}

// olderThan returns the objects of a bucket that were made before then.
func (t tx) olderThan(bucket string, then time.Time) (old []target, err error) {
	prefix := []byte(objectKey(bucket, ""))
	c := t.table(tableObjects).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var rec stored
		if err := json.Unmarshal(v, &rec); err != nil {
			return nil, err
		}
		made, err := time.Parse(time.RFC3339, rec.Object.TimeCreated)
		if err != nil {
			return nil, err
		}
		if made.Before(then) {
			old = append(old, target{bucket: bucket, name: rec.Object.Name, generation: &rec.Object.Generation})
		}
	}
	return old, nil
}

// testPermissions says that the caller has what it asks for: there are no permissions here.
// https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions
func (s *Server) testPermissions(r *http.Request, p []string) (any, error) {
	_, err := s.lookupBucket(p[0])
	return map[string]any{"kind": "storage#testIamPermissionsResponse", "permissions": r.URL.Query()["permissions"]}, err
}
