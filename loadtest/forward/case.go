package main

import (
	"fmt"
	"strconv"
	"strings"
)

// scenario is what one comparison is about.
type scenario struct {
	size    int64 // bytes of an object, about
	objects int
	workers int
	rounds  int
}

const (
	largeObjects = 3 // that -workers copy
	manyObjects  = 8 // that manyWorkers copy
	manyWorkers  = 64
	largeRounds  = 3
)

// cases returns what the options ask for.
func (o *options) cases() (all []scenario, err error) {
	for _, text := range strings.Split(o.objects, ",") {
		if text == "" {
			continue
		}
		size, number, _ := strings.Cut(text, ":")
		c := scenario{workers: o.workers, rounds: o.rounds}
		if c.size, err = parseSize(size); err != nil {
			return nil, err
		}
		if c.objects, err = strconv.Atoi(number); err != nil || c.objects < 1 {
			return nil, fmt.Errorf("%q is not a size and a number, such as 64K:1000", text)
		}
		all = append(all, c)
	}
	if o.large != "" {
		size, err := parseSize(o.large)
		if err != nil {
			return nil, err
		}
		all = append(all, scenario{size, largeObjects, o.workers, min(o.rounds, largeRounds)}, scenario{size, manyObjects, manyWorkers, 1})
	}
	return all, nil
}

// parseSize reads 64K, 4M, 1G or a number of bytes.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "KMG")
	shift, known := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[text[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n < 1<<9>>shift {
		return 0, fmt.Errorf("%q is no size such as 64K or 4M, 512 bytes or more", text)
	}
	return n << shift, nil
}

// sizeText returns a size in three digits.
func sizeText(n int64) string {
	switch f := float64(n); {
	case f >= 0.95*(1<<30):
		return number(f/(1<<30)) + " GiB"
	case f >= 0.95*(1<<20):
		return number(f/(1<<20)) + " MiB"
	default:
		return number(f/(1<<10)) + " KiB"
	}
}
