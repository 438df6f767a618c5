package row

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// chooser makes the choices of a generated schema or record: at random, or as a fuzzer says.
type chooser interface {
	IntN(n int) int
	Uint64() uint64
}

var scalarTypes = []Type{
	Bool, Int64, Float64, Numeric, BigNumeric, String, Bytes, Date, Datetime, Time, Timestamp, Geography, Interval, Range, JSON,
}

// genColumns returns up to max columns. Descriptions differ, so that adapt sees no two equal STRUCTs.
func genColumns(c chooser, prefix string, most, depth int) []Column {
	cols := make([]Column, 1+c.IntN(most))
	for i := range cols {
		cols[i] = Column{
			Name: fmt.Sprintf("%c%d_x", "aBcD_"[c.IntN(5)], i),
			Type: scalarTypes[c.IntN(len(scalarTypes))],
			Mode: []Mode{Nullable, Required, Repeated}[c.IntN(3)],
		}
		cols[i].Description = prefix + cols[i].Name
		if cols[i].Type == Range {
			cols[i].RangeElement = rangeTypes[c.IntN(len(rangeTypes))]
		}
		if depth > 0 && c.IntN(3) == 0 {
			cols[i].Type, cols[i].RangeElement = Struct, ""
			cols[i].Fields = genColumns(c, cols[i].Description+".", most, depth-1)
		}
	}
	return cols
}

func genValues(c chooser, cols []Column, values []Value) {
	for i := range cols {
		v := &values[i]
		switch {
		case cols[i].Mode == Repeated:
			v.SetList()
			for range c.IntN(4) {
				genValue(c, &cols[i], v.Append())
			}
		case cols[i].Mode == Nullable && c.IntN(3) == 0:
			v.SetNull()
		default:
			genValue(c, &cols[i], v)
		}
	}
}

func genValue(c chooser, col *Column, v *Value) {
	switch col.Type {
	case Bool:
		v.SetBool(c.IntN(2) == 1)
	case Int64:
		v.SetInt(int64(c.Uint64() >> c.IntN(64)))
	case Float64:
		v.SetFloat(math.Float64frombits(c.Uint64()))
	case Date:
		v.SetInt(MinDate + int64(c.Uint64()%(MaxDate-MinDate+1)))
	case Timestamp, Datetime:
		v.SetInt(MinTimestamp + int64(c.Uint64()%(MaxTimestamp-MinTimestamp+1)))
	case Time:
		v.SetInt(int64(c.Uint64() % (MaxTime + 1)))
	case Numeric, BigNumeric:
		v.SetBytes([]byte(genDecimal(c, col.Type)))
	case Interval:
		v.SetBytes([]byte(genInterval(c)))
	case Geography:
		v.SetBytes(fmt.Appendf(nil, []string{"Point (%d %d)", `{"coordinates":[%d,%d],"type":"Point"}`}[c.IntN(2)], c.IntN(360)-180, c.IntN(180)-90))
	case Range:
		genRange(c, col, v)
	case Bytes:
		v.SetBytes(genBytes(c))
	case String:
		v.SetBytes(bytes.ToValidUTF8(genBytes(c), []byte("é")))
	case JSON:
		v.SetBytes(fmt.Appendf(nil, `{"k": [%d, "\u00e9"]}`, c.Uint64()))
	case Struct:
		v.SetList()
		for range col.Fields {
			v.Append()
		}
		genValues(c, col.Fields, v.List())
	}
}

// genBytes is mostly short, and sometimes long enough for a length of three bytes.
func genBytes(c chooser) []byte {
	n := c.IntN(40)
	if c.IntN(10) == 0 {
		n *= 600
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(c.IntN(256))
	}
	return b
}

// adaptDescriptor is what Google's own client makes of the schema.
func adaptDescriptor(t testing.TB, s Schema) *descriptorpb.DescriptorProto {
	t.Helper()
	file, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	// adapt has no INTERVAL; it travels as a string, as GEOGRAPHY does.
	schema, err := bigquery.SchemaFromJSON(bytes.ReplaceAll(file, []byte(`"INTERVAL"`), []byte(`"GEOGRAPHY"`)))
	if err != nil {
		t.Fatal(err)
	}
	storage, err := adapt.BQSchemaToStorageTableSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	d, err := adapt.StorageSchemaToProto2Descriptor(storage, "root")
	if err != nil {
		t.Fatal(err)
	}
	dp, err := adapt.NormalizeDescriptor(d.(protoreflect.MessageDescriptor))
	if err != nil {
		t.Fatal(err)
	}
	return dp
}

// messageType loads a self-contained descriptor.
func messageType(t testing.TB, d *descriptorpb.DescriptorProto) protoreflect.MessageDescriptor {
	t.Helper()
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:        proto.String("row.proto"),
		Syntax:      proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{d},
	}, nil)
	if err != nil {
		t.Fatalf("descriptor: %v", err)
	}
	return file.Messages().Get(0)
}

// toDynamic puts the values of columns into a dynamic message, one by one.
func toDynamic(m protoreflect.Message, cols []Column, values []Value) {
	fields := m.Descriptor().Fields()
	for i := range values {
		v, fd := &values[i], fields.ByNumber(protoreflect.FieldNumber(i+1))
		switch {
		case v.IsNull():
		case fd.IsList():
			list := m.Mutable(fd).List()
			for j := range v.List() {
				list.Append(toProto(&cols[i], list.NewElement, &v.List()[j]))
			}
		default:
			m.Set(fd, toProto(&cols[i], func() protoreflect.Value { return m.NewField(fd) }, v))
		}
	}
}

func toProto(c *Column, newMessage func() protoreflect.Value, v *Value) protoreflect.Value {
	switch c.Type {
	case Bool:
		return protoreflect.ValueOfBool(v.Int() == 1)
	case Date:
		return protoreflect.ValueOfInt32(int32(v.Int()))
	case Int64, Timestamp:
		return protoreflect.ValueOfInt64(v.Int())
	case Datetime, Time:
		return protoreflect.ValueOfInt64(packedByArithmetic(c.Type, v.Int()))
	case Float64:
		return protoreflect.ValueOfFloat64(v.Float())
	case String, JSON, Geography:
		return protoreflect.ValueOfString(string(v.Bytes()))
	case Interval:
		return protoreflect.ValueOfString(intervalByRegexp(string(v.Bytes())))
	case Numeric, BigNumeric:
		return protoreflect.ValueOfBytes(decimalByBig(c.Type, string(v.Bytes())))
	case Bytes:
		return protoreflect.ValueOfBytes(v.Bytes())
	default:
		m := newMessage()
		toDynamic(m.Message(), c.parts(), v.List())
		return m
	}
}

// checkEncoding compares a record's encoding with the dynamic message of the same values.
func checkEncoding(t testing.TB, md protoreflect.MessageDescriptor, cols []Column, rec *Record, got []byte) {
	t.Helper()
	want := dynamicpb.NewMessage(md)
	toDynamic(want, cols, rec.Values)
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(want)
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	if !bytes.Equal(got, wire) {
		t.Fatalf("encoded\n%x, want\n%x\n%v", got, wire, want)
	}
	decoded := dynamicpb.NewMessage(md)
	if err := proto.Unmarshal(got, decoded); err != nil {
		t.Fatalf("the row does not decode: %v", err)
	}
	if !proto.Equal(decoded, want) {
		t.Fatalf("decoded %v, want %v", decoded, want)
	}
}

func TestEncoderMatchesOracle(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		schema := Schema(genColumns(rng, "", 6, 3))
		enc, err := NewEncoder(schema)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want := adaptDescriptor(t, schema)
		if !proto.Equal(enc.Descriptor(), want) {
			t.Fatalf("seed %d: descriptor\n%v\nwant\n%v", seed, enc.Descriptor(), want)
		}
		md := messageType(t, want)
		rec, buf := NewRecord(len(schema)), []byte("before")
		for range 20 {
			rec.Reset(len(schema))
			genValues(rng, schema, rec.Values)
			start := len(buf)
			if buf, err = enc.Append(buf, rec); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			checkEncoding(t, md, schema, rec, buf[start:])
		}
		if !bytes.HasPrefix(buf, []byte("before")) {
			t.Fatalf("seed %d: Append wrote over what dst held", seed)
		}
		if enc.Replaced() != 0 {
			t.Fatalf("seed %d: %d valid texts replaced", seed, enc.Replaced())
		}
	}
}

// FuzzAppend makes a schema and a record that need not fit it from the fuzzer's bytes.
func FuzzAppend(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x03\x01\x02\x03\xff\xfe\x80plain text, and then some more of it"))
	f.Add(bytes.Repeat([]byte{2, 0, 1, 9, 200, 3}, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &byteChooser{data}
		schema := Schema(genColumns(c, "", 5, 3))
		enc, err := NewEncoder(schema)
		if err != nil {
			t.Fatal(err)
		}
		rec := NewRecord(len(schema))
		genValues(c, schema, rec.Values)
		spoil(c, rec.Values)
		got, err := enc.Append([]byte("before"), rec)
		if err != nil {
			if string(got) != "before" || enc.Replaced() != 0 {
				t.Fatalf("after %v: dst is %q, replaced %d", err, got, enc.Replaced())
			}
			return
		}
		m := dynamicpb.NewMessage(messageType(t, enc.Descriptor()))
		if err := proto.Unmarshal(got[len("before"):], m); err != nil {
			t.Fatalf("the row does not decode: %v", err)
		}
		if len(m.GetUnknown()) > 0 {
			t.Fatalf("unknown fields %x", m.GetUnknown())
		}
		checkUTF8(t, m)
	})
}

// spoil changes some values to what their column may not hold.
func spoil(c chooser, values []Value) {
	for i := range values {
		v := &values[i]
		switch c.IntN(12) {
		case 0:
			v.SetNull()
		case 1:
			v.SetInt(int64(c.Uint64()))
		case 2:
			v.SetBytes(genBytes(c))
		case 3:
			v.SetList()
			v.Append().SetFloat(1)
		}
		if v.Kind() == KindList {
			spoil(c, v.List())
		}
	}
}

// checkUTF8 looks at every string, which decoding by proto2 rules does not.
func checkUTF8(t *testing.T, m protoreflect.Message) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		each := func(v protoreflect.Value) {
			switch fd.Kind() {
			case protoreflect.StringKind:
				if !utf8.ValidString(v.String()) {
					t.Errorf("%s is no UTF-8: %q", fd.Name(), v.String())
				}
			case protoreflect.MessageKind:
				checkUTF8(t, v.Message())
			}
		}
		if !fd.IsList() {
			each(v)
			return true
		}
		for i := range v.List().Len() {
			each(v.List().Get(i))
		}
		return true
	})
}

// byteChooser reads choices from bytes, and zeros behind them.
type byteChooser struct{ rest []byte }

func (b *byteChooser) next() byte {
	if len(b.rest) == 0 {
		return 0
	}
	c := b.rest[0]
	b.rest = b.rest[1:]
	return c
}

func (b *byteChooser) IntN(n int) int { return int(b.next()) % n }

func (b *byteChooser) Uint64() (u uint64) {
	for range 8 {
		u = u<<8 | uint64(b.next())
	}
	return u
}
