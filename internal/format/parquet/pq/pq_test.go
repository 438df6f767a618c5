package pq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/seneka-io/seneka/internal/errkind"
)

// A writer of Thrift's compact protocol, with which a test says anything.

type field struct {
	id    int
	value any // int: i64; string: binary; bool; list: structs; fields: a struct
}
type (
	fields []field
	list   []fields
)

func (f fields) encode() []byte {
	var b []byte
	for _, x := range f {
		typ := map[string]byte{"int": 6, "string": 8, "pq.list": 9, "pq.fields": 12}[fmt.Sprintf("%T", x.value)]
		if yes, ok := x.value.(bool); ok {
			typ = map[bool]byte{true: 1, false: 2}[yes]
		}
		b = binary.AppendVarint(append(b, typ), int64(x.id)) // the long form, which any id has
		switch v := x.value.(type) {
		case int:
			b = binary.AppendVarint(b, int64(v))
		case string:
			b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
		case list:
			b = binary.AppendUvarint(append(b, 0xf0|typeStruct), uint64(len(v)))
			for _, e := range v {
				b = append(b, e.encode()...)
			}
		case fields:
			b = append(b, v.encode()...)
		}
	}
	return append(b, 0)
}

// file returns a file of these pages and this metadata.
func file(pages []byte, footer []byte) []byte {
	b := append([]byte(Magic), pages...)
	b = append(b, footer...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(footer))), Magic...)
}

// column1 is the schema of one required column of INT64.
var column1 = list{{{4, "root"}, {5, 1}}, {{1, 2}, {3, 0}, {4, "n"}}}

// oneColumn is metadata of a column of rows, whose first page is the file's first.
func oneColumn(rows int, schema list, codec int) []byte {
	meta := fields{{1, 2}, {4, codec}, {5, rows}, {9, 4}}
	return fields{{1, 1}, {2, schema}, {3, rows}, {4, list{{{1, list{{{3, meta}}}}, {3, rows}}}}}.encode()
}

// page is a data page of version 1.
func page(values, size, packed, encoding int, body string) []byte {
	return append(fields{{1, 0}, {2, size}, {3, packed}, {5, fields{{1, values}, {2, encoding}, {3, 3}, {4, 3}}}}.encode(), body...)
}

// readAll reads a file to its end or first error.
func readAll(data []byte) (all []int64, err error) {
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	r := f.Records(1 << 20)
	var d Datum
	for {
		if err := r.Next(&d); err != nil {
			return all, err
		}
		all = append(all, d.List[0].Int)
	}
}

const twoInts = "\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"

func TestWritten(t *testing.T) {
	got, err := readAll(file(page(2, 16, 16, 0, twoInts), oneColumn(2, column1, 0)))
	if err != io.EOF || !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("%v, %v", got, err)
	}
}

// What a file declares beyond what it is ends as its own error, and takes no memory.
func TestHostile(t *testing.T) {
	good := page(2, 16, 16, 0, twoInts)
	deep := list{{{4, "root"}, {5, 1}}}
	for range 100 {
		deep = append(deep, fields{{4, "g"}, {5, 1}, {3, 1}})
	}
	nested := bytes.Repeat([]byte{0x1c}, 1<<20)
	tests := map[string]struct {
		data []byte
		want string
	}{
		"no magic":                {[]byte("PAR2 and more than that PAR1"), "does not begin with PAR1"},
		"short":                   {[]byte("PAR1PAR1"), "has 8 bytes"},
		"encrypted":               {[]byte("PARE\x00\x00\x00\x00PARE"), "encrypted"},
		"metadata too long":       {append(file(nil, nil)[:4], "\xff\xff\xff\x7fPAR1"...), "its metadata has 2147483647 bytes"},
		"no metadata":             {file(nil, nil), "ends within a value"},
		"no schema":               {file(nil, fields{{1, 1}}.encode()), "no schema"},
		"a list of 2^40":          {file(nil, append([]byte{9, 4, 0xfc}, binary.AppendUvarint(nil, 1<<40)...)), "1099511627776 elements"},
		"a text of 2^40":          {file(nil, append([]byte{8, 18}, binary.AppendUvarint(nil, 1<<40)...)), "ends within a value"},
		"structs in structs":      {file(nil, nested), "nested more than 32 deep"},
		"groups in groups":        {file(nil, oneColumn(2, deep, 0)), "nested more than 64 deep"},
		"a group of itself":       {file(nil, oneColumn(2, list{{{4, "root"}, {5, 1 << 30}}}, 0)), "1073741824 fields"},
		"no fields":               {file(nil, oneColumn(2, list{{{4, "root"}, {5, 1}}, {{4, "g"}}}, 0)), "has 0 fields"},
		"more than the tree":      {file(good, oneColumn(2, append(slices.Clone(column1), column1[1]), 0)), "no field of another"},
		"an unknown type":         {file(good, oneColumn(2, list{column1[0], {{1, 9}, {4, "n"}}}, 0)), "type 9"},
		"other types":             {file(good, oneColumn(2, list{column1[0], {{1, 1}, {4, "n"}}}, 0)), "type 1 in the schema"},
		"values of 2^31 bytes":    {file(good, oneColumn(2, list{column1[0], {{1, 7}, {2, 1 << 31}, {4, "n"}}}, 0)), "values of 2147483648 bytes"},
		"many rows":               {file(good, oneColumn(1<<40, column1, 0)), "1099511627776 rows"},
		"fewer values than rows":  {file(good, oneColumn(3, column1, 0)), "the Parquet file is broken"},
		"more values than rows":   {file(good, oneColumn(1, column1, 0)), "2 values, and the column 1 more"},
		"a page of 2^31 bytes":    {file(page(2, 1<<31-1, 16, 0, twoInts), oneColumn(2, column1, 0)), "2147483647 bytes"},
		"packed in 2^31 bytes":    {file(page(2, 16, 1<<31-1, 0, twoInts), oneColumn(2, column1, 0)), "in the file 2147483647"},
		"negative sizes":          {file(page(2, -1, -1, 0, twoInts), oneColumn(2, column1, 0)), "-1 bytes"},
		"an unknown codec":        {file(good, oneColumn(2, column1, 3)), "codec 3"},
		"an unknown encoding":     {file(page(2, 16, 16, 4, twoInts), oneColumn(2, column1, 0)), "encoded as 4"},
		"no dictionary":           {file(page(2, 16, 16, 8, twoInts), oneColumn(2, column1, 0)), "dictionary that is not there"},
		"the page is shorter":     {file(page(2, 8, 8, 0, twoInts[:8]), oneColumn(2, column1, 0)), "ends within its values"},
		"snappy of 64 MiB":        {file(page(2, 64<<20, 8, 0, "\x80\x80\x80\x20\x00\x00\x00\x00"), oneColumn(2, column1, 1)), "no snappy"},
		"gzip that says 64 MiB":   {file(page(2, 64<<20, 8, 0, "\x1f\x8b\x08\x00\x00\x00\x00\x00"), oneColumn(2, column1, 2)), "no gzip"},
		"zstd that says 64 MiB":   {file(page(2, 64<<20, 13, 0, "\x28\xb5\x2f\xfd\xa4\x00\x00\x00\x04\x01\x00\x00\x00"), oneColumn(2, column1, 6)), "page"},
		"brotli that says 64 MiB": {file(page(2, 64<<20, 1, 0, "\x06"), oneColumn(2, column1, 4)), "0 bytes, and its header says 67108864"},
		"lz4 that says 64 MiB":    {file(page(2, 64<<20, 2, 0, "\x10a"), oneColumn(2, column1, 7)), "1 bytes, and its header says 67108864"},
		"2^23 differences":        {file(page(2, 16, 16, 5, "\x80\x01\x04\x80\x80\x80\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"), oneColumn(2, column1, 0)), "8388608 differences"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readAll(tt.data)
			runtime.ReadMemStats(&after)
			if err == nil || err == io.EOF || !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 20<<20 {
				t.Errorf("takes %d KiB", n>>10)
			}
		})
	}
}

// A list of nothing but NULLs takes no bytes in the file, and its record is one that is too large.
func TestEndlessList(t *testing.T) {
	schema := list{{{4, "root"}, {5, 1}}, {{1, 2}, {3, 2}, {4, "n"}}}
	const values = 1 << 20
	// Repetition levels 0, then 1 each; definition levels all 1; differences of 0.
	reps := "\x02\x00" + string(binary.AppendUvarint(nil, (values-1)<<1)) + "\x01"
	defs := string(binary.AppendUvarint(nil, values<<1)) + "\x01"
	body := level4(reps) + level4(defs)
	body += string(binary.AppendUvarint([]byte("\x80\x01\x01"), values)) + "\x00" + strings.Repeat("\x00\x00", values/128)
	meta := fields{{1, 2}, {4, 0}, {5, values}, {9, 4}}
	footer := fields{{1, 1}, {2, schema}, {3, 1}, {4, list{{{1, list{{{3, meta}}}}, {3, 1}}}}}.encode()
	_, err := readAll(file(page(values, len(body), len(body), encDeltaPacked, body), footer))
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

func level4(levels string) string {
	return string(binary.LittleEndian.AppendUint32(nil, uint32(len(levels)))) + levels
}

// What another library packs as an LZ4 block, alone and as Hadoop frames it, is unpacked.
func TestLZ4(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		text := make([]byte, n*n)
		for i := range text {
			text[i] = byte(rng.IntN(1 + n%5))
		}
		packed := make([]byte, lz4.CompressBlockBound(len(text)))
		size, err := lz4.CompressBlock(text, packed, nil)
		if err != nil {
			t.Fatal(err)
		}
		if size == 0 { // it does not get smaller
			continue
		}
		framed := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(size)), packed[:size]...)
		var u unpacker
		raw, err1 := u.unpack(codecLZ4Raw, packed[:size], len(text))
		hadoop, err2 := u.unpack(codecLZ4, append(slices.Clone(framed), framed...), 2*len(text))
		bare, err3 := u.unpack(codecLZ4, packed[:size], len(text))
		if err := errors.Join(err1, err2, err3); err != nil || !bytes.Equal(raw, text) || !bytes.Equal(bare, text) || !bytes.Equal(hadoop, slices.Concat(text, text)) {
			t.Fatalf("%d bytes: %v", len(text), err)
		}
	}
}

// An error of the reader is not the file's.
func TestReaderFails(t *testing.T) {
	data, err := os.ReadFile("../testdata/parquet/alltypes_plain.parquet")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no such disk")
	for n := range 10 {
		r := &failing{bytes.NewReader(data), n, broken}
		f, err := Open(r, int64(len(data)))
		if err == nil {
			var d Datum
			err = f.Records(1 << 20).Next(&d)
		}
		if !errors.Is(err, broken) || errkind.Is(err, errkind.Permanent) {
			t.Errorf("the read after %d fails: %v", n, err)
		}
	}
}

// failing fails after some reads.
type failing struct {
	io.ReaderAt
	left int
	err  error
}

func (f *failing) ReadAt(p []byte, at int64) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	f.left--
	return f.ReaderAt.ReadAt(p, at)
}
