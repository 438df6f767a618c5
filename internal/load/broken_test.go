package load

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format/elb"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/testdata"
)

// albTarget is a target of a real format, whose decoder reads as any other does.
func albTarget() Target {
	return Target{Source: "alb", Format: elb.ALB(), Table: target.Table, MaxRejectRatio: 0.1}
}

// albLine returns a real line, of a time that BigQuery takes.
func albLine(t *testing.T) string {
	t.Helper()
	data, err := testdata.ALB.ReadFile("alb/vrl.log")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	kind, rest, _ := strings.Cut(line, " ")
	_, rest, _ = strings.Cut(rest, " ")
	return kind + " 2026-02-28T22:22:48.364000Z " + rest
}

func gzipped(t *testing.T, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		_, err := io.WriteString(w, p)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func zstded(t *testing.T, text string) string {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return string(enc.EncodeAll([]byte(text), nil))
}

// bomb returns gzip data of 10 GiB: text again and again.
func bomb(t *testing.T, text string) string {
	t.Helper()
	const part = 64 << 20
	return strings.Repeat(gzipped(t, strings.Repeat(text, part/len(text))), 10<<30/part)
}

// Every file that is broken comes to an outcome, in bounded memory and with a bounded number of
// rejects, whatever its length. See docs/guarantees.md.
func TestBrokenInput(t *testing.T) {
	line := albLine(t)
	whole := strings.Repeat(line+"\n", 100)
	flipped := func(s string, i int) string {
		b := []byte(s)
		b[len(b)+i] ^= 0x40
		return string(b)
	}
	tests := []struct {
		name    string
		content string
		want    Outcome
		reason  string
		rows    int
		rejects int
	}{
		{name: "gzip cut short", content: gzipped(t, whole)[:100], want: Rejected, reason: "gzip data is cut short"},
		{name: "gzip trailer cut", content: strings.TrimSuffix(gzipped(t, whole), gzipped(t, whole)[len(gzipped(t, whole))-4:]), want: Rejected, reason: "gzip data is cut short"},
		{name: "gzip checksum wrong", content: flipped(gzipped(t, whole), -8), want: Rejected, reason: "invalid checksum"},
		{name: "gzip length wrong", content: flipped(gzipped(t, whole), -4), want: Rejected, reason: "invalid checksum"},
		{name: "garbage behind gzip", content: gzipped(t, whole) + "garbage", want: Rejected, reason: "followed by something else"},
		{name: "gzip of nothing", content: gzipped(t, ""), want: Loaded},
		{name: "gzip twice over", content: gzipped(t, gzipped(t, whole)), want: Loaded, rows: 100},
		{name: "gzip four times over", content: gzipped(t, gzipped(t, gzipped(t, gzipped(t, whole)))), want: Rejected, reason: "more than 3 times over"},
		{name: "zstd cut short", content: zstded(t, whole)[:60], want: Rejected, reason: "zstd data is cut short"},
		{name: "gzip bomb of NULs", content: bomb(t, "\x00"), want: Rejected, reason: "a decompression bomb"},
		{name: "gzip bomb of line endings", content: bomb(t, "\n"), want: Rejected, reason: "a decompression bomb"},
		{name: "gzip bomb of short lines", content: bomb(t, "x\n"), want: Rejected, reason: "10000 of 10000 records", rejects: 10_000},
		{name: "gzip bomb within gzip", content: gzipped(t, bomb(t, "\x00")), want: Rejected, reason: "a decompression bomb"},
		{name: "another format's long lines", content: strings.Repeat(strings.Repeat("x", 70<<10)+"\n", 2000), want: Rejected, reason: "256 of 256 records", rejects: 256},
		{name: "a line of 100 MB", content: whole + strings.Repeat("x", 100<<20) + "\n" + line, want: Loaded, rows: 101, rejects: 1},
		{name: "a line of a million values", content: whole + line + strings.Repeat(" x", 1<<20) + "\n" + line, want: Loaded, rows: 101, rejects: 1},
		{name: "invalid UTF-8", content: strings.Replace(whole, "https://", "https://\xff\xfe", 3), want: Loaded, rows: 100},
		{name: "NULs in a line", content: whole + "\x00\x00\x00\n", want: Loaded, rows: 100, rejects: 1},
		{name: "binary data", content: "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", want: Rejected, reason: "3 of 3 records", rejects: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newPooledWorld()
			f := w.file("k", "v1", tt.content)
			l := (&process{world: w, to: albTarget()}).loader()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			res := mustLoad(t, l, f, tt.want)
			runtime.ReadMemStats(&after)
			if !strings.Contains(res.Reason, tt.reason) {
				t.Errorf("reason %q, want %q in it", res.Reason, tt.reason)
			}
			raw := 0
			rejects := w.logs[rejectTable(target.Table)]
			for _, r := range rejects {
				raw += len(r["raw"].([]byte))
			}
			if len(w.visible(f)) != tt.rows || len(rejects) != tt.rejects || raw > ratioBytes+1<<20 {
				t.Errorf("%d rows and %d rejects of %d bytes, want %d rows and %d rejects", len(w.visible(f)), len(rejects), raw, tt.rows, tt.rejects)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
				t.Errorf("%d MB were allocated", used>>20)
			}
			if got := w.outcomes(f); len(got) != 1 || got[0] != string(tt.want) {
				t.Errorf("the load log has %q", got)
			}
		})
	}
}

// Bytes that were lost or changed on the way are not a broken file, though they look like one: the
// file is neither rejected nor loaded, and comes again.
func TestBrokenRead(t *testing.T) {
	content := gzipped(t, strings.Repeat(albLine(t)+"\n", 100))
	tests := map[string]func(b *object.Body){
		"cut":           func(b *object.Body) { b.ReadCloser = io.NopCloser(io.LimitReader(b.ReadCloser, 50)) },
		"cut, one byte": func(b *object.Body) { b.ReadCloser = io.NopCloser(io.LimitReader(b.ReadCloser, int64(len(content)-1))) },
		"reset": func(b *object.Body) {
			b.ReadCloser = io.NopCloser(io.MultiReader(io.LimitReader(b.ReadCloser, 50), iotest.ErrReader(errInjected)))
		},
		"CRC32C is another": func(b *object.Body) { b.CRC32C++ },
		"a bit is another": func(b *object.Body) {
			b.ReadCloser = io.NopCloser(strings.NewReader(content[:60] + "?" + content[61:]))
		},
		"longer":  func(b *object.Body) { b.ReadCloser = io.NopCloser(strings.NewReader(content + "\x00")) },
		"shorter": func(b *object.Body) { b.Size++; b.HasCRC = false },
		"nothing": func(b *object.Body) { b.ReadCloser = io.NopCloser(strings.NewReader("")) },
	}
	for name, disturb := range tests {
		t.Run(name, func(t *testing.T) {
			w := newPooledWorld()
			f := w.file("k", "v1", content)
			p := &process{world: w, to: albTarget()}
			l := p.loader()
			l.Landing = disturbed{p, disturb}
			if res, err := l.Load(t.Context(), f); err == nil || !errkind.Is(err, errkind.Transient) {
				t.Errorf("Load = %+v, %v; want a transient error", res, err)
			}
			if len(w.rows) > 0 || len(w.outcomes(f)) > 0 || len(w.claims) > 0 {
				t.Errorf("%d rows, %d claims, outcomes %q: want none", len(w.rows), len(w.claims), w.outcomes(f))
			}
			mustLoad(t, (&process{world: w, to: albTarget()}).loader(), f, Loaded)
			if got := len(w.visible(f)); got != 100 {
				t.Errorf("%d rows in the end, want 100", got)
			}
		})
	}
}

// disturbed is a landing bucket whose reads go wrong.
type disturbed struct {
	*process
	disturb func(b *object.Body)
}

func (d disturbed) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	b, err := d.process.Open(ctx, o)
	if err == nil {
		d.disturb(b)
	}
	return b, err
}

// Where the ratio allows it every reject is kept, however many there are; and a bad beginning that a
// later part makes up for is judged when 10,000 of it are kept, not later.
func TestRejectsAreJudgedWhileReading(t *testing.T) {
	tests := []struct {
		name    string
		content string
		ratio   float64
		want    Outcome
		rejects int
	}{
		{"many, within the ratio", strings.Repeat(strings.Repeat("a\n", 3)+"bad\n", 12_000), 0.3, Loaded, 12_000},
		{"all, where all may be", strings.Repeat("bad\n", 12_000), 1, Loaded, 12_000},
		{"some at first", strings.Repeat("bad\n", 9_999) + strings.Repeat("a\n", 90_000), 0.1, Loaded, 9_999},
		{"too many at first", strings.Repeat("bad\n", 10_000) + strings.Repeat("a\n", 90_000), 0.1, Rejected, 10_000},
		{"too many in the end", strings.Repeat("a\n", 90) + strings.Repeat("bad\n", 11), 0.1, Rejected, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newPooledWorld()
			f := w.file("k", "v1", tt.content)
			to := target
			to.MaxRejectRatio = tt.ratio
			l := (&process{world: w, to: to}).loader()
			l.BatchMax = 8 << 20
			res := mustLoad(t, l, f, tt.want)
			if kept := len(w.logs[rejectTable(target.Table)]); kept != tt.rejects || res.Rejects != int64(kept) {
				t.Errorf("%d rejects kept, %d reported, want %d", kept, res.Rejects, tt.rejects)
			}
			if tt.want == Rejected && len(w.rows) > 0 {
				t.Errorf("%d rows of a rejected file are visible", len(w.rows))
			}
		})
	}
}
