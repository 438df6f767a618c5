package config

import (
	"fmt"
	"strings"
)

// unknown says that word is none of known, and which of them it may have been meant to be.
func unknown(what, word string, known []string) error {
	list := strings.Join(known, ", ")
	if near := nearest(word, known); near != "" {
		return fmt.Errorf("unknown %s, did you mean %q? known: %s", what, near, list)
	}
	return fmt.Errorf("unknown %s; known: %s", what, list)
}

// nearest returns the word of known that is fewest edits away from word, or "" if that takes more
// edits than a slip of the hand does.
func nearest(word string, known []string) string {
	const tooLong = 64 // no known word is near it
	if len(word) > tooLong {
		return ""
	}
	best, least := "", len(word)/3+2
	for _, k := range known {
		if n := distance(word, k); n < least {
			best, least = k, n
		}
	}
	return best
}

// distance returns the Levenshtein distance of a and b in bytes.
func distance(a, b string) int {
	prev, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			swap := prev[j]
			if a[i] != b[j] {
				swap++
			}
			row[j+1] = min(swap, prev[j+1]+1, row[j]+1)
		}
		prev, row = row, prev
	}
	return prev[len(b)]
}
