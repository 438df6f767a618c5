package write

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seneka-io/seneka/internal/row"
)

// decoder turns rows in the wire format of one message type into the values of a table's columns,
// or of a STRUCT's fields. It is made once for a schema and does not change.
type decoder struct {
	columns   row.Schema
	fields    map[protowire.Number]*field
	absent    []*field // the fields that mean something when a row lacks them
	partition int      // index of the partition column; -1: none
}

// field is one field of the message and the column it goes to.
type field struct {
	name     string // path, for messages
	column   int
	number   protowire.Number
	wire     protowire.Type
	repeated bool
	required bool
	def      any // value when absent, of a proto2 default
	convert  converter
	sub      *decoder // of a STRUCT, or of a RANGE: its bounds
	isRange  bool
}

// schemaCheck collects what is wrong between a writer's schema and a table's.
type schemaCheck struct{ extra []string }

// newDecoder matches a writer's descriptor with a table. Its errors are those of the request that
// brought the descriptor; entity is the stream.
func newDecoder(dp *descriptorpb.DescriptorProto, t Table, entity string) (*decoder, error) {
	md, err := messageOf(dp)
	if err != nil {
		return nil, invalid("Invalid proto schema: %v Entity: %s", err, entity)
	}
	var check schemaCheck
	d, err := check.message(md, t.Columns, "")
	if len(check.extra) > 0 {
		return nil, storageError(codes.InvalidArgument, storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS, entity,
			"Input schema has more fields than BigQuery schema, extra fields: '%s'", strings.Join(check.extra, ","))
	}
	if err != nil {
		return nil, invalid("%s Entity: %s", sentence(err), entity)
	}
	d.partition = t.Columns.Index(t.PartitionBy)
	return d, nil
}

// messageOf builds the message type of a self-contained descriptor: proto2, no package, nothing
// outside of itself but Google's wrappers, timestamp and duration (write-api, "Proto Buffer Handling";
// supported-data-types).
func messageOf(dp *descriptorpb.DescriptorProto) (protoreflect.MessageDescriptor, error) {
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:        proto.String("writer_schema.proto"),
		Syntax:      proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{dp},
		Dependency: []string{
			wrapperspb.File_google_protobuf_wrappers_proto.Path(),
			timestamppb.File_google_protobuf_timestamp_proto.Path(),
			durationpb.File_google_protobuf_duration_proto.Path(),
		},
	}, protoregistry.GlobalFiles)
	if err != nil {
		return nil, err
	}
	return file.Messages().Get(0), nil
}

func (c *schemaCheck) message(md protoreflect.MessageDescriptor, columns row.Schema, path string) (*decoder, error) {
	d := &decoder{columns: columns, fields: map[protowire.Number]*field{}, partition: -1}
	var first error
	taken := make([]bool, len(columns))
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		name := columnName(fd)
		at := columnIndex(columns, name)
		switch {
		case at < 0:
			c.extra = append(c.extra, path+name)
			continue
		case taken[at]:
			return nil, fmt.Errorf("two fields of the proto message map to column %s%s", path, name)
		}
		taken[at] = true
		f, err := c.field(fd, columns[at], path)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		f.column = at
		d.fields[f.number] = f
		if f.required || f.repeated || f.def != nil {
			d.absent = append(d.absent, f)
		}
	}
	for i, col := range columns {
		if !taken[i] && col.Mode == row.Required && first == nil {
			first = fmt.Errorf("the required field %s%s is missing in the proto message", path, col.Name)
		}
	}
	return d, first
}

func (c *schemaCheck) field(fd protoreflect.FieldDescriptor, col row.Column, path string) (*field, error) {
	f := &field{
		name:     path + col.Name,
		number:   fd.Number(),
		repeated: fd.Cardinality() == protoreflect.Repeated,
		required: fd.Cardinality() == protoreflect.Required || col.Mode == row.Required,
	}
	if f.repeated != (col.Mode == row.Repeated) {
		return nil, fmt.Errorf("the proto field mismatched with BigQuery field at %s, the proto field is %v, BigQuery field is %s",
			f.name, fd.Cardinality(), orNullable(col.Mode))
	}
	var err error
	if fields := fieldsOf(col); len(fields) > 0 && fd.Kind() == protoreflect.MessageKind {
		f.wire, f.isRange = protowire.BytesType, col.Type == row.Range
		f.sub, err = c.message(fd.Message(), fields, f.name+".")
		return f, err
	}
	f.wire, f.convert = converterOf(fd, col.Type)
	if f.convert == nil {
		return nil, fmt.Errorf("the proto field mismatched with BigQuery field at %s, the proto field type %s, BigQuery field type %s",
			f.name, protoType(fd), col.Type)
	}
	if fd.HasDefault() && !f.repeated {
		f.def, err = f.convert(defaultOf(fd))
	}
	return f, err
}

// fieldsOf returns the columns that a column's message has: of a STRUCT its fields, of a RANGE its
// bounds (supported-data-types: "two fields, start and end").
func fieldsOf(c row.Column) []row.Column {
	if c.Type == row.Range {
		return c.Bounds()
	}
	return c.Fields
}

func orNullable(m row.Mode) row.Mode {
	if m == "" {
		return row.Nullable
	}
	return m
}

func protoType(fd protoreflect.FieldDescriptor) string {
	if fd.Message() != nil {
		return string(fd.Message().FullName())
	}
	return fd.Kind().String()
}

// columnName is the field's name, or what its column_name option says
// (google/cloud/bigquery/storage/v1/annotations.proto).
func columnName(fd protoreflect.FieldDescriptor) string {
	if name, ok := proto.GetExtension(fd.Options(), storagepb.E_ColumnName).(string); ok && name != "" {
		return name
	}
	return string(fd.Name())
}

// columnIndex finds a column as BigQuery compares names: whatever their case.
func columnIndex(columns row.Schema, name string) int {
	return slices.IndexFunc(columns, func(c row.Column) bool { return strings.EqualFold(c.Name, name) })
}

// rows decodes the rows of one request. A *rowsError says which of them are wrong.
func (d *decoder) rows(encoded [][]byte) ([][]any, error) {
	out := make([][]any, len(encoded))
	var bad faults
	for i, b := range encoded {
		out[i] = make([]any, len(d.columns))
		if err := d.message(b, out[i]); err != nil {
			bad.add(i, err)
		}
	}
	return out, bad.err()
}

// faults collects row errors, up to a number that fits a response.
type faults []*storagepb.RowError

const maxRowErrors = 1000

func (f *faults) add(i int, err error) {
	if len(*f) < maxRowErrors {
		*f = append(*f, &storagepb.RowError{Index: int64(i), Code: storagepb.RowError_FIELDS_ERROR, Message: sentence(err)})
	}
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &rowsError{rows: f}
}

// message decodes one message into out, which has a place for each column.
func (d *decoder) message(b []byte, out []any) error {
	for len(b) > 0 {
		num, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("the row is not a valid proto message: %w", protowire.ParseError(n))
		}
		b = b[n:]
		f := d.fields[num]
		if f == nil {
			return fmt.Errorf("the row has a field with number %d that is not in the writer's schema", num)
		}
		n, err := f.consume(b, wire, &out[f.column])
		if err != nil {
			return err
		}
		b = b[n:]
	}
	for _, f := range d.absent {
		switch v := &out[f.column]; {
		case *v != nil:
		case f.repeated:
			*v = []any{}
		case f.def != nil:
			*v = f.def
		default:
			return fmt.Errorf("required field is missing on field %s", f.name)
		}
	}
	return nil
}

// consume decodes what stands behind a tag and returns its length.
func (f *field) consume(b []byte, wire protowire.Type, out *any) (int, error) {
	packed := f.repeated && wire == protowire.BytesType && f.wire != protowire.BytesType
	if wire != f.wire && !packed {
		return 0, fmt.Errorf("wire type %d where %d belongs on field %s", wire, f.wire, f.name)
	}
	if !packed {
		return f.one(b, wire, out)
	}
	body, n := protowire.ConsumeBytes(b)
	for n >= 0 && len(body) > 0 {
		m, err := f.one(body, f.wire, out)
		if err != nil {
			return 0, err
		}
		body = body[m:]
	}
	return n, f.parseError(n)
}

// one decodes one value and puts it in its place, or at the end of its list.
func (f *field) one(b []byte, wire protowire.Type, out *any) (int, error) {
	s, n := scan(b, wire)
	if n < 0 {
		return n, f.parseError(n)
	}
	var v any
	var err error
	switch {
	case f.sub != nil:
		// Proto says: parts of one message that come apart are merged.
		into, ok := (*out).([]any)
		if !ok || f.repeated {
			into = make([]any, len(f.sub.columns))
		}
		v, err = into, f.sub.message(s.raw, into)
		if err == nil && f.isRange {
			if err = checkRange(into); err != nil {
				err = fmt.Errorf("%w on field %s", err, f.name)
			}
		}
	default:
		if v, err = f.convert(s); err != nil {
			err = fmt.Errorf("%w on field %s", err, f.name)
		}
	}
	if f.repeated {
		list, _ := (*out).([]any)
		v = append(list, v)
	}
	*out = v
	return n, err
}

func (f *field) parseError(n int) error {
	if n >= 0 {
		return nil
	}
	return fmt.Errorf("the row is not a valid proto message: %w on field %s", protowire.ParseError(n), f.name)
}

// checkPartition refuses rows whose partition is out of reach of streaming: "between 10 years in
// the past and 1 year in the future" (write-api, "Time-unit column partitioning"). A NULL has its
// own partition.
func (d *decoder) checkPartition(rows [][]any, now time.Time) error {
	if d.partition < 0 {
		return nil
	}
	today := now.Truncate(24 * time.Hour)
	first, end := today.AddDate(-10, 0, 0), today.AddDate(1, 0, 1)
	var bad faults
	for i, r := range rows {
		at, ok := r[d.partition].(time.Time)
		if ok && (at.Before(first) || !at.Before(end)) {
			bad.add(i, fmt.Errorf("value %s for field %s is outside the allowed bounds: you can only stream to a date range "+
				"within 10 years in the past and 1 year in the future relative to the current date",
				at.Format(time.RFC3339), d.columns[d.partition].Name))
		}
	}
	return bad.err()
}
