package backfill

import (
	"testing"
	"time"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	tests := []struct {
		text string
		end  bool
		want string // RFC 3339; empty: refused
	}{
		{"2026-01-31", false, "2026-01-31T00:00:00Z"},
		{"2026-01-31", true, "2026-02-01T00:00:00Z"},
		{"2026-01-31T18:00:00Z", false, "2026-01-31T18:00:00Z"},
		{"2026-01-31T18:00:00Z", true, "2026-01-31T18:00:00Z"},
		{"2026-01-31T18:00:00+09:00", false, "2026-01-31T09:00:00Z"},
		{"7d", false, "2026-02-22T12:30:00Z"},
		{"0d", true, "2026-03-01T12:30:00Z"},
		{"36h", false, "2026-02-28T00:30:00Z"},
		{"1h30m", true, "2026-03-01T11:00:00Z"},
		{"", false, ""}, {"7", false, ""}, {"-7d", false, ""}, {"-1h", false, ""}, {"yesterday", false, ""},
		{"2026-02-30", false, ""}, {"2026-1-1", false, ""}, {"99999999d", false, ""}, {"d", false, ""},
	}
	for _, test := range tests {
		got, err := ParseTime(test.text, now, test.end)
		if (err == nil) != (test.want != "") {
			t.Errorf("ParseTime(%q): %v, want %q", test.text, err, test.want)
		} else if err == nil && got.Format(time.RFC3339) != test.want {
			t.Errorf("ParseTime(%q, end %v) = %s, want %s", test.text, test.end, got.Format(time.RFC3339), test.want)
		}
	}
}

func TestDatesOf(t *testing.T) {
	tests := []struct{ key, first, end string }{
		{"AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/01/31/x_20260131T1745Z.log.gz", "2026-01-31", "2026-02-01"},
		{"a/2026/01/31/", "2026-01-31", "2026-02-01"},
		{"a/2026/01/31/23/x", "2026-01-31", "2026-02-01"},
		{"2024/02/29/x", "2024-02-29", "2024-03-01"},
		{"a/2026/12/x", "2026-12-01", "2027-01-01"},
		{"a/2026/01/02abc/x", "2026-01-01", "2026-02-01"},
		{"a/dt=2026-01-31/x", "2026-01-31", "2026-02-01"},
		{"a/2026-01-31/x", "2026-01-31", "2026-02-01"},
		{"a/2026-01-31-23/x", "2026-01-31", "2026-02-01"},
		{"a/2026-01-31T23/x", "2026-01-31", "2026-02-01"},
		{"a/year=2026/month=01/day=31/hour=00/x", "2026-01-31", "2026-02-01"},
		{"region=x/year=2026/month=01/x", "2026-01-01", "2026-02-01"},
		{"a/2025/12/31/2026/01/01/x", "2025-12-31", "2026-01-01"},
		// No dates: a file's name, half a folder's name, a year alone, numbers that are none.
		{"a/2026-01-31.log", "", ""}, {"2026-01-31", "", ""}, {"a/2026/x", "", ""}, {"a/2026/", "", ""},
		{"a/x2026/01/31/x", "", ""}, {"a/2026/13/01/x", "", ""}, {"a/2026/1/1/x", "", ""}, {"a/20260131/x", "", ""},
		{"a/2026/02/30/x", "", ""}, {"a/3026/01/01/x", "", ""}, {"123456789012/01/01/x", "", ""}, {"", "", ""},
	}
	for _, test := range tests {
		d := datesOf(test.key)
		if d.known() != (test.first != "") {
			t.Errorf("datesOf(%q) = %v", test.key, d)
		} else if d.known() && (!d.first.Equal(day(test.first)) || !d.end.Equal(day(test.end))) {
			t.Errorf("datesOf(%q) = %v, want %s to %s", test.key, d, test.first, test.end)
		}
	}
}

func TestWindow(t *testing.T) {
	january := window{day("2026-01-10"), day("2026-01-20")}
	tests := []struct {
		name     string
		window   window
		key      string
		modified string // day of the put
		want     bool
	}{
		{"by the path, not the put", january, "a/2026/01/15/x", "2026-03-01", true},
		{"by the path, not the put, outside", january, "a/2026/02/15/x", "2026-01-15", false},
		{"two days before", january, "a/2026/01/08/x", "2026-01-15", false},
		{"the day before: its files may hold lines past midnight", january, "a/2026/01/09/x", "2026-01-09", true},
		{"the last day", january, "a/2026/01/19/x", "2026-01-19", true},
		{"the day behind: its files hold lines of the day before", january, "a/2026/01/20/x", "2026-01-20", true},
		{"two days behind", january, "a/2026/01/21/x", "2026-01-21", false},
		{"a month that the window lies in", january, "a/2026/01/x", "2026-05-01", true},
		{"the month before", january, "a/2025/12/x", "2026-01-15", false},
		{"no date: by the put", january, "a/x", "2026-01-15", true},
		{"no date: at since", january, "a/x", "2026-01-10", true},
		{"no date: before", january, "a/x", "2026-01-09", false},
		{"no date: at until, which is exclusive", january, "a/x", "2026-01-20", false},
		{"open", window{}, "a/1999/01/01/x", "1999-01-01", true},
		{"since only", window{since: day("2026-01-10")}, "a/2030/01/01/x", "2026-01-01", true},
		{"since only, before", window{since: day("2026-01-10")}, "a/2026/01/01/x", "2026-01-20", false},
		{"until only", window{until: day("2026-01-10")}, "a/1999/01/01/x", "2026-01-20", true},
		{"until only, behind", window{until: day("2026-01-10")}, "a/2026/01/11/x", "2026-01-01", false},
	}
	for _, test := range tests {
		if got := test.window.takes(datesOf(test.key), day(test.modified)); got != test.want {
			t.Errorf("%s: takes(%q, %s) = %v", test.name, test.key, test.modified, got)
		}
	}
}

// A folder that is left out holds nothing that would be taken.
func TestPrunedFoldersHoldNothing(t *testing.T) {
	for since := day("2025-12-25"); since.Before(day("2026-02-05")); since = since.Add(7 * time.Hour) {
		w := window{since, since.Add(40 * time.Hour)}
		for d := day("2025-11-01"); d.Before(day("2026-04-01")); d = d.AddDate(0, 0, 1) {
			key := d.Format("logs/2006/01/02/") + "x"
			for _, folder := range []string{d.Format("logs/2006/"), d.Format("logs/2006/01/"), d.Format("logs/2006/01/02/")} {
				if w.prunes(datesOf(folder)) && w.takes(datesOf(key), d) {
					t.Fatalf("window %v: %s is left out, and %s taken", w, folder, key)
				}
			}
			if day := datesOf(d.Format("logs/2006/01/02/")); w.prunes(day) == w.takes(day, d) {
				t.Fatalf("window %v: prunes and takes are both %v of %v", w, w.takes(day, d), day)
			}
		}
	}
}
