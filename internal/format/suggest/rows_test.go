package suggest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/csv"
	"github.com/seneka-io/seneka/internal/row"
)

// addCSV adds a file of delimited fields to a proposal.
func addCSV(t *testing.T, p *Proposal, text string) {
	t.Helper()
	f, err := csv.CSV().Declare(format.Declaration{CSV: format.CSV{Header: format.HeaderPresent, Delimiter: Delimiter([]byte(text))}})
	if err != nil {
		t.Fatal(err)
	}
	if f, err = f.Inspect(strings.NewReader(text), format.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := p.Rows(f, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

// loads reports a record that the proposed columns do not take.
func loads(t *testing.T, columns row.Schema, text, marker string) {
	t.Helper()
	f, err := csv.CSV().Declare(format.Declaration{Columns: columns, CSV: format.CSV{Header: format.HeaderPresent, NullMarker: marker, Delimiter: Delimiter([]byte(text))}})
	if err != nil {
		t.Fatal(err)
	}
	dec, rec := f.New(strings.NewReader(text), format.Options{}), row.NewRecord(len(columns)+1)
	for {
		err := dec.Next(rec)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("what was proposed for %q does not take it: %v", text, err)
		}
	}
}

func TestRows(t *testing.T) {
	tests := []struct{ name, in, marker, want string }{
		{"types", "b,i,n,f,s,t,l,d\ntrue,-12,9223372036854775808,1.50,x y,2026-01-02T03:04:05Z,2026-01-02 03:04:05.5,2026-01-02\n", "",
			"b BOOL, i INT64, n NUMERIC, f FLOAT64, s STRING, t TIMESTAMP, l DATETIME, d DATE"},
		{"all values count", "a,b,c,d\n1,1,2026-01-02,true\n2,1.5,2026-01-02T03:04:05Z,1\nx,2,2026-01-02,false\n", "", "a STRING, b FLOAT64, c STRING, d STRING"},
		{"zeros in front are codes", "zip,n,f\n01234,0,0.5\n", "", "zip STRING, n INT64, f FLOAT64"},
		{"forms of numbers", "a,b,c,d,e\n.5,1e3,+5,1e999,1,x\n", "", "a FLOAT64, b FLOAT64, c STRING, d STRING, e INT64"},
		{"a point alone", "a,b\n.,-.\n", "", "a STRING, b STRING"},
		{"empty fields are NULL", "a,b\n,\n1,\n", "", "a INT64, b STRING"},
		{"nothing but a header", "a,b\n", "", "a STRING, b STRING"},
		{"short rows and quotes", "a,b,c\n1\n\"2\",\"\"\n", "", "a INT64, b STRING, c STRING"},
		{"a text for NULL", "a,b\n1,NULL\nNULL,x\n", "NULL", "a INT64, b STRING"},
		{"a text for NULL beside empty fields", "a,b\n1,NULL\nNULL,\n", "", "a STRING, b STRING"},
		{"several texts for NULL", "a,b\n1,1\nNULL,NA\n", "", "a STRING, b STRING"},
		{"a text for NULL in no typed column", "a,b\nx,-\n-,-\n", "", "a STRING, b STRING"},
		{"names", "First Name,1st,a,A\nx,1,2,3\n", "", "First_Name STRING, _1st INT64, a INT64"},
		{"semicolons", "a;b\n1,5;x\n", "", "a STRING, b STRING"},
		{"bars", "a|b\n1|x,y,z\n", "", "a INT64, b STRING"},
		{"rejects are passed over", "a,b\n\"1\"x,2\n3,4\n", "skip", "a INT64, b INT64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := New()
			addCSV(t, p, tt.in)
			columns, notes := p.Schema()
			if got := summary(columns); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if tt.marker != "skip" {
				loads(t, columns, tt.in, tt.marker)
			}
			if said := strings.Contains(strings.Join(notes, "\n"), "null_marker"); said != (tt.marker == "NULL") {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

func TestRowsOfSeveralFiles(t *testing.T) {
	p := New()
	for _, text := range []string{"a,b\n1,2\n", "b,c\nx,\"true\"\n", "c,a\nfalse,2,more\n\"x\n"} {
		addCSV(t, p, text)
	}
	columns, notes := p.Schema()
	if got, want := summary(columns), "a INT64, b STRING, c BOOL"; got != want || p.Records != 3 {
		t.Errorf("got  %s of %d records\nwant %s", got, p.Records, want)
	}
	want := []string{
		`"b": values of several types; STRING takes them all`,
		"1 rows have fields that the header does not name, or names twice; they stay in extra",
		"1 rows could not be parsed and were left out; the first is line 3: the quote before field 1 is never closed",
	}
	if strings.Join(notes, "\n") != strings.Join(want, "\n") {
		t.Errorf("notes %q\nwant %q", notes, want)
	}
}

func TestMixedMarkersAreNoted(t *testing.T) {
	p := New()
	addCSV(t, p, "a,b\n1,2\n-,\n")
	if _, notes := p.Schema(); len(notes) != 1 || notes[0] != `"a": values and texts such as "-"; STRING takes both` {
		t.Errorf("notes %q", notes)
	}
}

func TestColumns(t *testing.T) {
	of := func(columns ...row.Column) *format.Format {
		return &format.Format{Spec: row.Spec{Columns: append(columns, row.Column{Name: "extra", Type: row.JSON})}}
	}
	p := New()
	p.Columns(of(row.Column{Name: "a", Type: row.Int64}, row.Column{Name: "b", Type: row.Date}))
	p.Columns(of(row.Column{Name: "b", Type: row.String}, row.Column{Name: "c", Type: row.Bool}))
	columns, notes := p.Schema()
	if got, want := summary(columns), "a INT64, b DATE, c BOOL"; got != want || len(notes) != 2 || !strings.HasPrefix(notes[0], `"b": DATE in one file and STRING in another`) {
		t.Errorf("got %s, notes %q", got, notes)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRowsReaderFails(t *testing.T) {
	f, err := csv.CSV().Declare(format.Declaration{Columns: row.Schema{{Name: "a", Type: row.String}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := New().Rows(f, failing{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}
