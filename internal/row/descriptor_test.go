package row

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func structOf(name string, fields ...Column) Column {
	return Column{Name: name, Type: Struct, Fields: fields}
}

// shape writes a message out with its nested ones in place, whatever these are called.
func shape(m protoreflect.MessageDescriptor) string {
	var b strings.Builder
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		b.WriteString(f.Cardinality().String() + " " + f.Kind().String() + " " + string(f.Name()))
		if f.IsPacked() {
			b.WriteString(" packed")
		}
		if f.Kind() == protoreflect.MessageKind {
			b.WriteString("{" + shape(f.Message()) + "}")
		}
		b.WriteString(";")
	}
	return b.String()
}

// adapt lets equal STRUCTs share a message; here each has its own, which reads the same.
func TestDescriptorOfEqualStructs(t *testing.T) {
	schema := Schema{
		structOf("a", Column{Name: "x", Type: Int64, Mode: Repeated}),
		structOf("b", structOf("a", Column{Name: "x", Type: Int64, Mode: Repeated})),
		structOf("c", Column{Name: "x", Type: Int64, Mode: Repeated}),
	}
	got, err := Descriptor(schema)
	if err != nil {
		t.Fatal(err)
	}
	want := shape(messageType(t, adaptDescriptor(t, schema)))
	if s := shape(messageType(t, got)); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// Names of nested messages are made of column names, and must not run into each other.
func TestDescriptorNamesDoNotCollide(t *testing.T) {
	leaf := Column{Name: "x", Type: Int64}
	tests := map[string]Schema{
		"same path by underscores": {structOf("a__b", leaf), structOf("a", structOf("b", Column{Name: "y", Type: Bool}))},
		"column named as message":  {structOf("a", leaf), Column{Name: "root__a", Type: String}},
		"field named as message":   {structOf("a", Column{Name: "root__a", Type: String}, structOf("b", leaf), Column{Name: "root__a__b", Type: Bool})},
		"column named as root":     {Column{Name: "root", Type: String}},
		"words of protobuf":        {Column{Name: "message", Type: String}, Column{Name: "optional", Type: Int64}, structOf("group", leaf)},
	}
	for name, schema := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := Descriptor(schema)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := shape(messageType(t, d)), shapeOf(schema); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// shapeOf is the shape of NULLABLE columns.
func shapeOf(cols []Column) string {
	kinds := map[Type]string{Int64: "int64", Bool: "bool", String: "string", Struct: "message"}
	var b strings.Builder
	for _, c := range cols {
		b.WriteString("optional " + kinds[c.Type] + " " + c.Name)
		if c.Type == Struct {
			b.WriteString("{" + shapeOf(c.Fields) + "}")
		}
		b.WriteString(";")
	}
	return b.String()
}

func TestNewEncoderRefuses(t *testing.T) {
	tests := []struct {
		name   string
		schema Schema
		want   string
	}{
		{"invalid", Schema{{Name: "naïve", Type: String}}, `column naïve: illegal name "naïve"`},
		{"empty", nil, "the schema has no columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			enc, err := NewEncoder(tt.schema)
			if enc != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want error %q", enc, err, tt.want)
			}
		})
	}
}

func TestEveryTypeHasACodec(t *testing.T) {
	for _, typ := range knownTypes {
		if c := codecs[typ]; c.typ != typ || c.append == nil || c.kind == KindNull {
			t.Errorf("the codec of %s is incomplete: %+v", typ, c)
		}
	}
	if len(codecs) != len(knownTypes) {
		t.Errorf("%d codecs for %d types", len(codecs), len(knownTypes))
	}
}

// All RANGEs of a type share a message, whose name gives way to a column's.
func TestDescriptorOfRanges(t *testing.T) {
	dates := func(name string) Column { return Column{Name: name, Type: Range, RangeElement: Date} }
	schema := Schema{dates("a"), structOf("s", dates("b"), Column{Name: "c", Type: Range, RangeElement: Timestamp, Mode: Repeated}), dates("d")}
	got, err := Descriptor(schema)
	if err != nil {
		t.Fatal(err)
	}
	if want := adaptDescriptor(t, schema); !proto.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	got, err = Descriptor(Schema{dates("a"), {Name: "rangemessage_range_date", Type: String}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "optional message a{optional int32 start;optional int32 end;};optional string rangemessage_range_date;"; shape(messageType(t, got)) != want {
		t.Errorf("got %s, want %s", shape(messageType(t, got)), want)
	}
}
