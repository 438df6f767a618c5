package pq

import "encoding/binary"

// deltas reads whole numbers as their differences, packed in blocks
// (https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5).
type deltas struct {
	data      []byte
	miniSize  int // numbers of a miniblock
	minis     int // miniblocks of a block
	total     int // numbers left, the next one included
	value     int64
	first     bool // the next number is the first one, which stands in the header
	least     int64
	widths    []byte // of the miniblocks left in this block
	packed    []byte // this miniblock
	left, bit int    // numbers left in it, and the next one's first bit
	width     uint
}

// newDeltas reads the header of what data holds: so many numbers at most.
func newDeltas(data []byte, count int) (*deltas, error) {
	d := &deltas{data: data, first: true}
	block, minis, total := d.uvarint(), d.uvarint(), d.uvarint()
	d.value = d.varint()
	if d.data == nil {
		return nil, errShort
	}
	const most = 1 << 20 // numbers of a block; writers have 128 or so
	if block == 0 || block > most || minis == 0 || block%minis != 0 || block/minis%8 != 0 || total > uint64(count) {
		return nil, broken("a page has %d differences in blocks of %d, these in %d parts", total, block, minis)
	}
	d.miniSize, d.minis, d.total = int(block/minis), int(minis), int(total)
	return d, nil
}

// uvarint reads a number. data is nil if there is none.
func (d *deltas) uvarint() uint64 {
	n, size := binary.Uvarint(d.data)
	if size <= 0 {
		d.data = nil
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *deltas) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// next returns the next number.
func (d *deltas) next() (int64, error) {
	if d.total == 0 {
		return 0, errShort
	}
	d.total--
	if d.first {
		d.first = false
		return d.value, nil
	}
	if d.left == 0 {
		if err := d.mini(); err != nil {
			return 0, err
		}
	}
	d.left--
	d.value += d.least + int64(d.bits())
	return d.value, nil
}

// mini goes on to the next miniblock.
func (d *deltas) mini() error {
	if len(d.widths) == 0 {
		d.least = d.varint()
		if len(d.data) < d.minis {
			return errShort
		}
		d.widths, d.data = d.data[:d.minis], d.data[d.minis:]
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	size := d.miniSize / 8 * int(d.width)
	if d.width > 64 || size > len(d.data) {
		return errShort
	}
	d.packed, d.data = d.data[:size], d.data[size:]
	d.left, d.bit = d.miniSize, 0
	return nil
}

// bits returns the next packed number.
func (d *deltas) bits() (n uint64) {
	for got := uint(0); got < d.width; {
		b := uint64(d.packed[d.bit/8]) >> (d.bit % 8)
		n |= b << got
		step := uint(8 - d.bit%8)
		got += step
		d.bit += int(step)
		if got > d.width {
			d.bit -= int(got - d.width)
		}
	}
	if d.width < 64 {
		n &= 1<<d.width - 1
	}
	return n
}

// rest reads past the numbers that are left and returns the bytes behind them.
func (d *deltas) rest() ([]byte, error) {
	for d.total > 0 {
		if _, err := d.next(); err != nil {
			return nil, err
		}
	}
	return d.data, nil
}

// deltaInts is values of INT32 and INT64.
type deltaInts struct {
	*deltas
	short bool // INT32, whose sums wrap
}

func (v *deltaInts) next(d *Datum) (err error) {
	d.Int, err = v.deltas.next()
	if v.short {
		d.Int = int64(int32(d.Int))
	}
	return err
}

// deltaLengths is texts behind all their lengths.
type deltaLengths struct {
	lengths *deltas
	data    []byte
}

func newDeltaLengths(data []byte, count int) (*deltaLengths, error) {
	lengths, err := newDeltas(data, count)
	if err != nil {
		return nil, err
	}
	whole := *lengths // a reader of its own finds where the texts begin
	texts, err := whole.rest()
	return &deltaLengths{lengths, texts}, err
}

func (v *deltaLengths) next(d *Datum) error {
	n, err := v.lengths.next()
	if err != nil {
		return err
	}
	if n < 0 || n > int64(len(v.data)) {
		return errShort
	}
	d.Bytes, v.data = v.data[:n:n], v.data[n:]
	return nil
}

// deltaBytes is texts that begin as the one before does.
type deltaBytes struct {
	prefixes *deltas
	suffixes *deltaLengths
	last     []byte
	width    int // 0: any
}

func newDeltaBytes(n *Node, data []byte, count int) (values, error) {
	prefixes, err := newDeltas(data, count)
	if err != nil {
		return nil, err
	}
	whole := *prefixes
	rest, err := whole.rest()
	if err != nil {
		return nil, err
	}
	suffixes, err := newDeltaLengths(rest, count)
	return &deltaBytes{prefixes: prefixes, suffixes: suffixes, width: n.Length}, err
}

func (v *deltaBytes) next(d *Datum) error {
	n, err := v.prefixes.next()
	if err != nil {
		return err
	}
	if err := v.suffixes.next(d); err != nil {
		return err
	}
	if n < 0 || n > int64(len(v.last)) {
		return broken("a text shares its first %d bytes with one of %d", n, len(v.last))
	}
	text := make([]byte, 0, int(n)+len(d.Bytes))
	text = append(append(text, v.last[:n]...), d.Bytes...)
	if v.width > 0 && len(text) != v.width {
		return broken("a value of %d bytes has %d", v.width, len(text))
	}
	v.last, d.Bytes = text, text
	return nil
}
