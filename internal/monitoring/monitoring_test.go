package monitoring

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// newClient returns a client of a Cloud Monitoring that answers each request so.
func newClient(t *testing.T, status int, body string, check func(r *http.Request)) *Client {
	t.Helper()
	address := cloudtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if check != nil {
			check(r)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	c, err := New(context.Background(), "acme", option.WithEndpoint(address), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// The request and the answer are as documented.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list
func TestUndelivered(t *testing.T) {
	const answer = `{"timeSeries":[{"metric":{"type":"pubsub.googleapis.com/subscription/num_undelivered_messages"},
		"resource":{"type":"pubsub_subscription","labels":{"subscription_id":"dead","project_id":"acme"}},"metricKind":"GAUGE","valueType":"INT64",
		"points":[{"interval":{"endTime":"2026-01-02T03:03:00Z"},"value":{"int64Value":"7"}},{"interval":{"endTime":"2026-01-02T03:02:00Z"},"value":{"int64Value":"9"}}]}]}`
	c := newClient(t, http.StatusOK, answer, func(r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/v3/projects/acme/timeSeries" || q.Get("interval.startTime") != "2026-01-02T02:54:05Z" || q.Get("interval.endTime") != "2026-01-02T03:04:05Z" {
			t.Errorf("asked %s", r.URL)
		}
		if f := q.Get("filter"); !strings.Contains(f, `num_undelivered_messages"`) || !strings.HasSuffix(f, `subscription_id = "dead"`) {
			t.Errorf("filter %s", f)
		}
	})
	if n, err := c.Undelivered(t.Context(), "dead", now); n != 7 || err != nil {
		t.Errorf("got %d, %v; want 7", n, err)
	}
}

// What is not known is no 0.
func TestUndeliveredUnknown(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   errkind.Kind
		want   string
	}{
		"no series":     {http.StatusOK, `{}`, errkind.NotFound, "subscription dead in acme"},
		"no points":     {http.StatusOK, `{"timeSeries":[{"points":[]}]}`, errkind.NotFound, "nothing"},
		"another value": {http.StatusOK, `{"timeSeries":[{"points":[{"value":{"doubleValue":1}},{}]}]}`, errkind.NotFound, "nothing"},
		"forbidden":     {http.StatusForbidden, `{"error":{"code":403,"message":"Permission denied"}}`, errkind.Permanent, "roles/monitoring.viewer"},
		"bad request":   {http.StatusBadRequest, `{"error":{"code":400,"message":"no"}}`, errkind.Transient, "ask Cloud Monitoring"},
	} {
		n, err := newClient(t, tt.status, tt.body, nil).Undelivered(t.Context(), "dead", now)
		if n != 0 || err == nil || errkind.Of(err) != tt.kind || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %d, %v of kind %v; want %q of kind %v", name, n, err, errkind.Of(err), tt.want, tt.kind)
		}
	}
}
