package gcsstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
)

// Bucket returns how a bucket is set up; errkind.NotFound if there is none. What the service leaves out
// of its answer is nil.
// https://cloud.google.com/storage/docs/json_api/v1/buckets#resource
func (s *Store) Bucket(ctx context.Context, name string) (facts.Bucket, error) {
	h := s.client.Bucket(name)
	a, err := h.Attrs(ctx)
	if err != nil {
		return facts.Bucket{}, classifyBucket(fmt.Errorf("bucket gs://%s: %w", name, err))
	}
	b := facts.Bucket{
		Name: name, Location: a.Location, Versioning: a.VersioningEnabled, UniformAccess: a.UniformBucketLevelAccess.Enabled,
		Hold: a.DefaultEventBasedHold,
	}
	if a.PublicAccessPrevention != storage.PublicAccessPreventionUnknown {
		b.PublicAccess = a.PublicAccessPrevention.String()
	}
	for _, r := range a.Lifecycle.Rules {
		b.Lifecycle = append(b.Lifecycle, lifecycleRule(r))
	}
	if a.SoftDeletePolicy != nil {
		b.SoftDelete = &a.SoftDeletePolicy.RetentionDuration
	}
	if a.RetentionPolicy != nil {
		b.Retention = a.RetentionPolicy.RetentionPeriod
	}
	notifications, err := h.Notifications(ctx)
	if err != nil {
		return b, classifyBucket(fmt.Errorf("notifications of gs://%s: %w", name, err))
	}
	for _, n := range notifications {
		b.Notifications = append(b.Notifications, facts.LandingNotification{
			Topic: "projects/" + n.TopicProjectID + "/topics/" + n.TopicID, Events: n.EventTypes, Payload: n.PayloadFormat, Prefix: n.ObjectNamePrefix,
		})
	}
	return b, nil
}

func lifecycleRule(r storage.LifecycleRule) facts.LifecycleRule {
	c := r.Condition
	return facts.LifecycleRule{
		Action: r.Action.Type, AgeDays: int(c.AgeInDays), Prefixes: c.MatchesPrefix,
		OnlyOlder: c.Liveness == storage.Archived || c.NumNewerVersions > 0 || c.DaysSinceNoncurrentTime > 0 || !c.NoncurrentTimeBefore.IsZero(),
	}
}

// Lacks returns those of the permissions on a bucket that this client lacks.
// https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions
func (s *Store) Lacks(ctx context.Context, bucket string, permissions []string) ([]string, error) {
	has, err := s.client.Bucket(bucket).IAM().TestPermissions(ctx, permissions)
	if err != nil {
		return nil, classifyBucket(fmt.Errorf("permissions on gs://%s: %w", bucket, err))
	}
	return slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return slices.Contains(has, p) }), nil
}

// Clock returns the service's time, to the second, and this machine's at the middle of the request.
func (s *Store) Clock(ctx context.Context, url string) (service, here time.Time, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return service, here, err
	}
	begun := time.Now()
	res, err := s.conn.Do(r)
	if err != nil {
		return service, here, classify(err)
	}
	took := time.Since(begun)
	if err := res.Body.Close(); err != nil {
		return service, here, err
	}
	service, err = http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return service, here, fmt.Errorf("the answer of %s has no date: %w", url, err)
	}
	return service, begun.Add(took / 2), nil
}

// classifyBucket is classify of what is said of a bucket.
func classifyBucket(err error) error {
	var api *googleapi.Error
	switch {
	case errors.Is(err, storage.ErrBucketNotExist), errors.As(err, &api) && api.Code == http.StatusNotFound:
		return errkind.With(errkind.NotFound, err)
	case errors.As(err, &api) && (api.Code == http.StatusForbidden || api.Code == http.StatusNotImplemented):
		return errkind.With(errkind.Permanent, err)
	default:
		return classify(err)
	}
}
