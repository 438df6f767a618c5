package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/row"
)

func column(name string, t row.Type) row.Column {
	return row.Column{Name: name, Type: t, Mode: row.Nullable, Description: "As the file has it."}
}

// strs returns STRING columns.
func strs(names ...string) row.Schema {
	var all row.Schema
	for _, name := range names {
		all = append(all, column(name, row.String))
	}
	return all
}

// spectrum has the columns of all samples, and a time to partition by.
var spectrum = slices.Concat(strs("first", "last", "address", "city", "zip", "a", "b", "c", "key", "val",
	"Contact_Phone_Number", "Location_Coordinates", "Cities", "Counties"), row.Schema{column("time", row.Timestamp)})

func declare(t testing.TB, f *format.Format, d format.Declaration) *format.Format {
	t.Helper()
	f, err := f.Declare(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/csv/*.csv")
	if err != nil || len(files) != 12 {
		t.Fatalf("%d samples, error %v", len(files), err)
	}
	return files
}

// records counts the records behind the header: lines, but for those within quotes that are closed.
func records(data []byte) (n int) {
	text := strings.TrimSuffix(string(data), "\n")
	for len(text) > 0 {
		n++
		line, rest, _ := strings.Cut(text, "\n")
		for more := rest; strings.Count(line, `"`)%2 == 1 && more != ""; {
			next, left, _ := strings.Cut(more, "\n")
			if line += next; strings.Count(line, `"`)%2 == 0 {
				rest = left
			}
			more = left
		}
		text = rest
	}
	return max(n-1, 0)
}

func TestCSV(t *testing.T) {
	f := declare(t, CSV(), format.Declaration{Columns: spectrum, CSV: format.CSV{Header: format.HeaderPresent}})
	formattest.Suite{Format: f, Samples: samples(t), Records: records}.Run(t)
}

// Each sample of csv-spectrum has beside it what it holds: texts by name. The phone number of one is
// another there.
func TestAgainstSpectrum(t *testing.T) {
	f := declare(t, CSV(), format.Declaration{Columns: spectrum})
	for _, file := range samples(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".csv")
		expected, err := os.ReadFile("testdata/spectrum/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if expected[0] == '{' { // one row without the array
			expected = slices.Concat([]byte("["), expected, []byte("]"))
		}
		var want []map[string]string
		if err := json.Unmarshal(expected, &want); err != nil {
			t.Fatal(err)
		}
		all, err := formattest.Decode(f, bytes.NewReader(formattest.Plain(t, file)), format.Options{})
		if err != nil || len(all) != len(want) {
			t.Fatalf("%s: %d rows, want %d, error %v", name, len(all), len(want), err)
		}
		for i, o := range all {
			var got map[string]string
			if err := json.Unmarshal(o.Row, &got); err != nil {
				t.Fatalf("%s: %v in %+v", name, err, o)
			}
			for header, value := range want[i] {
				if value == "1234567890" {
					value = "2095257564"
				}
				column := strings.ReplaceAll(header, " ", "_")
				if got[column] != value {
					t.Errorf("%s, row %d: %s = %q, want %q", name, i+1, column, got[column], value)
				}
				delete(got, column)
			}
			if len(got) > 0 {
				t.Errorf("%s, row %d: also %v", name, i+1, got)
			}
		}
	}
}

// show returns what came of text, a line a record.
func show(t *testing.T, f *format.Format, text string) string {
	t.Helper()
	all, err := formattest.Decode(f, strings.NewReader(text), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range all {
		if o.Reject != "" {
			lines = append(lines, fmt.Sprintf("%d@%d %q: %s", o.Line, o.Offset, o.Raw, o.Reject))
		} else {
			lines = append(lines, string(o.Row))
		}
	}
	return strings.Join(lines, "\n")
}

func TestShapes(t *testing.T) {
	abc := strs("a", "b", "c")
	tests := []struct {
		name, text, want string
		csv              format.CSV
	}{
		{name: "header", text: "a,b,c\n1,2,3\n", want: `{"a":"1","b":"2","c":"3"}`},
		{name: "header in another order and case", text: "C,A\n3,1", want: `{"a":"1","c":"3"}`},
		{name: "header in quotes, with spaces", text: "\" a\",b \n1,2", want: `{"a":"1","b":"2"}`},
		{name: "half a header", text: "a,x\n1,2", want: `{"a":"1","extra":{"x":"2"}}`},
		{name: "less than half a header", text: "a,x,y\n1,2,3", want: "{\"a\":\"a\",\"b\":\"x\",\"c\":\"y\"}\n{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}"},
		{name: "no header", text: "1,2,3", want: `{"a":"1","b":"2","c":"3"}`},
		{name: "a name twice", text: "a,a,b\n1,2,3", want: `{"a":"1","b":"3","extra":{"a":"2"}}`},
		{name: "header said to be there", text: "a,x,y,z\n1,2,3,4", csv: format.CSV{Header: format.HeaderPresent}, want: `{"a":"1","extra":{"x":"2","y":"3","z":"4"}}`},
		{name: "header of unknown names", text: "x,y\n1,2", csv: format.CSV{Header: format.HeaderPresent}, want: `{"a":"1","b":"2"}`},
		{name: "header said not to be there", text: "a,b,c", csv: format.CSV{Header: format.HeaderAbsent}, want: `{"a":"a","b":"b","c":"c"}`},
		{name: "header only", text: "a,b,c\n", want: ""},
		{name: "skipped lines", text: "# export\n\nb,a\n2,1", csv: format.CSV{SkipRows: 2}, want: `{"a":"1","b":"2"}`},
		{name: "all skipped", text: "b,a\n2,1", csv: format.CSV{SkipRows: 5}, want: ""},
		{name: "byte order mark", text: "\xef\xbb\xbfa,b\n1,2", want: `{"a":"1","b":"2"}`},
		{name: "byte order mark and quotes", text: "\xef\xbb\xbf\"1\",2", want: `{"a":"1","b":"2"}`},

		{name: "missing at the end", text: "a,b,c\n1\n1,2", want: "{\"a\":\"1\"}\n{\"a\":\"1\",\"b\":\"2\"}"},
		{name: "surplus", text: "a,b,c\n1,2,3,4,,\"5\"", want: `{"a":"1","b":"2","c":"3","extra":{"field_4":"4","field_6":"5"}}`},
		{name: "surplus without a header", text: "1,2,3,4", want: `{"a":"1","b":"2","c":"3","extra":{"field_4":"4"}}`},
		{name: "empty is NULL, quoted empty is not", text: `1,,""`, want: `{"a":"1","c":""}`},
		{name: "delimiter at the end", text: "1,2,", want: `{"a":"1","b":"2"}`},
		{name: "only delimiters", text: ",,\n1", want: "{}\n{\"a\":\"1\"}"},
		{name: "blank lines", text: "\n1\n\n  \n2\r\n\r\n", want: "{\"a\":\"1\"}\n{\"a\":\"2\"}"},
		{name: "spaces stay", text: " 1 , 2", want: `{"a":" 1 ","b":" 2"}`},
		{name: "null marker", text: `\N,"\N",,""`, csv: format.CSV{NullMarker: `\N`}, want: `{"b":"\\N","c":""}`},

		{name: "quotes", text: `"1,2","3""4""",5`, want: `{"a":"1,2","b":"3\"4\"","c":"5"}`},
		{name: "line endings in quotes", text: "\"1\n2\r\n\n3\",4\r\n5,6", want: "{\"a\":\"1\\n2\\r\\n\\n3\",\"b\":\"4\"}\n{\"a\":\"5\",\"b\":\"6\"}"},
		{name: "quotes at line endings", text: "\"1\n\"\"\n2\",4\n5", want: "{\"a\":\"1\\n\\\"\\n2\",\"b\":\"4\"}\n{\"a\":\"5\"}"},
		{name: "quotes within a bare field", text: `5" disk,a"b",c`, want: `{"a":"5\" disk","b":"a\"b\"","c":"c"}`},
		{name: "bytes that are no UTF-8", text: "caf\xe9,\"\xff\"\"\"", want: `{"a":"caf�","b":"�\""}`},
		{name: "semicolons", text: "a;b\n1,5;2", csv: format.CSV{Delimiter: ';'}, want: `{"a":"1,5","b":"2"}`},

		{name: "something behind a quote", text: "\"1\"x,2\n3", want: `1@0 "\"1\"x,2": something stands behind the quote that ends field 1; a quote within it must be doubled` + "\n" + `{"a":"3"}`},
		{name: "a quote too many", text: "1,\"2,3\n4,\"5\",6\n7", want: `1@0 "1,\"2,3": something stands behind the quote that ends field 2; a quote within it must be doubled` + "\n" + `{"a":"4","b":"5","c":"6"}` + "\n" + `{"a":"7"}`},
		{name: "a quote that is never closed", text: "1,\"2,3\n4,5,6\n7,8\n9,\"\",12", want: `1@0 "1,\"2,3": the quote before field 2 is never closed` + "\n" + `{"a":"4","b":"5","c":"6"}` + "\n" +
			`3@13 "7,8": a quote before it is never closed, and it has 2 fields of 3: it is part of that field, or cut short` + "\n" + `{"a":"9","b":"","c":"12"}`},
		{name: "a broken first record", text: "\"a\"b\na,b\n1,2", want: `1@0 "\"a\"b": something stands behind the quote that ends field 1; a quote within it must be doubled` + "\n" + `{"a":"a","b":"b"}` + "\n" + `{"a":"1","b":"2"}`},
		{name: "fields without end", text: strings.Repeat(",", maxFields) + "\n1", want: fmt.Sprintf("1@0 %q: the record has more than 10000 fields\n", strings.Repeat(",", maxFields)) + `{"a":"1"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := declare(t, CSV(), format.Declaration{Columns: abc, CSV: tt.csv})
			if got := show(t, f, tt.text); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestTSV(t *testing.T) {
	f := declare(t, TSV(), format.Declaration{Columns: strs("a", "b", "c")})
	const text = "b\ta\n1, 2\t\"x\ty\n\"\n\t\t\n\t2\r\n"
	want := "{\"a\":\"x\\ty\\n\",\"b\":\"1, 2\"}\n{}\n{\"a\":\"2\"}"
	if got := show(t, f, text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Values are those of BigQuery's load jobs: package coerce has all of its rules.
func TestTypes(t *testing.T) {
	columns := row.Schema{column("n", row.Int64), column("f", row.Float64), column("b", row.Bool), column("x", row.Bytes), column("d", row.Date),
		column("t", row.Time), column("ts", row.Timestamp), column("m", row.Numeric), column("j", row.JSON)}
	header := "n,f,b,x,d,t,ts,m,j\n"
	tests := []struct{ name, text, want string }{
		{"all", `1,2.5,yes,aGk=,2024-02-29,01:02:03,2024-02-29 01:02:03+01:00,12.50,"{""k"": [1]}"`,
			`{"n":1,"f":2.5,"b":1,"x":"hi","d":"2024-02-29","t":"01:02:03.000000","ts":"2024-02-29T00:02:03.000000Z","m":"12.50","j":{"k": [1]}}`},
		{"nothing", ",,,,,,,,", "{}"},
		{"quoted nothing", `"","","","","","","","",""`, `{"x":""}`},
		{"no number", "1x", `2@19 "1x": column n: "1x" is not a number`},
		{"no date", ",,,,29.02.2024", `2@19 ",,,,29.02.2024": column d: "29.02.2024" is not a DATE such as 2006-01-02`},
	}
	f := declare(t, CSV(), format.Declaration{Columns: columns})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(t, f, header+tt.text); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	if f.Spec.PartitionBy != "ts" {
		t.Errorf("partitioned by %s", f.Spec.PartitionBy)
	}
}

// What a column does not take goes to extra if the source says so, unless the column must have a value.
func TestConflictsToExtra(t *testing.T) {
	required := column("r", row.Int64)
	required.Mode = row.Required
	f := declare(t, CSV(), format.Declaration{Columns: row.Schema{column("n", row.Int64), required}, ConflictsToExtra: true})
	want := `{"r":1,"extra":{"n":"x\"y"}}` + "\n" + `2@9 "1,x": column r: "x" is not a number`
	if got := show(t, f, "\"x\"\"y\",1\n1,x"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDeclareErrors(t *testing.T) {
	list := column("l", row.String)
	list.Mode = row.Repeated
	tests := []struct {
		name string
		d    format.Declaration
		want string
	}{
		{"no schema", format.Declaration{}, "name a BigQuery JSON schema file"},
		{"a list", format.Declaration{Columns: row.Schema{list}}, "column l: a field of a CSV file holds no STRUCT and no list"},
		{"a struct", format.Declaration{Columns: row.Schema{{Name: "s", Type: row.Struct, Fields: strs("a")}}}, "column s: a field"},
		{"a quote for a delimiter", format.Declaration{Columns: strs("a"), CSV: format.CSV{Delimiter: '"'}}, "the delimiter '\"' cannot part fields"},
		{"half a character", format.Declaration{Columns: strs("a"), CSV: format.CSV{Delimiter: 0xe9}}, "cannot part fields"},
		{"no such column", format.Declaration{Columns: strs("a"), PartitionBy: "b"}, "no such column"},
	}
	for _, tt := range tests {
		if _, err := CSV().Declare(tt.d); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want it to say %q", tt.name, err, tt.want)
		}
	}
}

func TestNothingIsLeftOver(t *testing.T) {
	f := declare(t, CSV(), format.Declaration{Columns: slices.Concat(strs("a", "b"), row.Schema{column("x", row.Bytes)})})
	if got := show(t, f, "\"1\"\"\",2,aGk=,4\n3"); !strings.HasSuffix(got, "\n"+`{"a":"3"}`) {
		t.Errorf("got %s", got)
	}
}

func TestAllocatesNothing(t *testing.T) {
	f := declare(t, CSV(), format.Declaration{Columns: slices.Concat(strs("a", "b"), row.Schema{column("n", row.Int64), column("x", row.Bytes), column("ts", row.Timestamp)})})
	rec := row.NewRecord(len(f.Spec.Columns))
	dec := f.New(strings.NewReader("a,new,b,n,x,ts\n"+strings.Repeat("\"1\"\"\",\"\"\"\n,\",3,-4,aGk=,2024-01-01 00:00:00,more\n", 1000)), format.Options{})
	if n := testing.AllocsPerRun(900, func() {
		if err := dec.Next(rec); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestLongRecords(t *testing.T) {
	f := declare(t, CSV(), format.Declaration{Columns: strs("a", "b")})
	long := "\"" + strings.Repeat("x\n", 150<<10) + "\",y"
	for _, limit := range []int{0, len(long)} {
		all, err := formattest.Decode(f, strings.NewReader(long+"\n1,2"), format.Options{MaxRecord: limit})
		if err != nil || len(all) != 2 || all[0].Reject != "" || all[1].Line != 150<<10+2 {
			t.Fatalf("limit %d: %d records, error %v", limit, len(all), err)
		}
	}
	// Over the limit the quote counts as never closed: its lines are rejects, what is behind them is not.
	all, err := formattest.Decode(f, strings.NewReader(long+"\n1,2"), format.Options{MaxRecord: len(long) - 1})
	if err != nil || len(all) != 150<<10+2 || all[len(all)-1].Reject != "" || all[len(all)-2].Reject == "" {
		t.Errorf("%d records, error %v", len(all), err)
	}
	bare := strings.Repeat("x", 300<<10)
	all, err = formattest.Decode(f, strings.NewReader(bare+"\n1,2"), format.Options{MaxRecord: len(bare) - 1})
	if err != nil || len(all) != 2 || all[0].Reject == "" || all[1].Reject != "" {
		t.Errorf("%d records, error %v", len(all), err)
	}
}

// encoding/csv reads the same cells, but for line endings: it makes CR LF within quotes LF.
func TestAgainstEncodingCSV(t *testing.T) {
	for _, file := range samples(t) {
		data := bytes.ReplaceAll(formattest.Plain(t, file), []byte("\r"), nil)
		r := stdcsv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		want, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := cells(t, data); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s:\ngot  %q\nwant %q", file, got, want)
		}
	}
}

// cells returns the cells of all records of data, without those that are rejects.
func cells(t *testing.T, data []byte) (all [][]string) {
	t.Helper()
	f := declare(t, CSV(), format.Declaration{Columns: strs("a"), CSV: format.CSV{Header: format.HeaderAbsent}})
	d := f.New(bytes.NewReader(data), format.Options{}).(*decoder)
	rec := row.NewRecord(2)
	for {
		err := d.Next(rec)
		if err == io.EOF {
			return all
		}
		if err != nil {
			continue
		}
		var record []string
		for _, c := range d.cells {
			record = append(record, string(d.text(rec.Raw, c)))
		}
		all = append(all, record)
	}
}

func FuzzCSV(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(formattest.Plain(f, file))
	}
	for _, text := range []string{"\"a\"\"\n,\"b\n\"c\"d\n", "\xef\xbb\xbfa,\"", "a,x\n\"\n1", ",\"\"\"\"\n\"\"\"\n", "a\n\t\n \n"} {
		f.Add([]byte(text))
	}
	layout := declare(f, CSV(), some)
	f.Fuzz(func(t *testing.T, data []byte) { accounted(t, layout, data) })
}

var some = format.Declaration{Columns: slices.Concat(strs("a", "b"), row.Schema{column("n", row.Int64)}), ConflictsToExtra: true}

// accounted checks what package formattest does, and that all of data but a header is in a row or a
// reject.
func accounted(t *testing.T, f *format.Format, data []byte) {
	t.Helper()
	lost := bytes.Clone(data)
	for _, o := range formattest.Lines(t, f, data) {
		for i := range len(o.Raw) {
			lost[int(o.Offset)+i] = ' '
		}
	}
	if len(data) > 2000 {
		return // the most that Lines lets a record have
	}
	header := show(t, declare(t, CSV(), format.Declaration{Columns: strs("a")}), string(bytes.TrimSpace(lost)))
	if strings.Count(header, "\n") > 0 {
		t.Fatalf("lost: %q", lost)
	}
}

// With any one quote taken away, nothing is lost.
func TestWithoutAQuote(t *testing.T) {
	f := declare(t, CSV(), some)
	for _, file := range samples(t) {
		data := formattest.Plain(t, file)
		for i, c := range data {
			if c == '"' {
				accounted(t, f, slices.Concat(data[:i], data[i+1:]))
			}
		}
	}
}

func BenchmarkCSV(b *testing.B) {
	f := declare(b, CSV(), format.Declaration{Columns: slices.Concat(strs("id", "name", "city"), row.Schema{column("n", row.Int64), column("f", row.Float64), column("ts", row.Timestamp)})})
	const line = "8f14e45f-ceea-467f,\"Doe, John \"\"Jack\"\"\",Anytown,12345,0.125,2024-02-29 01:02:03.456\n"
	formattest.Benchmark(b, f, []byte("id,name,city,n,f,ts\n"+strings.Repeat(line, 10_000)), 10_000)
}

// Without a schema the header says what the columns are.
func TestOwnColumns(t *testing.T) {
	own := func(c format.CSV) *format.Format {
		c.Header = format.HeaderPresent
		return declare(t, CSV(), format.Declaration{CSV: c})
	}
	tests := []struct {
		name, text, want string
		csv              format.CSV
	}{
		{"names", "id,First Name,9th,\"a \"\"b\"\"\"\n1,Ann,x,y\n", `{"id":"1","First_Name":"Ann","_9th":"x","a__b_":"y"}`, format.CSV{}},
		{"the same name twice", "a,A,\n1,2,3\n", `{"a":"1","extra":{"A":"2","":"3"}}`, format.CSV{}},
		{"more fields", "a\n1,2\n", `{"a":"1","extra":{"field_2":"2"}}`, format.CSV{}},
		{"lines before it", "\ufeff# a comment\n\n  \na;b\n1;2", `{"a":"1","b":"2"}`, format.CSV{SkipRows: 1, Delimiter: ';'}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := own(tt.csv).Inspect(strings.NewReader(tt.text), format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, f, tt.text); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	for text, want := range map[string]string{
		"":                   "the file has no header that names its columns",
		"\n \n":              "the file has no header that names its columns",
		"a,source_file\n1,2": "the columns of the file make no table: column source_file: Seneka adds a column of that name; remove it",
	} {
		if _, err := own(format.CSV{}).Inspect(strings.NewReader(text), format.Options{}); fmt.Sprint(err) != want || !errkind.Is(err, errkind.Permanent) {
			t.Errorf("%q: %v", text, err)
		}
	}
	f := own(format.CSV{})
	one, _ := f.Inspect(strings.NewReader("a,b\n1,2"), format.Options{})
	two, _ := f.Inspect(strings.NewReader("a,b\n3,4"), format.Options{})
	if one == nil || one != two {
		t.Error("two formats for the same columns")
	}
}
