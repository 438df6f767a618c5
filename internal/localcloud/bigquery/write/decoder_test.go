package write

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/row"
)

// write-api-best-practices: "You can omit nullable fields, but you cannot include any fields that
// are not present in the current schema"; names match whatever their case.
func TestSchemaMismatch(t *testing.T) {
	table := tableOf(
		row.Column{Name: "Name", Type: row.String, Mode: row.Required},
		row.Column{Name: "tags", Type: row.String, Mode: row.Repeated},
		row.Column{Name: "at", Type: row.Struct, Fields: []row.Column{{Name: "x", Type: row.Int64, Mode: row.Required}}},
	)
	in := func(parent *descriptorpb.DescriptorProto, nested *descriptorpb.DescriptorProto) *descriptorpb.DescriptorProto {
		nested.Name = proto.String("At")
		parent.NestedType = append(parent.NestedType, nested)
		return parent
	}
	const extra = storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS
	cases := map[string]struct {
		dp      *descriptorpb.DescriptorProto
		ok      bool
		storage storagepb.StorageError_StorageErrorCode
		says    string
	}{
		"nullable left out":    {dp: message(optional("name", "string")), ok: true},
		"other case":           {dp: message(optional("NAME", "string"), list("Tags", "string")), ok: true},
		"struct":               {dp: in(message(optional("name", "string"), optional("at", "At")), message(optional("X", "int64"))), ok: true},
		"extra":                {dp: message(optional("name", "string"), optional("b", "string"), optional("a", "int64")), storage: extra, says: "'b,a'"},
		"extra in struct":      {dp: in(message(optional("name", "string"), optional("at", "At")), message(optional("x", "int64"), optional("y", "int64"))), storage: extra, says: "at.y"},
		"required left out":    {dp: message(list("tags", "string")), says: "Name"},
		"required in struct":   {dp: in(message(optional("name", "string"), optional("at", "At")), message()), says: "at.x"},
		"repeated for one":     {dp: message(list("name", "string")), says: "Name"},
		"one for repeated":     {dp: message(optional("name", "string"), optional("tags", "string")), says: "tags"},
		"message for scalar":   {dp: in(message(optional("name", "At")), message(optional("x", "int64"))), says: "Name"},
		"column twice":         {dp: message(optional("name", "string"), optional("Name", "string")), says: "Name"},
		"unresolved type":      {dp: message(optional("name", "Nowhere")), says: "schema"},
		"group":                {dp: in(message(optional("name", "string"), &descriptorpb.FieldDescriptorProto{Name: proto.String("at"), Type: descriptorpb.FieldDescriptorProto_TYPE_GROUP.Enum(), TypeName: proto.String("At"), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}), message(optional("x", "int64")))},
		"not a valid message":  {dp: &descriptorpb.DescriptorProto{}},
		"same number of field": {dp: &descriptorpb.DescriptorProto{Name: proto.String("R"), Field: []*descriptorpb.FieldDescriptorProto{message(optional("name", "string")).Field[0], message(optional("at", "string")).Field[0]}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := newDecoder(c.dp, table, "stream")
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			wantError(t, err, codes.InvalidArgument, c.storage)
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
}

// annotations.proto, column_name: the column may have another name than the field.
func TestColumnNameAnnotation(t *testing.T) {
	f := optional("f1", "string")
	f.Options = &descriptorpb.FieldOptions{}
	proto.SetExtension(f.Options, storagepb.E_ColumnName, "特別コラム")
	d, err := newDecoder(message(f), tableOf(row.Column{Name: "特別コラム", Type: row.String}), "s")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := d.rows([][]byte{text("v")}); err != nil || rows[0][0] != "v" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestEnums(t *testing.T) {
	withEnum := func() *descriptorpb.DescriptorProto {
		f := optional("c", "enum")
		f.TypeName = proto.String("Color")
		dp := message(f)
		dp.EnumType = []*descriptorpb.EnumDescriptorProto{{Name: proto.String("Color"), Value: []*descriptorpb.EnumValueDescriptorProto{
			{Name: proto.String("RED"), Number: proto.Int32(1)}, {Name: proto.String("BLUE"), Number: proto.Int32(2)},
		}}}
		return dp
	}
	for column, want := range map[row.Type]any{row.String: "BLUE", row.Int64: int64(2)} {
		d := must(newDecoder(withEnum(), tableOf(row.Column{Name: "c", Type: column}), "s"))
		if rows, err := d.rows([][]byte{varint(2)}); err != nil || rows[0][0] != want {
			t.Errorf("%s: %v, %v", column, rows, err)
		}
	}
	d := must(newDecoder(withEnum(), tableOf(row.Column{Name: "c", Type: row.String}), "s"))
	if _, err := d.rows([][]byte{varint(3)}); err == nil {
		t.Error("unknown value: no error")
	}
}

// proto2 semantics (storage.proto, ProtoData.rows): an absent field is NULL, or its declared
// default (validation_test.go of managedwriter: "proto2 default values w/nulls"); lists come
// packed or not; the last of several values counts; parts of one message are merged.
func TestProtoSemantics(t *testing.T) {
	n := optional("n", "int64")
	n.DefaultValue = proto.String("42")
	at := message(optional("x", "int64"), optional("y", "int64"))
	at.Name = proto.String("At")
	dp := message(n, optional("s", "string"), list("l", "sint32"), optional("at", "At"), list("ats", "At"))
	dp.NestedType = []*descriptorpb.DescriptorProto{at}
	xy := []row.Column{{Name: "x", Type: row.Int64}, {Name: "y", Type: row.Int64}}
	d := must(newDecoder(dp, tableOf(
		row.Column{Name: "ats", Type: row.Struct, Mode: row.Repeated, Fields: xy},
		row.Column{Name: "n", Type: row.Int64}, row.Column{Name: "s", Type: row.String},
		row.Column{Name: "l", Type: row.Int64, Mode: row.Repeated},
		row.Column{Name: "at", Type: row.Struct, Fields: xy},
		row.Column{Name: "unsaid", Type: row.Date},
	), "s"))
	field := func(b []byte, num protowire.Number, s string) []byte {
		return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
	}
	x, y := "\x08\x05", "\x10\x06"
	mixed := field(nil, 3, "\x01\x02") // packed: -1, 1
	mixed = append(protowire.AppendTag(mixed, 3, protowire.VarintType), 4)
	for _, p := range []string{x, y} {
		mixed = field(field(mixed, 4, p), 5, p)
	}
	mixed = field(field(mixed, 2, "first"), 2, "last")
	got, err := d.rows([][]byte{{}, mixed})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{
		{[]any{}, int64(42), nil, []any{}, nil, nil},
		{[]any{[]any{int64(5), nil}, []any{nil, int64(6)}}, int64(42), "last", []any{int64(-1), int64(1), int64(2)}, []any{int64(5), int64(6)}, nil},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

// Rows that do not follow the schema they came with.
func TestMalformedRows(t *testing.T) {
	required := optional("r", "int64")
	required.Label = descriptorpb.FieldDescriptorProto_LABEL_REQUIRED.Enum()
	d := must(newDecoder(message(required, list("l", "int64")), tableOf(
		row.Column{Name: "r", Type: row.Int64}, row.Column{Name: "l", Type: row.Int64, Mode: row.Repeated},
	), "s"))
	if _, err := d.rows([][]byte{varint(1)}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"required missing":   {},
		"unknown field":      append(varint(1), 0x18, 1),
		"wire type":          fixed64(1),
		"cut off":            {0x08},
		"cut off tag":        {0x80},
		"field number 0":     {0x00, 1},
		"packed, cut off":    append(varint(1), 0x12, 2, 0x80, 0x80),
		"packed, too long":   append(varint(1), 0x12, 9, 1),
		"group":              append(varint(1), 0x1b),
		"varint of 11 bytes": append([]byte{0x08}, []byte(strings.Repeat("\xff", 11))...),
	} {
		if _, err := d.rows([][]byte{b}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// write-api, "Time-unit column partitioning": "You can stream data ... if the data referenced by
// the partitioning column is between 10 years in the past and 1 year in the future."
func TestPartitionRange(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	table := tableOf(row.Column{Name: "ts", Type: row.Timestamp})
	table.PartitionBy = "ts"
	d := must(newDecoder(message(optional("ts", "int64")), table, "s"))
	for value, ok := range map[string]bool{
		"2016-11-22T00:00:00Z": true, "2016-11-21T23:59:59Z": false,
		"2027-11-22T23:59:59Z": true, "2027-11-23T00:00:00Z": false,
		"2026-11-22T15:00:00Z": true, "1970-01-01T00:00:00Z": false,
	} {
		at := must(time.Parse(time.RFC3339, value))
		rows := must(d.rows([][]byte{varint(at.UnixMicro())}))
		if err := d.checkPartition(rows, now); (err == nil) != ok {
			t.Errorf("%s: %v", value, err)
		}
	}
	if err := d.checkPartition(must(d.rows([][]byte{{}})), now); err != nil {
		t.Errorf("NULL: %v", err)
	}
}

func TestPartitionRangeIsARowError(t *testing.T) {
	b := newBench(t)
	table := tableOf(row.Column{Name: "ts", Type: row.Timestamp})
	table.PartitionBy = "ts"
	b.store.put(logs, table)
	req := request(message(optional("ts", "int64")), varint(logsAt.UnixMicro()), varint(0))
	resp := b.open().bad(with(req, to(defaultOfTable(logs))), codes.InvalidArgument, 0)
	if e := resp.GetRowErrors(); len(e) != 1 || e[0].GetIndex() != 1 {
		t.Errorf("row errors %v", e)
	}
	b.wantRows(0)
}

// A table's schema, as CreateWriteStream returns it, made into a descriptor by Google's library,
// is one that the server takes: every type, nested and repeated.
func TestOwnSchemaFits(t *testing.T) {
	var columns row.Schema
	for _, ty := range []row.Type{row.Bool, row.Int64, row.Float64, row.Numeric, row.BigNumeric, row.String,
		row.Bytes, row.Date, row.Datetime, row.Time, row.Timestamp, row.JSON} {
		for _, mode := range []row.Mode{"", row.Nullable, row.Required, row.Repeated} {
			columns = append(columns, row.Column{Name: strings.ToLower(string(ty)) + "_" + string(mode), Type: ty, Mode: mode})
		}
	}
	columns = append(columns, row.Column{Name: "s", Type: row.Struct, Mode: row.Repeated, Fields: columns[:4:4]},
		row.Column{Name: "deep", Type: row.Struct, Fields: []row.Column{{Name: "s", Type: row.Struct, Fields: columns[4:8:8]}}})
	dp := must(adapt.NormalizeDescriptor(descriptorOf(columns)))
	if _, err := newDecoder(dp, tableOf(columns...), "s"); err != nil {
		t.Fatal(err)
	}
}

// What the loader's own encoder writes is what the server reads.
func TestRowEncoder(t *testing.T) {
	columns := row.Schema{
		{Name: "s", Type: row.String, Mode: row.Required}, {Name: "n", Type: row.Int64}, {Name: "b", Type: row.Bool},
		{Name: "f", Type: row.Float64}, {Name: "d", Type: row.Date}, {Name: "t", Type: row.Timestamp},
		{Name: "j", Type: row.JSON}, {Name: "l", Type: row.Int64, Mode: row.Repeated},
		{Name: "st", Type: row.Struct, Fields: []row.Column{{Name: "x", Type: row.Bytes}, {Name: "y", Type: row.String}}},
		{Name: "none", Type: row.Int64},
	}
	rec := row.NewRecord(len(columns))
	v := rec.Values
	v[0].SetBytes([]byte("héllo"))
	v[1].SetInt(-7)
	v[2].SetBool(true)
	v[3].SetFloat(2.5)
	v[4].SetInt(-1)
	v[5].SetTime(logsAt)
	v[6].SetBytes([]byte(`{"a":1}`))
	v[7].SetList()
	v[7].Append().SetInt(1)
	v[7].Append().SetInt(-2)
	v[8].SetList()
	v[8].Append().SetBytes([]byte{0xff})
	v[8].Append()
	enc := must(row.NewEncoder(columns))
	d := must(newDecoder(enc.Descriptor(), tableOf(columns...), "s"))
	got, err := d.rows([][]byte{must(enc.Append(nil, rec))})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{"héllo", int64(-7), true, 2.5, time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), logsAt,
		`{"a":1}`, []any{int64(1), int64(-2)}, []any{[]byte{0xff}, nil}, nil}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %#v\nwant %#v", got[0], want)
	}
}

// Whatever bytes come, decoding ends with values for every column or with a row error.
func FuzzDecode(f *testing.F) {
	at := message(optional("x", "int64"), list("y", "string"))
	at.Name = proto.String("At")
	dp := message(optional("n", "int64"), optional("s", "string"), list("l", "sint32"), optional("at", "At"),
		optional("d", "bytes"), optional("ts", ".google.protobuf.Timestamp"), optional("dt", "int64"))
	dp.NestedType = []*descriptorpb.DescriptorProto{at}
	d := must(newDecoder(dp, tableOf(
		row.Column{Name: "n", Type: row.Int64}, row.Column{Name: "s", Type: row.String},
		row.Column{Name: "l", Type: row.Int64, Mode: row.Repeated},
		row.Column{Name: "at", Type: row.Struct, Fields: []row.Column{{Name: "x", Type: row.Int64}, {Name: "y", Type: row.String, Mode: row.Repeated}}},
		row.Column{Name: "d", Type: row.Numeric}, row.Column{Name: "ts", Type: row.Timestamp}, row.Column{Name: "dt", Type: row.Datetime},
	), "s"))
	f.Add([]byte("\x08\x01\x12\x01a\x1a\x02\x01\x02\x22\x05\x08\x05\x12\x01b\x2a\x01\xff\x32\x02\x08\x01\x38\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := d.rows([][]byte{b})
		if err == nil && (len(rows) != 1 || len(rows[0]) != 7) {
			t.Fatalf("rows %v", rows)
		}
		if err == nil {
			tx := &memoryTx{tables: map[row.Table]Table{logs: {Spec: row.Spec{Columns: d.columns}}}, rows: map[row.Table][][]any{}}
			if err := tx.Append(context.Background(), logs, rows); err != nil {
				t.Fatal(err)
			}
		}
	})
}
