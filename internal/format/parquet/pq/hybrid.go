package pq

import "encoding/binary"

// hybrid reads whole numbers of a few bits, in runs of one number or packed one behind the other:
// levels, indexes of dictionaries, booleans
// (https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE).
type hybrid struct {
	data  []byte
	width uint
	left  int    // numbers of this run
	run   bool   // else packed
	value uint32 // of the run
	bits  uint64 // of packed numbers, the next one lowest
	have  uint   // of these bits
}

func newHybrid(data []byte, width uint) hybrid { return hybrid{data: data, width: width} }

// next returns the next number. With no bits there are zeros without end.
func (h *hybrid) next() (uint32, error) {
	if h.width == 0 {
		return 0, nil
	}
	for h.left == 0 {
		if err := h.head(); err != nil {
			return 0, err
		}
	}
	h.left--
	if h.run {
		return h.value, nil
	}
	for h.have < h.width {
		if len(h.data) == 0 {
			return 0, errShort
		}
		h.bits |= uint64(h.data[0]) << h.have
		h.data, h.have = h.data[1:], h.have+8
	}
	n := uint32(h.bits & (1<<h.width - 1))
	h.bits, h.have = h.bits>>h.width, h.have-h.width
	return n, nil
}

var errShort = broken("a page ends within its values")

// head reads what a run is.
func (h *hybrid) head() error {
	n, size := binary.Uvarint(h.data)
	if size <= 0 || n>>1 > maxPageValues {
		return errShort
	}
	h.data, h.bits, h.have = h.data[size:], 0, 0
	if n&1 == 1 {
		h.run, h.left = false, int(n>>1)*8
		return nil
	}
	bytes := int(h.width+7) / 8
	if len(h.data) < bytes {
		return errShort
	}
	var value [4]byte
	copy(value[:], h.data[:bytes])
	h.run, h.left, h.value, h.data = true, int(n>>1), binary.LittleEndian.Uint32(value[:]), h.data[bytes:]
	return nil
}
