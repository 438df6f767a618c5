//go:build cgo

package rest

import (
	"errors"
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/row"
)

// fixture is the API over an empty database, with the official client of it.
type fixture struct {
	*testing.T
	db     *engine.DB
	url    string
	client *bigquery.Client
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(db, Options{}))
	f := &fixture{T: t, db: db, url: srv.URL}
	f.client = f.dial(srv.URL + "/bigquery/v2/")
	t.Cleanup(func() {
		f.client.Close()
		srv.Close()
		db.Close()
	})
	return f
}

func (f *fixture) dial(endpoint string) *bigquery.Client {
	f.Helper()
	c, err := bigquery.NewClient(f.Context(), "local", option.WithEndpoint(endpoint), option.WithoutAuthentication())
	if err != nil {
		f.Fatal(err)
	}
	return c
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// logs makes the dataset logs.
func (f *fixture) logs() *bigquery.Dataset {
	f.Helper()
	ds := f.client.Dataset("logs")
	f.must(ds.Create(f.Context(), nil))
	return ds
}

// numbers makes the table logs.numbers with the column n from 0 to count-1.
func (f *fixture) numbers(count int) *bigquery.Table {
	f.Helper()
	t := f.logs().Table("numbers")
	f.must(t.Create(f.Context(), &bigquery.TableMetadata{Schema: bigquery.Schema{{Name: "n", Type: bigquery.IntegerFieldType}}}))
	rows := make([][]any, count)
	for i := range rows {
		rows[i] = []any{int64(i)}
	}
	f.append("numbers", rows)
	return t
}

func (f *fixture) append(table string, rows [][]any) {
	f.Helper()
	ref := row.Table{Project: "local", Dataset: "logs", Name: table}
	f.must(f.db.Update(f.Context(), func(tx *engine.Tx) error { return tx.Append(f.Context(), ref, rows) }))
}

func (f *fixture) all(it *bigquery.RowIterator) [][]bigquery.Value {
	f.Helper()
	var list [][]bigquery.Value
	for {
		var values []bigquery.Value
		err := it.Next(&values)
		if errors.Is(err, iterator.Done) {
			return list
		}
		f.must(err)
		list = append(list, values)
	}
}

func (f *fixture) query(sql string) [][]bigquery.Value {
	f.Helper()
	it, err := f.client.Query(sql).Read(f.Context())
	f.must(err)
	return f.all(it)
}

func apiErrorOf(t *testing.T, err error) *googleapi.Error {
	t.Helper()
	var api *googleapi.Error
	if !errors.As(err, &api) || len(api.Errors) == 0 {
		t.Fatalf("error %v (%T) is none of the API", err, err)
	}
	return api
}

func TestClientsReachTheAPIByEveryRoot(t *testing.T) {
	f := newFixture(t)
	for _, endpoint := range []string{f.url, f.url + "/", f.url + "/bigquery/v2/"} {
		c := f.dial(endpoint)
		it, err := c.Query("SELECT 1").Read(t.Context())
		f.must(err)
		if got := f.all(it); !reflect.DeepEqual(got, [][]bigquery.Value{{int64(1)}}) {
			t.Errorf("%s: got %v", endpoint, got)
		}
		f.must(c.Close())
	}
}

func TestDatasets(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	ds := f.client.Dataset("d")
	f.must(ds.Create(ctx, &bigquery.DatasetMetadata{Description: "why", Labels: map[string]string{"a": "1", "b": "2"}}))
	m, err := ds.Metadata(ctx)
	f.must(err)
	if m.Description != "why" || m.Location != "US" || m.Labels["a"] != "1" || m.CreationTime.IsZero() || m.FullID != "local:d" {
		t.Errorf("metadata %+v", m)
	}
	change := bigquery.DatasetMetadataToUpdate{Description: "because"}
	change.DeleteLabel("a")
	change.SetLabel("c", "3")
	changed, err := ds.Update(ctx, change, m.ETag)
	f.must(err)
	if want := map[string]string{"b": "2", "c": "3"}; changed.Description != "because" || !reflect.DeepEqual(changed.Labels, want) {
		t.Errorf("after the update %+v", changed)
	}
	if _, err := ds.Update(ctx, change, m.ETag); apiErrorOf(t, err).Code != http.StatusPreconditionFailed {
		t.Errorf("an update of an older state: %v", err)
	}
	f.must(f.client.Dataset("e").Create(ctx, nil))
	it := f.client.Datasets(ctx)
	it.PageInfo().MaxSize = 1
	var names []string
	for d, err := it.Next(); err == nil; d, err = it.Next() {
		names = append(names, d.DatasetID)
	}
	if !slices.Equal(names, []string{"d", "e"}) {
		t.Errorf("datasets %v", names)
	}
	it = f.client.Datasets(ctx)
	it.Filter = "labels.c:3"
	if d, err := it.Next(); err != nil || d.DatasetID != "d" {
		t.Errorf("filtered list: %v, %v", d, err)
	}
	f.must(ds.Table("t").Create(ctx, &bigquery.TableMetadata{Schema: bigquery.Schema{{Name: "n", Type: bigquery.IntegerFieldType}}}))
	if err := ds.Delete(ctx); apiErrorOf(t, err).Errors[0].Reason != "resourceInUse" {
		t.Errorf("deleting a dataset with a table: %v", err)
	}
	f.must(ds.DeleteWithContents(ctx))
	if _, err := ds.Metadata(ctx); apiErrorOf(t, err).Code != http.StatusNotFound {
		t.Errorf("after the deletion: %v", err)
	}
}

var tableSchema = bigquery.Schema{
	{Name: "time", Type: bigquery.TimestampFieldType, Required: true, Description: "when"},
	{Name: "host", Type: bigquery.StringFieldType},
	{Name: "tags", Type: bigquery.StringFieldType, Repeated: true},
	{Name: "tls", Type: bigquery.RecordFieldType, Schema: bigquery.Schema{{Name: "version", Type: bigquery.StringFieldType}}},
}

func TestTables(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	tab := f.logs().Table("alb")
	f.must(tab.Create(ctx, &bigquery.TableMetadata{
		Description: "requests", Schema: tableSchema, Labels: map[string]string{"team": "x"},
		TimePartitioning: &bigquery.TimePartitioning{Type: bigquery.DayPartitioningType, Field: "time"},
		Clustering:       &bigquery.Clustering{Fields: []string{"host"}},
	}))
	f.append("alb", [][]any{{time.Now(), "h", []any{"a"}, []any{"1.3"}}})
	m, err := tab.Metadata(ctx)
	f.must(err)
	if !reflect.DeepEqual(m.Schema, tableSchema) {
		t.Errorf("schema %+v", m.Schema)
	}
	if m.TimePartitioning.Field != "time" || m.Clustering.Fields[0] != "host" || m.Type != bigquery.RegularTable || m.Location != "US" ||
		m.Description != "requests" || m.Labels["team"] != "x" || m.NumRows != 1 || m.NumBytes == 0 {
		t.Errorf("metadata %+v", m)
	}
	wider := append(slices.Clone(tableSchema), &bigquery.FieldSchema{Name: "added", Type: bigquery.IntegerFieldType, Repeated: true})
	wider[0] = &bigquery.FieldSchema{Name: "time", Type: bigquery.TimestampFieldType, Description: "relaxed"}
	wider[3] = &bigquery.FieldSchema{Name: "tls", Type: bigquery.RecordFieldType, Schema: bigquery.Schema{
		{Name: "version", Type: bigquery.StringFieldType}, {Name: "cipher", Type: bigquery.StringFieldType}}}
	m, err = tab.Update(ctx, bigquery.TableMetadataToUpdate{Schema: wider, Description: "more"}, m.ETag)
	f.must(err)
	if !reflect.DeepEqual(m.Schema, wider) || m.Description != "more" || m.Labels["team"] != "x" {
		t.Errorf("after the update %+v", m)
	}
	f.append("alb", [][]any{{nil, "i", nil, []any{"1.2", "x"}, []any{int64(7)}}})
	got := f.query("SELECT host, ARRAY_LENGTH(added), tls.cipher FROM logs.alb ORDER BY host")
	if want := [][]bigquery.Value{{"h", int64(0), nil}, {"i", int64(1), "x"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	it := f.client.Dataset("logs").Tables(ctx)
	if first, err := it.Next(); err != nil || first.TableID != "alb" {
		t.Errorf("list: %v, %v", first, err)
	}
	f.must(tab.Delete(ctx))
	if _, err := tab.Metadata(ctx); apiErrorOf(t, err).Code != http.StatusNotFound {
		t.Errorf("after the deletion: %v", err)
	}
}

func TestViews(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.numbers(10)
	view := f.client.Dataset("logs").Table("even")
	f.must(view.Create(ctx, &bigquery.TableMetadata{ViewQuery: "SELECT n AS even FROM logs.numbers WHERE MOD(n, 2) = 0"}))
	m, err := view.Metadata(ctx)
	f.must(err)
	if m.Type != bigquery.ViewTable || m.ViewQuery == "" || m.UseLegacySQL || len(m.Schema) != 1 || m.Schema[0].Name != "even" {
		t.Errorf("metadata %+v", m)
	}
	if got := f.query("SELECT SUM(even) FROM logs.even"); !reflect.DeepEqual(got, [][]bigquery.Value{{int64(20)}}) {
		t.Errorf("sum %v", got)
	}
	_, err = view.Update(ctx, bigquery.TableMetadataToUpdate{ViewQuery: "SELECT n AS odd FROM logs.numbers WHERE MOD(n, 2) = 1"}, "")
	f.must(err)
	if got := f.query("SELECT SUM(odd) FROM logs.even"); !reflect.DeepEqual(got, [][]bigquery.Value{{int64(25)}}) {
		t.Errorf("sum after the update %v", got)
	}
	err = f.client.Dataset("logs").Table("bad").Create(ctx, &bigquery.TableMetadata{ViewQuery: "SELECT nope FROM logs.numbers"})
	if apiErrorOf(t, err).Errors[0].Reason != "invalidQuery" {
		t.Errorf("a view of a bad query: %v", err)
	}
	var values []bigquery.Value
	if err := view.Read(ctx).Next(&values); apiErrorOf(t, err).Code != http.StatusBadRequest {
		t.Errorf("listing the rows of a view: %v", err)
	}
}

func TestEveryTypeReachesTheClient(t *testing.T) {
	f := newFixture(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	types := []struct {
		t    row.Type
		v    any
		want bigquery.Value
	}{
		{row.Bool, true, true},
		{row.Int64, int64(math.MinInt64), int64(math.MinInt64)},
		{row.Float64, 0.1, 0.1},
		{row.Numeric, "-1.5", big.NewRat(-3, 2)},
		{row.BigNumeric, "0.25", big.NewRat(1, 4)},
		{row.String, "é\n\x00", "é\n\x00"},
		{row.Bytes, []byte{0, 255}, []byte{0, 255}},
		{row.Date, day, civil.DateOf(day)},
		{row.Datetime, at, civil.DateTimeOf(at)},
		{row.Time, 90*time.Minute + 5*time.Microsecond, civil.Time{Hour: 1, Minute: 30, Nanosecond: 5000}},
		{row.Timestamp, at, at},
		{row.JSON, `{"b":[1,"<"],"a":12345678901234567890}`, `{"a":12345678901234567890,"b":[1,"<"]}`},
	}
	var cols []row.Column
	var in []any
	var want []bigquery.Value
	nested := row.Column{Name: "nested", Type: row.Struct}
	for _, tt := range types {
		cols = append(cols, row.Column{Name: "c_" + string(tt.t), Type: tt.t}, row.Column{Name: "l_" + string(tt.t), Type: tt.t, Mode: row.Repeated})
		in = append(in, tt.v, []any{tt.v, tt.v})
		want = append(want, tt.want, []bigquery.Value{tt.want, tt.want})
	}
	nested.Fields = cols
	many := nested
	many.Name, many.Mode = "many", row.Repeated
	cols = append(slices.Clone(cols), nested, many)
	in = append(slices.Clone(in), slices.Clone(in), []any{slices.Clone(in)})
	want = append(slices.Clone(want), slices.Clone(want), []bigquery.Value{slices.Clone(want)})
	f.logs()
	_, err := f.db.CreateTable(t.Context(), engine.Table{Ref: row.Table{Project: "local", Dataset: "logs", Name: "types"}, Spec: row.Spec{Columns: cols}})
	f.must(err)
	f.append("types", [][]any{in})
	listed := f.all(f.client.Dataset("logs").Table("types").Read(t.Context()))
	for name, got := range map[string][][]bigquery.Value{"query": f.query("SELECT * FROM logs.types"), "tabledata.list": listed} {
		if len(got) != 1 {
			t.Fatalf("%s: %d rows, want 1", name, len(got))
		}
		for i := range want {
			if !equalValue(got[0][i], want[i]) {
				t.Errorf("%s: %s: got %#v, want %#v", name, cols[i].Name, got[0][i], want[i])
			}
		}
	}
}

// equalValue compares values; rationals by their value.
func equalValue(a, b bigquery.Value) bool {
	switch a := a.(type) {
	case *big.Rat:
		r, ok := b.(*big.Rat)
		return ok && a.Cmp(r) == 0
	case []bigquery.Value:
		l, ok := b.([]bigquery.Value)
		return ok && slices.EqualFunc(a, l, equalValue)
	default:
		return reflect.DeepEqual(a, b)
	}
}

func TestNullsReachTheClient(t *testing.T) {
	f := newFixture(t)
	got := f.query("SELECT CAST(NULL AS STRING), CAST(NULL AS INT64), '', FALSE, 0")
	if want := [][]bigquery.Value{{nil, nil, "", false, int64(0)}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}
