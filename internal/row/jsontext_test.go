package row

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	mixed := func(n int) string { return strings.Repeat(`{"a":[`, n) + strings.Repeat("]}", n) }
	tests := []struct {
		name, in, want string // want: the error, "" for none
	}{
		{"object", `{"a":1,"b":[true,false,null],"c":{"d":"e"}}`, ""},
		{"space everywhere", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } ", ""},
		{"scalars", `-12.5E+3`, ""},
		{"zero", `-0`, ""},
		{"escapes", `"\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00"`, ""},
		{"DEL and beyond ASCII", "\"\x7fé😀\"", ""},
		{"repeated keys", `{"a":1,"a":2}`, ""},
		{"numbers that FLOAT64 rounds", `[12345678901234567890123, 0.1000000000000000055511151231257827]`, ""},
		{"greatest FLOAT64", `1.7976931348623157e308`, ""},
		{"underflow", `1e-999`, ""},
		{"308 digits", strings.Repeat("9", 308), ""},
		{"500 levels", nested(500), ""},
		{"500 mixed levels", mixed(250), ""},

		{"empty", ``, "ends too early, at byte 0"},
		{"space only", `  `, "ends too early, at byte 2"},
		{"two values", `1 2`, "something follows the value, at byte 2"},
		{"bare word", `GenericData`, "unexpected 'G', at byte 0"},
		{"cut word", `nul`, "ends too early, at byte 3"},
		{"upper-case word", `nUll`, "unexpected 'U', at byte 1"},
		{"NaN", `NaN`, "unexpected 'N', at byte 0"},
		{"leading zero", `01`, "something follows the value, at byte 1"},
		{"leading plus", `+1`, "unexpected '+', at byte 0"},
		{"no digit after point", `1.`, "ends too early, at byte 2"},
		{"no digit before point", `.5`, "unexpected '.', at byte 0"},
		{"no exponent", `1e+`, "ends too early, at byte 3"},
		{"hexadecimal", `0x10`, "something follows the value, at byte 1"},
		{"single quotes", `{'a':1}`, `unexpected '\'', at byte 1`},
		{"trailing comma in object", `{"a":1,}`, "unexpected '}', at byte 7"},
		{"trailing comma in array", `[1,]`, "unexpected ']', at byte 3"},
		{"no colon", `{"a" 1}`, "unexpected '1', at byte 5"},
		{"open key", `{"a`, "ends too early, at byte 3"},
		{"no comma", `[1 2]`, "unexpected '2', at byte 3"},
		{"wrong bracket", `[1}`, "unexpected '}', at byte 2"},
		{"open array", `[1`, "ends too early, at byte 2"},
		{"open string", `"abc`, "ends too early, at byte 4"},
		{"ends in escape", `"abc\`, "ends too early, at byte 5"},
		{"control character", "\"a\nb\"", `unexpected '\n', at byte 2`},
		{"NUL", "\"a\x00\"", `unexpected '\x00', at byte 2`},
		{"NUL outside", "\x00", `unexpected '\x00', at byte 0`},
		{"unknown escape", `"\x41"`, "unexpected 'x', at byte 2"},
		{"short escape", `"\u12"`, `unexpected '"', at byte 5`},
		{"no hexadecimal", `"\u12G4"`, "unexpected 'G', at byte 5"},
		{"high surrogate alone", `"\ud83d"`, `a \u escape holds half a surrogate pair, at byte 7`},
		{"high surrogate and a letter", `"\ud83d\n"`, `a \u escape holds half a surrogate pair, at byte 8`},
		{"high surrogate and no low one", `"\ud83d\u0041"`, `a \u escape holds half a surrogate pair, at byte 13`},
		{"low surrogate alone", `"\ude00"`, `a \u escape holds half a surrogate pair, at byte 7`},
		{"beyond FLOAT64", `[1e309]`, "a number is beyond FLOAT64, at byte 6"},
		{"below FLOAT64", `-1.7976931348623159e308`, "a number is beyond FLOAT64, at byte 23"},
		{"310 digits", strings.Repeat("9", 310), "a number is beyond FLOAT64, at byte 310"},
		{"501 levels", nested(501), "nested deeper than 500 levels, at byte 500"},
		{"502 mixed levels", mixed(251), "nested deeper than 500 levels, at byte 1500"},
		{"byte order mark", "\ufeff1", "unexpected 'ï', at byte 0"},
		{"invalid UTF-8 outside strings", "\xff", "unexpected 'ÿ', at byte 0"},
		{"no-break space", "\u00a01", "unexpected 'Â', at byte 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := checkJSON([]byte(tt.in)); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// stricter lists what checkJSON refuses and encoding/json does not.
func stricter(err error) bool {
	for _, s := range []string{"half a surrogate pair", "beyond FLOAT64", "nested deeper"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1.5e-3,true,null,"\u00e9\ud83d\ude00"]}`, `[[]]`, `"\ud800"`, `1e400`, "\"\xff\"", ` { } `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := checkJSON(b)
		if valid := json.Valid(b); (err == nil) != valid && !(valid && stricter(err)) {
			t.Errorf("%q: got %v, encoding/json says %v", b, err, valid)
		}
	})
}

func TestCheckJSONAllocatesNothing(t *testing.T) {
	in := []byte(`{"a":[1.5e3,true,null,{"b":"é\u00e9"}],"n":-12345678901234567890}`)
	allocs := testing.AllocsPerRun(100, func() {
		if err := checkJSON(in); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
