//go:build cgo

package bqquery

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/row"
)

var (
	rowsSpec = row.Spec{PartitionBy: "time", Columns: row.Schema{
		{Name: "time", Type: row.Timestamp}, {Name: "source_file", Type: row.String}, {Name: "loaded_at", Type: row.Timestamp},
	}}
	logSpec = row.Spec{Columns: row.Schema{
		{Name: "attempt", Type: row.String}, {Name: "outcome", Type: row.String}, {Name: "loaded_at", Type: row.Timestamp},
	}}
)

const loadedAt = int64(1_767_225_600_123_456) // 2026-01-01 00:00:00.123456

// attempt asks for the attempt that the tests' rows are of.
func attempt() load.CountQuery {
	return load.CountQuery{
		Table: ref("alb"), Log: ref("seneka_load_log"), Attempt: "a1", SourceFile: "s3://bkt/key", LoadedAt: loadedAt,
		PartitionBy: "time", First: loadedAt - 1000, Last: loadedAt - 10,
	}
}

func newCountBench(t *testing.T) *bench {
	b := newBench(t)
	b.Table("alb", rowsSpec)
	b.Table("seneka_load_log", logSpec)
	return b
}

// insert puts rows of an event time, file and loaded_at into the table.
func (b *bench) insert(time int64, file string, loadedAt int64, n int) {
	b.Helper()
	for range n {
		b.Insert(ref("alb"), []any{at(time), file, at(loadedAt)})
	}
}

func (b *bench) record(attempt, outcome string, loadedAt int64) {
	b.Helper()
	b.Insert(ref("seneka_load_log"), []any{attempt, outcome, at(loadedAt)})
}

func (b *bench) wantCount(q load.CountQuery, recorded bool, rows int64) {
	b.Helper()
	gotRecorded, gotRows, err := b.client.Count(b.Context(), q)
	if err != nil || gotRecorded != recorded || gotRows != rows {
		b.Errorf("Count = %v, %d, %v; want %v, %d", gotRecorded, gotRows, err, recorded, rows)
	}
}

func TestCount(t *testing.T) {
	q := attempt()
	tests := []struct {
		name     string
		fill     func(b *bench)
		recorded bool
		rows     int64
	}{
		{"neither", func(*bench) {}, false, 0},
		{"rows", func(b *bench) { b.insert(q.First, q.SourceFile, loadedAt, 3) }, false, 3},
		{"recorded", func(b *bench) { b.record("a1", "loaded", loadedAt) }, true, 0},
		{"both", func(b *bench) {
			b.insert(q.First, q.SourceFile, loadedAt, 2)
			b.record("a1", "loaded", loadedAt)
		}, true, 2},
		{"recorded twice", func(b *bench) {
			b.record("a1", "loaded", loadedAt)
			b.record("a1", "loaded", loadedAt)
		}, true, 0},
		{"other files and attempts", func(b *bench) {
			b.insert(q.First, "s3://bkt/key2", loadedAt, 1)
			b.insert(q.First, "s3://bkt/KEY", loadedAt, 1)
			b.insert(q.First, q.SourceFile, loadedAt+1, 1)
			b.insert(q.First, q.SourceFile, loadedAt-1, 1)
			b.record("a2", "loaded", loadedAt)
			b.record("a1", "loaded", loadedAt+1)
			b.record("a1", "duplicate", loadedAt)
			b.record("a1", "rejected", loadedAt)
		}, false, 0},
		{"bounds of the range", func(b *bench) {
			for _, time := range []int64{q.First - 1, q.First, q.First + 1, q.Last - 1, q.Last, q.Last + 1} {
				b.insert(time, q.SourceFile, loadedAt, 1)
			}
		}, false, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newCountBench(t)
			tt.fill(b)
			b.wantCount(q, tt.recorded, tt.rows)
		})
	}
}

func TestCountRanges(t *testing.T) {
	b := newCountBench(t)
	q := attempt()
	b.insert(q.First-1, q.SourceFile, loadedAt, 1)
	b.insert(q.First, q.SourceFile, loadedAt, 1)
	b.insert(-5, q.SourceFile, loadedAt, 1) // before 1970
	q.Last = q.First
	b.wantCount(q, false, 1)
	q.First, q.Last = -5, -5
	b.wantCount(q, false, 1)
	q.PartitionBy = ""
	b.wantCount(q, false, 3)
}

// Values are parameters: nothing in them is SQL.
func TestCountValues(t *testing.T) {
	values := []string{
		"s3://bkt/it's", `s3://bkt/"quoted"`, "s3://bkt/back\\slash", "s3://bkt/new\nline\r\ttab", "s3://bkt/`tick`", "s3://bkt/@attempt",
		"s3://bkt/' OR TRUE --", `s3://bkt/\`, "s3://bkt/ü日本🜁", "s3://bkt/%_", "s3://bkt/;", "",
	}
	b := newCountBench(t)
	for i, v := range values {
		b.insert(loadedAt-100, v, loadedAt, i+1)
		b.record("attempt "+v, "loaded", loadedAt)
	}
	for i, v := range values {
		q := attempt()
		q.SourceFile, q.Attempt = v, "attempt "+v
		b.wantCount(q, true, int64(i+1))
		q.Attempt = v
		b.wantCount(q, false, int64(i+1))
	}
}

// Names cannot be parameters: one that would end its quotes is refused before anything is sent.
func TestCountNames(t *testing.T) {
	b := newCountBench(t)
	changes := map[string]func(q *load.CountQuery, name string){
		"table":     func(q *load.CountQuery, name string) { q.Table.Name = name },
		"dataset":   func(q *load.CountQuery, name string) { q.Table.Dataset = name },
		"project":   func(q *load.CountQuery, name string) { q.Table.Project = name },
		"log":       func(q *load.CountQuery, name string) { q.Log.Name = name },
		"partition": func(q *load.CountQuery, name string) { q.PartitionBy = name },
	}
	for what, change := range changes {
		for _, name := range []string{"a`b", "a\\", "a\nb", "a\rb", "a'b", "a;b", "a` WHERE TRUE OR `b", "a\x00", "a.b`", "\xff", "a/*"} {
			q := attempt()
			change(&q, name)
			_, _, err := b.client.Count(t.Context(), q)
			b.wantKind(err, errkind.Permanent)
			if err == nil {
				t.Errorf("%s %q was taken", what, name)
			}
		}
	}
	b.wantCalls()
}

func TestCountMissingTables(t *testing.T) {
	b := newCountBench(t)
	for _, change := range []func(q *load.CountQuery){
		func(q *load.CountQuery) { q.Table.Name = "none" },
		func(q *load.CountQuery) { q.Log.Dataset = "none" },
	} {
		q := attempt()
		change(&q)
		_, _, err := b.client.Count(t.Context(), q)
		b.wantKind(err, errkind.NotFound)
	}
	q := attempt()
	q.PartitionBy = "none"
	_, _, err := b.client.Count(t.Context(), q)
	b.wantKind(err, errkind.Permanent)
}

// One query, of one snapshot, that never comes from the cache.
func TestCountIsOneFreshQuery(t *testing.T) {
	b := newCountBench(t)
	var sent struct {
		UseQueryCache *bool
		UseLegacySQL  *bool `json:"useLegacySql"`
		ParameterMode string
	}
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &sent)
		}
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
	b.wantCount(attempt(), false, 0)
	b.wantCalls("POST queries")
	if sent.UseQueryCache == nil || *sent.UseQueryCache || sent.UseLegacySQL == nil || *sent.UseLegacySQL {
		t.Errorf("sent %+v", sent)
	}
}

// An answer without a row is none.
func TestCountWithoutAnswer(t *testing.T) {
	b := newCountBench(t)
	b.Proxy.Disturb(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jobComplete":true,"totalRows":"0","jobReference":{"projectId":"local","jobId":"j"},
			"schema":{"fields":[{"name":"recorded","type":"INTEGER"},{"name":"held","type":"INTEGER"}]}}`)
	})
	if recorded, rows, err := b.client.Count(t.Context(), attempt()); err == nil {
		t.Errorf("Count = %v, %d and no error", recorded, rows)
	}
}

func TestCountAfterFault(t *testing.T) {
	b := newCountBench(t)
	q := attempt()
	b.insert(q.First, q.SourceFile, loadedAt, 1)
	failed := false
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !failed {
			failed = true
			cloudtest.Status(http.StatusServiceUnavailable)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
	b.wantCount(q, false, 1)
}

func TestCountErrorNamesTheQuery(t *testing.T) {
	b := newCountBench(t)
	q := attempt()
	q.Table.Name = "none"
	_, _, err := b.client.Count(t.Context(), q)
	if err == nil || !strings.Contains(err.Error(), q.Table.String()) || !strings.Contains(err.Error(), q.SourceFile) {
		t.Errorf("the error does not say what was counted: %v", err)
	}
}
