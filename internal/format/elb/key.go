package elb

import (
	"strings"
	"time"
)

// endTime returns the end of the interval that a log file covers, from its key: the part of the
// file name that reads _yyyymmddThhmmZ_, in UTC.
func endTime(key string) (t time.Time, ok bool) {
	name := key[strings.LastIndexByte(key, '/')+1:]
	for part := range strings.SplitSeq(name, "_") {
		if t, err := time.Parse("20060102T1504Z", part); err == nil && t.Year() > 0 {
			return t, true
		}
	}
	return time.Time{}, false
}
