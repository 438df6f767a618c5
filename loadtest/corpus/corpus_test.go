package corpus

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func text(t *testing.T, name string, seed uint64, size int64) (text []byte, records int64) {
	t.Helper()
	c, err := Of(os.DirFS("../.."), name, seed, day)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	records, written, err := c.Write(&b, size)
	if err != nil || written != int64(b.Len()) || written < size {
		t.Fatalf("%s: %d bytes of %d, error %v", name, written, size, err)
	}
	return b.Bytes(), records
}

// The text of every format compresses as a real log does, and is the same again for a seed.
func TestCompresses(t *testing.T) {
	for _, name := range Names() {
		plain, records := text(t, name, 7, 4<<20)
		var small bytes.Buffer
		z := gzip.NewWriter(&small)
		_, err := z.Write(plain)
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		ratio := float64(len(plain)) / float64(small.Len())
		t.Logf("%-16s %5.1f times, %d records", name, ratio, records)
		if ratio < 7 || ratio > 15 {
			t.Errorf("%s: the text compresses %.1f times, which no real log does", name, ratio)
		}
	}
	again, _ := text(t, "alb", 7, 1000)
	first, _ := text(t, "alb", 7, 1000)
	other, _ := text(t, "alb", 8, 1000)
	if !bytes.Equal(first, again) || bytes.Equal(first, other) {
		t.Error("a seed does not give the same text, or two give the same")
	}
}
