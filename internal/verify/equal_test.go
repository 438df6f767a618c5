package verify

import (
	"math"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func text(s string) row.Value {
	var v row.Value
	v.SetBytes([]byte(s))
	return v
}

func whole(n int64) row.Value {
	var v row.Value
	v.SetInt(n)
	return v
}

func float(f float64) row.Value {
	var v row.Value
	v.SetFloat(f)
	return v
}

func list(values ...row.Value) row.Value {
	var v row.Value
	v.SetList()
	for _, e := range values {
		*v.Append() = e
	}
	return v
}

// What means the same is equal, in whatever form it stands; anything else is not.
func TestEqual(t *testing.T) {
	null := row.Value{}
	person := row.Column{Type: row.Struct, Fields: []row.Column{{Name: "name", Type: row.String}, {Name: "n", Type: row.Int64}}}
	turned := row.Column{Type: row.Struct, Fields: []row.Column{{Name: "N", Type: row.Int64}, {Name: "more", Type: row.String}, {Name: "Name", Type: row.String}}}
	period := row.Column{Type: row.Range, RangeElement: row.Date}
	for _, tt := range []struct {
		c, t row.Column
		a, b row.Value
		want bool
	}{
		{c: row.Column{Type: row.Int64}, a: whole(1), b: whole(1), want: true},
		{c: row.Column{Type: row.Int64}, a: whole(1), b: whole(2)},
		{c: row.Column{Type: row.Int64}, a: whole(0), b: null},
		{c: row.Column{Type: row.Int64}, a: null, b: null, want: true},
		{c: row.Column{Type: row.Int64}, a: whole(1), b: text("1")},
		{c: row.Column{Type: row.Float64}, a: float(math.NaN()), b: float(math.NaN()), want: true},
		{c: row.Column{Type: row.Float64}, a: float(0), b: float(math.Copysign(0, -1)), want: true},
		{c: row.Column{Type: row.Float64}, a: float(0.1), b: float(0.1000001)},
		{c: row.Column{Type: row.Numeric}, a: text("1e1"), b: text("10.000"), want: true},
		{c: row.Column{Type: row.BigNumeric}, a: text("0.00000000000000000000000000000000000001"), b: text("0")},
		{c: row.Column{Type: row.String}, a: text("a\xff\xfeb"), b: text("a\ufffdb"), want: true},
		{c: row.Column{Type: row.String}, a: text("a"), b: text("A")},
		{c: row.Column{Type: row.String}, a: text(""), b: null},
		{c: row.Column{Type: row.Bytes}, a: text("\xff"), b: text("\ufffd")},
		{c: row.Column{Type: row.JSON}, a: text(`{"b":[1.0,{"c":null}],"a":"\u0041"}`), b: text(`{"a":"A","b":[1,{"c":null}]}`), want: true},
		{c: row.Column{Type: row.JSON}, a: text(`{"a":1,"a":2}`), b: text(`{"a":1}`), want: true},
		{c: row.Column{Type: row.JSON}, a: text(`9007199254740993`), b: text(`9007199254740992`)},
		{c: row.Column{Type: row.JSON}, a: text(`1e400`), b: text(`1e401`)},
		{c: row.Column{Type: row.JSON}, a: text(`[1,2]`), b: text(`[2,1]`)},
		{c: row.Column{Type: row.JSON}, a: text(`{"a":null}`), b: text(`{}`)},
		{c: row.Column{Type: row.JSON}, a: text(`"1"`), b: text(`1`)},
		{c: row.Column{Type: row.JSON}, a: text(`null`), b: null},
		{c: row.Column{Type: row.JSON}, a: text(`1 2`), b: text(`1`)},
		{c: row.Column{Type: row.Int64, Mode: row.Repeated}, a: null, b: list(), want: true},
		{c: row.Column{Type: row.Int64, Mode: row.Repeated}, a: list(whole(1), whole(2)), b: list(whole(1), whole(2)), want: true},
		{c: row.Column{Type: row.Int64, Mode: row.Repeated}, a: list(whole(1)), b: list(whole(1), whole(2))},
		{c: person, t: turned, a: list(text("x"), whole(1)), b: list(whole(1), null, text("x")), want: true},
		{c: person, t: turned, a: list(text("x"), whole(1)), b: list(whole(2), null, text("x"))},
		{c: person, t: person, a: list(text("x"), whole(1)), b: null},
		{c: period, a: list(whole(1), null), b: list(whole(1), null), want: true},
		{c: period, a: list(whole(1), null), b: list(whole(1), whole(3))},
	} {
		if tt.t.Type == "" {
			tt.t = tt.c
		}
		if got := equal(&tt.c, &tt.t, &tt.a, &tt.b); got != tt.want {
			t.Errorf("%s: %s and %s: equal is %v", tt.c.Type, show(&tt.c, &tt.a), show(&tt.t, &tt.b), got)
		}
	}
}

// A difference shows values as a person reads them, and not too much of them.
func TestShow(t *testing.T) {
	person := row.Column{Type: row.Struct, Fields: []row.Column{{Name: "at", Type: row.Timestamp}, {Name: "days", Type: row.Date, Mode: row.Repeated}}}
	v := list(whole(1_767_225_600_123_456), list(whole(0), whole(1)))
	if got := show(&person, &v); got != "[at: 2026-01-01 00:00:00.123456, days: [1970-01-01, 1970-01-02]]" {
		t.Error(got)
	}
	long := text(string(make([]byte, 1000)))
	if got := show(&row.Column{Type: row.String}, &long); len(got) > 210 {
		t.Errorf("%d bytes are shown", len(got))
	}
	for _, tt := range []struct {
		t    row.Type
		v    row.Value
		want string
	}{{row.Bool, whole(1), "true"}, {row.Time, whole(1_500_000), "00:00:01.5"}, {row.Bytes, text("\x00\xff"), "AP8="}, {row.Float64, float(1.5), "1.5"}, {row.Int64, whole(7), "7"}, {row.Int64, row.Value{}, "NULL"}} {
		if got := show(&row.Column{Type: tt.t}, &tt.v); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.t, got, tt.want)
		}
	}
}
