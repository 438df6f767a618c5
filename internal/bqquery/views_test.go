//go:build cgo

package bqquery

import (
	"reflect"
	"sync"
	"testing"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

func (b *bench) ensureView(query string, version int) *engine.Table {
	b.Helper()
	if err := b.client.EnsureView(b.Context(), ref("view"), query, version); err != nil {
		b.Fatal(err)
	}
	return b.get("view")
}

func (b *bench) get(name string) *engine.Table {
	b.Helper()
	t, err := b.DB.Table(b.Context(), ref(name))
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func TestEnsureView(t *testing.T) {
	b := newBench(t)
	table := b.Table("log", row.Spec{Columns: row.Schema{{Name: "name", Type: row.String}, {Name: "n", Type: row.Int64}}})
	b.Insert(table, []any{"one", int64(1)}, []any{"two", int64(2)})
	const one, two = "SELECT name FROM `local.logs.log` WHERE n = 1", "SELECT * FROM `local.logs.log` WHERE n = 2"

	if got := b.ensureView(one, 1); got.View != one || got.Type != engine.TypeView {
		t.Errorf("made %+v", got)
	}
	b.wantCalls("GET view", "POST tables")
	if rows := b.all("SELECT * FROM `local.logs.view`"); len(rows) != 1 || rows[0][0] != "one" {
		t.Errorf("the view shows %v", rows)
	}
	b.Proxy.Calls()
	b.ensureView(one, 1)
	b.wantCalls("GET view")

	if got := b.ensureView(two, 2); got.View != two || len(got.Columns) != 2 {
		t.Errorf("a newer version left %+v", got)
	}
	b.wantCalls("GET view", "PATCH view")
	// An older release beside it, and what a person has made of this version.
	for _, version := range []int{1, 2} {
		if got := b.ensureView(one, version); got.View != two {
			t.Errorf("version %d took the place of version 2: %q", version, got.View)
		}
	}
}

// A view without a version is older than every version; what else it is labelled stays.
func TestEnsureViewWithoutVersion(t *testing.T) {
	b := newBench(t)
	for i, labels := range []map[string]string{nil, {"team": "x"}, {viewLabel: "mine", "team": "x"}} {
		made := engine.Table{Ref: ref("view"), View: "SELECT 1 AS one", Labels: labels}
		if _, err := b.DB.CreateTable(t.Context(), made); err != nil {
			t.Fatal(err)
		}
		got := b.ensureView("SELECT 2 AS two", 1)
		if got.View != "SELECT 2 AS two" || got.Labels["team"] != labels["team"] || got.Labels[viewLabel] != "1" {
			t.Errorf("%d: %+v", i, got)
		}
		if err := b.DB.DeleteTable(t.Context(), ref("view")); err != nil {
			t.Fatal(err)
		}
	}
}

// One that is just the same is left alone.
func TestEnsureViewThatIsTheSame(t *testing.T) {
	b := newBench(t)
	if _, err := b.DB.CreateTable(t.Context(), engine.Table{Ref: ref("view"), View: "SELECT 1 AS one"}); err != nil {
		t.Fatal(err)
	}
	b.ensureView("SELECT 1 AS one", 1)
	b.wantCalls("GET view")
}

// A table of that name stays.
func TestEnsureViewOverTable(t *testing.T) {
	b := newBench(t)
	b.Table("view", row.Spec{Columns: row.Schema{{Name: "a", Type: row.String}}})
	before := b.get("view")
	if after := b.ensureView("SELECT 1 AS one", 7); !reflect.DeepEqual(before, after) {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// Loaders of two releases start at once: the newer one's view stands, whoever comes last.
func TestEnsureViewConcurrently(t *testing.T) {
	b := newBench(t)
	b.ensureView("SELECT 1 AS v", 1)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			query, version := "SELECT 2 AS v", 2
			if i%2 == 0 {
				query, version = "SELECT 3 AS v", 3
			}
			if err := b.client.EnsureView(t.Context(), ref("view"), query, version); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := b.get("view"); got.View != "SELECT 3 AS v" || got.Labels[viewLabel] != "3" {
		t.Errorf("the view is %+v", got)
	}
}
