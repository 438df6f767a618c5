package pq

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

const (
	// maxPage is the largest page in bytes; writers make them of 1 MiB or so, but for single values
	// that are larger.
	maxPage = 64 << 20
	// maxPageValues is the most values of a page.
	maxPageValues = 1 << 24
	// maxHeld is how many bytes the pages of all columns may take at a time.
	maxHeld = 128 << 20
)

// column reads the values of one column chunk in order.
type column struct {
	*reader
	node  *Node
	name  string
	chunk *chunk
	pos   int64 // of the next page
	left  int64 // values behind the current page
	held  int   // bytes of the current page and the dictionary

	page     int // values left in the current page, the next one included
	reps     hybrid
	defs     hybrid
	values   values
	dict     *dictionary
	dictHeld int

	rep, def int // levels of the next value
	peeked   bool
}

// peek makes rep and def those of the next value. ok is false behind the last one.
func (c *column) peek() (ok bool, err error) {
	if c.peeked {
		return true, nil
	}
	for c.page == 0 {
		if c.left <= 0 {
			return false, nil
		}
		if err := c.nextPage(); err != nil {
			return false, err
		}
	}
	c.page--
	if c.rep, err = level(&c.reps, c.node.maxRep); err != nil {
		return false, err
	}
	if c.def, err = level(&c.defs, c.node.maxDef); err != nil {
		return false, err
	}
	c.peeked = true
	return true, nil
}

func level(h *hybrid, most int) (int, error) {
	n, err := h.next()
	if err == nil && int(n) > most {
		err = broken("a value has level %d of %d", n, most)
	}
	return int(n), err
}

// nextPage reads pages up to the next one of data.
func (c *column) nextPage() error {
	h, body, err := c.readPage()
	if err != nil {
		return err
	}
	switch h.kind {
	case dictionaryPage:
		if c.dict != nil {
			return broken("column %s has two dictionaries", c.name)
		}
		if body, err = c.unpack(c.chunk.codec, body, int(h.size)); err != nil {
			return err
		}
		if h.encoding != encPlain && h.encoding != encPlainDictionary {
			return refused("the dictionary of column %s is encoded as %d", c.name, h.encoding)
		}
		c.dictHeld = int(h.size)
		c.dict, err = newDictionary(c.node, body, h.values)
		return err
	case dataPage, dataPageV2:
		if h.values > c.left {
			return broken("a page of column %s has %d values, and the column %d more", c.name, h.values, c.left)
		}
		c.left -= h.values
		c.page = int(h.values)
		if h.kind == dataPageV2 {
			return c.openV2(&h, body)
		}
		return c.openV1(&h, body)
	}
	return nil // an index
}

// readPage reads the next page as it lies in the file.
func (c *column) readPage() (h pageHeader, body []byte, err error) {
	h, err = c.readHeader()
	if err != nil {
		return h, nil, err
	}
	switch {
	case h.size < 0 || h.packed < 0 || h.values < 0 || h.packed > c.file.size-c.pos:
		return h, nil, broken("a page of column %s says that it has %d bytes, in the file %d, and %d values", c.name, h.size, h.packed, h.values)
	case h.size > maxPage || h.packed > maxPage || h.values > maxPageValues:
		return h, nil, refused("a page of column %s has %d bytes and %d values: write pages of 1 MiB", c.name, max(h.size, h.packed), h.values)
	}
	if err := c.hold(c, c.dictHeld+int(h.size)); err != nil {
		return h, nil, err
	}
	body = make([]byte, h.packed)
	if err := c.file.readAt(body, c.pos); err != nil {
		return h, nil, err
	}
	c.pos += h.packed
	if h.hasCRC && crc32.ChecksumIEEE(body) != uint32(h.crc) {
		return h, nil, broken("a page of column %s has another checksum than its header says", c.name)
	}
	return h, body, nil
}

// readHeader reads the header of the next page, whose length nothing tells.
func (c *column) readHeader() (h pageHeader, err error) {
	const usual, most = 256, 1 << 20
	for size := int64(usual); ; size *= 8 {
		size = min(size, c.file.size-c.pos)
		if c.pos < 0 || size <= 0 {
			return h, broken("column %s ends with %d values to come", c.name, c.left)
		}
		b := c.header(int(size))
		if err := c.file.readAt(b, c.pos); err != nil {
			return h, err
		}
		h, n, short, err := parsePage(b)
		if err == nil {
			c.pos += int64(n)
			return h, nil
		}
		if !short || size == c.file.size-c.pos || size >= most {
			return h, err
		}
	}
}

// openV1 opens a page whose levels are compressed with its values.
func (c *column) openV1(h *pageHeader, body []byte) (err error) {
	if body, err = c.unpack(c.chunk.codec, body, int(h.size)); err != nil {
		return err
	}
	if c.node.maxRep > 0 {
		if c.reps, body, err = c.levelsV1(body, c.node.maxRep, h.repEncoding); err != nil {
			return err
		}
	}
	if c.node.maxDef > 0 {
		if c.defs, body, err = c.levelsV1(body, c.node.maxDef, h.defEncoding); err != nil {
			return err
		}
	}
	c.values, err = newValues(c.node, h.encoding, body, int(h.values), c.dict)
	return err
}

// levelsV1 cuts levels with their length in front from a page.
func (c *column) levelsV1(body []byte, most int, encoding int64) (h hybrid, rest []byte, err error) {
	if encoding != encRLE {
		return h, nil, refused("levels of column %s are encoded as %d, which no writer of today does", c.name, encoding)
	}
	if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
		return h, nil, errShort
	}
	n := binary.LittleEndian.Uint32(body)
	return newHybrid(body[4:4+n], uint(bits.Len(uint(most)))), body[4+n:], nil
}

// openV2 opens a page whose levels lie before its values.
func (c *column) openV2(h *pageHeader, body []byte) (err error) {
	reps, defs, size := h.repLength, h.defLength, int64(len(body))
	if reps < 0 || defs < 0 || reps > size || defs > size-reps || h.size < reps+defs {
		return broken("a page of column %s has %d bytes, %d and %d of them levels", c.name, size, reps, defs)
	}
	c.reps = newHybrid(body[:reps], uint(bits.Len(uint(c.node.maxRep))))
	c.defs = newHybrid(body[reps:reps+defs], uint(bits.Len(uint(c.node.maxDef))))
	if body = body[reps+defs:]; !h.plain && len(body) > 0 {
		if body, err = c.unpack(c.chunk.codec, body, int(h.size-reps-defs)); err != nil {
			return err
		}
	}
	c.values, err = newValues(c.node, h.encoding, body, int(h.values), c.dict)
	return err
}
