package fields

import (
	"errors"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func TestSetters(t *testing.T) {
	type want struct {
		kind row.Kind
		num  int64
		text string
	}
	null, bad := want{}, want{text: "an error"}
	number := func(n int64) want { return want{kind: row.KindInt, num: n} }
	text := func(s string) want { return want{kind: row.KindBytes, text: s} }
	tests := []struct {
		name string
		set  Setter
		in   string
		want want
	}{
		{"text", Text, "a b", text("a b")},
		{"empty text", Text, "", text("")},
		{"no text", Text, "-", null},
		{"two dashes", Text, "--", text("--")},
		{"int", Int, "-12", number(-12)},
		{"empty int", Int, "", null},
		{"no int", Int, "-", null},
		{"bad int", Int, "12x", bad},
		{"float", Float, "0.5", want{kind: row.KindFloat, num: 5}},
		{"empty float", Float, "", null},
		{"no float", Float, "-", null},
		{"bad float", Float, "NaN", bad},
		{"time", Time, "1970-01-01T00:00:01", number(1e6)},
		{"no time", Time, "-", null},
		{"bad time", Time, "1970", bad},
		{"seconds", UnixSeconds, "2", number(2e6)},
		{"no seconds", UnixSeconds, "", null},
		{"bad seconds", UnixSeconds, "1.5", bad},
		{"milliseconds", UnixMillis, "2", number(2000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v row.Value
			v.SetBytes([]byte("what the row before held"))
			err := tt.set(&v, []byte(tt.in))
			if (err != nil) != (tt.want == bad) {
				t.Fatalf("error %v", err)
			}
			got := want{kind: v.Kind(), text: string(v.Bytes())}
			switch v.Kind() {
			case row.KindInt:
				got.num, got.text = v.Int(), ""
			case row.KindFloat:
				got.num, got.text = int64(v.Float()*10), ""
			}
			if err == nil && got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestWrong(t *testing.T) {
	cause := errors.New("no number")
	c := Column("srcport", row.Int64, "Port.")
	if err := Wrong(&c, cause); err.Error() != "column srcport: no number" || !errors.Is(err, cause) {
		t.Errorf("error %q", err)
	}
	if c.Mode != row.Nullable || c.Type != row.Int64 || c.Description != "Port." {
		t.Errorf("column %+v", c)
	}
}
