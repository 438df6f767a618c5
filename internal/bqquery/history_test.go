//go:build cgo

package bqquery

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/row"
)

// historySpec has the columns of a load log that the query reads.
var historySpec = row.Spec{PartitionBy: "loaded_at", ClusterBy: []string{"source_file"}, Columns: row.Schema{
	{Name: "source_file", Type: row.String}, {Name: "etag", Type: row.String}, {Name: "size", Type: row.Int64},
	{Name: "table_name", Type: row.String}, {Name: "outcome", Type: row.String}, {Name: "reason", Type: row.String},
	{Name: "row_count", Type: row.Int64}, {Name: "reject_count", Type: row.Int64},
	{Name: "loaded_at", Type: row.Timestamp}, {Name: "forwarded_at", Type: row.Timestamp},
}}

// logged puts a row into the load log, of an attempt that began, on a copy that began, so many
// seconds after the start.
func (b *bench) logged(file, etag, outcome string, reason any, rows int64, began, copied int) {
	b.Helper()
	start := at(loadedAt)
	b.Insert(ref("seneka_load_log"), []any{file, etag, int64(5), "local.logs.alb", outcome, reason, rows, int64(1),
		start.Add(time.Duration(began) * time.Second), start.Add(time.Duration(copied) * time.Second)})
}

func (b *bench) loads(q load.HistoryQuery) []string {
	b.Helper()
	var got []string
	q.Log = ref("seneka_load_log")
	err := b.client.Loads(b.Context(), q, func(r load.Record) {
		if r.Version.Size != 5 || r.Table != "local.logs.alb" || r.Rejects != 1 {
			b.Errorf("record %+v", r)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %d %s", r.SourceFile, r.Version.ETag, r.Outcome, r.Rows, r.Reason)))
	})
	if err != nil {
		b.Fatal(err)
	}
	slices.Sort(got)
	return got
}

// An answer that would fill the caller's memory is an error, after what fits.
func TestLoadsBound(t *testing.T) {
	b := newBench(t)
	b.Table("seneka_load_log", historySpec)
	for i := range 3 {
		b.logged(fmt.Sprint("s3://b/", i), "v1", "loaded", nil, 10, 0, 0)
	}
	for most, want := range map[int]error{2: errHistory, 3: nil} {
		b.client.maxHistory = most
		n := 0
		err := b.client.Loads(t.Context(), load.HistoryQuery{Log: ref("seneka_load_log"), First: "s3://b/", Last: "s3://b/9"}, func(load.Record) { n++ })
		if !errors.Is(err, want) || n != most {
			t.Errorf("3 records where %d fit: %d came, error %v", most, n, err)
		}
	}
}

func TestLoads(t *testing.T) {
	b := newBench(t)
	b.Table("seneka_load_log", historySpec)
	b.logged("s3://b/a", "v1", "loaded", nil, 10, 0, 0)
	b.logged("s3://b/a", "v1", "loaded", nil, 10, 0, 0) // written at least once
	b.logged("s3://b/a", "v1", "duplicate", "loaded before", 0, 50, 40)
	b.logged("s3://b/a", "v2", "changed", "the rows stay", 0, 60, 55)
	b.logged("s3://b/p/ä", "v1", "rejected", "gzip: invalid header", 0, 70, 65)
	b.logged("s3://b/z", "v1", "loaded", nil, 3, 80, 75)
	start := at(loadedAt)
	tests := []struct {
		name string
		q    load.HistoryQuery
		want []string
	}{
		{"all", load.HistoryQuery{First: "s3://b/a", Last: "s3://b/z"}, []string{
			"s3://b/a v1 duplicate 0 loaded before", "s3://b/a v1 loaded 10", "s3://b/a v2 changed 0 the rows stay",
			"s3://b/p/ä v1 rejected 0 gzip: invalid header", "s3://b/z v1 loaded 3"}},
		{"one file", load.HistoryQuery{First: "s3://b/z", Last: "s3://b/z"}, []string{"s3://b/z v1 loaded 3"}},
		{"a range between files", load.HistoryQuery{First: "s3://b/b", Last: "s3://b/q"}, []string{"s3://b/p/ä v1 rejected 0 gzip: invalid header"}},
		{"none in range", load.HistoryQuery{First: "s3://b/zz", Last: "s3://c"}, nil},
		{"loaded since", load.HistoryQuery{First: "s3://b/", Last: "s3://c", LoadedSince: start.Add(70 * time.Second)}, []string{
			"s3://b/p/ä v1 rejected 0 gzip: invalid header", "s3://b/z v1 loaded 3"}},
		{"copied since", load.HistoryQuery{First: "s3://b/", Last: "s3://c", ForwardedSince: start.Add(75 * time.Second)}, []string{"s3://b/z v1 loaded 3"}},
	}
	for _, test := range tests {
		b.Proxy.Calls()
		if got := b.loads(test.q); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if calls := b.Proxy.Calls(); len(calls) > 2 {
			t.Errorf("%s took %q, want one query", test.name, calls)
		}
	}
}

// A result of several pages comes whole.
func TestLoadsOfManyFiles(t *testing.T) {
	b := newBench(t)
	b.Table("seneka_load_log", historySpec)
	const n = 2500
	var rows [][]any
	for i := range n {
		rows = append(rows, []any{fmt.Sprintf("s3://b/%05d", i), "v1", int64(5), "local.logs.alb", "loaded", nil, int64(1), int64(1), at(loadedAt), at(loadedAt)})
	}
	for chunk := range slices.Chunk(rows, 500) {
		b.Insert(ref("seneka_load_log"), chunk...)
	}
	if got := b.loads(load.HistoryQuery{First: "s3://b/", Last: "s3://c"}); len(got) != n {
		t.Errorf("%d files, want %d", len(got), n)
	}
}

// A dataset into which nothing was loaded yet has no log.
func TestLoadsWithoutALog(t *testing.T) {
	b := newBench(t)
	if got := b.loads(load.HistoryQuery{First: "s3://b/", Last: "s3://c"}); len(got) != 0 {
		t.Errorf("no log has %q", got)
	}
	q := load.HistoryQuery{Log: row.Table{Project: "local", Dataset: "none", Name: "seneka_load_log"}, First: "s3://b/", Last: "s3://c"}
	if err := b.client.Loads(t.Context(), q, func(load.Record) {}); err != nil {
		t.Errorf("no dataset: %v", err)
	}
}

func TestLoadsFails(t *testing.T) {
	b := newBench(t)
	b.Table("seneka_load_log", historySpec)
	each := func(r load.Record) { t.Errorf("record %+v", r) }
	b.wantKind(b.client.Loads(t.Context(), load.HistoryQuery{Log: row.Table{Project: "local", Dataset: "logs", Name: "x` --"}}, each), errkind.Permanent)
	b.Proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	b.wantKind(b.client.Loads(t.Context(), load.HistoryQuery{Log: ref("seneka_load_log")}, each), errkind.Transient)
}
