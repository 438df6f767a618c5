package bignumeric

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
)

const (
	greatest = "578960446186580977117854925043439539266.34992332820282019728792003956564819967"
	least    = "-578960446186580977117854925043439539266.34992332820282019728792003956564819968"
)

func TestEncode(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0.0": "0", "1": "1", "+1.50": "1.5", "-.5": "-0.5", "5.": "5", "1e3": "1000", "12.5E-3": "0.0125",
		"1e-38": "0.00000000000000000000000000000000000001", greatest: greatest, least: least, "0.10000000000000000000000000000000000000000": "0.1",
	} {
		stored, err := Encode(in)
		if err != nil || len(stored) != size || Decode(stored) != want {
			t.Errorf("%s reads back as %s, %v; want %s", in, Decode(stored), err, want)
		}
	}
	for _, in := range []string{"", "x", "1/2", "0x1", "inf", "NaN", " 1", "1_0", "1e1000", "1e-39", "1e39", greatest[:len(greatest)-1] + "8", least[:len(least)-1] + "9"} {
		if stored, err := Encode(in); err == nil {
			t.Errorf("%q was taken as %s", in, Decode(stored))
		}
	}
}

// The order of BLOBs is the order of numbers.
func TestOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	pick := func() *big.Int {
		n := new(big.Int)
		for range 4 {
			n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(rng.Uint64()))
		}
		return n.Sub(n, half()).Rsh(n, uint(rng.IntN(256)))
	}
	for range 1000 {
		a, b := pick(), pick()
		x, err := store(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := store(b)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(x, y) != a.Cmp(b) || load(x).Cmp(a) != 0 {
			t.Fatalf("%s and %s: stored as %x and %x", a, b, x, y)
		}
	}
}
