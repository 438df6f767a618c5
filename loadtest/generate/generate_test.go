package generate

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/format/ndjson"
	"github.com/seneka-io/seneka/internal/row"
)

var options = Options{Seed: 7, Until: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Large: 0.005, Bad: 0.2, Sources: map[string]int{"alb": 4, "elb": 1, "cloudtrail": 2, "app": 2}}

func generator(t testing.TB, o Options) *Generator {
	t.Helper()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The same seed gives the same bytes, whoever asks and in whatever order; another gives others.
func TestFileIsOfItsSeed(t *testing.T) {
	a, b, other := generator(t, options), generator(t, options), options
	other.Seed++
	c := generator(t, other)
	for i := range 50 {
		f, again, another := a.File(i, i%3), b.File(49-i, (49-i)%3), c.File(i, i%3)
		if same := a.File(49-i, (49-i)%3); again.Key != same.Key || !bytes.Equal(again.Data, same.Data) || again.Truth != same.Truth {
			t.Fatalf("file %d differs", 49-i)
		}
		if bytes.Equal(f.Data, another.Data) {
			t.Fatalf("file %d is the same of another seed", i)
		}
	}
}

// The truth about a file is what its format's decoder reads of it.
func TestTruth(t *testing.T) {
	g := generator(t, options)
	kinds, sources, seen := map[Kind]int{}, map[string]int{}, map[string]bool{}
	for i := range 400 {
		f := g.File(i, i%2)
		kinds[f.Kind]++
		sources[f.Source]++
		if seen[f.Key] {
			t.Fatalf("key %s comes twice", f.Key)
		}
		seen[f.Key] = true
		truth, bad, err := read(t, f)
		switch f.Kind {
		case Cut, Flipped:
			if err == nil {
				t.Fatalf("file %d, %s: no error", i, f.Kind)
			}
		case Foreign:
			if err != nil || truth.Rows > 0 || bad == 0 {
				t.Fatalf("file %d, foreign: %+v, %d rejects, %v", i, truth, bad, err)
			}
		default:
			if err != nil || truth != f.Truth || bad != f.Bad || bad*10 > int(truth.Rows)+bad {
				t.Fatalf("file %d, %s: %+v and %d rejects, %v; want %+v and %d", i, f.Kind, truth, bad, err, f.Truth, f.Bad)
			}
		}
	}
	for _, k := range []Kind{Whole, Spotted, Cut, Flipped, Foreign} {
		if kinds[k] == 0 {
			t.Errorf("none is %s: %v", k, kinds)
		}
	}
	if sources["alb"] < 150 || sources["elb"] == 0 || sources["cloudtrail"] == 0 || sources["app"] == 0 {
		t.Errorf("the sources have files %v", sources)
	}
}

// A source that is not there is told of.
func TestNewFails(t *testing.T) {
	if _, err := New(Options{Sources: map[string]int{"nlb": 1}}); err == nil || !strings.Contains(err.Error(), `no source "nlb"`) {
		t.Error(err)
	}
}

// formatOf returns the format that a source is read as.
func formatOf(t testing.TB, source string) *format.Format {
	t.Helper()
	if source != "app" {
		f, ok := formats.Lookup(source)
		if !ok {
			t.Fatal("no format ", source)
		}
		return f
	}
	columns, err := row.ParseSchema([]byte(AppSchema))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ndjson.Format().Declare(format.Declaration{Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// number is Number, of a record.
func number(source string, column func(name string) *row.Value) int64 {
	switch source {
	case "cloudtrail":
		return column("event_time").Int() / 1e6
	case "app":
		return column("bytes").Int() + 3*column("duration_ms").Int()
	default:
		return column("received_bytes").Int() + 3*column("sent_bytes").Int()
	}
}

// read decodes a file.
func read(t testing.TB, f File) (truth Truth, bad int, err error) {
	plain, err := format.Decompress(bytes.NewReader(f.Data))
	if err != nil {
		return Truth{}, 0, err
	}
	defer plain.Close()
	known := formatOf(t, f.Source)
	rec := row.NewRecord(len(known.Spec.Columns))
	column := func(name string) *row.Value { return &rec.Values[known.Spec.Columns.Index(name)] }
	for dec := known.New(plain, format.Options{}); ; {
		var reject *format.Reject
		switch err := dec.Next(rec); {
		case err == io.EOF:
			truth.Lines = truth.Rows
			return truth, bad, nil
		case errors.As(err, &reject):
			bad++
		case err != nil:
			return Truth{}, 0, err
		default:
			truth.Rows++
			truth.Sum += rec.Line * number(f.Source, column)
		}
	}
}

// Versions share a key and differ in their lines.
func TestVersions(t *testing.T) {
	g := generator(t, options)
	for i := range 50 {
		a, b := g.File(i, 0), g.File(i, 1)
		if a.Key != b.Key || a.Kind != b.Kind || bytes.Equal(a.Data, b.Data) {
			t.Errorf("file %d: %s and %s, the same: %v", i, a.Key, b.Key, bytes.Equal(a.Data, b.Data))
		}
	}
}

func BenchmarkFile(b *testing.B) {
	g := generator(b, options)
	i := 0
	for b.Loop() {
		b.SetBytes(int64(len(g.File(i%100, 0).Data)))
		i++
	}
}
