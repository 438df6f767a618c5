package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/row"
)

// kept is a decoder that keeps what it is given to read.
type kept struct{ all *string }

func (k kept) Next(*row.Record) error { return io.EOF }

func TestChoose(t *testing.T) {
	for _, text := range []string{"a", strings.Repeat("ab", firstBytes/2), strings.Repeat("ab", 50_000)} {
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)), "with its end": iotest.DataErrReader(strings.NewReader(text)),
		} {
			all := ""
			d := Choose(r, func(first []byte, in io.Reader) Decoder {
				if want := text[:min(len(text), firstBytes)]; string(first) != want {
					t.Errorf("%s: first bytes %q, want %q", name, first, want)
				}
				data, err := io.ReadAll(in)
				if all = string(data); err != nil {
					t.Error(err)
				}
				return kept{&all}
			})
			if err := d.Next(nil); err != io.EOF || all != text {
				t.Errorf("%s: error %v, %d bytes of %d", name, err, len(all), len(text))
			}
		}
	}
}

func TestChooseOfNothing(t *testing.T) {
	never := func([]byte, io.Reader) Decoder { t.Error("picked by nothing"); return nil }
	if err := Choose(strings.NewReader(""), never).Next(nil); err != io.EOF {
		t.Errorf("error %v", err)
	}
	broken := errors.New("broken")
	if err := Choose(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)), never).Next(nil); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// A file that lies somewhere already is not spooled again, although its first bytes were looked at.
func TestChooseKeepsTheFile(t *testing.T) {
	file := io.NewSectionReader(bytes.NewReader(bytes.Repeat([]byte("x"), 100)), 0, 100)
	spool := func(io.Reader) (io.ReaderAt, int64, error) { t.Error("spooled"); return nil, 0, nil }
	_ = Choose(file, func(_ []byte, in io.Reader) Decoder {
		if whole, size, err := (Options{Spool: spool}).Spooled(in); whole != io.ReaderAt(file) || size != 100 || err != nil {
			t.Errorf("%v of %d bytes, %v", whole, size, err)
		}
		return kept{}
	}).Next(nil)
}
