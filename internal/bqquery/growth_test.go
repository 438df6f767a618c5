//go:build cgo

package bqquery

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

func str(name string) row.Column { return row.Column{Name: name, Type: row.String} }

func record(name string, mode row.Mode, fields ...row.Column) row.Column {
	return row.Column{Name: name, Type: row.Struct, Mode: mode, Fields: fields}
}

func (b *bench) ensureTable(name string, s row.Spec) {
	b.Helper()
	if err := b.client.EnsureTable(b.Context(), ref(name), s); err != nil {
		b.Fatal(err)
	}
}

func TestEnsureTableAddsColumns(t *testing.T) {
	b := newBench(t)
	old := engine.Table{Ref: ref("t"), Labels: map[string]string{"team": "x"}, Spec: row.Spec{
		Description: "mine", PartitionBy: "at", ClusterBy: []string{"a"},
		Columns: row.Schema{
			{Name: "mine", Type: row.Float64}, {Name: "a", Type: row.String, Description: "edited"}, {Name: "at", Type: row.Timestamp},
			record("r", row.Nullable, str("x"), record("many", row.Repeated, record("one", row.Nullable, str("deep")))),
		},
	}}
	if _, err := b.DB.CreateTable(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	b.Insert(ref("t"), []any{1.5, "old", at(loadedAt), []any{"x", []any{[]any{[]any{"d"}}}}})

	list := row.Column{Name: "list", Type: row.Int64, Mode: row.Repeated}
	span := row.Column{Name: "span", Type: row.Range, RangeElement: row.Date}
	must := row.Column{Name: "must", Type: row.Bool, Mode: row.Required, Description: "new"}
	want := row.Spec{Description: "ours", PartitionBy: "time", ClusterBy: []string{"must"}, Columns: row.Schema{
		{Name: "time", Type: row.Timestamp, Description: "ours"}, {Name: "A", Type: row.String, Description: "ours"}, must,
		record("r", row.Nullable, record("many", row.Repeated, record("one", row.Nullable, str("deep"), list)), must), list, span,
		record("fresh", row.Repeated, must, record("inner", row.Nullable, list)),
	}}
	b.ensureTable("t", want)
	b.wantCalls("GET t", "PATCH t")

	must.Mode = row.Nullable
	expected := old
	expected.Columns = row.Schema{
		old.Columns[0], old.Columns[1], old.Columns[2],
		record("r", row.Nullable, str("x"), record("many", row.Repeated, record("one", row.Nullable, str("deep"), list)), must),
		{Name: "time", Type: row.Timestamp, Description: "ours"}, must, list, span,
		record("fresh", row.Repeated, must, record("inner", row.Nullable, list)),
	}
	got := b.get("t")
	got.Columns, expected.Columns = withModes(got.Columns), withModes(expected.Columns)
	if !reflect.DeepEqual(got.Spec, expected.Spec) || got.Labels["team"] != "x" {
		t.Errorf("the table is %+v,\nwant %+v", got, expected)
	}
	oldRow := []any{1.5, "old", at(loadedAt), []any{"x", []any{[]any{[]any{"d", []any{}}}}, nil}, nil, nil, []any{}, nil, []any{}}
	if rows := b.Rows(ref("t")); !reflect.DeepEqual(rows, [][]any{oldRow}) {
		t.Errorf("the old row reads as %v, want %v", rows, oldRow)
	}
	b.ensureTable("t", want)
	b.wantCalls("GET t") // it lacks nothing any more
	b.ensureTable("t", old.Spec)
	b.wantCalls("GET t") // nor does it to an older release
}

// What differs and does no harm stays, and costs a look.
func TestEnsureTableTolerates(t *testing.T) {
	ours := row.Spec{PartitionBy: "time", ClusterBy: []string{"a"}, Columns: row.Schema{
		{Name: "time", Type: row.Timestamp}, str("a"), {Name: "n", Type: row.Int64, Mode: row.Required}, record("r", "", str("x")),
	}}
	c := ours.Columns
	n := row.Column{Name: "n", Type: row.Int64}
	tests := map[string]row.Spec{
		"columns of a person's": {Columns: append(c[:4:4], str("mine"), record("also", "", row.Column{Name: "x", Type: row.String, Mode: row.Required}))},
		"a field of a person's": {Columns: row.Schema{c[0], c[1], c[2], record("r", "", str("mine"), str("x"))}},
		"relaxed":               {Columns: row.Schema{c[0], c[1], n, c[3]}},
		"other order and case":  {Columns: row.Schema{c[3], {Name: "N", Type: row.Int64, Mode: row.Required}, str("A"), c[0]}},
		"descriptions":          {Columns: row.Schema{{Name: "time", Type: row.Timestamp, Description: "when"}, c[1], c[2], c[3]}},
		"other partitions":      {PartitionBy: "mine", ClusterBy: []string{"n"}, Columns: append(c[:4:4], row.Column{Name: "mine", Type: row.Date})},
		"the time is REQUIRED":  {Columns: row.Schema{{Name: "time", Type: row.Timestamp, Mode: row.Required}, c[1], c[2], c[3]}},
	}
	b := newBench(t)
	for name, spec := range tests {
		b.Table("t", spec)
		before := b.get("t")
		b.ensureTable("t", ours)
		if after := b.get("t"); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: before %+v, after %+v", name, before, after)
		}
		b.wantCalls("GET t")
		if err := b.DB.DeleteTable(t.Context(), ref("t")); err != nil {
			t.Fatal(err)
		}
	}
}

// What keeps rows out of a table is an error that says what to do, and nothing is changed: each of
// these would be refused by BigQuery, row by row or file by file.
func TestEnsureTableConflicts(t *testing.T) {
	ours := row.Spec{Columns: row.Schema{
		{Name: "n", Type: row.Int64}, {Name: "span", Type: row.Range, RangeElement: row.Date}, record("r", "", str("x")), str("lacking"),
	}}
	c := ours.Columns
	required := func(name string) row.Column { return row.Column{Name: name, Type: row.String, Mode: row.Required} }
	tests := []struct {
		name    string
		columns row.Schema
		want    []string
	}{
		{"another type", row.Schema{str("N"), c[1], c[2]}, []string{"column N is STRING, and what is written to it is INT64", "rename or drop the column, or load into another table"}},
		{"a list", row.Schema{{Name: "n", Type: row.Int64, Mode: row.Repeated}}, []string{"column n is REPEATED INT64"}},
		{"another range", row.Schema{{Name: "span", Type: row.Range, RangeElement: row.Datetime}}, []string{"span is RANGE<DATETIME>, and what is written to it is RANGE<DATE>"}},
		{"no record", row.Schema{str("r")}, []string{"r is STRING, and what is written to it is STRUCT"}},
		{"a field of another type", row.Schema{record("r", "", row.Column{Name: "x", Type: row.Bytes})}, []string{"column r.x is BYTES"}},
		{"REQUIRED", row.Schema{{Name: "n", Type: row.Int64, Mode: row.Required}}, []string{"column n is REQUIRED, and not every row has a value for it: make it NULLABLE"}},
		{"a REQUIRED field", row.Schema{record("r", "", required("x"))}, []string{"column r.x is REQUIRED"}},
		{"a REQUIRED column of a person's", row.Schema{c[0], required("owner")}, []string{"column owner is REQUIRED, and nothing is written to it: make it NULLABLE"}},
		{"a REQUIRED field of a person's", row.Schema{record("r", "", str("x"), required("owner"))}, []string{"column r.owner is REQUIRED"}},
		{"all at once", row.Schema{str("n"), required("owner")}, []string{"column n is STRING", "; column owner is REQUIRED"}},
	}
	b := newBench(t)
	for _, tt := range tests {
		b.Table("t", row.Spec{Columns: tt.columns})
		before := b.get("t")
		err := b.client.EnsureTable(t.Context(), ref("t"), ours)
		b.wantKind(err, errkind.Permanent)
		for _, want := range append(tt.want, "table local.logs.t: ") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", tt.name, err, want)
			}
		}
		if after := b.get("t"); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: before %+v, after %+v", tt.name, before, after)
		}
		b.wantCalls("GET t")
		if err := b.DB.DeleteTable(t.Context(), ref("t")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnsureTableOverView(t *testing.T) {
	b := newBench(t)
	if _, err := b.DB.CreateTable(t.Context(), engine.Table{Ref: ref("t"), View: "SELECT 1 AS one"}); err != nil {
		t.Fatal(err)
	}
	err := b.client.EnsureTable(t.Context(), ref("t"), everything)
	b.wantKind(err, errkind.Permanent)
	if err == nil || !strings.Contains(err.Error(), "it is a VIEW") {
		t.Errorf("got %v", err)
	}
}

// What the local BigQuery has not, but BigQuery's tables have, goes back as it came: a change that
// left it out would take it away.
func TestEnsureTableSendsBackWhatItRead(t *testing.T) {
	const kept = `{"policyTags":{"names":["projects/p/locations/us/taxonomies/1/policyTags/2"]},"dataPolicies":[{"name":"p"}],
		"dataGovernanceTagsInfo":{"dataGovernanceTags":{"k":"v"}},"collation":"und:ci","maxLength":"12","defaultValueExpression":"'x'"}`
	var properties map[string]any
	if err := json.Unmarshal([]byte(kept), &properties); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.Table("t", row.Spec{Columns: row.Schema{str("a"), record("r", "", str("x"))}})
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		var body map[string]any
		column := func(table map[string]any) map[string]any {
			return table["schema"].(map[string]any)["fields"].([]any)[0].(map[string]any)
		}
		if r.Method == http.MethodPatch {
			if r.Header.Get("If-Match") == "" {
				t.Error("a change of whatever the table has become")
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body) != 1 {
				t.Errorf("sent %v, %v; want a schema only", body, err)
			}
			for name, value := range properties {
				if got := column(body)[name]; !reflect.DeepEqual(got, value) {
					t.Errorf("%s is sent back as %v, it was %v", name, got, value)
				}
				delete(column(body), name)
			}
			data, _ := json.Marshal(body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
			t.Error(err)
		}
		if answer.Code == http.StatusOK {
			for name, value := range properties {
				column(body)[name] = value
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_ = json.NewEncoder(w).Encode(body)
	})
	b.ensureTable("t", row.Spec{Columns: row.Schema{str("a"), str("b"), record("r", "", str("x"), str("y"))}})
	if got := b.get("t"); len(got.Columns) != 3 || len(got.Columns[1].Fields) != 2 {
		t.Errorf("the table is %+v", got)
	}
}

// Loaders of two releases that start at once have all seen the table as it was: each adds its
// columns, and none undoes another's.
func TestEnsureTableConcurrently(t *testing.T) {
	b := newBench(t)
	b.Table("t", row.Spec{Columns: row.Schema{str("a"), record("r", "", str("x"))}})
	b.Insert(ref("t"), []any{"old", []any{"x"}})
	specs := []row.Spec{
		{Columns: row.Schema{str("a"), str("b"), record("r", "", str("x"), str("y"))}},
		{Columns: row.Schema{str("a"), str("c"), str("b"), record("r", "", str("z"))}},
	}
	const racers = 8
	var looked sync.WaitGroup
	looked.Add(racers)
	var looks, lost atomic.Int32
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodPatch {
			looked.Wait()
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if answer.Code == http.StatusPreconditionFailed {
			lost.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
		if r.Method == http.MethodGet && looks.Add(1) <= racers {
			looked.Done()
		}
	})
	var race sync.WaitGroup
	for i := range racers {
		race.Go(func() {
			if err := b.client.EnsureTable(t.Context(), ref("t"), specs[i%2]); err != nil {
				t.Error(err)
			}
		})
	}
	race.Wait()
	if lost.Load() < racers-1 {
		t.Errorf("%d changes came too late, want those of %d", lost.Load(), racers-1)
	}
	got := b.get("t")
	if len(got.Columns) != 4 || len(got.Columns[1].Fields) != 3 {
		t.Errorf("the table has %+v", got.Columns)
	}
	for _, name := range []string{"b", "c"} {
		if got.Columns.Index(name) < 0 {
			t.Errorf("column %s is lost", name)
		}
	}
}

// refusal answers a request with an error of the API.
func refusal(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": status, "message": reason, "errors": []any{map[string]any{"reason": reason, "message": reason}},
	}})
}

// "5 table metadata update operations per 10 seconds per table" (quotas): one that was too much is
// made again later, unless somebody else has made it meanwhile.
func TestEnsureTableBeyondQuota(t *testing.T) {
	ours := row.Spec{Columns: row.Schema{str("a"), str("b")}}
	for _, others := range []bool{false, true} {
		b := newBench(t)
		b.Table("t", row.Spec{Columns: ours.Columns[:1]})
		first := true
		b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method != http.MethodPatch || !first {
				next.ServeHTTP(w, r)
				return
			}
			first = false
			if others {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			refusal(w, http.StatusForbidden, "rateLimitExceeded")
		})
		b.ensureTable("t", ours)
		if others {
			b.wantCalls("GET t", "PATCH t", "GET t")
		} else {
			b.wantCalls("GET t", "PATCH t", "GET t", "PATCH t")
		}
		if got := b.get("t"); len(got.Columns) != 2 {
			t.Errorf("the table has %+v", got.Columns)
		}
	}
}

func TestEnsureTableWithoutTheRight(t *testing.T) {
	b := newBench(t)
	b.Table("t", row.Spec{Columns: row.Schema{str("a")}})
	b.Proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodPatch {
			refusal(w, http.StatusForbidden, "accessDenied")
			return
		}
		next.ServeHTTP(w, r)
	})
	err := b.client.EnsureTable(t.Context(), ref("t"), row.Spec{Columns: row.Schema{str("a"), str("b"), record("r", "", str("x"))}})
	b.wantKind(err, errkind.Transient) // the right may be given any minute
	for _, want := range []string{"local.logs.t", "add b, r: ", "bigquery.tables.update", "bigquery.tables.setCategory"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	b.wantCalls("GET t", "PATCH t")
}

// A service in trouble is asked again, but not for ever: the delivery has other things to do.
func TestEnsureGivesUp(t *testing.T) {
	for _, trouble := range []error{&googleapi.Error{Code: http.StatusServiceUnavailable}, io.ErrUnexpectedEOF} {
		synctest.Test(t, func(t *testing.T) {
			c := &Client{pause: gax.Backoff{Initial: time.Second, Max: 8 * time.Second, Multiplier: 2}}
			start, tries := time.Now(), 0
			err := c.ensure(t.Context(), ref("t"), func(context.Context) error { tries++; return trouble })
			if took := time.Since(start); !errkind.Is(err, errkind.Transient) || took != ensureLimit || tries < 4 {
				t.Errorf("%v after %s and %d tries, want a transient error after %s and some", err, took, tries, ensureLimit)
			}
		})
	}
}
