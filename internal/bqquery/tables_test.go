//go:build cgo

package bqquery

import (
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/row"
)

// every type and mode that a table can have.
var everything = row.Spec{
	Description: "One row of everything: `quoted` \"text\", ünï.",
	Columns: row.Schema{
		{Name: "time", Type: row.Timestamp, Mode: row.Required, Description: "when"},
		{Name: "b", Type: row.Bool, Description: "line one\nline two"},
		{Name: "i", Type: row.Int64},
		{Name: "f", Type: row.Float64},
		{Name: "n", Type: row.Numeric},
		{Name: "bn", Type: row.BigNumeric},
		{Name: "s", Type: row.String},
		{Name: "raw", Type: row.Bytes},
		{Name: "d", Type: row.Date},
		{Name: "dt", Type: row.Datetime},
		{Name: "t", Type: row.Time},
		{Name: "j", Type: row.JSON},
		{Name: "list", Type: row.Int64, Mode: row.Repeated},
		{Name: "r", Type: row.Struct, Fields: []row.Column{
			{Name: "x", Type: row.String, Mode: row.Required, Description: "inner"},
			{Name: "deep", Type: row.Struct, Mode: row.Repeated, Fields: []row.Column{{Name: "y", Type: row.Float64}}},
		}},
		{Name: "g", Type: row.Geography},
		{Name: "iv", Type: row.Interval},
		{Name: "span", Type: row.Range, RangeElement: row.Timestamp},
	},
	PartitionBy: "time",
	ClusterBy:   []string{"s", "i", "d", "b"},
}

// withModes writes out what NULLABLE may be left as.
func withModes(columns row.Schema) row.Schema {
	out := make(row.Schema, len(columns))
	for i, c := range columns {
		if c.Mode == "" {
			c.Mode = row.Nullable
		}
		c.Fields = withModes(c.Fields)
		out[i] = c
	}
	return out
}

func TestEnsureTable(t *testing.T) {
	b := newBench(t)
	if err := b.client.EnsureTable(t.Context(), ref("all"), everything); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("GET all", "POST tables")
	got, err := b.DB.Table(t.Context(), ref("all"))
	if err != nil {
		t.Fatal(err)
	}
	want := everything
	want.Columns = withModes(want.Columns)
	got.Columns = withModes(got.Columns)
	if !reflect.DeepEqual(got.Spec, want) || got.Type != engine.TypeTable {
		t.Errorf("made %+v,\nwant %+v", got.Spec, want)
	}
	if err := b.client.EnsureTable(t.Context(), ref("all"), everything); err != nil {
		t.Fatal(err)
	}
	b.wantCalls("GET all") // it lacks nothing
}

func TestEnsureTableWithoutLayout(t *testing.T) {
	b := newBench(t)
	spec := row.Spec{Columns: row.Schema{{Name: "a", Type: row.String}}}
	if err := b.client.EnsureTable(t.Context(), ref("plain"), spec); err != nil {
		t.Fatal(err)
	}
	got, err := b.DB.Table(t.Context(), ref("plain"))
	if err != nil || got.PartitionBy != "" || len(got.ClusterBy) != 0 || got.Description != "" {
		t.Errorf("made %+v, %v", got, err)
	}
}

func TestEnsureTableRace(t *testing.T) {
	b := newBench(t)
	const racers = 8
	// Each has seen that there is no table before the first makes one.
	var looked sync.WaitGroup
	looked.Add(racers)
	var looks atomic.Int32
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodPost {
			looked.Wait()
		}
		next.ServeHTTP(w, r)
		if r.Method == http.MethodGet && looks.Add(1) <= racers {
			looked.Done()
		}
	})
	var race sync.WaitGroup
	for range racers {
		race.Go(func() {
			if err := b.client.EnsureTable(t.Context(), ref("all"), everything); err != nil {
				t.Error(err)
			}
		})
	}
	race.Wait()
	if n := len(b.Proxy.Calls()); n != 3*racers-1 {
		t.Errorf("%d requests, want a look and a try of each, and a look of those who were too late", n)
	}
	if tables, err := b.DB.Tables(t.Context(), "local", "logs"); err != nil || len(tables) != 1 {
		t.Errorf("%d tables, %v", len(tables), err)
	}
}

func TestEnsureTableRefused(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name  string
		table row.Table
		spec  row.Spec
		want  errkind.Kind
	}{
		{"no dataset", row.Table{Project: "local", Dataset: "none", Name: "t"}, everything, errkind.NotFound},
		{"no columns", ref("t"), row.Spec{}, errkind.Permanent},
		{"no such partition column", ref("t"), row.Spec{Columns: everything.Columns, PartitionBy: "none"}, errkind.Permanent},
		{"a column twice", ref("t"), row.Spec{Columns: row.Schema{{Name: "a", Type: row.String}, {Name: "A", Type: row.String}}}, errkind.Permanent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := b.client.EnsureTable(t.Context(), tt.table, tt.spec)
			b.wantKind(err, tt.want)
			if err != nil && !strings.Contains(err.Error(), tt.table.String()) {
				t.Errorf("the error does not name the table: %v", err)
			}
		})
	}
}

func TestEnsureViewOfNothing(t *testing.T) {
	b := newBench(t)
	err := b.client.EnsureView(t.Context(), ref("view"), "SELECT * FROM `local.logs.none`", 1)
	b.wantKind(err, errkind.NotFound)
	b.wantKind(b.client.EnsureView(t.Context(), ref("view"), "SELEKT 1", 1), errkind.Permanent)
}

func TestEnsureDataset(t *testing.T) {
	b := newBench(t)
	var race sync.WaitGroup
	for range 8 {
		race.Go(func() {
			if err := b.client.EnsureDataset(t.Context(), "local", "fresh"); err != nil {
				t.Error(err)
			}
		})
	}
	race.Wait()
	before, err := b.DB.Dataset(t.Context(), "local", "fresh")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.client.EnsureDataset(t.Context(), "local", "fresh"); err != nil {
		t.Fatal(err)
	}
	if after, err := b.DB.Dataset(t.Context(), "local", "fresh"); err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
	b.wantKind(b.client.EnsureDataset(t.Context(), "local", "no-such-name"), errkind.Permanent)
}

func TestErrorKinds(t *testing.T) {
	b := newBench(t)
	spec := row.Spec{Columns: row.Schema{{Name: "a", Type: row.String}}}
	for status, want := range map[int]errkind.Kind{
		http.StatusBadRequest:   errkind.Permanent,
		http.StatusUnauthorized: errkind.Transient,
		http.StatusForbidden:    errkind.Transient, // quota, or a right that was given a minute ago
	} {
		b.Proxy.Disturb(cloudtest.Status(status))
		b.wantKind(b.client.EnsureTable(t.Context(), ref("t"), spec), want)
		b.wantKind(b.client.EnsureDataset(t.Context(), "local", "d"), want)
		_, err := b.client.Query(t.Context(), "SELECT 1")
		b.wantKind(err, want)
		_, _, err = b.client.Count(t.Context(), attempt())
		b.wantKind(err, want)
	}
}
