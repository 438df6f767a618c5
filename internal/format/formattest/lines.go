package formattest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// CountLines counts the lines of data that are not blank, by other means than a decoder's.
func CountLines(data []byte) (n int) {
	for line := range strings.SplitSeq(string(data), "\n") {
		if strings.Trim(line, " \t\r") != "" {
			n++
		}
	}
	return n
}

// WithoutEachQuote checks that with any one quote of any line of the samples taken away, no line is
// lost, and the line good behind it is a row.
func WithoutEachQuote(t *testing.T, f *format.Format, samples []string, good string) {
	t.Helper()
	for _, file := range samples {
		for line := range bytes.Lines(Plain(t, file)) {
			for i, c := range line {
				if c != '"' {
					continue
				}
				broken := append(bytes.TrimRight(slices.Concat(line[:i], line[i+1:]), "\n"), '\n')
				all, err := Decode(f, io.MultiReader(bytes.NewReader(broken), strings.NewReader(good)), format.Options{})
				if err != nil || len(all) != 2 || all[1].Reject != "" {
					t.Fatalf("%q: %d records, error %v", broken, len(all), err)
				}
			}
		}
	}
}

// Lines decodes data, whatever it is, twice. It checks that both times give the same, that the records
// stand where they say, on their lines, in order, none within another, and that all rows encode.
func Lines(t *testing.T, f *format.Format, data []byte) []Outcome {
	t.Helper()
	const limit = 2000
	all, err := Decode(f, bytes.NewReader(data), format.Options{MaxRecord: limit})
	if errors.Is(err, format.ErrControl) || len(data) > format.MaxRaw {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(f, bytes.NewReader(data), format.Options{MaxRecord: limit})
	if err != nil || !slices.EqualFunc(all, again, same) {
		t.Fatalf("the second time: %v, error %v", again, err)
	}
	encodes(t, f, data, format.Options{MaxRecord: limit})
	seen := 0
	for _, o := range all {
		if int(o.Offset) < seen || !bytes.HasPrefix(data[o.Offset:], []byte(o.Raw)) {
			t.Fatalf("the record at %d is %q", o.Offset, o.Raw)
		}
		if line := 1 + bytes.Count(data[:o.Offset], []byte("\n")); o.Line != int64(line) {
			t.Fatalf("the record at %d says line %d, and stands on %d", o.Offset, o.Line, line)
		}
		seen = int(o.Offset) + len(o.Raw)
	}
	return all
}

// Benchmark measures in MB of text, and rows, a second: parsing data, which holds so many rows, and
// beside it what any loader has to do first.
func Benchmark(b *testing.B, f *format.Format, data []byte, rows int) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		b.Fatal(err)
	}
	rec := row.NewRecord(len(f.Spec.Columns))
	parse := func() error {
		dec := f.New(bytes.NewReader(data), format.Options{})
		n := 0
		for dec.Next(rec) == nil {
			n++
		}
		if n != rows {
			return fmt.Errorf("%d rows, want %d", n, rows)
		}
		return nil
	}
	gunzip := func() error {
		r, err := format.Decompress(bytes.NewReader(packed.Bytes()))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		return errors.Join(err, r.Close())
	}
	for name, run := range map[string]func() error{"parse": parse, "gunzip": gunzip} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
