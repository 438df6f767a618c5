package formats

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

func TestTable(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || !slices.Contains(names, "alb") || !slices.Contains(names, "elb") {
		t.Errorf("Names() = %v", names)
	}
	if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) {
		t.Errorf("two formats share a name: %v", names)
	}
	for _, name := range names {
		f, ok := Lookup(name)
		if !ok || f.Name != name || (f.New == nil) == (f.Declare == nil) {
			t.Errorf("Lookup(%q) = %+v, %v", name, f, ok)
		}
		if again, _ := Lookup(name); again != f {
			t.Errorf("Lookup(%q) makes a new format each time", name)
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	for _, name := range []string{"", "ALB", "no such format"} {
		if f, ok := Lookup(name); ok || f != nil {
			t.Errorf("Lookup(%q) = %+v, %v", name, f, ok)
		}
	}
}

func TestDeclared(t *testing.T) {
	schema := row.Schema{{Name: "a", Type: row.String}}
	for _, tt := range []struct {
		name string
		d    format.Declaration
		want string // error
	}{
		{"alb", format.Declaration{}, ""},
		{"alb", format.Declaration{PartitionBy: "time"}, ""},
		{"alb", format.Declaration{PartitionBy: "elb"}, `partition.column is "elb", and tables of format alb are partitioned by "time": leave partition out`},
		{"alb", format.Declaration{Columns: schema}, "format alb brings its own columns: remove schema"},
		{"ndjson", format.Declaration{Columns: schema}, ""},
		{"ndjson", format.Declaration{}, "the format has no columns of its own: name a BigQuery JSON schema file, as in schema: schemas/app.json"},
		{"x", format.Declaration{}, `format "x" is not known`},
	} {
		f, err := Declared(tt.name, tt.d)
		if got := fmt.Sprint(err); tt.want == "" && (err != nil || f.Name != tt.name || f.New == nil) || tt.want != "" && got != tt.want {
			t.Errorf("%s, %+v: got %v, %v", tt.name, tt.d, f, err)
		}
	}
	if known := Known(); len(known) != len(Names()) || !known["ndjson"] || known["alb"] {
		t.Errorf("Known() = %v", known)
	}
}

// BigQuery makes a table of every format that brings its own columns.
func TestSpecsAreValid(t *testing.T) {
	for _, name := range Names() {
		if f, _ := Lookup(name); f.Declare == nil {
			if err := f.Spec.Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// What a decoder asks its reader for tells how long its records are: see format.LongRead.
func TestReadsTellLongRecords(t *testing.T) {
	const long = 4 << 20
	for _, name := range Names() {
		f, err := Declared(name, format.Declaration{})
		if err != nil {
			f, err = Declared(name, format.Declaration{Columns: row.Schema{{Name: "a", Type: row.String}}})
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Inspect != nil { // its files are kept whole
			continue
		}
		longest := func(content string) (most int) {
			in := strings.NewReader(content)
			decoder := f.New(readerFunc(func(p []byte) (int, error) {
				most = max(most, len(p))
				return in.Read(p)
			}), format.Options{})
			rec := row.NewRecord(200)
			var bad *format.Reject
			for err := error(nil); err == nil || errors.As(err, &bad); {
				err = decoder.Next(rec)
			}
			return most
		}
		if got := longest(strings.Repeat(`{"message": "a record of a hundred bytes or so, and no more than that", "n": 1}`+"\n", 10_000)); got > format.LongRead {
			t.Errorf("%s: short records: a read of %d bytes, want at most %d", name, got, format.LongRead)
		}
		if got := longest(`{"message": "` + strings.Repeat("x", long) + "\"}\n"); got <= format.LongRead {
			t.Errorf("%s: a record of %d bytes: no read was longer than %d", name, long, got)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
