package row

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The ends of the types' ranges (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types).
const (
	maxNumeric    = "99999999999999999999999999999.999999999"
	maxBigNumeric = "578960446186580977117854925043439539266.34992332820282019728792003956564819967"
	minBigNumeric = "-578960446186580977117854925043439539266.34992332820282019728792003956564819968"
)

func TestAppendTypeLimits(t *testing.T) {
	dates := Column{Type: Range, RangeElement: Date}
	tests := []struct {
		name  string
		col   Column
		value Value
	}{
		{"greatest NUMERIC", Column{Type: Numeric}, text(maxNumeric)},
		{"least NUMERIC", Column{Type: Numeric}, text("-" + maxNumeric)},
		{"smallest NUMERIC", Column{Type: Numeric}, text("-1e-9")},
		{"NUMERIC zero", Column{Type: Numeric}, text("-0.00")},
		{"greatest BIGNUMERIC", Column{Type: BigNumeric}, text(maxBigNumeric)},
		{"least BIGNUMERIC", Column{Type: BigNumeric}, text(minBigNumeric)},
		{"smallest BIGNUMERIC", Column{Type: BigNumeric}, text("1e-38")},
		{"first DATETIME", Column{Type: Datetime}, intOf(MinTimestamp)},
		{"last DATETIME", Column{Type: Datetime}, intOf(MaxTimestamp)},
		{"last DATETIME before 1970", Column{Type: Datetime}, intOf(-1)},
		{"midnight", Column{Type: Time}, intOf(MinTime)},
		{"last TIME", Column{Type: Time}, intOf(MaxTime)},
		{"greatest INTERVAL", Column{Type: Interval}, text("10000-0 3660000 87840000:0:0")},
		{"least INTERVAL", Column{Type: Interval}, text("-10000-0 -3660000 -87840000:0:0")},
		{"smallest INTERVAL", Column{Type: Interval}, text("0-0 0 -0:0:0.000001")},
		{"INTERVAL of mixed signs", Column{Type: Interval}, text("P-1Y2W-1DT-0.5S")},
		{"GEOGRAPHY as WKT", Column{Type: Geography}, text("POLYGON((0 -90, 180 0, 0 90, 0 -90))")},
		{"GEOGRAPHY as GeoJSON", Column{Type: Geography}, text(`{"type":"Point","coordinates":[-180,90]}`)},
		{"longest RANGE", dates, list(intOf(MinDate), intOf(MaxDate))},
		{"shortest RANGE", dates, list(intOf(0), intOf(1))},
		{"unbounded RANGE", dates, list(Value{}, Value{})},
		{"RANGE without end", dates, list(intOf(MaxDate), Value{})},
		{"RANGE without start", dates, list(Value{}, intOf(MinDate))},
		{"RANGE of DATETIME", Column{Type: Range, RangeElement: Datetime}, list(intOf(MinTimestamp), intOf(MaxTimestamp))},
		{"RANGE of TIMESTAMP", Column{Type: Range, RangeElement: Timestamp}, list(intOf(MinTimestamp), intOf(MaxTimestamp))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkModes(t, tt.col, tt.value) })
	}
}

func TestAppendRefusesTypes(t *testing.T) {
	dates := Column{Name: "c", Type: Range, RangeElement: Date}
	of := func(typ Type) Column { return Column{Name: "c", Type: typ} }
	tests := []struct {
		col   Column
		value Value
		want  string // text of a *ValueError
	}{
		{of(Numeric), text("1e29"), `column c: "1e29" is no NUMERIC: out of range`},
		{of(Numeric), text("-100000000000000000000000000000"), `column c: "-100000000000000000000000000000" is no NUMERIC: out of range`},
		{of(Numeric), text("0.0000000001"), `column c: "0.0000000001" is no NUMERIC: too many digits after the point`},
		{of(Numeric), text(""), `column c: "" is no NUMERIC: no decimal number`},
		{of(BigNumeric), text(strings.Replace(maxBigNumeric, "967", "968", 1)), `column c: "57896`},
		{of(BigNumeric), text(strings.Replace(minBigNumeric, "968", "969", 1)), `column c: "-57896`},
		{of(BigNumeric), text("1e39"), `column c: "1e39" is no BIGNUMERIC: out of range`},
		{of(BigNumeric), text("1e-39"), `column c: "1e-39" is no BIGNUMERIC: too many digits after the point`},
		{of(BigNumeric), text("NaN"), `column c: "NaN" is no BIGNUMERIC: no decimal number`},
		{of(Datetime), intOf(MinTimestamp - 1), "column c: microsecond -62135596800000001 since"},
		{of(Datetime), intOf(MaxTimestamp + 1), "column c: microsecond 253402300800000000 since"},
		{of(Time), intOf(-1), "column c: microsecond -1 since midnight"},
		{of(Time), intOf(MaxTime + 1), "column c: microsecond 86400000000 since midnight"},
		{of(Interval), text("10000-1 0 0:0:0"), "column c: an INTERVAL part is beyond"},
		{of(Interval), text("3 days"), "column c: no INTERVAL"},
		{of(Geography), text("POINT(0 91)"), "column c: a GEOGRAPHY's latitude"},
		{dates, list(intOf(1), intOf(1)), "column c: a RANGE starts before it ends, but 1 is not less than 1"},
		{dates, list(intOf(2), intOf(1)), "column c: a RANGE starts before it ends"},
		{dates, list(intOf(MinDate-1), Value{}), "column c.start: day -719163 since"},
		{dates, list(Value{}, intOf(MaxDate+1)), "column c.end: day 2932897 since"},
	}
	for _, tt := range tests {
		got, err := newEncoder(t, tt.col).Append([]byte("before"), &Record{Values: []Value{tt.value}})
		var bad *ValueError
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), tt.want) || string(got) != "before" {
			t.Errorf("%s of %q: %v, %q; want a ValueError %q", tt.col.Type, tt.value.Bytes(), err, got, tt.want)
		}
	}
	_, err := newEncoder(t, dates).Append(nil, &Record{Values: []Value{list(intOf(1))}})
	if want := "the record has 1 values for 2 columns, the first of them c.start"; err == nil || err.Error() != want {
		t.Errorf("a RANGE of one bound: %v, want %q", err, want)
	}
}

// The packed times are those of CivilTimeEncoder's own test (googleapis/java-bigquerystorage), the
// decimals what BigInteger.toByteArray gives, turned around.
func TestWireFormsOfGoogle(t *testing.T) {
	for micros, want := range map[int64]uint64{
		-62135596800000000: 0x442000000000, -62132745537997000: 0x486004200bb8, -62135549144984000: 0x442d38f03e80,
	} {
		if got := packDatetime(micros); got != want {
			t.Errorf("datetime %d packs to %#x, want %#x", micros, got, want)
		}
	}
	if got := packTime(47655016000); got != 0xd38f03e80 {
		t.Errorf("13:14:15.016 packs to %#x", got)
	}
	for in, want := range map[string]string{
		"1": "\x00\xca\x9a\x3b", "-1": "\x00\x36\x65\xc4", "0": "\x00", "1.28e-7": "\x80\x00", "-1.28e-7": "\x80", "-1.29e-7": "\x7f\xff",
		maxNumeric: "\xff\xff\xff\xff\x3f\x22\x8a\x09\x7a\xc4\x86\x5a\xa8\x4c\x3b\x4b",
	} {
		if got := encodeOne(t, Numeric, in); string(got) != want {
			t.Errorf("NUMERIC %s is % x, want % x", in, got, want)
		}
	}
}

// encodeOne returns what a column of one type holds, without tag and length.
func encodeOne(t testing.TB, typ Type, in string) []byte {
	t.Helper()
	enc := newEncoder(t, Column{Name: "c", Type: typ})
	wire, err := enc.Append(nil, &Record{Values: []Value{text(in)}})
	if err != nil {
		t.Fatal(err)
	}
	got, n := protowire.ConsumeBytes(wire[1:])
	if n != len(wire)-1 {
		t.Fatalf("% x is no length-delimited field", wire)
	}
	return got
}

func TestDecimalForms(t *testing.T) {
	for _, in := range []string{
		"0", "1", "+1", "-1", "1.", ".5", "-.5", "00012.500", "1e3", "1E+3", "120e-1", "1000000000e-18", "0e999999", "0.0e-99999999999999",
		"0.000000000000000000000000000000000000000000000", "1" + strings.Repeat("0", 50) + "e-50", strings.Repeat("0", 500) + "7",
		"", "+", ".", "e1", "1e", "1e+", "1.2.3", "1,5", " 1", "1 ", "0x10", "inf", "1_000", "--1", "1e1.5", "1e99999999999999999999",
		"1e-99999999999999999999", strings.Repeat("9", 500), "0." + strings.Repeat("0", 500) + "1", "1\x00",
	} {
		checkDecimal(t, in)
	}
}

// checkDecimal compares both types' encodings with math/big's.
func checkDecimal(t *testing.T, in string) {
	t.Helper()
	for _, typ := range []Type{Numeric, BigNumeric} {
		want := decimalByBig(typ, in)
		enc := newEncoder(t, Column{Name: "c", Type: typ})
		wire, err := enc.Append(nil, &Record{Values: []Value{text(in)}})
		var bad *ValueError
		switch {
		case err == nil && !bytes.Equal(wire, protowire.AppendBytes([]byte{0x0a}, want)):
			t.Errorf("%s %q is % x, want % x", typ, in, wire[2:], want)
		case err != nil && (want != nil || !errors.As(err, &bad)):
			t.Errorf("%s %q: %v, want % x", typ, in, err, want)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{maxNumeric, maxBigNumeric, minBigNumeric, "-0.5e-3", "1e38", ".", "120.0e1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if i := strings.IndexAny(in, "eE"); i >= 0 && len(in)-i > 6 {
			return // math/big would compute for very long
		}
		checkDecimal(t, in)
	})
}

func TestIntervalForms(t *testing.T) {
	for _, in := range []string{
		"0-0 0 0:0:0", "1-2 3 4:5:6", "-1-2 -3 -4:5:6.789", "+1-2 +3 +4:5:6", "0-13 370 48:61:61.000001", "0-120000 0 0:0:0", "0-0 0 0:0:316224000000",
		"1-2 3 4:5:6.7890000", "0-0 0 0:0:0.1234560000", "P1Y", "P1Y2M3W4DT5H6M7.89S", "PT0S", "P-1Y-2M", "PT1M", "P1M", "PT-0.000001S", "P10000Y", "P9000Y12000M",
		"P10001Y-12M", "P-500W4D",
		"", " ", "P", "PT", "P1", "PT1", "P1H", "PT1D", "P1DT", "P1M1Y", "P1Y1Y", "P1.5D", "PT1.5H", "PT1.S", "PT.5S", "-P1Y", "p1y", "P1Y ", "1-2", "1-2 3",
		"1-2 3 4:5", "1 2 3", "1-2  3 4:5:6", " 1-2 3 4:5:6", "1--2 3 4:5:6", "1-2 3 4:-5:6", "0-0 0 0:0:0.", "0-0 0 0:0:0.0000001", "10000-1 0 0:0:0",
		"-10000-1 0 0:0:0", "0-0 3660001 0:0:0", "0-0 0 87840000:0:0.000001", "0-0 0 -87840000:0:1", "P999999999999999999999Y", "0-0 99999999999999999999 0:0:0",
	} {
		checkInterval(t, in)
	}
}

// checkInterval compares with a regular expression and math/big.
func checkInterval(t *testing.T, in string) {
	t.Helper()
	want := intervalByRegexp(in)
	v, err := ParseInterval([]byte(in))
	switch {
	case err != nil && want != "":
		t.Errorf("%q: %v, want %s", in, err, want)
	case err == nil && v.String() != want:
		t.Errorf("%q is %s, want %q", in, v, want)
	case err == nil:
		if again, err := ParseInterval([]byte(want)); again != v || err != nil {
			t.Errorf("%q reads back as %v, %v; want %v", want, again, err, v)
		}
	}
}

func FuzzInterval(f *testing.F) {
	for _, s := range []string{"1-2 3 4:5:6.789", "-10000-0 -3660000 -87840000:0:0", "P1Y2M3W4DT5H6M7.89S", "P-1MT-0.5S"} {
		f.Add(s)
	}
	f.Fuzz(checkInterval)
}
