package gcpproject

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// api answers as the references of the two APIs show.
func api(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch what := r.Method + " " + r.URL.Path; {
	case what == "GET /v1/projects/acme/services/datalineage.googleapis.com":
		fmt.Fprint(w, `{"name":"projects/123/services/datalineage.googleapis.com","parent":"projects/123","state":"ENABLED"}`)
	case what == "GET /v1/projects/acme/services/other.googleapis.com":
		fmt.Fprint(w, `{"name":"projects/123/services/other.googleapis.com","parent":"projects/123","state":"DISABLED"}`)
	case what == "POST /v1/projects/acme:testIamPermissions" && strings.Contains(string(body), `"bigquery.jobs.create"`):
		fmt.Fprint(w, `{"permissions":["bigquery.jobs.create"]}`)
	case what == "POST /v1/projects/none:testIamPermissions":
		fmt.Fprint(w, `{}`)
	default:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error":{"code":403,"message":"Permission denied to get service","status":"PERMISSION_DENIED"}}`)
	}
}

func TestProject(t *testing.T) {
	url := cloudtest.Serve(t, http.HandlerFunc(api))
	c, err := New(t.Context(), option.WithEndpoint(url), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[string]bool{"datalineage.googleapis.com": true, "other.googleapis.com": false} {
		if on, err := c.Enabled(t.Context(), "acme", name); err != nil || on != want {
			t.Errorf("%s is on: %v, %v; want %v", name, on, err, want)
		}
	}
	if _, err := c.Enabled(t.Context(), "secret", "datalineage.googleapis.com"); err == nil || !strings.Contains(err.Error(), "Permission denied") || !strings.Contains(err.Error(), "project secret") {
		t.Errorf("without permission: %v", err)
	}
	asked := []string{"bigquery.jobs.create", "bigquery.datasets.get"}
	for project, want := range map[string][]string{"acme": {"bigquery.datasets.get"}, "none": asked} {
		if lacks, err := c.Lacks(t.Context(), project, asked); err != nil || !slices.Equal(lacks, want) {
			t.Errorf("on %s it lacks %q, %v; want %q", project, lacks, err, want)
		}
	}
	if _, err := c.Lacks(t.Context(), "secret", asked); err == nil {
		t.Error("without permission it lacks nothing")
	}
}
