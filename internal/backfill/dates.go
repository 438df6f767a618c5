package backfill

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a point in time: RFC 3339, a day (YYYY-MM-DD, UTC), or how long before now it
// was, such as 7d or 36h. A day means its beginning, or its end where the range is to end with it.
func ParseTime(text string, now time.Time, end bool) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	if d, ok := parseAge(text); ok {
		return now.Add(-d).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-01-31, 2026-01-31T18:00:00Z, or an age such as 7d or 36h", text)
}

func parseAge(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

// margin is how far the lines of a file may lie from the day in its path: it is written after the
// last of them, and may begin the evening before.
const margin = 24 * time.Hour

// window is a range of time, from since up to but not at until; either may be open.
type window struct{ since, until time.Time }

func (w window) open() bool { return w.since.IsZero() && w.until.IsZero() }

// overlaps reports whether some of [first, end) lies in the window.
func (w window) overlaps(first, end time.Time) bool {
	return (w.since.IsZero() || end.After(w.since)) && (w.until.IsZero() || first.Before(w.until))
}

// takes reports whether a file may have lines of the window: by the dates of its path, else by the
// time of its put.
func (w window) takes(d dates, modified time.Time) bool {
	if !d.known() {
		return w.overlaps(modified, modified.Add(1))
	}
	return w.overlaps(d.first.Add(-margin), d.end.Add(margin))
}

// prunes reports whether no file below a folder can have lines of the window.
func (w window) prunes(d dates) bool { return d.known() && !w.takes(d, time.Time{}) }

// splits reports whether a look into a folder may rule out parts of it.
func (w window) splits(d dates) bool {
	switch {
	case w.open():
		return false
	case !d.known():
		return true // its dates, if there are any, lie further down
	case d.end.Sub(d.first) <= 24*time.Hour:
		return false
	}
	return d.first.Add(-margin).Before(w.since) || !w.until.IsZero() && d.end.Add(margin).After(w.until)
}

// dates are the day or the month that a path stands for, from first up to but not at end; zero
// where there is none in it.
type dates struct{ first, end time.Time }

func (d dates) known() bool { return !d.end.IsZero() }

var (
	// hive is the name of a partition, as in dt=2026-01-31 or year=2026/month=01/day=31.
	hive = regexp.MustCompile(`(^|/)[A-Za-z_][A-Za-z0-9_]*=`)
	// dated is a folder of a day, 2026/01/31 or 2026-01-31, perhaps with more of the time behind
	// it, or of a month. A year alone may be anything.
	dated = regexp.MustCompile(`(?:^|/)((?:19|20)\d\d)([/-])(0[1-9]|1[0-2])(?:([/-])(0[1-9]|[12]\d|3[01]))?(?:[/T_-]|$)`)
)

// folderOf returns the part of a key up to its last slash.
func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

// datesOf returns the dates in the folders of a key.
func datesOf(key string) dates {
	folders := folderOf(key)
	if strings.Contains(folders, "=") {
		folders = hive.ReplaceAllString(folders, "$1")
	}
	m := dated.FindStringSubmatch(folders)
	if m == nil {
		return dates{}
	}
	layout, text, months, days := "2006 01", m[1]+" "+m[3], 1, 0
	if m[5] != "" && m[2] == m[4] {
		layout, text, months, days = "2006 01 02", text+" "+m[5], 0, 1
	}
	first, err := time.Parse(layout, text)
	if err != nil { // such as 30 February
		return dates{}
	}
	return dates{first, first.AddDate(0, months, days)}
}
