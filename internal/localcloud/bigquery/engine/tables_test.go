//go:build cgo

package engine

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/gsql"
	"github.com/seneka-io/seneka/internal/row"
)

func str(name string) row.Column { return row.Column{Name: name, Type: row.String} }

func TestCreateTableRefuses(t *testing.T) {
	manyStrings := row.Schema{str("a"), str("b"), str("c"), str("d"), str("e")}
	tests := []struct {
		name  string
		table string
		spec  row.Spec
		kind  errkind.Kind
		want  string
	}{
		{"no columns", "t", row.Spec{}, errkind.Permanent, "no columns"},
		{"bad table name", "a.b", row.Spec{Columns: row.Schema{str("a")}}, errkind.Permanent, "a.b"},
		{"no table name", "", row.Spec{Columns: row.Schema{str("a")}}, errkind.Permanent, "table ID"},
		{"bad column name", "t", row.Spec{Columns: row.Schema{str(`a"b`)}}, errkind.Permanent, "not a column name"},
		{"column twice", "t", row.Spec{Columns: row.Schema{str("a"), str("A")}}, errkind.Permanent, "two columns"},
		{"field twice", "t", row.Spec{Columns: row.Schema{{Name: "s", Type: row.Struct, Fields: []row.Column{str("a"), str("A")}}}}, errkind.Permanent, `"s.A"`},
		{"no fields", "t", row.Spec{Columns: row.Schema{{Name: "s", Type: row.Struct}}}, errkind.Permanent, "needs fields"},
		{"bad type", "t", row.Spec{Columns: row.Schema{{Name: "a", Type: "VARCHAR"}}}, errkind.Permanent, "VARCHAR"},
		{"range of nothing", "t", row.Spec{Columns: row.Schema{{Name: "a", Type: row.Range}}}, errkind.Permanent, "rangeElementType"},
		{"bad mode", "t", row.Spec{Columns: row.Schema{{Name: "a", Type: row.String, Mode: "OPTIONAL"}}}, errkind.Permanent, "OPTIONAL"},
		{"partition by a string", "t", row.Spec{Columns: row.Schema{str("a")}, PartitionBy: "a"}, errkind.Permanent, "Cannot partition"},
		{"partition by nothing", "t", row.Spec{Columns: row.Schema{str("a")}, PartitionBy: "b"}, errkind.Permanent, "no such column"},
		{"cluster by a list", "t", row.Spec{Columns: row.Schema{{Name: "a", Type: row.String, Mode: row.Repeated}}, ClusterBy: []string{"a"}}, errkind.Permanent, "Cannot cluster"},
		{"cluster by five", "t", row.Spec{Columns: manyStrings, ClusterBy: []string{"a", "b", "c", "d", "e"}}, errkind.Permanent, "at most 4"},
		{"taken", "alb", row.Spec{Columns: row.Schema{str("a")}}, errkind.Exists, "Already Exists"},
		{"taken in another case", "ALB", row.Spec{Columns: row.Schema{str("a")}}, errkind.Permanent, "case alone"},
	}
	db := openTest(t, "")
	makeTable(t, db, str("c"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := db.CreateTable(t.Context(), Table{Ref: row.Table{Project: "local", Dataset: "logs", Name: tt.table}, Spec: tt.spec})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errkind.Is(err, tt.kind) {
				t.Errorf("error %v (%v), want %v with %q", err, errkind.Of(err), tt.kind, tt.want)
			}
		})
	}
	if list, err := db.Tables(t.Context(), "local", "logs"); err != nil || len(list) != 1 {
		t.Errorf("after the refusals there are %d tables, %v", len(list), err)
	}
}

func TestNamesAreQuoted(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("select"), str("a'b"), str("x y"))
	odd := row.Table{Project: "my-project", Dataset: "group", Name: "drop table-ä"}
	if _, err := db.CreateDataset(t.Context(), Dataset{Project: odd.Project, Name: odd.Dataset}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateTable(t.Context(), Table{Ref: odd, Spec: row.Spec{Columns: row.Schema{str("order")}}}); err != nil {
		t.Fatal(err)
	}
	err := db.Update(t.Context(), func(tx *Tx) error { return tx.Append(t.Context(), odd, [][]any{{"v"}}) })
	if err != nil {
		t.Fatal(err)
	}
	res, err := db.Query(t.Context(), Query{SQL: "SELECT `order` FROM `my-project.group.drop table-ä`", DefaultProject: "local"})
	if err != nil || !reflect.DeepEqual(res.Rows, [][]any{{"v"}}) {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestDeleteDataset(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("c"))
	var refusal *Error
	if err := db.DeleteDataset(t.Context(), "local", "logs", false); !errors.As(err, &refusal) || refusal.Reason != ReasonInUse {
		t.Errorf("deleting a dataset that has a table: %v", err)
	}
	if err := db.DeleteDataset(t.Context(), "local", "logs", true); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		db.DeleteDataset(t.Context(), "local", "logs", true),
		db.DeleteTable(t.Context(), logs),
		db.Update(t.Context(), func(tx *Tx) error { return tx.Append(t.Context(), logs, nil) }),
	} {
		if !errkind.Is(err, errkind.NotFound) {
			t.Errorf("after the deletion: %v, want not found", err)
		}
	}
	makeTable(t, db, str("other"))
	if got := contents(t, db); len(got) != 0 {
		t.Errorf("a dataset made again holds %v", got)
	}
}

func TestUpdateTableColumns(t *testing.T) {
	list := row.Column{Name: "list", Type: row.Int64, Mode: row.Repeated}
	tests := []struct {
		name    string
		changed row.Schema
		want    string // of the error; empty: the change is made
		row     []any  // what the old row reads as
	}{
		{"nothing", row.Schema{str("a"), {Name: "s", Type: row.Struct, Fields: []row.Column{str("x")}}}, "", []any{"1", []any{"2"}}},
		{"relaxed and wider", row.Schema{str("a"), {Name: "s", Type: row.Struct, Fields: []row.Column{str("x"), str("y"), list}}, str("b"), list}, "",
			[]any{"1", []any{"2", nil, []any{}}, nil, []any{}}},
		{"lists before others", row.Schema{str("a"), {Name: "s", Type: row.Struct, Fields: []row.Column{str("x")}}, list, str("b"), {Name: "c", Type: row.Bool, Mode: row.Repeated}, str("d")}, "",
			[]any{"1", []any{"2"}, []any{}, nil, []any{}, nil}},
		{"in another order", row.Schema{str("b"), {Name: "s", Type: row.Struct, Fields: []row.Column{str("x")}}, str("a")}, "", []any{"1", []any{"2"}, nil}},
		{"a column gone", row.Schema{str("a")}, "Field s is missing", nil},
		{"a field gone", row.Schema{str("a"), {Name: "s", Type: row.Struct, Fields: []row.Column{str("y")}}}, "Field s.x is missing", nil},
		{"another type", row.Schema{{Name: "a", Type: row.Int64}, {Name: "s", Type: row.Struct, Fields: []row.Column{str("x")}}}, "Field a has changed type from STRING to INTEGER", nil},
		{"tightened", row.Schema{str("a"), {Name: "s", Type: row.Struct, Mode: row.Required, Fields: []row.Column{str("x")}}}, "Field s has changed mode from NULLABLE to REQUIRED", nil},
		{"required added", row.Schema{str("a"), {Name: "s", Type: row.Struct, Fields: []row.Column{str("x")}}, {Name: "b", Type: row.String, Mode: row.Required}}, "Cannot add required fields", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t, "")
			makeTable(t, db, row.Column{Name: "a", Type: row.String, Mode: row.Required},
				row.Column{Name: "s", Type: row.Struct, Fields: []row.Column{str("x")}})
			add(t, db, []any{"1", []any{"2"}})
			_, err := db.UpdateTable(t.Context(), logs, func(tab *Table) error {
				tab.Columns = tt.changed
				return nil
			})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !errkind.Is(err, errkind.Permanent) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := contents(t, db); !reflect.DeepEqual(got, [][]any{tt.row}) {
				t.Errorf("the old row reads as %v, want %v", got, tt.row)
			}
		})
	}
}

// Fields are added at any depth, in lists of records too, and rows that have no such record stay as
// they are.
func TestAddNestedFields(t *testing.T) {
	list := row.Column{Name: "list", Type: row.String, Mode: row.Repeated}
	deep := func(inner ...row.Column) row.Schema {
		return row.Schema{str("a"), {Name: "r", Type: row.Struct, Fields: []row.Column{
			{Name: "many", Type: row.Struct, Mode: row.Repeated, Fields: []row.Column{
				{Name: "one", Type: row.Struct, Fields: append([]row.Column{str("x")}, inner...)},
			}},
		}}}
	}
	db := openTest(t, "")
	makeTable(t, db, deep()...)
	add(t, db, []any{"1", []any{[]any{[]any{[]any{"x1"}}, []any{[]any{"x2"}}}}}, []any{"2", nil}, []any{"3", []any{[]any{}}})
	added := deep(row.Column{Name: "y", Type: row.Struct, Fields: []row.Column{str("z")}}, list)
	added[0].Name = "A" // the same column to BigQuery
	if _, err := db.UpdateTable(t.Context(), logs, func(tab *Table) error { tab.Columns = added; return nil }); err != nil {
		t.Fatal(err)
	}
	add(t, db, []any{"4", []any{[]any{[]any{[]any{"x4", []any{"z4"}, []any{"l"}}}}}})
	want := [][]any{
		{"1", []any{[]any{[]any{[]any{"x1", nil, []any{}}}, []any{[]any{"x2", nil, []any{}}}}}}, {"2", nil}, {"3", []any{[]any{}}},
		{"4", []any{[]any{[]any{[]any{"x4", []any{"z4"}, []any{"l"}}}}}},
	}
	if got := contents(t, db); !reflect.DeepEqual(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	tab, err := db.Table(t.Context(), logs)
	if err != nil || tab.Columns[0].Name != "a" || len(tab.Columns) != 2 {
		t.Errorf("table %+v, %v: want the column's first name", tab, err)
	}
}

// DuckDB dies of an ADD COLUMN with DEFAULT [] once a table has more rows than one of its vectors.
func TestAddRepeatedColumnToManyRows(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("a"))
	rows := make([][]any, 5000)
	for i := range rows {
		rows[i] = []any{"x"}
	}
	add(t, db, rows...)
	_, err := db.UpdateTable(t.Context(), logs, func(tab *Table) error {
		tab.Columns = append(tab.Columns, row.Column{Name: "l", Type: row.Timestamp, Mode: row.Repeated})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range contents(t, db) {
		if !reflect.DeepEqual(r, []any{"x", []any{}}) {
			t.Fatalf("row %d is %v", i, r)
		}
	}
}

func TestTableIsACopy(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("a"))
	tab, err := db.Table(t.Context(), logs)
	if err != nil {
		t.Fatal(err)
	}
	tab.Columns[0].Name, tab.Description = "changed", "changed"
	if again, err := db.Table(t.Context(), logs); err != nil || again.Columns[0].Name != "a" || again.Description != "" {
		t.Errorf("the catalog changed with its copy: %+v, %v", again, err)
	}
}

func TestQueryInformationSchema(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, row.Column{Name: "t", Type: row.Timestamp, Mode: row.Required},
		row.Column{Name: "l", Type: row.Struct, Mode: row.Repeated, Fields: []row.Column{str("x")}})
	view := Table{Ref: row.Table{Project: "local", Dataset: "logs", Name: "v"}, View: "SELECT t FROM logs.alb"}
	if _, err := db.CreateTable(t.Context(), view); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		sql  string
		want [][]any
	}{
		{"SELECT table_name, table_type FROM logs.INFORMATION_SCHEMA.TABLES ORDER BY 1", [][]any{{"alb", "BASE TABLE"}, {"v", "VIEW"}}},
		{"SELECT column_name, ordinal_position, is_nullable, data_type FROM logs.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'alb' ORDER BY 2",
			[][]any{{"t", int64(1), "NO", "TIMESTAMP"}, {"l", int64(2), "YES", "ARRAY<STRUCT<x STRING>>"}}},
	}
	for _, tt := range tests {
		res, err := db.Query(t.Context(), Query{SQL: tt.sql, DefaultProject: "local"})
		if err != nil || !reflect.DeepEqual(res.Rows, tt.want) {
			t.Errorf("%s: %+v, %v", tt.sql, res, err)
		}
	}
}

func TestQuery(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("a"))
	add(t, db, []any{"x"}, []any{"y"})
	res, err := db.Query(t.Context(), Query{SQL: "SELECT a FROM alb WHERE a = @p", DefaultProject: "local", DefaultDataset: "logs",
		Params: []gsql.Param{{Name: "p", Type: row.Column{Type: row.String}, Value: "y"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := &Result{Schema: row.Schema{{Name: "a", Type: row.String, Mode: row.Nullable}}, Rows: [][]any{{"y"}}, Tables: []row.Table{logs}, Kind: "SELECT"}
	if !reflect.DeepEqual(res, want) {
		t.Errorf("got %+v, want %+v", res, want)
	}
}

func TestQueryErrors(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("a"))
	tests := []struct {
		sql    string
		kind   errkind.Kind
		reason string
	}{
		{"SELECT", errkind.Permanent, ReasonInvalidQuery},
		{"SELECT 1/0", errkind.Permanent, ReasonInvalidQuery},
		{"SELECT CAST('x' AS INT64)", errkind.Permanent, ReasonInvalidQuery},
		{"SELECT nope FROM logs.alb", errkind.Permanent, ReasonInvalidQuery},
		{"SELECT * FROM logs.nope", errkind.NotFound, ReasonNotFound},
		{"SELECT * FROM read_csv('x')", errkind.Permanent, ReasonInvalidQuery},
		{"DROP TABLE logs.alb", errkind.Permanent, ReasonInvalidQuery},
		{"SELECT * FROM seneka_catalog.tables", errkind.NotFound, ReasonNotFound},
	}
	for _, tt := range tests {
		_, err := db.Query(t.Context(), Query{SQL: tt.sql, DefaultProject: "local"})
		var refusal *Error
		if !errors.As(err, &refusal) || refusal.Reason != tt.reason || errkind.Of(err) != tt.kind {
			t.Errorf("%s: %v (%v), want %s", tt.sql, err, errkind.Of(err), tt.reason)
		} else if strings.Contains(refusal.Message, "\n") || strings.Contains(refusal.Message, "seneka_catalog.tables\"") {
			t.Errorf("%s: message %q", tt.sql, refusal.Message)
		}
	}
}

func TestQueryErrorsInBigQuerysWords(t *testing.T) {
	db := openTest(t, "")
	_, err := db.Query(t.Context(), Query{SQL: "SELECT 1/0", DefaultProject: "local"})
	if err == nil || err.Error() != "division by zero: 1 / 0" {
		t.Errorf("got %v", err)
	}
}

func TestSize(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("s"), row.Column{Name: "n", Type: row.Int64}, row.Column{Name: "b", Type: row.Bool})
	if rows, bytes, err := db.Size(t.Context(), logs); rows != 0 || bytes != 0 || err != nil {
		t.Errorf("empty: %d rows, %d bytes, %v", rows, bytes, err)
	}
	add(t, db, []any{"abc", int64(1), true}, []any{nil, nil, nil})
	if rows, bytes, err := db.Size(t.Context(), logs); rows != 2 || bytes != 2+3+8+1 || err != nil {
		t.Errorf("%d rows, %d bytes, %v", rows, bytes, err)
	}
	add(t, db, []any{nil, nil, nil})
	if rows, bytes, err := db.Size(t.Context(), logs); rows != 3 || bytes != 3*7 || err != nil {
		t.Errorf("one more: %d rows, %d bytes, %v; the mean is to stay", rows, bytes, err)
	}
	add(t, db, []any{nil, int64(1), nil})
	if rows, bytes, err := db.Size(t.Context(), logs); rows != 4 || bytes != 14+8 || err != nil {
		t.Errorf("twice as many: %d rows, %d bytes, %v", rows, bytes, err)
	}
}

func TestRows(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("a"), row.Column{Name: "j", Type: row.JSON})
	for _, v := range []string{"1", "2", "3"} {
		add(t, db, []any{v, `{"v": ` + v + `}`})
	}
	got, err := db.Rows(t.Context(), logs, row.Schema{{Name: "j", Type: row.JSON}}, 1, 1)
	if err != nil || !reflect.DeepEqual(got, [][]any{{`{"v":2}`}}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestClosed(t *testing.T) {
	db := openTest(t, "")
	makeTable(t, db, str("a"))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := db.Update(t.Context(), func(*Tx) error { return nil }); err == nil {
		t.Error("an update of a closed database succeeded")
	}
	if _, err := db.Query(t.Context(), Query{SQL: "SELECT 1", DefaultProject: "local"}); err == nil {
		t.Error("a query of a closed database succeeded")
	}
}
