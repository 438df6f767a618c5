//go:build cgo

package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/civil"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest/bqtest"
	"github.com/seneka-io/seneka/internal/row"
)

// limit is a value as an encoder takes it, and as the client library returns it. For NaN, which
// does not equal itself, and for an INTERVAL that the library reads wrongly, text is what the REST
// API answers instead.
type limit struct {
	in   func(v *row.Value)
	want bigquery.Value
	text string
}

func text(s string, want bigquery.Value) limit {
	return limit{in: func(v *row.Value) { v.SetBytes([]byte(s)) }, want: want}
}

func integer(n int64, want bigquery.Value) limit {
	return limit{in: func(v *row.Value) { v.SetInt(n) }, want: want}
}

func float(f float64, want bigquery.Value) limit {
	return limit{in: func(v *row.Value) { v.SetFloat(f) }, want: want}
}

func decimal(s string) limit {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return text(s, r)
}

func interval(s, want string) limit {
	l := text(s, nil)
	l.text = want
	return l
}

func bounds(start, end *int64, want bigquery.RangeValue) limit {
	return limit{want: &want, in: func(v *row.Value) {
		v.SetList()
		for _, n := range []*int64{start, end} {
			if e := v.Append(); n != nil {
				e.SetInt(*n)
			}
		}
	}}
}

var (
	firstDate, lastDate = civil.Date{Year: 1, Month: 1, Day: 1}, civil.Date{Year: 9999, Month: 12, Day: 31}
	lastClock           = civil.Time{Hour: 23, Minute: 59, Second: 59, Nanosecond: 999_999_000}
	firstDatetime       = civil.DateTime{Date: firstDate}
	lastDatetime        = civil.DateTime{Date: lastDate, Time: lastClock}
	firstTime           = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime            = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// limits are the ends of each type's range, and values that are easily lost
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types).
var limits = []struct {
	col    row.Column
	values []limit
}{
	{row.Column{Type: row.Bool}, []limit{integer(0, false), integer(1, true)}},
	{row.Column{Type: row.Int64}, []limit{integer(math.MinInt64, int64(math.MinInt64)), integer(math.MaxInt64, int64(math.MaxInt64)), integer(0, int64(0))}},
	{row.Column{Type: row.Float64}, []limit{float(math.MaxFloat64, math.MaxFloat64), float(-math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64),
		float(math.Inf(1), math.Inf(1)), float(math.Inf(-1), math.Inf(-1)), {in: func(v *row.Value) { v.SetFloat(math.NaN()) }, text: "NaN"}}},
	{row.Column{Type: row.Numeric}, []limit{decimal("99999999999999999999999999999.999999999"), decimal("-99999999999999999999999999999.999999999"),
		decimal("0.000000001"), decimal("-1e-9"), decimal("0")}},
	{row.Column{Type: row.BigNumeric}, []limit{
		decimal("578960446186580977117854925043439539266.34992332820282019728792003956564819967"),
		decimal("-578960446186580977117854925043439539266.34992332820282019728792003956564819968"),
		decimal("0.00000000000000000000000000000000000001"), decimal("-1e-38"), decimal("0"), decimal("1e38")}},
	{row.Column{Type: row.String}, []limit{text("", ""), text("é\x00'\"\\\U0010ffff", "é\x00'\"\\\U0010ffff")}},
	{row.Column{Type: row.Bytes}, []limit{text("", []byte{}), text("\x00\xff", []byte{0, 255})}},
	{row.Column{Type: row.Date}, []limit{integer(row.MinDate, firstDate), integer(row.MaxDate, lastDate)}},
	{row.Column{Type: row.Datetime}, []limit{integer(row.MinTimestamp, firstDatetime), integer(row.MaxTimestamp, lastDatetime),
		integer(-1, civil.DateTime{Date: civil.Date{Year: 1969, Month: 12, Day: 31}, Time: lastClock})}},
	{row.Column{Type: row.Time}, []limit{integer(row.MinTime, civil.Time{}), integer(row.MaxTime, lastClock)}},
	{row.Column{Type: row.Timestamp}, []limit{integer(row.MinTimestamp, firstTime), integer(row.MaxTimestamp, lastTime)}},
	{row.Column{Type: row.JSON}, []limit{text(`{"b": 12345678901234567890, "a": [null, 1.50]}`, `{"a":[null,1.50],"b":12345678901234567890}`), text("null", "null")}},
	{row.Column{Type: row.Geography}, []limit{text("Point (-180  90)", "POINT(-180 90)"), text("LINESTRING EMPTY", "GEOMETRYCOLLECTION EMPTY"),
		text(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1.5],[0,0]]]}`, "POLYGON((0 0, 1 0, 1 1.5, 0 0))")}},
	{row.Column{Type: row.Interval}, []limit{
		text("10000-0 3660000 87840000:0:0", &bigquery.IntervalValue{Years: 10000, Days: 3660000, Hours: 87840000}),
		text("-10000-0 -3660000 -87840000:0:0", &bigquery.IntervalValue{Years: -10000, Days: -3660000, Hours: -87840000}),
		text("-1-2 3 -4:5:6.5", &bigquery.IntervalValue{Years: -1, Months: -2, Days: 3, Hours: -4, Minutes: -5, Seconds: -6, SubSecondNanos: -500_000_000}),
		interval("P-1M", "-0-1 0 0:0:0"), interval("0-0 0 -0:0:0.000001", "0-0 0 -0:0:0.000001"), interval("PT0.999999S", "0-0 0 0:0:0.999999")}},
	{row.Column{Type: row.Range, RangeElement: row.Date}, []limit{
		bounds(new(int64(row.MinDate)), new(int64(row.MaxDate)), bigquery.RangeValue{Start: firstDate, End: lastDate}),
		bounds(nil, nil, bigquery.RangeValue{}), bounds(nil, new(int64(row.MaxDate)), bigquery.RangeValue{End: lastDate})}},
	{row.Column{Type: row.Range, RangeElement: row.Datetime}, []limit{
		bounds(new(int64(row.MinTimestamp)), new(int64(row.MaxTimestamp)), bigquery.RangeValue{Start: firstDatetime, End: lastDatetime})}},
	{row.Column{Type: row.Range, RangeElement: row.Timestamp}, []limit{
		bounds(new(int64(row.MinTimestamp)), new(int64(row.MaxTimestamp)), bigquery.RangeValue{Start: firstTime, End: lastTime}),
		bounds(new(int64(row.MinTimestamp)), nil, bigquery.RangeValue{Start: firstTime})}},
}

// modes are columns of one type: NULLABLE, REQUIRED, REPEATED, and in a STRUCT twice as deep.
func modes(c row.Column) row.Schema {
	column := func(name string, m row.Mode) row.Column {
		c.Name, c.Mode = name, m
		return c
	}
	inner := row.Column{Name: "t", Type: row.Struct, Fields: []row.Column{column("f", row.Nullable), column("l", row.Repeated)}}
	return row.Schema{column("n", row.Nullable), column("q", row.Required), column("r", row.Repeated), {Name: "s", Type: row.Struct, Fields: []row.Column{inner}}}
}

// record fills all modes with a value, or only the REQUIRED one.
func (l limit) record(full bool) *row.Record {
	r := row.NewRecord(4)
	l.in(&r.Values[1])
	if !full {
		return r
	}
	l.in(&r.Values[0])
	twice := func(v *row.Value) {
		v.SetList()
		l.in(v.Append())
		l.in(v.Append())
	}
	twice(&r.Values[2])
	r.Values[3].SetList()
	inner := r.Values[3].Append()
	inner.SetList()
	l.in(inner.Append())
	twice(inner.Append())
	return r
}

type cloud struct {
	*bqtest.Server
	query  *bigquery.Client
	writer *storage.BigQueryWriteClient
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	s := bqtest.Start(t)
	query, err := bigquery.NewClient(t.Context(), "local", option.WithEndpoint("http://"+s.REST+"/bigquery/v2/"), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { query.Close() })
	writer, err := storage.NewBigQueryWriteClient(t.Context(), option.WithEndpoint(s.Storage), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	return &cloud{s, query, writer}
}

// load puts rows into a table by a PENDING stream.
func (c *cloud) load(t *testing.T, table row.Table, enc *row.Encoder, rows [][]byte) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	stream, err := c.writer.CreateWriteStream(ctx, &storagepb.CreateWriteStreamRequest{
		Parent: table.Path(), WriteStream: &storagepb.WriteStream{Type: storagepb.WriteStream_PENDING}})
	must(err)
	conn, err := c.writer.AppendRows(ctx)
	must(err)
	must(conn.Send(&storagepb.AppendRowsRequest{WriteStream: stream.GetName(), Rows: &storagepb.AppendRowsRequest_ProtoRows{
		ProtoRows: &storagepb.AppendRowsRequest_ProtoData{WriterSchema: &storagepb.ProtoSchema{ProtoDescriptor: enc.Descriptor()},
			Rows: &storagepb.ProtoRows{SerializedRows: rows}}}}))
	resp, err := conn.Recv()
	must(err)
	if resp.GetError() != nil {
		t.Fatalf("append: %v, %v", resp.GetError(), resp.GetRowErrors())
	}
	must(conn.CloseSend())
	_, err = c.writer.FinalizeWriteStream(ctx, &storagepb.FinalizeWriteStreamRequest{Name: stream.GetName()})
	must(err)
	commit, err := c.writer.BatchCommitWriteStreams(ctx, &storagepb.BatchCommitWriteStreamsRequest{Parent: table.Path(), WriteStreams: []string{stream.GetName()}})
	must(err)
	if len(commit.GetStreamErrors()) > 0 {
		t.Fatalf("commit: %v", commit.GetStreamErrors())
	}
}

// Every type in every mode, at the ends of its range: encoded by row.Encoder, appended by the real
// BigQueryWriteClient, read back by the real client library.
func TestEveryTypeAtItsLimits(t *testing.T) {
	c := startCloud(t)
	for _, tt := range limits {
		name := strings.ToLower(string(tt.col.Type + tt.col.RangeElement))
		t.Run(name, func(t *testing.T) {
			table := row.Table{Project: "local", Dataset: "logs", Name: name}
			schema := modes(tt.col)
			if _, err := c.DB.CreateTable(t.Context(), engine.Table{Ref: table, Spec: row.Spec{Columns: schema}}); err != nil {
				t.Fatal(err)
			}
			enc, err := row.NewEncoder(schema)
			if err != nil {
				t.Fatal(err)
			}
			var rows [][]byte
			for i, l := range tt.values {
				for _, full := range []bool{true, false} {
					wire, err := enc.Append(nil, l.record(full))
					if err != nil {
						t.Fatalf("value %d: %v", i, err)
					}
					rows = append(rows, wire)
				}
			}
			c.load(t, table, enc, rows)
			c.check(t, table.Name, tt.values)
		})
	}
}

// check reads a table by tabledata.list, whose rows come as they were written, and by a query.
func (c *cloud) check(t *testing.T, table string, values []limit) {
	t.Helper()
	ctx := t.Context()
	texts := c.texts(t, "/bigquery/v2/projects/local/datasets/logs/tables/"+table+"/data")
	it := c.query.Dataset("logs").Table(table).Read(ctx)
	query, err := c.query.Query("SELECT n, q, r, s.t.f, s.t.l FROM logs." + table).Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	nested := table[:min(5, len(table))] != "range" // the library cannot read a RANGE in a STRUCT
	for i, l := range values {
		if l.text != "" {
			for _, got := range []any{texts[2*i][0], texts[2*i][1], texts[2*i+1][1]} {
				if got != l.text {
					t.Errorf("value %d reads back as %v, want %s", i, got, l.text)
				}
			}
		}
		for _, full := range []bool{true, false} {
			want := l.expect(full)
			if nested {
				l.compare(t, i, next(t, it), []bigquery.Value{want[0], want[1], want[2], structOf(want, full)})
			}
			l.compare(t, i, next(t, query), want)
		}
	}
	if err := query.Next(new([]bigquery.Value)); !errors.Is(err, iterator.Done) {
		t.Errorf("after the last row: %v", err)
	}
}

func (l limit) compare(t *testing.T, i int, got, want []bigquery.Value) {
	t.Helper()
	if l.text == "" && !reflect.DeepEqual(got, want) {
		t.Errorf("value %d reads back as %#v, want %#v", i, got, want)
	}
}

// expect is what n, q, r, s.t.f and s.t.l read back as.
func (l limit) expect(full bool) []bigquery.Value {
	if !full {
		return []bigquery.Value{nil, l.want, empty(l.want), nil, empty(l.want)}
	}
	twice := []bigquery.Value{l.want, l.want}
	return []bigquery.Value{l.want, l.want, twice, l.want, twice}
}

// empty is how the library returns a REPEATED column without elements.
func empty(want bigquery.Value) bigquery.Value {
	if _, ok := want.(*bigquery.RangeValue); ok {
		return []bigquery.Value{}
	}
	return []bigquery.Value(nil)
}

func structOf(want []bigquery.Value, full bool) bigquery.Value {
	if !full {
		return nil
	}
	return []bigquery.Value{[]bigquery.Value{want[3], want[4]}}
}

func next(t *testing.T, it *bigquery.RowIterator) []bigquery.Value {
	t.Helper()
	var values []bigquery.Value
	if err := it.Next(&values); err != nil {
		t.Fatal(err)
	}
	return values
}

// texts returns the cells of a page of rows as they are written in JSON.
func (c *cloud) texts(t *testing.T, path string) [][]any {
	t.Helper()
	var page struct {
		Rows []struct{ F []struct{ V any } }
	}
	c.get(t.Context(), t, path, &page)
	rows := make([][]any, len(page.Rows))
	for i, r := range page.Rows {
		for _, cell := range r.F {
			rows[i] = append(rows[i], cell.V)
		}
	}
	return rows
}

func (c *cloud) get(ctx context.Context, t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.REST+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// A RANGE inside of a STRUCT, which the client library cannot read, is text in the API.
func TestRangeInAStructIsText(t *testing.T) {
	c := startCloud(t)
	schema := row.Schema{{Name: "s", Type: row.Struct, Fields: []row.Column{{Name: "r", Type: row.Range, RangeElement: row.Datetime}}}}
	table := row.Table{Project: "local", Dataset: "logs", Name: "t"}
	if _, err := c.DB.CreateTable(t.Context(), engine.Table{Ref: table, Spec: row.Spec{Columns: schema}}); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	err := c.DB.Update(t.Context(), func(tx *engine.Tx) error {
		return tx.Append(t.Context(), table, [][]any{{[]any{[]any{start, nil}}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := c.texts(t, "/bigquery/v2/projects/local/datasets/logs/tables/t/data")
	want := map[string]any{"f": []any{map[string]any{"v": "[2026-03-04T05:06:07, UNBOUNDED)"}}}
	if !reflect.DeepEqual(rows, [][]any{{want}}) {
		t.Errorf("got %v, want %v", rows, want)
	}
	meta, err := c.query.Dataset("logs").Table("t").Metadata(t.Context())
	if err != nil || meta.Schema[0].Schema[0].RangeElementType.Type != bigquery.DateTimeFieldType {
		t.Errorf("schema %+v, %v", meta.Schema[0].Schema[0], err)
	}
}
