package waf

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
)

// samples are real log files: see testdata/SOURCES.tsv.
var samples = []string{"testdata/waf/lambda-promtail.log.gz", "testdata/waf/opensearch.log"}

func TestWAF(t *testing.T) {
	formattest.Suite{Format: WAF(), Samples: samples, Records: jsonlogtest.Counter("")}.Run(t)
	for _, file := range samples {
		jsonlogtest.Agree(t, WAF(), &layout, file)
	}
}

const head = `{"timestamp":1679548657700,"webaclId":"a"`

func TestQuirks(t *testing.T) {
	const columns = `{"timestamp":"2023-03-23T05:17:37.700000Z","webacl_id":"a"`
	for text, want := range map[string]string{
		// Firehose joins objects without a separator.
		head + `}` + head + `,"action":"BLOCK"}`:                                      columns + `}` + columns + `,"action":"BLOCK"}`,
		head + `,"httpSourceName":"-","httpRequest":{"country":"-","args":"-"}}`:      columns + `,"http_request":{"args":"-"}}`,
		head + `,"responseCodeSent":null,"labels":[{"name":"x"},{"name":"y","z":1}]}`: columns + `,"labels":[{"name":"x"},{"name":"y"}],"extra":{"labels[1].z":1}}`,
		head + `,"oversizeFields":["REQUEST_BODY"],"clientAsn":16509}`:                columns + `,"oversize_fields":["REQUEST_BODY"],"client_asn":16509}`,
		`{"timestamp":1679548657700}`:                                                 "another kind of record: it has neither webaclId nor terminatingRuleId",
		`{"terminatingRuleId":"Default_Action"}`:                                      `{"terminating_rule_id":"Default_Action"}`, // its time is the file's
		`{"timestamp":"x","webaclId":"a"}`:                                            `column timestamp: "x" is not a number`,
	} {
		all, err := formattest.Decode(WAF(), strings.NewReader(text), format.Options{})
		got := ""
		for _, o := range all {
			got += string(o.Row) + o.Reject
		}
		if err != nil || got != want {
			t.Errorf("%s: error %v\ngot  %s\nwant %s", text, err, got, want)
		}
	}
}

func FuzzWAF(f *testing.F) {
	f.Add(formattest.Plain(f, samples[0]))
	f.Add([]byte(head + `,"httpRequest":{"headers":[{"name":"a"},{"b":1}]}}` + head + "}\n[" + head + "}]"))
	f.Fuzz(func(t *testing.T, data []byte) { jsonlogtest.Stable(t, WAF(), data, "") })
}

func BenchmarkWAF(b *testing.B) {
	data := formattest.Plain(b, samples[1])
	const files = 200
	formattest.Benchmark(b, WAF(), bytes.Repeat(data, files), files*formattest.CountLines(data))
}
