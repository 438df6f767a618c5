package row

import (
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Descriptor returns s as the self-contained proto2 message that AppendRows takes: the number of a
// field is its column's position + 1, its name the column's (BigQuery matches the two without
// regard to case), and the message of each STRUCT stands directly in the root message. It is what
// adapt.StorageSchemaToProto2Descriptor and adapt.NormalizeDescriptor make of the same schema.
//
// The error names the column that is invalid, or of a type that Seneka does not load.
//
// Types: https://cloud.google.com/bigquery/docs/supported-data-types
func Descriptor(s Schema) (*descriptorpb.DescriptorProto, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	b := descriptorBuilder{taken: make(map[string]bool)}
	b.take(s)
	root, err := b.message("root", "", s)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(b.nested, func(x, y *descriptorpb.DescriptorProto) int {
		return cmp.Compare(x.GetName(), y.GetName())
	})
	root.NestedType = b.nested
	return root, nil
}

type descriptorBuilder struct {
	nested []*descriptorpb.DescriptorProto
	taken  map[string]bool // names that no nested message may have
}

// take keeps column names from becoming message names: protobuf knows one namespace for both.
func (b *descriptorBuilder) take(cols []Column) {
	for i := range cols {
		b.taken[cols[i].Name] = true
		b.take(cols[i].Fields)
	}
}

func (b *descriptorBuilder) message(name, prefix string, cols []Column) (*descriptorpb.DescriptorProto, error) {
	m := &descriptorpb.DescriptorProto{Name: &name}
	for i := range cols {
		f, err := b.field(name, prefix, &cols[i], i)
		if err != nil {
			return nil, err
		}
		m.Field = append(m.Field, f)
	}
	return m, nil
}

func (b *descriptorBuilder) field(parent, prefix string, c *Column, i int) (*descriptorpb.FieldDescriptorProto, error) {
	path := prefix + c.Name
	typ, ok := codecs[c.Type]
	if !ok {
		return nil, errUnsupported(path, c.Type)
	}
	f := &descriptorpb.FieldDescriptorProto{
		Name:   proto.String(c.Name),
		Number: proto.Int32(int32(i) + 1),
		Type:   typ.proto.Enum(),
		Label:  label(c.Mode).Enum(),
	}
	if c.Mode == Repeated && typ.packs() {
		f.Options = &descriptorpb.FieldOptions{Packed: proto.Bool(true)}
	}
	if c.Type == Struct {
		f.TypeName = proto.String(b.messageName(parent + "__" + c.Name))
		m, err := b.message(f.GetTypeName(), path+".", c.Fields)
		if err != nil {
			return nil, err
		}
		b.nested = append(b.nested, m)
	}
	return f, nil
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

func errUnsupported(path string, t Type) error {
	return fmt.Errorf("column %s: type %s cannot be loaded: use another type, STRING for example", path, t)
}
