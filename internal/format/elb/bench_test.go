package elb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// traffic returns n lines that vary as those of a busy load balancer do.
func traffic(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	hex := func(n int) string { return fmt.Sprintf("%0*x", n, rng.Uint64()>>(64-4*n)) }
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	for range n {
		at = at.Add(time.Duration(rng.IntN(5000)) * time.Microsecond)
		target, status := fmt.Sprintf("10.0.%d.%d:8080", rng.IntN(4), rng.IntN(250)), pick("200", "200", "200", "304", "404", "502")
		fmt.Fprintf(&b, `https %s app/my-loadbalancer/50dc6c495c0c9188 %d.%d.%d.%d:%d %s 0.00%d 0.%03d 0.000 %s %s %d %d `,
			at.Format("2006-01-02T15:04:05.000000Z"), rng.IntN(220)+1, rng.IntN(256), rng.IntN(256), rng.IntN(256), 1024+rng.IntN(60000),
			target, rng.IntN(3), rng.IntN(1000), status, status, rng.IntN(3000), rng.IntN(100000))
		fmt.Fprintf(&b, `"%s https://www.example.com:443/%s/%d?page=%d&session=%s HTTP/2.0" "%s" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 `,
			pick("GET", "GET", "POST"), pick("items", "users", "search", "static/app.js"), rng.IntN(100000), rng.IntN(10), hex(16),
			pick("curl/7.46.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.190 Safari/537.36", "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4_2 like Mac OS X) AppleWebKit/605.1.15"))
		fmt.Fprintf(&b, `arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-%s-%s%s" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" %d %s "waf,forward" "-" "-" "%s" "%s" "-" "-" TID_%s%s "-" "-" "-"`+"\n",
			hex(8), hex(16), hex(8), rng.IntN(5), at.Add(-50*time.Millisecond).Format("2006-01-02T15:04:05.000000Z"), target, status, hex(16), hex(16))
	}
	return b.Bytes()
}

// classicTraffic is traffic as a Classic Load Balancer writes it.
func classicTraffic(n int) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(traffic(n)) {
		_, line, _ = bytes.Cut(line, []byte(" "))
		line, _, _ = bytes.Cut(line, []byte(" arn:"))
		b.Write(bytes.Replace(line, []byte("app/my-loadbalancer/50dc6c495c0c9188"), []byte("my-loadbalancer"), 1))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func BenchmarkALB(b *testing.B) { benchmark(b, ALB(), traffic) }
func BenchmarkELB(b *testing.B) { benchmark(b, ELB(), classicTraffic) }

// benchmark measures in MB of text, and rows, a second: parsing, and beside it what any loader has
// to do first.
func benchmark(b *testing.B, f *format.Format, traffic func(n int) []byte) {
	const lines = 10_000
	data := traffic(lines)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		b.Fatal(err)
	}
	unpack := func() io.Reader {
		r, err := format.Decompress(bytes.NewReader(packed.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	rec := row.NewRecord(len(f.Spec.Columns))
	parse := func(r io.Reader) (rows int) {
		dec := f.New(r, format.Options{})
		for dec.Next(rec) == nil {
			rows++
		}
		return rows
	}
	for name, run := range map[string]func() int{
		"parse":          func() int { return parse(bytes.NewReader(data)) },
		"gunzip":         func() int { n, _ := io.Copy(io.Discard, unpack()); return int(n) * lines / len(data) },
		"gunzip + parse": func() int { return parse(unpack()) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				rows += run()
			}
			if rows != lines*b.N {
				b.Fatalf("%d rows", rows)
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
