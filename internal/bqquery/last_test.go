//go:build cgo

package bqquery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// lastSpec has the columns of a load log that the query reads.
var lastSpec = row.Spec{PartitionBy: "loaded_at", ClusterBy: []string{"source_file"}, Columns: row.Schema{
	{Name: "outcome", Type: row.String}, {Name: "source_file", Type: row.String}, {Name: "table_name", Type: row.String}, {Name: "etag", Type: row.String},
	{Name: "reason", Type: row.String}, {Name: "source", Type: row.String}, {Name: "version_id", Type: row.String}, {Name: "landing_object", Type: row.String},
	{Name: "size", Type: row.Int64}, {Name: "row_count", Type: row.Int64}, {Name: "reject_count", Type: row.Int64},
	{Name: "loaded_at", Type: row.Timestamp}, {Name: "event_time", Type: row.Timestamp}, {Name: "visible_at", Type: row.Timestamp},
}}

// The last record of each file and table counts, whatever was before it.
func TestLastLoads(t *testing.T) {
	b := newBench(t)
	b.Table("seneka_load_log", lastSpec)
	start := at(loadedAt)
	logged := func(file, table, outcome string, reason any, began int) {
		b.Insert(ref("seneka_load_log"), []any{outcome, file, table, "v1", reason, "alb", nil, "gs://landing/x#7", int64(5), int64(2), int64(1),
			start.Add(time.Duration(began) * time.Second), start, nil})
	}
	logged("s3://b/mended", "p.d.t", "rejected", "bad gzip", 0)
	logged("s3://b/mended", "p.d.t", "loaded", nil, 10)
	logged("s3://b/broken", "p.d.t", "deferred", "too long", 0)
	logged("s3://b/broken", "p.d.t", "rejected", "bad gzip", 20)
	logged("s3://b/broken", "p.d.t", "rejected", "bad gzip", 20) // written at least once
	logged("s3://b/broken", "p.d.other", "loaded", nil, 30)
	logged("s3://b/it's", "p.d.t", "deferred", "too long", 5)

	tests := []struct {
		name string
		q    load.LastQuery
		want []string
	}{
		{"all", load.LastQuery{}, []string{"s3://b/broken p.d.other loaded", "s3://b/broken p.d.t rejected bad gzip", "s3://b/it's p.d.t deferred too long", "s3://b/mended p.d.t loaded"}},
		{"rejected", load.LastQuery{Outcomes: []load.Outcome{load.Rejected}}, []string{"s3://b/broken p.d.t rejected bad gzip"}},
		{"rejected or deferred", load.LastQuery{Outcomes: []load.Outcome{load.Rejected, load.Deferred}}, []string{"s3://b/broken p.d.t rejected bad gzip", "s3://b/it's p.d.t deferred too long"}},
		{"since", load.LastQuery{Since: start.Add(10 * time.Second)}, []string{"s3://b/broken p.d.other loaded", "s3://b/broken p.d.t rejected bad gzip", "s3://b/mended p.d.t loaded"}},
		{"named", load.LastQuery{Files: []string{"s3://b/it's", "s3://b/none"}}, []string{"s3://b/it's p.d.t deferred too long"}},
		{"named, of an outcome", load.LastQuery{Files: []string{"s3://b/it's"}, Outcomes: []load.Outcome{load.Loaded}}, nil},
	}
	for _, test := range tests {
		test.q.Log = ref("seneka_load_log")
		var got []string
		err := b.client.LastLoads(t.Context(), test.q, func(r load.Record) {
			got = append(got, strings.TrimSpace(fmt.Sprint(r.SourceFile, " ", r.Table, " ", r.Outcome, " ", r.Reason)))
			if r.Source != "alb" || r.Version.ETag != "v1" || r.Version.Size != 5 || r.VersionID != "" || r.Landing != "gs://landing/x#7" || r.Rows != 2 || r.Rejects != 1 ||
				r.LoadedAt.Before(start) || !r.EventTime.Equal(start) {
				t.Errorf("%s: record %+v", test.name, r)
			}
		})
		slices.Sort(got)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

func TestLastLoadsFails(t *testing.T) {
	b := newBench(t)
	none := func(load.Record) { t.Error("a record of a log that is not there") }
	if err := b.client.LastLoads(t.Context(), load.LastQuery{Log: ref("seneka_load_log")}, none); err != nil {
		t.Errorf("a log that is not there: %v", err)
	}
	b.wantKind(b.client.LastLoads(t.Context(), load.LastQuery{Log: row.Table{Project: "p", Dataset: "d`", Name: "x"}}, none), errkind.Permanent)
}
