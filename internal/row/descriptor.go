package row

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Descriptor returns s as the self-contained proto2 message that AppendRows takes: the number of a
// field is its column's position + 1, its name the column's (BigQuery matches the two without
// regard to case), and the messages of STRUCTs and RANGEs stand directly in the root message. It is what
// adapt.StorageSchemaToProto2Descriptor and adapt.NormalizeDescriptor make of the same schema.
//
// The error names the column that is invalid.
//
// Types: https://cloud.google.com/bigquery/docs/supported-data-types
func Descriptor(s Schema) (*descriptorpb.DescriptorProto, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	b := descriptorBuilder{taken: make(map[string]bool), ranges: make(map[Type]string)}
	b.take(s)
	root := b.message("root", s)
	slices.SortFunc(b.nested, func(x, y *descriptorpb.DescriptorProto) int {
		return cmp.Compare(x.GetName(), y.GetName())
	})
	root.NestedType = b.nested
	return root, nil
}

type descriptorBuilder struct {
	nested []*descriptorpb.DescriptorProto
	taken  map[string]bool // names that no nested message may have
	ranges map[Type]string // names of the messages of RANGEs, by the type of their bounds
}

// take keeps column names from becoming message names: protobuf knows one namespace for both.
func (b *descriptorBuilder) take(cols []Column) {
	for i := range cols {
		b.taken[cols[i].Name] = true
		b.take(cols[i].Fields)
	}
}

func (b *descriptorBuilder) message(name string, cols []Column) *descriptorpb.DescriptorProto {
	m := &descriptorpb.DescriptorProto{Name: &name}
	for i := range cols {
		m.Field = append(m.Field, b.field(name, &cols[i], i))
	}
	return m
}

func (b *descriptorBuilder) field(parent string, c *Column, i int) *descriptorpb.FieldDescriptorProto {
	typ := codecs[c.Type]
	f := &descriptorpb.FieldDescriptorProto{
		Name:   proto.String(c.Name),
		Number: proto.Int32(int32(i) + 1),
		Type:   typ.proto.Enum(),
		Label:  label(c.Mode).Enum(),
	}
	if c.Mode == Repeated && typ.packs() {
		f.Options = &descriptorpb.FieldOptions{Packed: proto.Bool(true)}
	}
	if typ.proto != descriptorpb.FieldDescriptorProto_TYPE_MESSAGE {
		return f
	}
	name, ok := b.ranges[c.RangeElement]
	if !ok {
		name = b.nestedName(parent, c)
		b.nested = append(b.nested, b.message(name, c.parts()))
	}
	f.TypeName = &name
	return f
}

// nestedName returns the name of the message of a STRUCT, or of all RANGEs of a type.
func (b *descriptorBuilder) nestedName(parent string, c *Column) string {
	if c.Type != Range {
		return b.messageName(parent + "__" + c.Name)
	}
	name := b.messageName("rangemessage_range_" + strings.ToLower(string(c.RangeElement)))
	b.ranges[c.RangeElement] = name
	return name
}

// messageName returns want, or want with as many underscores behind it as make it unique.
func (b *descriptorBuilder) messageName(want string) string {
	for b.taken[want] {
		want += "_"
	}
	b.taken[want] = true
	return want
}

func label(m Mode) descriptorpb.FieldDescriptorProto_Label {
	switch m {
	case Required:
		return descriptorpb.FieldDescriptorProto_LABEL_REQUIRED
	case Repeated:
		return descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	default:
		return descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	}
}
