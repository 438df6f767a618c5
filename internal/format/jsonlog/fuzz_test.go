package jsonlog_test

import (
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
	"github.com/seneka-io/seneka/internal/row"
)

func nullable(name string, t row.Type, fields ...row.Column) row.Column {
	return row.Column{Name: name, Type: t, Mode: row.Nullable, Fields: fields}
}

func list(name string, t row.Type, fields ...row.Column) row.Column {
	return row.Column{Name: name, Type: t, Mode: row.Repeated, Fields: fields}
}

var fuzzed = jsonlog.Of([]row.Column{
	nullable("b", row.Bool), nullable("i", row.Int64), nullable("f", row.Float64), nullable("n", row.Numeric), nullable("s", row.String),
	nullable("y", row.Bytes), nullable("d", row.Date), nullable("dt", row.Datetime), nullable("t", row.Time), nullable("ts", row.Timestamp),
	nullable("g", row.Geography), nullable("iv", row.Interval), {Name: "r", Type: row.Range, RangeElement: row.Timestamp}, nullable("j", row.JSON),
	nullable("o", row.Struct, nullable("a", row.String), list("l", row.Int64)), list("l", row.Float64), list("os", row.Struct, nullable("a", row.Int64)),
})

func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{
		`{"b":true,"i":"1","f":1.5e3,"n":0.1,"s":"\ud83d\ude00\u0000","y":"aGk=","d":"2020-01-01","dt":"2020-01-01 00:00:00","t":"00:00:00","ts":1.5}`,
		`{"g":"POINT(1 2)","iv":"P1Y","r":{"start":0},"j":{"a" : [1,"\ud800"]},"o":{"a":"x","l":[1,2],"z":3},"l":[1,2.5],"os":[{"a":1},{}]}`,
		"{\"i\":1}\n{\"i\":x}\n  {\n    \"i\": 2\n  }\n[{\"i\":3},4]\n{\"i\":[1,\n{\"I\":1,\"i\":2}", `{"Records":[{"i":1},{"i":"x"}],"a":[]}{"os":[1],"os":{}}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, toExtra bool) {
		l := &jsonlog.Layout{Columns: fuzzed, Extra: "extra", FoldCase: true, ConflictsToExtra: toExtra}
		jsonlogtest.Stable(t, &format.Format{Spec: row.Spec{Columns: l.Schema()}, New: l.Decoder}, data, "")
		l.Within = "Records"
		jsonlogtest.Stable(t, &format.Format{Spec: row.Spec{Columns: l.Schema()}, New: l.Decoder}, data, "Records")
	})
}
