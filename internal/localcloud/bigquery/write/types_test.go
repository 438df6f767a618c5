package write

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/row"
)

// Descriptors by hand, for what Google's adapt never makes.

func message(fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
	for i, f := range fields {
		f.Number = proto.Int32(int32(i + 1))
	}
	return &descriptorpb.DescriptorProto{Name: proto.String("Row"), Field: fields}
}

func optional(name, kind string) *descriptorpb.FieldDescriptorProto {
	f := &descriptorpb.FieldDescriptorProto{Name: &name, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
	if n, ok := descriptorpb.FieldDescriptorProto_Type_value["TYPE_"+strings.ToUpper(kind)]; ok {
		f.Type = descriptorpb.FieldDescriptorProto_Type(n).Enum()
	} else {
		f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), &kind
	}
	return f
}

func list(name, kind string) *descriptorpb.FieldDescriptorProto {
	f := optional(name, kind)
	f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	return f
}

func tableOf(columns ...row.Column) Table { return Table{Spec: row.Spec{Columns: columns}} }

func varint(n int64) []byte   { return protowire.AppendVarint([]byte{0x08}, uint64(n)) }
func zigzag(n int64) []byte   { return varint(int64(protowire.EncodeZigZag(n))) }
func fixed32(n uint32) []byte { return protowire.AppendFixed32([]byte{0x0d}, n) }
func fixed64(n uint64) []byte { return protowire.AppendFixed64([]byte{0x09}, n) }
func text(s string) []byte    { return protowire.AppendString([]byte{0x0a}, s) }

func wrap(m proto.Message) []byte { return text(string(must(proto.Marshal(m)))) }

// day is a DATE, or a DATETIME or TIMESTAMP at its start.
func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// bad is the expectation that a value is refused.
const bad = "refused"

// typeCases are of supported-data-types, "Supported protocol buffer data types": one for each
// pair, and the ends of each range.
var typeCases = []struct {
	column row.Type
	proto  string
	wire   []byte
	want   any
}{
	{row.Bool, "bool", varint(1), true},
	{row.Bool, "int32", varint(0), false},
	{row.Bool, "int64", varint(7), true},
	{row.Bool, "uint32", varint(1), true},
	{row.Bool, "uint64", varint(1), true},
	{row.Bool, ".google.protobuf.BoolValue", wrap(wrapperspb.Bool(true)), true},
	{row.Bool, ".google.protobuf.BoolValue", wrap(wrapperspb.Bool(false)), false},

	{row.Bytes, "bytes", text("\xff\x00"), []byte("\xff\x00")},
	{row.Bytes, "string", text(""), []byte{}},
	{row.Bytes, ".google.protobuf.BytesValue", wrap(wrapperspb.Bytes([]byte("b"))), []byte("b")},

	{row.Date, "int32", varint(0), day(1970, 1, 1)},
	{row.Date, "int32", varint(-719162), day(1, 1, 1)},
	{row.Date, "int32", varint(2932896), day(9999, 12, 31)},
	{row.Date, "int32", varint(-719163), bad},
	{row.Date, "int32", varint(2932897), bad},
	{row.Date, "int64", varint(20000), day(2024, 10, 4)},
	{row.Date, "int64", varint(math.MaxInt64), bad},
	{row.Date, "string", text("2024-02-29"), day(2024, 2, 29)},
	{row.Date, "string", text("2023-02-29"), bad},
	{row.Date, "string", text("0000-01-01"), bad},

	{row.Datetime, "string", text("2024-02-29 12:34:56.789"), day(2024, 2, 29).Add(12*time.Hour + 34*time.Minute + 56789*time.Millisecond)},
	{row.Datetime, "string", text("2024-2-9T1:2:3"), day(2024, 2, 9).Add(time.Hour + 2*time.Minute + 3*time.Second)},
	{row.Datetime, "string", text("2024-02-29"), day(2024, 2, 29)},
	{row.Datetime, "string", text("2024-02-29 "), bad},
	{row.Datetime, "string", text("2024-02-29 25:00:00"), bad},
	// The packed values are those of CivilTimeEncoder's own test (googleapis/java-bigquerystorage).
	{row.Datetime, "int64", varint(0x442000000000), day(1, 1, 1)},
	{row.Datetime, "int64", varint(0x486004200BB8), day(1, 2, 3).Add(time.Minute + 2*time.Second + 3*time.Millisecond)},
	{row.Datetime, "int64", varint(0x442D38F03E80), day(1, 1, 1).Add(13*time.Hour + 14*time.Minute + 15*time.Second + 16*time.Millisecond)},
	{row.Datetime, "int64", varint(0), bad},
	{row.Datetime, "int64", varint(0x7420000 << 20), bad}, // month 13
	{row.Datetime, "int64", varint(-1), bad},
	{row.Time, "string", text("12:34:56.000001"), 12*time.Hour + 34*time.Minute + 56*time.Second + time.Microsecond},
	{row.Time, "string", text("12:34:56.0000001"), bad},
	{row.Time, "string", text("12:34:56."), bad},
	{row.Time, "string", text("12:34:56.-1"), bad},
	{row.Time, "string", text("24:00:00"), bad},
	{row.Time, "int64", varint(0xD38F03E80), 13*time.Hour + 14*time.Minute + 15*time.Second + 16*time.Millisecond},
	{row.Time, "int64", varint(60 << 20), bad}, // 60 seconds

	{row.Float64, "double", fixed64(math.Float64bits(1.5)), 1.5},
	{row.Float64, "float", fixed32(math.Float32bits(0.25)), 0.25},
	{row.Float64, ".google.protobuf.DoubleValue", wrap(wrapperspb.Double(math.Inf(-1))), math.Inf(-1)},
	{row.Float64, ".google.protobuf.FloatValue", wrap(wrapperspb.Float(2)), 2.0},

	{row.Int64, "int32", varint(-5), int64(-5)},
	{row.Int64, "int64", varint(math.MinInt64), int64(math.MinInt64)},
	{row.Int64, "uint32", varint(math.MaxUint32), int64(math.MaxUint32)},
	{row.Int64, "sint32", zigzag(math.MinInt32), int64(math.MinInt32)},
	{row.Int64, "sint64", zigzag(math.MinInt64), int64(math.MinInt64)},
	{row.Int64, "fixed32", fixed32(math.MaxUint32), int64(math.MaxUint32)},
	{row.Int64, "sfixed32", fixed32(math.MaxUint32), int64(-1)},
	{row.Int64, "sfixed64", fixed64(math.MaxUint64), int64(-1)},
	{row.Int64, ".google.protobuf.Int32Value", wrap(wrapperspb.Int32(-1)), int64(-1)},
	{row.Int64, ".google.protobuf.Int64Value", wrap(wrapperspb.Int64(0)), int64(0)},
	{row.Int64, ".google.protobuf.UInt32Value", wrap(wrapperspb.UInt32(3)), int64(3)},

	{row.JSON, "string", text(`{"a":[1,null]}`), `{"a":[1,null]}`},
	{row.JSON, "string", text(`{"a":`), bad},
	{row.JSON, "string", text(""), bad},
	{row.JSON, "string", text("\"\xff\""), bad},

	{row.Numeric, "int32", varint(-1), "-1"},
	{row.Numeric, "int64", varint(math.MaxInt64), "9223372036854775807"},
	{row.Numeric, "uint32", varint(1), "1"},
	{row.Numeric, "uint64", varint(-1), "18446744073709551615"},
	{row.Numeric, "double", fixed64(math.Float64bits(1.1)), "1.1"},
	{row.Numeric, "double", fixed64(math.Float64bits(math.NaN())), bad},
	{row.Numeric, "float", fixed32(math.Float32bits(-2.5)), "-2.5"},
	{row.Numeric, "string", text("-123.450"), "-123.45"},
	{row.Numeric, "string", text("1e3"), "1000"},
	{row.Numeric, "string", text("99999999999999999999999999999.999999999"), "99999999999999999999999999999.999999999"},
	{row.Numeric, "string", text("100000000000000000000000000000"), bad},
	{row.Numeric, "string", text("0.0000000001"), bad},
	{row.Numeric, "string", text("1/2"), bad},
	{row.Numeric, "string", text("1e999999999"), bad},
	{row.Numeric, "string", text(""), bad},
	{row.Numeric, "bytes", text("\x00\xca\x9a\x3b"), "1"}, // 10^9
	{row.Numeric, "bytes", text("\xff"), "-0.000000001"},
	{row.Numeric, "bytes", text(""), bad},
	{row.BigNumeric, "string", text("0.00000000000000000000000000000000000001"), "0.00000000000000000000000000000000000001"},
	{row.BigNumeric, "bytes", text("\x01"), "0.00000000000000000000000000000000000001"},

	{row.BigNumeric, "bytes", text(strings.Repeat("\xff", 31) + "\x7f"), "578960446186580977117854925043439539266.34992332820282019728792003956564819967"},
	{row.BigNumeric, "bytes", text(strings.Repeat("\x00", 31) + "\x80"), "-578960446186580977117854925043439539266.34992332820282019728792003956564819968"},
	{row.BigNumeric, "string", text("578960446186580977117854925043439539266.34992332820282019728792003956564819968"), bad},
	{row.BigNumeric, "bytes", text(strings.Repeat("\x00", 33)), bad},

	{row.Geography, "string", text("point(1 2)"), "POINT(1 2)"},
	{row.Geography, "string", text(`{"type":"Point","coordinates":[1,2]}`), "POINT(1 2)"},
	{row.Geography, "string", text("POINT(1 91)"), bad},
	{row.Geography, "string", text("\xff"), bad},
	{row.Geography, ".google.protobuf.StringValue", wrap(wrapperspb.String("POINT(1 2)")), "POINT(1 2)"},

	{row.Interval, "string", text("-1-2 3 -4:5:6.789"), row.IntervalValue{Months: -14, Days: 3, Micros: -14_706_789_000}},
	{row.Interval, "string", text("10000-0 3660000 87840000:0:0"), row.IntervalValue{Months: 120_000, Days: 3_660_000, Micros: 316_224_000_000_000_000}},
	{row.Interval, "string", text("10000-1 0 0:0:0"), bad},
	{row.Interval, "string", text("P1Y"), bad},
	{row.Interval, "string", text(""), bad},
	{row.Interval, ".google.protobuf.Duration", wrap(durationpb.New(-1500 * time.Millisecond)), row.IntervalValue{Micros: -1_500_000}},
	{row.Interval, ".google.protobuf.Duration", wrap(&durationpb.Duration{Seconds: 87_840_000 * 3600}), row.IntervalValue{Micros: 316_224_000_000_000_000}},
	{row.Interval, ".google.protobuf.Duration", wrap(&durationpb.Duration{Seconds: 87_840_000 * 3600, Nanos: 1000}), bad},
	{row.Interval, ".google.protobuf.Duration", wrap(&durationpb.Duration{Seconds: math.MaxInt64}), bad},

	{row.String, "string", text("héllo"), "héllo"},
	{row.String, "string", text("\xc3\x28"), bad},
	{row.String, ".google.protobuf.StringValue", wrap(wrapperspb.String("s")), "s"},
	{row.String, ".google.protobuf.StringValue", wrap(wrapperspb.String("")), ""},

	{row.Timestamp, "int64", varint(1), time.UnixMicro(1).UTC()},
	{row.Timestamp, "int64", varint(-62135596800000000), day(1, 1, 1)},
	{row.Timestamp, "int64", varint(-62135596800000001), bad},
	{row.Timestamp, "int64", varint(253402300799999999), day(10000, 1, 1).Add(-time.Microsecond)},
	{row.Timestamp, "int64", varint(253402300800000000), bad},
	{row.Timestamp, "int32", varint(-1), time.UnixMicro(-1).UTC()},
	{row.Timestamp, "uint32", varint(1), time.UnixMicro(1).UTC()},
	{row.Timestamp, ".google.protobuf.Timestamp", wrap(&timestamppb.Timestamp{Seconds: -1, Nanos: 999_999_999}), time.UnixMicro(-1).UTC()},
	{row.Timestamp, ".google.protobuf.Timestamp", wrap(&timestamppb.Timestamp{Seconds: math.MaxInt64}), bad},
}

func TestSupportedTypes(t *testing.T) {
	for _, c := range typeCases {
		d, err := newDecoder(message(optional("c", c.proto)), tableOf(row.Column{Name: "c", Type: c.column}), "s")
		if err != nil {
			t.Errorf("%s of %s: %v", c.column, c.proto, err)
			continue
		}
		rows, err := d.rows([][]byte{c.wire})
		switch {
		case c.want == any(bad):
			if err == nil {
				t.Errorf("%s of %s % x: no error, value %v", c.column, c.proto, c.wire, rows[0][0])
			}
		case err != nil:
			t.Errorf("%s of %s % x: %v", c.column, c.proto, c.wire, err.(*rowsError).rows)
		case !reflect.DeepEqual(rows[0][0], c.want):
			t.Errorf("%s of %s: %#v, want %#v", c.column, c.proto, rows[0][0], c.want)
		}
	}
}

// A RANGE is a message of start and end; one that is not set is unbounded (supported-data-types).
func TestRanges(t *testing.T) {
	column := row.Column{Name: "c", Type: row.Range, RangeElement: row.Date}
	writer := message(optional("c", ".root.Bounds"))
	writer.Name = proto.String("root")
	writer.NestedType = []*descriptorpb.DescriptorProto{message(optional("start", "int32"), optional("end", "string"))}
	writer.NestedType[0].Name = proto.String("Bounds")
	d, err := newDecoder(writer, tableOf(column), "s")
	if err != nil {
		t.Fatal(err)
	}
	start, end := varint(19_000), append([]byte{0x12, 10}, "2022-01-09"...) // 2022-01-08
	for _, tt := range []struct {
		wire []byte
		want any
	}{
		{text(""), []any{nil, nil}},
		{text(string(start)), []any{day(2022, 1, 8), nil}},
		{text(string(end)), []any{nil, day(2022, 1, 9)}},
		{text(string(start) + string(end)), []any{day(2022, 1, 8), day(2022, 1, 9)}},
		{append(text(string(end)), text(string(start))...), []any{day(2022, 1, 8), day(2022, 1, 9)}},
		{text(string(varint(19_001)) + string(end)), bad},
		{text(string(varint(19_002)) + string(end)), bad},
		{text(string(varint(2_932_897))), bad},
	} {
		rows, err := d.rows([][]byte{tt.wire})
		if (err == nil) == (tt.want == any(bad)) || err == nil && !reflect.DeepEqual(rows[0][0], tt.want) {
			t.Errorf("% x: %v, %v; want %v", tt.wire, rows[0][0], err, tt.want)
		}
	}
}

// Every pair that the page does not list is refused before any row is looked at.
func TestUnsupportedTypes(t *testing.T) {
	for column, protos := range map[row.Type][]string{
		row.Bool:      {"string", "double", ".google.protobuf.StringValue"},
		row.Bytes:     {"int64"},
		row.Date:      {"uint32", "double", ".google.protobuf.Timestamp"},
		row.Datetime:  {"int32", "double"},
		row.Float64:   {"string", "int64"},
		row.Int64:     {"uint64", "fixed64", "string", "bool", "double", ".google.protobuf.UInt64Value"},
		row.Geography: {"bytes", "int64"},
		row.Interval:  {"bytes", "int64", ".google.protobuf.Timestamp"},
		row.JSON:      {"bytes", "int64"},
		row.Range:     {"string", "int64"},
		row.Numeric:   {"bool"},
		row.String:    {"bytes", "int64"},
		row.Timestamp: {"string", "uint64", "double"},
		row.Struct:    {"string"},
	} {
		for _, p := range protos {
			_, err := newDecoder(message(optional("c", p)), tableOf(row.Column{Name: "c", Type: column}), "s")
			if err == nil {
				t.Errorf("%s of %s: no error", column, p)
				continue
			}
			wantError(t, err, codes.InvalidArgument, 0)
		}
	}
}

// The declared default of a field stands for its absence (validation_test.go of managedwriter,
// "proto2 default values w/nulls"), whatever its type.
func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		column row.Type
		proto  string
		def    string
		want   any
	}{
		{row.Bool, "bool", "true", true},
		{row.Bool, "bool", "false", false},
		{row.Float64, "double", "1.11", 1.11},
		{row.Float64, "float", "2.5", 2.5},
		{row.Int64, "int32", "-3", int64(-3)},
		{row.Int64, "int64", "0", int64(0)},
		{row.Int64, "uint32", "5", int64(5)},
		{row.Int64, "sint32", "-7", int64(-7)},
		{row.Int64, "sint64", "8", int64(8)},
		{row.Int64, "fixed32", "9", int64(9)},
		{row.Int64, "sfixed32", "-11", int64(-11)},
		{row.Int64, "sfixed64", "12", int64(12)},
		{row.Numeric, "uint64", "18446744073709551615", "18446744073709551615"},
		{row.String, "string", "custom default", "custom default"},
		{row.String, "string", "", ""},
		{row.Bytes, "bytes", "optional bytes", []byte("optional bytes")},
		{row.Timestamp, "int64", "1", time.UnixMicro(1).UTC()},
	} {
		f := optional("c", c.proto)
		f.DefaultValue = &c.def
		d, err := newDecoder(message(f), tableOf(row.Column{Name: "c", Type: c.column}), "s")
		if err != nil {
			t.Errorf("%s of %s: %v", c.column, c.proto, err)
			continue
		}
		if rows, err := d.rows([][]byte{{}}); err != nil || !reflect.DeepEqual(rows[0][0], c.want) {
			t.Errorf("%s of %s: %#v, %v; want %#v", c.column, c.proto, rows[0][0], err, c.want)
		}
	}
}
