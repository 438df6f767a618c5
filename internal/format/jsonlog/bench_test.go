package jsonlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// application is the log of an application, as a table.
var application = Layout{
	Columns: Of([]row.Column{
		column("time", row.Timestamp), column("level", row.String), column("message", row.String), column("duration", row.Float64), column("status", row.Int64),
		column("user", row.Struct, column("id", row.Int64), column("name", row.String)), repeated(column("tags", row.String)), column("context", row.JSON),
	}),
	Extra: "extra", FoldCase: true,
}

// logged is one record of the same as encoding/json reads it.
type logged struct {
	Time, Level, Message string
	Duration             float64
	Status               int64
	User                 struct {
		ID   int64
		Name string
	}
	Tags    []string
	Context json.RawMessage
}

// traffic returns n records that vary as an application's do.
func traffic(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"time":"2026-11-01T00:%02d:%02d.%06dZ","level":"%s","message":"request \"%d\" was answered by the %s","duration":0.%06d,"status":%d,"user":{"id":%d,"name":"user %x"},"tags":["web","eu-west-1"],"context":{"trace_id":"%016x","span":{"id":%d,"parent":null},"headers":["accept: */*","host: www.example.com"]},"pid":%d}`+"\n",
			i/60%60, i%60, rng.IntN(1e6), []string{"INFO", "WARN"}[rng.IntN(2)], rng.IntN(1e5), []string{"cache", "database"}[rng.IntN(2)],
			rng.IntN(1e6), 200+rng.IntN(4)*100, rng.IntN(1e9), rng.IntN(1e6), rng.Uint64(), rng.IntN(1e6), rng.IntN(1e5))
	}
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	const records = 10_000
	data := traffic(records)
	rec := row.NewRecord(len(application.Schema()))
	for name, run := range map[string]func() int{
		"ours": func() (n int) {
			d := application.Decoder(bytes.NewReader(data), format.Options{})
			for d.Next(rec) == nil {
				n++
			}
			return n
		},
		"encoding/json into a struct": func() (n int) {
			d := json.NewDecoder(bytes.NewReader(data))
			for {
				var v logged
				if d.Decode(&v) == io.EOF {
					return n
				}
				n++
			}
		},
		"encoding/json into a map": func() (n int) {
			d := json.NewDecoder(bytes.NewReader(data))
			for {
				var v map[string]any
				if d.Decode(&v) == io.EOF {
					return n
				}
				n++
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n += run()
			}
			if n != records*b.N {
				b.Fatalf("%d records", n)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
