package pq

import (
	"encoding/binary"
	"math"
)

// The encodings, by their numbers in Encoding.
const (
	encPlain           = 0
	encPlainDictionary = 2
	encRLE             = 3
	encDeltaPacked     = 5
	encDeltaLength     = 6
	encDeltaBytes      = 7
	encDictionary      = 8
	encByteStreamSplit = 9
)

// values are those of a page, without the NULLs.
type values interface {
	next(d *Datum) error
}

// newValues returns the values that data holds; count is how many at most.
func newValues(n *Node, encoding int64, data []byte, count int, dict *dictionary) (values, error) {
	whole := n.Kind == Int32 || n.Kind == Int64
	switch {
	case encoding == encPlain:
		return newPlain(n, data), nil
	case encoding == encPlainDictionary || encoding == encDictionary:
		return newIndexes(data, dict)
	case encoding == encRLE && n.Kind == Boolean:
		if len(data) < 4 {
			return nil, errShort
		}
		return &rleBooleans{newHybrid(data[4:], 1)}, nil
	case encoding == encDeltaPacked && whole:
		ints, err := newDeltas(data, count)
		return &deltaInts{ints, n.Kind == Int32}, err
	case encoding == encDeltaLength && n.Kind == ByteArray:
		return newDeltaLengths(data, count)
	case encoding == encDeltaBytes && (n.Kind == ByteArray || n.Kind == FixedLenByteArray):
		return newDeltaBytes(n, data, count)
	case encoding == encByteStreamSplit && width(n) > 0:
		return newSplit(n, data, count)
	}
	return nil, refused("column %.64q: values of type %d are encoded as %d, which is not known", n.Name, n.Kind, encoding)
}

// width returns how many bytes a value takes; 0: they differ, or are bits.
func width(n *Node) int {
	switch n.Kind {
	case Int32, Float:
		return 4
	case Int64, Double:
		return 8
	case Int96:
		return 12
	case FixedLenByteArray:
		return n.Length
	}
	return 0
}

// setFixed sets d to the value that stands in b, which is as wide as one.
func setFixed(d *Datum, k Kind, b []byte) {
	switch k {
	case Int32:
		d.Int = int64(int32(binary.LittleEndian.Uint32(b)))
	case Int64:
		d.Int = int64(binary.LittleEndian.Uint64(b))
	case Float:
		d.Float = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case Double:
		d.Float = math.Float64frombits(binary.LittleEndian.Uint64(b))
	default:
		d.Bytes = b
	}
}

// plain is values one behind the other.
type plain struct {
	kind  Kind
	width int
	data  []byte
	bit   uint // of a boolean
}

func newPlain(n *Node, data []byte) *plain { return &plain{kind: n.Kind, width: width(n), data: data} }

func (p *plain) next(d *Datum) error {
	switch {
	case p.kind == Boolean:
		if len(p.data) == 0 {
			return errShort
		}
		d.Int = int64(p.data[0] >> p.bit & 1)
		if p.bit++; p.bit == 8 {
			p.bit, p.data = 0, p.data[1:]
		}
		return nil
	case p.kind == ByteArray:
		b, rest, err := cutText(p.data)
		d.Bytes, p.data = b, rest
		return err
	case len(p.data) < p.width:
		return errShort
	}
	setFixed(d, p.kind, p.data[:p.width:p.width])
	p.data = p.data[p.width:]
	return nil
}

// cutText cuts a text with its length in front from data.
func cutText(data []byte) (text, rest []byte, err error) {
	if len(data) < 4 {
		return nil, nil, errShort
	}
	n := binary.LittleEndian.Uint32(data)
	if data = data[4:]; uint64(n) > uint64(len(data)) {
		return nil, nil, errShort
	}
	return data[:n:n], data[n:], nil
}

type rleBooleans struct{ hybrid }

func (r *rleBooleans) next(d *Datum) error {
	n, err := r.hybrid.next()
	d.Int = int64(n)
	return err
}

// dictionary is the values that pages name by their number.
type dictionary struct {
	kind   Kind
	width  int
	data   []byte
	starts []uint32 // of texts: where the length of each stands
	count  int
}

func newDictionary(n *Node, data []byte, count int64) (*dictionary, error) {
	d := &dictionary{kind: n.Kind, width: width(n), data: data}
	if n.Kind == Boolean {
		return nil, broken("a column of booleans has a dictionary")
	}
	if d.width > 0 {
		d.count = len(data) / d.width
		return d, nil
	}
	for rest := data; len(rest) > 0 && int64(d.count) < count; d.count++ {
		d.starts = append(d.starts, uint32(len(data)-len(rest)))
		var err error
		if _, rest, err = cutText(rest); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// get sets d to the i-th value.
func (t *dictionary) get(d *Datum, i uint32) (err error) {
	if uint64(i) >= uint64(t.count) {
		return broken("a page names value %d of a dictionary of %d", i, t.count)
	}
	if t.width == 0 {
		d.Bytes, _, err = cutText(t.data[t.starts[i]:])
		return err
	}
	at := int(i) * t.width
	setFixed(d, t.kind, t.data[at:at+t.width:at+t.width])
	return nil
}

// indexes is values by their number in a dictionary.
type indexes struct {
	hybrid
	dict *dictionary
}

func newIndexes(data []byte, dict *dictionary) (values, error) {
	switch {
	case dict == nil:
		return nil, broken("a page names values of a dictionary that is not there")
	case len(data) == 0: // of a page of NULLs
		return &indexes{dict: dict}, nil
	case data[0] > 32:
		return nil, broken("numbers of a dictionary have %d bits", data[0])
	}
	return &indexes{newHybrid(data[1:], uint(data[0])), dict}, nil
}

func (x *indexes) next(d *Datum) error {
	i, err := x.hybrid.next()
	if err != nil {
		return err
	}
	return x.dict.get(d, i)
}

// split is values whose first bytes lie one behind the other, then their second ones, and so on
// (https://github.com/apache/parquet-format/blob/master/Encodings.md#BYTESTREAMSPLIT).
type split struct {
	kind         Kind
	width, count int
	data         []byte
	at           int
}

func newSplit(n *Node, data []byte, most int) (values, error) {
	s := &split{kind: n.Kind, width: width(n), data: data}
	s.count = len(data) / s.width
	if len(data)%s.width != 0 || s.count > most {
		return nil, broken("a page has %d bytes for %d values of %d bytes", len(data), most, s.width)
	}
	return s, nil
}

func (s *split) next(d *Datum) error {
	if s.at == s.count {
		return errShort
	}
	b := make([]byte, s.width)
	for i := range b {
		b[i] = s.data[i*s.count+s.at]
	}
	s.at++
	setFixed(d, s.kind, b)
	return nil
}
