package bqquery

import (
	"context"

	"cloud.google.com/go/bigquery"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
)

// LastLoads implements replay.History by one query without the cache, of the partitions since q.Since
// and, where q names files, of their clusters. Of a Record it fills Outcome, Reason, Source, SourceFile,
// Version, VersionID, Table, Landing, Rows, Rejects, LoadedAt and EventTime.
func (c *Client) LastLoads(ctx context.Context, q load.LastQuery, each func(load.Record)) error {
	query, err := c.lastQuery(q)
	if err != nil {
		return err
	}
	type answer struct {
		Outcome, File, Table, Etag, Reason, Source, Version, Landing string
		Size, Held, Rejected                                         int64
		Loaded, Event                                                bigquery.NullTimestamp
	}
	return eachRow(ctx, query, c.maxHistory, func(r answer) {
		each(load.Record{
			Outcome: load.Outcome(r.Outcome), Reason: r.Reason, Source: r.Source, SourceFile: r.File, Version: object.Version{ETag: r.Etag, Size: r.Size},
			VersionID: r.Version, Table: r.Table, Landing: r.Landing, Rows: r.Held, Rejects: r.Rejected, LoadedAt: r.Loaded.Timestamp, EventTime: r.Event.Timestamp,
		})
	})
}

// lastQuery builds the query. Values are parameters; names cannot be.
func (c *Client) lastQuery(q load.LastQuery) (*bigquery.Query, error) {
	if err := q.Log.Validate(); err != nil {
		return nil, errkind.With(errkind.Permanent, err)
	}
	params := []bigquery.QueryParameter{{Name: "since", Value: q.Since.UnixMicro()}}
	named, ended := "", ""
	if len(q.Files) > 0 {
		named = " AND source_file IN UNNEST(@files)"
		params = append(params, bigquery.QueryParameter{Name: "files", Value: q.Files})
	}
	if len(q.Outcomes) > 0 {
		ended = " WHERE `outcome` IN UNNEST(@outcomes)"
		texts := make([]string, len(q.Outcomes))
		for i, o := range q.Outcomes {
			texts[i] = string(o)
		}
		params = append(params, bigquery.QueryParameter{Name: "outcomes", Value: texts})
	}
	query := c.bq.Query("SELECT * FROM (SELECT outcome AS `outcome`, source_file AS `file`, table_name AS `table`, COALESCE(etag, '') AS `etag`, COALESCE(reason, '') AS `reason`," +
		" COALESCE(source, '') AS `source`, COALESCE(version_id, '') AS `version`, COALESCE(landing_object, '') AS `landing`," +
		" size AS `size`, row_count AS `held`, reject_count AS `rejected`, loaded_at AS `loaded`, event_time AS `event`" +
		" FROM `" + q.Log.String() + "` WHERE loaded_at >= TIMESTAMP_MICROS(@since)" + named +
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY source_file, table_name ORDER BY loaded_at DESC, visible_at DESC) = 1)" + ended + " ORDER BY `file`")
	query.Parameters = params
	query.DisableQueryCache = true
	return query, nil
}
