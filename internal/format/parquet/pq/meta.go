package pq

// element is a SchemaElement.
type element struct {
	kind, repetition, children int64 // kind -1: a group
	length, scale, precision   int64
	name                       string
	converted                  int64 // -1: none
	logical                    logicalType
}

// logicalType is a LogicalType.
type logicalType struct {
	id               int64 // of the union's field; 0: none
	scale, precision int64
	local            bool  // not adjusted to UTC
	unit             int64 // of the TimeUnit's field: milliseconds 1, microseconds 2, nanoseconds 3
	bits             int64
	unsigned         bool
}

// group is a RowGroup.
type group struct {
	chunks []chunk
	rows   int64
}

// chunk is a ColumnMetaData.
type chunk struct {
	kind, codec, values int64
	data, dictionary    int64 // offsets of the first pages
	elsewhere           bool  // the data is in another file, or encrypted
}

// footer is a FileMetaData.
type footer struct {
	schema    []element
	groups    []group
	rows      int64
	encrypted bool
}

// BigQuery's tables have 10,000 columns at most, and metadata has to fit memory whatever it says.
const (
	maxElements = 50_000
	maxChunks   = 1_000_000
)

// parseFooter reads a FileMetaData
// (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
func parseFooter(b []byte) (*footer, error) {
	t, m := &thrift{b: b}, &footer{}
	chunks := 0
	t.object(typeStruct, func(id int64, typ byte) {
		switch id {
		case 2:
			t.list(typ, func(typ byte) {
				if m.schema = append(m.schema, t.element(typ)); len(m.schema) > maxElements {
					t.fail(refused("it has more than %d columns", maxElements))
				}
			})
		case 3:
			m.rows = t.int(typ)
		case 4:
			t.list(typ, func(typ byte) {
				g := t.group(typ, maxChunks-chunks)
				chunks += len(g.chunks) + 1
				m.groups = append(m.groups, g)
			})
		case 8:
			m.encrypted = true
			t.skip(typ)
		default:
			t.skip(typ)
		}
	})
	return m, t.err
}

func (t *thrift) element(typ byte) element {
	e := element{kind: -1, converted: -1}
	t.object(typ, func(id int64, typ byte) {
		switch id {
		case 1:
			e.kind = t.int(typ)
		case 2:
			e.length = t.int(typ)
		case 3:
			e.repetition = t.int(typ)
		case 4:
			e.name = string(t.binary(typ))
		case 5:
			e.children = t.int(typ)
		case 6:
			e.converted = t.int(typ)
		case 7:
			e.scale = t.int(typ)
		case 8:
			e.precision = t.int(typ)
		case 10:
			e.logical = t.logical(typ)
		default:
			t.skip(typ)
		}
	})
	return e
}

func (t *thrift) logical(typ byte) (l logicalType) {
	t.object(typ, func(id int64, typ byte) {
		l.id = id
		t.object(typ, func(id int64, typ byte) { t.parameter(&l, id, typ) })
	})
	return l
}

// parameter reads a field of the struct that a LogicalType is.
func (t *thrift) parameter(l *logicalType, id int64, typ byte) {
	switch {
	case l.id == 5 && id == 1: // DecimalType
		l.scale = t.int(typ)
	case l.id == 5 && id == 2:
		l.precision = t.int(typ)
	case (l.id == 7 || l.id == 8) && id == 1: // TimeType, TimestampType
		l.local = typ == typeFalse
		t.skip(typ)
	case (l.id == 7 || l.id == 8) && id == 2:
		t.object(typ, func(id int64, typ byte) {
			l.unit = id
			t.skip(typ)
		})
	case l.id == 10 && id == 1: // IntType
		l.bits = t.int(typ)
	case l.id == 10 && id == 2:
		l.unsigned = typ == typeFalse
		t.skip(typ)
	default:
		t.skip(typ)
	}
}

func (t *thrift) group(typ byte, most int) (g group) {
	t.object(typ, func(id int64, typ byte) {
		switch id {
		case 1:
			t.list(typ, func(typ byte) {
				if g.chunks = append(g.chunks, t.chunk(typ)); len(g.chunks) > most {
					t.fail(refused("it has more than %d column chunks", maxChunks))
				}
			})
		case 3:
			g.rows = t.int(typ)
		default:
			t.skip(typ)
		}
	})
	return g
}

// chunk reads a ColumnChunk.
func (t *thrift) chunk(typ byte) (c chunk) {
	described := false
	t.object(typ, func(id int64, typ byte) {
		switch id {
		case 1:
			c.elsewhere = c.elsewhere || len(t.binary(typ)) > 0
		case 3:
			described = true
			t.object(typ, func(id int64, typ byte) { t.columnMeta(&c, id, typ) })
		case 8:
			c.elsewhere = true
			t.skip(typ)
		default:
			t.skip(typ)
		}
	})
	c.elsewhere = c.elsewhere || !described
	return c
}

// columnMeta reads a field of a ColumnMetaData.
func (t *thrift) columnMeta(c *chunk, id int64, typ byte) {
	switch id {
	case 1:
		c.kind = t.int(typ)
	case 4:
		c.codec = t.int(typ)
	case 5:
		c.values = t.int(typ)
	case 9:
		c.data = t.int(typ)
	case 11:
		c.dictionary = t.int(typ)
	default:
		t.skip(typ)
	}
}

// The kinds of pages.
const (
	dataPage       = 0
	indexPage      = 1
	dictionaryPage = 2
	dataPageV2     = 3
)

// pageHeader is a PageHeader, with the one header of the three that its type says.
type pageHeader struct {
	kind, size, packed   int64 // size: uncompressed; packed: as it lies in the file
	crc                  int64
	hasCRC               bool
	values, encoding     int64
	defEncoding          int64
	repEncoding          int64
	defLength, repLength int64 // of version 2
	plain                bool  // of version 2: not compressed
}

// parsePage reads a PageHeader from the beginning of b, and returns its length. short says that b ends
// within it.
func parsePage(b []byte) (h pageHeader, n int, short bool, err error) {
	t := &thrift{b: b}
	t.object(typeStruct, func(id int64, typ byte) {
		switch id {
		case 1:
			h.kind = t.int(typ)
		case 2:
			h.size = t.int(typ)
		case 3:
			h.packed = t.int(typ)
		case 4:
			h.crc, h.hasCRC = t.int(typ), true
		case 5, 7:
			t.object(typ, func(id int64, typ byte) { t.pageV1(&h, id, typ) })
		case 8:
			t.object(typ, func(id int64, typ byte) { t.pageV2(&h, id, typ) })
		default:
			t.skip(typ)
		}
	})
	return h, t.pos, t.short, t.err
}

// pageV1 reads a field of a DataPageHeader or a DictionaryPageHeader.
func (t *thrift) pageV1(h *pageHeader, id int64, typ byte) {
	switch {
	case id == 1:
		h.values = t.int(typ)
	case id == 2:
		h.encoding = t.int(typ)
	case id == 3 && h.kind == dataPage:
		h.defEncoding = t.int(typ)
	case id == 4 && h.kind == dataPage:
		h.repEncoding = t.int(typ)
	default:
		t.skip(typ)
	}
}

// pageV2 reads a field of a DataPageHeaderV2.
func (t *thrift) pageV2(h *pageHeader, id int64, typ byte) {
	switch id {
	case 1:
		h.values = t.int(typ)
	case 4:
		h.encoding = t.int(typ)
	case 5:
		h.defLength = t.int(typ)
	case 6:
		h.repLength = t.int(typ)
	case 7:
		h.plain = typ == typeFalse
		t.skip(typ)
	default:
		t.skip(typ)
	}
}
