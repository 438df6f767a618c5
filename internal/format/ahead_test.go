package format

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

// sized returns n bytes that all differ from those around them.
func sized(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

func TestReadAhead(t *testing.T) {
	defer goleak.VerifyNone(t)
	const part = 64
	broken := errors.New("connection reset")
	for _, n := range []int{0, 1, part - 1, part, part + 1, 3*part - 1, 3 * part, 3*part + 1, 100*part + 7} {
		data := sized(n)
		for name, r := range map[string]io.Reader{
			"at once":           bytes.NewReader(data),
			"byte by byte":      iotest.OneByteReader(bytes.NewReader(data)),
			"data with the EOF": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			a := ReadAhead(r, make([]byte, aheadBlocks*part))
			if err := iotest.TestReader(a, data); err != nil {
				t.Errorf("%d bytes, %s: %v", n, name, err)
			}
			a.Close()
		}
		a := ReadAhead(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)), make([]byte, aheadBlocks*part))
		got, err := io.ReadAll(a)
		if !bytes.Equal(got, data) || err != broken {
			t.Errorf("%d bytes, then an error: %d bytes, error %v", n, len(got), err)
		}
		if n, err := a.Read(make([]byte, 1)); n != 0 || err != broken {
			t.Errorf("behind the error: %d bytes, error %v", n, err)
		}
		a.Close()
	}
}

// Whenever it is closed nothing is left behind, and nobody writes to the memory any more.
func TestReadAheadClosed(t *testing.T) {
	defer goleak.VerifyNone(t)
	const part = 16
	for reads := range 12 {
		memory := make([]byte, aheadBlocks*part)
		a := ReadAhead(bytes.NewReader(sized(1000)), memory)
		for range reads {
			if _, err := a.Read(make([]byte, part/2)); err != nil {
				t.Fatal(err)
			}
		}
		a.Close()
		clear(memory) // the race detector sees a goroutine that goes on
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("a bug in a decompressor") }

func TestReadAheadPanics(t *testing.T) {
	defer goleak.VerifyNone(t)
	a := ReadAhead(io.MultiReader(strings.NewReader("some text"), panics{}), make([]byte, 12))
	got, err := io.ReadAll(a)
	if string(got) != "some text" || err == nil || !strings.Contains(err.Error(), "a bug in a decompressor") {
		t.Errorf("%q, error %v", got, err)
	}
	a.Close()
}

type stuckReader struct{}

func (stuckReader) Read([]byte) (int, error) { return 0, nil }

func TestReadAheadStuck(t *testing.T) {
	a := ReadAhead(stuckReader{}, make([]byte, 12))
	if _, err := a.Read(make([]byte, 1)); err != io.ErrNoProgress {
		t.Errorf("error %v", err)
	}
	a.Close()
}

// It costs no allocation beyond its start, however long the file is.
func TestReadAheadAllocates(t *testing.T) {
	memory, p := make([]byte, AheadSize), make([]byte, BufferSize)
	var large endlessReader
	a := ReadAhead(large, memory)
	defer a.Close()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := a.Read(p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) { return len(p), nil }
