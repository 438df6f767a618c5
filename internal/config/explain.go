package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/seneka-io/seneka/internal/object"
)

// Trial is how one source of a configuration fared with a file.
type Trial struct {
	Source  *Source
	Matched bool
	Why     string  // it did not match
	Share   float64 // of the pattern that did, 0 to 1: the nearest source has the greatest
}

// Explain tries the sources in their order and says of each why it does not take s, up to the one that
// does: the same that Match returns.
func (c *Config) Explain(s object.Source) (trials []Trial) {
	match, ok := c.Match(s)
	for i := range c.Sources {
		source := &c.Sources[i]
		if ok && match.Source == source {
			return append(trials, Trial{Source: source, Matched: true, Share: 1})
		}
		why, share := source.Match.miss(s)
		if copied, ok := object.CopiedFrom(s.Key); ok && s.Store == object.GCS && s.Bucket == c.Landing && source.Match.store == object.S3 {
			why, share = source.Match.miss(copied) // it lies where that file's copy would
		}
		trials = append(trials, Trial{Source: source, Why: why, Share: share})
	}
	return trials
}

// Nearest returns the trial of which most matched; nil if nothing of any did.
func Nearest(trials []Trial) *Trial {
	var nearest *Trial
	for i := range trials {
		if t := &trials[i]; t.Share > 0 && (nearest == nil || t.Share > nearest.Share) {
			nearest = t
		}
	}
	return nearest
}

// miss says which part of the pattern s does not match, and how much of it does.
func (p Pattern) miss(s object.Source) (why string, share float64) {
	if s.Store != p.store {
		return fmt.Sprintf("it is about %s:// objects", p.store.Scheme()), 0
	}
	file := s.Bucket + "/" + s.Key
	parts := strings.Split(strings.TrimPrefix(p.text, p.store.Scheme()+"://"), "/")
	n, match := len(parts), ""
	for ; n > 0; n-- {
		var ok bool
		if match, ok = beginning(strings.Join(parts[:n], "/"), file); ok {
			break
		}
	}
	share = float64(n) / float64(len(parts)+1)
	switch names := strings.Split(file, "/"); {
	case n == 0:
		return fmt.Sprintf("the bucket is %s, the pattern's %s", s.Bucket, parts[0]), 0
	case n == len(parts):
		why = fmt.Sprintf("the key goes on with %q behind what the pattern takes", file[len(match):])
	case strings.Contains(strings.Join(parts[:n], "/"), "**"):
		why = fmt.Sprintf("nothing in the key matches %q behind %q of the pattern", parts[n], strings.Join(parts[:n], "/"))
	case n == len(names):
		why = fmt.Sprintf("the key ends before %q of the pattern", strings.Join(parts[n:], "/"))
	case strings.Contains(parts[n], "**"):
		why = fmt.Sprintf("the rest of the key, %q, does not match %q of the pattern", strings.Join(names[n:], "/"), strings.Join(parts[n:], "/"))
	default:
		why = fmt.Sprintf("%q of the key does not match %q of the pattern", names[n], parts[n])
	}
	return why + p.almost(file), share
}

// beginning returns the longest part of file, up to a slash or its end, that the pattern matches.
func beginning(pattern, file string) (match string, ok bool) {
	text, err := expression(pattern)
	if err != nil { // the whole is valid, and so are parts up to a slash
		return "", false
	}
	re := regexp.MustCompile(`(?s)^(` + text + `)(?:/|$)`)
	re.Longest()
	m := re.FindStringSubmatch(file)
	if m == nil {
		return "", false
	}
	return strings.TrimSuffix(m[0], "/"), true
}

// almost says what small change would make the pattern take the file.
func (p Pattern) almost(file string) string {
	pattern := strings.TrimPrefix(p.text, p.store.Scheme()+"://")
	text, err := expression(pattern)
	if err != nil {
		return ""
	}
	if regexp.MustCompile(`(?is)^` + text + `$`).MatchString(file) {
		return "; it would, but for upper and lower case"
	}
	if wide, err := expression(strings.NewReplacer("***", "**", "**", "**", "*", "**").Replace(pattern)); err == nil && regexp.MustCompile(`(?s)^`+wide+`$`).MatchString(file) {
		return "; it would if * were **, which takes folders too"
	}
	return ""
}
