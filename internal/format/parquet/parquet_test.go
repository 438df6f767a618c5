package parquet

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

// samples are files of apache/parquet-testing.
func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/parquet/*.parquet")
	if err != nil || len(files) != 16 {
		t.Fatalf("%d samples, error %v", len(files), err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ofFile returns the format without a declaration.
func ofFile(t testing.TB, partitionBy string) *format.Format {
	t.Helper()
	f, err := Format().Declare(format.Declaration{PartitionBy: partitionBy})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func inspected(t testing.TB, data []byte) *format.Format {
	t.Helper()
	f, err := ofFile(t, "").Inspect(bytes.NewReader(data), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// declared returns the format of a table with the columns of a schema file.
func declared(t testing.TB, d format.Declaration, schema string) *format.Format {
	t.Helper()
	var err error
	if d.Columns, err = row.ParseSchema([]byte(schema)); err != nil {
		t.Fatal(err)
	}
	f, err := Format().Declare(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSamples(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f := inspected(t, read(t, file))
			formattest.Golden(t, f, file)
			text, err := f.Spec.Columns.JSON()
			if err != nil {
				t.Fatal(err)
			}
			golden := "testdata/schemas/" + strings.TrimSuffix(filepath.Base(file), ".parquet") + ".json"
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(golden, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := read(t, golden); string(text) != string(want) {
				t.Errorf("columns\n%s\nwant\n%s", text, want)
			}
		})
	}
}

// Files of the same columns have the same format, for tables and streams are kept by it.
func TestInspectRemembers(t *testing.T) {
	own := ofFile(t, "")
	inspect := func(file string) *format.Format {
		f, err := own.Inspect(bytes.NewReader(read(t, "testdata/parquet/"+file)), format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	plain, snappy, decimal := inspect("alltypes_plain.parquet"), inspect("alltypes_plain.snappy.parquet"), inspect("int32_decimal.parquet")
	if plain != snappy || plain == decimal {
		t.Errorf("formats %p, %p of the same columns and %p of others", plain, snappy, decimal)
	}
	if plain.New == nil || plain.Name != "parquet" || plain.Spec.PartitionBy != "loaded_at" {
		t.Errorf("%+v", plain)
	}
}

func TestInspectPartition(t *testing.T) {
	data := read(t, "testdata/parquet/alltypes_plain.parquet")
	f, err := ofFile(t, "timestamp_col").Inspect(bytes.NewReader(data), format.Options{})
	if err != nil || f.Spec.PartitionBy != "timestamp_col" {
		t.Errorf("%v, %v", f, err)
	}
	if _, err = ofFile(t, "day").Inspect(bytes.NewReader(data), format.Options{}); !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), "day") {
		t.Errorf("a file without the partition column: %v", err)
	}
}

// decodeText returns what comes of data, a line a record.
func decodeText(t *testing.T, f *format.Format, data []byte) string {
	t.Helper()
	all, err := formattest.Decode(f, bytes.NewReader(data), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range all {
		if o.Reject != "" {
			fmt.Fprintf(&b, "%d: %s %s\n", o.Line, o.Reject, o.Raw)
		} else {
			fmt.Fprintf(&b, "%s\n", o.Row)
		}
	}
	return b.String()
}

func TestDeclared(t *testing.T) {
	tests := []struct {
		name, file, schema, want string
		toExtra                  bool
	}{
		{name: "by name, in any case; the rest to extra", file: "datapage_v2.snappy",
			schema: `[{"name":"B","type":"INT64"},{"name":"E","type":"INT64","mode":"REPEATED"},{"name":"z","type":"STRING"}]`,
			want:   `{"B":1,"E":[1,2,3],"extra":{"a":"abc","c":2,"d":true}}`},
		{name: "numbers in wider columns", file: "datapage_v2.snappy",
			schema: `[{"name":"a","type":"BYTES"},{"name":"b","type":"NUMERIC"},{"name":"c","type":"FLOAT64"},{"name":"d","type":"STRING"},{"name":"e","type":"JSON"}]`,
			want:   `{"a":"abc","b":"1","c":2,"d":"true","e":[1,2,3]}`},
		{name: "a conflict", file: "datapage_v2.snappy",
			schema: `[{"name":"a","type":"INT64"},{"name":"b","type":"INT64"}]`,
			want:   `1: column a: "abc" is not a number {"a":"abc","b":1,"c":2,"d":true,"e":[1,2,3]}`},
		{name: "a conflict to extra", file: "datapage_v2.snappy", toExtra: true,
			schema: `[{"name":"a","type":"INT64"},{"name":"b","type":"INT64"},{"name":"c","type":"INT64","mode":"REPEATED"},{"name":"e","type":"INT64"}]`,
			want:   `{"b":1,"extra":{"a":"abc","c":2,"e":[1,2,3],"d":true}}`},
		{name: "texts", file: "alltypes_plain",
			schema: `[{"name":"id","type":"STRING"},{"name":"string_col","type":"INT64"},{"name":"timestamp_col","type":"DATETIME"},{"name":"date_string_col","type":"STRING"}]`,
			want:   `{"id":"4","string_col":0,"timestamp_col":1235865600000000,"date_string_col":"03/01/09","extra":{"bool_col":true,"tinyint_col":0,"smallint_col":0,"int_col":0,"bigint_col":0,"float_col":0,"double_col":0}}`},
		{name: "a struct of which a part has no column", file: "nested_maps.snappy",
			schema: `[{"name":"a","type":"STRUCT","mode":"REPEATED","fields":[{"name":"KEY","type":"STRING"},{"name":"new","type":"INT64"}]},{"name":"b","type":"INT64"},{"name":"c","type":"FLOAT64"}]`,
			want:   `{"a":[{"KEY":"a"}],"b":1,"c":1,"extra":{"a":[{"key":"a","value":[{"key":1,"value":true},{"key":2,"value":false}]}]}}`},
		{name: "a whole number where a decimal is", file: "int32_decimal", schema: `[{"name":"value","type":"INT64"}]`,
			want: `1: column value: the decimal number 1.00 is not a INT64 {"value":1.00}`},
		{name: "a group where a number is", file: "nulls.snappy", schema: `[{"name":"b_struct","type":"INT64"}]`,
			want: `1: column b_struct: a group of fields is not a INT64 {"b_struct":{"b_c_int":null}}`},
		{name: "a list where a number is", file: "list_columns", schema: `[{"name":"int64_list","type":"INT64"},{"name":"utf8_list","type":"JSON"}]`,
			want: `1: column int64_list: a list, and the column is not REPEATED {"int64_list":[1,2,3],"utf8_list":["abc","efg","hij"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := declared(t, format.Declaration{ConflictsToExtra: tt.toExtra}, tt.schema)
			got, _, _ := strings.Cut(decodeText(t, f, read(t, "testdata/parquet/"+tt.file+".parquet")), "\n")
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A record that is too large is a reject, and the one behind it is read.
func TestLargeRecords(t *testing.T) {
	data := read(t, "testdata/parquet/list_columns.parquet")
	all, err := formattest.Decode(inspected(t, data), bytes.NewReader(data), format.Options{MaxRecord: 8})
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	if all[0].Reject != "the record is too large" || all[1].Reject == all[0].Reject || all[2].Line != 3 {
		t.Errorf("%+v", all)
	}
}

// survive reads data to its end or first error, which must be the file's own, and returns how many
// records came.
func survive(t testing.TB, data []byte) (records int) {
	t.Helper()
	f, err := ofFile(t, "").Inspect(bytes.NewReader(data), format.Options{})
	if err == nil {
		dec := f.New(bytes.NewReader(data), format.Options{})
		rec := row.NewRecord(len(f.Spec.Columns))
		const many = 10_000
		var bad *format.Reject
		for err == nil || errors.As(err, &bad) {
			if err = dec.Next(rec); records == many {
				return records
			}
			records++
		}
		if again := dec.Next(rec); again != err {
			t.Fatalf("after error %v: %v", err, again)
		}
	}
	if err != io.EOF && !errkind.Is(err, errkind.Permanent) {
		t.Fatalf("the file is broken, and the error is another's: %v", err)
	}
	return records
}

// most is how many bytes of memory a broken file of some hundred bytes may cost in all.
const most = 256 << 20

// allocated returns how many bytes of memory do takes in all.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestCutFiles(t *testing.T) {
	for _, file := range samples(t) {
		data := read(t, file)
		for n := range data {
			if n := survive(t, data[:n]); n != 0 {
				t.Fatalf("%s: %d records of a file that is cut short", file, n)
			}
		}
	}
}

// Whatever bytes are flipped, a file is rows, rejects and an error, and takes little memory.
func TestFlippedBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, file := range samples(t) {
		whole := read(t, file)
		for range 400 {
			data := bytes.Clone(whole)
			at := rng.IntN(len(data))
			if rng.IntN(2) == 0 { // the metadata, most of the time
				at = len(data) - 1 - rng.IntN(min(len(data), 600))
			}
			data[at] ^= byte(1 + rng.IntN(255))
			if n := allocated(func() { survive(t, data) }); n > most {
				t.Fatalf("%s with byte %d = %#x takes %d MiB", file, at, data[at], n>>20)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first := survive(t, data)
		if again := survive(t, data); again != first {
			t.Errorf("%d records, and %d the second time", first, again)
		}
		texts, err := NewTexts(bytes.NewReader(data), format.Options{})
		for rec := row.NewRecord(0); err == nil && rec.Line < 1000; {
			if _, err = texts.Next(rec); err != nil {
				return
			}
			if raw := appendJSON(nil, texts.root, &texts.datum); !json.Valid(bytes.ToValidUTF8(raw, nil)) {
				t.Fatalf("no JSON: %q", raw)
			}
		}
	})
}

// The reader's error is passed on as it is.
func TestReaderFails(t *testing.T) {
	broken := errors.New("connection reset")
	data := read(t, "testdata/parquet/alltypes_plain.parquet")
	r := io.MultiReader(bytes.NewReader(data[:500]), &failing{broken})
	if _, err := ofFile(t, "").Inspect(r, format.Options{}); !errors.Is(err, broken) || errkind.Is(err, errkind.Permanent) {
		t.Errorf("error %v, want the reader's own", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }
