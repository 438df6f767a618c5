//go:build cgo

package bqquery

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/row"
)

// A table is compared as a load would, and is the same afterwards.
func TestTable(t *testing.T) {
	b := newBench(t)
	spec := row.Spec{PartitionBy: "time", ClusterBy: []string{"source_file"}, Columns: row.Schema{{Name: "time", Type: row.Timestamp}, {Name: "host", Type: row.String}, {Name: "source_file", Type: row.String}}}
	if got, err := b.client.Table(t.Context(), ref("none"), spec); err != nil || got.Exists || got.Name != "local.logs.none" {
		t.Errorf("a table that is not there is %+v, %v", got, err)
	}
	b.Table("alb", spec)
	got, err := b.client.Table(t.Context(), ref("alb"), spec)
	if err != nil || !got.Exists || len(got.Conflicts)+len(got.Missing) != 0 || got.PartitionBy != "time" || got.PartitionOf != "DAY" || !slices.Equal(got.ClusterBy, []string{"source_file"}) {
		t.Errorf("the table is %+v, %v", got, err)
	}
	wanted := spec
	wanted.Columns = row.Schema{{Name: "time", Type: row.Timestamp}, {Name: "HOST", Type: row.Int64}, {Name: "source_file", Type: row.String}, {Name: "more", Type: row.Bool}}
	b.Proxy.Calls()
	got, err = b.client.Table(t.Context(), ref("alb"), wanted)
	if err != nil || !slices.Equal(got.Missing, []string{"more"}) || len(got.Conflicts) != 1 || !strings.Contains(got.Conflicts[0], "column host is STRING, and what is written to it is INT64: ") {
		t.Errorf("the table is %+v, %v", got, err)
	}
	b.wantCalls("GET alb")
	if got, err := b.client.Table(t.Context(), ref("alb"), spec); err != nil || len(got.Missing) != 0 {
		t.Errorf("it was changed: %+v, %v", got, err)
	}
	b.Table("plain", row.Spec{Columns: spec.Columns})
	if got, err := b.client.Table(t.Context(), ref("plain"), spec); err != nil || got.PartitionBy != "" || got.ClusterBy != nil {
		t.Errorf("a table without partitions is %+v, %v", got, err)
	}
	if n, err := b.client.RowPolicies(t.Context(), ref("alb")); err != nil || n != 0 {
		t.Errorf("%d row access policies, %v", n, err)
	}
}

func TestView(t *testing.T) {
	b := newBench(t)
	b.Table("log", row.Spec{Columns: row.Schema{{Name: "a", Type: row.Int64}}})
	if err := b.client.EnsureView(t.Context(), ref("v"), "SELECT a FROM `local.logs.log`", 7); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][3]any{"v": {true, true, 7}, "log": {true, false, 0}, "none": {false, false, 0}} {
		if v, err := b.client.View(t.Context(), ref(name)); err != nil || [3]any{v.Exists, v.Ours, v.Version} != want || v.Name != "local.logs."+name {
			t.Errorf("%s is %+v, %v; want %v", name, v, err, want)
		}
	}
	if got, err := b.client.Table(t.Context(), ref("v"), row.Spec{}); err != nil || len(got.Conflicts) != 1 || !strings.Contains(got.Conflicts[0], "it is a VIEW") {
		t.Errorf("a view in a table's place is %+v, %v", got, err)
	}
}

func TestDatasetLocation(t *testing.T) {
	b := newBench(t)
	if got, err := b.client.DatasetLocation(t.Context(), "local", "logs"); err != nil || got != "US" {
		t.Errorf("the dataset is in %q, %v", got, err)
	}
	_, err := b.client.DatasetLocation(t.Context(), "local", "none")
	b.wantKind(err, errkind.NotFound)
}

func TestSourceTables(t *testing.T) {
	b := newBench(t)
	log := ref("seneka_load_log")
	if got, err := b.client.SourceTables(t.Context(), log); err != nil || len(got) != 0 {
		t.Errorf("a log that is not there knows %v, %v", got, err)
	}
	b.Table(log.Name, row.Spec{PartitionBy: "loaded_at", Columns: row.Schema{
		{Name: "source", Type: row.String}, {Name: "table_name", Type: row.String}, {Name: "outcome", Type: row.String}, {Name: "loaded_at", Type: row.Timestamp}}})
	now := time.Now().UTC()
	b.Insert(log, []any{"alb", "local.logs.alb_b", "loaded", now}, []any{"alb", "local.logs.alb_a", "loaded", now}, []any{"alb", "local.logs.alb_a", "loaded", now},
		[]any{"alb", "local.logs.alb_bad", "rejected", now}, []any{"old", "local.logs.old", "loaded", now.Add(-40 * 24 * time.Hour)})
	if got, err := b.client.SourceTables(t.Context(), log); err != nil || fmt.Sprint(got) != "map[alb:[local.logs.alb_a local.logs.alb_b]]" {
		t.Errorf("tables %v, %v", got, err)
	}
}

// https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions
func TestTableLacks(t *testing.T) {
	b := newBench(t)
	asked := []string{"bigquery.tables.get", "bigquery.tables.updateData"}
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/projects/local/datasets/logs/tables/alb:testIamPermissions") || !strings.Contains(string(body), asked[1]) {
			t.Errorf("asked %s %s %s", r.Method, r.URL.Path, body)
		}
		fmt.Fprint(w, `{"permissions":["bigquery.tables.get"]}`)
	})
	if lacks, err := b.client.Lacks(t.Context(), ref("alb"), asked); err != nil || !slices.Equal(lacks, asked[1:]) {
		t.Errorf("lacks %q, %v", lacks, err)
	}
	b.Proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	for what, err := range map[string]error{
		"Lacks": one(b.client.Lacks(t.Context(), ref("alb"), asked)), "Table": one(b.client.Table(t.Context(), ref("alb"), row.Spec{})), "View": one(b.client.View(t.Context(), ref("v"))),
		"RowPolicies": one(b.client.RowPolicies(t.Context(), ref("alb"))), "DatasetLocation": one(b.client.DatasetLocation(t.Context(), "local", "logs")),
	} {
		if err == nil || errkind.Is(err, errkind.NotFound) {
			t.Errorf("%s without permission: %v", what, err)
		}
	}
}

func one[T any](_ T, err error) error { return err }
