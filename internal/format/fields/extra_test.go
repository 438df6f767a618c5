package fields

import (
	"encoding/json"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

func TestExtra(t *testing.T) {
	var e Extra
	var v row.Value
	for range 2 {
		e.Reset()
		e.Add([]byte(`"a"`), []byte("1"))
		e.Set(&v)
		if got := string(v.Bytes()); got != `{"a":"1"}` {
			t.Errorf("one field: %s", got)
		}
		e.Add(AppendQuoted(nil, []byte(`b"c`)), []byte("x\ty"))
		e.Set(&v)
		if got := string(v.Bytes()); got != `{"a":"1","b\"c":"x\u0009y"}` {
			t.Errorf("two fields: %s", got)
		}
	}
	e.Reset()
	if e.Set(&v); !v.IsNull() {
		t.Errorf("nothing: %s", v.Bytes())
	}
}

func FuzzAppendQuoted(f *testing.F) {
	for _, s := range []string{"", "a", `"\`, "\x00\x1f\x7f", "é\u2028", `\u0000`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, back string
		if err := json.Unmarshal(AppendQuoted(nil, []byte(s)), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if json.Unmarshal(want, &back) != nil || got != back {
			t.Errorf("%q reads back as %q", s, got)
		}
	})
}
