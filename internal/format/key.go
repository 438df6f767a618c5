package format

import (
	"strings"
	"time"
)

// VendedTime is the FileTime of the logs that AWS names _yyyymmddThhmmZ_ in the last part of their
// keys: the end of the interval that a file covers, in UTC.
func VendedTime(key string) (t time.Time, ok bool) {
	name := key[strings.LastIndexByte(key, '/')+1:]
	for part := range strings.SplitSeq(name, "_") {
		if t, err := time.Parse("20060102T1504Z", part); err == nil && t.Year() > 0 {
			return t, true
		}
	}
	return time.Time{}, false
}
