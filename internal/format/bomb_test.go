package format

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/seneka-io/seneka/internal/errkind"
)

// A file that holds far more than its length can is given up in bounded memory, in whichever layer
// the bytes come up.
func TestDecompressBomb(t *testing.T) {
	const floor = 1 << 20
	nuls := strings.Repeat("\x00", 8*floor)
	nothing := strings.Repeat(gz(t, ""), floor/10) // each of these members is 34 bytes long, and empty
	random := text(floor + floor/2)
	tests := []struct {
		name, in string
		bomb     bool
	}{
		{"gzip", gz(t, nuls), true},
		{"gzip of many members", gz(t, nuls, nuls, nuls), true},
		{"gzip in gzip", gz(t, gz(t, nuls)), true},
		{"empty members in gzip", gz(t, nothing), true},
		{"empty members in gzip three deep", gz(t, gz(t, nothing)), true},
		{"zstd", zst(t, nuls), true},
		{"zstd in gzip", gz(t, zst(t, nuls)), true},
		{"below the floor", gz(t, nuls[:floor]), false},
		{"as logs compress", gz(t, random), false},
		{"twice over", gz(t, zst(t, random)), false},
		{"not compressed", random, false},
		{"a void within text", gz(t, random, nuls[:2*floor], random), false},
		{"padding", gz(t, "a") + nuls, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := decompressUpTo(strings.NewReader(tt.in), floor, nil)
			var n int64
			if err == nil {
				defer d.Close()
				n, err = io.Copy(io.Discard, d)
			}
			if !tt.bomb {
				if err != nil {
					t.Errorf("error %v after %d bytes", err, n)
				}
				return
			}
			if !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), "decompression bomb") {
				t.Errorf("%d bytes, error %v; want a permanent one that says what it is", n, err)
			}
			if most := max(floor, bombRatio*int64(len(tt.in))) + 2*inputBuffer; n > most {
				t.Errorf("%d bytes came out, want at most %d", n, most)
			}
		})
	}
}

// What is in front of a bomb's floor comes out, and its error stays.
func TestDecompressBombStays(t *testing.T) {
	d, err := decompressUpTo(strings.NewReader(gz(t, strings.Repeat("\n", 4<<20))), 1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, first := io.Copy(io.Discard, d)
	_, again := d.Read(make([]byte, 10))
	if first == nil || again == nil {
		t.Errorf("error %v, then %v", first, again)
	}
}

// The bound that files meet, and the memory that it takes.
func TestDecompressBombAtItsSize(t *testing.T) {
	var file bytes.Buffer
	enc, err := zstd.NewWriter(&file, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(enc, zeros{}, bombFloor+bombFloor/8)
	if err := errors.Join(err, enc.Close()); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, err := Decompress(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	n, err := io.Copy(io.Discard, d)
	runtime.ReadMemStats(&after)
	if !errkind.Is(err, errkind.Permanent) || n < bombFloor-inputBuffer || n > bombFloor+inputBuffer {
		t.Errorf("%d bytes, error %v", n, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// A file that is no longer than it was before its copy was compressed is no bomb.
func TestDecompressWithinItsSize(t *testing.T) {
	var file bytes.Buffer
	enc, err := zstd.NewWriter(&file, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(enc, zeros{}, bombFloor+1<<20)
	if err := errors.Join(err, enc.Close()); err != nil {
		t.Fatal(err)
	}
	for size, whole := range map[int64]bool{0: false, bombFloor + 1<<19: false, bombFloor + 1<<20: true} {
		d, err := DecompressWithin(bytes.NewReader(file.Bytes()), Bounds{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, d); (err == nil && n == bombFloor+1<<20) != whole {
			t.Errorf("of %d bytes once: %d bytes, %v; want all of it: %v", size, n, err, whole)
		}
		d.Close()
	}
}

// zeros is an endless row of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
