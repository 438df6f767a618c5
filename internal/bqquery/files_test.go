//go:build cgo

package bqquery

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	rest "google.golang.org/api/bigquery/v2"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/row"
)

var filesSpec = row.Spec{PartitionBy: "time", ClusterBy: []string{"source_file"}, Columns: row.Schema{
	{Name: "time", Type: row.Timestamp}, {Name: "day", Type: row.Date}, {Name: "civil", Type: row.Datetime},
	{Name: "source_file", Type: row.String}, {Name: "source_line", Type: row.Int64}, {Name: "loaded_at", Type: row.Timestamp},
}}

func newFilesBench(t *testing.T) *bench {
	b := newBench(t)
	b.Table("alb", filesSpec)
	put := func(file string, line, loaded any, days int) {
		time := at(0).AddDate(0, 0, days)
		b.Insert(ref("alb"), []any{time, time, time, file, line, loaded})
	}
	put("s3://b/a", int64(1), at(loadedAt), 0)
	put("s3://b/a", int64(2), at(loadedAt), 1)
	put("s3://b/a", int64(2), at(loadedAt), 1)
	put("s3://b/a", int64(1), at(loadedAt+1), 2)
	put("s3://b/b", nil, nil, 2)
	put("s3://b/c", int64(1), at(loadedAt), 3)
	return b
}

// Rows are counted by file and attempt, those of somebody else too, in the partitions that are asked for.
func TestHeld(t *testing.T) {
	b := newFilesBench(t)
	day := int64(24 * time.Hour / time.Microsecond)
	for _, tt := range []struct {
		q    load.FilesQuery
		want []string
	}{
		{load.FilesQuery{First: "s3://b/a", Last: "s3://b/z"}, []string{"s3://b/a 123456 3 2", "s3://b/a 123457 1 1", "s3://b/b  1 0", "s3://b/c 123456 1 1"}},
		{load.FilesQuery{First: "s3://b/b", Last: "s3://b/b"}, []string{"s3://b/b  1 0"}},
		{load.FilesQuery{First: "s3://b/a", Last: "s3://b/z", Partition: load.Range{Column: "time", First: 0, Last: day - 1}, Type: row.Timestamp}, []string{"s3://b/a 123456 1 1"}},
		{load.FilesQuery{First: "s3://b/a", Last: "s3://b/z", Partition: load.Range{Column: "day", First: day, Last: 2 * day}, Type: row.Date}, []string{"s3://b/a 123456 2 1", "s3://b/a 123457 1 1", "s3://b/b  1 0"}},
		{load.FilesQuery{First: "s3://b/a", Last: "s3://b/z", Partition: load.Range{Column: "civil", First: 3 * day, Last: 3 * day}, Type: row.Datetime}, []string{"s3://b/c 123456 1 1"}},
		{load.FilesQuery{First: "s3://c", Last: "s3://d"}, nil},
	} {
		tt.q.Table = ref("alb")
		var got []string
		bytes, err := b.client.Held(t.Context(), tt.q, func(h load.Held) {
			loaded := ""
			if !h.LoadedAt.IsZero() {
				loaded = fmt.Sprint(h.LoadedAt.Nanosecond() / 1000)
			}
			got = append(got, fmt.Sprintf("%s %s %d %d", h.SourceFile, loaded, h.Rows, h.Lines))
		})
		slices.Sort(got)
		if err != nil || !slices.Equal(got, tt.want) || bytes == 0 {
			t.Errorf("%+v: %q, %d bytes, %v; want %q", tt.q, got, bytes, err, tt.want)
		}
	}
}

// What is not there holds nothing; what is no name is not asked for; a refusal is told.
func TestHeldFails(t *testing.T) {
	b := newFilesBench(t)
	none := func(load.Held) { t.Error("rows of nothing") }
	for _, table := range []row.Table{ref("none"), {Project: "local", Dataset: "none", Name: "alb"}} {
		q := load.FilesQuery{Table: table, First: "s3://b/a", Last: "s3://b/z"}
		if _, err := b.client.Held(t.Context(), q, none); err != nil {
			t.Errorf("%s: %v", table, err)
		}
		if err := b.client.Rows(t.Context(), load.RowsQuery{FilesQuery: q}, func(row.Schema, *row.Record) error { return errors.New("a row") }); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
	for _, q := range []load.FilesQuery{{Table: ref("x` --")}, {Table: ref("alb"), Partition: load.Range{Column: "x` --"}}} {
		_, err := b.client.Held(t.Context(), q, none)
		b.wantKind(err, errkind.Permanent)
	}
	b.Proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	_, err := b.client.Held(t.Context(), load.FilesQuery{Table: ref("alb")}, none)
	b.wantKind(err, errkind.Transient)
	_, err = b.client.Expiration(t.Context(), ref("alb"))
	b.wantKind(err, errkind.Transient)
}

// The rows of a file come in the order of their lines.
func TestRows(t *testing.T) {
	b := newFilesBench(t)
	file := load.FilesQuery{Table: ref("alb"), First: "s3://b/a", Last: "s3://b/a"}
	for _, tt := range []struct {
		q    load.RowsQuery
		want string
	}{
		{load.RowsQuery{FilesQuery: file}, "[1 1 2 2]"},
		{load.RowsQuery{FilesQuery: file, LoadedAt: at(loadedAt)}, "[1 2 2]"},
		{load.RowsQuery{FilesQuery: file, Limit: 1}, "[1]"},
	} {
		var lines []int64
		err := b.client.Rows(t.Context(), tt.q, func(columns row.Schema, rec *row.Record) error {
			if columns.Index("source_line") != 4 || len(rec.Values) != 6 {
				t.Errorf("columns %v", columns)
			}
			lines = append(lines, rec.Line)
			return nil
		})
		if err != nil || fmt.Sprint(lines) != tt.want {
			t.Errorf("%+v: %v, %v; want %s", tt.q, lines, err, tt.want)
		}
	}
	stop := errors.New("stop")
	if err := b.client.Rows(t.Context(), load.RowsQuery{FilesQuery: file}, func(row.Schema, *row.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
}

// A value comes as a decoder would have made it.
func TestRowsValues(t *testing.T) {
	b := newBench(t)
	spec := everything
	spec.Columns = append(slices.Clone(spec.Columns[:spec.Columns.Index("g")]), row.Column{Name: "source_file", Type: row.String}, row.Column{Name: "source_line", Type: row.Int64})
	table := b.Table("all", spec)
	day := time.Date(1960, 1, 2, 0, 0, 0, 0, time.UTC)
	b.Insert(table,
		[]any{at(loadedAt), true, int64(1) << 62, 1.5, "1.25", "-2.5", "text", []byte{0, 255}, day, day.Add(time.Hour), 90 * time.Minute, `{"a":1}`,
			[]any{int64(1), int64(2)}, []any{"x", []any{[]any{0.5}, []any{nil}}}, "f", int64(1)},
		[]any{at(0), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, []any{}, nil, "f", int64(2)})
	want := []string{
		fmt.Sprintf("%d 1 %d 1.5 '1.25' '-2.5' 'text' '\x00\xff' %d %d 5400000000 '{\"a\":1}' [1 2] ['x' [[0.5] [-]]] 'f' 1", loadedAt, int64(1)<<62, -3652, day.Add(time.Hour).UnixMicro()),
		"0 - - - - - - - - - - - [] - 'f' 2",
	}
	n := 0
	err := b.client.Rows(t.Context(), load.RowsQuery{FilesQuery: load.FilesQuery{Table: table, First: "f", Last: "f"}}, func(_ row.Schema, rec *row.Record) error {
		got := ""
		for i := range rec.Values {
			got += " " + plain(&rec.Values[i])
		}
		if got[1:] != want[n] {
			t.Errorf("row %d:\n%q, want\n%q", n, got[1:], want[n])
		}
		n++
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func plain(v *row.Value) string {
	switch v.Kind() {
	case row.KindNull:
		return "-"
	case row.KindInt:
		return fmt.Sprint(v.Int())
	case row.KindFloat:
		return fmt.Sprint(v.Float())
	case row.KindBytes:
		return "'" + string(v.Bytes()) + "'"
	}
	var parts []string
	for i := range v.List() {
		parts = append(parts, plain(&v.List()[i]))
	}
	return fmt.Sprint(parts)
}

// The log's records of one file come once each, the first one first; NULL and missing columns are nothing.
func TestFileRecords(t *testing.T) {
	b := newBench(t)
	if records, err := b.client.FileRecords(t.Context(), ref("seneka_load_log"), "s3://b/a", 10); err != nil || len(records) != 0 {
		t.Errorf("no log: %v, %v", records, err)
	}
	spec := historySpec
	spec.Columns = append(slices.Clone(spec.Columns), row.Column{Name: "attempt", Type: row.String}, row.Column{Name: "visible_at", Type: row.Timestamp}, row.Column{Name: "started_at", Type: row.Timestamp})
	b.Table("seneka_load_log", spec)
	add := func(file, attempt, outcome string, seconds int) {
		when := at(loadedAt).Add(time.Duration(seconds) * time.Second)
		b.Insert(ref("seneka_load_log"), []any{file, "e", int64(5), "local.logs.alb", outcome, nil, int64(3), nil, when, nil, attempt, when, when})
	}
	add("s3://b/a", "2", "duplicate", 20)
	add("s3://b/a", "1", "loaded", 10)
	add("s3://b/a", "1", "loaded", 10)
	add("s3://b/b", "3", "loaded", 0)
	add("s3://b/a", "4", "duplicate", 30)
	for limit, want := range map[int]string{10: "1 loaded 2 duplicate 4 duplicate ", 2: "2 duplicate 4 duplicate "} {
		got := ""
		records, err := b.client.FileRecords(t.Context(), ref("seneka_load_log"), "s3://b/a", limit)
		for _, r := range records {
			got += r.Attempt + " " + string(r.Outcome) + " "
			if r.Version.ETag != "e" || r.Version.Size != 5 || r.Rows != 3 || r.Rejects != 0 || r.Format != "" || !r.ForwardedAt.IsZero() || r.VisibleAt.IsZero() {
				t.Errorf("record %+v", r)
			}
		}
		if err != nil || got != want {
			t.Errorf("%d at most: %q, %v; want %q", limit, got, err, want)
		}
	}
	_, err := b.client.FileRecords(t.Context(), ref("x` --"), "s3://b/a", 10)
	b.wantKind(err, errkind.Permanent)
	if rejects, err := b.client.FileRejects(t.Context(), ref("seneka_reject_log"), "s3://b/a", 10); err != nil || len(rejects) != 0 {
		t.Errorf("no view of rejects: %v, %v", rejects, err)
	}
}

// How long partitions are kept is what the table says.
func TestExpiration(t *testing.T) {
	b := newBench(t)
	b.Table("alb", filesSpec)
	for _, table := range []string{"alb", "none"} {
		if d, err := b.client.Expiration(t.Context(), ref(table)); d != 0 || err != nil {
			t.Errorf("%s: %s, %v", table, d, err)
		}
	}
	b.Proxy.Disturb(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_ = json.NewEncoder(w).Encode(rest.Table{TimePartitioning: &rest.TimePartitioning{Type: "DAY", ExpirationMs: 86_400_000}})
	})
	if d, err := b.client.Expiration(t.Context(), ref("alb")); d != 24*time.Hour || err != nil {
		t.Errorf("a day: %s, %v", d, err)
	}
}
