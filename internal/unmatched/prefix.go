package unmatched

import (
	"regexp"
	"strings"
	"sync"
)

const (
	maxFolders = 8   // of a prefix
	maxPrefix  = 512 // bytes
)

// compiled returns a regular expression that is compiled when it is first needed: in most processes it never is.
func compiled(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

var (
	uuid  = compiled(`(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	word  = compiled(`[0-9A-Za-z]*[0-9][0-9A-Za-z]*`) // with a digit
	hex   = compiled(`(?i)^[0-9a-f]{6,}$`)
	digit = compiled(`[0-9]+`)
	stars = compiled(`\*(?:[-_.:T ]?\*)+`)
)

// longWord is the length from which on a word with digits is taken for an identifier.
const longWord = 12

// Prefix returns the folders of a key, at most eight, with * for dates, numbers and identifiers: files
// that are written every hour to a folder of that hour have one prefix.
func Prefix(key string) string {
	folders := strings.Split(key, "/")
	folders = folders[:min(len(folders)-1, maxFolders)] // without the file's name
	var b strings.Builder
	for _, folder := range folders {
		folder = general(folder)
		if b.Len()+len(folder) >= maxPrefix {
			break
		}
		b.WriteString(folder)
		b.WriteByte('/')
	}
	return b.String()
}

// general puts * in place of what is likely to be another in the next folder.
func general(folder string) string {
	folder = uuid().ReplaceAllLiteralString(folder, "*")
	folder = word().ReplaceAllStringFunc(folder, func(w string) string {
		if len(w) >= longWord || hex().MatchString(w) {
			return "*"
		}
		return digit().ReplaceAllLiteralString(w, "*")
	})
	return stars().ReplaceAllLiteralString(folder, "*")
}
