package marks

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// boundsOf looks at one byte after the other.
func boundsOf(text []byte) []int32 {
	bounds, inside := []int32{-1}, false
	for i, c := range text {
		if c == '"' {
			inside = !inside
		}
		if c == ' ' && !inside {
			bounds = append(bounds, int32(i))
		}
	}
	return append(bounds, int32(len(text)))
}

func check(t *testing.T, text []byte) {
	t.Helper()
	if len(text) > MaxLine {
		return
	}
	var l Line
	l.Find([]byte(" \" \"x"), ' ', '"')
	l.Find(text, ' ', '"')
	if want := boundsOf(text); !slices.Equal(l.Bounds, want) {
		t.Fatalf("%q: bounds %v, want %v", text, l.Bounds, want)
	}
	if want := bytes.Count(text, []byte{'"'}); l.Quotes != want {
		t.Fatalf("%q: %d quotes, want %d", text, l.Quotes, want)
	}
	if ascii := !slices.ContainsFunc(text, func(c byte) bool { return c > 127 }); l.ASCII != ascii {
		t.Fatalf("%q: ASCII %v", text, l.ASCII)
	}
	words := make([]int32, len(text)+1)
	n, quotes, ascii := findWords(text, ' ', '"', words)
	if ascii != l.ASCII || quotes != l.Quotes || !slices.Equal(words[:n], l.Bounds[1:]) {
		t.Fatalf("eight bytes at a time, %q gives %d, %v and %v, not %d, %v and %v", text, words[:n], quotes, ascii, l.Bounds[1:], l.Quotes, l.ASCII)
	}
}

func TestFind(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		for range 20 {
			around := make([]byte, n+100)
			for i := range around {
				around[i] = []byte(" a!#\x21\"\xa0\xa2\x1f")[rng.IntN(9-4*(n%2))]
			}
			from := rng.IntN(50)
			check(t, around[from:from+n])
		}
		fields := []byte(`a `)
		for len(fields) < n {
			fields = append(append(fields, [][]byte{[]byte(`b`), []byte(`"c d"`), []byte(`"-"`), []byte(`""`), []byte(`" "`), nil, []byte(`e"`)}[rng.IntN(6+n%2)]...), ' ')
		}
		check(t, fields)
		check(t, fields[:n])
		check(t, bytes.Repeat([]byte{' '}, n))
		check(t, append(bytes.Repeat([]byte{'a'}, n), '\x80'))
	}
}

// A line of MaxLine bytes has bounds, and a longer one none.
func TestMaxLine(t *testing.T) {
	for n := MaxLine - 1; n <= MaxLine+1; n++ {
		var l Line
		l.Find(bytes.Repeat([]byte{' '}, n), ' ', '"')
		if want := n + 2; n <= MaxLine && len(l.Bounds) != want || n > MaxLine && len(l.Bounds) != 0 {
			t.Errorf("%d bytes have %d bounds", n, len(l.Bounds))
		}
	}
}

// Nothing is written behind the room for bounds that Find makes.
func TestRoom(t *testing.T) {
	for n := block; n < 5*block; n++ {
		for _, text := range [][]byte{bytes.Repeat([]byte{' '}, n), bytes.Repeat([]byte{'a'}, n), append(bytes.Repeat([]byte{' '}, n-1), 'a')} {
			const canary = 4711
			bounds := slices.Repeat([]int32{canary}, n+1+spare+100)
			find(text, ' ', '"', bounds[:n+1+spare:n+1+spare])
			for i, b := range bounds[n+1+spare:] {
				if b != canary {
					t.Fatalf("%q: bound %d is written, of %d", text, n+1+spare+i, n+1+spare)
				}
			}
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(`a "b c" - `))
	f.Add(bytes.Repeat([]byte(`"\x80 `), 40))
	f.Fuzz(check)
}

func BenchmarkFind(b *testing.B) {
	text := bytes.Repeat([]byte(`10.0.0.1:80 "GET / HTTP/1.1" `), 20)
	var l Line
	for name, do := range map[string]func(){
		"all": func() { l.Find(text, ' ', '"') },
		"one after another": func() {
			for at := 0; ; at++ {
				i := bytes.IndexByte(text[at:], ' ')
				if i < 0 {
					return
				}
				at += i
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				do()
			}
		})
	}
}
