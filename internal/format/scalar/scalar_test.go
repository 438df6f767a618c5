package scalar

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// forms are s alone, and with digits behind it in the same memory, as in a line.
func forms(s string) [2][]byte {
	return [...][]byte{[]byte(s)[:len(s):len(s)], []byte(s + "1234567890")[:len(s)]}
}

func TestInt(t *testing.T) {
	for _, s := range []string{
		"0", "-0", "7", "-1", "007", "200", "57", "2147483648", "9223372036854775807", "-9223372036854775808", "000000000000000000000001",
		"9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "99999999999999999999999",
		"", "-", "--1", "1-", "1.0", "1e3", "0x1", "1_000", " 1", "1 ", "١", "\x00", "abc",
	} {
		want, fault := strconv.ParseInt(s, 10, 64)
		for _, b := range forms(s) {
			got, err := Int(b)
			if (err == nil) != (fault == nil) || err == nil && got != want {
				t.Errorf("Int(%q) = %d, %v; strconv: %d, %v", s, got, err, want, fault)
			}
		}
	}
	if _, err := Int([]byte("+1")); err == nil {
		t.Error("a plus sign is taken, which no log writes")
	}
}

func TestFloat(t *testing.T) {
	for _, s := range []string{
		"0", "-0", "0.000", "0.086", "0.000073", "-1", "-1.0", "1.", ".5", "-.5", "123456789.123456", "999999999999999", "9999999999999999",
		"0.1234567890123456789", "179769313486231570000000000000000000000", "1e10", "1E-5", "-2.5e+3", "5e-324", "1e400", "-1e400", "00001.5",
		"", "-", ".", "-.", "1.2.3", "1e", "abc", "--1", "1 ", "1,5",
	} {
		want, fault := strconv.ParseFloat(s, 64)
		for _, b := range forms(s) {
			got, err := Float(b)
			if (err == nil) != (fault == nil) || err == nil && math.Float64bits(got) != math.Float64bits(want) {
				t.Errorf("Float(%q) = %v, %v; strconv: %v, %v", s, got, err, want, fault)
			}
		}
	}
	for _, s := range []string{"NaN", "Inf", "-Inf", "infinity", "0x1p-2", "1_0.0"} {
		if got, err := Float([]byte(s)); err == nil {
			t.Errorf("Float(%q) = %v", s, got)
		}
	}
}

// The short way gives the same bits as strconv.
func TestFloatIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		s := strconv.FormatFloat(float64(rng.Int64N(int64(math.Pow10(1+rng.IntN(15)))))/math.Pow10(rng.IntN(15)), 'f', rng.IntN(12), 64)
		want, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range forms(s) {
			if got, err := Float(b); err != nil || math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("Float(%q) = %v, %v; want %v", s, got, err, want)
			}
		}
	}
}

// parseTime is the oracle: time.Parse, with UTC for a missing zone, less what it takes beyond
// RFC 3339 (an hour of one digit, a comma for the point, more than nine digits of fraction, a zone
// of 24 hours).
func parseTime(s string) (int64, bool) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04:05.999999999", s)
	}
	if err != nil || s[len("2006-01-02T15")] != ':' || strings.Contains(s, ",") {
		return 0, false
	}
	if _, fraction, ok := strings.Cut(s, "."); ok && len(strings.TrimLeft(fraction, "0123456789")) < len(fraction)-9 {
		return 0, false
	}
	if n := len(s); n > 6 && (s[n-6] == '+' || s[n-6] == '-') && (s[n-5:n-3] > "23" || s[n-2:] > "59") {
		return 0, false
	}
	return at.UnixMicro(), at.UTC().Year() >= 1 && at.UTC().Year() <= 9999
}

func compareTime(t *testing.T, s string) {
	t.Helper()
	want, ok := parseTime(s)
	got, err := Time([]byte(s))
	if (err == nil) != ok || ok && got != want {
		t.Errorf("Time(%q) = %d, %v; time.Parse: %d, %v", s, got, err, want, ok)
	}
}

var times = []string{
	"2018-07-02T22:23:00.186641Z", "2018-07-02T22:23:00Z", "2018-07-02T22:23:00", "2018-07-02T22:23:00.1", "2018-07-02T22:23:00.123456789Z",
	"2018-07-02T22:23:00.1234567890Z", "2018-07-02T22:23:00.Z", "2018-07-02T22:23:00,5Z", "2018-07-02T22:23:00.186641+09:00", "2018-07-02T22:23:00-03:30",
	"2018-07-02T22:23:00+23:59", "2018-07-02T22:23:00+24:00", "2018-07-02T22:23:00+09:60", "2018-07-02T22:23:00+0900", "2018-07-02T22:23:00+09", "2018-07-02T22:23:00z",
	"2018-07-02 22:23:00Z", "2018-07-02t22:23:00Z", "2018-7-2T22:23:00Z", "18-07-02T22:23:00Z", "2018-07-02T22:23Z", "2018-07-02T22:23:0xZ", "2018-07-02T22:23:00ZZ",
	"2018-13-01T00:00:00Z", "2018-00-01T00:00:00Z", "2018-01-00T00:00:00Z", "2018-01-32T00:00:00Z", "2018-04-31T00:00:00Z",
	"2018-01-01T24:00:00Z", "2018-01-01T23:60:00Z", "2016-12-31T23:59:60Z",
	"2000-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2024-02-29T23:59:59.999999Z",
	"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "0000-12-31T23:59:59Z",
	"0000-12-31T23:00:00-05:00", "0000-01-01T00:00:00Z", "0000-02-29T00:00:00-23:59", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z",
	"", "-", "yesterday", "2018-07-02", "1530570180", "-018-07-02T22:23:00Z", "2018-07-02T22:23:00.186641Z ", "2018/07/02T22:23:00Z",
}

func TestTime(t *testing.T) {
	for _, s := range times {
		compareTime(t, s)
	}
}

// Every day of the first and the last four centuries, a cycle of leap years, at an hour that moves.
func TestTimeEveryDay(t *testing.T) {
	for _, first := range []int{1, 9600} {
		for at := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < min(first+401, 10_000); at = at.Add(24*time.Hour + time.Second) {
			s := at.Format("2006-01-02T15:04:05.000000Z07:00")
			if got, err := Time([]byte(s)); err != nil || got != at.UnixMicro() {
				t.Fatalf("Time(%q) = %d, %v; want %d", s, got, err, at.UnixMicro())
			}
		}
	}
}

func TestErrorsAreShort(t *testing.T) {
	long := []byte(strings.Repeat("x", 10_000))
	_, e1 := Int(long)
	_, e2 := Float(long)
	_, e3 := Time(long)
	_, e4 := Int([]byte(strings.Repeat("9", 10_000)))
	for _, err := range []error{e1, e2, e3, e4} {
		if err == nil || len(err.Error()) > 200 {
			t.Errorf("error %v", err)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range times {
		f.Add(s)
	}
	f.Fuzz(compareTime)
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0.086", "-1", "9223372036854775808", "1e5", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, fault := strconv.ParseInt(s, 10, 64)
		for _, b := range forms(s) {
			if got, err := Int(b); !strings.HasPrefix(s, "+") && ((err == nil) != (fault == nil) || err == nil && got != want) {
				t.Errorf("Int(%q) = %d, %v; strconv: %d, %v", s, got, err, want, fault)
			}
			if got, err := Float(b); err == nil {
				if want, fault := strconv.ParseFloat(s, 64); fault != nil || math.Float64bits(got) != math.Float64bits(want) {
					t.Errorf("Float(%q) = %v; strconv: %v, %v", s, got, want, fault)
				}
			}
		}
	})
}

func BenchmarkTime(b *testing.B) {
	s := []byte("2018-07-02T22:23:00.186641Z")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Time(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFloat(b *testing.B) {
	s := []byte("0.048")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Float(s); err != nil {
			b.Fatal(err)
		}
	}
}
