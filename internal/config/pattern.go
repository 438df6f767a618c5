package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/object"
)

// maxPattern is the longest pattern in bytes: an S3 key has at most 1,024, and each of its
// characters may be matched by a wildcard and a placeholder.
const maxPattern = 4096

// Pattern says which files belong to a source: s3://BUCKET/KEY, or gs://BUCKET/NAME of the landing
// bucket for objects that others put there, in which
//
//	?       stands for one character but a slash
//	*       stands for any characters but a slash, also none
//	**      stands for any characters, slashes too; as a whole segment, for any segments, also none
//	{name}  stands for one or more characters but a slash, and gives them to the table's name
//
// and every other character stands for itself. [, ] and \ are reserved; a ? matches them. The
// bucket takes all but **.
//
// If a key can be split among placeholders in several ways, the first takes as much as it can.
//
// A pattern matches a whole key, character by character, upper and lower case apart, in time linear in the
// key's length, whatever the key.
type Pattern struct {
	text  string
	store object.Store
	re    *regexp.Regexp
}

// ParsePattern returns the pattern that text describes, or an error that says what to write.
func ParsePattern(text string) (Pattern, error) {
	store := object.S3
	rest, ok := strings.CutPrefix(text, "s3://")
	if !ok {
		store = object.GCS
		rest, ok = strings.CutPrefix(text, "gs://")
	}
	if !ok {
		return Pattern{}, errors.New("must start with s3://, or gs:// for the landing bucket; write s3://BUCKET/PATTERN")
	}
	if len(text) > maxPattern {
		return Pattern{}, fmt.Errorf("longer than %d bytes; write a shorter pattern", maxPattern)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return Pattern{}, fmt.Errorf("names no bucket; write %s://BUCKET/PATTERN", store.Scheme())
	}
	if err := checkPatternBucket(bucket); err != nil {
		return Pattern{}, err
	}
	if key == "" {
		return Pattern{}, fmt.Errorf("names no keys; write %s://%s/** for all of them", store.Scheme(), bucket)
	}
	re, err := translate(rest)
	if err != nil {
		return Pattern{}, err
	}
	return Pattern{text, store, re}, nil
}

// checkStore reports a pattern of another bucket of Cloud Storage than landing, where no object's
// coming is heard of. An empty landing is not known.
func (p Pattern) checkStore(landing string) error {
	bucket, name, _ := strings.Cut(strings.TrimPrefix(p.text, "gs://"), "/")
	if p.store != object.GCS || bucket == landing || landing == "" {
		return nil
	}
	return fmt.Errorf("is not of the landing bucket, the only one of Cloud Storage that is listened to; write gs://%s/%s", landing, name)
}

var patternBucket = regexp.MustCompile(`^[A-Za-z0-9._*?{}-]{1,255}$`)

func checkPatternBucket(bucket string) error {
	switch {
	case strings.Contains(bucket, "**"):
		return errors.New("has ** in the bucket; write *")
	case !patternBucket.MatchString(bucket):
		return fmt.Errorf("%q is no bucket name; write letters, digits, hyphens, dots and wildcards", bucket)
	}
	return nil
}

// translate returns the regular expression for pattern, which is BUCKET/KEY. Go's expressions
// match in linear time, so that neither a pattern nor a key can take long.
func translate(pattern string) (*regexp.Regexp, error) {
	re, err := expression(pattern)
	if err != nil {
		return nil, err
	}
	compiled, err := regexp.Compile(`(?s)^` + re + `$`)
	if err != nil {
		return nil, fmt.Errorf("cannot be used: %w; write a simpler pattern", err)
	}
	return compiled, nil
}

// expression is translate's, not compiled and without its ends.
func expression(pattern string) (string, error) {
	var re strings.Builder
	var names []string
	for i := 0; i < len(pattern); {
		rest := pattern[i:]
		switch c := rest[0]; {
		case strings.HasPrefix(rest, "***"):
			return "", errors.New("has ***; write ** for any folders, * within one")
		case strings.HasPrefix(rest, "**/") && pattern[i-1] == '/':
			re.WriteString(`(?:.*/)?`)
			i += len("**/")
		case strings.HasPrefix(rest, "**"):
			re.WriteString(`.*`)
			i += len("**")
		case c == '*':
			re.WriteString(`[^/]*`)
			i++
		case c == '?':
			re.WriteString(`[^/]`)
			i++
		case c == '{':
			name, err := placeholder(rest, names)
			if err != nil {
				return "", err
			}
			names = append(names, name)
			re.WriteString(`(?P<` + name + `>[^/]+)`)
			i += len(name) + len("{}")
		case strings.IndexByte(`[]}\`, c) >= 0:
			return "", fmt.Errorf("has %q, which is reserved; write ? where the key has it", c)
		default:
			n := strings.IndexAny(rest, `*?{}[]\`)
			if n < 0 {
				n = len(rest)
			}
			re.WriteString(regexp.QuoteMeta(rest[:n]))
			i += n
		}
	}
	return re.String(), nil
}

var placeholderStart = regexp.MustCompile(`^\{([a-z][a-z0-9_]{0,62})\}`)

// placeholder returns the name of the placeholder that rest begins with; seen are those before it.
func placeholder(rest string, seen []string) (string, error) {
	m := placeholderStart.FindStringSubmatch(rest)
	if m == nil {
		return "", errors.New("has a { that begins no placeholder; write {name} of lower-case letters, digits and underscores")
	}
	if slices.Contains(seen, m[1]) {
		return "", fmt.Errorf("has {%s} twice; write another name for one of them", m[1])
	}
	return m[1], nil
}

// Store returns the store whose files p is about.
func (p Pattern) Store() object.Store { return p.store }

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Names returns the names of p's placeholders from left to right.
func (p Pattern) Names() []string {
	if p.re == nil {
		return nil
	}
	return slices.Clone(p.re.SubexpNames()[1:])
}

// Match reports whether s is one of p's files, and what its placeholders stand for. The zero
// Pattern matches nothing.
func (p Pattern) Match(s object.Source) (captures map[string]string, ok bool) {
	if p.re == nil || s.Store != p.store {
		return nil, false
	}
	m := p.re.FindStringSubmatch(s.Bucket + "/" + s.Key)
	if m == nil {
		return nil, false
	}
	captures = make(map[string]string, len(m)-1)
	for i, name := range p.re.SubexpNames()[1:] {
		captures[name] = m[i+1]
	}
	return captures, true
}
