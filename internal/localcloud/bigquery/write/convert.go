package write

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seneka-io/seneka/internal/row"
)

// scalar is one value of the wire: raw of a length-delimited field, num of any other.
type scalar struct {
	num uint64
	raw []byte
}

// converter makes a column's value of a scalar. Its errors are about the value; the field's name is put
// behind them.
type converter func(scalar) (any, error)

// scan reads a scalar and returns its length, negative if there is none.
func scan(b []byte, wire protowire.Type) (s scalar, n int) {
	switch wire {
	case protowire.VarintType:
		s.num, n = protowire.ConsumeVarint(b)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(b)
		s.num = uint64(v)
	case protowire.Fixed64Type:
		s.num, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		s.raw, n = protowire.ConsumeBytes(b)
	default:
		n = -1
	}
	return s, n
}

func wireOf(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	default:
		return protowire.VarintType
	}
}

// converterOf returns how values of a proto field become values of a column type, nil if
// supported-data-types does not list the pair. That page names int32, int64 and uint32; their
// sint, fixed and sfixed forms hold the same numbers and are taken as well, as the service does
// (managedwriter's validation_test.go of cloud.google.com/go/bigquery).
func converterOf(fd protoreflect.FieldDescriptor, t row.Type) (protowire.Type, converter) {
	if md := fd.Message(); md != nil {
		if fd.Kind() == protoreflect.GroupKind {
			return 0, nil
		}
		return protowire.BytesType, wrapped(md, t)
	}
	return wireOf(fd.Kind()), plain(fd, t)
}

func plain(fd protoreflect.FieldDescriptor, t row.Type) converter {
	k := fd.Kind()
	switch t {
	case row.Bool:
		return toBool(k)
	case row.Int64:
		return toInt64(k)
	case row.Float64:
		return toFloat64(k)
	case row.Numeric, row.BigNumeric:
		return toDecimal(k, decimalOf(t))
	case row.Date:
		return toDate(k)
	case row.Datetime:
		return toCivil(k, unpackDatetime, parseDatetime)
	case row.Time:
		return toCivil(k, unpackTime, parseTime)
	case row.Timestamp:
		return toTimestamp(k)
	case row.Bytes:
		return toBytes(k)
	case row.String:
		if k == protoreflect.EnumKind {
			return enumName(fd.Enum())
		}
		return toText(k, utf8String)
	case row.JSON:
		return toText(k, jsonText)
	case row.Geography:
		return toGeography(k)
	case row.Interval:
		return toInterval(k)
	default:
		return nil
	}
}

// wrapped is for the messages that stand for a scalar. A wrapper goes where its scalar goes:
// beside the pairs of the page, Google's adapt makes Int64Value of a nullable TIMESTAMP.
func wrapped(md protoreflect.MessageDescriptor, t row.Type) converter {
	switch md.FullName() {
	case "google.protobuf.Timestamp":
		if t == row.Timestamp {
			return timestampMessage
		}
	case "google.protobuf.Duration":
		if t == row.Interval {
			return durationMessage
		}
	case "google.protobuf.BoolValue", "google.protobuf.BytesValue", "google.protobuf.DoubleValue",
		"google.protobuf.FloatValue", "google.protobuf.Int32Value", "google.protobuf.Int64Value",
		"google.protobuf.UInt32Value", "google.protobuf.StringValue":
		inner := md.Fields().ByNumber(1)
		if convert := plain(inner, t); convert != nil {
			return wrapperMessage(wireOf(inner.Kind()), convert)
		}
	}
	return nil
}

// wrapperMessage reads field 1 of a wrapper; proto3 leaves it out when it is zero.
func wrapperMessage(wire protowire.Type, convert converter) converter {
	return func(s scalar) (any, error) {
		inner := scalar{raw: []byte{}}
		err := eachField(s.raw, func(num protowire.Number, typ protowire.Type, v scalar) error {
			if num != 1 || typ != wire {
				return fmt.Errorf("unexpected field %d in a wrapper", num)
			}
			inner = v
			return nil
		})
		if err != nil {
			return nil, err
		}
		return convert(inner)
	}
}

func timestampMessage(s scalar) (any, error) {
	seconds, nanos, err := secondsMessage(s)
	switch {
	case err != nil:
		return nil, err
	case seconds < minTimestamp/1_000_000 || seconds > maxTimestamp/1_000_000 || nanos < 0 || nanos >= 1e9:
		return nil, fmt.Errorf("timestamp field value is out of range: %d seconds", seconds)
	}
	return time.Unix(seconds, nanos).UTC().Truncate(time.Microsecond), nil
}

// secondsMessage reads a google.protobuf.Timestamp or Duration, whose fields are the same.
func secondsMessage(s scalar) (seconds, nanos int64, err error) {
	err = eachField(s.raw, func(num protowire.Number, typ protowire.Type, v scalar) error {
		switch {
		case typ == protowire.VarintType && num == 1:
			seconds = int64(v.num)
		case typ == protowire.VarintType && num == 2:
			nanos = int64(int32(v.num))
		default:
			return fmt.Errorf("unexpected field %d in a message of seconds and nanos", num)
		}
		return nil
	})
	return seconds, nanos, err
}

func eachField(b []byte, fn func(protowire.Number, protowire.Type, scalar) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		v, m := scan(b[n:], typ)
		if m < 0 {
			return protowire.ParseError(m)
		}
		if err := fn(num, typ, v); err != nil {
			return err
		}
		b = b[n+m:]
	}
	return nil
}

// integerOf returns how to read the kinds of integers that fit an int64, nil for any other kind.
func integerOf(k protoreflect.Kind) func(uint64) int64 {
	switch k {
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind, protoreflect.EnumKind:
		return func(n uint64) int64 { return int64(int32(n)) }
	case protoreflect.Sint32Kind:
		return func(n uint64) int64 { return int64(int32(protowire.DecodeZigZag(n & math.MaxUint32))) }
	case protoreflect.Int64Kind, protoreflect.Sfixed64Kind:
		return func(n uint64) int64 { return int64(n) }
	case protoreflect.Sint64Kind:
		return protowire.DecodeZigZag
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return func(n uint64) int64 { return int64(uint32(n)) }
	default:
		return nil
	}
}

func isUint64(k protoreflect.Kind) bool {
	return k == protoreflect.Uint64Kind || k == protoreflect.Fixed64Kind
}

func toBool(k protoreflect.Kind) converter {
	switch {
	case k == protoreflect.EnumKind:
		return nil
	case k == protoreflect.BoolKind, isUint64(k), integerOf(k) != nil:
		return func(s scalar) (any, error) { return s.num != 0, nil }
	}
	return nil
}

func toInt64(k protoreflect.Kind) converter {
	read := integerOf(k)
	if read == nil {
		return nil
	}
	return func(s scalar) (any, error) { return read(s.num), nil }
}

func toFloat64(k protoreflect.Kind) converter {
	switch k {
	case protoreflect.DoubleKind:
		return func(s scalar) (any, error) { return math.Float64frombits(s.num), nil }
	case protoreflect.FloatKind:
		return func(s scalar) (any, error) { return float64(math.Float32frombits(uint32(s.num))), nil }
	}
	return nil
}

func toBytes(k protoreflect.Kind) converter {
	if k != protoreflect.BytesKind && k != protoreflect.StringKind {
		return nil
	}
	return func(s scalar) (any, error) { return append([]byte{}, s.raw...), nil }
}

func toText(k protoreflect.Kind, check func([]byte) error) converter {
	if k != protoreflect.StringKind {
		return nil
	}
	return func(s scalar) (any, error) {
		if err := check(s.raw); err != nil {
			return nil, err
		}
		return string(s.raw), nil
	}
}

func utf8String(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("the string is not valid UTF-8")
	}
	return nil
}

func jsonText(b []byte) error {
	if !utf8.Valid(b) || !json.Valid(b) {
		return fmt.Errorf("invalid JSON text %s", clip(b))
	}
	return nil
}

func enumName(ed protoreflect.EnumDescriptor) converter {
	return func(s scalar) (any, error) {
		v := ed.Values().ByNumber(protoreflect.EnumNumber(int32(s.num)))
		if v == nil {
			return nil, fmt.Errorf("enum %s has no value %d", ed.Name(), int32(s.num))
		}
		return string(v.Name()), nil
	}
}

// defaultOf is the wire form of a field's proto2 default.
func defaultOf(fd protoreflect.FieldDescriptor) scalar {
	v := fd.Default()
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return scalar{num: protowire.EncodeBool(v.Bool())}
	case protoreflect.StringKind:
		return scalar{raw: []byte(v.String())}
	case protoreflect.BytesKind:
		return scalar{raw: v.Bytes()}
	case protoreflect.EnumKind:
		return scalar{num: uint64(v.Enum())}
	case protoreflect.FloatKind:
		return scalar{num: uint64(math.Float32bits(float32(v.Float())))}
	case protoreflect.DoubleKind:
		return scalar{num: math.Float64bits(v.Float())}
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return scalar{num: protowire.EncodeZigZag(v.Int())}
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return scalar{num: v.Uint()}
	default:
		return scalar{num: uint64(v.Int())}
	}
}

// clip quotes the start of a value for a message.
func clip(b []byte) string {
	const most = 64
	if len(b) > most {
		return strconv.QuoteToASCII(string(b[:most])) + "..."
	}
	return strconv.QuoteToASCII(string(b))
}
