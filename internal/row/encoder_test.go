package row

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
)

func newEncoder(t testing.TB, cols ...Column) *Encoder {
	t.Helper()
	enc, err := NewEncoder(cols)
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

// ints, list and the like make values in one expression.
func intOf(n int64) (v Value)     { v.SetInt(n); return v }
func floatOf(f float64) (v Value) { v.SetFloat(f); return v }
func text(s string) (v Value)     { v.SetBytes([]byte(s)); return v }
func list(elems ...Value) (v Value) {
	v.SetList()
	for i := range elems {
		*v.Append() = elems[i]
	}
	return v
}

func TestAppendLimits(t *testing.T) {
	tests := []struct {
		name  string
		typ   Type
		value Value
	}{
		{"least INT64", Int64, intOf(math.MinInt64)},
		{"greatest INT64", Int64, intOf(math.MaxInt64)},
		{"zero is not NULL", Int64, intOf(0)},
		{"a byte", Int64, intOf(1<<7 - 1)},
		{"two bytes", Int64, intOf(1 << 7)},
		{"two bytes, full", Int64, intOf(1<<14 - 1)},
		{"three bytes", Int64, intOf(1 << 14)},
		{"false is not NULL", Bool, intOf(0)},
		{"NaN", Float64, floatOf(math.NaN())},
		{"infinity", Float64, floatOf(math.Inf(-1))},
		{"minus zero", Float64, floatOf(math.Copysign(0, -1))},
		{"smallest FLOAT64", Float64, floatOf(math.SmallestNonzeroFloat64)},
		{"empty STRING is not NULL", String, text("")},
		{"nil is an empty STRING", String, Value{kind: KindBytes}},
		{"STRING with NUL and the last code point", String, text("a\x00\U0010ffff")},
		{"STRING with U+FFFD of its own", String, text("a\ufffdb")},
		{"127 bytes", String, text(strings.Repeat("x", 127))},
		{"128 bytes", String, text(strings.Repeat("x", 128))},
		{"empty BYTES", Bytes, text("")},
		{"BYTES that are no UTF-8", Bytes, text("\xff\x00\xc0")},
		{"first DATE", Date, intOf(MinDate)},
		{"last DATE", Date, intOf(MaxDate)},
		{"first TIMESTAMP", Timestamp, intOf(MinTimestamp)},
		{"last TIMESTAMP", Timestamp, intOf(MaxTimestamp)},
		{"JSON null is not NULL", JSON, text("null")},
		{"JSON", JSON, text(` {"a":[1,"é",{}],"a":-0.5e-3}` + "\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkModes(t, Column{Type: tt.typ}, tt.value)
		})
	}
}

// checkModes encodes a value in a column of each mode and in a STRUCT.
func checkModes(t *testing.T, c Column, v Value) {
	t.Helper()
	column := func(name string, m Mode) Column {
		c := c
		c.Name, c.Mode = name, m
		return c
	}
	cols := []Column{column("n", Nullable), column("q", Required), column("r", Repeated), structOf("s", column("f", Nullable))}
	enc := newEncoder(t, cols...)
	rec := &Record{Values: []Value{v, v, list(v, v), list(v)}}
	got, err := enc.Append(nil, rec)
	if err != nil {
		t.Fatal(err)
	}
	checkEncoding(t, messageType(t, enc.Descriptor()), cols, rec, got)
	if enc.Replaced() != 0 {
		t.Errorf("replaced %d", enc.Replaced())
	}
}

// Texts of every length, alone in their memory or with others behind them, into buffers with room and without.
func TestAppendTexts(t *testing.T) {
	enc := newEncoder(t, Column{Name: "a", Type: String}, Column{Name: "b", Type: String}, Column{Name: "c", Type: String, Mode: Repeated})
	for n := range 300 {
		short, behind := strings.Repeat("x", n), []byte(strings.Repeat("x", n)+strings.Repeat("y", 80))
		alone := Value{kind: KindBytes, raw: []byte(short)[:n:n]}
		among := Value{kind: KindBytes, raw: behind[:n]}
		want := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), short)
		want = protowire.AppendString(protowire.AppendTag(want, 2, protowire.BytesType), short)
		want = protowire.AppendString(protowire.AppendTag(want, 3, protowire.BytesType), short)
		for _, values := range [][]Value{{alone, among, list(alone)}, {among, alone, list(among)}} {
			for _, room := range []int{0, n, 2000} {
				const before = "before"
				got, err := enc.Append(append(make([]byte, 0, len(before)+room), before...), &Record{Values: values})
				if err != nil || string(got) != before+string(want) {
					t.Fatalf("%d bytes: %x, %v, want %x", n, got, err, want)
				}
			}
		}
	}
}

// What SetTime stores is what the limits are checked against.
func TestTimestampRangeIsBigQuerys(t *testing.T) {
	var v Value
	for want, at := range map[int64]time.Time{
		MinTimestamp: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		MaxTimestamp: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		if v.SetTime(at); v.Int() != want {
			t.Errorf("%v is %d µs, want %d", at, v.Int(), want)
		}
	}
	day := func(year int, month time.Month, d int) int64 {
		return time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	if day(1, 1, 1) != MinDate || day(9999, 12, 31) != MaxDate {
		t.Errorf("dates run from %d to %d", day(1, 1, 1), day(9999, 12, 31))
	}
}

func TestAppendAbsence(t *testing.T) {
	inner := []Column{{Name: "a", Type: String}, {Name: "b", Type: Int64, Mode: Repeated}}
	enc := newEncoder(t,
		Column{Name: "s", Type: String}, Column{Name: "r", Type: Int64, Mode: Repeated},
		Column{Name: "p", Type: String, Mode: Repeated}, Column{Name: "t", Type: Struct, Fields: inner})
	tests := []struct {
		name   string
		values []Value
		want   string
	}{
		{"all NULL", []Value{{}, {}, {}, {}}, ""},
		{"empty lists", []Value{{}, list(), list(), {}}, ""},
		{"a STRUCT of NULLs is not NULL", []Value{{}, {}, {}, list(Value{}, list())}, "\x22\x00"},
		{"empty elements count", []Value{{}, list(intOf(0)), list(text(""), text("")), {}}, "\x12\x01\x00\x1a\x00\x1a\x00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := enc.Append(nil, &Record{Values: tt.values})
			if err != nil || string(got) != tt.want {
				t.Errorf("got %x, %v; want %x", got, err, tt.want)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	leaf := func(typ Type, mode Mode) []Column {
		return []Column{{Name: "c", Type: typ, Mode: mode}}
	}
	tests := []struct {
		name  string
		cols  []Column
		value Value
		want  string // text of a *ValueError
	}{
		{"TIMESTAMP too early", leaf(Timestamp, Nullable), intOf(MinTimestamp - 1), "column c: microsecond -62135596800000001 since"},
		{"TIMESTAMP too late", leaf(Timestamp, Nullable), intOf(MaxTimestamp + 1), "column c: microsecond 253402300800000000 since"},
		{"DATE too early", leaf(Date, Nullable), intOf(MinDate - 1), "column c: day -719163 since"},
		{"DATE too late", leaf(Date, Repeated), list(intOf(MaxDate + 1)), "column c: day 2932897 since"},
		{"BOOL", leaf(Bool, Nullable), intOf(2), "column c: a BOOL is 0 or 1, not 2"},
		{"JSON", leaf(JSON, Nullable), text("{"), "column c: no JSON that BigQuery takes: ends too early, at byte 1"},
		{"empty JSON", leaf(JSON, Nullable), text(""), "column c: no JSON that BigQuery takes: ends too early, at byte 0"},
		{"REQUIRED NULL", leaf(String, Required), Value{}, "column c: is REQUIRED, but NULL"},
		{"NULL element", leaf(String, Repeated), list(text("a"), Value{}), "column c: element 1 is NULL"},
		{"NULL packed element", leaf(Int64, Repeated), list(Value{}), "column c: element 0 is NULL"},
		{"REQUIRED NULL inside", []Column{{Name: "s", Type: Struct, Mode: Repeated, Fields: leaf(Int64, Required)}}, list(list(Value{})), "column s.c: is REQUIRED, but NULL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			enc := newEncoder(t, append([]Column{{Name: "first", Type: String}}, tt.cols...)...)
			rec := &Record{Values: []Value{text("bad \xff"), tt.value}}
			for _, room := range []int{0, 1000} {
				got, err := enc.Append(append(make([]byte, 0, len("before")+room), "before"...), rec)
				var bad *ValueError
				if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), tt.want) {
					t.Errorf("got error %v, want a ValueError %q", err, tt.want)
				}
				if string(got) != "before" {
					t.Errorf("dst is %q", got)
				}
			}
			if enc.Replaced() != 0 {
				t.Errorf("a refused row counts %d replaced values", enc.Replaced())
			}
		})
	}
}

// A record that does not fit the schema is a mistake in the code, and must not pass for bad data.
func TestAppendMistakes(t *testing.T) {
	enc := newEncoder(t, Column{Name: "n", Type: Int64}, Column{Name: "r", Type: String, Mode: Repeated},
		Column{Name: "s", Type: Struct, Fields: []Column{{Name: "f", Type: Float64}}})
	tests := []struct {
		name   string
		values []Value
		want   string
	}{
		{"too few", []Value{{}, {}}, "the record has 2 values for 3 columns, the first of them n"},
		{"too many", []Value{{}, {}, {}, {}}, "the record has 4 values for 3 columns, the first of them n"},
		{"kind", []Value{text("1"), {}, {}}, "column n: the record holds a value of kind bytes, which type INT64 does not take"},
		{"scalar for a list", []Value{{}, text("1"), {}}, "column r: the record holds a value of kind bytes, which type REPEATED STRING does not take"},
		{"kind of an element", []Value{{}, list(floatOf(1)), {}}, "column r: the record holds a value of kind float, which type REPEATED STRING does not take"},
		{"scalar for a STRUCT", []Value{{}, {}, intOf(1)}, "column s: the record holds a value of kind int, which type STRUCT does not take"},
		{"fields of a STRUCT", []Value{{}, {}, list()}, "the record has 0 values for 1 columns, the first of them s.f"},
		{"kind inside", []Value{{}, {}, list(list())}, "column s.f: the record holds a value of kind list, which type FLOAT64 does not take"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := enc.Append([]byte("before"), &Record{Values: tt.values})
			var bad *ValueError
			if err == nil || err.Error() != tt.want || errors.As(err, &bad) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
			if string(got) != "before" {
				t.Errorf("dst is %q", got)
			}
		})
	}
}

func TestAppendReplacesInvalidUTF8(t *testing.T) {
	tests := []string{
		"\xff", "a\xffb", "\xff\xfe\xfd", "a\xc3", "\xe2\x82", "é\xe9é", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xc0\xaf", "\x80" + strings.Repeat("long ", 60), "\ufffd\xff", "\xffa\xffb\xff",
	}
	cols := []Column{{Name: "s", Type: String}, {Name: "l", Type: String, Mode: Repeated}, {Name: "j", Type: JSON}}
	enc := newEncoder(t, cols...)
	md := messageType(t, enc.Descriptor())
	for i, in := range tests {
		got, err := enc.Append(nil, &Record{Values: []Value{text(in), list(text("ok"), text(in)), text(`"` + in + `"`)}})
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		want := string(bytes.ToValidUTF8([]byte(in), []byte("\ufffd")))
		checkEncoding(t, md, cols, &Record{Values: []Value{text(want), list(text("ok"), text(want)), text(`"` + want + `"`)}}, got)
		if enc.Replaced() != int64(3*(i+1)) {
			t.Errorf("%q: replaced %d", in, enc.Replaced())
		}
	}
}

// Lengths of nested messages are written before they are known: every width after every other.
func TestAppendNestedLengths(t *testing.T) {
	cols := []Column{{Name: "leaf", Type: Bytes}}
	for i := range maxNesting {
		cols = []Column{{Name: fmt.Sprint("s", i), Type: Struct, Mode: []Mode{Nullable, Repeated}[i%2], Fields: cols}}
	}
	enc := newEncoder(t, cols...)
	md := messageType(t, enc.Descriptor())
	for _, n := range []int{0, 127, 1, 128, 20, 1 << 14, 90, 1 << 21, 0, 1 << 21} {
		v := text(strings.Repeat("x", n))
		for i := range maxNesting {
			if v = list(v); i%2 == 1 {
				v = list(v)
			}
		}
		rec := &Record{Values: []Value{v}}
		got, err := enc.Append([]byte{}, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkEncoding(t, md, cols, rec, got)
	}
}

func TestAppendPackedLengths(t *testing.T) {
	cols := []Column{{Name: "i", Type: Int64, Mode: Repeated}, {Name: "f", Type: Float64, Mode: Repeated}}
	enc := newEncoder(t, cols...)
	md := messageType(t, enc.Descriptor())
	for _, n := range []int{1, 200, 2, 5000, 3} {
		var ints, floats Value
		ints.SetList()
		floats.SetList()
		for i := range n {
			ints.Append().SetInt(int64(i) - 100)
			floats.Append().SetFloat(float64(i) / 3)
		}
		rec := &Record{Values: []Value{ints, floats}}
		got, err := enc.Append(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkEncoding(t, md, cols, rec, got)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	enc := newEncoder(t,
		Column{Name: "a", Type: String}, Column{Name: "b", Type: Timestamp, Mode: Required},
		Column{Name: "c", Type: Int64, Mode: Repeated}, Column{Name: "d", Type: JSON}, Column{Name: "x", Type: String},
		Column{Name: "e", Type: Struct, Mode: Repeated, Fields: []Column{{Name: "f", Type: String}, {Name: "g", Type: Float64}}})
	rec := &Record{Values: []Value{
		text("GET"), intOf(1), list(intOf(200), intOf(-1)), text(`{"a":[1.5e3,"é"]}`), text("broken \xff"),
		// One is short and one long, so that the room left for the length is wrong each time.
		list(list(text("x"), floatOf(1)), list(text(strings.Repeat("x", 200)), Value{})),
	}}
	checkNoAllocations(t, enc, rec)
	schema, rec := everyType()
	checkNoAllocations(t, newEncoder(t, schema...), rec)
}

func checkNoAllocations(t *testing.T, enc *Encoder, rec *Record) {
	t.Helper()
	buf := make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := enc.Append(buf, rec); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per record", allocs)
	}
}

// Records are reused: what one leaves behind must not show in the next.
func TestRecordReuse(t *testing.T) {
	cols := []Column{{Name: "l", Type: Struct, Mode: Repeated, Fields: []Column{{Name: "a", Type: Int64, Mode: Repeated}}}}
	enc := newEncoder(t, cols...)
	rec := NewRecord(1)
	fill := func(n int) {
		rec.Reset(1)
		rec.Values[0].SetList()
		for i := range n {
			s := rec.Values[0].Append()
			s.SetList()
			ints := s.Append()
			ints.SetList()
			for range i {
				ints.Append().SetInt(7)
			}
		}
	}
	md := messageType(t, enc.Descriptor())
	for _, n := range []int{4, 2, 5, 0} {
		fill(n)
		got, err := enc.Append(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		m := dynamicpb.NewMessage(md)
		if err := proto.Unmarshal(got, m); err != nil {
			t.Fatal(err)
		}
		if got := m.Get(md.Fields().Get(0)).List().Len(); got != n {
			t.Errorf("%d elements, want %d", got, n)
		}
		checkEncoding(t, md, cols, rec, got)
	}
}
