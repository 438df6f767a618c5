package config

import (
	"fmt"
	"strconv"
)

// Number returns the whole number that an environment variable holds, or otherwise if it is empty. An
// error names the variable and what to write.
func Number(getenv func(string) string, name string, otherwise, least, most int64) (int64, error) {
	text := getenv(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is %q: write a whole number from %d to %d", name, text, least, most)
	}
	return n, nil
}
