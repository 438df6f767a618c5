// Package size reads the sizes that load tests are told.
package size

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse returns the bytes of 64K, 4M, 1G or a plain number; K is 1024.
func Parse(text string) (int64, error) {
	digits := strings.TrimRight(text, "KMG")
	shift, known := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[text[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n <= 0 || n<<shift>>shift != n {
		return 0, fmt.Errorf("%q is no size such as 64K, 4M or 1G", text)
	}
	return n << shift, nil
}
