package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/format"
)

// got is what came of a line: its text, or the reason of its reject and what is kept of it.
type got struct {
	number, offset int64
	text, reject   string
}

func readAll(r *Reader) (all []got, err error) {
	for {
		line, err := r.Next()
		var bad *format.Reject
		switch {
		case err == nil:
			all = append(all, got{line.Number, line.Offset, string(line.Text), ""})
		case errors.As(err, &bad):
			all = append(all, got{bad.Line, bad.Offset, string(bad.Raw), bad.Reason})
		case err == io.EOF:
			return all, nil
		default:
			return all, err
		}
	}
}

func tooLong(n, limit int) string {
	return fmt.Sprintf("the line is %d bytes long with its ending, and at most %d are read", n, limit)
}

func TestReader(t *testing.T) {
	tests := []struct {
		name, in string
		limit    int
		want     []got
	}{
		{"nothing", "", 10, nil},
		{"LF", "a\nb\n", 10, []got{{1, 0, "a", ""}, {2, 2, "b", ""}}},
		{"no LF at the end", "a\nb", 10, []got{{1, 0, "a", ""}, {2, 2, "b", ""}}},
		{"CR LF", "a\r\nb\r\n", 10, []got{{1, 0, "a", ""}, {2, 3, "b", ""}}},
		{"CR at the end", "a\r", 10, []got{{1, 0, "a", ""}}},
		{"CR within", "a\rb\r\r\n", 10, []got{{1, 0, "a\rb\r", ""}}},
		{"blank lines", "\n\r\n \t\na\n\nb\n\n", 10, []got{{4, 6, "a", ""}, {6, 9, "b", ""}}},
		{"spaces are kept", " a \n", 10, []got{{1, 0, " a ", ""}}},
		{"at the limit", "0123456789\n0123456789\r\n0123456789", 10, []got{{1, 0, "0123456789", ""}, {2, 11, "0123456789", ""}, {3, 23, "0123456789", ""}}},
		{"over the limit", "0123456789x\nb\n", 10, []got{{1, 0, "0123456789x", tooLong(12, 10)}, {2, 12, "b", ""}}},
		{"over the limit, CR LF", "0123456789x\r\nb\n", 10, []got{{1, 0, "0123456789x", tooLong(13, 10)}, {2, 13, "b", ""}}},
		{"over the limit, at the end", "a\n0123456789xyz", 10, []got{{1, 0, "a", ""}, {2, 2, "0123456789xyz", tooLong(13, 10)}}},
		{"no limit to speak of", "a\nb", math.MaxInt, []got{{1, 0, "a", ""}, {2, 2, "b", ""}}},
		{"two over the limit", "0123456789x\n\n0123456789y\n", 10, []got{{1, 0, "0123456789x", tooLong(12, 10)}, {3, 13, "0123456789y", tooLong(12, 10)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tt.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
				"EOF with end": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				if got, err := readAll(NewReader(r, format.Options{MaxRecord: tt.limit})); err != nil || !slices.Equal(got, tt.want) {
					t.Errorf("%s: got %v, error %v; want %v", how, got, err, tt.want)
				}
			}
		})
	}
}

// Lines of every length around the sizes at which the buffer moves or grows.
func TestReaderSizes(t *testing.T) {
	for _, size := range []int{format.BufferSize, 2 * format.BufferSize, 4*format.BufferSize + 1} {
		for n := size - 3; n <= size+3; n++ {
			for _, end := range []string{"\n", "\r\n", ""} {
				text := "first\n" + strings.Repeat("x", n) + end
				got, err := readAll(NewReader(strings.NewReader(text), format.Options{}))
				if err != nil || len(got) != 2 || len(got[1].text) != n || got[1].reject != "" {
					t.Fatalf("a line of %d bytes and %q: %d lines, error %v", n, end, len(got), err)
				}
			}
		}
	}
}

func TestReaderLimitAroundBuffer(t *testing.T) {
	for limit := format.BufferSize - 3; limit <= format.BufferSize+3; limit++ {
		for n := limit - 2; n <= limit+3; n++ {
			for _, end := range []string{"\n", "\r\n"} {
				text := strings.Repeat("x", n) + end + "next\n"
				got, err := readAll(NewReader(iotest.HalfReader(strings.NewReader(text)), format.Options{MaxRecord: limit}))
				if err != nil || len(got) != 2 || got[1].text != "next" {
					t.Fatalf("limit %d, %d bytes: %d lines, error %v", limit, n, len(got), err)
				}
				reject, kept := "", n
				if n > limit {
					reject, kept = tooLong(n+len(end), limit), min(n, format.MaxRaw)
				}
				if got[0].reject != reject || len(got[0].text) != kept {
					t.Errorf("limit %d, %d bytes: reject %q with %d bytes", limit, n, got[0].reject, len(got[0].text))
				}
			}
		}
	}
}

// A line of any length takes bounded memory, and leaves the first bytes of it.
func TestReaderHugeLine(t *testing.T) {
	const limit, size = 1 << 20, 64 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := readAll(NewReader(io.MultiReader(strings.NewReader("begin"), io.LimitReader(xs{}, size), strings.NewReader("\nnext")), format.Options{MaxRecord: limit}))
	runtime.ReadMemStats(&after)
	if err != nil || len(got) != 2 || got[1] != (gotLine(2, size+6, "next")) {
		t.Fatalf("%d lines, error %v", len(got), err)
	}
	if got[0].reject != tooLong(size+6, limit) || len(got[0].text) != format.MaxRaw || !strings.HasPrefix(got[0].text, "beginxxx") {
		t.Errorf("reject %q with %d bytes", got[0].reject, len(got[0].text))
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8*limit {
		t.Errorf("%d bytes were allocated", used)
	}
}

func gotLine(number, offset int64, text string) got { return got{number, offset, text, ""} }

// xs is an endless row of x.
type xs struct{}

func (xs) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestJoin(t *testing.T) {
	type step struct {
		do   string // next, join or unjoin
		want got
		ok   bool
	}
	tests := []struct {
		name, in string
		steps    []step
	}{
		{"two", "a\nb\nc\n", []step{{"next", gotLine(1, 0, "a"), true}, {"join", gotLine(1, 0, "a\nb"), true}, {"next", gotLine(3, 4, "c"), true}, {"next", got{}, false}}},
		{"three", "a\nb\nc\nd", []step{{"next", gotLine(1, 0, "a"), true}, {"join", gotLine(1, 0, "a\nb"), true}, {"join", gotLine(1, 0, "a\nb\nc"), true}, {"next", gotLine(4, 6, "d"), true}}},
		{"taken back", "a\nb\nc\n", []step{{"next", gotLine(1, 0, "a"), true}, {"join", gotLine(1, 0, "a\nb"), true}, {"join", gotLine(1, 0, "a\nb\nc"), true}, {"unjoin", gotLine(1, 0, "a"), true}, {"next", gotLine(2, 2, "b"), true}, {"join", gotLine(2, 2, "b\nc"), true}, {"next", got{}, false}}},
		{"nothing to take back", "a\nb", []step{{"next", gotLine(1, 0, "a"), true}, {"unjoin", gotLine(1, 0, "a"), true}, {"next", gotLine(2, 2, "b"), true}}},
		{"CR LF", "a\r\nb\r\nc\r\n", []step{{"next", gotLine(1, 0, "a"), true}, {"join", gotLine(1, 0, "a\r\nb"), true}, {"next", gotLine(3, 6, "c"), true}}},
		{"blank line", "a\n\nb\nc", []step{{"next", gotLine(1, 0, "a"), true}, {"join", gotLine(1, 0, "a\n"), true}, {"join", gotLine(1, 0, "a\n\nb"), true}, {"next", gotLine(4, 5, "c"), true}}},
		{"at the end", "a\n", []step{{"next", gotLine(1, 0, "a"), true}, {"join", got{}, false}, {"unjoin", gotLine(1, 0, "a"), true}, {"next", got{}, false}}},
		{"at the end without LF", "a", []step{{"next", gotLine(1, 0, "a"), true}, {"join", got{}, false}, {"next", got{}, false}}},
		{"last line without LF", "a\nb", []step{{"next", gotLine(1, 0, "a"), true}, {"join", gotLine(1, 0, "a\nb"), true}, {"join", got{}, false}, {"next", got{}, false}}},
		{"at the limit", "01234\n6789\nb", []step{{"next", gotLine(1, 0, "01234"), true}, {"join", gotLine(1, 0, "01234\n6789"), true}, {"join", got{}, false}, {"next", gotLine(3, 11, "b"), true}}},
		{"over the limit", "01234\n6789x\nb", []step{{"next", gotLine(1, 0, "01234"), true}, {"join", got{}, false}, {"next", gotLine(2, 6, "6789x"), true}, {"join", gotLine(2, 6, "6789x\nb"), true}}},
		{"with a line over the limit", "a\n0123456789x\nb", []step{{"next", gotLine(1, 0, "a"), true}, {"join", got{}, false}, {"next", got{2, 2, "0123456789x", tooLong(12, 10)}, true}, {"next", gotLine(3, 14, "b"), true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"at once":      strings.NewReader(tt.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
				"EOF with end": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				r := NewReader(in, format.Options{MaxRecord: 10})
				for i, s := range tt.steps {
					if now, ok := do(t, r, s.do); now != s.want || ok != s.ok {
						t.Fatalf("%s: step %d, %s: got %v, %v; want %v, %v", how, i, s.do, now, ok, s.want, s.ok)
					}
				}
			}
		})
	}
}

// do calls a method of r. ok is false if there is no line.
func do(t *testing.T, r *Reader, method string) (_ got, ok bool) {
	t.Helper()
	var line Line
	var err error
	switch method {
	case "next":
		line, err = r.Next()
		ok = err == nil
	case "join":
		line, ok, err = r.Join()
	case "unjoin":
		line, ok = r.Unjoin(), true
	}
	var bad *format.Reject
	switch {
	case errors.As(err, &bad):
		return got{bad.Line, bad.Offset, string(bad.Raw), bad.Reason}, true
	case err != nil && err != io.EOF:
		t.Fatal(err)
	}
	return gotLine(line.Number, line.Offset, string(line.Text)), ok
}

// Joined lines of every length around the sizes at which the buffer moves or grows.
func TestJoinSizes(t *testing.T) {
	const before = "first\n"
	for _, size := range []int{format.BufferSize, 2 * format.BufferSize} {
		for n := size - len(before) - 3; n <= size+3; n++ {
			a, b := strings.Repeat("a", n/2), strings.Repeat("b", n-n/2)
			r := NewReader(iotest.HalfReader(strings.NewReader(before+a+"\n"+b+"\nlast")), format.Options{})
			for range 2 {
				if _, err := r.Next(); err != nil {
					t.Fatal(err)
				}
			}
			both, ok, err := r.Join()
			if err != nil || !ok || string(both.Text) != a+"\n"+b {
				t.Fatalf("%d bytes: joined %d, %v, error %v", n, len(both.Text), ok, err)
			}
			if first := r.Unjoin(); string(first.Text) != a {
				t.Fatalf("%d bytes: taken back: %d", n, len(first.Text))
			}
			rest, err := readAll(r)
			if err != nil || len(rest) != 2 || rest[0].text != b || rest[1].text != "last" {
				t.Fatalf("%d bytes: then %d lines, error %v", n, len(rest), err)
			}
		}
	}
}

func TestJoinFails(t *testing.T) {
	broken := errors.New("connection reset")
	r := NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), format.Options{MaxRecord: 10})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := r.Join(); ok || err != broken {
		t.Errorf("joined %v, error %v", ok, err)
	}
	if _, err := r.Next(); err != broken {
		t.Errorf("then error %v", err)
	}
}

// A reader's error is passed on as it is; the line that it cut short is none.
func TestReaderFails(t *testing.T) {
	broken := errors.New("connection reset")
	for _, tt := range []struct {
		in    string
		lines int
	}{{"", 0}, {"a", 0}, {"a\n", 1}, {"a\nb", 1}, {"a\nb\r", 1}, {"a\n0123456789too long", 1}} {
		got, err := readAll(NewReader(io.MultiReader(strings.NewReader(tt.in), iotest.ErrReader(broken)), format.Options{MaxRecord: 10}))
		if err != broken || len(got) != tt.lines {
			t.Errorf("%q: %d lines, error %v", tt.in, len(got), err)
		}
	}
	if _, err := NewReader(stuck{}, format.Options{MaxRecord: 10}).Next(); err != io.ErrNoProgress {
		t.Errorf("a reader that does nothing: error %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReject(t *testing.T) {
	text := bytes.Repeat([]byte("x"), format.MaxRaw+1)
	bad := Line{Text: text, Number: 3, Offset: 7}.Reject("why")
	text[0] = 'y'
	if bad.Line != 3 || bad.Offset != 7 || bad.Reason != "why" || len(bad.Raw) != format.MaxRaw || bad.Raw[0] != 'x' {
		t.Errorf("reject %d at %d, %q, %d bytes beginning %q", bad.Line, bad.Offset, bad.Reason, len(bad.Raw), bad.Raw[0])
	}
}

func TestReaderAllocatesNothing(t *testing.T) {
	lines := bytes.Repeat([]byte("0123456789\r\n"), 1000)
	src := bytes.NewReader(lines)
	r := NewReader(src, format.Options{})
	n := testing.AllocsPerRun(20, func() {
		src.Reset(lines)
		r.err = nil
		for {
			if _, err := r.Next(); err != nil {
				return
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzReader(f *testing.F) {
	for _, in := range []string{"", "a\nb", "a\r\n\r\n\n b", strings.Repeat("x", 20) + "\r\r\n"} {
		f.Add([]byte(in), 8)
	}
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		if limit <= 0 || limit > 1<<20 {
			return
		}
		lines, err := readAll(NewReader(bytes.NewReader(in), format.Options{MaxRecord: limit}))
		if err != nil {
			t.Fatal(err)
		}
		var want []got
		offset := int64(0)
		number := int64(0)
		for line := range bytes.Lines(in) {
			number++
			text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
			switch {
			case len(text) > limit:
				want = append(want, got{number, offset, text[:min(len(text), format.MaxRaw)], tooLong(len(line), limit)})
			case strings.Trim(text, " \t\r") != "":
				want = append(want, gotLine(number, offset, text))
			}
			offset += int64(len(line))
		}
		if !slices.Equal(lines, want) {
			t.Fatalf("got %v, want %v", lines, want)
		}
		small, err := readAll(NewReader(iotest.OneByteReader(bytes.NewReader(in)), format.Options{MaxRecord: limit}))
		if err != nil || !slices.Equal(small, want) {
			t.Fatalf("byte by byte: got %v, error %v; want %v", small, err, want)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	data := bytes.Repeat([]byte(strings.Repeat("x", 500)+"\n"), 2000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r := NewReader(bytes.NewReader(data), format.Options{})
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}

func TestNextOrBlank(t *testing.T) {
	r := NewReader(strings.NewReader("a\n\n\t\t\r\n b"), format.Options{})
	for i, want := range []string{"a", "", "\t\t", " b"} {
		line, err := r.NextOrBlank()
		if err != nil || string(line.Text) != want || line.Number != int64(i+1) {
			t.Errorf("line %d: %q, error %v; want %q", line.Number, line.Text, err, want)
		}
	}
	if _, err := r.NextOrBlank(); err != io.EOF {
		t.Errorf("error %v, want io.EOF", err)
	}
}
