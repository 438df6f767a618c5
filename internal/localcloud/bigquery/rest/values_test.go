package rest

import (
	"math"
	"testing"
	"time"
)

func TestFloat(t *testing.T) {
	tests := []struct {
		v    float64
		want string
	}{
		{0, "0.0"}, {1, "1.0"}, {-1.5, "-1.5"}, {0.1, "0.1"}, {0.001, "0.001"}, {0.0001, "1.0E-4"},
		{9999999, "9999999.0"}, {1e7, "1.0E7"}, {1.25e100, "1.25E100"}, {-1e-300, "-1.0E-300"},
		{math.Inf(1), "Infinity"}, {math.Inf(-1), "-Infinity"}, {math.NaN(), "NaN"},
		{math.MaxFloat64, "1.7976931348623157E308"}, {math.SmallestNonzeroFloat64, "5.0E-324"},
	}
	for _, tt := range tests {
		if got := float(tt.v); got != tt.want {
			t.Errorf("float(%g) = %q, want %q", tt.v, got, tt.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	tests := []struct {
		micros int64
		want   string
	}{
		{0, "0.0"}, {1, "1.0E-6"}, {1_000_000, "1.0E0"}, {-1_500_000, "-1.5E0"},
		{1_772_600_767_123_456, "1.772600767123456E9"}, {-62_135_596_800_000_000, "-6.21355968E10"},
	}
	for _, tt := range tests {
		if got := seconds(time.UnixMicro(tt.micros)); got != tt.want {
			t.Errorf("seconds(%d µs) = %q, want %q", tt.micros, got, tt.want)
		}
	}
}

func TestPageTokens(t *testing.T) {
	for _, i := range []int{0, 1, 123456} {
		if got, err := parseToken(pageToken(i)); err != nil || got != i {
			t.Errorf("token of %d reads as %d, %v", i, got, err)
		}
	}
	for _, bad := range []string{"x", "!", "YXQ6LTE"} { // the last is "at:-1"
		if _, err := parseToken(bad); err == nil {
			t.Errorf("token %q was taken", bad)
		}
	}
}
