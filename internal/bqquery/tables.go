package bqquery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/googleapis/gax-go/v2"
	rest "google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// ensureLimit is how long the making of a table may take, with all tries again.
const ensureLimit = 30 * time.Second

// EnsureTable implements load.Tables. What a table has beside the columns of s stays as it is: other
// columns, descriptions, labels, policy tags, partitions and clusters of its own. It asks first: a
// look is free, a change counts against the quota of changes per table, even one that is refused.
func (c *Client) EnsureTable(ctx context.Context, t row.Table, s row.Spec) error {
	return c.ensure(ctx, t, func(ctx context.Context) error {
		have, err := c.look(ctx, t)
		switch {
		case statusCode(err) == http.StatusNotFound:
			return c.insert(ctx, t, newTable(s))
		case err != nil:
			return err
		case have.Type != "TABLE" && have.Type != "": // a stand-in may leave it out
			return errkind.With(errkind.Permanent, fmt.Errorf("it is a %s, and rows go into tables only: rename it, or load into another table", have.Type))
		}
		return c.grow(ctx, t, have, s)
	})
}

// grow adds the columns that the table lacks.
func (c *Client) grow(ctx context.Context, t row.Table, have *rest.Table, s row.Spec) error {
	if have.Schema == nil {
		have.Schema = &rest.TableSchema{}
	}
	g := growth{filled: s.PartitionBy}
	have.Schema.Fields = g.merge("", have.Schema.Fields, s.Columns)
	if len(g.conflicts) > 0 {
		return errkind.With(errkind.Permanent, errors.New(strings.Join(g.conflicts, "; ")))
	}
	if len(g.added) == 0 {
		return nil
	}
	err := c.patch(ctx, t, have.Etag, &rest.Table{Schema: have.Schema})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("add %s: %w", strings.Join(g.added, ", "), err)
	if statusCode(err) == http.StatusForbidden && !passes(err) {
		err = fmt.Errorf("%w; the loader needs bigquery.tables.update, and bigquery.tables.setCategory where columns have policy tags; or add them yourself, NULLABLE", err)
	}
	return err
}

// viewLabel holds the version of a view that Seneka made.
const viewLabel = "seneka_view"

// EnsureView implements load.Tables. The version stands in a label of the view.
func (c *Client) EnsureView(ctx context.Context, t row.Table, query string, version int) error {
	want := &rest.Table{
		View:   &rest.ViewDefinition{Query: query, ForceSendFields: []string{"UseLegacySql"}}, // legacy is the default
		Labels: map[string]string{viewLabel: strconv.Itoa(version)},
	}
	return c.ensure(ctx, t, func(ctx context.Context) error {
		have, err := c.look(ctx, t)
		switch {
		case statusCode(err) == http.StatusNotFound:
			return c.insert(ctx, t, *want)
		case err != nil:
			return err
		}
		// A label that is no number is none of ours: version 0.
		old, _ := strconv.Atoi(have.Labels[viewLabel])
		if have.View == nil || old >= version || old == 0 && have.View.Query == query {
			return nil
		}
		return c.patch(ctx, t, have.Etag, want)
	})
}

// ensure calls try until it succeeds or fails for good. What others do at the same time shows as a
// conflict, after which try looks again.
func (c *Client) ensure(ctx context.Context, t row.Table, try func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, ensureLimit)
	defer cancel()
	pause := c.pause
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if !passes(err) || gax.Sleep(ctx, pause.Pause()) != nil {
			return classify(fmt.Errorf("table %s: %w", t, err))
		}
	}
}

// passes reports whether a try may end otherwise when it is made again soon: somebody else was
// quicker, the table was changed too often just now, or the service or the way to it has trouble.
func passes(err error) bool {
	var api *googleapi.Error
	if !errors.As(err, &api) {
		return errkind.Of(err) == errkind.Transient
	}
	switch api.Code {
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return len(api.Errors) > 0 && api.Errors[0].Reason == "rateLimitExceeded"
	default:
		return api.Code >= http.StatusInternalServerError && api.Code != http.StatusNotImplemented
	}
}

// look reads a table whole: that an etag of a part of it serves for a change is said nowhere.
func (c *Client) look(ctx context.Context, t row.Table) (*rest.Table, error) {
	return c.tables.Get(t.Project, t.Dataset, t.Name).Context(ctx).Do()
}

func (c *Client) insert(ctx context.Context, t row.Table, made rest.Table) error {
	made.TableReference = &rest.TableReference{ProjectId: t.Project, DatasetId: t.Dataset, TableId: t.Name}
	_, err := c.tables.Insert(t.Project, t.Dataset, &made).Context(ctx).Do()
	return err
}

// patch changes a table if it is still as etag says.
func (c *Client) patch(ctx context.Context, t row.Table, etag string, change *rest.Table) error {
	call := c.tables.Patch(t.Project, t.Dataset, t.Name, change).Context(ctx)
	if etag != "" {
		call.Header().Set("If-Match", etag)
	}
	_, err := call.Do()
	return err
}

func newTable(s row.Spec) rest.Table {
	t := rest.Table{Description: s.Description, Schema: &rest.TableSchema{Fields: fields(s.Columns)}}
	if s.PartitionBy != "" {
		t.TimePartitioning = &rest.TimePartitioning{Type: "DAY", Field: s.PartitionBy}
	}
	if len(s.ClusterBy) > 0 {
		t.Clustering = &rest.Clustering{Fields: s.ClusterBy}
	}
	return t
}
