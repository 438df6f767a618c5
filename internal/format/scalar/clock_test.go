package scalar

import (
	"math"
	"strconv"
	"testing"
	"time"
)

var commonTimes = []string{
	"06/Feb/2019:00:00:38 +0000", "06/Feb/2019:00:00:38", "29/Feb/2024:23:59:59 -0330", "31/Dec/1969:23:59:59 +0000", "01/Jan/0001:00:00:00 +0000",
	"01/Jan/0001:00:00:00 +0001", "31/Dec/9999:23:59:59 +0000", "31/Dec/9999:23:59:59 -0100", "31/Oct/2020:10:00:00 +2359",
	"29/Feb/2023:00:00:00 +0000", "31/Apr/2023:00:00:00 +0000", "00/Jan/2023:00:00:00 +0000", "06/feb/2019:00:00:38 +0000", "06/Foo/2019:00:00:38 +0000",
	"06/anF/2019:00:00:38 +0000", "6/Feb/2019:00:00:38 +0000", "06/Feb/19:00:00:38 +0000", "06/Feb/2019:24:00:00 +0000", "06/Feb/2019:00:60:00 +0000",
	"06/Feb/2019:00:00:60 +0000", "06/Feb/2019:00:00:38 +00:00", "06/Feb/2019:00:00:38 UTC", "06/Feb/2019:00:00:38+0000", "06/Feb/2019:00:00:38 0000 ",
	"06/Feb/2019:00:00:38 +2400", "06/Feb/2019:00:00:38 +0060", "06/Feb/2019 00:00:38 +0000", "06-Feb-2019:00:00:38 +0000", "06/Feb/2019:00:00:3x +0000", "", "-",
	"31/Oct/2020:0:00:00  +2359",
}

func compareCommonTime(t *testing.T, s string) {
	t.Helper()
	at, fault := time.Parse("02/Jan/2006:15:04:05 -0700", s)
	if fault != nil {
		at, fault = time.Parse("02/Jan/2006:15:04:05", s)
	}
	year := at.UTC().Year()
	ok := fault == nil && year >= 1 && year <= 9999
	// time.Parse takes fractions, months in any case, hours of one digit, spaces, and zones that do not exist.
	if n := len(s); ok && (n != 20 && n != 26 || at.Format("02/Jan/2006:15:04:05") != s[:20] || n == 26 && (s[22:24] > "23" || s[24:] > "59")) {
		ok = false
	}
	got, err := CommonTime([]byte(s))
	if (err == nil) != ok || ok && got != at.UnixMicro() {
		t.Errorf("CommonTime(%q) = %d, %v; time.Parse: %v, %v", s, got, err, at, fault)
	}
}

func TestCommonTime(t *testing.T) {
	for _, s := range commonTimes {
		compareCommonTime(t, s)
	}
	for month := time.January; month <= time.December; month++ {
		compareCommonTime(t, time.Date(2019, month, 6, 1, 2, 3, 0, time.UTC).Format("02/Jan/2006:15:04:05 -0700"))
	}
}

func FuzzCommonTime(f *testing.F) {
	for _, s := range commonTimes {
		f.Add(s)
	}
	f.Fuzz(compareCommonTime)
}

func TestUnix(t *testing.T) {
	const first, last = -62135596800, 253402300799
	for _, tt := range []struct {
		n, perSecond int64
		ok           bool
	}{
		{0, 1, true}, {1418530010, 1, true}, {-1, 1, true}, {first, 1, true}, {first - 1, 1, false}, {last, 1, true}, {last + 1, 1, false},
		{1418530010123, 1000, true}, {first * 1000, 1000, true}, {first*1000 - 1, 1000, false}, {last*1000 + 999, 1000, true}, {last*1000 + 1000, 1000, false},
		{math.MaxInt64, 1, false}, {math.MinInt64, 1, false}, {math.MaxInt64, 1e6, false},
	} {
		got, err := Unix(strconv.AppendInt(nil, tt.n, 10), tt.perSecond)
		if (err == nil) != tt.ok || tt.ok && got != tt.n*(1e6/tt.perSecond) {
			t.Errorf("Unix(%d, %d) = %d, %v", tt.n, tt.perSecond, got, err)
		}
	}
	for _, s := range []string{"", "-", "1418530010.5", "now"} {
		if got, err := Unix([]byte(s), 1); err == nil {
			t.Errorf("Unix(%q) = %d", s, got)
		}
	}
}
