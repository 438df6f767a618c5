package row

import "testing"

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		check func([]byte) error
		text  string
		ok    bool
	}{
		{func(b []byte) error { return CheckDecimal(Numeric, b) }, "0.123456789", true},
		{func(b []byte) error { return CheckDecimal(Numeric, b) }, "0.1234567891", false},
		{func(b []byte) error { return CheckDecimal(Numeric, b) }, "1e29", false},
		{func(b []byte) error { return CheckDecimal(BigNumeric, b) }, "1e29", true},
		{func(b []byte) error { return CheckDecimal(BigNumeric, b) }, "1e39", false},
		{CheckGeography, "POINT(1 2)", true},
		{CheckGeography, "POINT(1)", false},
		{CheckJSON, `{"a":[1]}`, true},
		{CheckJSON, `{"a":1e999}`, false},
		{CheckJSON, `{"a":1} x`, false},
	} {
		if err := tt.check([]byte(tt.text)); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}
