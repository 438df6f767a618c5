package bqquery

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	bq "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/row"
)

// Table returns how a table is set up, compared with what s describes as EnsureTable does. It changes
// nothing. A table that is not there is no error.
func (c *Client) Table(ctx context.Context, t row.Table, s row.Spec) (facts.Table, error) {
	f := facts.Table{Name: t.String()}
	have, err := c.look(ctx, t)
	switch {
	case statusCode(err) == http.StatusNotFound:
		return f, nil
	case err != nil:
		return f, classify(fmt.Errorf("table %s: %w", t, err))
	}
	f.Exists = true
	if have.Type != "TABLE" && have.Type != "" {
		f.Conflicts = append(f.Conflicts, fmt.Sprintf("it is a %s, and rows go into tables only: rename it, or load into another table", have.Type))
		return f, nil
	}
	if have.Schema == nil {
		have.Schema = &bq.TableSchema{}
	}
	g := growth{filled: s.PartitionBy}
	g.merge("", have.Schema.Fields, s.Columns)
	f.Conflicts, f.Missing = g.conflicts, g.added
	if p := have.TimePartitioning; p != nil {
		f.PartitionBy, f.PartitionOf = p.Field, p.Type
	}
	if have.Clustering != nil {
		f.ClusterBy = have.Clustering.Fields
	}
	return f, nil
}

// RowPolicies returns how many row-level access policies a table has.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/rowAccessPolicies/list
func (c *Client) RowPolicies(ctx context.Context, t row.Table) (int, error) {
	out, err := c.policies.List(t.Project, t.Dataset, t.Name).Context(ctx).Do()
	if err != nil {
		return 0, classify(fmt.Errorf("row access policies of %s: %w", t, err))
	}
	return len(out.RowAccessPolicies), nil
}

// View returns which version of a view there is.
func (c *Client) View(ctx context.Context, t row.Table) (facts.View, error) {
	f := facts.View{Name: t.String()}
	have, err := c.look(ctx, t)
	switch {
	case statusCode(err) == http.StatusNotFound:
		return f, nil
	case err != nil:
		return f, classify(fmt.Errorf("view %s: %w", t, err))
	}
	f.Exists, f.Ours = true, have.View != nil
	f.Version, _ = strconv.Atoi(have.Labels[viewLabel]) // a label that is no number is none of ours: 0
	return f, nil
}

// DatasetLocation returns where a dataset lies, such as EU; errkind.NotFound if there is none.
func (c *Client) DatasetLocation(ctx context.Context, project, dataset string) (string, error) {
	m, err := c.bq.DatasetInProject(project, dataset).Metadata(ctx)
	if err != nil {
		return "", classify(fmt.Errorf("dataset %s.%s: %w", project, dataset, err))
	}
	return m.Location, nil
}

// Lacks returns those of the permissions on a table that this client lacks.
// https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions
func (c *Client) Lacks(ctx context.Context, t row.Table, permissions []string) ([]string, error) {
	resource := fmt.Sprintf("projects/%s/datasets/%s/tables/%s", t.Project, t.Dataset, t.Name)
	out, err := c.tables.TestIamPermissions(resource, &bq.TestIamPermissionsRequest{Permissions: permissions}).Context(ctx).Do()
	if err != nil {
		return nil, classify(fmt.Errorf("permissions on %s: %w", t, err))
	}
	return slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return slices.Contains(out.Permissions, p) }), nil
}

// SourceTables returns the names, project.dataset.name, of the tables that each source's files were
// loaded into of late, by the load log. It reads 30 days of two columns.
func (c *Client) SourceTables(ctx context.Context, log row.Table) (map[string][]string, error) {
	if err := log.Validate(); err != nil {
		return nil, err
	}
	rows, err := c.Query(ctx, "SELECT source, table_name FROM `"+log.String()+"` WHERE loaded_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY) AND outcome = 'loaded' GROUP BY 1, 2 ORDER BY 1, 2")
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tables := map[string][]string{}
	for {
		values, ok, err := rows.Next()
		if err != nil || !ok {
			return tables, err
		}
		source, _ := values[0].(string)
		if name, isText := values[1].(string); isText {
			tables[source] = append(tables[source], name)
		}
	}
}
