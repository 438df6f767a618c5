// Package monitoring is the adapter to Cloud Monitoring, which alone knows how many messages wait in
// a Pub/Sub subscription: Pub/Sub itself does not say.
package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"google.golang.org/api/googleapi"
	rest "google.golang.org/api/monitoring/v3"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/googlehttp"
)

// Client asks for what was measured of a project. Safe for concurrent use, and closed.
type Client struct {
	conn    *googlehttp.Client
	series  *rest.ProjectsTimeSeriesService
	project string
}

// New connects to Cloud Monitoring.
func New(ctx context.Context, project string, opts ...option.ClientOption) (*Client, error) {
	conn, err := googlehttp.New(ctx, rest.MonitoringReadScope, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Monitoring: %w", err)
	}
	service, err := rest.NewService(ctx, append(slices.Clone(opts), option.WithHTTPClient(conn.Client))...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Monitoring: %w", err)
	}
	return &Client{conn, service.Projects.TimeSeries, project}, nil
}

// Close releases the client's connections.
func (c *Client) Close() error {
	c.conn.Close()
	return nil
}

// window is how old a measurement may be: they come every minute, up to four minutes late.
// https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub
const window = 10 * time.Minute

// Undelivered returns how many messages of a subscription were not acknowledged when that was last
// measured. Of a subscription that nothing was measured of, it is errkind.NotFound.
func (c *Client) Undelivered(ctx context.Context, subscription string, now time.Time) (int64, error) {
	list, err := c.series.List("projects/" + c.project).Context(ctx).
		Filter(`metric.type = "pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.labels.subscription_id = ` + strconv.Quote(subscription)).
		IntervalStartTime(now.Add(-window).UTC().Format(time.RFC3339)).IntervalEndTime(now.UTC().Format(time.RFC3339)).Do()
	var status *googleapi.Error
	switch {
	case errors.As(err, &status) && status.Code == http.StatusForbidden:
		return 0, errkind.With(errkind.Permanent, fmt.Errorf("ask Cloud Monitoring, which needs roles/monitoring.viewer: %w", err))
	case err != nil:
		return 0, fmt.Errorf("ask Cloud Monitoring: %w", err)
	}
	for _, s := range list.TimeSeries {
		for _, p := range s.Points { // the newest first
			if p.Value != nil && p.Value.Int64Value != nil {
				return *p.Value.Int64Value, nil
			}
		}
	}
	return 0, errkind.With(errkind.NotFound, fmt.Errorf("Cloud Monitoring has measured nothing of a subscription %s in %s for %s", subscription, c.project, window))
}
