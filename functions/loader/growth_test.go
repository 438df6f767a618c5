//go:build cgo

package loader

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

var albTable = row.Table{Project: "local", Dataset: "logs", Name: "alb"}

// oldTable makes logs.alb as an early release would have, or a person: it has some of the format's
// columns and one of its own, and a row.
func (r *requests) oldTable() {
	r.Helper()
	format, _ := formats.Lookup("alb")
	all := load.TableSpec(format)
	spec := row.Spec{Description: "edited", Columns: row.Schema{{Name: "team", Type: row.String, Description: "mine"}}, PartitionBy: "time"}
	for _, name := range []string{"source_file", "time", "elb"} {
		spec.Columns = append(spec.Columns, all.Columns[all.Columns.Index(name)])
	}
	r.bq.Table("alb", spec)
	r.bq.Insert(albTable, []any{"x", "s3://src/old", time.Now().UTC(), "old-lb"})
}

// tryLoad loads f by the app.
func (r *requests) tryLoad(app *App, f load.File, want load.Outcome) {
	r.Helper()
	if res, err := app.Load(r.Context(), f); err != nil || res.Outcome != want {
		r.Fatalf("%s: %+v, %v; want %s", f.Key, res, err, want)
	}
}

// ask runs a query.
func (r *requests) ask(sql string) (rows []string) {
	r.Helper()
	client, err := bqquery.New(r.Context(), "local", bqquery.EmulatorOptions(r.bq.REST)...)
	if err != nil {
		r.Fatal(err)
	}
	defer client.Close()
	it, err := client.Query(r.Context(), sql)
	for err == nil {
		values, ok, nextErr := it.Next()
		if err = nextErr; err == nil && !ok {
			return rows
		}
		rows = append(rows, fmt.Sprint(values))
	}
	r.Fatalf("%s: %v", sql, err)
	return nil
}

// perFile asks for the rows of each file, those with a value in a column that the old table lacked,
// in one that it had, and in the person's.
const perFile = "SELECT source_file, COUNT(*), COUNT(target_status_code), COUNT(elb), COUNT(team) FROM logs.alb GROUP BY 1 ORDER BY 1"

// A table made with fewer columns gains the others, and keeps what it had.
func TestOldTableGrows(t *testing.T) {
	r := newRequests(t)
	r.oldTable()
	r.tryLoad(r.app, r.put("small.log.gz", 1), load.Loaded)
	r.tryLoad(r.app, r.put("large.log.gz", 300), load.Loaded)
	want := []string{"[s3://src/large.log.gz 3900 3000 3900 0]", "[s3://src/old 1 0 1 1]", "[s3://src/small.log.gz 13 10 13 0]"}
	if got := r.ask(perFile); !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	table, err := r.bq.DB.Table(t.Context(), albTable)
	if err != nil || table.Description != "edited" || table.Columns[0].Description != "mine" {
		t.Errorf("%+v, %v", table, err)
	}
}

// BigQuery does not know the new columns for a while: files come again meanwhile, to any instance,
// and are loaded once it does.
func TestColumnsNotKnownYet(t *testing.T) {
	r := newRequests(t)
	r.oldTable()
	catchUp := r.bq.Lag(albTable)
	files := []load.File{r.put("small.log.gz", 1), r.put("large.log.gz", 300)}
	for _, f := range files {
		app := r.open()
		for range 2 {
			res, err := app.Load(t.Context(), f)
			if !errors.Is(err, load.ErrSchema) || !errkind.Is(err, errkind.Transient) {
				t.Errorf("%s: %+v, %v; want a transient ErrSchema", f.Key, res, err)
			}
		}
	}
	if got := r.ask("SELECT outcome FROM logs.seneka_loads"); len(got) > 0 {
		t.Errorf("recorded %q", got)
	}
	catchUp()
	app := r.open()
	for _, f := range files {
		r.tryLoad(app, f, load.Loaded)
		r.tryLoad(app, f, load.Duplicate)
	}
	want := []string{"[s3://src/large.log.gz 3900 3000 3900 0]", "[s3://src/old 1 0 1 1]", "[s3://src/small.log.gz 13 10 13 0]"}
	if got := r.ask(perFile); !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

// A person drops a column while a loader is at work: the next delivery to a loader adds it again.
func TestDroppedColumnComesBack(t *testing.T) {
	r := newRequests(t)
	r.tryLoad(r.app, r.put("before.log.gz", 1), load.Loaded)
	if err := r.bq.DB.DeleteTable(t.Context(), albTable); err != nil {
		t.Fatal(err)
	}
	r.oldTable()
	f := r.put("after.log.gz", 1)
	if res, err := r.app.Load(t.Context(), f); !errors.Is(err, load.ErrSchema) {
		t.Errorf("%+v, %v; want ErrSchema", res, err)
	}
	r.tryLoad(r.open(), f, load.Loaded)
	want := []string{"[s3://src/after.log.gz 13 10 13 0]", "[s3://src/old 1 0 1 1]"}
	if got := r.ask(perFile); !reflect.DeepEqual(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

// Instances that start at the same time on an old table agree.
func TestInstancesGrowTogether(t *testing.T) {
	r := newRequests(t)
	r.oldTable()
	var all sync.WaitGroup
	const instances = 4
	for i := range instances {
		app, f := r.open(), r.put(fmt.Sprintf("%d.log.gz", i), 1)
		all.Go(func() {
			if res, err := app.Load(t.Context(), f); err != nil || res.Outcome != load.Loaded {
				t.Errorf("%s: %+v, %v", f.Key, res, err)
			}
		})
	}
	all.Wait()
	if got := r.ask("SELECT COUNT(*), COUNT(DISTINCT source_file) FROM logs.alb"); got[0] != fmt.Sprintf("[%d %d]", 13*instances+1, instances+1) {
		t.Errorf("rows and files %q", got)
	}
}

// Logs and views grow as tables do.
func TestOldLogsGrow(t *testing.T) {
	r := newRequests(t)
	name := func(n string) row.Table { return row.Table{Project: "local", Dataset: "logs", Name: n} }
	text := func(names ...string) (s row.Schema) {
		for _, n := range names {
			s = append(s, row.Column{Name: n, Type: row.String})
		}
		return s
	}
	r.bq.Table("seneka_load_log", row.Spec{Columns: text("attempt", "outcome", "source_file")})
	r.bq.Table("seneka_reject_log", row.Spec{Columns: text("attempt", "source_file")})
	r.bq.Insert(name("seneka_load_log"), []any{"a0", "loaded", "s3://src/old"})
	view := engine.Table{Ref: name("seneka_loads"), View: "SELECT source_file FROM logs.seneka_load_log"}
	if _, err := r.bq.DB.CreateTable(t.Context(), view); err != nil {
		t.Fatal(err)
	}
	r.tryLoad(r.app, r.put("new.log.gz", 1), load.Loaded)
	got := r.ask("SELECT source_file, row_count, format FROM logs.seneka_loads ORDER BY 1")
	if want := []string{"[s3://src/new.log.gz 13 alb]", "[s3://src/old <nil> <nil>]"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the view shows %q, want %q", got, want)
	}
}

// A table that the rows cannot go into is a person's business, not a rejected file.
func TestTableOfAnotherType(t *testing.T) {
	r := newRequests(t)
	r.bq.Table("alb", row.Spec{Columns: row.Schema{{Name: "elb", Type: row.Int64}}})
	f := r.put("new.log.gz", 1)
	res, err := r.app.Load(t.Context(), f)
	if !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), "table local.logs.alb: column elb is INT64, and what is written to it is STRING") {
		t.Errorf("%+v, %v; want an error for a person", res, err)
	}
	if err := r.bq.DB.DeleteTable(t.Context(), albTable); err != nil {
		t.Fatal(err)
	}
	r.tryLoad(r.app, f, load.Loaded)
}
