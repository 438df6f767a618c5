package generate

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/row"
)

var options = Options{Seed: 7, Until: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Large: 0.005, Bad: 0.2}

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
	kinds, seen := map[Kind]int{}, map[string]bool{}
	for i := range 250 {
		f := g.File(i, i%2)
		kinds[f.Kind]++
		if seen[f.Key] {
			t.Fatalf("key %s comes twice", f.Key)
		}
		seen[f.Key] = true
		truth, bad, err := read(f)
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
}

// read decodes a file.
func read(f File) (truth Truth, bad int, err error) {
	plain, err := format.Decompress(bytes.NewReader(f.Data))
	if err != nil {
		return Truth{}, 0, err
	}
	defer plain.Close()
	known, ok := formats.Lookup(f.Format)
	if !ok {
		return Truth{}, 0, errors.New("no such format")
	}
	column := func(name string) int {
		return slices.IndexFunc(known.Spec.Columns, func(c row.Column) bool { return c.Name == name })
	}
	received, sent := column("received_bytes"), column("sent_bytes")
	rec := row.NewRecord(len(known.Spec.Columns))
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
			truth.Sum += rec.Line * (rec.Values[received].Int() + 3*rec.Values[sent].Int())
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
