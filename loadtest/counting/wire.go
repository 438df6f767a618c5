package counting

import (
	"encoding/binary"
	"io"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// codec reads append requests as appendRequest does, and all else as gRPC always does.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Unmarshal reads data into v.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*appendRequest); ok {
		return r.read(data)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// appendRequest is what is counted of an AppendRowsRequest. Its rows are stepped over where they came in:
// neither they nor the request are ever in one piece.
type appendRequest struct {
	stream   string
	offset   int64
	placed   bool // offset was given
	schema   bool // a writer_schema was given
	arrow    bool // rows in a form that is not served
	size     int
	rows     int64
	rowBytes int64
}

// Numbers of fields in google/cloud/bigquery/storage/v1: AppendRowsRequest, ProtoData, ProtoRows.
const (
	fieldStream, fieldOffset, fieldProtoRows, fieldArrowRows = 1, 2, 4, 5
	fieldWriterSchema, fieldRows                             = 1, 2
	fieldSerializedRows                                      = 1
)

func (a *appendRequest) read(data mem.BufferSlice) error {
	r := data.Reader()
	defer func() { _ = r.Close() }() // never fails
	*a = appendRequest{size: r.Remaining()}
	return fields(r, a.size, func(number protowire.Number, size int) error {
		switch number {
		case fieldStream:
			name := make([]byte, size)
			_, err := io.ReadFull(r, name)
			a.stream = string(name)
			return err
		case fieldOffset:
			a.placed = true
			return a.readOffset(r, size)
		case fieldProtoRows:
			return fields(r, size, func(number protowire.Number, size int) error { return a.readData(r, number, size) })
		case fieldArrowRows:
			a.arrow = true
		}
		return nil
	})
}

// readData reads a field of ProtoData.
func (a *appendRequest) readData(r *mem.Reader, number protowire.Number, size int) error {
	switch number {
	case fieldWriterSchema:
		a.schema = true
	case fieldRows:
		return fields(r, size, func(number protowire.Number, size int) error {
			if number == fieldSerializedRows {
				a.rows++
				a.rowBytes += int64(size)
			}
			return nil
		})
	}
	return nil
}

// readOffset reads an Int64Value, whose zero is written by nothing.
func (a *appendRequest) readOffset(r *mem.Reader, size int) error {
	if size == 0 {
		return nil
	}
	if _, err := binary.ReadUvarint(r); err != nil { // the tag of its only field
		return err
	}
	n, err := binary.ReadUvarint(r)
	a.offset = int64(n)
	return err
}

// fields calls each for every field with a length in the next size bytes of r, and steps over what it leaves
// unread of it, and over all other fields.
func fields(r *mem.Reader, size int, each func(number protowire.Number, size int) error) error {
	if size > r.Remaining() {
		return io.ErrUnexpectedEOF
	}
	for end := r.Remaining() - size; r.Remaining() > end; {
		tag, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		number, kind := protowire.DecodeTag(tag)
		var length uint64
		switch kind {
		case protowire.BytesType:
			if length, err = binary.ReadUvarint(r); err == nil && length > uint64(r.Remaining()-end) {
				err = io.ErrUnexpectedEOF
			}
		case protowire.VarintType:
			_, err = binary.ReadUvarint(r)
		case protowire.Fixed32Type:
			length = 4
		case protowire.Fixed64Type:
			length = 8
		default:
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		next := r.Remaining() - int(length)
		if kind == protowire.BytesType {
			if err := each(number, int(length)); err != nil {
				return err
			}
		}
		if left := r.Remaining() - next; left > 0 {
			if _, err := r.Discard(left); err != nil {
				return err
			}
		}
	}
	return nil
}
