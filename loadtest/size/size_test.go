package size

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{"64K": 64 << 10, "4M": 4 << 20, "1G": 1 << 30, "512": 512, "": 0, "M": 0, "1KM": 0, "-1K": 0, "0": 0, "4T": 0, "9000000000G": 0} {
		if n, err := Parse(text); n != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d, %v; want %d", text, n, err, want)
		}
	}
}
