// Package formattest checks what every format promises, whatever its records look like: a schema
// that only grows, the rows of real samples, and a decoder that neither panics nor loses a record.
package formattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Suite is a format and what is known of it.
type Suite struct {
	Format *format.Format
	// Samples are files of the format, compressed or not. What comes of each stands in
	// testdata/<format>/<file>.golden, the schema in testdata/<format>/schema.txt.
	Samples []string
	// Records returns how many records data holds, good and bad.
	Records func(data []byte) int
}

// Run runs the suite. With the flag -update it writes the golden files.
func (s Suite) Run(t *testing.T) {
	t.Run("spec", s.spec)
	t.Run("schema", s.schema)
	for _, file := range s.Samples {
		data := Plain(t, file)
		t.Run(filepath.Base(file), func(t *testing.T) {
			s.golden(t, file, data)
			s.smallReads(t, data)
			s.cuts(t, data)
			s.readerFails(t, data)
			s.steadyState(t, data)
			encodes(t, s.Format, data, format.Options{})
		})
	}
}

// Plain returns the decompressed contents of a file.
func Plain(t testing.TB, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := format.Decompress(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// spec checks that BigQuery can make the table.
func (s Suite) spec(t *testing.T) {
	spec := s.Format.Spec
	names := map[string]bool{"source_file": true, "source_line": true, "loaded_at": true}
	if spec.Description == "" {
		t.Error("the table has no description")
	}
	for _, c := range spec.Columns {
		if lower := strings.ToLower(c.Name); names[lower] {
			t.Errorf("two columns are called %s, or it is one of those that every table gets", c.Name)
		} else {
			names[lower] = true
		}
		if c.Description == "" {
			t.Errorf("column %s has no description", c.Name)
		}
		if c.Mode != row.Nullable && c.Mode != row.Repeated {
			t.Errorf("column %s is %s: only NULLABLE and REPEATED ones can be added later", c.Name, c.Mode)
		}
	}
	if i := spec.Columns.Index(spec.PartitionBy); i < 0 || spec.Columns[i].Type != row.Timestamp && spec.Columns[i].Type != row.Date {
		t.Errorf("the table is partitioned by %q, which is no TIMESTAMP or DATE column", spec.PartitionBy)
	}
	if len(spec.ClusterBy) > 3 {
		t.Errorf("%d columns to cluster by: source_file comes first, and four is the most", len(spec.ClusterBy))
	}
	clusterable := []row.Type{row.String, row.Int64, row.Bool, row.Date, row.Timestamp, row.Numeric}
	for _, name := range spec.ClusterBy {
		if i := spec.Columns.Index(name); i < 0 || spec.Columns[i].Mode == row.Repeated || !slices.Contains(clusterable, spec.Columns[i].Type) {
			t.Errorf("the table is clustered by %q, which cannot be", name)
		}
	}
}

func (s Suite) golden(t *testing.T, file string, data []byte) {
	all := MustDecode(t, s.Format, bytes.NewReader(data))
	if want := s.Records(data); len(all) != want {
		t.Errorf("%d rows and rejects of %d records", len(all), want)
	}
	s.compareRows(t, file, all)
}

// Golden compares what comes of a file with testdata/<format>/<file>.golden, for formats whose files are
// not read from front to back, and checks that the rows encode.
func Golden(t *testing.T, f *format.Format, file string) {
	t.Helper()
	s, data := Suite{Format: f}, Plain(t, file)
	s.compareRows(t, file, MustDecode(t, s.Format, bytes.NewReader(data)))
	encodes(t, f, data, format.Options{})
}

func (s Suite) compareRows(t *testing.T, file string, all []Outcome) {
	t.Helper()
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(all); err != nil {
		t.Fatal(err)
	}
	s.compare(t, filepath.Base(file)+".golden", text.String(), "a sample gives other rows than before")
}

// compare compares got with a golden file.
func (s Suite) compare(t *testing.T, name, got, complaint string) {
	t.Helper()
	path := filepath.Join("testdata", s.Format.Name, name)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(got), 0o600)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Errorf("%s: %s.\nfrom line %d on, got:\n%s\nwant:\n%s\n(-update writes it anew)", path, complaint, i+1, at(g, i), at(w, i))
			return
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// smallReads checks that the size of reads makes no difference.
func (s Suite) smallReads(t *testing.T, data []byte) {
	want := MustDecode(t, s.Format, bytes.NewReader(data))
	for name, r := range map[string]io.Reader{
		"one byte at a time": iotest.OneByteReader(bytes.NewReader(data)),
		"halves":             iotest.HalfReader(bytes.NewReader(data)),
		"data with the EOF":  iotest.DataErrReader(bytes.NewReader(data)),
	} {
		if got := MustDecode(t, s.Format, r); !slices.EqualFunc(got, want, same) {
			t.Errorf("%s: other rows than at once", name)
		}
	}
}

func same(a, b Outcome) bool {
	return a.Line == b.Line && a.Offset == b.Offset && a.Reject == b.Reject && a.Raw == b.Raw && bytes.Equal(a.Row, b.Row)
}

// cuts checks that a file cut anywhere (a large one at some places) loses and invents nothing, and
// that the records before the cut are as before; the latter, being slow, at some of the cuts.
func (s Suite) cuts(t *testing.T, data []byte) {
	const all, positions, some = 8 << 10, 2000, 23
	step := 1
	if len(data) > all {
		step = (len(data) + positions - 1) / positions
	}
	whole := MustDecode(t, s.Format, bytes.NewReader(data))
	rec := row.NewRecord(len(s.Format.Spec.Columns))
	for n := 0; n < len(data); n += step {
		got := 0
		for dec := s.Format.New(bytes.NewReader(data[:n]), format.Options{}); dec.Next(rec) != io.EOF; {
			got++
		}
		if want := s.Records(data[:n]); got != want {
			t.Fatalf("cut at %d: %d rows and rejects of %d records", n, got, want)
		}
		if n/step%some != 0 || got < 2 {
			continue
		}
		if before := MustDecode(t, s.Format, bytes.NewReader(data[:n])); !slices.EqualFunc(before[:got-1], whole[:got-1], same) {
			t.Fatalf("cut at %d: the records before it changed", n)
		}
	}
}

// readerFails checks that an error of the reader is passed on as it is, and makes no row of the
// record that it cut short.
func (s Suite) readerFails(t *testing.T, data []byte) {
	broken := errors.New("connection reset")
	whole := MustDecode(t, s.Format, bytes.NewReader(data))
	for n := 0; n < len(data); n += 1 + len(data)/50 {
		got, err := Decode(s.Format, io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken)), format.Options{})
		if err != broken {
			t.Fatalf("error %v, want the reader's own", err)
		}
		if len(got) > len(whole) || !slices.EqualFunc(got, whole[:len(got)], same) {
			t.Fatalf("the reader failed after %d bytes: rows that the file does not hold", n)
		}
	}
}

// encodes checks that BigQuery takes every row.
func encodes(t *testing.T, f *format.Format, data []byte, o format.Options) {
	t.Helper()
	enc, err := row.NewEncoder(f.Spec.Columns)
	if err != nil {
		t.Fatal(err)
	}
	dec := f.New(bytes.NewReader(data), o)
	rec := row.NewRecord(len(f.Spec.Columns))
	var bad *format.Reject
	var wire []byte
	for err := dec.Next(rec); err == nil || errors.As(err, &bad); err = dec.Next(rec) {
		if err != nil {
			continue
		}
		if wire, err = enc.Append(wire[:0], rec); err != nil {
			t.Fatalf("line %d does not encode: %v", rec.Line, err)
		}
		ValidJSON(t, f.Spec.Columns, rec.Values)
	}
}

// endless repeats data.
type endless struct {
	data []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.data[e.at:])
	e.at = (e.at + n) % len(e.data)
	return n, nil
}

// steadyState checks that a row costs no allocation, neither its parsing nor its encoding.
func (s Suite) steadyState(t *testing.T, data []byte) {
	records := s.Records(data)
	data = append(bytes.TrimRight(data, "\n"), '\n')
	dec := s.Format.New(&endless{data: data}, format.Options{})
	rec := row.NewRecord(len(s.Format.Spec.Columns))
	enc, err := row.NewEncoder(s.Format.Spec.Columns)
	if err != nil {
		t.Fatal(err)
	}
	var wire []byte
	file := func() {
		for range records {
			err := dec.Next(rec)
			if err == nil {
				wire, err = enc.Append(wire[:0], rec)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(100, file); n != 0 {
		t.Errorf("%v allocations for %d records, want none", n, records)
	}
}
