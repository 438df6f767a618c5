package bqquery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// FileRecords returns what the load log says of one file: a record for each attempt and outcome, the
// latest limit of them, the first one first. A log that is not there says nothing.
func (c *Client) FileRecords(ctx context.Context, log row.Table, file string, limit int) ([]load.Record, error) {
	var records []load.Record
	err := c.ofFile(ctx, log, "SELECT * FROM (SELECT * FROM `"+log.String()+"` WHERE source_file = @file"+
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY attempt, outcome ORDER BY visible_at) = 1"+
		fmt.Sprintf(" ORDER BY loaded_at DESC LIMIT %d) ORDER BY loaded_at, started_at", limit), file,
		func(r cells) {
			records = append(records, load.Record{
				Attempt: r.text("attempt"), Outcome: load.Outcome(r.text("outcome")), Reason: r.text("reason"), Source: r.text("source"),
				Format: r.text("format"), SourceFile: r.text("source_file"), Version: r.version(), VersionID: r.text("version_id"),
				Table: r.text("table_name"), Landing: r.text("landing_object"), Rows: r.number("row_count"), Rejects: r.number("reject_count"),
				Bytes: r.number("bytes"), Replaced: r.number("replaced_utf8"), LoadedAt: r.moment("loaded_at"),
				EventTime: r.moment("event_time"), ReceivedAt: r.moment("received_at"), ForwardedAt: r.moment("forwarded_at"),
				PublishedAt: r.moment("published_at"), StartedAt: r.moment("started_at"), VisibleAt: r.moment("visible_at"),
			})
		})
	return records, err
}

// FileRejects returns the rejects of one file in the order of their lines, the first limit of them: of
// each version those of the attempt that loaded it, else of the last that rejected it, as the view
// seneka_rejects has them. log is the reject log; where it is not there, there are none.
func (c *Client) FileRejects(ctx context.Context, log row.Table, file string, limit int) ([]load.RejectRecord, error) {
	view := row.Table{Project: log.Project, Dataset: log.Dataset, Name: load.RejectsView}
	var rejects []load.RejectRecord
	err := c.ofFile(ctx, view, "SELECT * FROM `"+view.String()+"` WHERE source_file = @file"+
		fmt.Sprintf(" ORDER BY loaded_at DESC, source_line LIMIT %d", limit), file,
		func(r cells) {
			raw, _ := r["raw"].([]byte)
			rejects = append(rejects, load.RejectRecord{
				Attempt: r.text("attempt"), Source: r.text("source"), SourceFile: r.text("source_file"), Version: r.version(), Table: r.text("table_name"),
				Line: r.number("source_line"), Offset: r.number("byte_offset"), Reason: r.text("reason"), Raw: raw, LoadedAt: r.moment("loaded_at"),
			})
		})
	return rejects, err
}

// ofFile runs a query about one file in t, which is checked to be a name.
func (c *Client) ofFile(ctx context.Context, t row.Table, sql, file string, each func(cells)) error {
	if err := t.Validate(); err != nil {
		return errkind.With(errkind.Permanent, err)
	}
	query := c.bq.Query(sql)
	query.Parameters = []bigquery.QueryParameter{{Name: "file", Value: file}}
	it, _, err := c.read(ctx, query)
	if isNotFound(err) {
		return nil
	}
	for err == nil {
		var r map[string]bigquery.Value
		if err = it.Next(&r); err == nil {
			each(r)
		}
	}
	if errors.Is(err, iterator.Done) {
		return nil
	}
	return classify(fmt.Errorf("ask %s about %s: %w", t, file, err))
}

// cells are the values of a row of a log by column. What is NULL, or no column of an older log, is
// the zero value.
type cells map[string]bigquery.Value

func (c cells) text(name string) string {
	s, _ := c[name].(string)
	return s
}

func (c cells) number(name string) int64 {
	n, _ := c[name].(int64)
	return n
}

func (c cells) moment(name string) time.Time {
	t, _ := c[name].(time.Time)
	return t
}

func (c cells) version() object.Version {
	return object.Version{ETag: c.text("etag"), Size: c.number("size")}
}
