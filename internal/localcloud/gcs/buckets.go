package gcs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// createBucket makes a bucket.
func (s *Server) createBucket(name string, spec bucketSpec) (bucket, error) {
	if err := checkBucketName(name); err != nil {
		return bucket{}, err
	}
	spec.Name = name
	if err := spec.Lifecycle.check(); err != nil {
		return bucket{}, err
	}
	if spec.Location == "" {
		spec.Location = "US"
	}
	if spec.StorageClass == "" {
		spec.StorageClass = "STANDARD"
	}
	var b bucket
	err := s.update(func(t tx) error {
		if t.table(tableBuckets).Get([]byte(name)) != nil {
			return conflict("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
		}
		at := stamp(t.now)
		b = bucket{Kind: "storage#bucket", ID: name, ProjectNumber: "0", Metageneration: 1, ETag: "CAE=",
			TimeCreated: at, Updated: at, LocationType: "region", bucketSpec: spec}
		return t.put(tableBuckets, name, storedBucket{Bucket: b})
	})
	return b, err
}

func (s *Server) insertBucket(r *http.Request, _ []string) (any, error) {
	var in struct {
		bucketSpec
		Versioning struct{ Enabled bool } `json:"versioning"`
		Retention  json.RawMessage        `json:"retentionPolicy"`
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	if in.Versioning.Enabled || in.Retention != nil {
		return nil, unimplemented("versioning or retentionPolicy of a bucket")
	}
	b, err := s.createBucket(in.Name, in.bucketSpec)
	if err != nil {
		return nil, err
	}
	return b.linked(baseURL(r)), nil
}

func (s *Server) getBucket(r *http.Request, p []string) (any, error) {
	b, err := s.lookupBucket(p[0])
	if err != nil {
		return nil, err
	}
	return b.Bucket.linked(baseURL(r)), nil
}

// getLayout says that the bucket has no folders of its own.
// https://cloud.google.com/storage/docs/json_api/v1/buckets/getStorageLayout
func (s *Server) getLayout(_ *http.Request, p []string) (any, error) {
	b, err := s.lookupBucket(p[0])
	return map[string]any{
		"kind": "storage#storageLayout", "bucket": p[0], "location": b.Bucket.Location,
		"locationType": b.Bucket.LocationType, "hierarchicalNamespace": map[string]bool{"enabled": false},
	}, err
}

// listManagedFolders says that there are none; "gcloud storage rm -r" asks.
func (s *Server) listManagedFolders(_ *http.Request, p []string) (any, error) {
	_, err := s.lookupBucket(p[0])
	return map[string]string{"kind": "storage#managedFolders"}, err
}

func (s *Server) lookupBucket(name string) (b storedBucket, err error) {
	err = s.view(func(t tx) error {
		b, err = t.bucket(name)
		return err
	})
	return b, err
}

func (s *Server) listBuckets(r *http.Request, _ []string) (any, error) {
	q := r.URL.Query()
	limit, err := pageSize(q)
	if err != nil {
		return nil, err
	}
	out := struct {
		Kind  string   `json:"kind"`
		Items []bucket `json:"items,omitempty"`
		Next  string   `json:"nextPageToken,omitempty"`
	}{Kind: "storage#buckets"}
	from, err := pageStart(q)
	if err != nil {
		return nil, err
	}
	prefix := q.Get("prefix")
	err = s.view(func(t tx) error {
		c := t.table(tableBuckets).Cursor()
		for k, v := c.Seek([]byte(max(prefix, from))); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
			if len(out.Items) == limit {
				out.Next = pageToken(string(k))
				return nil
			}
			var b storedBucket
			if err := json.Unmarshal(v, &b); err != nil {
				return err
			}
			out.Items = append(out.Items, b.Bucket.linked(baseURL(r)))
		}
		return nil
	})
	return out, err
}

func (s *Server) deleteBucket(_ *http.Request, p []string) (any, error) {
	return nil, s.update(func(t tx) error {
		if _, err := t.bucket(p[0]); err != nil {
			return err
		}
		k, _ := t.table(tableObjects).Cursor().Seek([]byte(objectKey(p[0], "")))
		if strings.HasPrefix(string(k), objectKey(p[0], "")) {
			return conflict("BucketNotEmpty", "The bucket you tried to delete is not empty.")
		}
		return t.table(tableBuckets).Delete([]byte(p[0]))
	})
}

// addNotification adds n to the bucket. With once set, an equal configuration is left as it is.
func (s *Server) addNotification(bucket string, n notification, once bool) (notification, error) {
	if err := n.check(); err != nil {
		return n, err
	}
	err := s.update(func(t tx) error {
		b, err := t.bucket(bucket)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(b.Notifications, n.same); once && i >= 0 {
			n = b.Notifications[i]
			return nil
		}
		if len(b.Notifications) == 100 {
			return invalid("A bucket has at most 100 notification configurations")
		}
		b.LastID++
		n.Kind, n.ID = "storage#notification", strconv.Itoa(b.LastID)
		n.ETag = n.ID
		b.Notifications = append(b.Notifications, n)
		return t.put(tableBuckets, bucket, b)
	})
	return n, err
}

func (n notification) linked(base, bucket string) notification {
	n.SelfLink = base + "/storage/v1/b/" + escape(bucket) + "/notificationConfigs/" + n.ID
	return n
}

func (s *Server) insertNotification(r *http.Request, p []string) (any, error) {
	var n notification
	if err := readJSON(r, &n); err != nil {
		return nil, err
	}
	n, err := s.addNotification(p[0], n, false)
	return n.linked(baseURL(r), p[0]), err
}

func (s *Server) listNotifications(r *http.Request, p []string) (any, error) {
	b, err := s.lookupBucket(p[0])
	items := make([]notification, 0, len(b.Notifications))
	for _, n := range b.Notifications {
		items = append(items, n.linked(baseURL(r), p[0]))
	}
	return map[string]any{"kind": "storage#notifications", "items": items}, err
}

func (s *Server) getNotification(r *http.Request, p []string) (any, error) {
	b, err := s.lookupBucket(p[0])
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(b.Notifications, func(n notification) bool { return n.ID == p[1] })
	if i < 0 {
		return nil, notFound("No such notification configuration: %s", p[1])
	}
	return b.Notifications[i].linked(baseURL(r), p[0]), nil
}

func (s *Server) deleteNotification(_ *http.Request, p []string) (any, error) {
	return nil, s.update(func(t tx) error {
		b, err := t.bucket(p[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(b.Notifications, func(n notification) bool { return n.ID == p[1] })
		if i < 0 {
			return notFound("No such notification configuration: %s", p[1])
		}
		b.Notifications = slices.Delete(b.Notifications, i, i+1)
		return t.put(tableBuckets, p[0], b)
	})
}
