package scalar

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestTimestamp(t *testing.T) {
	const wrong = math.MinInt64
	at := func(s string) int64 {
		t.Helper()
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMicro()
	}
	for text, want := range map[string]int64{
		"2006-01-02T15:04:05Z":           at("2006-01-02T15:04:05Z"),
		"2006-01-02 15:04:05.5":          at("2006-01-02T15:04:05.5Z"),
		"2006-01-02t15:04:05z":           at("2006-01-02T15:04:05Z"),
		"2006/01/02 15:04:05 UTC":        at("2006-01-02T15:04:05Z"),
		"2006-01-02 15:04 UTC":           at("2006-01-02T15:04:00Z"),
		"2006-01-02 15:04:05+09:00":      at("2006-01-02T15:04:05+09:00"),
		"2006-01-02 15:04:05 -07:30":     at("2006-01-02T15:04:05-07:30"),
		"2006-01-02 15:04:05+0900":       at("2006-01-02T15:04:05+09:00"),
		"2006-01-02 15:04:05-8":          at("2006-01-02T15:04:05-08:00"),
		"2006-01-02T15:04:05.123456789Z": at("2006-01-02T15:04:05.123456Z"),
		"0001-01-01T00:00:00Z":           minTime,
		"9999-12-31 23:59:59.999999":     maxTime,
		"2024-02-29 00:00:00":            at("2024-02-29T00:00:00Z"),
		"0":                              0,
		"-1.5":                           -1_500_000,
		"1408452095.22":                  1408452095220000,
		"1408452095.2200009":             1408452095220000,
		"253402300799.999999":            maxTime,
		"-62135596800":                   minTime,

		"0001-01-01T00:00:00+01:00": wrong, "9999-12-31T23:59:59-01:00": wrong, "253402300800": wrong, "-62135596800.000001": wrong,
		"9223372036854775808": wrong, "1e9": wrong, "--1": wrong, "1.2.3": wrong, "1.-2": wrong, ".5": wrong, "": wrong, "-": wrong, "+1": wrong,
		"2006-01-02": wrong, "2006-01-02 15": wrong, "2006-01-0215:04:05": wrong, "2006-1-2 15:04:05": wrong, "2006-01/02 15:04:05": wrong,
		"2006-02-30 00:00:00": wrong, "2006-01-02 24:00:00": wrong, "2006-01-02 15:60:00": wrong, "2006-01-02 15:04:60": wrong,
		"2006-01-02 15:04:05.": wrong, "2006-01-02 15:04:05 ": wrong, "2006-01-02 15:04:05 Asia/Tokyo": wrong, "2006-01-02 15:04:05+": wrong,
		"2006-01-02 15:04:05+24:00": wrong, "2006-01-02 15:04:05+09:0": wrong, "2006-01-02 15:04:05+123": wrong, "2006-01-02 15:04:05+-9": wrong,
		"2006-01-02 15:04:05Zx": wrong, "0000-01-01 00:00:00": wrong, "2006-01-02 15:04:": wrong, "2006-01-02 15:0x": wrong,
	} {
		got, err := Timestamp([]byte(text))
		if (err != nil) != (want == wrong) || err == nil && got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%q: the error does not name it: %v", text, err)
		}
	}
}

func TestCivil(t *testing.T) {
	const wrong = math.MinInt64
	for name, tt := range map[string]struct {
		read func([]byte) (int64, error)
		want map[string]int64
	}{
		"Datetime": {Datetime, map[string]int64{
			"1970-01-01 00:00:01.5": 1_500_000, "1970-01-02T00:00:00": microsPerDay, "0001-01-01 00:00:00": minTime, "9999-12-31T23:59:59.999999": maxTime,
			"1970-01-01": wrong, "1970-01-01 00:00": wrong, "1970-01-01 00:00:00Z": wrong, "1970/01/01 00:00:00": wrong, "": wrong, "0": wrong,
		}},
		"Date":  {Date, map[string]int64{"1970-01-02": 1, "1969-12-31": -1, "0001-01-01": -719162, "9999-12-31": 2932896, "1970-01-02T": wrong, "1970/01/02": wrong, "": wrong, "2023-02-29": wrong}},
		"Clock": {Clock, map[string]int64{"00:00:00": 0, "23:59:59.999999": microsPerDay - 1, "01:02:03.5": 3723_500_000, "01:02": wrong, "24:00:00": wrong, "1:02:03": wrong, "01:02:03Z": wrong, "": wrong}},
	} {
		for text, want := range tt.want {
			got, err := tt.read([]byte(text))
			if (err != nil) != (want == wrong) || err == nil && got != want {
				t.Errorf("%s, %q: got %d, %v, want %d", name, text, got, err, want)
			}
		}
	}
}

func FuzzTimestamp(f *testing.F) {
	for _, seed := range []string{"2006-01-02T15:04:05.999999Z", "2006/01/02 15:04 +9:30", "1136214245.25", "-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Timestamp([]byte(text))
		if err != nil {
			return
		}
		// What Go reads too, we read as Go does.
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006/01/02 15:04:05Z07:00"} {
			if want, err := time.Parse(layout, text); err == nil && want.Truncate(time.Microsecond).UnixMicro() != got {
				t.Fatalf("%q: got %d, want %d", text, got, want.UnixMicro())
			}
		}
		if again, err := Timestamp([]byte(time.UnixMicro(got).UTC().Format("2006-01-02T15:04:05.000000Z"))); err != nil || again != got {
			t.Fatalf("%q: %d, then %d, %v", text, got, again, err)
		}
	})
}
