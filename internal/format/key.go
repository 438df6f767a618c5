package format

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// KeyPattern is what keys look like. Its expression is compiled when it is first asked, which a loader never
// does. Safe for concurrent use.
type KeyPattern struct{ compiled func() *regexp.Regexp }

// NewKeyPattern returns the pattern of a regular expression; asked, it panics if that is none.
func NewKeyPattern(expression string) *KeyPattern {
	return &KeyPattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// MatchString reports whether the key looks like it.
func (p *KeyPattern) MatchString(key string) bool { return p.compiled().MatchString(key) }

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
