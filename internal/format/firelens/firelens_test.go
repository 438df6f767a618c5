package firelens

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
)

// sample is of AWS's examples: see testdata/SOURCES.tsv.
const sample = "testdata/firelens/aws-samples.jsonl"

func TestFireLens(t *testing.T) {
	formattest.Suite{Format: FireLens(), Samples: []string{sample}, Records: jsonlogtest.Counter("")}.Run(t)
	jsonlogtest.Agree(t, FireLens(), &layout, sample, "payload")
}

func TestQuirks(t *testing.T) {
	for text, want := range map[string]string{
		// The forms of json_date_format.
		`{"date":1570060000.123456}`:             `{"time":"2019-10-02T23:46:40.123456Z"}`,
		`{"date":1570060000}`:                    `{"time":"2019-10-02T23:46:40.000000Z"}`,
		`{"date":1570060000123}`:                 `{"time":"2019-10-02T23:46:40.123000Z"}`,
		`{"date":"2019-10-02T23:46:40.123456Z"}`: `{"time":"2019-10-02T23:46:40.123456Z"}`,
		`{"date":"2019-10-02 23:46:40.123456"}`:  `{"time":"2019-10-02T23:46:40.123456Z"}`,
		`{"date":"yesterday","log":"x"}`:         `{"log":"x","extra":{"date":"yesterday"}}`,
		`{"log":"{\"a\": [1, \"x\"]}"}`:          `{"log":"{\"a\": [1, \"x\"]}","payload":{"a":[1,"x"]}}`,
		`{"log":" [1] "}`:                        `{"log":" [1] ","payload":[1]}`,
		`{"log":"{\"a\":1}{}"}`:                  `{"log":"{\"a\":1}{}"}`,
		`{"log":"{\"a\":1e999}"}`:                `{"log":"{\"a\":1e999}"}`,
		`{"log":"7"}`:                            `{"log":"7"}`,
		`{"log":{"a":1},"partial_ordinal":"2"}`:  `{"partial_ordinal":2,"extra":{"log":{"a":1}}}`,
		`{"payload":1,"kubernetes":{"pod":"p"}}`: `{"extra":{"payload":1,"kubernetes":{"pod":"p"}}}`,
	} {
		all, err := formattest.Decode(FireLens(), strings.NewReader(text), format.Options{})
		if err != nil || len(all) != 1 || compact(string(all[0].Row))+all[0].Reject != want {
			t.Errorf("%s: error %v\ngot  %s %s\nwant %s", text, err, all[0].Row, all[0].Reject, want)
		}
	}
}

// compact takes the spaces out of the payload, which is kept as it is written.
func compact(row string) string {
	log, payload, ok := strings.Cut(row, `"payload":`)
	if !ok {
		return row
	}
	return log + `"payload":` + strings.ReplaceAll(payload, " ", "")
}

func FuzzFireLens(f *testing.F) {
	f.Add(formattest.Plain(f, sample))
	f.Add([]byte(`{"date":1570060000123,"log":"[1]"}{"log":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) { jsonlogtest.Stable(t, FireLens(), data, "") })
}

func TestFileTime(t *testing.T) {
	for key, want := range map[string]string{
		"fluent-bit-logs/app-firelens-1/2026/11/01/10/20/30-objectAbCd1234":    "2026-11-01T10:20:30Z",
		"fluent-bit-logs/app-firelens-1/2026/11/01/10/20/30-objectAbCd1234.gz": "2026-11-01T10:20:30Z",
		"a-b.c/2026/11/01/10/20/30": "2026-11-01T10:20:30Z",
		"a/2026/11/01/10/20/60-x":   "",
		"a/2026/11/01/10/x-30":      "",
		"2026/11/01/10/20/30":       "",
		"":                          "",
	} {
		at, ok := FireLens().FileTime(key)
		if got := at.Format("2006-01-02T15:04:05Z07:00"); ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %s, %v", key, got, ok)
		}
	}
}

func BenchmarkFireLens(b *testing.B) {
	data := formattest.Plain(b, sample)
	const files = 3000
	formattest.Benchmark(b, FireLens(), bytes.Repeat(data, files), files*formattest.CountLines(data))
}
