package route53

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
)

// sample is AWS's example: see testdata/SOURCES.tsv.
const sample = "testdata/route53resolver/awsdocs.json"

func TestResolver(t *testing.T) {
	formattest.Suite{Format: Resolver(), Samples: []string{sample}, Records: jsonlogtest.Counter("")}.Run(t)
	jsonlogtest.Agree(t, Resolver(), &layout, sample)
}

func TestQuirks(t *testing.T) {
	const head = `{"query_name":"a."`
	for text, want := range map[string]string{
		head + `,"query_timestamp":"2020-02-04T17:51:20:177Z"}`: `{"query_timestamp":"2020-02-04T17:51:20.177000Z","query_name":"a."}`,
		head + `,"query_timestamp":"2020-02-04T17:51:20:Z"}`:    `column query_timestamp: "2020-02-04T17:51:20.Z" is not a TIMESTAMP such as 2006-01-02T15:04:05.999999Z or 1136214245.999999`,
		head + `,"answers":[],"srcids":{}}`:                     `{"query_name":"a.","srcids":{}}`,
		head + `,"srcport":"x"}`:                                `column srcport: "x" is not a number`,
		head + `,"firewall_protection":"DGA"}`:                  `{"query_name":"a.","extra":{"firewall_protection":"DGA"}}`,
		`{}`:                                                    "another kind of record: it has no query_name",
	} {
		all, err := formattest.Decode(Resolver(), strings.NewReader(text), format.Options{})
		if err != nil || len(all) != 1 || string(all[0].Row)+all[0].Reject != want {
			t.Errorf("%s: error %v\ngot  %v\nwant %s", text, err, all, want)
		}
	}
}

func FuzzResolver(f *testing.F) {
	f.Add(formattest.Plain(f, sample))
	f.Fuzz(func(t *testing.T, data []byte) { jsonlogtest.Stable(t, Resolver(), data, "") })
}

func BenchmarkResolver(b *testing.B) {
	const queries = 10_000
	formattest.Benchmark(b, Resolver(), bytes.Repeat(formattest.Plain(b, sample), queries), queries)
}
