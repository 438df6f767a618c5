// Package gcpproject is the adapter to what belongs to a Google Cloud project as a whole: which APIs are
// on, and what the caller may do in it. It only reads.
package gcpproject

import (
	"context"
	"fmt"
	"slices"

	resourcemanager "google.golang.org/api/cloudresourcemanager/v1"
	"google.golang.org/api/option"
	"google.golang.org/api/serviceusage/v1"

	"github.com/seneka-io/seneka/internal/googlehttp"
)

// Client asks about projects. It is made once per process, safe for concurrent use, and closed.
type Client struct {
	conn     *googlehttp.Client
	services *serviceusage.ServicesService
	projects *resourcemanager.ProjectsService
}

// New connects to both APIs.
func New(ctx context.Context, opts ...option.ClientOption) (*Client, error) {
	conn, err := googlehttp.New(ctx, serviceusage.CloudPlatformReadOnlyScope, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the project's APIs: %w", err)
	}
	opts = append(slices.Clone(opts), option.WithHTTPClient(conn.Client))
	usage, err := serviceusage.NewService(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the Service Usage API: %w", err)
	}
	manager, err := resourcemanager.NewService(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the Resource Manager API: %w", err)
	}
	return &Client{conn, usage.Services, manager.Projects}, nil
}

// Close releases the client's connections.
func (c *Client) Close() error {
	c.conn.Close()
	return nil
}

// Enabled reports whether an API, such as datalineage.googleapis.com, is on in a project. It needs
// serviceusage.services.get.
// https://cloud.google.com/service-usage/docs/reference/rest/v1/services/get
func (c *Client) Enabled(ctx context.Context, project, api string) (bool, error) {
	s, err := c.services.Get("projects/" + project + "/services/" + api).Context(ctx).Do()
	if err != nil {
		return false, fmt.Errorf("whether %s is on in project %s: %w", api, project, err)
	}
	return s.State == "ENABLED", nil
}

// Lacks returns those of the permissions that the caller lacks on a project.
// https://cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions
func (c *Client) Lacks(ctx context.Context, project string, permissions []string) ([]string, error) {
	out, err := c.projects.TestIamPermissions(project, &resourcemanager.TestIamPermissionsRequest{Permissions: permissions}).Context(ctx).Do()
	if err != nil {
		return nil, fmt.Errorf("permissions on project %s: %w", project, err)
	}
	return slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return slices.Contains(out.Permissions, p) }), nil
}
